"""The documentation lists every control call and every kind of fault, and no other."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.serving import control
from css_sdk.sandbox.serving.faults import KINDS

DOCS = Path(__file__).resolve().parents[2] / "docs"
CALLS = re.findall(
    r"\| `([A-Z]+) /sandbox(/[a-z-]+)` \|", (DOCS / "reference" / "sandbox.md").read_text(encoding="utf-8")
)
LOGIN = {"username": "permit-robot-103", "integration": 103, "environment": "dev"}


def test_every_control_call_is_documented() -> None:
    """The reference page lists exactly the control calls that the code answers."""
    answered = re.findall(r'case "([A-Z]+) (/[a-z-]+)"', inspect.getsource(control))
    assert sorted(CALLS) == sorted(answered)
    assert len(CALLS) > 10


@pytest.mark.parametrize(("method", "path"), CALLS, ids=" ".join)
def test_every_documented_control_call_is_answered(call: Any, sandbox: Sandbox, method: str, path: str) -> None:
    """Every documented control call answers 200 with JSON, and the docstring of the code names it, too."""
    body = {"/faults": {"kind": "delay"}, "/token": LOGIN, "/keys": {"environment": "dev"}}.get(path, {})
    answer = call.control(method, path, json.dumps(body).encode() if method != "GET" else b"")
    assert (answer.status, type(json.loads(answer.body))) in ((200, dict), (200, list))
    assert re.search(rf"{method}\b[^:]*/sandbox{path}`:", str(control.answer.__doc__))


def test_every_fault_is_documented() -> None:
    """The table of faults and the docstring of `faults.add` name every kind of fault."""
    table = (
        (DOCS / "testing.md").read_text(encoding="utf-8").partition("| kind | what happens |")[2].partition("\n\n")[0]
    )
    listed = {kind for row in table.splitlines()[2:] for kind in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert listed == KINDS
    assert all(f"`{kind}`" in str(Sandbox().faults.add.__doc__) for kind in KINDS)
