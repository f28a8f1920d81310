"""Nobody who is listed loses a role, however their own row is written: by rosters and by plans, end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL

Run = Callable[..., int]
Apply = Callable[[dict[str, str]], int]
MAREN, TOBIAS = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir", "c48af3232157a5f13dc753a5d3eed7ce@idir"
ADDRESS, GUID = "maren.fairweather@example.com", MAREN[:32]

MEANT = [
    *({"email": text, "provider": "idir"} for text in (f"{ADDRESS};", f"mailto:{ADDRESS}", f" '{ADDRESS}' ")),
    *({"email": text, "provider": "idir"} for text in (f"Fairweather, Maren <{ADDRESS}>", f"\u200b{ADDRESS}")),
    *({"guid": text, "provider": "idir"} for text in (f"{{{GUID}}}", f"{GUID.upper()},")),
    {"username": f'"{MAREN};"'},
]
FAULTY = [
    *({"guid": text, "provider": "idir"} for text in (GUID[:-1], f"{GUID}0", "é123éé")),
    *({"username": text} for text in (f"{GUID[:-1]}@idir", "mfairwea@idir")),
    *({"email": text} for text in ("@", "a b@c d", "maren")),
]
UNFOUND = [
    *({"email": text} for text in ("maren.fairwether@example.com", "maren@old.example.com")),
    *({"guid": "0f" * 16, **provider} for provider in ({}, {"provider": "githubpublic"})),
    {"client_id": "nobody-101"},
]


@pytest.fixture(params=["roster", "plan"])
def apply(request: pytest.FixtureRequest, run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Apply:
    """Make the reviewers exactly somebody and Tobias, as a nightly run does."""
    monkeypatch.chdir(tmp_path)  # what is left undone is kept there

    def by_roster(person: dict[str, str]) -> int:
        file = tmp_path / "r.jsonl"
        rows = [{**each, "role": "reviewer"} for each in (person, {"username": TOBIAS})]
        file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return run_css("roster", "apply", file, "-i", "101", "-e", "dev", "--exact", "--yes", "--allow-missing")

    def by_plan(person: dict[str, str]) -> int:
        file = tmp_path / "roles.json"
        roles = [{"name": "reviewer", "members": {"exact": [person, TOBIAS]}}]
        places = [{"integration": 101, "environments": {"dev": {"roles": roles}}}]
        file.write_text(json.dumps({"version": 1, "integrations": places}), encoding="utf-8")
        return run_css("apply", file, "--prune", "--yes", "--allow-missing", "--journal", tmp_path / "j.jsonl")

    return by_roster if request.param == "roster" else by_plan


@pytest.mark.parametrize("person", MEANT, ids=str)
def test_who_is_meant_keeps_the_role(apply: Apply, sandbox: Sandbox, person: dict[str, str]) -> None:
    """What surrounds an address or a GUID is taken off, so that they are found."""
    assert apply(person) == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [MAREN, TOBIAS]


@pytest.mark.parametrize("person", FAULTY, ids=str)
def test_a_row_that_can_name_nobody_is_a_fault_of_the_file(
    apply: Apply, sandbox: Sandbox, person: dict[str, str]
) -> None:
    """Nothing is sent."""
    assert apply(person) == 64
    assert not sandbox.requests
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [MAREN, TOBIAS]


@pytest.mark.parametrize("person", UNFOUND, ids=str)
def test_a_row_that_finds_nobody_removes_nobody(apply: Apply, sandbox: Sandbox, person: dict[str, str]) -> None:
    """It may be Maren under another address; a nightly run does not end with 0."""
    assert apply(person) == 3
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [MAREN, TOBIAS]


def test_who_certainly_never_logged_in_holds_nothing_back(apply: Apply, sandbox: Sandbox) -> None:
    """Only a username, or a complete GUID with its provider, shows this. Then unlisted people lose the role."""
    assert apply({"guid": "0f" * 16, "provider": "idir"}) == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [TOBIAS]
