"""What the service demands and its document does not say. Pure: values in, values or a refusal out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from enum import Enum
from typing import Final, SupportsIndex
from urllib.parse import quote, unquote

from . import _arguments
from ._shown import hidden_in, with_codes
from .errors import (
    CompositeCycle,
    ConfigurationError,
    EmptySet,
    EnvironmentMissing,
    InvalidRequest,
    NotApplied,
    Remedy,
    RequestTooLong,
    UnusableName,
    UnusableUser,
)
from .models import PROVIDERS, SERVICE_ACCOUNT_PREFIX, Integration, Role, RoleTree, ServiceAccount, User, UserLike

LONGEST_REQUEST: Final = 255
"""Characters of path and query, after the base address, beyond which the service goes down."""

PAGE_SIZE: Final = 50
"""Members on one page at the most; a shorter page is the last."""

MOST_ROLES_LISTED: Final = 5000
"""A list of roles as long as this may be cut, so it proves no absence."""

MOST_PAGES: Final = 5000
"""Pages of a role's members at the most: 250,000 people. A list with more of them has no end."""

MOST_READINGS: Final = 3
"""Readings of a list on which a removal depends, of which two in a row have to agree."""

SHORTEST_TERM: Final = 2
"""Characters of a search term at the least."""

MOST_AT_ONCE: Final = 8
"""Calls at once at the most: more are no faster, and only a burden to the service."""

MOST_FOUND: Final = 50
"""People a search finds at the most; more rows than this are repetitions."""

ENVIRONMENTS: Final = ("dev", "test", "prod")
"""The environments there are; their names are matched with case."""


_BLANKS: Final = r"^[\s\ufeff]+|[\s\ufeff]+$"
"""What programs take away around a text. The byte order mark is a blank in JavaScript, and not in Python."""

_LONGEST_USERNAME_PROVIDED_FOR: Final = 64


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
    """The checked role name, encoded once, with its dots; the generated client encodes it a second time.

    The service decodes a role name in a path twice, so once-encoded `a%2Fb` would be the role `a/b`.

    >>> role_in_path("a%2Fb")
    'a%252Fb'
    """
    return quote(check_role_name(name), safe="").replace(".", "%2E")


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


def check_environment(integration: Integration, environment: str) -> str:
    """The environment itself, when the integration has it and the login server knows the integration.

    In an environment that the integration lacks the service answers a rename and a deletion with success.

    Raises:
        NotApplied: for a draft.
        EnvironmentMissing: for an environment that is not the integration's, `TEST` for `test` included.
    """
    name = f"Integration {integration.project_name!r} (#{integration.id})"
    if environment not in integration.environments:
        raise EnvironmentMissing(
            f"{name} has no environment {environment!r}. It has: {', '.join(integration.environments) or 'none'}."
        )
    if integration.status == "draft":
        raise NotApplied(f"{name} is a draft: submit it in the CSS web app and wait until it is applied.")
    return environment


def check_known_environment(environment: str) -> None:
    """Refuses what is no environment at all.

    Raises:
        EnvironmentMissing: for anything but `dev`, `test` and `prod`.
    """
    if environment not in ENVIRONMENTS:
        raise EnvironmentMissing(f"{environment!r} is no environment; there are {', '.join(ENVIRONMENTS)}.")


