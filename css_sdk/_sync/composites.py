# Written from css_sdk/_async/composites.py by `make generate`; edit that one.
"""Read and change the children of composite roles."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from css_sdk_openapi.api.roles import (
    add_composite_roles,
    get_composite_role,
    list_composite_roles,
    remove_composite_role,
)
from css_sdk_openapi.models import RoleRef

from .._http import answers
from .._service import arguments, identifiers, service_limits
from ..errors import CompositeCycle, MalformedAnswer, NotFound, RequestTooLong, UnusableName
from ..models import Role, RoleTree
from ..state import PlaceState, Step, StepKind
from .exact import ExactOptions, make_exact, raise_first
from .wire import Wire
from .writes import Change, Steps, carry_out

if TYPE_CHECKING:
    from .roles import Roles

_LOG = logging.getLogger("css_sdk")


def read_role(
    wire: Wire,
    operation: answers.Operation,
    path: dict[str, Any],
    listed: Callable[[], Role | None],
    missing: str,
) -> Role:
    """Return one role. If the service answers 404, which can be wrong, look for the role in a list of roles.

    Args:
        listed: reads a list that contains the role if it exists, and returns the role or None.
        missing: the message of the `NotFound` error if the list does not contain the role.
    """
    try:
        return wire.read(operation, answers.role, "role", **path)
    except NotFound as error:
        role = listed()
        if role is None:
            raise error.with_message(missing) from None
        return role


def tree_below(client: Roles, roles: Iterable[Role]) -> RoleTree:
    """Return these roles and all roles that they contain, directly or through other roles.

    If the name of a role cannot be put into a request, its children are not read, and a warning is logged. More than
    5000 roles are an error, because the service cannot list more.
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
                f"{client.place}: the composite roles contain more than {service_limits.MOST_ROLES_LISTED} roles, but "
                f"the service lists at most {service_limits.MOST_ROLES_LISTED}. css-sdk stopped reading."
            )
        if role.composite:
            try:
                below = client.composites(role.name).list()
            except (UnusableName, RequestTooLong) as refusal:
                _LOG.warning("%s: the children of the role %r are not read: %s", client.place, role.name, refusal)
                continue
            children[role.name] = tuple(child.name for child in below)
            waiting += below
    return RoleTree(tuple(sorted(known.values(), key=lambda role: role.name)), children)


