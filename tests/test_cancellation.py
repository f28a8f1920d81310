"""Cancelled reads end at once and send nothing more. Only a single write in flight is finished first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from css_sdk_openapi.api.role_mapping import assign_user_roles
from css_sdk_openapi.api.roles import list_roles
from css_sdk_openapi.models import RoleRef

from css_sdk import (
    AsyncCss,
    Desired,
    DesiredPlace,
    DesiredRole,
    Grant,
    GrantResult,
    Journal,
    NotFound,
    Settings,
    read_journal,
    read_roster,
)
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.plan.desired import Listed
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, at_once, usernames
from tests.together import async_together

PATIENCE = 30.0
"""The number of seconds after which a test counts as hanging."""


class Gate(httpx.AsyncBaseTransport):
    """A transport to the sandbox with a gate that holds requests of one kind until it is opened.

    Attributes:
        came: the method and the end of the path of each request since the gate was shut.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._inner = sandbox.async_transport()
        self._held = ""
        self._waiting = 0
        self.came: list[str] = []

    def shut(self, held: str = "*") -> None:
        """Hold the requests that match the pattern, such as `POST roles`, and forget earlier requests."""
        self._opened, self._held, self._waiting = anyio.Event(), held, 0
        self.came.clear()

    def open(self) -> None:
        """Let all requests through."""
        self._held = ""
        self._opened.set()

    async def reached(self, count: int = 1) -> None:
        """Wait until this many requests wait at the gate and nothing else happens."""
        while self._waiting < count:
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the sandbox when the gate lets it through."""
        name = f"{request.method} {request.url.path.rpartition('/')[2]}"
        self.came.append(name)
        if fnmatch(name, self._held):
            self._waiting += 1
            await self._opened.wait()
        return await self._inner.handle_async_request(request)


@pytest.fixture(params=["asyncio task", "asyncio scope", "trio scope"])
def how(request: pytest.FixtureRequest) -> str:
    """Return the way to cancel: the task itself, as `asyncio.timeout` does, or a scope of anyio or trio around it."""
    way: str = request.param
    return way


@pytest.fixture
def anyio_backend(how: str) -> str:
    """Return the event loop that each way needs."""
    return how.partition(" ")[0]


@pytest.fixture
async def gate(sandbox: Sandbox, anyio_backend: str) -> Gate:
    """Return an open gate."""
    return Gate(sandbox)


@pytest.fixture
def journal_file(tmp_path: Path) -> Path:
    """Return the path of the client's journal."""
    return tmp_path / "journal.jsonl"


@pytest.fixture
async def css(gate: Gate, settings: Settings, journal_file: Path) -> AsyncIterator[AsyncCss]:
    """Yield a client with a journal."""
    with Journal(journal_file) as journal:
        async with AsyncCss(settings, transport=gate, retry=at_once, journal=journal) as css:
            yield css


@pytest.fixture
async def dev(css: AsyncCss) -> AsyncEnvironmentClient:
    """Return an environment whose client has already read the list of integrations."""
    return (await css.integration(GRANTS_PORTAL)).environment("dev")


@pytest.fixture
def people(sandbox: Sandbox) -> list[str]:
    """Return people without roles."""
    held = sandbox.grants(GRANTS_PORTAL, "dev")
    return [name for name in usernames(sandbox, 30) if not held.get(name)][:10]


@asynccontextmanager
async def cancelled(call: Callable[[], Awaitable[object]], how: str) -> AsyncIterator[Callable[[], object]]:
    """Run a call beside the block, yield a function that cancels it, and check that the call ends by
    the cancellation.
    """
    with anyio.fail_after(PATIENCE):
        if how == "asyncio task":
            task = asyncio.ensure_future(call())
            yield task.cancel
            with pytest.raises(asyncio.CancelledError):
                await task
            return
        scope = anyio.CancelScope()

        async def run() -> None:
            with scope, suppress(NotFound):  # an error comes before the cancellation of a scope
                await call()
                await anyio.lowlevel.checkpoint()
                raise AssertionError("it was not cancelled")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            yield scope.cancel


