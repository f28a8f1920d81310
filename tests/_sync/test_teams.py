# Written from tests/_async/test_teams.py by `make generate`; edit that one.
"""css-sdk checks the team of every token, and sends nothing with a token of another team."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import httpx
import pytest

from css_sdk import Css, Settings, WrongTeam
from css_sdk.sandbox import Sandbox
from tests.support import Clock, at_once


class Teams:
    """A login server that issues tokens of these teams one after another, and an API that records its requests."""

    def __init__(self, *teams: int | str) -> None:
        self.teams: Iterator[int | str] = iter(teams)
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            claims = base64.urlsafe_b64encode(json.dumps({"team": str(next(self.teams))}).encode()).decode()
            return httpx.Response(200, json={"access_token": f"e30.{claims.rstrip('=')}.x", "expires_in": 300})
        self.calls.append(request.method)
        return httpx.Response(200, json={"data": []})


def test_a_token_of_another_team_is_not_used_for_the_next_call(sandbox: Sandbox) -> None:
    """A token of another team, or of none, is refused at each call, and the API gets no request."""
    teams = Teams(4711, 4711, "")
    pinned = Settings(**sandbox.credentials(), team_id=2016)
    with Css(pinned, transport=httpx.MockTransport(teams), retry=at_once) as css:
        for owner in ("team 4711", "team 4711", "no team"):
            with pytest.raises(WrongTeam, match=f"{owner}, not to team 2016"):
                css.integrations(refresh=True)
    assert teams.calls == []


def test_a_renewed_token_is_checked_for_its_team(sandbox: Sandbox) -> None:
    """A renewed token of another team is refused, and later calls do not use it."""
    teams, clock = Teams(2016, 4711, 4711), Clock()
    pinned = Settings(**sandbox.credentials(), team_id=2016)
    with Css(pinned, transport=httpx.MockTransport(teams), retry=at_once, clock=clock) as css:
        css.integrations(refresh=True)
        clock.now += 300
        for _ in range(2):
            with pytest.raises(WrongTeam):
                css.integrations(refresh=True)
    assert teams.calls == ["GET"]
