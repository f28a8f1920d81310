"""Clean texts that servers and proxies sent, before a message repeats them. Pure.

Every such text goes through `clean` once, where the answer is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from ..settings import Secret

LONGEST_WORDS: Final = 200
"""The maximum length of a cleaned text, in characters, unless the caller sets another."""
_SHORTEST_TO_HIDE: Final = 3
_LONGEST_TEXT: Final = 4096
_MOST_FOR_A_CHARACTER: Final = 24
"""The maximum number of characters that an encoding uses for one character of a secret."""


_CONTROL: Final = r"[\x00-\x1f\x7f-\x9f]*+"
"""A pattern of the control characters that may stand between two characters of a secret."""
_ESCAPES: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours and movements
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|\x9c|$)"  # titles, links and the like, with their content
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
"""A pattern of the escape sequences that a terminal obeys: colours, cursor movements, titles (ECMA-48)."""


def clean(text: str, secrets: Iterable[Secret] = (), most: int = LONGEST_WORDS) -> str:
    """Return text that a server sent, cleaned for one line of a message.

    The result has no escape sequences of terminals, no new lines, and no marks that change the direction of writing. In
    place of each secret it has `…`. A secret of up to three characters is not replaced, because such a text occurs in
    ordinary words.

    Args:
        text: the text as it was received.
        secrets: the secrets that the result must not contain.
        most: the maximum number of characters. Longer text is cut, and then ends with `…`.

    >>> clean("role \x1b[31ma\x1b[0m\\n not\u202e found")
    'role a not found'
    """
    hidden = list(secrets)
    # Only the beginning is read, because a message can have a million characters. Secrets are replaced before escape
    # sequences are removed, because a secret can itself contain characters that look like an escape sequence.
    text = _ESCAPES.sub("", _replaced(hidden, text[: 20 * most], is_cut=len(text) > 20 * most))
    # Look for secrets again: an escape sequence or a new line that is now removed may have split a secret.
    text = without_secrets(hidden, text if hidden else re.sub(r"\s+", " ", text)).strip()
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def without_secrets(secrets: Iterable[Secret], text: str) -> str:
    """Return the text without control characters, and with `…` in place of each secret.

    A secret is found even if it is percent-encoded, or escaped as in source code or JSON. If the text is longer than
    4,096 characters, return only its beginning.
    """
    # Remove control characters first: they could split a secret, which would then not be found.
    printable = "".join(filter(str.isprintable, text[:_LONGEST_TEXT]))
    return _replaced(list(secrets), printable, is_cut=len(text) > _LONGEST_TEXT)


def _replaced(secrets: Collection[Secret], text: str, *, is_cut: bool) -> str:
    # The longest secret first, because it may begin with a shorter one.
    hidden = sorted((each.reveal() for each in secrets), key=len, reverse=True)
    for secret in hidden:
        if len(secret) > _SHORTEST_TO_HIDE:
            text = re.sub(_pattern(secret), "…", text)
    # The end of a cut text may be the first half of a secret. So remove as many characters as a secret can have.
    return text[: -_MOST_FOR_A_CHARACTER * len(hidden[0])] if is_cut and hidden else text


def _pattern(secret: str) -> str:
    # Quoting a text multiplies its backslashes, so any number of them matches one.
    return _CONTROL.join(
        r"(?:\\++|(?i:%(?:25)*5C|x5c|u005c)++)" if each == "\\" else _plain_or_encoded(each)
        for each in re.sub(r"\\+", r"\\", secret)
    )


def _plain_or_encoded(character: str) -> str:
    """Return a pattern that matches a character as it is, percent-encoded, or escaped as in source code or JSON."""
    # A percent sign may itself be encoded, if an address is part of another address.
    in_addresses = "".join(f"%(?:25)*{byte:02X}" for byte in character.encode())
    in_code = "".join(rf"\\*+x{byte:02x}" for byte in character.encode())
    units = character.encode("utf-16-be").hex()
    in_json = "".join(rf"\\*+u{units[at : at + 4]}" for at in range(0, len(units), 4))
    others = "|[+]" if character == " " else ""
    seen = "" if character.isprintable() else "?"
    return rf"(?:\\*+{re.escape(character)}|(?i:{in_addresses}|{in_code}|{in_json}){others}){seen}"
