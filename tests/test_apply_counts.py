"""The cost of `css apply FILE`: it sends each request once and makes each decision once."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from css_sdk.journal.entries import read_journal
from css_sdk.plan.impact import find_losses
from css_sdk.sandbox import Sandbox
from tests.states import file_of_roles
from tests.support import GRANTS_PORTAL, asked

Run = Callable[..., int]
TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"


@contextmanager
def counted(*functions: Callable[..., Any]) -> Iterator[Counter[str]]:
    """Count how often these functions are called."""
    names = {getattr(function, "__func__", function).__code__: function.__qualname__ for function in functions}
    counts: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in names:
            counts[names[frame.f_code]] += 1

    sys.setprofile(note)
    try:
        yield counts
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize(("options", "names"), [(["--no-names"], 0), ([], 1)], ids=str)
def test_one_new_role_with_one_member_needs_eight_requests(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], names: int
) -> None:
    """Creating one role with one member takes eight requests, one of them for a token.

    css-sdk reads the service once for the plan and once before the writes. A ninth request finds the name of the new
    member.
    """
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(tmp_path, f"[{{name: auditor, members: [{TOBIAS}]}}]")
    with counted(read_journal, find_losses) as counts:
        assert run_css("apply", file, *options, "--yes") == 0
    assert asked(sandbox) == {"token": 1, "GET": 5 + names, "POST": 2}
    paths = Counter(entry.path.partition("/api/v1")[2] for entry in sandbox.requests if entry.method == "GET")
    composites = "/integrations/101/dev/roles/admin/composite-roles"
    search = {f"/dev/idir/users?guid={TOBIAS.partition('@')[0]}": 1} if names else {}
    assert paths == {"/integrations": 1, "/integrations/101/dev/roles": 2, composites: 2, **search}
    assert counts == {"find_losses": 1}


def test_a_plan_with_removals_simulates_losses_twice(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """css simulates losses twice: to find the roles whose members it must read, and then with these members for the
    guards.
    """
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(tmp_path, "{exact: [{name: admin, composites: {exact: [reviewer]}}, reviewer]}")
    with counted(read_journal, find_losses) as counts:
        assert run_css("apply", file, "--prune", "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "dev") == {"admin", "reviewer"}
    assert counts == {"find_losses": 2}
