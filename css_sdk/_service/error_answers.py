"""Turn an error answer of the service into the error that css-sdk raises. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from .._text.words import waiting_time
from ..errors import (
    AuthenticationError,
    Conflict,
    ConnectionFailed,
    CssError,
    InvalidRequest,
    MalformedAnswer,
    NotApplied,
    NotFound,
    RateLimited,
    ServiceUnavailable,
    type_of_thing,
)
from ..models import SERVICE_ACCOUNT_PREFIX

UNKNOWN_SERVICE_ACCOUNT: Final = (
    "A service account exists only in the environments of its integration. Check the client id."
)
"""The end of a message about a service account that an environment does not know."""
_NO_PLACES: Final[Mapping[tuple[str, str], str]] = {}
_UNKNOWN_EXCEPTION: Final = "unknown exception"
_NOTHING_FOUND: Final = "The service found nothing for this request, and gave no reason"


@frozen
class ErrorAnswer:
    """Hold what `error_for` needs from an error answer, without types of the HTTP library."""

    status: int
    message: str
    """The service's own words, or "" if the answer held none."""
    is_json: bool
    request: str
    retry_after: float | None = None


def is_passing(answer: ErrorAnswer) -> bool:
    """Return whether an answer reports a fault that may be gone at the next attempt.

    The service answers 422 `unknown exception` to anything unforeseen, such as a fault of the login server.
    """
    if answer.status == 422:
        return answer.message == _UNKNOWN_EXCEPTION
    return answer.status == 429 or answer.status >= 500


def error_for(
    answer: ErrorAnswer, what: type_of_thing = "path", places: Mapping[tuple[str, str], str] = _NO_PLACES
) -> CssError:
    """Return the error for an answer that is not a success.

    `what` is the kind of thing that the call was about. It is used if the answer names no kind. `places` has the
    names of known places, by the integration and environment in the path.
    """
    kind, sentences = _kind_and_sentences(answer, what, places)
    facts: dict[str, Any] = {"status": answer.status, "request": answer.request, "retry_after": answer.retry_after}
    if kind is NotFound:
        facts["what"] = _what_is_missing(answer.message, what)
        facts["name"] = _missing_role(answer.message.rstrip(" ."))
    return kind(f"{sentences} ({answer.request}: {answer.status})", **facts)


def _kind_and_sentences(
    answer: ErrorAnswer, what: type_of_thing, places: Mapping[tuple[str, str], str]
) -> tuple[type[CssError], str]:
    said = answer.message.rstrip(" .")
    match answer.status:
        case 401:
            # The client renews a refused token once, so this token is new.
            return AuthenticationError, (
                "The service did not accept the token, although the login server has just issued it. This is probably "
                "a fault of the service, not of your credentials. Ask its operators whether the service read the login "
                "server's keys after its last start. Also check that CSS_API_URL and CSS_TOKEN_URL belong together."
            )
        case 403:
            return (
                AuthenticationError,
                f"{said and f'{said}. '}The API account is not allowed to do this. Run css whoami to see whose account "
                f"it is.",
            )
        case 404 if not answer.is_json:
            return MalformedAnswer, "The service does not know this path. Check the address of the API (CSS_API_URL)."
        case 404 if answer.message == "client null not found":
            return (
                NotApplied,
                "The integration is a draft: the login server does not know it yet. Submit it in the CSS web app.",
            )
        case 404:
            missing = _about_missing_role(_missing_role(said), answer.request, places)
            return NotFound, f"{missing or f'{said or _NOTHING_FOUND}.'} {_hint_for_missing(answer, what)}".rstrip()
        case 407:
            return ConnectionFailed, (
                "The proxy refused the connection: 407 Proxy Authentication Required. Nothing was sent to the service. "
                "Check the proxy's credentials in HTTP_PROXY or HTTPS_PROXY. To bypass the proxy, set NO_PROXY."
            )
        case 409:
            return Conflict, f"{said or 'The item to create already exists'}."
        case 422 if answer.message == _UNKNOWN_EXCEPTION:
            return ServiceUnavailable, (
                f"The service answered '{said}'. This can be any fault of the service, or of the login server behind "
                f"it. Try again later."
            )
        case 429:
            return RateLimited, f"There were too many calls. Try again in {waiting_time(answer.retry_after)}."
        case status if status >= 500:
            return ServiceUnavailable, f"The service has a fault: {answer.message or status}. Try again later."
        case status if 400 <= status < 500:
            return (
                InvalidRequest,
                f"The service refused the request{f': {said}' if said else ', and gave no reason'}. Correct it first, "
                f"because the same request will fail again.",
            )
        case _:
            return (
                MalformedAnswer,
                "The CSS API never answers with this status. Check the address of the API (CSS_API_URL).",
            )


def _what_is_missing(message: str, what: type_of_thing) -> type_of_thing:
    words: dict[str, type_of_thing] = {
        "User ": "user",
        "role ": "role",
        "roles ": "role",
        "composite role": "role",
        "integration ": "integration",
        "client ": "environment",
        "environment ": "environment",
    }
    return next((thing for word, thing in words.items() if message.startswith(word)), what)


def _missing_role(said: str) -> str:
    """Return the name of a missing role from the message of an answer; "" if the message has another form.

    Several names have commas between them.

    >>> _missing_role("roles (reviwer) not found")
    'reviwer'
    """
    found = re.fullmatch(r"(?:composite )?role (.+) not found|roles \((.+)\) not found", said, re.DOTALL)
    return "" if found is None else found[1] or found[2]


def _about_missing_role(name: str, request: str, places: Mapping[tuple[str, str], str]) -> str:
    """Return a sentence that says which role does not exist, and where; "" if the name is empty.

    `request` is method and path. The sentence takes the place from it.

    >>> _about_missing_role("reviwer", "POST /integrations/101/dev/users/0f3a%40idir/roles", {})
    "There is no role 'reviwer' in #101 dev."
    """
    found = re.search("/integrations/([0-9]+)/([a-z]+)/", request)
    where = f" in {places.get((found[1], found[2]), f'#{found[1]} {found[2]}')}" if found else ""
    if ", " in name:
        return f"These roles do not exist{where}: {name}."
    return name and f"There is no role {name!r}{where}."


_HINTS: Final[Mapping[str, str]] = {
    "user": "The service knows only people who have logged in to this environment. Check the username.",
    "role": "Each environment has its own roles. Upper and lower case matter.",
    "environment": "The login server of this environment does not know the integration. Check the environment.",
}
"""The advice for something that does not exist, by its kind."""


def _hint_for_missing(answer: ErrorAnswer, what: type_of_thing) -> str:
    kind = _what_is_missing(answer.message, what)
    user = f"{answer.message} {answer.request.partition('/users/')[2].partition('/')[0]}"
    return UNKNOWN_SERVICE_ACCOUNT if kind == "user" and SERVICE_ACCOUNT_PREFIX in user else _HINTS.get(kind, "")
