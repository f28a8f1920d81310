"""Check role names, usernames, GUIDs and integration ids before they are sent. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from .._text.escaping import hidden_in, with_codes
from .._text.shells import quote as quoted
from .._text.suggestions import similar
from .._text.words import counted
from ..errors import Remedy, UnusableName, UnusableUser
from ..models import (
    PROVIDER_FAMILIES,
    PROVIDERS,
    SERVICE_ACCOUNT_PREFIX,
    Integration,
    ServiceAccount,
    User,
    UserLike,
)

PROVIDERS_WITH_GUIDS: Final = (*PROVIDER_FAMILIES["idir"], *PROVIDER_FAMILIES["bceid"])
"""The providers whose GUIDs have 32 hex digits. GitHub identifies its users by numbers."""

HOW_TO_SEARCH_BCEID: Final = "To search for people of BCeID, run: css people find --guid GUID"
"""What to do if nobody of BCeID was found by e-mail address. A search of all integrations needs a GUID."""

_WINDOWS_LOGIN: Final = re.compile(r"[A-Za-z0-9-]{2,15}\\[A-Za-z0-9._-]+")
_BLANKS: Final = r"^[\s\ufeff]+|[\s\ufeff]+$"
"""The pattern of blanks and byte order marks at the ends of a text. JavaScript strips both."""


def without_blanks(text: str) -> str:
    """Return a text without the blanks and byte order marks at its beginning and end."""
    return text.strip() if text.isascii() else re.sub(_BLANKS, "", text)


def check_role_name(name: str) -> str:
    """Return a role name, after checking that the service can store it and that requests can address it.

    The service writes the name into the path of a request to the login server. In this path, `.` and `..` collapse.
    Deleting a role named `..` would delete the whole client of the integration.

    Control characters and lone surrogates do not reach the service unchanged.
    """
    if not isinstance(name, str):
        raise UnusableName(f"A role name must be a text, not {type(name).__name__}.")
    bare = without_blanks(name)
    if not bare:
        raise UnusableName("A role name must not be empty or blank.")
    if bare in (".", ".."):
        raise UnusableName(
            f"A role named {name!r} cannot be addressed: the service would change something else. Use another name."
        )
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise UnusableName(f"The role name {name!r} contains characters that cannot be sent. Use another name.")
    return name


def check_new_role_name(name: str) -> str:
    """Return the name for a new role, after checking that all of its characters are visible.

    For an existing role, use `check_role_name`. It accepts invisible characters.
    """
    if hidden := hidden_in(check_role_name(name)):
        raise UnusableName(
            f"A role cannot be named {with_codes(name)!r}: {with_codes(hidden)} is invisible, and people would take "
            f"the role for another one. Type the name again without it."
        )
    return name


def role_in_path(name: str) -> str:
    """Check a role name with `check_role_name`, and return it percent-encoded twice for a path.

    The service decodes a role name in a path twice. With one encoding, it would read `a%2Fb` as another role, `a/b`.

    >>> role_in_path("a%2Fb")
    'a%25252Fb'
    """
    return quote(quote(check_role_name(name), safe="").replace(".", "%2E"), safe="")


def integration_id(text: str) -> int | None:
    """Return the integration's id in a text such as `#101`. Return None for any other text, also for `101`.

    >>> [integration_id(text) for text in ("#101", "101", "Grants Portal")]
    [101, None, None]
    """
    return int(text[1:]) if re.fullmatch("#[1-9][0-9]{0,14}", text) else None


def is_named(integration: Integration, name: str) -> bool:
    """Return whether a text in a file means this integration: its project name, its id, or `#` and its id.

    >>> from css_sdk import Integration
    >>> portal = Integration(101, "Grants Portal", "browser-login", ("dev",), "applied")
    >>> [is_named(portal, name) for name in ("#101", "101", "Grants Portal", "#102")]
    [True, True, True, False]
    """
    return name in (integration.project_name, str(integration.id), f"#{integration.id}")


def guid_of(text: str) -> str:
    """Return a complete GUID of 32 hex digits without dashes and braces. Return any other text unchanged.

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
    """Return the username of a user in the login server, in lower case.

    The user is `<guid>@<provider>`, `service-account-<client id>`, a `ServiceAccount` or a `User`.

    This function does not check the digits of the GUID, because the service returns usernames of any form. For a
    username from a caller, use `check_username`.
    """
    text = user.username if isinstance(user, (ServiceAccount, User)) else user
    if not isinstance(text, str):
        raise UnusableUser(f"A user must be a username, a User or a ServiceAccount, not {type(user).__name__}.")
    # Most usernames are plain ASCII. In these, only blanks and control characters are refused.
    is_plain = text.isascii() and text.isprintable() and " " not in text
    is_sendable = is_plain or all(unicodedata.category(character)[0] not in "CZ" for character in text)
    if isinstance(user, ServiceAccount) and not (is_sendable and user.client_id and "@" not in text):
        copied = "Copy the client id of the service account, such as fisheries-service-102."
        raise UnusableUser(f"{user.client_id!r} is not a client id.", remedy=Remedy(copied, file=copied))
    if not is_sendable:
        raise UnusableUser(
            f"The username {text!r} contains blanks, or characters that cannot be seen or sent.",
            remedy=Remedy(
                "",
                how_to_find(text if text.isprintable() else ""),
                "Copy the whole username, or write an e-mail address under `email`.",
            ),
        )
    name, at, provider = text.partition("@")
    if not at:
        if text.startswith(SERVICE_ACCOUNT_PREFIX) and text != SERVICE_ACCOUNT_PREFIX:
            return text.lower()
        if error := windows_login_error(text):
            raise error
        sentence = f"{text!r} is not a username. The username of a person is <guid>@<provider>, such as 0f3a…@idir."
        raise UnusableUser(sentence, remedy=instead_of(text))
    if "." in provider:
        raise UnusableUser(
            f"{text!r} is an e-mail address, not a username (<guid>@<provider>).",
            remedy=Remedy(
                "Find the person first: people.find_one(email=…).",
                f"Pass it with --email. {how_to_find(text)}",
                "Write e-mail addresses under `email`.",
            ),
        )
    if not name:
        raise UnusableUser(f"{text!r} is not a username: the person's GUID is missing before the @.")
    if not provider:
        raise UnusableUser(f"{text!r} is not a username: the provider is missing after the @. Add it, such as idir.")
    if provider.lower() not in PROVIDERS:
        if meant := similar(provider, PROVIDERS):
            raise UnusableUser(
                f"{text!r} is not a username: {provider!r} is not a login provider. Did you mean {name}@{meant[0]}?"
            )
        raise UnusableUser(
            f"{text!r}: users of {provider!r} cannot have roles. Use a login of one of these providers: "
            f"{', '.join(sorted(PROVIDERS))}.",
            provider=provider,
        )
    return text.lower()


