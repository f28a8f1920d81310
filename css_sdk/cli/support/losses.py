"""Describe who gains or loses roles when somebody deletes roles, or changes their children."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from ..._text.words import counted
from .changes import in_words, the_first_of

if TYPE_CHECKING:
    from ... import EnvironmentClient
    from ...models import RoleTree
    from ...state import Step


def by_deleting(dev: EnvironmentClient, names: Iterable[str]) -> list[str]:
    """Return sentences about who loses a role when somebody deletes these roles.

    The sentences also name people who have a deleted role only through a parent.
    """
    from ...plan.impact import roles_leading_to

    tree = dev.roles.tree()
    existing = {role.name for role in tree.roles}
    sentences = []
    for name in names:
        if name not in existing:
            sentences.append(f"there is no role {name!r} in {dev.roles.place}")
            continue
        above = roles_leading_to(tree, name) - {name}
        held = _members(dev, {name, *above})
        sentences.append(in_words("revoke", held[name], name, dev.roles.place))
        parents = {parent for parent, children in tree.children.items() if name in children} - {name}
        if parents:
            others = frozenset().union(*(held[role] for role in above)) - held[name]
            lost = in_words("revoke", others, name, dev.roles.place)
            sentences.append(f"{_counted(parents, 'parent')} will no longer contain {name!r}: {lost}")
        sentences += _what_it_stands_for(tree, name)
    return sentences


def by_composing(dev: EnvironmentClient, parent: str, steps: Sequence[Step]) -> list[str]:
    """Return sentences about who gains or loses a role when `steps` change the children of the role `parent`."""
    from ...plan.impact import people_having, roles_leading_to

    tree = dev.roles.tree()
    existing = {role.name for role in tree.roles}
    removed = [step.target for step in steps if step.removes]
    added = [step.target for step in steps if not step.removes]
    sentences = [f"there is no role {child!r} in {dev.roles.place}" for child in added if child not in existing]
    added = [child for child in added if child in existing]
    before = tree.children.get(parent, ())
    after = {**tree.children, parent: [child for child in before if child not in removed] + added}
    above = roles_leading_to(tree, parent) if added else frozenset()
    changed = [child for child in (*added, *removed) if child in existing]
    held = _members(dev, {name for child in changed for name in roles_leading_to(tree, child)} | above)
    for child in removed:
        if child not in before:
            sentences.append(f"{child!r} is not a child of {parent!r} in {dev.roles.place}")
            continue
        lost = people_having(tree.children, held, child) - people_having(after, held, child)
        sentences.append(
            f"{parent!r} will no longer contain {child!r}: {in_words('revoke', lost, child, dev.roles.place)}"
        )
        sentences += _what_it_stands_for(tree, child)
    for child in added:
        gained = people_having(after, held, child) - people_having(tree.children, held, child)
        sentences.append(f"{parent!r} will contain {child!r}: {in_words('grant', gained, child, dev.roles.place)}")
    return sentences


def _what_it_stands_for(tree: RoleTree, name: str) -> list[str]:
    below = tree.descendants(name) - {name}
    if not below:
        return []
    these, them = ("this role", "it") if len(below) == 1 else ("these roles", "them")
    return [
        f"{name!r} contains {_counted(below, 'role')}: users who lose {name!r} also lose {these}, unless they "
        f"have {them} in another way"
    ]


def _members(dev: EnvironmentClient, roles: Collection[str]) -> dict[str, frozenset[str]]:
    """Return the direct members of each role, each as a text with name and username.

    css reads the members again until two readings agree, because one reading can be incomplete.
    """
    return {
        role: frozenset(f"{user.name} {user.username}".strip() for user in dev.roles.settled_members(role))
        for role in sorted(roles)
    }


def _counted(names: Collection[str], what: str) -> str:
    return counted(len(names), what) + (f" ({the_first_of(names)})" if names else "")
