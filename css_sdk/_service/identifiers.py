"""Role names, usernames, GUIDs and integration ids as the service takes them, or a refusal. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from .._text.escaping import hidden_in, with_codes
from ..errors import (
    Remedy,
    UnusableName,
    UnusableUser,
)
from ..models import PROVIDERS, SERVICE_ACCOUNT_PREFIX, ServiceAccount, User, UserLike

_BLANKS: Final = r"^[\s\ufeff]+|[\s\ufeff]+$"
"""What programs take away around a text. The byte order mark is a blank in JavaScript, and not in Python."""


def check_role_name(name: str) -> str:
    """The name itself, when the service can hold and address it.

    `.` and `..` collapse in the service's own request to the login server: deleting a role of that name deletes the
    integration's whole client. Control characters and lone surrogates do not survive the way there and back.

    Raises:
        UnusableName: for an empty or blank name, `.`, `..`, control characters and lone surrogates.
    """
    if not isinstance(name, str):
        raise UnusableName(f"A role name is a text, not {type(name).__name__}.")
    bare = re.sub(_BLANKS, "", name)
    if not bare:
        raise UnusableName("A role name may not be empty or only blanks.")
    if bare in (".", ".."):
        raise UnusableName(f"A role named {name!r} cannot be addressed: the service would touch something else.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise UnusableName(f"The role name {name!r} holds characters that cannot be sent.")
    return name


def check_new_role_name(name: str) -> str:
    """Return the name, if a role may be given it: people must see every character of it.

    A role that exists may have any name that `check_role_name` accepts.

    Raises:
        UnusableName: for what `check_role_name` refuses, and for characters that nobody sees.
    """
    if hidden := hidden_in(check_role_name(name)):
        raise UnusableName(
            f"No role can be named {with_codes(name)!r}: nobody sees {with_codes(hidden)}, and it would be taken for "
            f"another role. Type the name again without it."
        )
    return name


def role_in_path(name: str) -> str:
    """Return the checked role name as the generated client writes it into a path: encoded twice, its dots too.

    The service decodes a role name in a path twice, so once-encoded `a%2Fb` would be the role `a/b`.

    >>> role_in_path("a%2Fb")
    'a%25252Fb'
    """
    return quote(quote(check_role_name(name), safe="").replace(".", "%2E"), safe="")


def integration_id(text: str) -> int | None:
    """The id that a text means beyond doubt, written as messages write it; None for any other text.

    >>> [integration_id(text) for text in ("#101", "101", "Grants Portal")]
    [101, None, None]
    """
    return int(text[1:]) if re.fullmatch("#[1-9][0-9]{0,14}", text) else None


def guid_of(text: str) -> str:
    """Return a GUID without the dashes and braces with which many programs write one; any other text as it is.

    >>> guid_of("{0F3AC878-06AA-7F21-5A7C-0D4CC4D9E799}")
    '0F3AC87806AA7F215A7C0D4CC4D9E799'
    """
    inner = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    is_dashed = re.fullmatch("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", inner)
    plain = inner.replace("-", "") if is_dashed else inner
    return plain if is_guid(plain) else text


def is_guid(text: str) -> bool:
    """Return whether a text is a complete GUID of IDIR, Azure IDIR or BCeID: 32 hex digits.

    >>> is_guid("0F3AC87806AA7F215A7C0D4CC4D9E799"), is_guid("d9e799")
    (True, False)
    """
    return re.fullmatch("[0-9A-Fa-f]{32}", text) is not None


def username_of(user: UserLike) -> str:
    """The username in the login server, lower case, of whatever stands for a user.

    Args:
        user: `<guid>@<provider>`, the long form `service-account-<client id>`, a `ServiceAccount` or a `User`.

    Raises:
        UnusableUser: for a text without a provider, and for a provider whose users cannot have roles.
    """
    text = user.username if isinstance(user, (ServiceAccount, User)) else user
    if not isinstance(text, str):
        raise UnusableUser(f"A user is a username, a User or a ServiceAccount, not {type(user).__name__}.")
    # Most usernames are plain ASCII, in which nothing that is printable but the blank is refused.
    is_plain = text.isascii() and text.isprintable() and " " not in text
    if not is_plain and any(unicodedata.category(character)[0] in "CZ" for character in text):
        raise UnusableUser(f"The username {text!r} holds blanks, or characters that cannot be seen or sent.")
    name, at, provider = text.partition("@")
    if isinstance(user, ServiceAccount) or not at:
        if text.startswith(SERVICE_ACCOUNT_PREFIX) and text != SERVICE_ACCOUNT_PREFIX and not at:
            return text.lower()
        raise UnusableUser(
            f"{text!r} is not a username: a person's is <guid>@<provider>, such as 0f3a…@idir.",
            remedy=Remedy(
                "A service account is named by its client id: ServiceAccount(client_id).",
                "To find a person's username, run: css people find. Name a service account with --client-id.",
                "A service account is named by its client id, in the column `client_id`.",
            ),
        )
    if "." in provider:
        raise UnusableUser(
            f"{text!r} looks like an e-mail address, and not like a username (<guid>@<provider>).",
            remedy=Remedy(
                "Find the person first: people.find_one(email=…).",
                "To find the username, run: css people find --email ADDRESS",
                "Name people by address in the column `email`.",
            ),
        )
    if not name:
        raise UnusableUser(f"{text!r} names nobody: before the @ comes the person's GUID, such as 0f3a…{text}.")
    if provider.lower() not in PROVIDERS:
        raise UnusableUser(
            f"{text!r}: users of {provider or 'no provider'!r} cannot have roles. Providers that can: "
            f"{', '.join(sorted(PROVIDERS))}."
        )
    return text.lower()
