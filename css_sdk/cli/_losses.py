"""Who would lose what when roles or composites are taken apart: read first, told in sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from ._changes import losing, the_first_of

if TYPE_CHECKING:
    from .. import EnvironmentClient
    from ..models import RoleTree


def by_deleting(dev: EnvironmentClient, names: Iterable[str]) -> list[str]:
    """Who loses which role when these are deleted, and where each is a child."""
    from .._holders import leading_to

    tree = dev.roles.tree()
    existing = {role.name for role in tree.roles}
    sentences = []
    for name in names:
        if name not in existing:
            sentences.append(f"no role {name!r} is in {_place(dev)}")
            continue
        above = leading_to(tree, name) - {name}
        held = _members(dev, {name, *above})
        sentences.append(losing(held[name], name, _place(dev)))
        parents = {parent for parent, children in tree.children.items() if name in children} - {name}
        if parents:
            others = frozenset().union(*(held[role] for role in above)) - held[name]
            told = _counted(others, "more user")
            sentences.append(f"it is a child of {_counted(parents, 'role')}, through which {told} had it")
        sentences += _what_it_stands_for(tree, name)
    return sentences


def by_separating(dev: EnvironmentClient, parent: str, wanted: Sequence[str], unwanted: Sequence[str]) -> list[str]:
    """Who loses which role when the unwanted are no more children of the role, and the wanted are its children."""
    from .._holders import leading_to, losers

    tree = dev.roles.tree()
    children = tree.children.get(parent, ())
    leading = {name for child in unwanted if child in children for name in leading_to(tree, child)}
    held = _members(dev, leading)
    sentences = []
    for child in unwanted:
        if child not in children:
            sentences.append(f"{child!r} is no child of {parent!r} in {_place(dev)}")
            continue
        lost = losing(losers(tree, held, parent, wanted, child), child, _place(dev))
        sentences.append(f"no longer through {parent!r}: {lost}")
        sentences += _what_it_stands_for(tree, child)
    return sentences


def _what_it_stands_for(tree: RoleTree, name: str) -> list[str]:
    below = tree.descendants(name) - {name}
    return [f"with it goes what it stands for, {_counted(below, 'role')}"] if below else []


def _members(dev: EnvironmentClient, roles: Collection[str]) -> dict[str, frozenset[str]]:
    """Who holds each of the roles directly, read until two readings agree."""
    return {role: frozenset(user.username for user in dev.roles.settled_members(role)) for role in sorted(roles)}


def _counted(names: Collection[str], what: str) -> str:
    told = f"{len(names)} {what}{'' if len(names) == 1 else 's'}"
    return f"{told} ({the_first_of(names)})" if names else told


def _place(dev: EnvironmentClient) -> str:
    return f"{dev.integration.project_name}, {dev.name}"
