"""Clean the texts that come from outside, before a message repeats them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from .settings import Secret

LONGEST_WORDS: Final = 200
"""Characters of such a text that a message repeats."""
_SHORTEST_TO_HIDE: Final = 3


def without_secrets(secrets: Iterable[Secret], text: str) -> str:
    """Return the text without control characters and secrets, however their characters are encoded."""
    # First what could stand within a secret, and be taken out of it only when nobody looks for it any more.
    text = "".join(filter(str.isprintable, text))
    # The longest first: one may begin with another.
    for secret in sorted(secrets, key=lambda each: len(each.reveal()), reverse=True):
        if len(secret.reveal()) > _SHORTEST_TO_HIDE:
            text = re.sub("".join(map(_plain_or_encoded, secret.reveal())), "…", text)
    return text


def _plain_or_encoded(character: str) -> str:
    """Return the pattern of a character as itself, as in an address, and with a backslash as in code and JSON."""
    # A percent sign may itself be encoded, where an address stands within another.
    in_addresses = "".join(f"%(?:25)*{byte:02X}" for byte in character.encode())
    in_code = "".join(rf"\\+x{byte:02x}" for byte in character.encode())
    units = character.encode("utf-16-be").hex()
    in_json = "".join(rf"\\+u{units[at : at + 4]}" for at in range(0, len(units), 4))
    others = "|[+]" if character == " " else ""
    seen = "" if character.isprintable() else "?"
    return rf"(?:\\*{re.escape(character)}|(?i:{in_addresses}|{in_code}|{in_json}){others}){seen}"