class Composites:
    """Read and change the children of one role. Tokens of people who have the role contain the children, too."""

    def __init__(self, wire: Wire, roles: Roles, parent: str) -> None:
        self._wire = wire
        self._roles = roles
        self._place = roles.place
        self._parent = identifiers.check_role_name(parent)

    def list(self) -> tuple[Role, ...]:
        """Return the direct children of the role, sorted by name. If the role is not composite, the result is empty.

        Raises:
            NotFound: the role does not exist.

        >>> [child.name for child in dev.roles.composites("admin").list()]
        ['approver', 'reviewer']
        """
        path = {**self._place.path, "role_name": self._parent}
        return self._wire.read(list_composite_roles, answers.roles, "role", **path)

    def get(self, child: str) -> Role:
        """Return one of the role's direct children.

        If the service answers 404, which can be wrong, the list of children is read.

        Args:
            child: the name of the child.

        Raises:
            UnusableName: requests cannot address a role of this name; see `check_role_name`.
            NotFound: the list of children does not contain `child`, or the role does not exist.

        >>> (dev.roles.composites("admin").get("reviewer")).name
        'reviewer'
        """
        names = {"role_name": self._parent, "composite_role_name": identifiers.check_role_name(child)}

        def listed() -> Role | None:
            return next((role for role in self.list() if role.name == child), None)

        missing = f"{child!r} is not a child of {self._parent!r} in {self._place}."
        return read_role(self._wire, get_composite_role, self._place.path | names, listed, missing)

    def add(self, *children: str | Iterable[str]) -> None:
        """Make these roles children of this role, in one call. The role keeps its other children.

        The service would accept a role that contains itself. css-sdk therefore first reads all roles that the new
        children contain.

        Args:
            children: names of roles, one or more; lists of names are accepted as well.

        Raises:
            CompositeCycle: the role would contain itself, directly or through other roles. Nothing is sent.
            UnusableName, RequestTooLong: a name is not safe in a request, or the request would be too long. Nothing is
                sent.
            InvalidRequest: `children` is empty, or has an item that is not a name. Nothing is sent.
            NotFound: the role or one of the children does not exist. No child was added.
            OutcomeUnknown: css-sdk cannot know whether the children were added.

        >>> dev.roles.composites("approver").add("reviewer")
        """
        self._write(self._steps("add_composite", children))

    def remove(self, *children: str | Iterable[str]) -> None:
        """Remove these children from the role, with one call for each. A role that is not a child is no error.

        Args:
            children: names of roles, one or more; lists of names are accepted as well.

        Raises:
            UnusableName, RequestTooLong: a name is not safe in a request, or the request would be too long. Nothing is
                sent.
            InvalidRequest: `children` is empty, or has an item that is not a name. Nothing is sent.
            NotFound: this role or one of the roles in `children` does not exist. The roles before it in `children` were
                removed.
            OutcomeUnknown: css-sdk cannot know whether a child was removed. The roles before it in `children` were
                removed.

        >>> dev.roles.composites("admin").remove("approver")
        """
        for step in self._steps("remove_composite", children):
            self._write([step])

    def _write(self, steps: Sequence[Step]) -> None:
        """Carry out steps of one kind in one call: add one or more children to the role, or remove one child."""
        is_adding, names = steps[0].kind == "add_composite", [step.target for step in steps]
        if is_adding:
            from ..plan.ordering import steps_in_cycles

            # It is not known yet which children are composite, so the children of all of them are read.
            below = tree_below(self._roles, [Role(name, composite=True) for name in names])
            for step in steps_in_cycles({**below.children, self._parent: names}, steps):
                if step.target == self._parent:
                    raise CompositeCycle(f"The role {self._parent!r} cannot be a child of itself.")
                raise CompositeCycle(
                    f"{step.target!r} cannot be a child of {self._parent!r}, because {step.target!r} already contains "
                    f"{self._parent!r}."
                )
        path = {"role_name": self._parent}

        def arguments_for(left: Steps) -> dict[str, Any]:
            if is_adding:
                return {**path, "body": [RoleRef(name=step.target) for step in left]}
            return {**path, "composite_role_name": identifiers.check_role_name(left[0].target)}

        change = Change(
            operation=add_composite_roles if is_adding else remove_composite_role,
            steps=tuple(steps),
            arguments=arguments_for,
            observe=self._observe,
            shown=lambda answer, _: answers.role(answer) == Role(self._parent, composite=True),
        )
        carry_out(self._wire, change)

    def set(self, *children: str | Iterable[str], **options: Unpack[ExactOptions]) -> None:
        """Give the role exactly these children. Add children first. If an addition fails, remove no child.

        Args:
            children: names of roles; lists of names are accepted as well.
            allow_empty: whether the role may lose all its children if `children` is empty.
            max_removals: how many children may be removed. The default is a fifth of the role's children, but at least
                4 and at most 10.
            confirm, progress: as for `Roles.set_members`.

        Raises:
            EmptySet: `children` is empty, and `allow_empty` is not set. Nothing is sent.
            TooManyRemovals: more children would be removed than `max_removals` allows. Nothing was changed.
            NotConfirmed: `confirm` returned False. Nothing was changed.
            StalePlan: the children changed while `confirm` was called. Nothing was changed.
            CompositeCycle, UnusableName, RequestTooLong, NotFound, OutcomeUnknown: as for `add` and `remove`.
            CallbackFailed: `progress` raised an exception. All changes were made nevertheless.

        >>> dev.roles.composites("admin").set("reviewer")
        """
        from ..plan.desired import DesiredRole, Listed

        wanted = arguments.flattened(children, "child")
        service_limits.check_separable(**self._place.path, parent=self._parent, children=wanted)

        raise_first(
            make_exact(
                self._roles,
                partial(self._observe, wanted),
                wanted,
                f"children of the role {self._parent!r}",
                roles=[DesiredRole(self._parent, composites=Listed(tuple(dict.fromkeys(wanted)), exact=True))],
                options=options,
            )
        )

    def _observe(self, also: Iterable[str] = ()) -> PlaceState:
        """Read the children of the role, and return a state with the role, its children and the roles in `also`."""
        held = frozenset([role.name for role in self.list()])
        return PlaceState(self._place, "", held.union(also, (self._parent,)), {self._parent: held})

    def _steps(self, kind: StepKind, children: Iterable[str | Iterable[str]]) -> Steps:
        """Return a step for each child. Check all names first, so that nothing is sent if one name is refused."""
        names = arguments.distinct(arguments.flattened(children, "child"), "child")
        service_limits.check_separable(**self._place.path, parent=self._parent, children=names)
        return tuple(Step(kind, self._place, self._parent, name) for name in names)
