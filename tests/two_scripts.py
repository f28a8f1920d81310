"""For tests of two scripts at once: a sandbox that records which script changed what, and transports that interleave
calls.
"""

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
    """The facts before and after one write of a script."""

    script: str
    before: frozenset[Fact]
    after: frozenset[Fact]

    @property
    def facts(self) -> frozenset[Fact]:
        """Return everything that was added or removed."""
        return self.before ^ self.after


@frozen
class Claim:
    """The report of a script about one change.

    Attributes:
        covered: everything that the change may affect.
        facts: the facts that exist after the change, or, with `removes`, that do not.
        removes: whether the change removes something.
        outcome: the reported outcome.
    """

    covered: frozenset[Fact]
    facts: frozenset[Fact]
    removes: bool
    outcome: str


class Witness(Sandbox):
    """A sandbox that records what each write changed in the dev environment of the first integration, and by which
    script.

    Attributes:
        changes: the changes in their order.
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
        """Check the report of a script against its changes and the state at the end.

        The script has to report each of its changes. A change that it reports as done was done, and still is, unless
        another script changed it later. A change that it reports as failed was not done.
        """
        claims = list(claims)
        own = [change for change in self.changes if change.script == script]
        done = {fact for claim in claims if claim.outcome in ("done", "unknown") for fact in claim.covered}
        changed = {fact for change in own for fact in change.facts}
        assert changed <= done, f"{script} changed what it does not report"
        now = facts(self)
        for claim in claims:
            for fact in claim.facts:
                last = next((change for change in reversed(self.changes) if fact in change.facts), None)
                if claim.outcome in ("done", "already"):
                    assert (fact in now) is not claim.removes or (last is not None and last.script != script)
                if claim.outcome in ("failed", "skipped"):
                    assert fact not in changed


def claims_of_rows(results: Iterable[RowResult]) -> list[Claim]:
    """Return the claims of a roster's results."""
    return [
        Claim(fact, fact, result.row.action == "revoke", result.outcome)
        for result in results
        for fact in [frozenset([("grant", str(result.row.person.value).lower(), result.row.role)])]
    ]


def claims_of_steps(results: Iterable[StepResult], everything: Iterable[Fact]) -> list[Claim]:
    """Return the claims of a plan's results; a deleted role removes all facts about it.

    Args:
        results: of its steps. None of them is a rename.
        everything: all facts that ever existed.
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
    """The transports of one script, whose calls take a while, each a different one."""

    def __init__(self, sandbox: Witness, name: str, seed: int) -> None:
        self._sandbox, self._name = sandbox, name
        self._random = random.Random(f"{name} {seed}")  # noqa: S311 - the random numbers must be repeatable

    def transport(self) -> httpx.BaseTransport:
        """Return a transport for threads."""
        return _Transport(self._sandbox.transport(), self._name, self._random)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for tasks."""
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
