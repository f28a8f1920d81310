"""What `css apply FILE` costs: each request is sent once, and each decision is made once."""

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
from css_sdk.sandbox import Sandbox
from tests.states import file_of_roles
from tests.support import asked

Run = Callable[..., int]
TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"


@contextmanager
def counted(*functions: Callable[..., Any]) -> Iterator[Counter[str]]:
    """Count how often these functions are called."""
    codes = {function.__code__: function.__name__ for function in functions}
    counts: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        # A generator is called again for each value, from where it stopped.
        if event == "call" and frame.f_code in codes and frame.f_lasti <= 2 * len(frame.f_code.co_freevars) + 4:
            counts[codes[frame.f_code]] += 1

    sys.setprofile(note)
    try:
        yield counts
    finally:
        sys.setprofile(None)


def test_one_role_and_one_member(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight requests, of which one is for a token; the service is read once for the plan and once before the writes."""
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(tmp_path, f"[{{name: auditor, members: [{TOBIAS}]}}]")
    with counted(read_journal) as counts:
        assert run_css("apply", file, "--yes") == 0
    assert asked(sandbox) == {"token": 1, "GET": 5, "POST": 2}
    paths = Counter(entry.path.partition("/api/v1")[2] for entry in sandbox.requests if entry.method == "GET")
    composites = "/integrations/101/dev/roles/admin/composite-roles"
    assert paths == {"/integrations": 1, "/integrations/101/dev/roles": 2, composites: 2}
    assert counts == {}