def check_search_term(name: str, term: object) -> str:
    """Return the term, when the service can be searched by it.

    Raises:
        InvalidRequest: for what is not text, fewer than 2 characters, control characters and lone surrogates.
    """
    if not isinstance(term, str):
        raise InvalidRequest(
            f"The {name} to search by must be text, not {_arguments.described(term)}. Leave the term out where it is "
            f"not known."
        )
    if len(term) < SHORTEST_TERM:
        raise InvalidRequest(f"The {name} to search by is {term!r}; it needs {SHORTEST_TERM} characters or more.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in term):
        raise InvalidRequest(f"The {name} to search by holds characters that cannot be sent: {term!r}.")
    return term


def check_path(path: str, request: str) -> None:
    """Refuse a path of which a part is empty, blank or only dots: it would be the path of something else.

    Args:
        path: as it will be sent, after the base address.
        request: method and path, for the message.

    Raises:
        UnusableName: for such a part, as it stands there, decoded once or decoded twice.
    """
    for part in path.split("/")[1:]:
        once = unquote(part)
        for read in (once, unquote(once)):
            if re.sub(_BLANKS, "", read) in ("", ".", ".."):
                raise UnusableName(f"{request}: a part of the path is empty or only dots ({read!r}).", request=request)


def check_length(target: str, request: str) -> None:
    """Refuses a request that would bring the service down.

    Args:
        target: path and query as they will be sent, after the base address.
        request: method and path, for the message.

    Raises:
        RequestTooLong: beyond 255 characters, percent-encoding counted.
    """
    if len(target) > LONGEST_REQUEST:
        raise RequestTooLong(
            f"{request}: path and query have {len(target)} characters where the service takes {LONGEST_REQUEST}. "
            f"Percent-encoding counts, and a role name is encoded twice: choose a shorter name.",
            request=request,
        )


def check_removable(integration_id: int, environment: str, roles: Iterable[str], username: str = "") -> None:
    """Refuses what could be given, or created, but never addressed again.

    Taking a role from a user is the longest request in which its name stands. A role to be created has to leave room
    for usernames of 64 characters.

    Raises:
        UnusableName: for a name that `check_role_name` refuses.
        RequestTooLong: when that request would pass 255 characters.
    """
    user = quote(username, safe="") if username else "u" * _LONGEST_USERNAME_PROVIDED_FOR
    for role in roles:
        path = f"/integrations/{integration_id}/{environment}/users/{user}/roles/{quote(role_in_path(role), safe='')}"
        if len(path) > LONGEST_REQUEST:
            if username:
                what = f"The request that removes the role {role!r} from {username} would have {len(path)} characters"
            else:
                what = f"The role name {role!r} is too long: requests about its members have {len(path)} characters"
            raise RequestTooLong(
                f"{what}, and the service takes {LONGEST_REQUEST}. Percent-encoding counts, and a role name is encoded "
                f"twice. Choose a shorter name."
            )


def check_new_role(integration_id: int, environment: str, name: str) -> None:
    """Refuse a role that is to be created, or a new name, that could not be seen, or not be addressed again.

    Raises:
        UnusableName: for a name that `check_new_role_name` refuses.
        RequestTooLong: as `check_removable`.
    """
    check_new_role_name(name)
    check_removable(integration_id, environment, [name])


def check_separable(integration_id: int, environment: str, parent: str, children: Iterable[str]) -> None:
    """Refuses a composite that could be made but never taken apart again.

    Raises:
        UnusableName: for a name that `check_role_name` refuses.
        RequestTooLong: when taking the child out would need more than 255 characters.
    """
    start = f"/integrations/{integration_id}/{environment}/roles/{quote(role_in_path(parent), safe='')}/composite-roles"
    for child in children:
        check_length(
            f"{start}/{quote(role_in_path(child), safe='')}", f"The request that removes {child!r} from {parent!r}"
        )


def check_no_cycle(parent: str, children: Iterable[str], below: RoleTree) -> None:
    """Refuses children of a role that lead back to it.

    Args:
        parent: the role that shall get the children.
        children: the children.
        below: what they lead to.

    Raises:
        CompositeCycle: when one of them is the parent, or leads to it.
    """
    for child in children:
        if child == parent:
            raise CompositeCycle(f"The role {parent!r} cannot be a child of itself.")
        if parent in below.descendants(child):
            raise CompositeCycle(f"{child!r} leads back to {parent!r}: as its child it would close a circle.")


def check_not_emptied(wanted: Collection[object], allow_empty: bool, what: str) -> None:
    """Refuses to take everything away unasked.

    Raises:
        EmptySet: for nothing wanted, unless that is allowed.
    """
    if not wanted and not allow_empty:
        raise EmptySet(
            f"All {what} would be removed. Nothing was sent.",
            remedy=Remedy("If that is meant, say allow_empty=True.", "If that is meant, pass --allow-empty."),
        )


def known_environments(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """The environments that are named, in their usual order; all where none is.

    Raises:
        EnvironmentMissing: for what is no environment.
        InvalidRequest: for an empty list.
    """
    if given is None:
        return ENVIRONMENTS
    named = _arguments.distinct(given, "environment")
    for environment in named:
        check_known_environment(environment)
    return tuple(name for name in ENVIRONMENTS if name in named)


def check_width(width: int) -> None:
    """Refuses more calls at once than do any good.

    Raises:
        ConfigurationError: for anything but 1 to 8.
    """
    is_whole = isinstance(width, SupportsIndex) and not isinstance(width, bool)
    if not is_whole or not 1 <= width <= MOST_AT_ONCE:
        raise ConfigurationError(f"The width is {width!r}, and must be 1 to {MOST_AT_ONCE} calls at once.")


class Proof(Enum):
    """What shows that a write was done."""

    ANSWER = "the answer holds what was asked"
    STATUS = "the status 204"
    READ = "a read, and nothing else"


class Write(Enum):
    """The writes, each with what proves it; whatever proves less is followed by a read.

    Faults of the login server behind the service turn a creation or rename into an empty success and a deletion into
    a 204, done or not; for the others they are told as 422, so that their success can be believed.
    """

    CREATE_ROLE = ("create a role", Proof.ANSWER)
    RENAME_ROLE = ("rename a role", Proof.ANSWER)
    DELETE_ROLE = ("delete a role", Proof.READ)
    ASSIGN = ("assign roles", Proof.ANSWER)
    UNASSIGN = ("unassign a role", Proof.STATUS)
    ADD_COMPOSITES = ("add composites", Proof.ANSWER)
    REMOVE_COMPOSITE = ("remove a composite", Proof.STATUS)

    def __init__(self, words: str, proof: Proof) -> None:
        self.words = words
        self.proof = proof


def list_proves_absence(roles: Sequence[Role]) -> bool:
    """Whether a role that is missing in this list does not exist: not when the list may have been cut."""
    return len(roles) < MOST_ROLES_LISTED


def search_is_complete(rows: int) -> bool:
    """Whether a search with so many rows left nobody out."""
    return rows <= MOST_FOUND


class Verdict(Enum):
    """Outcome of one attempt of a write."""

    DONE = "done: the answer shows it"
    REFUSED = "not done, and another attempt will not help"
    NOT_DONE = "certainly not done; may be attempted again"
    DOUBTFUL = "done or not, and over: a read decides"
    PENDING = "perhaps still on its way: a read that does not show it proves nothing"


VERDICTS: Final[dict[int | None, Verdict]] = {
    None: Verdict.PENDING,  # no answer: a timeout, or a lost connection
    **dict.fromkeys(range(100, 200), Verdict.PENDING),  # not the final answer
    **dict.fromkeys(range(200, 400), Verdict.DOUBTFUL),  # where nothing proves it; the service sends no redirects
    **dict.fromkeys(range(400, 500), Verdict.REFUSED),
    407: Verdict.NOT_DONE,  # a proxy refused, and passed nothing on
    422: Verdict.DOUBTFUL,  # the service's word for everything unforeseen; the work may have been done
    429: Verdict.NOT_DONE,
    500: Verdict.DOUBTFUL,  # the service itself failed, and is finished with the request
    **dict.fromkeys(range(501, 600), Verdict.PENDING),  # a proxy's word: the service behind it may still be at work
}
"""What each status proves about a write, where the answer does not show that it was done."""


def verdict(write: Write, status: int | None, *, sent: bool, shown: bool) -> Verdict:
    """Return what one attempt of a write proves.

    Args:
        write: which write.
        status: of the answer, or None where none came.
        sent: False where it is certain that the request never left for the service: no connection came about, or a
            proxy refused.
        shown: whether the answer holds what was asked.

    >>> verdict(Write.ASSIGN, 201, sent=True, shown=True).name, verdict(Write.ASSIGN, 504, sent=True, shown=False).name
    ('DONE', 'PENDING')
    """
    if not sent:
        return Verdict.NOT_DONE
    proven = status == 204 if write.proof is Proof.STATUS else write.proof is Proof.ANSWER and shown
    if proven and status is not None and 200 <= status < 300:
        return Verdict.DONE
    return VERDICTS.get(status, Verdict.PENDING)
