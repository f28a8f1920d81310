# Written from css_sdk/_async/roles.py by `make generate`; edit that one.
"""The roles of one integration in one environment."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Final

from attrs import evolve
from css_sdk_openapi.api.role_mapping import list_role_members
from css_sdk_openapi.api.roles import create_role, delete_role, get_role, list_roles, rename_role
from css_sdk_openapi.models import RoleRef

from .._http import answers
from .._http.concurrency import check_callback
from .._service import arguments, identifiers, service_limits
from .._text.suggestions import suggest
from .._text.tables import TupleOf
from ..errors import Conflict, IncompleteSearch, MalformedAnswer, NotAllDone, NotFound, OutcomeUnknown
from ..models import Grant, GrantResult, MembersChange, Role, RoleTree, User, UserLike
from ..people.identities import Person
from ..state import Place, PlaceState, Step, StepResult
from .composites import Composites, tree_below
from .exact import Confirm, ask, make_exact
from .observing import with_members
from .users import Users
from .wire import Wire
from .writes import Change, Steps, carry_out

_RECENT_PAGES: Final = 4


class Roles:
    """The roles of one integration in one environment, and who holds them; every write is verified.

    Attributes:
        place: integration and environment.
    """

    def __init__(self, wire: Wire, place: Place) -> None:
        self.place = place
        self._wire = wire
        self._place_name = f"integration #{place.integration}, {place.environment}"

    @property
    def _users(self) -> Users:
        """Return the grants of the roles to users."""
        return Users(self._wire, self)

    def list(self) -> tuple[Role, ...]:
        """Return all roles, sorted by name. The service lists 5000 at most.

        Raises:
            NotApplied: when the login server does not know the integration.

        >>> [role.name for role in dev.roles.list()]
        ['admin', 'approver', 'reviewer']
        """
        roles = self._wire.read(list_roles, answers.roles, **self.place.path)
        return TupleOf(sorted(roles, key=lambda role: role.name))

    def get(self, name: str) -> Role:
        """Return one role.

        When the login server has a fault, the service answers 404 for roles that exist. So a 404 is verified in the
        list.

        Args:
            name: of the role, matched with case; any characters but control characters.

        Raises:
            UnusableName: for a name that no role can have.
            NotFound: when the list shows that there is no such role.
            IncompleteSearch: when the service cut the list, so that the role may still exist.

        >>> dev.roles.get("admin")
        Role(name='admin', composite=True)
        """
        try:
            path = {**self.place.path, "role_name": identifiers.check_role_name(name)}
            return self._wire.read(get_role, answers.role, "role", **path)
        except NotFound as error:
            role = self._in_list(name)
            if role is None:
                raise NotFound(
                    f"There is no role {name!r} in {self._place_name}. Upper and lower case matter.",
                    what="role",
                    status=error.status,
                    request=error.request,
                ) from None
            return role

    def create(self, name: str) -> Role:
        """Create a role that does not exist yet.

        The service also sends an empty 201 when the login server failed, whether the role was created or not. So an
        empty 201 is verified in the list.

        Args:
            name: of the role. It must leave room for the longest path that holds it, encoded twice.

        Returns:
            The role.

        Raises:
            UnusableName: for a name that the service cannot hold or address safely, or of which people cannot see all.
            RequestTooLong: for a name too long for the longest request that would hold it.
            Conflict: when it exists already.
            OutcomeUnknown: when it may have been created and no read got through.

        >>> dev.roles.create("50% / auditor")
        Role(name='50% / auditor', composite=False)
        """
        service_limits.check_new_role(**self.place.path, name=name)

        found = [Role(name)]

        def remaining(steps: Steps) -> Steps:
            if (role := self._in_list(name)) is None:
                return steps
            found.append(role)
            return ()

        change = Change(
            operation=create_role,
            steps=(Step("create_role", self.place, name),),
            arguments=lambda _: {"body": RoleRef(name=name)},
            remaining=remaining,
            shown=lambda answer, _: answers.role(answer).name == name,
        )
        carry_out(self._wire, change)
        return found[-1]

    def ensure(self, name: str) -> Role:
        """Return the role, and create it if it does not exist.

        Args:
            name: of the role.

        Returns:
            The role, as it was or as it is now.

        Raises:
            UnusableName, RequestTooLong, OutcomeUnknown: as `create`.

        >>> (dev.roles.ensure("reviewer")).name
        'reviewer'
        """
        service_limits.check_removable(**self.place.path, roles=[name])
        role = self._in_list(name)
        if role is not None:
            return role
        try:
            return self.create(name)
        except Conflict:
            # Somebody else created it just now.
            return self.get(name)

    def rename(self, name: str, new_name: str, *, confirm: Confirm | None = None) -> Role:
        """Give a role another name; its members keep it, and so do the composites that it is part of.

        The list of roles is read first: only a role that was there under the old name, and is there under the new one
        afterwards, proves the renaming.

        Args:
            name: the role.
            new_name: its name from then on.
            confirm: called with the `Plan` once the role was found, before anything is sent, as for `set_members`.

        Returns:
            The role under its new name.

        Raises:
            UnusableName, RequestTooLong: as `create`, for either name.
            NotFound: when there is no such role.
            Conflict: when the new name is taken.
            NotConfirmed: when `confirm` returns False. Nothing was changed.
            OutcomeUnknown: when it may have been renamed and no read got through.

        >>> (dev.roles.rename("reviewer", "examiner")).name
        'examiner'
        """
        identifiers.check_role_name(name)
        service_limits.check_new_role(**self.place.path, name=new_name)
        check_callback("confirm", confirm)
        roles = self.list()
        role = self._find(name, roles)
        if role is None:
            sentence = f"There is no role {name!r} in {self._place_name}. Nothing was sent."
            raise suggest(NotFound(sentence, what="role", name=name), [role.name for role in roles])
        step = Step("rename_role", self.place, name, new_name)
        if confirm is not None:
            from ..plan.planner import Plan

            ask(confirm, Plan((step,)))

        def remaining(steps: Steps) -> Steps:
            listed = self.list()
            names = {role.name for role in listed}
            if new_name in names and (name == new_name or name not in names):
                return ()
            if name not in names and service_limits.list_is_complete(listed):
                raise NotFound(f"Neither {name!r} nor {new_name!r} is a role in {self._place_name}.", what="role")
            return steps

        change = Change(
            operation=rename_role,
            steps=(step,),
            arguments=lambda _: {"role_name": identifiers.check_role_name(name), "body": RoleRef(name=new_name)},
            remaining=remaining,
            shown=lambda answer, _: answers.role(answer).name == new_name,
        )
        with self._wire.knowing_undone(change.steps):
            carry_out(self._wire, change)
        return evolve(role, name=new_name)

    def delete(self, name: str) -> None:
        """Delete a role, and with it every grant of it and its place in every composite.

        The 204 of the service verifies nothing, so the list is read afterwards.

        Args:
            name: of the role.

        Raises:
            UnusableName: for `.` and `..` above all: the service would delete the integration's whole client.
            NotFound: when there is no such role.
            OutcomeUnknown: when it may have been deleted and no read got through.

        >>> dev.roles.delete("approver")
        """

        def remaining(steps: Steps) -> Steps:
            return () if self._in_list(name) is None else steps

        change = Change(
            operation=delete_role,
            steps=(Step("delete_role", self.place, name),),
            arguments=lambda _: {"role_name": identifiers.check_role_name(name)},
            remaining=remaining,
            along=() if self._wire.journal is None else self._goes_along(name),
        )
        carry_out(self._wire, change)

    def composites(self, name: str) -> Composites:
        """Return the children of a role, to list and change them.

        Args:
            name: of the role.

        Raises:
            UnusableName: for a name that no role can have.

        >>> [child.name for child in dev.roles.composites("admin").list()]
        ['approver', 'reviewer']
        """
        return Composites(self._wire, self, name)

    def tree(self) -> RoleTree:
        """Return all roles and their children: one list, and one call for each composite role.

        >>> sorted((dev.roles.tree()).descendants("admin"))
        ['approver', 'reviewer']
        """
        return tree_below(self._wire, self.place, self.list())

    def members(self, name: str) -> Iterator[User]:
        """Yield everybody who holds the role directly, sorted by username, nobody twice; one call for each 50.

        When somebody loses the role while this runs, the pages shift and one person may be left out: make a list of
        it before removing anybody, or use `set_members`.

        Args:
            name: of the role.

        Raises:
            NotFound: when there is no such role.
            MalformedAnswer: when the list does not come to an end.

        >>> [user.email for user in dev.roles.members("admin")]
        ['ilse.hargreave@example.com']
        """
        # The end of a page comes again when somebody added meanwhile shifts the pages. Only the first page and recent
        # ones are kept, so that a long list needs no more memory than a short one.
        first: frozenset[str] = frozenset()
        recent: deque[frozenset[str]] = deque(maxlen=_RECENT_PAGES)
        for number in range(1, service_limits.MOST_PAGES + 1):
            page = self.members_page(name, number)
            known = {*first, *chain.from_iterable(recent)}
            before = len(known)
            for user in page:
                if user.username not in known:
                    known.add(user.username)
                    yield user
            recent.append(frozenset(user.username for user in page))
            first = first or recent[0]
            if len(page) < service_limits.PAGE_SIZE:
                return
            if len(known) == before:
                raise MalformedAnswer(
                    f"The members of {name!r} in {self._place_name}: page {number} is full, but holds only people of "
                    f"earlier pages. The list would never end."
                )
        raise MalformedAnswer(
            f"The members of {name!r} in {self._place_name} have more than {service_limits.MOST_PAGES} pages. "
            f"The list does not seem to end."
        )

    def members_page(self, name: str, number: int, size: int = service_limits.PAGE_SIZE) -> tuple[User, ...]:
        """Return one page of the members of a role.

        Args:
            name: of the role.
            number: of the page, from 1.
            size: members on a page, 1 to 50. A shorter page is the last; there is no total.

        Returns:
            The users on the page, sorted by username.

        Raises:
            NotFound: when there is no such role.
            InvalidRequest: for a page or size out of range.

        >>> len(dev.roles.members_page("reviewer", 1, size=1))
        1
        """
        path = {**self.place.path, "role_name": identifiers.check_role_name(name)}
        page = {"page": arguments.whole_number(number, "The page"), "max_": arguments.whole_number(size, "The size")}
        return self._wire.read(list_role_members, answers.users, "role", **path, **page)

    def settled_members(self, name: str) -> tuple[User, ...]:
        """Return everybody who holds the role, read until two readings agree, as removals require.

        The pages have no total and no cursor: when somebody loses the role between two of them, another is left out.

        Args:
            name: of the role.

        Raises:
            NotFound: when there is no such role.
            OutcomeUnknown: when three readings did not agree.

        >>> len(dev.roles.settled_members("reviewer"))
        2
        """
        before = None
        for _ in range(service_limits.MOST_READINGS):
            users = tuple([user for user in self.members(name)])
            if before == {user.username for user in users}:
                return users
            before = {user.username for user in users}
        raise OutcomeUnknown(
            f"The members of {name!r} in {self._place_name} changed between {service_limits.MOST_READINGS} readings. "
            f"Nothing was removed; try again when nobody else changes them."
        )

    def set_members(
        self,
        name: str,
        users: UserLike | Iterable[UserLike],
        *,
        allow_empty: bool = False,
        max_removals: int | None = None,
        confirm: Confirm | None = None,
        width: int = 4,
        progress: Callable[[StepResult], object] | None = None,
    ) -> MembersChange:
        """Make the role's members exactly these, adding before it removes.

        If somebody could not be added, nobody is removed: a list with a mistake in it removes nobody.

        Args:
            name: of the role.
            users: usernames, `User` or `ServiceAccount` values; one may be given alone.
            allow_empty: let the role lose all its members if `users` is empty.
            max_removals: how many may be removed. The default is a fifth of the members, but at least 4 and at most 10.
            confirm: called with the `Plan` before the first write, if anything changes. Nothing is changed when it
                raises an exception or returns False. An `Css` awaits it if it is a coroutine function. Afterwards
                the members are read again: `StalePlan` is raised if they are not as before.
            width: calls at once, 1 to 8.
            progress: called with the result of each step, one at a time, possibly from another thread; an `Css`
                awaits it if it is a coroutine function. After an exception it is not called again.

        Returns:
            Who was added to the role, and who was removed from it.

        Raises:
            EmptySet: for nobody, unless that is allowed. Nothing is sent.
            UnusableUser, UnusableName, RequestTooLong: before anything is sent.
            ConfigurationError: for a width out of range, and for a `confirm` or `progress` that cannot be called or
                awaited. Nothing is sent then.
            NotFound: when there is no such role.
            OutcomeUnknown: when the members kept changing while they were read. Nothing was changed then.
            TooManyRemovals, NotConfirmed, StalePlan: nothing was changed then.
            NotAllDone: when somebody could not be added or removed; `results` holds a `GrantResult` for each attempt.
            CallbackFailed: when `progress` raised an exception. Everything was carried out all the same.

        >>> change = dev.roles.set_members("reviewer", ["0f3ac87806aa7f215a7c0d4cc4d9e799@idir"])
        >>> change.removed
        ('c48af3232157a5f13dc753a5d3eed7ce@idir',)
        """
        from ..plan.desired import DesiredRole, Listed
        from ..plan.preconditions import Guards

        people = [Person("username", self._users.check(user, name)[0]) for user in arguments.users(users)]
        service_limits.check_not_emptied(people, allow_empty, f"members of the role {name!r}")
        unread = PlaceState(self.place, "", frozenset((name,)))
        results = make_exact(
            self,
            partial(with_members, self, unread, (name,), settled=True, width=width),
            Guards(max_removals=max_removals),
            roles=[DesiredRole(name, members=Listed(tuple(people), exact=True))],
            confirm=confirm,
            width=width,
            progress=progress,
        )
        added, removed = (
            [result for result in results if result.step.kind == kind] for kind in ("add_member", "remove_member")
        )
        for tried, what in ((added, "added. Nobody was removed."), (removed, "removed.")):
            if left := [result for result in tried if result.outcome != "confirmed"]:
                raise NotAllDone(
                    f"{len(left)} of {len(tried)} users could not be {what} The first: {left[0].error}",
                    results=[
                        GrantResult(Grant(each.step.target, name), each.outcome, each.error)
                        for each in results
                        if each.outcome != "skipped"
                    ],
                ) from left[0].error
        return MembersChange(*(tuple(result.step.target for result in each) for each in (added, removed)))

    def _in_list(self, name: str) -> Role | None:
        return self._find(name, self.list())

    def _find(self, name: str, roles: Sequence[Role]) -> Role | None:
        found = next((role for role in roles if role.name == name), None)
        if found is None and not service_limits.list_is_complete(roles):
            raise IncompleteSearch(
                f"The list of roles of {self._place_name} stops at {len(roles)}, so it does not show whether {name!r} "
                f"exists."
            )
        return found

    def _goes_along(self, name: str) -> tuple[Step, ...]:
        """Return what is removed with a deleted role: its members, its children, and the role from its parents."""
        tree = self.tree()
        if all(role.name != name for role in tree.roles):
            return ()
        members = [Step("remove_member", self.place, name, user.username) for user in self.settled_members(name)]
        children = [Step("remove_composite", self.place, name, child) for child in tree.children.get(name, ())]
        above = [up for up, below in tree.children.items() if name in below and up != name]
        parents = [Step("remove_composite", self.place, up, name) for up in above]
        return (*members, *children, *parents)
