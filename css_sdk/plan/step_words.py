"""Put the steps of plans into words. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from .._text.escaping import shown
from ..state import Step, StepKind

STEPS: Final[Mapping[StepKind, tuple[str, str, str]]] = {
    "create_role": ("+", "create", "role {role}"),
    "rename_role": ("~", "rename", "role {role} to {target}"),
    "add_composite": ("+", "add", "{target} to composite {role}"),
    "add_member": ("+", "add", "{target} to {role}"),
    "remove_member": ("-", "remove", "{target} from {role}"),
    "remove_composite": ("-", "remove", "{target} from composite {role}"),
    "delete_role": ("-", "delete", "role {role}"),
}
"""For each kind of step: its sign, its verb, and the words after the verb. The summary counts steps by their verbs."""

Quote = Callable[[str], str]
"""A function that makes any name safe to show, and marks where the name begins and ends."""


class Words:
    """Describe steps in words.

    `quote` quotes or encodes the names that people chose.
    """

    def __init__(self, names: Mapping[str, str], quote: Quote) -> None:
        self._names = names
        self.quote = quote

    def step(self, step: Step) -> str:
        """Return a step in words, such as `add ann@idir to reviewer`."""
        _, verb, words = STEPS[step.kind]
        target = self.who(step.target) if step.changes_member else self.quote(step.target)
        return f"{verb} {words.format(role=self.quote(step.role), target=target)}"

    def who(self, username: str) -> str:
        """Return a username, with the name of the person if it is known."""
        name = self._names.get(username)
        return f"{self.quote(username)} ({self.quote(name)})" if name else self.quote(username)


def in_words(step: Step) -> str:
    """Return a step in words for a message.

    >>> from css_sdk.state import Place
    >>> in_words(Step("add_composite", Place(101, "dev"), "admin", "reviewer"))
    'add reviewer to composite admin'
    """
    return Words({}, in_quotes).step(step)


def in_quotes(text: str) -> str:
    """Return a name as it is, or in quotes if it has other characters than those of usernames and simple names."""
    return text if re.fullmatch(r"[\w@.-]+", text, re.ASCII) else f"'{shown(text)}'"
