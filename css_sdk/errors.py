"""What can go wrong, as one tree, and the only place that turns a status into an error.

    CssError
    ├── ConfigurationError     credentials or addresses are missing or make no sense
    ├── InvalidFile            a file of the caller's has faults; `faults` tells them all
    ├── Refused                a guard said no; nothing was sent
    │   ├── UnusableName       a role name that the service cannot hold or address safely
    │   ├── UnusableUser       a username whose identity provider cannot have roles
    │   ├── RequestTooLong     more than 255 characters of path and query
    │   ├── HarmfulRequest     a deprecated call that stops the service
    │   ├── EnvironmentMissing the integration has no such environment
    │   ├── WrongTeam          credentials of another team than the one asked for
    │   ├── NotGold            the integration is not Gold, so its roles are not ours to manage
    │   ├── NotApplied         the integration has no client yet
    │   ├── CompositeCycle     a role would become a child of itself
    │   ├── EmptySet           everything would be taken away, and nobody said that this is meant
    │   ├── TooManyRemovals    an exact set would take away more than a mistake in it should cost
    │   ├── LastMember         a role that shall keep somebody would be left without a member
    │   ├── NotConfirmed       something would be taken away and nobody said yes
    │   ├── HeldBack           a removal that waits until a row of the same role is right
    │   └── MissingRole        a token was accepted, and lacks the role that is asked for
    ├── AuthenticationError    the credentials or the token were not accepted
    ├── InvalidToken           a token that came in was not accepted; `reason` tells why in a word or two
    ├── NotFound               no such integration, role or user
    │   ├── NotIdentified      nobody was found by an address or a GUID, who may be known by another one all the same
    │   └── WrongProvider      the person has logins, but none of the providers asked for; `candidates` holds them
    ├── Conflict               it exists already
    ├── InvalidRequest         the service refused what was asked
    ├── RateLimited            too many calls; `retry_after` tells how long to wait
    ├── ServiceUnavailable     the service, or the login server behind it, has a fault
    │   └── KeysUnavailable    the keys that tokens are checked with cannot be had
    ├── ConnectionFailed       no answer came
    ├── MalformedAnswer        an answer came that makes no sense
    ├── NotTried               it was not begun: an interrupt came before, or what it needs was not done
    ├── NotAllDone             of several changes some failed; `results` holds each
    ├── CallbackFailed         a function of the caller's raised an exception; `result` holds what was done
    ├── StalePlan              what a plan was made from is not there any more; nothing was sent
    ├── OutcomeUnknown         a write may have been done or not, or may still be done
    ├── Ambiguous              several answer to the description; `candidates` holds them
    └── IncompleteSearch       the service cut its answer short, so nothing may be concluded from it

No text of an error holds a secret or a token.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, Final, Literal, Self

from attrs import frozen

UNKNOWN_EXCEPTION: Final = "unknown exception"
MOST_FAULTS: Final = 100
"""Faults of one file that are listed; nobody repairs more before they look again."""

type_of_thing = Literal["integration", "environment", "role", "user", "path"]
type_of_refusal = Literal[
    "algorithm",
    "audience",
    "expired",
    "issuer",
    "malformed",
    "missing claim",
    "not yet valid",
    "signature",
    "too long",
    "type",
    "unknown key",
]


Reader = Literal["python", "command_line", "file"]


@frozen
class Remedy:
    """What to do next, worded for each reader of an error, so that nobody is sent to what they do not have.

    Attributes:
        python: for a program that calls the package.
        command_line: for somebody who calls css, with an option or a command of it.
        file: for a line of a roster or a roles file.
    """

    python: str
    command_line: str
    file: str = ""


class CssError(Exception):
    """Anything that this package raises on purpose.

    Args:
        message: what happened, to what, and what to do next, in a sentence or two.
        remedy: what to do next, where that differs by reader; the error's own text words it for Python.
        status: the HTTP status of the answer, where there was one.
        request: method and path of the call, without its query.
        retry_after: seconds to wait before another try, where the service said so.

    Whatever ends the reading of a range of log lines carries what was read so far in `lines`, and in `resume_at` from
    when on to read later.
    """

    lines: tuple[Any, ...] = ()
    resume_at: datetime.datetime | None = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        request: str | None = None,
        retry_after: float | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message if remedy is None else f"{message} {remedy.python}".rstrip())
        self._message = message
        self.remedy = remedy
        self.status = status
        self.request = request
        self.retry_after = retry_after

    def text_for(self, reader: Reader) -> str:
        """Return the text of the error, with what to do next in the words of its reader.

        Args:
            reader: `python`, `command_line`, or `file` for a line of a roster or a roles file.

        >>> remedy = Remedy("Say allow_empty=True.", "Pass --allow-empty.")
        >>> error = EmptySet("All 3 members would be removed.", remedy=remedy)
        >>> str(error)
        'All 3 members would be removed. Say allow_empty=True.'
        >>> error.text_for("command_line")
        'All 3 members would be removed. Pass --allow-empty.'
        """
        if self.remedy is None:
            return str(self)
        return f"{self._message} {getattr(self.remedy, reader)}".rstrip()


class ConfigurationError(CssError):
    """Credentials or addresses are missing, half filled in, or unsafe to use."""


class InvalidFile(CssError):
    """A file of the caller's cannot be used; `faults` holds a line for each thing that is wrong with it.

    A file with more than 100 faults has its first 100 in `faults`; `fault_count` says how many there are in all.
    """

    def __init__(
        self, message: str, *, faults: Sequence[str] = (), fault_count: int | None = None, **facts: Any
    ) -> None:
        super().__init__(message, **facts)
        self.faults = tuple(faults[:MOST_FAULTS])
        self.fault_count = len(faults) if fault_count is None else fault_count
        for fault in self.faults:
            # A traceback shows them then, in a notebook too.
            self.add_note(fault)

    @classmethod
    def with_faults(cls, name: str, faults: Sequence[str], then: str = "", fault_count: int | None = None) -> Self:
        """Return the error of a file that was read whole and has these faults.

        Args:
            name: of the file.
            faults: a line for each, at least for the first 100.
            then: what to do next, where that is not to mend them.
            fault_count: how many there are in all, where `faults` holds only the first.
        """
        count = len(faults) if fault_count is None else fault_count
        said = "1 fault" if count == 1 else f"{count} faults"
        first = f" These are the first {MOST_FAULTS}." if count > MOST_FAULTS else ""
        return cls(f"{name} has {said}; nothing was sent.{first}{then}", faults=faults, fault_count=count)


class Refused(CssError):
    """A guard said no before anything was sent."""


class UnusableName(Refused):
    """A role name that is empty, only blanks, `.`, `..`, or holds characters that cannot be sent."""


class UnusableUser(Refused):
    """A username that names no identity provider, or one whose users cannot have roles."""


class RequestTooLong(Refused):
    """Path and query would pass the 255 characters at which the service goes down."""


class HarmfulRequest(Refused):
    """The service would stop, or answer wrongly: css-sdk never sends the two deprecated calls about mappings."""


class EnvironmentMissing(Refused):
    """The integration does not have the environment; the service would answer such writes with success."""


class WrongTeam(Refused):
    """The credentials belong to another team than the one pinned with `team_id`."""


class NotGold(Refused):
    """The integration exists, but is not Gold."""


class NotApplied(Refused):
    """The integration is a draft: the login server does not know it yet."""


class CompositeCycle(Refused):
    """A role would become a child of itself, perhaps through others; the service would accept that."""


class EmptySet(Refused):
    """A set of members, roles or children would be emptied, and `allow_empty=True` was not given."""


class TooManyRemovals(Refused):
    """An exact set would remove more than `css_sdk.plan.removal_limits` allows, and no other limit was given."""


class LastMember(Refused):
    """A role that shall keep somebody would be left without a member, or be deleted."""


class NotConfirmed(Refused):
    """Something would be taken away and was not confirmed."""


class HeldBack(Refused):
    """An exact roster takes a role from nobody while a row of that role does not work out: it may mean them."""


class NotTried(CssError):
    """It was not begun: the work was interrupted before, or something that it needs was not done."""


class MissingRole(Refused):
    """A token was accepted, and whom it stands for lacks a role that is asked for, which `role` names."""

    def __init__(self, message: str, *, role: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.role = role


class AuthenticationError(CssError):
    """The login server did not accept the credentials, or the service not the token.

    Where the login server said why, `error` holds its code (RFC 6749, 5.2) and `error_description` its words, cut
    short.
    """

    def __init__(
        self, message: str, *, error: str | None = None, error_description: str | None = None, **facts: Any
    ) -> None:
        super().__init__(message, **facts)
        self.error = error
        self.error_description = error_description


class InvalidToken(CssError):
    """A token that came in was not accepted. `reason` tells why: always the same words, fit for a log or a counter."""

    def __init__(self, message: str, *, reason: type_of_refusal = "malformed", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.reason = reason


class NotFound(CssError):
    """There is no such thing; `what` says of which kind: integration, environment, role or user."""

    def __init__(self, message: str, *, what: type_of_thing = "path", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.what = what


class NotIdentified(NotFound):
    """Nobody was found by what is known of a person, who may be known to the service by something else.

    An e-mail address can be mistyped, or outdated in the login server; a GUID can be incomplete. So this does not say
    that the person never logged in: any member of a role may be meant.
    """

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message, **{"what": "user", **facts})


class WrongProvider(NotFound):
    """Nobody of the providers asked for is meant, but there are logins of others, which `candidates` holds."""

    def __init__(self, message: str, *, candidates: Sequence[Any] = (), **facts: Any) -> None:
        super().__init__(message, what="user", **facts)
        self.candidates = tuple(candidates)


class Conflict(CssError):
    """What was to be created exists already."""


class InvalidRequest(CssError):
    """The service refused what was asked; asking again will not help."""


class RateLimited(CssError):
    """Too many calls. `retry_after` holds the seconds to wait, where the service said so."""


class ServiceUnavailable(CssError):
    """The service or the login server behind it has a fault that may pass."""


class KeysUnavailable(ServiceUnavailable):
    """The keys of an issuer cannot be had, so nothing can be said of its tokens. `retry_after` tells when to try."""


class ConnectionFailed(CssError):
    """The service could not be reached, or the connection was lost before its answer came."""


class MalformedAnswer(CssError):
    """An answer came that is not what the service gives: another type, a field missing, a page of HTML."""


class NotAllDone(CssError):
    """Of several changes that belong together some failed or are unknown; `results` holds how each ended."""

    def __init__(self, message: str, *, results: Sequence[Any] = (), **facts: Any) -> None:
        super().__init__(message, **facts)
        self.results = tuple(results)


class CallbackFailed(CssError):
    """The `progress` of a call raised an exception, which is the cause; the call was carried out all the same.

    `result` holds what the call would have returned.
    """

    def __init__(self, message: str, *, result: Any = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.result = result


class StalePlan(CssError):
    """What a plan was made from is not there any more, or is another team's or address's. Nothing was sent."""


class OutcomeUnknown(CssError):
    """A write may have been done or not, or may still be done: no answer and no read proves which.

    After a timeout, a lost connection or a proxy's 502, 503 or 504 the request may still be on its way. So may an
    earlier attempt of the same client that would reverse this write. Read the state again in some minutes.
    """


class Ambiguous(CssError):
    """Several people or integrations answer to the description; `candidates` holds them."""

    def __init__(self, message: str, *, candidates: Sequence[Any] = (), **facts: Any) -> None:
        super().__init__(message, **facts)
        self.candidates = tuple(candidates)


class IncompleteSearch(CssError):
    """The service cut the list short, so that neither "none" nor "only one" can be concluded from it."""


@frozen
class Told:
    """What an answer told, with nothing of the HTTP library in it: the input of `error_for`."""

    status: int
    message: str
    """The service's own words, or "" where the answer held none."""
    is_json: bool
    request: str
    retry_after: float | None = None


