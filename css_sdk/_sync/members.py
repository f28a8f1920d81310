# Written from css_sdk/_async/members.py by `make generate`; edit that one.
"""Who holds the roles of one integration in one environment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from css_sdk_openapi.api.role_mapping import list_role_members
from css_sdk_openapi.api.roles import list_roles

from .._http import answers
from .._service import arguments, identifiers, service_limits
from ..errors import IncompleteSearch, MalformedAnswer, NotAllDone, OutcomeUnknown
from ..models import Grant, GrantResult, MembersChange, Role, User, UserLike
from ..people.identities import Person
from ..plan.desired import DesiredRole, Listed
from ..plan.preconditions import Guards
from ..state import Place, PlaceState, StepResult
from .exact import Confirm, make_exact
from .grants import Granting
from .observing import with_members
from .users import Users
from .wire import Wire


class Members:
    """The part of the roles that is about who holds them."""

    def __init__(self, wire: Wire, integration_id: int, environment: str) -> None:
        self._wire = wire
        self._place: dict[str, Any] = {"integration_id": integration_id, "environment": environment}
        self._at = Place(integration_id, environment)
        self._users = Users(wire, integration_id, environment)
        self._told_as = f"integration #{integration_id}, {environment}"

    def list(self) -> tuple[Role, ...]:
        """All roles, sorted by name. The service lists 5000 at the most.

        Raises:
            NotApplied: when the login server does not know the integration.

        >>> [role.name for role in dev.roles.list()]
        ['admin', 'approver', 'reviewer']
        """
        roles = self._wire.read(list_roles, answers.roles, **self._place)
        return tuple(sorted(roles, key=lambda role: role.name))

    def members(self, name: str) -> Iterator[User]:
        """Everybody who holds the role directly, sorted by username, nobody twice; one call for each 50.

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
        known: set[str] = set()
        for number in range(1, service_limits.MOST_PAGES + 1):
            page = self.members_page(name, number)
            # Somebody added meanwhile shifts the pages, and the end of the last one comes again.
            before = len(known)
            for user in page:
                if user.username not in known:
                    known.add(user.username)
                    yield user
            if len(page) < service_limits.PAGE_SIZE:
                return
            if len(known) == before:
                raise MalformedAnswer(
                    f"The members of {name!r} in {self._told_as}: page {number} holds nobody whom the pages before it "
                    f"did not hold, and yet it is full. The list would never end."
                )
        raise MalformedAnswer(
            f"The members of {name!r} in {self._told_as} have more than {service_limits.MOST_PAGES} pages. "
            f"The list does not seem to end."
        )

    def members_page(self, name: str, number: int, size: int = service_limits.PAGE_SIZE) -> tuple[User, ...]:
        """One page of a role's members.

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
        path = {**self._place, "role_name": identifiers.check_role_name(name)}
        page = {"page": arguments.whole_number(number, "The page"), "max_": arguments.whole_number(size, "The size")}
        return self._wire.read(list_role_members, answers.users, "role", **path, **page)

    def settled_members(self, name: str) -> tuple[User, ...]:
        """Everybody who holds the role, read until two readings agree; what a removal may depend on.

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
            f"The members of {name!r} in {self._told_as} changed between {service_limits.MOST_READINGS} readings. "
            f"Nothing was taken away; try again when nobody else changes them."
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
            max_removals: how many may be removed. By default 10 or a fifth of the members, whichever is less, and 4 in
                any case.
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
        people = [Person("username", self._users.check(user, name)[0]) for user in arguments.users(users)]
        service_limits.check_not_emptied(people, allow_empty, f"members of the role {name!r}")
        unread = PlaceState(self._at, "", frozenset((name,)))
        results = make_exact(
            self._at,
            partial(with_members, self, unread, (name,), settled=True, width=width),
            Guards(max_removals=max_removals),
            granting=Granting(self._users, self.list),
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
        roles = self.list()
        found = next((role for role in roles if role.name == name), None)
        if found is None and not service_limits.list_proves_absence(roles):
            raise IncompleteSearch(
                f"The list of roles of {self._told_as} stops at {len(roles)}: whether {name!r} exists it does not show."
            )
        return found