def outcomes(journal_file: Path) -> dict[str, str | None]:
    """Return the outcome of each write in the journal, by username."""
    entries = read_journal(journal_file.read_bytes(), "journal").entries
    return {step.target: entry.outcome for entry in entries for step in entry.steps}


READS: dict[tuple[str, str], Callable[[AsyncCss, AsyncEnvironmentClient], Awaitable[object]]] = {
    ("state", "GET users"): lambda css, dev: dev.state(),
    ("settled state", "GET users"): lambda css, dev: dev.state(settled=True),
    ("report", "GET roles"): lambda css, dev: css.report(),
    ("integrations", "GET integrations"): lambda css, dev: css.integrations(refresh=True),
    ("find_people", "GET users"): lambda css, dev: css.find_people(email="maren.fairweather@example.com"),
    ("roles_of", "GET roles"): lambda css, dev: css.roles_of("0f3ac87806aa7f215a7c0d4cc4d9e799@idir"),
    ("check_roster", "GET users"): lambda css, dev: css.check_roster(roster("maren.fairweather@example.com")),
}


def roster(*people: str) -> Any:
    """Return the rows that give people the role `reviewer`."""
    text = "\n".join(["email,role", *(f"{person},reviewer" for person in people)])
    return read_roster(text, "roster.csv", integration="101", environment="dev")


@pytest.mark.parametrize("read", READS, ids=lambda read: read[0])
async def test_a_cancelled_read_ends_at_once(
    css: AsyncCss, dev: AsyncEnvironmentClient, gate: Gate, how: str, read: str
) -> None:
    """A cancelled read ends at once, even if the service answers nothing, and sends no further request."""
    gate.shut(read[1])
    async with cancelled(lambda: READS[read](css, dev), how) as cancel:
        await gate.reached()
        before = list(gate.came)
        cancel()
    await anyio.wait_all_tasks_blocked()
    assert gate.came == before


async def test_a_read_that_waits_for_its_next_attempt_ends_at_once(
    sandbox: Sandbox, settings: Settings, how: str
) -> None:
    """If a read waits before its next attempt, a cancellation ends it at once."""
    sandbox.faults.add("disaster")
    paused = anyio.Event()
    async with AsyncCss(
        settings, transport=sandbox.async_transport(), retry=lambda *_: 3600.0, on_wait=lambda _: paused.set()
    ) as css:
        async with cancelled(css.report, how) as cancel:
            await paused.wait()
            cancel()


async def test_a_cancellation_waits_for_the_write_in_flight(
    dev: AsyncEnvironmentClient, gate: Gate, sandbox: Sandbox, people: list[str], journal_file: Path, how: str
) -> None:
    """A cancellation waits for the answer of the write in flight, starts no further write, and the journal has the
    outcome.
    """
    has_ended = False

    async def assign() -> None:
        nonlocal has_ended
        try:
            await dev.users.assign(people[0], "reviewer")
            await dev.users.assign(people[1], "reviewer")
        finally:
            has_ended = True

    gate.shut("POST roles")
    async with cancelled(assign, how) as cancel:
        await gate.reached()
        for _ in range(3):
            cancel()
            await anyio.wait_all_tasks_blocked()
        assert not has_ended
        gate.open()
    assert gate.came == ["GET roles", "POST roles"]
    assert outcomes(journal_file) == {people[0]: "done"}
    assert set(people) & set(sandbox.members(GRANTS_PORTAL, "dev", "reviewer")) == {people[0]}


async def test_a_write_of_the_generated_client_is_finished(
    sandbox: Sandbox, settings: Settings, gate: Gate, people: list[str], how: str
) -> None:
    """A cancelled write of the generated client is finished like one of the facade, and a cancelled
    read ends at once.
    """
    async with AsyncCss(settings, transport=gate) as css:
        body = [RoleRef("reviewer")]
        gate.shut("POST roles")
        async with cancelled(
            lambda: assign_user_roles.asyncio(GRANTS_PORTAL, "dev", people[0], body=body, client=css.api), how
        ) as cancel:
            await gate.reached()
            cancel()
            await anyio.wait_all_tasks_blocked()
            gate.open()
        gate.shut("GET roles")
        async with cancelled(lambda: list_roles.asyncio(GRANTS_PORTAL, "dev", client=css.api), how) as cancel:
            await gate.reached()
            cancel()
    assert people[0] in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")


