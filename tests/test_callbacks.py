"""A `Css` refuses callbacks that would have to be awaited, before it sends anything."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from css_sdk import (
    AsyncCss,
    CallbackFailed,
    ClientCredentials,
    ConfigurationError,
    Css,
    Plan,
    Settings,
    TokenVerifier,
    read_roster,
)
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames

PERSON = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
ROWS = read_roster(f"username,role\n{PERSON},reviewer", "roster.csv", integration="101", environment="dev")


async def coroutine_function(*_: object) -> None:
    """Do nothing; only an AsyncCss can await this."""


class WithCoroutineCall:
    """An object that has to be awaited when it is called."""

    async def __call__(self, *_: object) -> None: ...


CANNOT_BE_AWAITED: list[Any] = [
    coroutine_function,
    functools.partial(coroutine_function, 1),
    functools.partial(functools.partial(coroutine_function, 1), 2),
    WithCoroutineCall(),
    WithCoroutineCall().__call__,
]
CALLS: dict[str, Callable[[Css, Any], object]] = {
    "assign_many": lambda css, given: dev(css).bulk.assign_many([(PERSON, "reviewer")], progress=given),
    "unassign_many": lambda css, given: dev(css).bulk.unassign_many([(PERSON, "reviewer")], progress=given),
    "create_roles": lambda css, given: dev(css).bulk.create_roles(["one"], progress=given),
    "state": lambda css, given: dev(css).state(given),
    "apply_roster, progress": lambda css, given: css.apply_roster(ROWS, progress=given),
    "apply_roster, confirm": lambda css, given: css.apply_roster(ROWS, exact=True, confirm=given),
    "check_roster": lambda css, given: css.check_roster(ROWS, progress=given),
    "apply_plan": lambda css, given: css.apply_plan(Plan(), progress=given),
}


def dev(css: Css) -> Any:
    """Return the environment that these tests use."""
    return css.integration(GRANTS_PORTAL).environment("dev")


@pytest.mark.parametrize("name", CALLS)
def test_a_coroutine_function_is_refused_before_anything_is_sent(
    name: str, sandbox: Sandbox, settings: Settings
) -> None:
    """A `Css` refuses a coroutine function, wrapped or not, before it sends anything, and names AsyncCss."""
    with Css(settings, transport=sandbox.transport()) as css:
        dev(css)
        before = asked(sandbox)
        for given in CANNOT_BE_AWAITED:
            with pytest.raises(ConfigurationError, match="only AsyncCss awaits"):
                CALLS[name](css, given)
        assert asked(sandbox) == before


def test_a_callback_that_returns_an_awaitable_confirms_nothing(sandbox: Sandbox, settings: Settings) -> None:
    """If `confirm=` returns an awaitable, nothing is removed. If `progress=` does, the results of the writes are in the
    error.
    """
    before = sandbox.grants(GRANTS_PORTAL, "dev")
    with Css(settings, transport=sandbox.transport()) as css:
        with pytest.raises(ConfigurationError, match="confirm= returned an awaitable"):
            css.apply_roster(ROWS, exact=True, confirm=lambda _: coroutine_function())
        assert sandbox.grants(GRANTS_PORTAL, "dev") == before
        people = usernames(sandbox, 3)
        with pytest.raises(CallbackFailed) as failed:
            dev(css).bulk.assign_many([(one, "reviewer") for one in people], progress=lambda _: coroutine_function())
        assert isinstance(failed.value.__cause__, ConfigurationError)
        assert [result.outcome for result in failed.value.result] == ["done"] * 3


@pytest.mark.parametrize("given", [*CANNOT_BE_AWAITED, 5])
def test_options_that_would_need_awaiting_are_refused_when_a_client_is_made(given: Any, settings: Settings) -> None:
    """A client refuses a hook, clock or check that has to be awaited, or is not callable, when it is made."""
    for name in ("on_wait", "retry", "clock"):
        options: dict[str, Any] = {name: given}
        with pytest.raises(ConfigurationError, match=f"{name}="):
            Css(settings, **options)
    for name in ("accept", "clock"):
        options = {name: given}
        with pytest.raises(ConfigurationError, match=f"{name}="):
            ClientCredentials("https://login.example/token", "me", "s3cret", **options)
    with pytest.raises(ConfigurationError, match="clock="):
        TokenVerifier("https://login.example", "me", clock=given)

    async def asynchronous() -> None:
        with pytest.raises(ConfigurationError, match="clock="):
            AsyncCss(settings, clock=given)

    asyncio.run(asynchronous())