def in_words(seconds: float | None) -> str:
    """A wait as people read it; "a while" where it is not known, or longer than anybody waits.

    >>> in_words(3600.0)
    '3600 seconds'
    """
    return f"{seconds:.0f} seconds" if seconds is not None and seconds < 10**9 else "a while"


def is_passing(told: Told) -> bool:
    """Whether the answer tells of a fault that may be gone at the next try.

    422 `unknown exception` is the service's word for anything unforeseen, a fault of the login server included.
    """
    if told.status == 422:
        return told.message == UNKNOWN_EXCEPTION
    return told.status == 429 or told.status >= 500


def error_for(told: Told, what: type_of_thing = "path") -> CssError:
    """The error that an answer other than a success stands for; `what` is what the call was about."""
    kind, sentences = _kind_and_sentences(told, what)
    facts: dict[str, Any] = {"status": told.status, "request": told.request, "retry_after": told.retry_after}
    if kind is NotFound:
        facts["what"] = _what_is_missing(told.message, what)
    return kind(f"{sentences} ({told.request}: {told.status})", **facts)


def _kind_and_sentences(told: Told, what: type_of_thing) -> tuple[type[CssError], str]:
    said = told.message.rstrip(" .") or "The service gave no reason"
    match told.status:
        case 401:
            # A token that was refused is renewed once, so that this one is new.
            return AuthenticationError, (
                "The service did not accept the token, though the login server has just issued it. That is more likely "
                "a fault of the service than of your credentials: ask its operators whether it read the login server's "
                "keys after its last start. Check also that CSS_API_URL and CSS_TOKEN_URL belong together."
            )
        case 403:
            return AuthenticationError, f"{said}. The API account may not do this."
        case 404 if not told.is_json:
            return MalformedAnswer, "There is no such path. Check the address of the API (CSS_API_URL)."
        case 404 if told.message == "client null not found":
            return NotApplied, "The integration is not applied yet: the login server does not know it."
        case 404:
            return NotFound, f"{said}. {_hint_for_missing(told.message, what)}".rstrip()
        case 407:
            return ConnectionFailed, (
                "The proxy refused: 407 Proxy Authentication Required. Nothing was sent to the service. Check the "
                "proxy's credentials in HTTP_PROXY or HTTPS_PROXY; NO_PROXY names hosts that are reached without it."
            )
        case 409:
            return Conflict, f"{said}."
        case 422 if told.message == UNKNOWN_EXCEPTION:
            return ServiceUnavailable, (
                f"The service said '{said}', as it does for anything unforeseen, a fault of the login server behind "
                f"it included. Try again later."
            )
        case 429:
            return RateLimited, f"Too many calls. Try again in {in_words(told.retry_after)}."
        case status if status >= 500:
            return ServiceUnavailable, f"The service has a fault: {told.message or status}. Try again later."
        case status if 400 <= status < 500:
            return InvalidRequest, f"{said}. The service refused this; asking again will not help."
        case _:
            return MalformedAnswer, "The service never answers so. Check the address of the API (CSS_API_URL)."


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


def _hint_for_missing(message: str, what: type_of_thing) -> str:
    match _what_is_missing(message, what):
        case "user" if "@" not in message:
            return "A service account exists only in the environments of its integration."
        case "user":
            return "The service knows only people who logged in to this environment once: never logged in here?"
        case "role":
            return "Roles are per integration and environment, and their names are matched with case."
        case "environment":
            return "The login server of this environment does not know the integration."
        case _:
            return ""
