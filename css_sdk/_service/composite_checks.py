"""Refuse composite roles that contain themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import CompositeCycle
from ..models import RoleTree


def check_no_cycle(parent: str, children: Iterable[str], below: RoleTree) -> None:
    """Refuse children that already contain the role, directly or through other roles.

    Args:
        parent: the role that gets the children.
        children: the children.
        below: the composite roles below the children.

    Raises:
        CompositeCycle: a child is the parent, or contains it.
    """
    for child in children:
        if child == parent:
            raise CompositeCycle(f"The role {parent!r} cannot be a child of itself.")
        if parent in below.descendants(child):
            raise CompositeCycle(
                f"{child!r} cannot be a child of {parent!r}, because {child!r} already contains {parent!r}."
            )
