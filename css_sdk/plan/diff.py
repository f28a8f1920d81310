"""Compare one environment with the roles file. Pure.

The result has the steps, the changes that are left out, and the reasons.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from attrs import evolve, frozen

from .._service import identifiers, service_limits
from .._text.escaping import with_codes
from .._text.suggestions import similar
from ..errors import CompositeCycle, InvalidRequest, Refused, Remedy, refusal_of
from ..models import reachable
from ..people.identification import Unresolved
from ..people.identities import Person
from ..state import Place, PlaceState, Step, StepKind, check_addressable
from .desired import DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
from .ordering import steps_in_cycles

Username = str


@frozen
class Unmanaged:
    """The numbers of roles, children and members that the file does not mention, and that stay.

    Members are counted only in roles whose members were read.
    """

    roles: int = 0
    composites: int = 0
    members: int = 0


class PlacePlan:
    """The steps for one environment, the changes that are left out, and the reasons.

    Attributes:
        faults: sentences about parts of the file that are impossible. If there are any, no plan is made.
        notes: sentences about what stays as it is, and about deletions that cannot be undone.
        changes: the steps that create, rename or add something.
        removals: the steps that remove something. `plan` includes them only with `prune`.
        withheld: removals that are not planned, because a person in the file could not be identified, and may be the
            member.
        protected: the steps that the protection forbids.
        unmanaged: how many items the file does not mention.
    """

    def __init__(
        self,
        wanted: DesiredPlace,
        state: PlaceState,
        protect: Protection,
        people: Mapping[tuple[Place, Person], Username | Unresolved],
    ) -> None:
        self.wanted = wanted
        self.state = state
        self.faults: list[str] = []
        self.notes: list[str] = []
        self.changes: list[Step] = []
        self.removals: list[Step] = []
        self.withheld: list[Step] = []
        self.protected: list[Step] = []
        self.last_days: dict[tuple[str, Username], datetime.date | None] = {}
        """The last day of each grant that the file wants, by role and username; `None` if the grant does not end."""
        self.ended: dict[tuple[str, Username], datetime.date] = {}
        """The last day of each grant that has ended, by role and username."""
        self._where = state.place.integration, state.place.environment
        self._protect = protect
        self._people = people
        self._found_users: dict[Person, Username | Unresolved | None] = {}
        self._missing_in: dict[Person, dict[str, None]] = {}
        self._out_of_reach = {} if wanted.only_existing else state.out_of_reach

        listed = wanted.roles or Listed[DesiredRole]()
        self._names_kept: dict[str, str] = {}
        self._rename(listed.items)
        # From here on roles have their new names.
        self._renamed = state.after(self.changes) if self.changes else state
        self._below_protected = self._find_roles_below_protected()
        self._names = {self._name(role.name) for role in listed.items}
        self._create()
        self._deleted = self._delete() if listed.exact else frozenset()
        self._existing = self._renamed.roles.union(self._names) - self._deleted
        roles = len((self._out_of_reach.keys() if listed.exact else self._renamed.roles) - self._names)
        self.unmanaged = Unmanaged(roles, self._compose(listed.items), self._grant(listed.items))

    @property
    def unresolved(self) -> tuple[Unresolved, ...]:
        """Return the people of the file who could not be identified, each with the roles that the file gives them."""
        return tuple(
            evolve(found, roles=tuple(self._missing_in.get(person, ())))
            for person, found in self._found_users.items()
            if isinstance(found, Unresolved)
        )

    def check_no_cycles(self, prune: bool) -> None:
        """Refuse added children that would contain their parent after all steps, directly or not.

        With `prune`, the steps in `removals` are carried out, too.
        """
        added = [step for step in self.changes if step.kind == "add_composite"]
        taken = [step for step in self.removals if step.kind in ("remove_composite", "delete_role")]
        if leading_back := steps_in_cycles(self._renamed.after([*added, *(taken if prune else ())]).children, added):
            links = ", ".join(f"{step.target!r} of {step.role!r}" for step in leading_back)
            pruned = " It may help to pass {}, because this also removes what exact lists do not name."
            hint = "Correct the children." + (pruned if taken and not prune else "")
            raise CompositeCycle(
                f"{self.state.place}: these children would contain their parent: {links}. Nothing was sent.",
                remedy=Remedy(hint.format("prune=True"), hint.format("--prune")),
            )

    # Roles

    def _rename(self, listed: Sequence[DesiredRole]) -> None:
        """Plan to rename each role that still has its old name. If the new name exists, too, keep both roles."""
        live, names = self.state.roles, {role.name for role in listed}
        due: dict[str, str] = {}
        for name, old in {role.name: role.was for role in listed if role.was and role.was != role.name}.items():
            if old in names:
                self.faults.append(
                    f"{old!r} is the old name of the role {name!r}, but {old!r} is listed as a role, too"
                )
            elif old in due:
                self.faults.append(f"the role {old!r} cannot become both {due[old]!r} and {name!r}")
            elif old in live and name in live:
                self.notes.append(
                    f"{name!r} and its old name {old!r} both exist. {old!r} is treated as a separate role"
                )
            elif old in live:
                due[old] = name
                step = self._step("rename_role", old, name, len(self.state.members.get(old, ())))
                if self._protect.covers_role(old):
                    self._names_kept[name] = old
                    self.protected.append(step)
                else:
                    self.changes.append(step)
                    self._check(check_addressable, self.state.place, old)
                    self._check(service_limits.check_new_role, *self._where, name)

    def _name(self, name: str) -> str:
        """Return the name that a role will have after the plan. A protected role keeps its old name."""
        return self._names_kept.get(name, name)

    def _create(self) -> None:
        for name in sorted(self._names - self._renamed.roles):
            if self.wanted.only_existing:
                self.faults.append(f"the role {name!r} does not exist")
                continue
            self._check(service_limits.check_new_role, *self._where, name)
            self.changes.append(self._step("create_role", name))

    def _delete(self) -> frozenset[str]:
        """Plan to delete roles that are not listed, and return their names.

        Protected roles stay. Roles whose names a request or a roles file cannot contain stay, too.
        """
        gone = set()
        for name in sorted(self._renamed.roles - self._names):
            if self._note_if_out_of_reach(name):
                continue
            # If users are protected, the members must be known: a deletion removes the role from all of them.
            held = self._members(name) if self._protect.users else ()
            step = self._step("delete_role", name)
            if (
                name in self._below_protected
                or any(map(self._protect.covers_role, [name, *self._renamed.children.get(name, ())]))
                or any(map(self._protect.covers_user, held))
            ):
                self.protected.append(step)
            else:
                self.removals.append(step)
                gone.add(name)
                refused = _refusal(service_limits.check_new_role, *self._where, name)
                self.notes += [f"{name!r} is deleted for good, and cannot be created again: {why}" for why in refused]
        return frozenset(gone)

    def _find_roles_below_protected(self) -> frozenset[str]:
        """Return all roles that a protected composite role contains, directly or not."""
        protected = filter(self._protect.covers_role, self._renamed.roles)
        return frozenset().union(*(reachable(self._renamed.children, role) for role in protected))

    # Composites

    def _compose(self, listed: Sequence[DesiredRole]) -> int:
        """Plan the changes of children. Return how many children stay although the file does not mention them."""
        wanted: dict[str, set[str]] = {}
        exact = set()
        for role in listed:
            if role.composites is not None:
                name = self._within_reach(role.name)
                wanted.setdefault(name, set()).update(map(self._name, role.composites.items))
                exact |= {name} if role.composites.exact else set()
        left = 0
        for parent in sorted(self._existing & (wanted.keys() | self._renamed.children.keys())):
            have = self._renamed.children.get(parent, frozenset()) - self._deleted
            want = wanted.get(parent, set())
            people = len(self._renamed.members.get(parent, ()))
            for child in sorted(want - have):
                if self._exists(child, f"a child of {parent!r}"):
                    self._check(service_limits.check_separable, *self._where, parent, [child])
                    self.changes.append(self._step("add_composite", parent, child, people))
            surplus = sorted(have - want) if parent in exact else []
            surplus = [child for child in surplus if not self._note_if_out_of_reach(child)]
            for child in surplus:
                step = self._step("remove_composite", parent, child)
                refused = _refusal(service_limits.check_separable, *self._where, parent, [child])
                if parent in self._below_protected or any(map(self._protect.covers_role, (parent, child))):
                    self.protected.append(step)
                elif refused and not self.wanted.only_existing:
                    self.notes.append(f"{child!r} stays: {refused[0]}")
                else:
                    self.removals.append(step)
            left += len(have - want) - len(surplus)
        return left

    # Members

    def _grant(self, listed: Sequence[DesiredRole]) -> int:
        """Plan the changes of members. Return how many members stay although the file does not mention them."""
        wanted: dict[str, set[Username]] = {}
        unclear: dict[str, list[Unresolved]] = {}
        exact_roles: set[str] = set()
        exact_users: set[Username] = set()

        ended: dict[str, set[Username]] = {}

        def want(role: str, person: Person, last_day: datetime.date | None = None) -> None:
            who = self._who(person)
            if isinstance(who, Unresolved):
                unclear.setdefault(role, []).append(who)
                self._missing_in.setdefault(person, {})[role] = None
            elif who is not None:
                wanted[role].add(who)
                before = self.last_days.setdefault((role, who), last_day)
                self.last_days[role, who] = None if before is None or last_day is None else max(before, last_day)

        for role in listed:
            if role.members is not None:
                name = self._within_reach(role.name)
                wanted.setdefault(name, set())
                exact_roles |= {name} if role.members.exact else set()
                for person in role.members.items:
                    want(name, person, role.until.get(person))
                ended[name] = self._find_ended(role, name)
        for user in self.wanted.users:
            who = self._who(user.person)
            exact_users |= {who} if user.roles.exact and isinstance(who, str) else set()
            for name in map(self._within_reach, user.roles.items):
                if name in wanted or self._exists(name, "a user's role"):
                    wanted.setdefault(name, set())
                    want(name, user.person)
        self._check_users(listed)
        for name in sorted(self._existing if exact_users else wanted):
            if self._note_if_out_of_reach(name):
                continue
            have, listed_there = self._members(name), wanted.get(name, set())
            self._add_members(name, listed_there - have)
            surplus = have - listed_there
            if name not in exact_roles:
                surplus &= exact_users | ended.get(name, set())
            self._remove_members(name, surplus, unclear.get(name, ()))
        left = 0
        for name, have in self._renamed.members.items():
            if name in self._existing and name not in exact_roles:
                left += len(have - wanted.get(name, set()) - exact_users - ended.get(name, set()))
        return left

    def _find_ended(self, role: DesiredRole, name: str) -> set[Username]:
        """Return the usernames of the people whose last day in a role is over.

        A person who could not be identified may still have the role: report this person in `unresolved`. But report
        nobody who certainly never logged in. If the list of members is exact, report nobody at all, because the plan
        removes all members who are not listed.
        """
        found: set[Username] = set()
        for person in role.ended:
            who = self._find(person)
            if isinstance(who, str):
                found.add(who)
                self.ended[name, who] = max(role.until[person], self.ended.get((name, who), role.until[person]))
            elif who is not None and not (who.never_logged_in or (role.members and role.members.exact)):
                self._found_users[person] = who
                self._missing_in.setdefault(person, {})[name] = None
        return found

    def _check_users(self, listed: Sequence[DesiredRole]) -> None:
        """Add a fault for each contradiction in the entries of users.

        The file must not name a user twice. If a user's list of roles is exact, it must contain each role that lists
        the user as a member.
        """
        entries: dict[Username | Unresolved | None, DesiredUser] = {}
        for user in self.wanted.users:
            who = self._who(user.person)
            first = entries.setdefault(who, user) if isinstance(who, str) else user
            if first is not user:
                self.faults.append(
                    f"{_words_for(first.person)} and {_words_for(user.person)} are the same user; name this user once"
                )
        exact = {who: user for who, user in entries.items() if user.roles.exact}
        for role in listed if exact else ():
            for person in role.members.items if role.members is not None else ():
                one = exact.get(self._who(person))
                if one is not None and role.name not in one.roles.items:
                    self.faults.append(
                        f"the exact roles of {_words_for(one.person)} do not contain {role.name!r}, but this role "
                        f"lists {_words_for(person)} as a member"
                    )

    def _add_members(self, role: str, usernames: Collection[Username]) -> None:
        self.faults += self._refusals(role, usernames).values()
        self.changes += [self._step("add_member", role, username, 1) for username in sorted(usernames)]

    def _remove_members(self, role: str, usernames: Collection[Username], unclear: Iterable[Unresolved]) -> None:
        refused = {} if self.wanted.only_existing else self._refusals(role, usernames)
        meant = {candidate.lower() for one in unclear for candidate in one.candidates}
        anybody = any(one.may_be_anybody for one in unclear)
        staying = unsendable = 0
        for username in sorted(usernames):
            step = self._step("remove_member", role, username, 1)
            if self._protect.covers_role(role) or self._protect.covers_user(username):
                self.protected.append(step)
            elif anybody or username in meant:
                self.withheld.append(step)
                staying += 1
            elif not self.wanted.only_existing and (username in refused or _refusal(identifiers.username_of, username)):
                unsendable += 1
            else:
                self.removals.append(step)
        if staying:
            self.notes.append(
                f"{_staying(staying, role)}: a person in the file could not be identified, and may be "
                f"{'this member' if staying == 1 else 'one of them'}"
            )
        if unsendable:
            self.notes.append(f"{_staying(unsendable, role)}: no request can remove the role from them")

    def _members(self, role: str) -> frozenset[Username]:
        if role not in self._renamed.roles:
            return frozenset()
        if role not in self._renamed.members:
            raise InvalidRequest(f"{self.wanted}: the members of {role!r} were not read.")
        return frozenset(map(str.lower, self._renamed.members[role]))

    def _who(self, person: Person) -> Username | Unresolved | None:
        """Return the username of a person, or why none was found. If the username is not valid, add a fault."""
        if person not in self._found_users:
            self._found_users[person] = self._find(person)
        return self._found_users[person]

    def _find(self, person: Person) -> Username | Unresolved | None:
        found = self._people.get((self.state.place, person), person.user)
        if isinstance(found, Unresolved):
            return found
        if found is None:
            raise InvalidRequest(f"{self.wanted}: {_words_for(person)} was not looked up.")
        try:
            return identifiers.username_of(found)
        except Refused as error:
            self.faults.append(error.text_for("file"))
            return None

    # Checks

    def _step(self, kind: StepKind, role: str, target: str = "", people: int = 0) -> Step:
        return Step(kind, self.state.place, role, target, people)

    def _within_reach(self, name: str) -> str:
        """Return the name that a role will have after the plan.

        If a request or a roles file cannot contain this name, add a fault.
        """
        name = self._name(name)
        if (why := self._out_of_reach.get(name)) and why not in self.faults:
            self.faults.append(why)
        return name

    def _note_if_out_of_reach(self, role: str) -> bool:
        """Return whether a request or a roles file cannot contain a role's name.

        If so, note that the role stays as it is.
        """
        if why := self._out_of_reach.get(role):
            note = f"{with_codes(role)!r} stays as it is: {why}"
            self.notes += [note] if note not in self.notes else []
        return why is not None

    def _exists(self, name: str, what: str) -> bool:
        """Return whether a role will exist after the plan. If not, add a fault. `what` says why the role is needed."""
        if name not in self._existing:
            why = "is not in the exact list of roles" if name in self._deleted else "does not exist"
            guess = "".join(f"; did you mean {near!r}?" for near in similar(name, self._existing))
            fault = f"{name!r}, {what}, {why}{guess}"
            self.faults += [fault] if fault not in self.faults else []
        return name in self._existing

    def _check(self, check: Callable[..., object], *arguments: Any) -> None:
        """Run a check. If it refuses, add the refusal as a fault."""
        self.faults += _refusal(check, *arguments)

    def _refusals(self, role: str, usernames: Collection[Username]) -> dict[Username, str]:
        """Return the users from whom no request could remove the role, each with the reason."""
        # If the longest username is short enough, all usernames are.
        longest = max(usernames, key=lambda name: len(quote(name, safe="")), default=None)
        if longest is None or not _refusal(service_limits.check_removable, *self._where, [role], longest):
            return {}
        reasons = {
            username: _refusal(service_limits.check_removable, *self._where, [role], username) for username in usernames
        }
        return {username: why[0] for username, why in sorted(reasons.items()) if why}


def _staying(count: int, role: str) -> str:
    return f"1 member of {role!r} stays" if count == 1 else f"{count} members of {role!r} stay"


def _refusal(check: Callable[..., object], *arguments: Any) -> list[str]:
    refusal = refusal_of(check, *arguments)
    return [] if refusal is None else [refusal.text_for("file")]


def _words_for(person: Person) -> str:
    return f"the {person.by} {person.value!r}"
