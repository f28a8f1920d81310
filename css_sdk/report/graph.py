"""Draw the composite roles of a place as a graph: inline SVG without scripts, styles or addresses. Pure."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from statistics import mean
from typing import Final

from attrs import frozen

from .._text.escaping import shown_name, with_codes
from ..state import parents_of
from .rows import without_case

MOST_ROLES: Final = 150
"""The largest number of roles in one graph. A larger graph would not be legible."""

_HEIGHT, _GAP, _ACROSS, _CHARACTER, _LONGEST = 26, 12, 64, 8, 32
"""Sizes in pixels: the height of a role, the gap below a role, the gap beside a role, and the width of a character.

The last number is the largest number of characters of a name that the graph shows.
"""


def as_html(text: str) -> str:
    """Return a name or a sentence, escaped for HTML. Replace characters that hide text or change its order."""
    return html.escape(shown_name(text))


def layers(children: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Return all composite roles and their children in columns: children stand to the right of their parents.

    But a child that contains its own parent can stand to the left of the parent. Each column is sorted by name.

    >>> layers({"admin": ["approver", "reviewer"], "approver": ["reviewer"]})
    [['admin'], ['approver'], ['reviewer']]
    """
    below = {child for names in children.values() for child in names}
    order: list[str] = []
    seen: set[str] = set()
    for root in sorted(children, key=lambda role: (role in below, *without_case(role))):
        _visit(root, children, seen, order)
    order.reverse()
    place = {role: number for number, role in enumerate(order)}
    column = dict.fromkeys(order, 0)
    for role in order:
        for child in children.get(role, ()):
            if place[child] > place[role]:
                column[child] = max(column[child], column[role] + 1)
    found: list[list[str]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for role in sorted(order, key=without_case):
        found[column[role]].append(role)
    return found


def _visit(role: str, children: Mapping[str, Collection[str]], seen: set[str], order: list[str]) -> None:
    """Append a role to `order`, after all roles that it contains. But do nothing if the role is in `seen`."""
    if role in seen:
        return
    seen.add(role)
    for child in sorted(children.get(role, ()), key=without_case):
        _visit(child, children, seen, order)
    order.append(role)


def graph_as_svg(name: str, children: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Yield the lines of an SVG that shows which role contains which.

    A screen reader reads `name`, which says what the graph shows.
    """
    boxes: dict[str, _Box] = {}
    parents = parents_of(children)
    left = bottom = 0
    for roles in layers(children):
        # A role stands near its parents, so that few lines cross.
        roles.sort(key=lambda role: mean([boxes[above].y for above in parents.get(role, ()) if above in boxes] or [0]))
        for number, role in enumerate(roles):
            boxes[role] = _Box(left, number * (_HEIGHT + _GAP) + 1, _width(_label(role)) * _CHARACTER + 20)
        left = max(boxes[role].right for role in roles) + _ACROSS
        bottom = max(bottom, len(roles) * (_HEIGHT + _GAP) + _GAP)
    size = f'viewBox="-1 0 {left - _ACROSS + 2} {bottom}" width="{left - _ACROSS + 2}" height="{bottom}"'
    yield f'<svg {size} role="img" aria-label="{as_html(name)}">'
    for parent in sorted(children, key=without_case):
        for child in sorted(children[parent], key=without_case):
            yield _arrow(boxes[parent], boxes[child])
    for role, box in boxes.items():
        yield (
            f"<g><title>{as_html(with_codes(role))}</title>"
            f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{_HEIGHT}" rx="4"/>'
            f'<text x="{box.x + 10}" y="{box.y + 17}">{as_html(_label(role))}</text></g>'
        )
    yield "</svg>"


@frozen
class _Box:
    """The position of a role in a graph, and its width, in pixels."""

    x: int
    y: int
    width: int

    @property
    def right(self) -> int:
        return self.x + self.width


def _arrow(parent: _Box, child: _Box) -> str:
    """Return an arrow from a parent to a child.

    The arrow ends at the left side of a child that stands further right. Otherwise, it ends at the bottom of the child.
    """
    if child.x > parent.x:
        x, y, to_y, bend = parent.right, parent.y + _HEIGHT // 2, child.y + _HEIGHT // 2, _ACROSS // 2
        line = f"M{x} {y}C{x + bend} {y} {child.x - bend} {to_y} {child.x - 6} {to_y}"
        tip = f"M{child.x} {to_y}l-7 -4v8z"
    else:
        x, y, to_x, to_y = parent.x + 8, parent.y + _HEIGHT, child.x + 12, child.y + _HEIGHT
        line = f"M{x} {y}C{x} {y + 24} {to_x} {to_y + 24} {to_x} {to_y + 6}"
        tip = f"M{to_x} {to_y}l-4 7h8z"
    return f'<path class="line" d="{line}"/><path class="tip" d="{tip}"/>'


def _label(role: str) -> str:
    shown = with_codes(role)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
