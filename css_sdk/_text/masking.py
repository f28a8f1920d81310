"""Mask names and addresses in texts that others will read. Equal names get equal masks. Pure."""

from __future__ import annotations

import re
from typing import Final

_LONGEST_LEFT: Final = 6
"""The most characters of a name or address that a mask leaves. It leaves at most a quarter of them."""
_SERVICE_ACCOUNT: Final = "service-account-"
_WITH_AT: Final = re.compile(r'[^\s@,;<>"()]*@(?:[\w.-]*\w)?')
_USERNAME: Final = re.compile(r"\W?([0-9a-f]{6}[0-9a-f]{10,}@[a-z]+)", re.IGNORECASE)
_NAME: Final = re.compile(r"(…@[a-z]+) \(.*?\)(?=[,.;]|$)", re.DOTALL)
"""A masked username and the name of the person in parentheses, as messages write them."""
_GUID: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{6}[0-9a-f-]{10,}", re.IGNORECASE)


def mask_name(name: str) -> str:
    """Return a username, GUID or e-mail address with `…` for most of its characters. Equal names get equal masks.

    >>> [mask_name(name) for name in ("jane.doe@example.com", "service-account-fisheries-service-102")]
    ['ja…', 'service-account-fishe…']
    """
    prefix = _SERVICE_ACCOUNT if name.startswith(_SERVICE_ACCOUNT) else ""
    own, at, provider = name.removeprefix(prefix).partition("@")
    left = own[: min(_LONGEST_LEFT, len(own) // 4)]
    # The provider of a username stays, because many people share it. Few people may share the domain of an address.
    return f"{prefix}{left}…{at}{provider}" if at and "." not in provider else f"{prefix}{left}…"


def mask_text(text: str) -> str:
    """Return a text with shortened usernames and GUIDs, and with `…` for e-mail addresses.

    A person's name in parentheses after a username is removed.

    >>> mask_text("2 logins have jane.doe@example.com: 0f3ac87806aa7f215a7c0d4cc4d9e799@idir (Jane Doe).")
    '2 logins have …: 0f3ac8…@idir.'
    """

    def cut(found: re.Match[str]) -> str:
        username = _USERNAME.fullmatch(found[0])
        return mask_name(username[1]) if username else "…"

    return _NAME.sub(r"\1", _GUID.sub(lambda found: mask_name(found[0]), _WITH_AT.sub(cut, text)))
