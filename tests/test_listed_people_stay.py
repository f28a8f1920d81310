"""A person who is listed keeps the role, however their row is written, in rosters and in plans."""

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
    """Return a function that makes a person and Tobias the exact reviewers, as a nightly run does."""
    monkeypatch.chdir(tmp_path)  # css saves the remainder there

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


@pytest.mark.parametrize("person", MEANT, ids="-".join)
def test_a_listed_person_is_found_despite_text_around_the_address(
    apply: Apply, sandbox: Sandbox, person: dict[str, str]
) -> None:
    """If there is other text around an address, GUID or username, css removes it, finds the person, and they keep the
    role.
    """
    assert apply(person) == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [MAREN, TOBIAS]


@pytest.mark.parametrize("person", FAULTY, ids="-".join)
def test_a_row_that_can_name_nobody_is_a_fault_of_the_file(
    apply: Apply, sandbox: Sandbox, person: dict[str, str]
) -> None:
    """If a row cannot name a person, the whole file is refused, nothing is sent, and nobody loses a role."""
    assert apply(person) == 64
    assert not sandbox.requests
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [MAREN, TOBIAS]


@pytest.mark.parametrize("person", UNFOUND, ids="-".join)
def test_a_row_that_finds_nobody_removes_nobody(apply: Apply, sandbox: Sandbox, person: dict[str, str]) -> None:
    """If a row finds nobody, it may mean a current member, so nobody is removed, with exit code 3."""
    assert apply(person) == 3
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [MAREN, TOBIAS]


def test_a_person_who_certainly_never_logged_in_does_not_block_removals(apply: Apply, sandbox: Sandbox) -> None:
    """If a complete GUID with its provider shows that a person never logged in, unlisted people lose the role."""
    assert apply({"guid": "0f" * 16, "provider": "idir"}) == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [TOBIAS]
