"""Find contradictions between the listed roles, members and users of one environment, also across files. Pure.

A contradiction is reported only if it is certain without a request. For example, an e-mail address and a username never
contradict each other, because they may belong to different people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final

from ..people.identities import identity_of, login_of
from ..plan.desired import DesiredPlace, DesiredRole, Protection
from .yaml_nodes import Node

Contradiction = tuple[Node, str]
"""The node of an entry that contradicts another entry, and the message about it."""
Nodes = Mapping[tuple[str, ...], Node]
"""The YAML node of each part of an environment, by key. Each key begins with the kind of the part:

- (`roles`,): the list of roles
- (`role`, name of the role): a role
- (`was`, name of the role): the old name of the role
- (`child`, name of the parent, name of the child): a child of a composite role
- (`members`, name of the role): the list of members
- (`member`, name of the role, identity of the member): a member, or the group that contains the member
- (`user`, identity of the user): a user in the list of users
- (`user role`, identity of the user, name of the role): a role of the user
"""

_MOST_CYCLES: Final = 20
"""The largest number of cycles that are reported at once."""


def contradictions(place: DesiredPlace, nodes: Nodes, protect: Protection) -> Iterator[Contradiction]:
    """Yield the contradictions in the roles, composites, members and users of one environment.

    `place` can come from several files. If an entry contradicts another entry, the message has the line of the other
    entry.
    """
    roles = place.roles.items if place.roles is not None else ()
    listed = {role.name: nodes["role", role.name] for role in roles}
    yield from _renames(roles, nodes, listed)
    yield from _missing_roles(place, roles, nodes, listed, protect)
    yield from _cycles(roles, nodes)
    yield from _users_and_members(place, roles, nodes)


def _renames(roles: tuple[DesiredRole, ...], nodes: Nodes, listed: Mapping[str, Node]) -> Iterator[Contradiction]:
    seen: dict[str, Node] = {}
    for role in roles:
        if role.was is None:
            continue
        node = nodes["was", role.name]
        if role.was == role.name:
            yield node, f"the role {role.name!r} has this name already: leave `was` out"
        elif role.was in listed:
            yield node, f"the old name {role.was!r} is also listed as a role on {listed[role.was].seen_from(node)}"
        elif role.was in seen:
            yield node, f"{seen[role.was].seen_from(node)} renames the role {role.was!r} already"
        seen.setdefault(role.was, node)


def _missing_roles(
    place: DesiredPlace,
    roles: tuple[DesiredRole, ...],
    nodes: Nodes,
    listed: Mapping[str, Node],
    protect: Protection,
) -> Iterator[Contradiction]:
    """Yield a contradiction for each listed child, or role of a user, that will not exist.

    A role will not exist if the files rename it, or if the exact list of roles lacks it. But a protected role is not
    deleted.
    """
    renamed = {role.was: role.name for role in roles if role.was is not None}
    named = [("child", role.name, child) for role in roles if role.composites for child in role.composites.items]
    named += [("user role", identity_of(user.person), name) for user in place.users for name in user.roles.items]
    for key in named:
        name, node = key[-1], nodes[key]
        if name in listed:
            continue
        if name in renamed:
            yield node, f"{listed[renamed[name]].seen_from(node)} renames the role {name!r}: write {renamed[name]!r}"
        elif place.roles is not None and place.roles.exact and not protect.covers_role(name):
            yield (
                node,
                f"the role {name!r} is not in the exact list of roles of the environment, so it would be deleted: add "
                f"it to that list, or remove it here",
            )


def _cycles(roles: tuple[DesiredRole, ...], nodes: Nodes) -> Iterator[Contradiction]:
    """Yield a contradiction for each role that contains itself, directly or through its children.

    At most 20 cycles of two or more roles are reported.
    """
    below: dict[str, dict[str, Node]] = {}
    for role in roles:
        children = role.composites.items if role.composites is not None else ()
        below[role.name] = {child: nodes["child", role.name, child] for child in children}
        if role.name in below[role.name]:
            yield below[role.name].pop(role.name), f"the role {role.name!r} cannot be a child of itself"
    for _ in range(_MOST_CYCLES):
        try:
            TopologicalSorter(below).prepare()
            return
        except CycleError as error:
            # A role, its child, its child's child and so on, to the same role.
            cycle: list[str] = error.args[1][::-1]
        # Remove the last link of this cycle, so that the next cycle can be found.
        yield below[cycle[-2]].pop(cycle[-1]), f"these roles contain each other: {' -> '.join(map(repr, cycle))}"


def _users_and_members(place: DesiredPlace, roles: tuple[DesiredRole, ...], nodes: Nodes) -> Iterator[Contradiction]:
    """Yield a contradiction for each user whose list of roles contradicts a role's list of members.

    The lists contradict each other if one list says that the user has the role, and the other list is exact and does
    not say so.
    """
    members = {role.name: role.members for role in roles if role.members is not None} if place.users else {}
    identities = {name: set(map(identity_of, listed.items)) for name, listed in members.items()}
    # If a member is named by e-mail address, a search is needed to know the login, so nothing is certain.
    closed = {name for name, listed in members.items() if listed.exact and all(map(login_of, listed.items))}
    held: dict[str, list[str]] = {}
    for name, there in identities.items():
        for identity in there:
            held.setdefault(identity, []).append(name)
    for user in place.users:
        identity, own = identity_of(user.person), set(user.roles.items)
        for name in held.get(identity, ()) if user.roles.exact else ():
            if name not in own:
                node = nodes["user", identity]
                where = nodes["member", name, identity].seen_from(node)
                yield (
                    node,
                    f"the exact list of roles does not contain {name!r}, but {where} lists this user as a member of "
                    f"{name!r}",
                )
        for name in user.roles.items:
            if name in closed and identity not in identities[name] and login_of(user.person) is not None:
                node = nodes["user role", identity, name]
                where = nodes["members", name].seen_from(node)
                yield node, f"the exact list of members of {name!r} on {where} does not contain this user"
