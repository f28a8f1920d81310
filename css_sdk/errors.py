"""Define all errors of css-sdk as one tree.

::

    CssError
    ├── ConfigurationError     credentials or addresses are missing, incomplete or unsafe
    ├── InvalidFile            a file has faults; `faults` lists them
    ├── Refused                a guard refused the change; nothing was sent
    │   ├── UnusableName       the service cannot store or address this role name safely
    │   ├── UnusableUser       this text is not a username, or this login cannot have roles
    │   ├── RequestTooLong     path and query have more than 255 characters
    │   ├── HarmfulRequest     the deprecated call would stop the service, or get a wrong answer
    │   ├── EnvironmentMissing the integration does not have this environment
    │   ├── WrongTeam          the credentials belong to another team
    │   ├── NotGold            the integration is not Gold
    │   ├── NotApplied         the integration is a draft
    │   ├── CompositeCycle     a composite role would contain itself
    │   ├── EmptySet           a set would become empty without `allow_empty`
    │   ├── TooManyRemovals    an exact set would remove more than its limit
    │   ├── LastMember         a role that must keep a member would lose the last one
    │   ├── NotConfirmed       a removal, a plan or a change in prod was not confirmed
    │   ├── Withheld           a removal waits until all rows of the role are correct
    │   └── MissingRole        a token is valid, but does not have the required role
    ├── AuthenticationError    the credentials or the token were not accepted
    ├── InvalidToken           a received token is not valid; `reason` says why
    ├── NotFound               the integration, environment, role or user does not exist
    │   ├── NotIdentified      nobody was found by this e-mail address or GUID
    │   └── WrongProvider      the person has only logins of other providers
    ├── Conflict               the item to create already exists
    ├── InvalidRequest         an argument or a request is wrong
    ├── RateLimited            too many calls; `retry_after` says how long to wait
    ├── ServiceUnavailable     the service, or the login server behind it, has a fault
    │   └── KeysUnavailable    the issuer's keys cannot be read
    ├── ConnectionFailed       the service cannot be reached, or did not answer
    ├── MalformedAnswer        the answer cannot come from the CSS API
    ├── Skipped                an item was not attempted
    ├── NotAllDone             some of several changes failed; `results` lists all changes
    ├── CallbackFailed         your callback raised an exception; `result` holds what was done
    ├── StalePlan              the plan no longer fits, or is not the approved one; nothing was sent
    ├── OutcomeUnknown         css-sdk cannot know whether a write was made or will be made
    ├── Ambiguous              several matches; `candidates` lists them
    └── IncompleteSearch       the service did not return all results

No error text holds a secret or a token.
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Literal, Self

from attrs import Factory, field, frozen

MOST_FAULTS: Final = 100
"""The most faults that an error lists for one file."""

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
    """Hold the next step after an error, worded for each kind of reader. An empty text means no next step.

    Attributes:
        python: for the author of a program that calls css-sdk. It names arguments and methods.
        command_line: for a user of the command line. It names options and commands. By default, it is the same text.
        file: for somebody who corrects a line of a roster or a roles file. It names columns and keys.
    """

    python: str
    command_line: str = field(default=Factory(lambda remedy: remedy.python, takes_self=True))
    file: str = ""


class CssError(Exception):
    """Report any error of css-sdk. Catch this class to catch all of them.

    Args:
        message: what happened, to what, and what to do next.
        remedy: the next step, if it must be worded differently for Python, the command line and files. `str(error)`
            ends with the wording for Python; `text_for` returns the text with another wording.
        facts: values for the attributes of the class, by name.

    Attributes:
        status: the HTTP status of the answer, if there was one.
        request: method and path of the call, without its query.
        retry_after: seconds to wait before the next attempt, if the service gave a time.
        outcome: the outcome of a write that raised this error: `failed`, or `unknown` for an `OutcomeUnknown`.
        remedy: the argument `remedy`, or None.

    If css-sdk cannot read all log lines, `lines` holds the lines that it has read. `resume_at` is the time from which
    to continue.

    Next step: read the message. It says what happened and what to do.
    """

    outcome: ClassVar[Literal["failed", "unknown"]] = "failed"
    lines: tuple[Any, ...] = ()
    resume_at: datetime.datetime | None = None

    status: int | None = None
    request: str | None = None
    retry_after: float | None = None

    def __init__(self, message: str, *, remedy: Remedy | None = None, **facts: Any) -> None:
        super().__init__(message if remedy is None else f"{message} {remedy.python}".rstrip())
        self._message = message
        self.remedy = remedy
        for name, value in facts.items():
            is_tuple = isinstance(getattr(type(self), name), tuple)  # an AttributeError if there is no such fact
            setattr(self, name, tuple(value) if is_tuple else value)

    def with_message(self, message: str) -> Self:
        """Return a copy of the error that keeps all facts, such as the status, but has a different message.

        Args:
            message: the new message, with the next step. The `remedy` of the copy is None.

        >>> RateLimited("Try again later.", status=429).with_message("Try again tomorrow.").status
        429
        """
        changed = copy.copy(self)
        CssError.__init__(changed, message)
        return changed

    def text_for(self, reader: Reader) -> str:
        """Return the text of the error, with the next step worded for one kind of reader.

        If the error has no remedy, the text is the same for all readers.

        Args:
            reader: `python`, `command_line`, or `file` for a line of a roster or a roles file.

        >>> remedy = Remedy("Pass allow_empty=True.", "Pass --allow-empty.")
        >>> error = EmptySet("All 3 members would be removed.", remedy=remedy)
        >>> str(error)
        'All 3 members would be removed. Pass allow_empty=True.'
        >>> error.text_for("command_line")
        'All 3 members would be removed. Pass --allow-empty.'
        """
        if self.remedy is None:
            return str(self)
        return f"{self._message} {getattr(self.remedy, reader)}".rstrip()


class ConfigurationError(CssError):
    """Report that credentials, addresses or options are missing, incomplete or unsafe.

    `subject` is `addresses` if the address of the service or of the login server is not valid. It is also `addresses`
    if the two addresses do not belong together. Otherwise it is empty.

    Next step: correct the variable, file key or argument that the message names.
    """

    subject: str = ""


class InvalidFile(CssError):
    """Report that a file cannot be used; `faults` has one line for each fault.

    If a file has more than 100 faults, `faults` holds the first 100 and `fault_count` the number of all.

    Next step: correct the lines that `faults` lists, or do what the message says.
    """

    def __init__(
        self, message: str, *, faults: Sequence[str] = (), fault_count: int | None = None, **facts: Any
    ) -> None:
        super().__init__(message, **facts)
        self.faults = tuple(faults[:MOST_FAULTS])
        self.fault_count = len(faults) if fault_count is None else fault_count
        for fault in self.faults:
            # A traceback shows notes, in a notebook too.
            self.add_note(fault)

    @classmethod
    def with_faults(
        cls, name: str, faults: Sequence[str], remedy: Remedy | None = None, fault_count: int | None = None
    ) -> Self:
        """Return the error for a file whose faults are known. The message gives their number.

        Args:
            name: the name of the file.
            faults: one line for each fault. The error keeps the first 100.
            remedy: the next step, if it is not only to correct the faults.
            fault_count: the number of all faults, if `faults` does not hold all of them.
        """
        count = len(faults) if fault_count is None else fault_count
        faults_in_words = "1 fault" if count == 1 else f"{count} faults"
        first = f" These are the first {MOST_FAULTS}." if count > MOST_FAULTS else ""
        message = f"{name} has {faults_in_words}. Nothing was sent.{first}"
        return cls(message, faults=faults, fault_count=count, remedy=remedy)


class Refused(CssError):
    """Report that a guard refused the change before anything was sent.

    Next step: read the message. It names the option that allows the change, if there is one.
    """


class UnusableName(Refused):
    """Report a role name that is empty, blank, `.` or `..`, or contains characters that cannot be sent.

    A new role must not have invisible characters in its name. css-sdk checks the path of each request, too.

    The reason for these checks: a request to delete a role named `..` would delete the client of the whole integration.

    Next step: choose another name.
    """


class UnusableUser(Refused):
    """Report a text that is not a valid username, GUID or e-mail address, or a login that cannot have roles.

    If the login cannot have roles, `provider` is its provider. Otherwise `provider` is empty.

    Next step: correct the text, or use the username of another login of the person, such as `<GUID>@idir`.
    """

    provider: str = ""


class RequestTooLong(Refused):
    """Report a request whose path and query have more than 255 characters. The request would stop the service.

    css-sdk also raises this error if a later request with the same name would be too long. An example is the removal of
    the role.

    Next step: choose a shorter role name or search term.
    """


class HarmfulRequest(Refused):
    """Report that css-sdk did not send one of the two deprecated calls `user-role-mappings`.

    The POST call stops the service, and the GET call answers wrongly.

    Next step: use `roles.members` and `users.assign` instead.
    """


class EnvironmentMissing(Refused):
    """Report that the integration does not have this environment.

    css-sdk sends no write to such an environment, because the service would answer some writes with success, but do
    nothing.

    Next step: use one of the environments that the message lists, or request the environment in the CSS web app.
    """


class WrongTeam(Refused):
    """Report that the credentials belong to another team than the one that you gave as `team_id`.

    Next step: use the API account of that team.
    """


class NotGold(Refused):
    """Report that the integration is not Gold. The CSS API manages only Gold integrations.

    Next step: check the name or id of the integration.
    """


class NotApplied(Refused):
    """Report that the integration is a draft: the login server does not know it yet.

    Next step: submit the integration in the CSS web app, and wait until its status is "applied".
    """


class CompositeCycle(Refused):
    """Report that a role would include itself, directly or through other roles. The service would not refuse this.

    Next step: look at the composite roles with `css roles tree`. Leave this change out, or first remove another role of
    the cycle from the role that includes it.
    """


class EmptySet(Refused):
    """Report that a set of members, roles or children would become empty, and `allow_empty` was not given.

    Next step: check the list. If the set must become empty, pass `allow_empty=True` or `--allow-empty`.
    """


class TooManyRemovals(Refused):
    """Report that a change to an exact set would remove more items than the limit allows.

    The default limit is a fifth of the present items. But it is at least 4 and at most 10.

    Next step: check the list. If all removals are right, pass `max_removals=N` or `--max-removals N`.
    """


class LastMember(Refused):
    """Report that a role that must keep a member would lose its last member, or would be deleted.

    Next step: leave a member in the role, or do not name the role in `keep_last` or `--keep-last`.
    """


class NotConfirmed(Refused):
    """Report that a removal, a plan or a change in prod was not confirmed. Nothing was changed.

    In Python, your `confirm` callback returned False. On the command line, a user answered no, or css could not ask
    because it had no terminal.

    Next step: in scripts, pass `--yes`, and in prod `--allow-prod`.
    """


class Withheld(Refused):
    """Report that an exact roster removes nobody from a role, because a row of that role has a fault.

    The row may mean one of the current members.

    Next step: correct or delete the row.
    """


class Skipped(CssError):
    """Report that an item was not attempted: css-sdk was interrupted, or an earlier item failed.

    Next step: correct what failed, and run the same command again.
    """


class MissingRole(Refused):
    """Report that a token is valid, but its owner does not have the role that `role` names.

    Next step: answer the caller with 403, or assign the role to the owner of the token.
    """

    role: str | None = None


class AuthenticationError(CssError):
    """Report that the login server refused the credentials, or that the service refused the token.

    css-sdk also raises this error if the service does not allow the call to this API account (403).

    `error` is the login server's code of the reason (RFC 6749, 5.2), and `error_description` its text. Without a
    reason, both are None.

    Next step: check the credentials that the message names, with `css whoami`.
    """

    error: str | None = None
    error_description: str | None = None


class InvalidToken(CssError):
    """Report that a token that your program received is not valid. `reason` is one of a few fixed texts.

    Next step: answer the caller with 401. Use `reason` for logs and metrics.
    """

    reason: type_of_refusal = "malformed"


class NotFound(CssError):
    """Report that something does not exist.

    `what` is its kind, such as `role`. If css-sdk does not know the kind, `what` is `path`.

    A user exists in an environment only after the person has logged in to this environment once.

    `name` is the name that does not exist, or "" if it is not known. `known` has the names that exist, if css-sdk read
    them. `suggestions` has the names that are similar to `name`.

    Next step: check the name. `css integrations`, `css roles list` and `css people find` show what exists.
    """

    suggestions: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    what: type_of_thing = "path"
    name: str = ""

    @property
    def guess(self) -> str:
        """Return a sentence about the name that the user may have meant. If no name is similar, return "".

        >>> NotFound("", name="reviwer", suggestions=["reviewer"]).guess
        "Did you mean 'reviewer'?"
        """
        if self.name in self.known:
            # Messages do not show invisible characters that a server sends. Without them, the name exists.
            return "The given name has invisible characters. Type it again."
        return f"Did you mean {', '.join(map(repr, self.suggestions))}?" if self.suggestions else ""

    def text_for(self, reader: Reader) -> str:
        """Return the text of the error, worded for one kind of reader.

        For `file`, the text ends with `guess`. The command line prints it separately.

        Args:
            reader: `python`, `command_line`, or `file`.
        """
        text = super().text_for(reader)
        return f"{text} {self.guess}".rstrip() if reader == "file" else text


class NotIdentified(NotFound):
    """Report that nobody was found by an e-mail address or a GUID. The person may still exist.

    The address can be mistyped, or outdated in the login server. The GUID can be incomplete.

    If a row of a roster has this address or GUID, css-sdk removes nobody from the role, because the row can mean any
    current member.

    Next step: correct the address or the GUID, or name the person by username.
    """

    what: type_of_thing = "user"


class WrongProvider(NotFound):
    """Report that the person has logins, but none of a provider that was searched. `candidates` lists these logins.

    Next step: name the person by the username of one of these logins, or pass its provider.
    """

    what: type_of_thing = "user"
    candidates: tuple[Any, ...] = ()


class Conflict(CssError):
    """Report that the item to create already exists.

    Next step: use it as it is, or choose another name.
    """


class InvalidRequest(CssError):
    """Report that an argument is wrong, or that the service refused a request as wrong. A repetition does not help.

    Next step: correct the argument or option that the message names.
    """


class RateLimited(CssError):
    """Report that there were too many calls. `retry_after` holds the seconds to wait, if the service gave a time.

    Next step: wait, and try again.
    """


class ServiceUnavailable(CssError):
    """Report that the service, or the login server behind it, has a fault that may be temporary.

    Next step: try again later. css-sdk has already retried.
    """


class KeysUnavailable(ServiceUnavailable):
    """Report that the keys of an issuer cannot be read. Without these keys, css-sdk cannot verify the issuer's tokens.

    Next step: answer the caller with 503, and try again after `retry_after` seconds. The message names the cause.
    """


class ConnectionFailed(CssError):
    """Report that the service could not be reached, or that the connection ended before the service answered.

    Next step: check the address, the network, and the proxy variables that the message names.
    """


class MalformedAnswer(CssError):
    """Report an answer that cannot come from the CSS API. Examples are an HTML page, and JSON without a required field.

    Next step: check the addresses in `CSS_API_URL` and `CSS_TOKEN_URL`. A proxy or firewall can cause this, too.
    """


class NotAllDone(CssError):
    """Report that some of several changes failed or have an unknown outcome; `results` holds all results.

    Next step: look at the results that failed, and repeat the call. The repeated call skips changes that were made.
    """

    results: tuple[Any, ...] = ()


class CallbackFailed(CssError):
    """Report that your `progress` callback raised an exception. css-sdk carried out the call to its end.

    `result` holds what the call would have returned, and `__cause__` the exception of the callback.

    Next step: use `result`, and correct the callback.
    """

    result: Any = None


class StalePlan(CssError):
    """Report that a plan must not be carried out as it is. Nothing was sent.

    There are three possible reasons: the state changed after the plan or its preview, the plan is for another team or
    address, or the plan is not the approved one.

    Next step: make a new plan, and review it.
    """


class OutcomeUnknown(CssError):
    """Report that css-sdk cannot know whether a write was made, or will be made later.

    The service did not answer, or the status was 502, 503 or 504. The service may still carry out the write. It may
    also still carry out an earlier write of the same client, which would then reverse this write.

    Next step: wait some minutes, then run the same command again. It reads first and sends only what is missing.
    """

    outcome = "unknown"


class Ambiguous(CssError):
    """Report that several people or integrations match a name, an address or other terms; `candidates` lists them.

    Next step: name one of them by username or id.
    """

    candidates: tuple[Any, ...] = ()


class IncompleteSearch(CssError):
    """Report that a search, or a list of roles, may not be complete.

    css-sdk cannot know whether a person or a role is missing, or whether only one person matches.

    Next step: search by more terms, or by GUID. The service lists at most 5,000 roles.
    """


def refusal_of(check: Callable[..., object], *arguments: Any) -> Refused | None:
    """Call a check, and return the `Refused` that it raises; None if it raises no error."""
    try:
        check(*arguments)
    except Refused as refusal:
        return refusal
    return None
