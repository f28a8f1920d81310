"""Every token is checked for its team, not only the first: nothing is sent with another team's credentials."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import httpx
import pytest

from css_sdk import AsyncCss, Settings, WrongTeam
from css_sdk.sandbox import Sandbox
from tests.support import Clock, at_once


class Teams:
    """A login server that gives tokens of these teams, one after another, and an API that keeps what it got."""

    def __init__(self, *teams: int) -> None:
        self.teams: Iterator[int] = iter(teams)
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            claims = base64.urlsafe_b64encode(json.dumps({"team": str(next(self.teams))}).encode()).decode()
            return httpx.Response(200, json={"access_token": f"e30.{claims.rstrip('=')}.x", "expires_in": 300})
        self.calls.append(request.method)
        return httpx.Response(200, json={"data": []})


async def test_a_refused_token_is_not_kept_for_the_next_call(sandbox: Sandbox) -> None:
    """Each call is refused, and the API gets none of them."""
    teams = Teams(4711, 4711, 4711)
    pinned = Settings(**sandbox.credentials(), team_id=2016)
    async with AsyncCss(pinned, transport=httpx.MockTransport(teams), retry=at_once) as css:
        for _ in range(3):
            with pytest.raises(WrongTeam, match="team 4711, not to 2016"):
                await css.integrations(refresh=True)
    assert teams.calls == []


async def test_a_token_that_is_renewed_is_checked_too(sandbox: Sandbox) -> None:
    """A later token of another team is refused, and is not used by the call after that."""
    teams, clock = Teams(2016, 4711, 4711), Clock()
    pinned = Settings(**sandbox.credentials(), team_id=2016)
    async with AsyncCss(pinned, transport=httpx.MockTransport(teams), retry=at_once, clock=clock) as css:
        await css.integrations(refresh=True)
        clock.now += 300
        for _ in range(2):
            with pytest.raises(WrongTeam):
                await css.integrations(refresh=True)
    assert teams.calls == ["GET"]
