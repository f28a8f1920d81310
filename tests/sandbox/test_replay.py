"""The sandbox answers each recorded request as the service did."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from css_sdk.sandbox import Sandbox

SCENARIOS = json.loads((Path(__file__).parent / "recordings" / "exchanges.json").read_text(encoding="utf-8"))
STAMPS = ("createdAt", "updatedAt")


def comparable(value: Any) -> Any:
    """Return a value with sorted lists, and with times replaced by their form."""
    if isinstance(value, dict):
        return {key: stamp(found) if key in STAMPS else comparable(found) for key, found in value.items()}
    if isinstance(value, list):
        return sorted(map(comparable, value), key=lambda found: json.dumps(found, sort_keys=True))
    return value


def stamp(value: str) -> str:
    """Return "a time" for a time in the service's form, and any other text unchanged."""
    return "a time" if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) else value


def wanted(step: dict[str, Any]) -> dict[str, Any]:
    """Return the answer that the sandbox must give to a recorded step."""
    if step.get("text") == "<html>":
        return {"status": step["status"], "type": "text/html"}
    shown = {"body": comparable(step["body"])} if "body" in step else {"text": (step.get("text") or "")[:60]}
    return {"status": step["status"], "type": step["type"], **shown}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario["name"] for scenario in SCENARIOS])
def test_every_recorded_exchange_is_answered_the_same(
    scenario: dict[str, Any], recorded: Callable[[str], Any], caller: Any
) -> None:
    """The answer to each recorded request has the status, type and body of the service, with members in its order."""
    sandbox = Sandbox(recorded("world"))
    callers = {team: caller(sandbox, team) for team in (2016, 2017)}
    for number, step in enumerate(scenario["steps"]):
        auth = step.get("auth", "team-2016")
        call = callers[int(auth[5:]) if auth.startswith("team-") else 2016]
        headers = {} if auth.startswith("team-") else {"authorization": "" if auth == "none" else auth}
        sent = json.dumps(step["json"]).encode() if "json" in step else step.get("raw", "").encode() or None
        answer = call(step["method"], quote(step["path"], safe="%/?&=@:;+$,!*'()~.-_[]"), sent, **headers)
        found: dict[str, Any] = {
            "status": answer.status,
            "type": answer.headers.get("content-type", "").partition(";")[0],
        }
        if "body" in step:
            found["body"] = comparable(json.loads(answer.body))
        elif step.get("text") != "<html>":
            found["text"] = answer.body.decode()[:60]
        assert found == wanted(step), f"step {number}: {step['method']} {step['path']}"
        if "page" in (step.get("body") or {}):
            assert json.loads(answer.body)["data"] == step["body"]["data"], f"the order of step {number}"


def test_all_recordings_are_replayed() -> None:
    """The recordings contain all 350 steps, so none is left out of the replay."""
    assert sum(len(scenario["steps"]) for scenario in SCENARIOS) == 350
