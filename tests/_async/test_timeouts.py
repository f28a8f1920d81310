"""Timeouts: how long a call waits, how css-sdk handles a late answer, and when nothing was certainly sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from css_sdk import AsyncCss, Backoff, ConnectionFailed, OutcomeUnknown, Settings
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.every_write import WRITES, carry_out, is_done, prepared_for_writes
from tests.support import GRANTS_PORTAL, asked, at_once

PATIENCE = 0.5
TOO_LATE = 60.0
NO_WAIT = Backoff(first=0.0, budget=0.0)


async def no_time(_: float) -> None:
    """Return at once, so that a delayed answer costs the test no time."""


@pytest.fixture
def user(sandbox: Sandbox) -> str:
    """Return a user with the role `held`."""
    return prepared_for_writes(sandbox)


@pytest.fixture
async def css(sandbox: Sandbox, settings: Settings) -> AsyncIterator[AsyncCss]:
    """Return a client with a timeout of half a second."""
    transport = sandbox.async_transport(no_time)
    async with AsyncCss(settings, transport=transport, timeout=PATIENCE, retry=NO_WAIT) as css:
        yield css


# Before these writes css-sdk reads what each of the two new children contains, or checks that the old role exists.
READ_BEFORE = {"add composites": 2, "rename": 1}


@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("write", WRITES)
async def test_a_write_with_a_late_answer_is_confirmed_by_a_read(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str, write: str, times: int | None
) -> None:
    """If the answer to a write is late, css-sdk confirms the write by a read and does not send it again."""
    sandbox.faults.add("delay", method=WRITES[write], seconds=TOO_LATE, times=times)
    before = asked(sandbox)
    await carry_out(dev, write, user)
    assert is_done(sandbox, write, user)
    assert (asked(sandbox) - before) == {WRITES[write]: 1, "GET": 1 + READ_BEFORE.get(write, 0)}


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_is_unknown_if_the_reads_are_late_too(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str, write: str
) -> None:
    """If the write and the read are answered too late, the outcome is unknown, and the error says why."""
    sandbox.faults.add("delay", method=WRITES[write], seconds=TOO_LATE, times=None)
    sandbox.faults.add("delay", method="GET", seconds=TOO_LATE, times=None, after=READ_BEFORE.get(write, 0))
    with pytest.raises(OutcomeUnknown, match=r"cannot know.*no answer in time") as caught:
        await carry_out(dev, write, user)
    assert isinstance(caught.value.__cause__, ConnectionFailed)
    assert sandbox.count(WRITES[write], kind="api") == 1


@pytest.mark.parametrize("write", WRITES)
async def test_a_late_write_that_was_not_done_is_sent_again(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str, write: str
) -> None:
    """If the answer is late and a read shows that the write was not done, css-sdk sends the write again."""
    sandbox.faults.add("delay", method=WRITES[write], seconds=TOO_LATE, times=1)
    sandbox.faults.add("500_before", method=WRITES[write], times=1)
    await carry_out(dev, write, user)
    assert is_done(sandbox, write, user)
    assert sandbox.count(WRITES[write], kind="api") == 2


@pytest.mark.parametrize(("late", "calls"), [(0, 1), (1, 2), (3, 4)])
async def test_a_late_read_is_repeated(dev: AsyncEnvironmentClient, sandbox: Sandbox, late: int, calls: int) -> None:
    """css-sdk makes up to four attempts of a late read, and the last one can succeed."""
    sandbox.faults.add("delay", method="GET", seconds=TOO_LATE, times=late)
    before = asked(sandbox)
    assert len(await dev.roles.list()) == 3
    assert (asked(sandbox) - before) == {"GET": calls}


async def test_a_read_that_is_always_late_raises_an_error_that_says_so(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """If every attempt of a read is late, css-sdk raises ConnectionFailed instead of returning an empty list."""
    sandbox.faults.add("delay", method="GET", seconds=TOO_LATE, times=None)
    before = asked(sandbox)
    with pytest.raises(ConnectionFailed, match="no answer in time from the service"):
        await dev.roles.list()
    assert (asked(sandbox) - before) == {"GET": 4}


async def test_an_answer_within_the_timeout_is_awaited(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str
) -> None:
    """If the answer takes as long as the timeout allows, css-sdk sends the write once and reads nothing."""
    sandbox.faults.add("delay", seconds=PATIENCE, times=None)
    before = asked(sandbox)
    await dev.users.assign(user, "old")
    assert (asked(sandbox) - before) == {"POST": 1}


@pytest.mark.parametrize(("seconds", "is_lost"), [(30.0, False), (30.5, True)])
async def test_the_default_timeout_is_30_seconds(
    sandbox: Sandbox, settings: Settings, seconds: float, is_lost: bool
) -> None:
    """The default timeout is 30 seconds."""
    sandbox.faults.add("delay", path="/integrations", seconds=seconds, times=None)
    async with AsyncCss(settings, transport=sandbox.async_transport(no_time), retry=NO_WAIT) as css:
        if is_lost:
            with pytest.raises(ConnectionFailed, match="in time"):
                await css.integrations()
        else:
            assert len(await css.integrations()) == 3


@pytest.mark.parametrize("times", [1, None])
async def test_a_late_token_does_not_put_a_write_in_doubt(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str, times: int | None
) -> None:
    """The timeout also applies to token requests, and a late token causes no read, because no write was sent."""
    sandbox.revoke_tokens()
    sandbox.faults.add("delay", target="token", seconds=TOO_LATE, times=times)
    held = sandbox.grants(GRANTS_PORTAL, "dev")
    before = asked(sandbox)
    if times is None:
        with pytest.raises(ConnectionFailed, match="no answer in time from the login server"):
            await dev.users.assign(user, "old")
        assert sandbox.grants(GRANTS_PORTAL, "dev") == held
    else:
        await dev.users.assign(user, "old")
        assert "old" in sandbox.grants(GRANTS_PORTAL, "dev")[user]
    assert (asked(sandbox) - before)["GET"] == 0


async def test_every_request_uses_the_timeout_of_the_caller(sandbox: Sandbox, settings: Settings) -> None:
    """Token requests and API requests use each phase of the caller's timeout."""
    seen: list[tuple[str, object]] = []

    async def note(request: httpx.Request) -> None:
        seen.append((request.method, request.extensions["timeout"]))

    patience = httpx.Timeout(connect=1, read=2, write=3, pool=4)
    hooks = {"request": [note]}
    async with httpx.AsyncClient(transport=sandbox.async_transport(), timeout=patience, event_hooks=hooks) as http:
        dev = (await AsyncCss(settings, http_client=http).integration(GRANTS_PORTAL)).environment("dev")
        await dev.roles.create("fresh")
    assert seen == [(method, patience.as_dict()) for method in ("POST", "GET", "POST")]