@pytest.mark.parametrize(
    ("fault", "role", "outcome"), [("422_after", "reviewer", None), (None, "no such role", "failed")]
)
async def test_after_a_cancellation_a_write_is_neither_verified_nor_repeated(
    dev: AsyncEnvironmentClient,
    gate: Gate,
    sandbox: Sandbox,
    people: list[str],
    journal_file: Path,
    how: str,
    fault: str | None,
    role: str,
    outcome: str | None,
) -> None:
    """After a cancellation css-sdk neither reads nor repeats a write; the journal shows the outcome only if the answer
    does.
    """
    if fault is not None:
        sandbox.faults.add(fault, method="POST", path="*/users/*/roles")
    gate.shut("POST roles")
    async with cancelled(lambda: dev.users.assign(people[0], role), how) as cancel:
        await gate.reached()
        cancel()
        await anyio.wait_all_tasks_blocked()
        gate.open()
    assert gate.came == ["GET roles", "POST roles"]
    assert outcomes(journal_file) == {people[0]: outcome}


async def test_a_write_that_is_not_in_flight_yet_is_not_sent(
    sandbox: Sandbox, settings: Settings, gate: Gate, people: list[str], journal_file: Path, how: str
) -> None:
    """If a write still waits for its token, a cancellation ends it at once, and the journal records that it failed."""
    now = [0.0]
    with Journal(journal_file) as journal:
        async with AsyncCss(settings, transport=gate, journal=journal, clock=lambda: now[0]) as css:
            dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
            gate.shut("GET roles")
            async with cancelled(lambda: dev.users.assign(people[0], "reviewer"), how) as cancel:
                await gate.reached()
                now[0] += 3600
                gate.open()
                gate.shut("POST token")
                await gate.reached()
                cancel()
    assert gate.came == ["POST token"]
    assert outcomes(journal_file) == {people[0]: "failed"}


async def test_a_bulk_run_finishes_what_is_in_flight_and_reports_it(
    dev: AsyncEnvironmentClient, gate: Gate, sandbox: Sandbox, people: list[str], journal_file: Path, how: str
) -> None:
    """A cancelled bulk call finishes the two writes in flight, reports them to `progress` and the journal, and sends no
    third.
    """
    reported: list[GrantResult] = []
    grants = [Grant(person, "reviewer") for person in people]

    async def progress(result: GrantResult) -> None:
        reported.append(result)

    gate.shut("POST roles")
    async with cancelled(lambda: dev.bulk.assign_many(grants, width=2, progress=progress), how) as cancel:
        await gate.reached(2)
        cancel()
        await anyio.wait_all_tasks_blocked()
        gate.open()
    assert gate.came.count("POST roles") == len(reported) == 2
    assert {str(result.grant.user): result.outcome for result in reported} == dict.fromkeys(people[:2], "done")
    assert outcomes(journal_file) == dict.fromkeys(people[:2], "done")
    assert set(people) & set(sandbox.members(GRANTS_PORTAL, "dev", "reviewer")) == set(people[:2])


async def test_a_roster_reports_the_row_that_was_in_flight(
    css: AsyncCss, dev: AsyncEnvironmentClient, gate: Gate, how: str
) -> None:
    """A cancelled `apply_roster` reports the row in flight to `progress`, although the call returns no results."""
    reported: list[str] = []
    rows = roster("ilse.hargreave@example.com")
    gate.shut("POST roles")
    async with cancelled(
        lambda: css.apply_roster(rows, progress=lambda result: reported.append(result.state)), how
    ) as cancel:
        await gate.reached()
        cancel()
        await anyio.wait_all_tasks_blocked()
        gate.open()
    assert reported == ["done"]


