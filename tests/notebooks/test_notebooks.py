"""The example notebooks run, produce the committed output, and contain no secret."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.notebooks.executed import NOTEBOOKS, executed, outputs, read

pytestmark = pytest.mark.notebooks

by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_there_are_three_notebooks() -> None:
    """There are three notebooks: first steps, assigning roles from a spreadsheet, and a review of access."""
    assert [path.stem for path in NOTEBOOKS] == ["access-review", "assign-roles-from-a-spreadsheet", "first-steps"]


@by_name
def test_a_notebook_runs_and_produces_the_stored_output(path: Path) -> None:
    """A notebook runs without an error in a new kernel and produces the stored output.

    `python -m tests.notebooks.executed` stores the output again.
    """
    assert executed(path) == read(path)


@by_name
def test_the_output_of_a_notebook_contains_no_secret_and_no_person(path: Path, sandbox: Sandbox) -> None:
    """The stored output contains no token, secret, address, name or complete GUID, and the cells contain no secret."""
    found = json.dumps(outputs(read(path)), ensure_ascii=False)
    assert found.count("<td>") > 10
    assert not re.search(r"@[\w-]+\.\w|eyJ|[0-9a-fA-F]{16}", found)
    everything = path.read_text(encoding="utf-8")
    for user in sandbox.world.users.values():
        for name in ("firstName", "lastName", "email"):
            assert not user.get(name) or not re.search(rf"\b{re.escape(user[name])}\b", found)
    secrets = [team.client_secret for team in sandbox.world.teams.values()]
    secrets += [each.client_secret for each in sandbox.world.integrations.values() if each.client_secret]
    assert len(secrets) > 1
    assert not [secret for secret in secrets if secret in everything]