@pytest.mark.parametrize(
    ("error", "may_have_arrived"),
    [
        (httpx.ConnectError, False),
        (httpx.ConnectTimeout, False),
        (httpx.PoolTimeout, False),
        (httpx.WriteTimeout, True),
        (httpx.WriteError, True),
        (httpx.ReadTimeout, True),
        (httpx.ReadError, True),
        (httpx.CloseError, True),
        (httpx.RemoteProtocolError, True),
    ],
)
async def test_only_a_write_that_may_have_arrived_is_checked_by_a_read(
    sandbox: Sandbox, settings: Settings, error: type[httpx.RequestError], may_have_arrived: bool
) -> None:
    """If no connection was made, css-sdk repeats the write without a read; otherwise it reads first."""
    faults = [error]

    async def lose(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("/roles") and faults:
            raise faults.pop()("lost", request=request)

    hooks = {"request": [lose]}
    async with httpx.AsyncClient(transport=sandbox.async_transport(), event_hooks=hooks) as http:
        css = AsyncCss(settings, http_client=http, retry=at_once)
        dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
        before = asked(sandbox)
        await dev.roles.create("fresh")
    expected = {"POST": 1, "GET": 1} if may_have_arrived else {"POST": 1}
    assert (asked(sandbox) - before) == expected
    assert "fresh" in sandbox.roles(GRANTS_PORTAL, "dev")


async def test_an_unreachable_server_does_not_put_a_write_in_doubt(sandbox: Sandbox) -> None:
    """If no server listens at the address, css-sdk reports that the write was not sent and names the host."""
    with sandbox.serve() as server:
        css = AsyncCss(Settings(**server.credentials()), retry=NO_WAIT)
        dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
    with pytest.raises(ConnectionFailed, match=r"no connection to the service at 127\.0\.0\.1:\d+"):
        await dev.roles.create("fresh")
    await css.aclose()
    assert asked(sandbox) == {"token": 1, "GET": 1}
