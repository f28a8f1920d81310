# Written from css_sdk/_async/roles.py by `make generate`; edit that one.
"""The roles of one integration in one environment."""

from __future__ import annotations

from typing import Any

from css_sdk_openapi.api.roles import create_role, delete_role, get_role, rename_role
from css_sdk_openapi.models import RoleRef

from .._http import answers
from .._http.concurrency import check_callback
from .._service import identifiers, service_limits
from .._verification import verdicts
from ..errors import Conflict, NotFound
from ..models import Role, RoleTree
from ..plan.planner import Plan
from ..state import Step
from .composites import Composites, tree_below
from .exact import Confirm, ask
from .members import Members
from .writes import Change, carry_out


class Roles(Members):
    """The roles of one integration in one environment, and who holds them; every write is proven."""

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
            path = {**self._place, "role_name": identifiers.check_role_name(name)}
            return self._wire.read(get_role, answers.role, "role", **path)
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
            UnusableName: for a name that the service cannot hold or address safely, or of which people cannot see all.
            RequestTooLong: for a name too long for the longest request in which it would stand.
            Conflict: when it exists already.
            OutcomeUnknown: when it may have been created and no read got through.

        >>> dev.roles.create("50% / auditor")
        Role(name='50% / auditor', composite=False)
        """
        service_limits.check_new_role(**self._place, name=name)
        found: list[Role] = []

        def shown(answer: Any, _: tuple[str, ...]) -> bool:
            found.append(answers.role(answer))
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
                write=verdicts.Write.CREATE_ROLE,
                operation=create_role,
                roles=(name,),
                arguments=lambda _: {**self._place, "body": RoleRef(name=name)},
                shown=shown,
                remaining=remaining,
                steps=lambda names: tuple(Step("create_role", self._at, name) for name in names),
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
        service_limits.check_removable(**self._place, roles=[name])
        role = self._in_list(name)
        if role is not None:
            return role
        try:
            return self.create(name)
        except Conflict:
            # Somebody else was faster, which is as good.
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
        service_limits.check_new_role(**self._place, name=new_name)
        check_callback("confirm", confirm)
        if self._in_list(name) is None:
            raise NotFound(f"There is no role {name!r} in {self._told_as}. Nothing was sent.", what="role")
        if confirm is not None:
            ask(confirm, Plan((Step("rename_role", self._at, name, new_name),)))
        found: list[Role] = []

        def shown(answer: Any, _: tuple[str, ...]) -> bool:
            found.append(answers.role(answer))
            return found[-1].name == new_name

        def remaining(_: tuple[str, ...]) -> tuple[str, ...]:
            roles = {role.name: role for role in self.list()}
            if new_name in roles and (name == new_name or name not in roles):
                found.append(roles[new_name])
                return ()
            if name not in roles and service_limits.list_proves_absence(list(roles.values())):
                raise NotFound(f"There is no role {name!r} in {self._told_as}, nor {new_name!r}.", what="role")
            return (new_name,)

        carry_out(
            self._wire,
            Change(
                write=verdicts.Write.RENAME_ROLE,
                operation=rename_role,
                roles=(new_name,),
                arguments=lambda _: {
                    **self._place,
                    "role_name": identifiers.check_role_name(name),
                    "body": RoleRef(name=new_name),
                },
                shown=shown,
                remaining=remaining,
                steps=lambda names: tuple(Step("rename_role", self._at, name, to) for to in names if to != name),
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
        along = () if self._wire.journal is None else self._goes_along(name)
        carry_out(
            self._wire,
            Change(
                write=verdicts.Write.DELETE_ROLE,
                operation=delete_role,
                roles=(name,),
                arguments=lambda _: {**self._place, "role_name": identifiers.check_role_name(name)},
                shown=lambda *_: False,
                remaining=self._still_listed,
                steps=lambda names: (*along, Step("delete_role", self._at, name)) if names else (),
            ),
        )

    def composites(self, name: str) -> Composites:
        """The children of a role.

        Args:
            name: of the role.

        Raises:
            UnusableName: for a name that no role can have.

        >>> [child.name for child in dev.roles.composites("admin").list()]
        ['approver', 'reviewer']
        """
        return Composites(self._wire, **self._place, parent=name, roles=self)

    def tree(self) -> RoleTree:
        """All roles and their children: one list, and one call for each composite role.

        >>> sorted((dev.roles.tree()).descendants("admin"))
        ['approver', 'reviewer']
        """
        return tree_below(self._wire, self._place, self.list())

    def _goes_along(self, name: str) -> tuple[Step, ...]:
        """What a deletion of the role takes away besides: its members, its children, its place in other roles."""
        tree = self.tree()
        if all(role.name != name for role in tree.roles):
            return ()
        members = [Step("remove_member", self._at, name, user.username) for user in self.settled_members(name)]
        children = [Step("remove_composite", self._at, name, child) for child in tree.children.get(name, ())]
        above = [up for up, below in tree.children.items() if name in below and up != name]
        parents = [Step("remove_composite", self._at, up, name) for up in above]
        return (*members, *children, *parents)

    def _still_listed(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple([name for name in names if self._in_list(name) is not None])
