"""Send writes. Verify each write by its answer. If the answer does not show the change, verify the write by a read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import evolve, frozen

from .._http import answers
from .._http.cancellation import AsyncInFlight
from .._http.exchanges import Exchange
from .._verification import verdicts
from ..errors import CssError, NotFound, OutcomeUnknown, ServiceUnavailable, Skipped
from ..plan.step_words import in_words
from ..state import PlaceState, Step, is_as_after
from .sending import Call
from .wire import AsyncWire

Steps = tuple[Step, ...]


def _shows_nothing(*_: object) -> bool:
    return False


@frozen(kw_only=True)
class AsyncChange:
    """A write, and how to find out whether it was done.

    Args:
        steps: the steps that the call carries out; all of one kind.
        arguments: returns the arguments of the call for the given steps, except those for the place.
        observe: reads the part of the place's state that shows whether the steps are done.
        shown: returns whether a parsed answer shows that the given steps are done. Without it, css-sdk verifies the
            write by a read.
        along: further changes that the service makes together with the steps. For example, if a role is deleted, its
            members lose the role.
    """

    operation: answers.Operation
    steps: Steps
    arguments: Callable[[Steps], dict[str, Any]]
    observe: Callable[[], Awaitable[PlaceState]]
    shown: Callable[[Any, Steps], bool] = _shows_nothing
    along: Steps = ()

    def effects(self, steps: Steps) -> Steps:
        """Return everything that a call with these steps changes: the steps and the changes in `along`.

        The result assumes that none of the steps is done yet. A rename to the same name changes nothing, so it is left
        out.
        """
        changing = tuple(step for step in steps if step.kind != "rename_role" or step.role != step.target)
        return (*self.along, *changing) if changing else ()

    async def remaining(self, steps: Steps) -> Steps:
        """Read the state, and return the steps that are not done yet."""
        state = await self.observe()
        return tuple(step for step in steps if not is_as_after(step, state))


async def carry_out(wire: AsyncWire, change: AsyncChange) -> None:
    """Send a write, and repeat it until it is verified or cannot be retried. Repeat only steps that are not done yet.

    A journal must record only what the write really changes. With a journal, css-sdk therefore reads the state before
    the write, unless the state is known already.

    If the task is cancelled, a request that was already sent is finished, so that its outcome can be recorded. After
    this request, nothing is sent: no read and no further attempt. If the request got no answer, the journal has no
    outcome for the write.

    Raises:
        CssError: the write was refused, or a read shows that it was not done.
        OutcomeUnknown: no read could verify the write, or an attempt without an answer may still change the result.
        InvalidFile: the journal could not be written. Nothing is sent.
    """
    journal = wire.journal
    with AsyncInFlight() as in_flight:
        attempts = _Attempts(wire, change, in_flight)
        if journal is None:
            await attempts.complete()
            return
        steps = change.effects(change.steps)
        if not journal.are_not_done(steps):
            steps = change.effects(await change.remaining(change.steps))
        number = journal.begin(steps)
        try:
            await attempts.complete()
        except CssError as error:
            journal.end(number, error)
            raise
        except BaseException:  # cancelled or interrupted
            if not attempts.may_be_done:
                journal.end(number, Skipped("The write was interrupted before it was sent."))
            raise
        journal.end(number)


class _Attempts:
    """Make the attempts of one write, until one is confirmed or no attempt is left.

    An attempt without an answer may still be on its way. It can belong to this call or to an earlier call for the same
    change. Only an answer or a read that shows the change ends this doubt. A read that does not show the change is not
    enough, because the service may still carry out the attempt later. For the same reason, a refusal of a later attempt
    is not enough.
    """

    def __init__(self, wire: AsyncWire, change: AsyncChange, in_flight: AsyncInFlight) -> None:
        self._wire = wire
        self._change = change
        self._in_flight = in_flight
        self._steps = change.steps
        self._waited = 0.0
        self._number = 0
        self._is_doubted = False

    @property
    def may_be_done(self) -> bool:
        """Return whether an attempt was sent and its outcome is unknown."""
        return self._is_doubted or self._in_flight.is_unanswered

    async def complete(self) -> None:
        """Make attempts until one is confirmed. If there is no further attempt, raise the error."""
        try:
            while not await self._attempt():
                pass
        except OutcomeUnknown:
            raise
        except CssError as error:
            if not self._wire.late.holds(self._change.effects(self._steps), self._wire.clock()):
                raise
            raise _still_possible(error) from error

    async def _attempt(self) -> bool:
        """Make an attempt. If the write is confirmed, return True. If not, wait until the next attempt is due."""
        self._number += 1
        change = self._change
        arguments = change.steps[0].place.path | change.arguments(self._steps)
        call = self._wire.call(change.operation, "role", arguments)
        tried = await self._tried(call)
        shown = _is_shown(change, self._steps, tried, call)
        verdict = verdicts.verdict(change.steps[0].kind, tried.status, sent=tried.was_sent, shown=shown)
        if verdict is verdicts.Verdict.DONE:
            return self._confirmed(call)
        if verdict is verdicts.Verdict.PENDING:
            self._note_late()
        if verdict in (verdicts.Verdict.DOUBTFUL, verdicts.Verdict.PENDING):
            self._is_doubted = True
        if self._is_doubted and verdict is not verdicts.Verdict.NOT_DONE:
            self._steps = await _remaining(change, self._steps, call)
            if not self._steps:
                return self._confirmed(call)
            tried = _not_done(tried, call)
        self._waited += await self._wire.pause(call, tried, self._number, self._waited)
        return False

    async def _tried(self, call: Call) -> Exchange:
        try:
            return await self._wire.attempt(call, self._number, self._in_flight)
        except BaseException:  # cancelled or interrupted
            if self._in_flight.is_unanswered:
                self._note_late()
            raise

    def _note_late(self) -> None:
        self._wire.late.note(self._change.effects(self._steps), self._wire.clock())

    def _confirmed(self, call: Call) -> bool:
        late = self._wire.late.reversing(self._change.effects(self._change.steps), self._wire.clock())
        if late is not None:
            raise OutcomeUnknown(
                f"{call.label}: the change was done. But an earlier request got no answer: {in_words(late)}. If the "
                f"service still carries out the earlier request, this change is lost. Check the state in a few "
                f"minutes.",
                request=call.label,
            )
        return True


def _still_possible(error: CssError) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{error} But an earlier request without an answer may still be on its way. css-sdk therefore cannot know "
        f"whether the change will be done. Check the state in a few minutes.",
        request=error.request,
        status=error.status,
        retry_after=error.retry_after,
    )


def _is_shown(change: AsyncChange, steps: Steps, tried: Exchange, call: Call) -> bool:
    if tried.response is None or tried.error is not None:
        return False
    try:
        return answers.parsed(change.operation, tried.response, call.label, lambda answer: change.shown(answer, steps))
    except CssError:
        # An answer that cannot be parsed verifies nothing. The read that follows decides.
        return False


async def _remaining(change: AsyncChange, steps: Steps, call: Call) -> Steps:
    try:
        return await change.remaining(steps)
    except NotFound:
        raise
    except CssError as error:
        raise OutcomeUnknown(
            f"{call.label}: css-sdk cannot know whether the change was done, because the state cannot be read: "
            f"{error} Check the state before you try again.",
            request=call.label,
            status=error.status,
        ) from error


def _not_done(tried: Exchange, call: Call) -> Exchange:
    finding = "A read afterwards shows that the change was not done."
    if tried.error is None:
        error: CssError = ServiceUnavailable(
            f"{call.label}: the service reported success, but did not carry out the change. {finding} Try again later.",
            status=tried.status,
            request=call.label,
        )
        return evolve(tried, error=error, is_passing=True)
    error = tried.error.with_message(f"{tried.error} {finding}")
    return evolve(tried, error=error, is_passing=tried.is_passing or tried.error.status == 422)
