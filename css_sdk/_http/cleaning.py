"""Clean the texts that come from outside, before a message repeats them. Pure.

`clean` is the one function for that. Every text of a server or a proxy goes through it once, where its answer is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from ..settings import Secret

LONGEST_WORDS: Final = 200
"""Characters of such a text that a message repeats."""
_SHORTEST_TO_HIDE: Final = 3
_LONGEST_TEXT: Final = 4096
_MOST_FOR_A_CHARACTER: Final = 24
"""Characters that an encoding may write for one."""


_CONTROL: Final = r"[\x00-\x1f\x7f-\x9f]*+"
"""What may stand between the characters of a secret."""
_ESCAPES: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours and movements
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|\x9c|$)"  # titles, links and the like, with what they hold
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
"""What a terminal would obey: colours, movements, titles (ECMA-48)."""


def clean(text: str, secrets: Iterable[Secret] = (), most: int = LONGEST_WORDS) -> str:
    """Return a text of an answer for one line of a message, without escape sequences, new lines and direction marks.

    Args:
        text: as it came.
        secrets: what must not be repeated.
        most: characters to keep.

    >>> clean("role \x1b[31ma\x1b[0m\\n not\u202e found")
    'role a not found'
    """
    hidden = list(secrets)
    # Far more than is kept is not looked at: a message can have a million characters. A secret can itself hold what
    # looks like an escape sequence, alone or with a control character, so it is looked for before those are removed.
    text = _ESCAPES.sub("", _replaced(hidden, text[: 20 * most], is_cut=len(text) > 20 * most))
    # A secret that is split by an escape sequence or a new line is found once these are gone.
    text = without_secrets(hidden, text if hidden else re.sub(r"\s+", " ", text)).strip()
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def without_secrets(secrets: Iterable[Secret], text: str) -> str:
    """Return the text without control characters and secrets, however their characters are encoded.

    Of a text that is longer than 4,096 characters, the start is returned.
    """
    # First what could stand within a secret, and be taken out of it only when nobody looks for it any more.
    printable = "".join(filter(str.isprintable, text[:_LONGEST_TEXT]))
    return _replaced(list(secrets), printable, is_cut=len(text) > _LONGEST_TEXT)


def _replaced(secrets: Collection[Secret], text: str, *, is_cut: bool) -> str:
    # The longest first: one may begin with another.
    hidden = sorted((each.reveal() for each in secrets), key=len, reverse=True)
    for secret in hidden:
        if len(secret) > _SHORTEST_TO_HIDE:
            text = re.sub(_pattern(secret), "…", text)
    # What was cut off may have been the second half of a secret.
    return text[: -_MOST_FOR_A_CHARACTER * len(hidden[0])] if is_cut and hidden else text


def _pattern(secret: str) -> str:
    # A quotation multiplies backslashes, so that a run of them counts as one.
    return _CONTROL.join(
        r"(?:\\++|(?i:%(?:25)*5C|x5c|u005c)++)" if each == "\\" else _plain_or_encoded(each)
        for each in re.sub(r"\\+", r"\\", secret)
    )


def _plain_or_encoded(character: str) -> str:
    """Return the pattern of a character as itself, as in an address, and with a backslash as in code and JSON."""
    # A percent sign may itself be encoded, where an address stands within another.
    in_addresses = "".join(f"%(?:25)*{byte:02X}" for byte in character.encode())
    in_code = "".join(rf"\\*+x{byte:02x}" for byte in character.encode())
    units = character.encode("utf-16-be").hex()
    in_json = "".join(rf"\\*+u{units[at : at + 4]}" for at in range(0, len(units), 4))
    others = "|[+]" if character == " " else ""
    seen = "" if character.isprintable() else "?"
    return rf"(?:\\*+{re.escape(character)}|(?i:{in_addresses}|{in_code}|{in_json}){others}){seen}"
