"""Patience: how long a call waits, what a late answer leads to, and when it is certain that nothing was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from css_sdk import AsyncCss, Backoff, ConnectionFailed, OutcomeUnknown, Settings
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, at_once, usernames

PATIENCE = 0.5
TOO_LATE = 60.0
NO_WAIT = Backoff(first=0.0, budget=0.0)


async def no_time(_: float) -> None:
    """A late answer is late without anybody waiting for it."""


@pytest.fixture
def user(sandbox: Sandbox) -> str:
    """Somebody who holds the role `held`; `old` is there to be given, renamed or deleted."""
    user = usernames(sandbox, 20)[-1]
    for name in ("old", "held"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    sandbox.grant(GRANTS_PORTAL, "dev", "held", user)
    return user


@pytest.fixture
async def css(sandbox: Sandbox, settings: Settings) -> AsyncIterator[AsyncCss]:
    """A client that takes what is later than half a second for lost."""
    transport = sandbox.async_transport(no_time)
    async with AsyncCss(settings, transport=transport, timeout=PATIENCE, retry=NO_WAIT) as css:
        yield css


WRITES = {
    "create": "POST",
    "rename": "PUT",
    "delete": "DELETE",
    "assign": "POST",
    "unassign": "DELETE",
    "add composites": "POST",
    "remove composite": "DELETE",
}


# What an added child leads to is read before, for each of the two; and that a role to be renamed is there.
READ_BEFORE = {"add composites": 2, "rename": 1}


async def do(dev: AsyncEnvironmentClient, write: str, user: str) -> None:
    """Carries out a write."""
    match write:
        case "create":
            await dev.roles.create("fresh")
        case "rename":
            await dev.roles.rename("old", "newer")
        case "delete":
            await dev.roles.delete("old")
        case "assign":
            await dev.users.assign(user, "old", "reviewer")
        case "unassign":
            await dev.users.unassign(user, "held")
        case "add composites":
            await dev.roles.composites("old").add("held", "reviewer")
        case _:
            await dev.roles.composites("admin").remove("reviewer")


def is_done(sandbox: Sandbox, write: str, user: str) -> bool:
    """Whether the state shows it."""
    roles = sandbox.roles(GRANTS_PORTAL, "dev")
    composites = sandbox.composites(GRANTS_PORTAL, "dev")
    held = sandbox.grants(GRANTS_PORTAL, "dev").get(user, set())
    return {
        "create": "fresh" in roles,
        "rename": "newer" in roles and "old" not in roles,
        "delete": "old" not in roles,
        "assign": {"old", "reviewer"} <= held,
        "unassign": "held" not in held,
        "add composites": composites.get("old") == {"held", "reviewer"},
        "remove composite": "reviewer" not in composites["admin"],
    }[write]


@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("write", WRITES)
async def test_a_write_that_was_done_too_late_is_confirmed_by_a_read(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str, write: str, times: int | None
) -> None:
    """It is sent once, however long the service takes, because a read shows that it is done."""
    sandbox.faults.add("delay", method=WRITES[write], seconds=TOO_LATE, times=times)
    before = asked(sandbox)
    await do(dev, write, user)
    assert is_done(sandbox, write, user)
    assert (asked(sandbox) - before) == {WRITES[write]: 1, "GET": 1 + READ_BEFORE.get(write, 0)}


@pytest.mark.parametrize("write", WRITES)
async def test_when_reads_are_late_as_well_nobody_knows(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str, write: str
) -> None:
    """The error says so, and why the read did not help."""
    sandbox.faults.add("delay", method=WRITES[write], seconds=TOO_LATE, times=None)
    sandbox.faults.add("delay", method="GET", seconds=TOO_LATE, times=None, after=READ_BEFORE.get(write, 0))
    with pytest.raises(OutcomeUnknown, match=r"cannot know.*no answer in time") as told:
        await do(dev, write, user)
    assert isinstance(told.value.__cause__, ConnectionFailed)
    assert sandbox.count(WRITES[write], kind="api") == 1


@pytest.mark.parametrize("write", WRITES)
async def test_a_write_whose_work_was_never_begun_is_sent_again(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str, write: str
) -> None:
    """A late refusal looks like a late success. The read shows which it was."""
    sandbox.faults.add("delay", method=WRITES[write], seconds=TOO_LATE, times=1)
    sandbox.faults.add("500_before", method=WRITES[write], times=1)
    await do(dev, write, user)
    assert is_done(sandbox, write, user)
    assert sandbox.count(WRITES[write], kind="api") == 2


@pytest.mark.parametrize(("late", "calls"), [(0, 1), (1, 2), (3, 4)])
async def test_a_late_read_is_tried_again(dev: AsyncEnvironmentClient, sandbox: Sandbox, late: int, calls: int) -> None:
    """css-sdk makes up to four attempts, and the last one can succeed."""
    sandbox.faults.add("delay", method="GET", seconds=TOO_LATE, times=late)
    before = asked(sandbox)
    assert len(await dev.roles.list()) == 3
    assert (asked(sandbox) - before) == {"GET": calls}


async def test_a_read_that_is_always_late_is_told_as_late(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """Not as an empty list, and not as a connection that could not be made."""
    sandbox.faults.add("delay", method="GET", seconds=TOO_LATE, times=None)
    before = asked(sandbox)
    with pytest.raises(ConnectionFailed, match="no answer in time from the service"):
        await dev.roles.list()
    assert (asked(sandbox) - before) == {"GET": 4}


async def test_an_answer_within_the_patience_is_waited_for(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str
) -> None:
    """A slow service is not a lost one: nothing is sent twice and nothing is read."""
    sandbox.faults.add("delay", seconds=PATIENCE, times=None)
    before = asked(sandbox)
    await dev.users.assign(user, "old")
    assert (asked(sandbox) - before) == {"POST": 1}


@pytest.mark.parametrize(("seconds", "is_lost"), [(30.0, False), (30.5, True)])
async def test_nobody_waits_for_ever_by_default(
    sandbox: Sandbox, settings: Settings, seconds: float, is_lost: bool
) -> None:
    """Half a minute, where the caller says nothing."""
    sandbox.faults.add("delay", path="/integrations", seconds=seconds, times=None)
    async with AsyncCss(settings, transport=sandbox.async_transport(no_time), retry=NO_WAIT) as css:
        if is_lost:
            with pytest.raises(ConnectionFailed, match="in time"):
                await css.integrations()
        else:
            assert len(await css.integrations()) == 3


@pytest.mark.parametrize("times", [1, None])
async def test_a_late_token_is_not_a_doubtful_write(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str, times: int | None
) -> None:
    """The caller's patience holds for the token endpoint too, and without a token nothing was sent: no read."""
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


async def test_every_request_has_the_callers_patience(sandbox: Sandbox, settings: Settings) -> None:
    """Those for tokens and those of the API alike, each phase with its own."""
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
async def test_only_what_may_have_arrived_is_read(
    sandbox: Sandbox, settings: Settings, error: type[httpx.RequestError], may_have_arrived: bool
) -> None:
    """Where no connection came about nothing was sent, so that the write is simply sent again."""
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


async def test_a_server_that_is_gone_leaves_no_doubt(sandbox: Sandbox) -> None:
    """Nobody listens at the address any more: the write was not sent, and the error says which host it was."""
    with sandbox.serve() as server:
        css = AsyncCss(Settings(**server.credentials()), retry=NO_WAIT)
        dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
    with pytest.raises(ConnectionFailed, match=r"no connection to the service at 127\.0\.0\.1:\d+"):
        await dev.roles.create("fresh")
    await css.aclose()
    assert asked(sandbox) == {"token": 1, "GET": 1}
