# Written from css_sdk/_async/users.py by `make generate`; edit that one.
"""Read and change the roles of users in one environment of one integration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from css_sdk_openapi.api.role_mapping import assign_user_roles, list_user_roles, unassign_user_role
from css_sdk_openapi.models import RoleRef

from .._http import answers
from .._service import arguments, identifiers, service_limits
from .._text.tables import TupleOf
from ..models import Role, UserLike
from ..people.identities import Person
from ..state import PlaceState, Step, StepKind
from .composites import tree_below
from .exact import ExactOptions, make_exact, raise_first
from .wire import Wire
from .writes import Change, Steps, carry_out

if TYPE_CHECKING:
    from .roles import Roles


class Users:
    """Read and change the roles of users, in one environment of one integration. Every write is verified.

    Pass a user as a username such as `<guid>@<provider>`, as a `ServiceAccount`, or as a `User` that css-sdk returned.
    """

    def __init__(self, wire: Wire, roles: Roles) -> None:
        self._wire = wire
        self._roles = roles
        self._place = roles.place

    def roles(self, user: UserLike) -> tuple[Role, ...]:
        """Return the direct roles of the user, sorted by name, without the roles that composite roles contain.

        Args:
            user: a username, a `ServiceAccount` or a `User`.

        Raises:
            UnusableUser: the text is not a username, or users of its provider cannot have roles.
            NotFound: the login server of this environment does not know the user.

        >>> [role.name for role in dev.users.roles("d6dff8c2546921b01198b4efd12cb3bc@idir")]
        ['admin']
        """
        username = identifiers.check_username(user)
        return self._wire.read(list_user_roles, answers.roles, "user", **self._place.path, username=username)

    def effective_roles(self, user: UserLike) -> tuple[Role, ...]:
        """Return the roles that the user's tokens will contain: the direct roles, and all roles inside them.

        The roles are sorted by name. This takes one call, and one more for each composite role of the user.

        Args:
            user: a username, a `ServiceAccount` or a `User`.

        Raises:
            UnusableUser, NotFound: as for `roles`.

        >>> [role.name for role in dev.users.effective_roles("d6dff8c2546921b01198b4efd12cb3bc@idir")]
        ['admin', 'approver', 'reviewer']
        """
        return TupleOf((tree_below(self._roles, self.roles(user))).roles)

    def check(self, user: UserLike, *roles: str | Iterable[str]) -> tuple[str, tuple[str, ...]]:
        """Check that requests can assign and remove these roles. Return the username and each role name once.

        Args:
            user: a username, a `ServiceAccount` or a `User`.
            roles: names of roles, one or more; lists of names are accepted as well.

        Raises:
            UnusableUser, UnusableName, RequestTooLong: the user or a role name is not valid, or a request would be too
                long. This check sends nothing.
            InvalidRequest: no role is given, or an item is not a name.

        >>> dev.users.check(ServiceAccount("fisheries-service-102"), "reviewer")
        ('service-account-fisheries-service-102', ('reviewer',))
        """
        username, names = (
            identifiers.check_username(user),
            arguments.distinct(arguments.flattened(roles, "role"), "role"),
        )
        service_limits.check_removable(**self._place.path, roles=names, username=username)
        return username, names

    def assign(self, user: UserLike, *roles: str | Iterable[str]) -> None:
        """Assign these roles to the user, in one call. The user keeps all other roles.

        The service answers with all direct roles that the user has afterwards. If the answer contains these roles, the
        write is verified. If it does not, css-sdk reads the user's roles.

        Args:
            user: a username (in upper or lower case), a `ServiceAccount` or a `User`.
            roles: names of roles, one or more; lists of names are accepted as well.

        Raises:
            UnusableUser, UnusableName, RequestTooLong, InvalidRequest: as for `check`. Nothing is sent.
            NotFound: the user or one of the roles does not exist. None of the roles was assigned.
            OutcomeUnknown: css-sdk cannot know whether the service assigned the roles.

        >>> dev.users.assign("0f3ac87806aa7f215a7c0d4cc4d9e799@idir", "reviewer", "approver")
        >>> dev.users.assign(ServiceAccount("fisheries-service-102"), "reviewer")
        """
        username, names = self.check(user, *roles)
        self._write([self._step("add_member", name, username) for name in names])

    def unassign(self, user: UserLike, *roles: str | Iterable[str]) -> None:
        """Remove these roles from the user, with one call for each. A role that the user does not have is no error.

        Args:
            user: a username, a `ServiceAccount` or a `User`.
            roles: names of roles, one or more; lists of names are accepted as well.

        Raises:
            UnusableUser, UnusableName, RequestTooLong, InvalidRequest: as for `check`. Nothing is sent.
            NotFound: the user or a role does not exist. The roles before it in `roles` were removed.
            OutcomeUnknown: css-sdk cannot know whether a role was removed. The roles before it in `roles` were removed.

        >>> dev.users.unassign("0f3ac87806aa7f215a7c0d4cc4d9e799@idir", "reviewer")
        """
        username, names = self.check(user, *roles)
        for name in names:
            self._write([self._step("remove_member", name, username)])

    def _write(self, steps: Sequence[Step]) -> None:
        """Carry out steps of one kind in one call. The call adds one or more roles to a user, or removes one role."""
        is_adding, username = steps[0].kind == "add_member", identifiers.check_username(steps[0].target)

        def body(left: Steps) -> dict[str, Any]:
            if is_adding:
                return {"username": username, "body": [RoleRef(name=step.role) for step in left]}
            return {"username": username, "role_name": identifiers.check_role_name(left[0].role)}

        change = Change(
            operation=assign_user_roles if is_adding else unassign_user_role,
            steps=tuple(steps),
            arguments=body,
            observe=partial(self._observe, steps[0].target),
            shown=lambda answer, left: {role.name for role in answers.roles(answer)}.issuperset(
                step.role for step in left
            ),
        )
        carry_out(self._wire, change)

    def set_roles(self, user: UserLike, *roles: str | Iterable[str], **options: Unpack[ExactOptions]) -> None:
        """Give the user exactly these direct roles. Add roles first. If an addition fails, remove no role.

        This takes one read, at most one call to add roles, and one call for each role that is removed. If `confirm` is
        passed, the roles are read a second time after it has returned.

        Args:
            user: a username, a `ServiceAccount` or a `User`.
            roles: names of roles; lists of names are accepted as well.
            allow_empty: whether the user may lose all roles if `roles` is empty.
            max_removals: how many roles may be removed. The default is a fifth of the user's direct roles, but at least
                4 and at most 10.
            confirm, progress: as for `Roles.set_members`.

        Raises:
            EmptySet: `roles` is empty, and `allow_empty` is not set. Nothing is sent.
            UnusableUser, UnusableName, RequestTooLong: the user or a role name is not valid, or a request would be too
                long. Nothing is sent.
            TooManyRemovals: more roles would be removed than `max_removals` allows. Nothing was changed.
            NotConfirmed: `confirm` returned False. Nothing was changed.
            StalePlan: the user's roles changed while `confirm` was called. Nothing was changed.
            NotFound, OutcomeUnknown: as for `assign` and `unassign`. Roles that could be added were added.
            CallbackFailed: `progress` raised an exception. All changes were made nevertheless.

        >>> dev.users.set_roles("d6dff8c2546921b01198b4efd12cb3bc@idir", "reviewer")
        """
        wanted = arguments.flattened(roles, "role")
        username = identifiers.username_of(user)
        if wanted:
            self.check(username, wanted)

        from ..plan.desired import DesiredUser, Listed

        raise_first(
            make_exact(
                self._roles,
                partial(self._observe, username, wanted),
                wanted,
                f"roles of {username}",
                users=[DesiredUser(Person("username", username), Listed(tuple(dict.fromkeys(wanted)), exact=True))],
                options=options,
            )
        )

    def _observe(self, user: str, also: Iterable[str] = ()) -> PlaceState:
        """Read the user's direct roles, and return a state in which this user is the only member of each role.

        Args:
            also: names of more roles for the state. A role that the user does not have gets no members.
        """
        held = {role.name for role in self.roles(user)}
        members = {name: frozenset([user] if name in held else ()) for name in held.union(also)}
        return PlaceState(self._place, "", frozenset(members), members=members)

    def _step(self, kind: StepKind, role: str, username: str) -> Step:
        return Step(kind, self._place, role, username, people=1)