def windows_login_error(text: str) -> UnusableUser | None:
    r"""Return the error about a Windows login; None for any other text.

    >>> print(windows_login_error(r"IDIR\bob"))
    'IDIR\bob' is a Windows login, which the service does not know. Find the person first: people.find_one(email=…).
    """
    if not _WINDOWS_LOGIN.fullmatch(text):
        return None
    return UnusableUser(
        f"'{text}' is a Windows login, which the service does not know.",
        remedy=Remedy(
            "Find the person first: people.find_one(email=…).",
            how_to_find(),
            "Write the person's e-mail address under `email`.",
        ),
    )


def how_to_find(text: str = "") -> str:
    """Return a sentence with the command that searches for the person whom a text may mean.

    If the text is too short for a search, the command has a placeholder.

    >>> how_to_find("Ilse Hargreave"), how_to_find()
    ("To find the person, run: css people find 'Ilse Hargreave'", 'To find the person, run: css people find NAME')
    """
    meant = text.strip()
    return f"To find the person, run: css people find {quoted(meant) if len(meant) > 1 else 'NAME'}"


def how_to_search(*texts: str) -> str:
    """Return a sentence with the command that searches for people who were not found.

    If one text is given, the command has the GUID in it, or a part of the e-mail address in it. A part finds an address
    that was mistyped, or has changed.

    >>> how_to_search("wren.pickard@example.com was not found.")
    'To search for people by a part of the address, run: css people find --email wren.pi'
    >>> how_to_search("Maren")
    'To search for people, run: css people find NAME'
    """
    if len(set(texts)) > 1:
        return "To search for people by name, GUID or a part of the address, run: css people find TEXT"
    text = "".join(texts[:1])
    if guid := re.search(r"\b[0-9a-fA-F]{32}\b", text):
        return f"To search for people, run: css people find --guid {guid[0]}"
    email = re.search(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", text)
    if email and (part := _part_of_address(email[0])):
        return f"To search for people by a part of the address, run: css people find --email {quoted(part)}"
    return "To search for people, run: css people find NAME"


def _part_of_address(address: str) -> str:
    """Return the beginning of an e-mail address: the first name and two more letters, if the address has a last name.

    If the address has less than two characters before `@`, return "", because a search needs two.

    >>> [_part_of_address(f"{name}@example.com") for name in ("wren.pickard", "wpickard", "front-counter", "x")]
    ['wren.pi', 'wpick', 'front-co', '']
    """
    local = address.partition("@")[0]
    names = re.match(r"[^._-]{2,}[._-][^._-]{1,2}", local)
    part = names[0] if names else local[: max(2, len(local) * 2 // 3)]
    return part if len(part) > 1 else ""


def instead_of(text: str) -> Remedy:
    """Return the next step for a caller who passed a GUID or a client id as a username or an e-mail address."""
    if is_guid(guid_of(text)):
        return Remedy(
            "Add @ and the provider, or find the person: people.find_one(guid=…).",
            f"Pass it with --guid. {how_to_find(text)}",
            "Write GUIDs under `guid`.",
        )
    return Remedy(
        "For a service account, pass ServiceAccount(client_id).",
        f"For a service account, pass --client-id {quoted(text)}. {how_to_find(text)}",
        "For a service account, write its client id under `client_id`.",
    )


def without_provider(username: str) -> str:
    """Return the GUID of a username: the part before the `@`. For a service account, return the whole username."""
    return username.partition("@")[0]


def check_username(user: UserLike) -> str:
    """Return the username that a caller passed, in lower case, after checking the digits of its GUID.

    If a digit is missing, the service finds nobody. Without this check, css-sdk would assume that the person has never
    logged in.

    The GUID of a `User` is not checked, because it comes from the service.

    >>> check_username("0F3AC87806AA7F215A7C0D4CC4D9E799@idir"), check_username("583231@githubpublic")
    ('0f3ac87806aa7f215a7c0d4cc4d9e799@idir', '583231@githubpublic')
    """
    username = username_of(user)
    guid, _, provider = username.partition("@")
    if isinstance(user, str) and provider in PROVIDERS_WITH_GUIDS and not is_guid(guid):
        raise UnusableUser(
            f"{fault_of_digits(user, guid)}.",
            remedy=Remedy(
                "Copy the whole username, or find the person: people.find_one(email=…).",
                f"Copy the whole username. {how_to_find()}",
                "Copy the whole username, or write an e-mail address under `email`.",
            ),
        )
    return username


def fault_of_digits(text: str, guid: str) -> str:
    """Return why the GUID in a username, or the GUID alone, is not valid. The sentence has no full stop.

    >>> fault_of_digits("0f3a@idir", "0f3a")
    "'0f3a@idir' is not valid: its GUID has 4 characters, but must have 32 hex digits"
    """
    what = f"{text!r} is not a GUID" if guid == text else f"{text!r} is not valid"
    length = f"has {counted(len(guid), 'character')}, but " if guid.isalnum() and len(guid) != 32 else ""
    return f"{what}: {'it' if guid == text else 'its GUID'} {length}must have 32 hex digits"
