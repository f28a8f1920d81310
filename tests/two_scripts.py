"""For tests of two scripts at once: a sandbox that knows which script changed what, and calls that interleave."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable

import anyio.lowlevel
import httpx
from attrs import frozen

from css_sdk import RowResult, StepResult
from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request, Response
from css_sdk.state import Step
from tests.fault_sequences import Fact, facts

SCRIPT = "x-script"


@frozen
class Change:
    """What one write of a script changed."""

    script: str
    before: frozenset[Fact]
    after: frozenset[Fact]

    @property
    def facts(self) -> frozenset[Fact]:
        """Everything that was added or removed."""
        return self.before ^ self.after


@frozen
class Claim:
    """What a script reports of one change.

    Attributes:
        covered: everything that the change may touch.
        facts: what has to be there when the change is done, or, where `removes`, must not be there.
        removes: whether it takes away.
        outcome: as reported.
    """

    covered: frozenset[Fact]
    facts: frozenset[Fact]
    removes: bool
    outcome: str


class Witness(Sandbox):
    """A sandbox that keeps what each write changed in the dev environment of the first integration, and whose it was.

    Attributes:
        changes: in their order.
    """

    def __init__(self) -> None:
        self.changes: list[Change] = []
        super().__init__()

    def answer(self, request: Request) -> Response:
        if request.method == "GET" or not request.path.startswith("/api/"):
            return super().answer(request)
        with self._lock:
            before = facts(self)
            response = super().answer(request)
            self.changes.append(Change(request.headers.get(SCRIPT, ""), before, facts(self)))
            return response

    def check(self, script: str, claims: Iterable[Claim]) -> None:
        """Hold the report of a script against what it did and what there is in the end.

        Each change of the script is reported. What it reports as done was done, and is so in the end, unless another
        script changed it later. What it reports as failed it did not do.
        """
        claims = list(claims)
        own = [change for change in self.changes if change.script == script]
        done = {fact for claim in claims if claim.outcome in ("confirmed", "unknown") for fact in claim.covered}
        changed = {fact for change in own for fact in change.facts}
        assert changed <= done, f"{script} changed what it does not report"
        now = facts(self)
        for claim in claims:
            for fact in claim.facts:
                last = next((change for change in reversed(self.changes) if fact in change.facts), None)
                if claim.outcome in ("confirmed", "already"):
                    assert (fact in now) is not claim.removes or (last is not None and last.script != script)
                if claim.outcome in ("failed", "skipped"):
                    assert fact not in changed


def claims_of_rows(results: Iterable[RowResult]) -> list[Claim]:
    """What a roster reports."""
    return [
        Claim(fact, fact, result.row.action == "revoke", result.outcome)
        for result in results
        for fact in [frozenset([("grant", str(result.row.person.value).lower(), result.row.role)])]
    ]


def claims_of_steps(results: Iterable[StepResult], everything: Iterable[Fact]) -> list[Claim]:
    """What a plan reports; a role that is deleted takes with it whatever is about it.

    Args:
        results: of its steps, none of which renames.
        everything: that there ever was.
    """
    return [_claim_of_step(result.step, result.outcome, everything) for result in results]


def _claim_of_step(step: Step, outcome: str, everything: Iterable[Fact]) -> Claim:
    match step.kind:
        case "add_member" | "remove_member":
            fact: Fact = ("grant", step.target, step.role)
        case "add_composite" | "remove_composite":
            fact = ("child", step.role, step.target)
        case _:
            fact = ("role", step.role)
    removes = step.kind in ("remove_member", "remove_composite", "delete_role")
    about = (fact for fact in everything if step.role in fact) if step.kind == "delete_role" else ()
    return Claim(frozenset([fact, *about]), frozenset([fact]), removes, outcome)


class Script:
    """The transports of one script, whose calls take a while, a different one each time."""

    def __init__(self, sandbox: Witness, name: str, seed: int) -> None:
        self._sandbox, self._name = sandbox, name
        self._random = random.Random(f"{name} {seed}")  # noqa: S311 - chances that repeat are the point

    def transport(self) -> httpx.BaseTransport:
        """For threads."""
        return _Transport(self._sandbox.transport(), self._name, self._random)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """For tasks."""
        return _AsyncTransport(self._sandbox.async_transport(), self._name, self._random)


class _Transport(httpx.BaseTransport):
    def __init__(self, inner: httpx.BaseTransport, name: str, chance: random.Random) -> None:
        self._inner, self._name, self._chance = inner, name, chance

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers[SCRIPT] = self._name
        threading.Event().wait(self._chance.random() * 0.002)
        return self._inner.handle_request(request)


class _AsyncTransport(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport, name: str, chance: random.Random) -> None:
        self._inner, self._name, self._chance = inner, name, chance

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers[SCRIPT] = self._name
        for _ in range(self._chance.randrange(20)):
            await anyio.lowlevel.checkpoint()
        return await self._inner.handle_async_request(request)
