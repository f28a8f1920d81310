"""Refuse composite roles that contain themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import (
    CompositeCycle,
)
from ..models import RoleTree


def check_no_cycle(parent: str, children: Iterable[str], below: RoleTree) -> None:
    """Refuse children of a role that lead back to it.

    Args:
        parent: the role that gets the children.
        children: the children.
        below: what they lead to.

    Raises:
        CompositeCycle: when one of them is the parent, or leads to it.
    """
    for child in children:
        if child == parent:
            raise CompositeCycle(f"The role {parent!r} cannot be a child of itself.")
        if parent in below.descendants(child):
            raise CompositeCycle(f"{child!r} leads back to {parent!r}: as its child it would close a circle.")
