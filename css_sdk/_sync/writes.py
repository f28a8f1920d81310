# Written from css_sdk/_async/writes.py by `make generate`; edit that one.
"""Writes that are proven: by their answer where it can be believed, else by a read."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from attrs import frozen

from .. import _answers, _rules
from ..errors import CssError, NotFound, OutcomeUnknown, ServiceUnavailable
from ..state import Step
from .wire import Call, Tried, Wire


@frozen
class Change:
    """What a write is to bring about, and how to see whether it did.

    Args:
        write: which write it is, and so what proves it.
        operation: the generated module of the call.
        roles: the role names that the write is about, still to be done.
        arguments: gives the call's arguments for those of the roles that are still to be done.
        shown: whether a parsed answer shows that these roles are done.
        remaining: reads, and gives those of the roles that are not done.
        steps: what the write brings about where these roles were still to be done.
    """

    write: _rules.Write
    operation: _answers.Operation
    roles: tuple[str, ...]
    arguments: Callable[[tuple[str, ...]], dict[str, Any]]
    shown: Callable[[Any, tuple[str, ...]], bool]
    remaining: Callable[[tuple[str, ...]], tuple[str, ...]]
    steps: Callable[[tuple[str, ...]], tuple[Step, ...]]


def carry_out(wire: Wire, change: Change) -> None:
    """Sends a write until it is proven, repeating only what a read shows to be missing.

    Where the client has a journal, what the write will really change is read first and written down.

    Raises:
        CssError: when it failed: it was refused, or a read shows that it was not done.
        OutcomeUnknown: when it may have been done and no read got through.
        InvalidFile: when the journal could not be written. Nothing is sent then.
    """
    journal = wire.journal
    if journal is None:
        _prove(wire, change)
        return
    roles = change.roles
    if not journal.are_undone(change.steps(roles)):
        roles = change.remaining(roles)
    number = journal.begin(change.steps(roles))
    try:
        _prove(wire, change)
    except CssError as error:
        journal.end(number, error)
        raise
    journal.end(number)


def _prove(wire: Wire, change: Change) -> None:
    roles, waited, number, doubted = change.roles, 0.0, 0, False
    while True:
        number += 1
        call = wire.call(change.operation, "role", change.arguments(roles))
        tried = wire.attempt(call)
        verdict = _rules.verdict(
            change.write, tried.status, sent=tried.sent, shown=_is_shown(change, roles, tried, call)
        )
        if verdict is _rules.Verdict.DONE:
            return
        if verdict is _rules.Verdict.DOUBTFUL or (doubted and verdict is _rules.Verdict.REFUSED):
            doubted = True
            roles = _remaining(change, roles, call)
            if not roles:
                return
            tried = _not_done(tried, call)
        waited += wire.pause(call, tried, number, waited)


def _is_shown(change: Change, roles: tuple[str, ...], tried: Tried, call: Call) -> bool:
    if tried.response is None or tried.error is not None or change.write.proof is not _rules.Proof.ANSWER:
        return False
    try:
        return change.shown(_answers.parsed(change.operation, tried.response, call.told_as), roles)
    except CssError:
        # An answer that makes no sense proves nothing; the read that follows decides.
        return False


def _remaining(change: Change, roles: tuple[str, ...], call: Call) -> tuple[str, ...]:
    try:
        return change.remaining(roles)
    except NotFound:
        raise
    except CssError as error:
        raise OutcomeUnknown(
            f"{call.told_as}: whether this was done is not known, and reading it failed too ({error}). "
            f"Read the state before you try again.",
            request=call.told_as,
            status=error.status,
        ) from error


def _not_done(tried: Tried, call: Call) -> Tried:
    finding = "A read afterwards shows that it was not done."
    if tried.error is None:
        error: CssError = ServiceUnavailable(
            f"{call.told_as}: the service answered with success, but did not do it. {finding} Try again later.",
            status=tried.status,
            request=call.told_as,
        )
        return Tried(tried.response, error, passing=True)
    error = copy.copy(tried.error)
    error.args = (f"{tried.error} {finding}",)
    return Tried(tried.response, error, passing=tried.passing or tried.error.status == 422)
