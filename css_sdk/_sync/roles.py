# Written from css_sdk/_async/roles.py by `make generate`; edit that one.
"""The roles of one integration in one environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from css_api.api.role_mapping import list_role_members
from css_api.api.roles import create_role, delete_role, get_role, list_roles, rename_role
from css_api.models import RoleRef

from .. import _answers, _rules
from ..errors import Conflict, IncompleteSearch, NotAllDone, NotFound, OutcomeUnknown
from ..models import Grant, GrantResult, MembersChange, Role, RoleTree, User, UserLike
from .composites import Composites, tree_below
from .grants import Granting, GrantWrite, Run
from .users import Users
from .wire import Wire
from .writes import Change, carry_out


class Roles:
    """The roles of one integration in one environment; every write is proven."""

    def __init__(self, wire: Wire, integration_id: int, environment: str) -> None:
        self._wire = wire
        self._place: dict[str, Any] = {"integration_id": integration_id, "environment": environment}
        self._users = Users(wire, integration_id, environment)
        self._told_as = f"integration #{integration_id}, {environment}"

    def list(self) -> tuple[Role, ...]:
        """All roles, sorted by name. The service lists 5000 at the most.

        Raises:
            NotApplied: when the login server does not know the integration.

        >>> [role.name for role in dev.roles.list()]
        ['admin', 'approver', 'reviewer']
        """
        roles = self._wire.read(list_roles, _answers.roles, **self._place)
        return tuple(sorted(roles, key=lambda role: role.name))

    def get(self, name: str) -> Role:
        """One role.

        A 404 is not believed alone: when the login server behind it has a fault, the service says so of roles that
        exist. So the list is read then.

        Args:
            name: of the role, matched with case; it may hold anything but control characters.

        Raises:
            UnusableName: for a name that no role can have.
            NotFound: when the list shows that there is no such role.
            IncompleteSearch: when the list was cut, so that it shows no absence.

        >>> dev.roles.get("admin")
        Role(name='admin', composite=True)
        """
        try:
            path = {**self._place, "role_name": _rules.role_in_path(name)}
            return self._wire.read(get_role, _answers.role, "role", **path)
        except NotFound as error:
            role = self._in_list(name)
            if role is None:
                raise NotFound(
                    f"There is no role {name!r} in {self._told_as}. Names are matched with case.",
                    what="role",
                    status=error.status,
                    request=error.request,
                ) from None
            return role

    def create(self, name: str) -> Role:
        """Creates a role that is not there yet.

        An empty 201 is not believed: the service sends it when the login server behind it failed, with the role
        created or not. The list tells then.

        Args:
            name: of the role. It must leave room for the longest path in which it stands, encoded twice.

        Returns:
            The role.

        Raises:
            UnusableName: for a name that the service cannot hold or address safely.
            RequestTooLong: for a name too long for the longest request in which it would stand.
            Conflict: when it exists already.
            OutcomeUnknown: when it may have been created and no read got through.

        >>> dev.roles.create("50% / auditor")
        Role(name='50% / auditor', composite=False)
        """
        _rules.check_removable(**self._place, roles=[name])
        found: list[Role] = []

        def shown(answer: Any, _: tuple[str, ...]) -> bool:
            found.append(_answers.role(answer))
            return found[-1].name == name

        def remaining(_: tuple[str, ...]) -> tuple[str, ...]:
            role = self._in_list(name)
            if role is None:
                return (name,)
            found.append(role)
            return ()

        carry_out(
            self._wire,
            Change(
                write=_rules.Write.CREATE_ROLE,
                operation=create_role,
                roles=(name,),
                arguments=lambda _: {**self._place, "body": RoleRef(name=name)},
                shown=shown,
                remaining=remaining,
            ),
        )
        return found[-1]

    def ensure(self, name: str) -> Role:
        """The role, created when it is not there.

        Args:
            name: of the role.

        Returns:
            The role, as it was or as it is now.

        Raises:
            UnusableName, RequestTooLong, OutcomeUnknown: as `create`.

        >>> (dev.roles.ensure("reviewer")).name
        'reviewer'
        """
        _rules.check_removable(**self._place, roles=[name])
        role = self._in_list(name)
        if role is not None:
            return role
        try:
            return self.create(name)
        except Conflict:
            # Somebody else was faster, which is as good.
            return self.get(name)

    def rename(self, name: str, new_name: str) -> Role:
        """Gives a role another name; whoever holds it keeps it, and so do the composites that it is part of.

        That a role of the old name is there is read first, so that a list which holds the new one instead is a proof.

        Args:
            name: the role.
            new_name: what it shall be called.

        Returns:
            The role under its new name.

        Raises:
            UnusableName, RequestTooLong: as `create`, for either name.
            NotFound: when there is no such role.
            Conflict: when the new name is taken.
            OutcomeUnknown: when it may have been renamed and no read got through.

        >>> (dev.roles.rename("reviewer", "examiner")).name
        'examiner'
        """
        _rules.check_role_name(name)
        _rules.check_removable(**self._place, roles=[new_name])
        if self._in_list(name) is None:
            raise NotFound(f"There is no role {name!r} in {self._told_as}.", what="role")
        found: list[Role] = []

        def shown(answer: Any, _: tuple[str, ...]) -> bool:
            found.append(_answers.role(answer))
            return found[-1].name == new_name

        def remaining(_: tuple[str, ...]) -> tuple[str, ...]:
            roles = {role.name: role for role in self.list()}
            if new_name in roles and (name == new_name or name not in roles):
                found.append(roles[new_name])
                return ()
            if name not in roles and _rules.list_proves_absence(list(roles.values())):
                raise NotFound(f"There is no role {name!r} in {self._told_as}, nor {new_name!r}.", what="role")
            return (new_name,)

        carry_out(
            self._wire,
            Change(
                write=_rules.Write.RENAME_ROLE,
                operation=rename_role,
                roles=(new_name,),
                arguments=lambda _: {
                    **self._place,
                    "role_name": _rules.role_in_path(name),
                    "body": RoleRef(name=new_name),
                },
                shown=shown,
                remaining=remaining,
            ),
        )
        return found[-1]

    def delete(self, name: str) -> None:
        """Deletes a role, and with it every grant of it and its place in every composite.

        The service's 204 proves nothing, so the list is read afterwards.

        Args:
            name: of the role.

        Raises:
            UnusableName: for `.` and `..` above all: the service would delete the integration's whole client.
            NotFound: when there is no such role.
            OutcomeUnknown: when it may have been deleted and no read could tell.

        >>> dev.roles.delete("approver")
        """
        carry_out(
            self._wire,
            Change(
                write=_rules.Write.DELETE_ROLE,
                operation=delete_role,
                roles=(name,),
                arguments=lambda _: {**self._place, "role_name": _rules.role_in_path(name)},
                shown=lambda *_: False,
                remaining=self._still_listed,
            ),
        )

    def members(self, name: str) -> Iterator[User]:
        """Everybody who holds the role directly, sorted by username, nobody twice; one call for each 50.

        When somebody loses the role while this runs, the pages shift and one person may be left out: make a list of
        it before removing anybody, or use `set_members`.

        Args:
            name: of the role.

        Raises:
            NotFound: when there is no such role.

        >>> [user.email for user in dev.roles.members("admin")]
        ['ilse.hargreave@example.com']
        """
        page: tuple[User, ...] = ()
        number = 1
        while True:
            before = {user.username for user in page}
            page = self.members_page(name, number)
            for user in page:
                # Somebody added meanwhile shifts the pages, and the end of the last one comes again.
                if user.username not in before:
                    yield user
            if len(page) < _rules.PAGE_SIZE:
                return
            number += 1

    def members_page(self, name: str, number: int, size: int = _rules.PAGE_SIZE) -> tuple[User, ...]:
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
        path = {**self._place, "role_name": _rules.role_in_path(name)}
        return self._wire.read(list_role_members, _answers.users, "role", **path, page=number, max_=size)

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
        for _ in range(_rules.MOST_READINGS):
            users = tuple([user for user in self.members(name)])
            if before == {user.username for user in users}:
                return users
            before = {user.username for user in users}
        raise OutcomeUnknown(
            f"The members of {name!r} in {self._told_as} changed between {_rules.MOST_READINGS} readings. "
            f"Nothing was taken away; try again when nobody else changes them."
        )

    def set_members(
        self, name: str, users: Iterable[UserLike], *, allow_empty: bool = False, width: int = 4
    ) -> MembersChange:
        """Makes the role's members exactly these, adding before it removes.

        Where somebody could not be added, nobody is removed: a list with a mistake in it takes nothing away.

        Args:
            name: of the role.
            users: usernames or `ServiceAccount`s.
            allow_empty: whether nobody at all is what is meant.
            width: calls at once, 1 to 8.

        Returns:
            Whom the role got and whom it lost.

        Raises:
            EmptySet: for nobody, unless that is allowed. Nothing is sent.
            UnusableUser, UnusableName, RequestTooLong: before anything is sent.
            NotFound: when there is no such role.
            OutcomeUnknown: when the members kept changing while they were read. Nothing was changed then.
            NotAllDone: when somebody could not be added or removed.

        >>> change = dev.roles.set_members("reviewer", ["0f3ac87806aa7f215a7c0d4cc4d9e799@idir"])
        >>> change.removed
        ('c48af3232157a5f13dc753a5d3eed7ce@idir',)
        """
        _rules.check_width(width)
        wanted = {self._users.check(user, name)[0]: Grant(user, name) for user in users}
        _rules.check_not_emptied(wanted, allow_empty, f"members of the role {name!r}")
        held = {user.username for user in self.settled_members(name)}
        missing = [grant for username, grant in wanted.items() if username not in held]
        surplus = [Grant(username, name) for username in sorted(held - wanted.keys())]
        for grant in surplus:
            # Whoever cannot be removed is better known before anybody is added.
            self._users.check(grant.user, name)
        added = self._change_members("assign", missing, "added. Nobody was removed.", width, ())
        self._change_members("unassign", surplus, "removed.", width, added)
        return MembersChange(
            added=tuple(_rules.username_of(grant.user) for grant in missing),
            removed=tuple(str(grant.user) for grant in surplus),
        )

    def _change_members(
        self, change: GrantWrite, grants: Sequence[Grant], told_as: str, width: int, before: Sequence[GrantResult]
    ) -> Sequence[GrantResult]:
        run = Run(grants)
        Granting(self._users, self.list).carry_out(change, run, width)
        left = [result for result in run.results if result.outcome != "confirmed"]
        if left:
            raise NotAllDone(
                f"{len(left)} of {len(grants)} users could not be {told_as} The first: {left[0].error}",
                results=[*before, *run.results],
            ) from left[0].error
        return run.results

    def composites(self, name: str) -> Composites:
        """The children of a role.

        Args:
            name: of the role.

        Raises:
            UnusableName: for a name that no role can have.

        >>> [child.name for child in dev.roles.composites("admin").list()]
        ['approver', 'reviewer']
        """
        return Composites(self._wire, **self._place, parent=name)

    def tree(self) -> RoleTree:
        """All roles and their children: one list, and one call for each composite role.

        >>> sorted((dev.roles.tree()).descendants("admin"))
        ['approver', 'reviewer']
        """
        return tree_below(self._wire, self._place, self.list())

    def _in_list(self, name: str) -> Role | None:
        roles = self.list()
        found = next((role for role in roles if role.name == name), None)
        if found is None and not _rules.list_proves_absence(roles):
            raise IncompleteSearch(
                f"The list of roles of {self._told_as} stops at {len(roles)}: whether {name!r} exists it does not show."
            )
        return found

    def _still_listed(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple([name for name in names if self._in_list(name) is not None])