@pytest.mark.parametrize("write", ["create_roles", "plan", "set_members"])
async def test_every_call_of_several_writes_stops_after_the_write_in_flight(
    css: AsyncCss, dev: AsyncEnvironmentClient, gate: Gate, people: list[str], how: str, write: str
) -> None:
    """If creating roles, applying a plan or setting members is cancelled, no second write begins."""
    names = ("first", "second", "third")
    reported: list[str] = []
    desired = Desired((DesiredPlace("Grants Portal", "dev", roles=Listed(tuple(map(DesiredRole, names)))),))
    plan = await css.plan(desired)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "create_roles": lambda: dev.bulk.create_roles(
            names, width=1, progress=lambda result: reported.append(result.outcome)
        ),
        "plan": lambda: css.apply_plan(plan, width=1, progress=lambda result: reported.append(result.outcome)),
        "set_members": lambda: dev.roles.set_members("reviewer", people, width=1),
    }
    gate.shut("POST roles")
    async with cancelled(calls[write], how) as cancel:
        await gate.reached()
        cancel()
        await anyio.wait_all_tasks_blocked()
        gate.open()
    assert gate.came.count("POST roles") == 1
    assert gate.came[-1] == "POST roles"
    assert reported == ([] if write == "set_members" else ["done"])


async def test_a_waiting_task_reads_the_shared_list_if_the_reader_is_cancelled(
    sandbox: Sandbox, settings: Settings, gate: Gate, how: str
) -> None:
    """If the task that reads a shared list is cancelled, one of the waiting tasks reads it, and all
    share its answer.
    """
    ends: list[Any] = []
    async with AsyncCss(settings, transport=gate) as css:

        async def others() -> None:
            ends.extend(await async_together(5, css.integrations))

        gate.shut("GET integrations")
        async with anyio.create_task_group() as tasks:
            async with cancelled(css.integrations, how) as cancel:
                await gate.reached()
                tasks.start_soon(others)
                await anyio.wait_all_tasks_blocked()
                cancel()
            gate.open()
    assert [len(end) for end in ends] == [3] * 5
    assert sandbox.count("GET", "*/integrations") == 1


@pytest.fixture
def how_asyncio_does(how: str) -> None:
    """Skip a test that is about tasks of asyncio in the other ways to cancel."""
    if how != "asyncio task":
        pytest.skip("this is about tasks of asyncio")


@pytest.mark.usefixtures("how_asyncio_does")
async def test_a_timeout_of_asyncio_ends_reads(dev: AsyncEnvironmentClient, gate: Gate) -> None:
    """`asyncio.timeout` ends a read with its TimeoutError, and the client can be used afterwards."""
    gate.shut()
    with anyio.fail_after(PATIENCE), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await dev.state()
    gate.open()
    assert len(await dev.roles.list()) == 3


@pytest.mark.usefixtures("how_asyncio_does")
@pytest.mark.parametrize("fault", ["422_after", "500_before", None])
async def test_a_timeout_of_asyncio_waits_for_a_write_in_flight(
    dev: AsyncEnvironmentClient, gate: Gate, sandbox: Sandbox, people: list[str], fault: str | None
) -> None:
    """For every answer, `asyncio.timeout` waits for the write in flight, then raises TimeoutError, and leaves no
    cancellation behind.
    """
    if fault is not None:
        sandbox.faults.add(fault, method="POST", path="*/users/*/roles")
    task = asyncio.current_task()
    assert task is not None
    gate.shut("POST roles")

    async def run_out(limit: asyncio.Timeout) -> None:
        await gate.reached()
        limit.reschedule(0.0)
        while not limit.expired():
            await anyio.lowlevel.checkpoint()
        gate.open()

    with anyio.fail_after(PATIENCE), pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as limit:
            running_out = asyncio.ensure_future(run_out(limit))
            await dev.users.assign(people[0], "reviewer")
    await running_out
    assert task.cancelling() == 0
    assert gate.came == ["GET roles", "POST roles"]
    assert len(await dev.roles.list()) == 3
