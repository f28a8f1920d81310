"""Make texts safe to display: replace characters that are invisible, or that control terminals or pages. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_IGNORABLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""The characters with the property Default_Ignorable_Code_Point in Unicode 16 (DerivedCoreProperties.txt)."""
_JOINERS: Final = "\u200c\u200d"
_BLANK_BRAILLE: Final = "\u2800"
"""A symbol that looks like a blank, but is not a blank in Unicode."""


def is_hidden(character: str) -> bool:
    """Return whether a character is invisible, or only changes how other characters are displayed.

    Blanks and control characters do not count. The empty Braille pattern counts.

    >>> [is_hidden(character) for character in "a \\u200b\\u3164\\n"]
    [False, False, True, True, False]
    """
    return not character.isascii() and (
        unicodedata.category(character) == "Cf"
        or character == _BLANK_BRAILLE
        or _IGNORABLE.match(character) is not None
    )


def hidden_in(text: str) -> str:
    """Return the hidden characters of a text, each once, in their order. `is_hidden` defines them.

    >>> hidden_in("ad\\u200bmin")
    '\\u200b'
    """
    return "" if text.isascii() else "".join(dict.fromkeys(filter(is_hidden, text)))


def without_hidden(text: str) -> str:
    """Return the text without its hidden characters.

    >>> without_hidden("ad\\u200bmin")
    'admin'
    """
    return text if text.isascii() else "".join(each for each in text if not is_hidden(each))


def with_codes(text: str) -> str:
    """Return the text with a code in the place of each hidden character.

    >>> with_codes("ad\\u200bmin")
    'ad<U+200B>min'
    """
    return text if text.isascii() else "".join(f"<U+{ord(e):04X}>" if is_hidden(e) else e for e in text)


def shown(text: str) -> str:
    """Return the text without characters that are invisible, or that control a terminal or a page.

    A code replaces each hidden character. U+FFFD replaces every other character that Python cannot print:
    control characters, line breaks, all blanks except the space, unassigned characters and surrogates.

    >>> shown("ad\\u200bmin\\x1b[2J")
    'ad<U+200B>min\N{REPLACEMENT CHARACTER}[2J'
    """
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in with_codes(text))


def cut_name(text: str) -> str:
    """Return the first 255 characters of a name. Names of people and projects in the service are not longer."""
    return text[:255]


def shown_name(text: str) -> str:
    """Return a name with U+FFFD for each character that can move the cursor, hide text, or reverse text.

    The two joiners stay, because emoji and Persian words need them. They do not reverse text.

    >>> shown_name("a\u200db\u202ec")
    'a\u200db�c'
    """
    if text.isprintable():
        return text
    return "".join("�" if _is_control(each) else each for each in text)


def _is_control(character: str) -> bool:
    return character not in _JOINERS and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
