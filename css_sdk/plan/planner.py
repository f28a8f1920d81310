"""Make plans: the ordered steps after which environments are as a roles file describes. Pure.

`plan` compares the file with what was read. `diff` compares one environment, and `ordering` puts the steps in order.
`count_removals` and `emptied_roles` return what a plan removes, for the guards.

Only with `prune`, a plan removes what an `exact` collection does not list, and members whose last day is over.
Protected roles and users stay as they are. If a person in the file could not be identified, each member who may be this
person keeps the roles that the file gives to the person.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final

from attrs import evolve, field, frozen

from ..errors import InvalidFile, InvalidRequest
from ..models import User
from ..people.identification import Unresolved
from ..people.identities import Person
from ..state import Draft, Place, PlaceState, Step, StepKind
from .dates import WARNED_DAYS, Dates, Ending
from .desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed
from .diff import PlacePlan, Unmanaged, Username
from .impact import FollowedRole, Impact, followed_roles, people_having
from .ordering import ordered

_COUNTED: Final[Mapping[StepKind, str]] = {"remove_member": "members", "remove_composite": "children"}
"""The collection that loses an item, for each kind of step that removes a member or a child of a role."""

_ALL_MANAGED: Final = Unmanaged()


@frozen
class PlannedPlace:
    """One environment of a plan, as it was when the plan was made.

    Attributes:
        place: the integration and the environment.
        project_name: the project name of the integration.
        members_read: the roles whose members were read. The fingerprint covers only the members of these roles.
        fingerprint: the fingerprint of the state, see `PlaceState.fingerprint`.
        unmanaged: how many items the file does not mention. They stay as they are.
        state: the state that was read; `None` in a plan that was read from a file.
    """

    place: Place
    project_name: str
    members_read: tuple[str, ...]
    fingerprint: str
    unmanaged: Unmanaged = _ALL_MANAGED
    state: PlaceState | None = field(default=None, eq=False, repr=False)

    @classmethod
    def of(cls, state: PlaceState, unmanaged: Unmanaged = _ALL_MANAGED) -> PlannedPlace:
        """Return the planned place for a state that was read."""
        return cls(state.place, state.project_name, tuple(sorted(state.members)), state.fingerprint, unmanaged, state)


@frozen
class Plan:
    """The steps to carry out, the changes that are left out, and the reasons.

    `Css.plan` makes plans. `read_plan` reads plans from files.

    Attributes:
        steps: the steps, in the order in which they are carried out.
        withheld: removals that the files require, but that are not among the steps. Either `prune` is not set, or the
            member may be a person in the file who could not be identified.
        protected: removals and renames that a protection forbids.
        unresolved: people in the file who could not be identified. Nothing is done for them.
        places: the environments of the plan, as they were when it was made.
        notes: sentences about parts of the file that cannot be carried out, or that are not needed any more.
        prune: whether the caller wanted to remove items that exact collections do not list, and members whose last day
            is over.
        left_out: the places of the files for which the caller wanted no plan, as the files name them.
        dates: the day of the plan, and which grants end; `None` if the files give nobody a last day.
        leads_back: whether this plan undoes changes. The order of its steps is then fixed, and it may leave roles and
            places empty.
        api_url: the address of the service. It is empty in a plan made by hand.
        team_id: the team for which the plan was made.
        version: the version of css-sdk that made the plan. It is empty in a plan made by hand.
        created_at: when the plan was made, as an ISO 8601 time with its offset. It is empty in a plan made by hand.
        impact: who loses which role; `None` if this was not simulated, as in a plan that was read from a file.
        prunable: how many of the withheld removals a plan with `prune=True` would carry out; 0 in a plan that was read
            from a file.
        names: the names of people by username, if the plan was read from a file that has names. They are only for
            texts. css-sdk cannot check them, because the plan id does not cover them.
    """

    steps: tuple[Step, ...] = ()
    withheld: tuple[Step, ...] = ()
    protected: tuple[Step, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    places: tuple[PlannedPlace, ...] = ()
    notes: tuple[str, ...] = ()
    prune: bool = False
    left_out: tuple[str, ...] = ()
    dates: Dates | None = None
    leads_back: bool = False
    api_url: str = ""
    team_id: int = 0
    version: str = ""
    created_at: str = ""
    impact: Impact | None = field(default=None, eq=False, repr=False)
    prunable: int = field(default=0, eq=False, repr=False)
    names: Mapping[str, str] = field(factory=dict, eq=False, repr=False)

    @property
    def id(self) -> str:
        """Return the plan id. Two plans have the same id only if they do the same to the same state.

        The id is a SHA-256 as 64 hex digits. These parts of the plan decide the id:

        - the address of the API, and the team
        - the places, with the fingerprints of their states
        - the steps, without the numbers of people, which follow from the steps and the states
        - whether the plan is an undo, because fewer guards apply to an undo
        - the last day on which the plan may be carried out, and its time zone, if there are any

        A plan made by hand has an empty id, because it names no service.
        """
        if not self.api_url:
            return ""
        content: dict[str, object] = {
            "api_url": self.api_url,
            "team_id": self.team_id,
            "places": [
                [*one.place.path.values(), one.fingerprint] for one in sorted(self.places, key=lambda one: one.place)
            ],
            "steps": [[step.kind, *step.place.path.values(), step.role, step.target] for step in self.steps],
            "leads_back": self.leads_back,
        }
        if self.dates is not None and self.dates.last_day is not None:
            content["valid_until"] = [self.dates.timezone, str(self.dates.last_day)]
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def states(self) -> tuple[PlaceState, ...]:
        """Return the states that were read to make the plan; empty for a plan that was read from a file."""
        return tuple(one.state for one in self.places if one.state is not None)

    @property
    def project_names(self) -> Mapping[Place, str]:
        """Return the project names, by place."""
        return {one.place: one.project_name for one in self.places}

    @property
    def known(self) -> tuple[User, ...]:
        """Return the members who were read to make the plan; empty for a plan that was read from a file."""
        return tuple(user for state in self.states for user in state.users.values())

    @property
    def people(self) -> Mapping[str, str]:
        """Return the usernames in the plan, each with an environment in which it appears. Added members come first."""
        steps = sorted((*self.steps, *self.withheld, *self.protected), key=attrgetter("removes"))
        found: dict[str, str] = {}
        for step in steps:
            if step.changes_member:
                found.setdefault(step.target, step.place.environment)
        for ending in self.dates.endings if self.dates is not None else ():
            found.setdefault(ending.username, ending.place.environment)
        for one in self.unresolved:
            for username in one.candidates:
                found.setdefault(username, one.place.environment)
        return found

    @property
    def unmanaged(self) -> Mapping[Place, Unmanaged]:
        """Return, for each place, the number of roles, children and members that the file does not mention."""
        return {one.place: one.unmanaged for one in self.places}


def plan(
    desired: Desired,
    observed: Mapping[tuple[str, str], PlaceState],
    people: Mapping[tuple[Place, Person], Username | Unresolved],
    *,
    prune: bool = False,
    day: datetime.date | None = None,
) -> Plan:
    """Return the plan after which environments are as the file describes.

    Args:
        desired: the content of the file.
        observed: the state of each place, by integration and environment as the file names them.
        people: the username of each person whom the file names by GUID or e-mail address, or why none was found.
        prune: whether to plan the removals of exact collections, and of members whose last day is over.
        day: the current day in the time zone of the file, if the file gives members a last day.

    Raises:
        InvalidFile: the file requests something impossible. The error has all faults.
        CompositeCycle: a role would contain itself.
        InvalidRequest: `observed` lacks a place or the members of a role, `people` lacks a person, or the file gives
            members a last day although `day` or the time zone is missing.

    >>> dev = DesiredPlace("101", "dev", roles=Listed((DesiredRole("auditor"),)))
    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"reviewer"}))
    >>> [step.kind for step in plan(Desired((dev,)), {dev.named: state}, {}).steps]
    ['create_role']
    """
    dates = _dates(desired, day)
    if dates is not None:
        desired = desired.on(dates.day)
    missing = [str(place) for place in desired.places if place.named not in observed]
    if missing:
        raise InvalidRequest(f"Nothing can be planned for {', '.join(missing)}: its state was not read.")
    named: dict[Place, list[str]] = {}
    for wanted in desired.places:
        named.setdefault(observed[wanted.named].place, []).append(str(wanted))
    faults = [f"{place} appears more than once: {', '.join(names)}" for place, names in named.items() if len(names) > 1]
    parts = [PlacePlan(wanted, observed[wanted.named], desired.protect, people) for wanted in desired.places]
    faults += [f"{part.state.place}: {fault}" for part in parts for fault in part.faults]
    if faults:
        raise InvalidFile.with_faults("The roles file", faults)
    states = tuple(part.state for part in parts)
    for part in parts:
        part.check_no_cycles(prune)
    removals = [step for part in parts for step in part.removals]
    uncertain = [step for part in parts for step in part.withheld]
    changes = [step for part in parts for step in part.changes]
    steps = ordered([*changes, *(removals if prune else ())], states)
    withheld = ordered([*uncertain, *(() if prune else removals)])
    protected = ordered(step for part in parts for step in part.protected)
    if dates is not None:
        dates = evolve(dates, endings=_endings(parts, dates.day, {*steps, *withheld, *protected}))
    kept = tuple(step for step in protected if not step.removes)
    # A withheld or protected removal counts the people who would lose a role if it followed all steps of the plan.
    impact = Impact.of([*steps, *withheld, *(step for step in protected if step.removes)], states)
    with_people = iter(impact.counted)
    return Plan(
        steps=tuple(islice(with_people, len(steps))),
        withheld=tuple(islice(with_people, len(withheld))),
        protected=(*kept, *with_people),
        unresolved=tuple(one for part in parts for one in part.unresolved),
        places=tuple(PlannedPlace.of(part.state, part.unmanaged) for part in parts),
        notes=(
            *desired.warnings,
            *(f"{part.state.place}: {note.rstrip('.')}" for part in parts for note in part.notes),
        ),
        prune=prune,
        dates=dates,
        impact=impact,
        prunable=0 if prune else len(removals),
    )


def _dates(desired: Desired, day: datetime.date | None) -> Dates | None:
    """Return the dates of a plan, with `endings` still empty; `None` if nobody has a last day."""
    last_days = desired.last_days
    if not last_days:
        return None
    if desired.timezone is None or day is None:
        raise InvalidRequest(
            "The wanted state gives members a last day, but no time zone. Pass Desired(…, timezone="
            "'America/Vancouver')."
            if desired.timezone is None
            else f"The wanted state gives members a last day. Pass the current day in {desired.timezone}: day=…"
        )
    return Dates(desired.timezone, day, min((last for last in last_days if last >= day), default=None))


def _endings(parts: Iterable[PlacePlan], day: datetime.date, steps: Collection[Step]) -> tuple[Ending, ...]:
    """Return the grants that end on `day` or within 14 days after it, and the ended grants that a step removes."""
    soon = day + datetime.timedelta(WARNED_DAYS)
    found = []
    for part in parts:
        place = part.state.place
        for (role, username), last in part.last_days.items():
            if last is not None and last <= soon:
                found.append(Ending(place, role, username, last))
        for (role, username), last in part.ended.items():
            if Step("remove_member", place, role, username, 1) in steps:
                found.append(Ending(place, role, username, last))
    return tuple(sorted(found))


def plan_exactly(state: PlaceState, *, roles: Iterable[DesiredRole] = (), users: Iterable[DesiredUser] = ()) -> Plan:
    """Return the plan after which the given roles and users of one place are as wanted. It includes the removals.

    The caller has checked all names. The place must have all roles that `roles` and `users` name.

    >>> state = PlaceState(Place(101, "dev"), "", frozenset({"a"}), members={"a": frozenset({"0f3a@idir"})})
    >>> made = plan_exactly(state, roles=[DesiredRole("a", members=Listed(exact=True))])
    >>> [(step.kind, step.target) for step in made.steps]
    [('remove_member', '0f3a@idir')]
    """
    place = state.place
    wanted = DesiredPlace(
        f"#{place.integration}", place.environment, Listed(tuple(roles)), tuple(users), only_existing=True
    )
    return plan(Desired((wanted,)), {wanted.named: state}, {}, prune=True)


def count_removals(impact: Impact, users: Iterable[str] = ()) -> tuple[tuple[str, int, int], ...]:
    """Return the name of each collection that loses items, how many items it loses, and how many it has before.

    If a step renames a role, the removals before and after the rename count together. A removal can count in several
    collections:

    - A deleted role counts among the roles of its place. Its direct members count as lost members of the role.
    - A removed child counts among the children of its composite.
    - If people have the deleted role or the removed child only through a composite, these people are one more
      collection.

    The direct roles of each of `users` count as one collection.

    >>> held = {"a": frozenset({"0f3a@idir"})}
    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}), members=held)
    >>> count_removals(Impact.of([Step("remove_member", state.place, "a", "0f3a@idir")], [state]))
    (("members of the role 'a' in #101 dev", 1, 1),)
    """
    before = {state.place: state for state in impact.states}
    follow = list(followed_roles(impact.steps, before.values()))
    # How many items each collection of a role loses. A rename of the role does not change its key.
    lost: Counter[tuple[str, FollowedRole]] = Counter()
    names: dict[FollowedRole, str] = {}
    for step, role, _ in follow:
        if step.kind == "delete_role":
            lost["roles", FollowedRole(step.place, "")] += 1
        elif step.kind in _COUNTED:
            lost[_COUNTED[step.kind], role] += 1
            names[role] = step.role
    others: dict[FollowedRole, set[str]] = {}
    for loss in impact.losses:
        step, role, child = follow[loss.number]
        losing = role if step.kind == "delete_role" else child
        names[losing] = loss.role
        lost["members", losing] += len(loss.members)
        others.setdefault(losing, set()).update(loss.others)
    found = []
    for (what, role), count in lost.items():
        state = before[role.place]
        if not count:
            continue
        if what == "roles":
            found.append((f"roles of {role.place}", count, len(state.roles)))
        else:
            held = state.members if what == "members" else state.children
            size = 0 if role.created is not None else len(held.get(role.name, ()))
            found.append((f"{what} of the role {names[role]!r} in {role.place}", count, size))
    for role, people in others.items():
        if people:
            state = before[role.place]
            holders = set(people)
            if role.created is None:
                directly = state.members.get(role.name, frozenset())
                holders |= people_having(state.children, state.members, role.name) - directly
            what = f"memberships of the role {names[role]!r} through composites in {role.place}"
            found.append((what, len(people), len(holders)))
    for user in users:
        if count := sum(step.kind == "remove_member" and step.target == user for step in impact.steps):
            size = sum(user in members for state in impact.states for members in state.members.values())
            found.append((f"roles of {user}", count, size))
    return tuple(found)


def emptied_roles(
    steps: Sequence[Step], states: Iterable[PlaceState], roles: Iterable[str]
) -> tuple[tuple[Place, str], ...]:
    """Return those of the roles that lose their last member at some time, each with its place.

    A role counts even if it gets other members later. A deleted role counts if it has members. `roles` can have old and
    new names of renamed roles.

    >>> held = {"a": frozenset({"0f3a@idir"})}
    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}), members=held)
    >>> emptied_roles([Step("remove_member", state.place, "a", "0f3a@idir")], [state], ["a", "b"])
    ((Place(integration=101, environment='dev'), 'a'),)
    """
    wanted = set(roles)
    found: list[tuple[Place, str]] = []
    for state in states if wanted else ():
        draft = Draft(state)
        names: dict[FollowedRole, set[str]] = {}
        emptied: set[FollowedRole] = set()
        for step, role, _ in followed_roles([step for step in steps if step.place == state.place], [state]):
            names.setdefault(role, set()).add(step.role)
            held = bool(draft.members.get(step.role))
            draft.carry_out(step)
            if step.kind == "rename_role":
                names[role].add(step.target)
            elif step.removes and held and not draft.members.get(step.role):
                emptied.add(role)
        ever_called = frozenset().union(*(names[role] for role in emptied))
        found += [(state.place, name) for name in sorted(wanted & ever_called)]
    return tuple(found)
