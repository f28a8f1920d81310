"""The example notebooks run, show the committed output, and contain no secret."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.notebooks.executed import NOTEBOOKS, executed, outputs, read

pytestmark = pytest.mark.notebooks

by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_there_are_three() -> None:
    """First steps, a spreadsheet of roles, and a review of access."""
    assert [path.stem for path in NOTEBOOKS] == ["access-review", "assign-roles-from-a-spreadsheet", "first-steps"]


@by_name
def test_it_runs_and_shows_what_is_stored(path: Path) -> None:
    """A new kernel runs all cells without an error; `python -m tests.notebooks.executed` stores their output again."""
    assert executed(path) == read(path)


@by_name
def test_its_outputs_tell_no_secret_and_no_person(path: Path, sandbox: Sandbox) -> None:
    """No token, secret, e-mail address, name or whole GUID is in what was stored, and no secret in the cells."""
    told = json.dumps(outputs(read(path)), ensure_ascii=False)
    assert told.count("<td>") > 10
    assert not re.search(r"@[\w-]+\.\w|eyJ|[0-9a-fA-F]{16}", told)
    everything = path.read_text(encoding="utf-8")
    for user in sandbox.world.users.values():
        for name in ("firstName", "lastName", "email"):
            assert not user.get(name) or not re.search(rf"\b{re.escape(user[name])}\b", told)
    secrets = [team.client_secret for team in sandbox.world.teams.values()]
    secrets += [each.client_secret for each in sandbox.world.integrations.values() if each.client_secret]
    assert len(secrets) > 1
    assert not [secret for secret in secrets if secret in everything]
