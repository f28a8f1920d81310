"""Who holds a role, directly or through others, before a change of composites and after it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from attrs import evolve

from .models import RoleTree


def leading_to(tree: RoleTree, role: str) -> frozenset[str]:
    """The role and all roles that it is a child of, through others as well: whoever holds one of them has it.

    >>> tree = RoleTree((), {"boss": ("admin",), "admin": ("reader",)})
    >>> sorted(leading_to(tree, "reader"))
    ['admin', 'boss', 'reader']
    """
    parents: dict[str, set[str]] = {}
    for parent, children in tree.children.items():
        for child in children:
            parents.setdefault(child, set()).add(parent)
    found = {role}
    waiting = [role]
    while waiting:
        above = parents.get(waiting.pop(), set()) - found
        found |= above
        waiting += above
    return frozenset(found)


def losers(
    tree: RoleTree, members: Mapping[str, Set[str]], parent: str, children: Iterable[str], role: str
) -> frozenset[str]:
    """Who has a role no more when a parent's children become these.

    Args:
        tree: as it is.
        members: of each of the roles that lead to the role, who holds it directly.
        parent: the role whose children change.
        children: what its children will be.
        role: the one that may be lost.

    >>> tree = RoleTree((), {"admin": ("reader",)})
    >>> members = {"admin": {"ann", "bob"}, "reader": {"bob"}}
    >>> losers(tree, members, "admin", [], "reader")
    frozenset({'ann'})
    """
    after = evolve(tree, children={**tree.children, parent: tuple(children)})
    return _having(tree, members, role) - _having(after, members, role)


def _having(tree: RoleTree, members: Mapping[str, Set[str]], role: str) -> frozenset[str]:
    return frozenset().union(*(members.get(name, ()) for name in leading_to(tree, role)))
