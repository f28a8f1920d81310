"""Text that may hold anything, made fit to be looked at. Pure."""

from __future__ import annotations


def shown(text: str) -> str:
    """The text without what a terminal, an editor or a page would obey, or what cannot be seen.

    >>> shown("admin\\x1b[2J")
    'admin\N{REPLACEMENT CHARACTER}[2J'
    """
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
