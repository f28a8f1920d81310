# Written from css_sdk/_async/composites.py by `make generate`; edit that one.
"""Composite roles: the children of a role, and all roles that it leads to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from css_sdk_openapi.api.roles import (
    add_composite_roles,
    get_composite_role,
    list_composite_roles,
    remove_composite_role,
)
from css_sdk_openapi.models import RoleRef

from .._http import answers
from .._service import arguments, composite_checks, identifiers, service_limits
from .._text.tables import TupleOf
from ..errors import MalformedAnswer, NotFound, RequestTooLong, UnusableName
from ..models import Role, RoleTree
from ..state import Place, PlaceState, Step, StepKind, StepResult
from .exact import Confirm, make_exact, raise_first
from .wire import Wire
from .writes import Change, Steps, carry_out

if TYPE_CHECKING:
    from .roles import Roles

_LOG = logging.getLogger("css_sdk")


def children_of(wire: Wire, place: Place, name: str) -> tuple[Role, ...]:
    """Return the direct children of a role, sorted by name; none for a role that is not composite."""
    encoded = identifiers.check_role_name(name)
    roles = wire.read(list_composite_roles, answers.roles, "role", **place.path, role_name=encoded)
    return TupleOf(sorted(roles, key=lambda role: role.name))


def tree_below(wire: Wire, place: Place, roles: Iterable[Role]) -> RoleTree:
    """Return these roles and all that they lead to; the children of each composite role are read once.

    If no request can name a role, its children are not read, and the log says so.

    Raises:
        MalformedAnswer: when they do not end.
    """
    known: dict[str, Role] = {}
    children: dict[str, tuple[str, ...]] = {}
    waiting = list(roles)
    while waiting:
        role = waiting.pop()
        if role.name in known:
            continue
        known[role.name] = role
        if len(known) > service_limits.MOST_ROLES_LISTED:
            raise MalformedAnswer(
                f"Integration #{place.integration}, {place.environment}: the composite roles contain more "
                f"than {service_limits.MOST_ROLES_LISTED} roles, the most that the service lists. css-sdk stopped, "
                f"because they do not seem to end."
            )
        if role.composite:
            try:
                below = children_of(wire, place, role.name)
            except (UnusableName, RequestTooLong) as refusal:
                _LOG.warning("The children of the role %r are not read: %s", role.name, refusal)
                continue
            children[role.name] = tuple(child.name for child in below)
            waiting += below
    return RoleTree(tuple(sorted(known.values(), key=lambda role: role.name)), children)


class Composites:
    """The children of one role. Everybody who holds the role has the children in their tokens too."""

    def __init__(self, wire: Wire, roles: Roles, parent: str) -> None:
        self._wire = wire
        self._roles = roles
        self._place = roles.place
        self._parent = identifiers.check_role_name(parent)

    def list(self) -> tuple[Role, ...]:
        """Return the direct children, sorted by name; none if the role is not composite.

        Raises:
            NotFound: when there is no such role.

        >>> [child.name for child in dev.roles.composites("admin").list()]
        ['approver', 'reviewer']
        """
        return children_of(self._wire, self._place, self._parent)

    def get(self, child: str) -> Role:
        """Return one of the children.

        As with roles, a 404 is verified in the list.

        Args:
            child: name of a role.

        Raises:
            UnusableName: for a name that no role can have.
            NotFound: when the list shows that it is not a child.

        >>> (dev.roles.composites("admin").get("reviewer")).name
        'reviewer'
        """
        path = {
            "role_name": identifiers.check_role_name(self._parent),
            "composite_role_name": identifiers.check_role_name(child),
        }
        try:
            return self._wire.read(get_composite_role, answers.role, "role", **self._place.path, **path)
        except NotFound as error:
            found = next((role for role in self.list() if role.name == child), None)
            if found is None:
                raise NotFound(
                    f"{child!r} is not a child of {self._parent!r}.",
                    what="role",
                    status=error.status,
                    request=error.request,
                ) from None
            return found

    def add(self, *children: str | Iterable[str]) -> None:
        """Make these roles children of the role; those that are children already stay.

        The service would accept a circle. So the roles that the children lead to are read first.

        Args:
            children: names of roles, one or more; lists of names are accepted as well.

        Raises:
            CompositeCycle: when the role would become a child of itself, through others as well. Nothing is sent.
            UnusableName, RequestTooLong: before anything is sent.
            NotFound: when the role or one of the children is not there; then none was added.
            OutcomeUnknown: when they may have been added and no read got through.

        >>> dev.roles.composites("approver").add("reviewer")
        """
        self._write(self._steps("add_composite", children))

    def remove(self, *children: str | Iterable[str]) -> None:
        """Remove these roles from the role, one call each; one that is not a child is not an error.

        Args:
            children: names of roles, one or more; lists of names are accepted as well.

        Raises:
            UnusableName, RequestTooLong: before anything is sent.
            NotFound: when the role or the child does not exist. Those named before it were removed then.
            OutcomeUnknown: when one may have been removed and no read got through.

        >>> dev.roles.composites("admin").remove("approver")
        """
        for step in self._steps("remove_composite", children):
            self._write([step])

    def _write(self, steps: Sequence[Step]) -> None:
        """Carry out steps about children of the role in one call: additions, or one removal.

        Args:
            steps: of one kind.

        Raises:
            CompositeCycle, UnusableName, RequestTooLong, NotFound, OutcomeUnknown: as `add` and `remove`.
        """
        is_adding, names = steps[0].kind == "add_composite", [step.target for step in steps]
        service_limits.check_separable(**self._place.path, parent=self._parent, children=names)
        if is_adding:
            # Whether a child is composite itself is not known yet, so that each is looked into.
            below = tree_below(self._wire, self._place, [Role(name, composite=True) for name in names])
            composite_checks.check_no_cycle(self._parent, names, below)
        path = {"role_name": identifiers.check_role_name(self._parent)}

        def arguments_for(left: Steps) -> dict[str, Any]:
            if is_adding:
                return {**path, "body": [RoleRef(name=step.target) for step in left]}
            return {**path, "composite_role_name": identifiers.check_role_name(left[0].target)}

        def remaining(asked: Steps) -> Steps:
            held = {role.name for role in self.list()}
            return tuple(step for step in asked if (step.target in held) is not is_adding)

        change = Change(
            operation=add_composite_roles if is_adding else remove_composite_role,
            steps=tuple(steps),
            arguments=arguments_for,
            remaining=remaining,
            shown=lambda answer, _: answers.role(answer) == Role(self._parent, composite=True),
        )
        carry_out(self._wire, change)

    def set(
        self,
        *children: str | Iterable[str],
        allow_empty: bool = False,
        max_removals: int | None = None,
        confirm: Confirm | None = None,
        progress: Callable[[StepResult], object] | None = None,
    ) -> None:
        """Make the role's children exactly these, adding before it removes; remove none if one could not be added.

        Args:
            children: names of roles; lists of names are accepted as well.
            allow_empty: let the role lose all its children if `children` is empty.
            max_removals: how many children may be removed. The default is a fifth, but at least 4 and at most 10.
            confirm, progress: as for `Roles.set_members`.

        Raises:
            EmptySet: for none, unless that is allowed. Nothing is sent.
            TooManyRemovals, NotConfirmed, StalePlan: nothing was changed then.
            CompositeCycle, UnusableName, RequestTooLong, NotFound, OutcomeUnknown: as `add` and `remove`.
            CallbackFailed: when `progress` raised an exception. Everything was carried out all the same.

        >>> dev.roles.composites("admin").set("reviewer")
        """
        from ..plan.desired import DesiredRole, Listed
        from ..plan.preconditions import Guards

        wanted = arguments.flattened(children, "child")
        service_limits.check_not_emptied(wanted, allow_empty, f"children of the role {self._parent!r}")
        service_limits.check_separable(**self._place.path, parent=self._parent, children=wanted)

        def observe() -> PlaceState:
            held = frozenset([role.name for role in self.list()])
            names = held.union(wanted, (self._parent,))
            return PlaceState(self._place, "", names, {self._parent: held})

        raise_first(
            make_exact(
                self._roles,
                observe,
                Guards(max_removals=max_removals),
                roles=[DesiredRole(self._parent, composites=Listed(tuple(dict.fromkeys(wanted)), exact=True))],
                confirm=confirm,
                progress=progress,
            )
        )

    def _steps(self, kind: StepKind, children: Iterable[str | Iterable[str]]) -> Steps:
        """Return a step for each child, after a check of all of them: the first is not sent if the last is refused."""
        names = arguments.distinct(arguments.flattened(children, "child"), "child")
        service_limits.check_separable(**self._place.path, parent=self._parent, children=names)
        return tuple(Step(kind, self._place, self._parent, name) for name in names)
