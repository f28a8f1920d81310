"""`css show` prints plans, remainders and journals as text, Markdown and JSON, without the service or credentials."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from css_sdk import (
    journal_as_markdown,
    journal_as_text,
    plan_as_html,
    plan_as_json,
    plan_as_markdown,
    plan_as_text,
    read_journal,
    read_plan,
    table,
)
from css_sdk._text import escaping
from css_sdk.cli import exit_code
from css_sdk.journal.entries import after, before, opening
from css_sdk.sandbox import Sandbox
from css_sdk.state import Place, Step
from tests.states import file_of_roles
from tests.support import GRANTS_PORTAL, json_rows

Run = Callable[..., int]
TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"
DEV = Place(GRANTS_PORTAL, "dev")
AT = "2026-11-30T09:00:00.000+00:00"
HEAD = opening("account", "https://api.example/v1", "1.0", AT, user="ann", reason="Ticket 4711", command="css assign")
CREATED, ADDED, RENAMED = (
    Step("create_role", DEV, "auditor"),
    Step("add_member", DEV, "auditor", TOBIAS, 1),
    Step("rename_role", Place(102, "prod"), "a|b", "c"),
)
ODD = "no\x1b[31m role"
JOURNAL = "".join(
    [
        HEAD,
        before(1, [CREATED], AT),
        after(1, "done", "", AT),
        before(2, [ADDED], AT),
        after(2, "failed", f"POST: {ODD}", AT),
        before(3, [RENAMED], AT),
    ]
)


def shown(*arguments: object) -> int:
    """Run `css show` without any address of the service."""
    return exit_code(["show", *map(str, arguments)])


@pytest.fixture
def plan_file(run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a saved plan with additions and withheld removals."""
    file = file_of_roles(
        tmp_path, f"[{{name: auditor, members: [{TOBIAS}]}}, {{name: reviewer, members: {{exact: []}}}}]"
    )
    plan = tmp_path / "plan.json"
    assert run_css("plan", file, "--out", plan) == 0
    capsys.readouterr()
    return plan


@pytest.fixture
def journal_file(tmp_path: Path) -> Path:
    """Return a journal with a write of each outcome, the last one in flight when the program ended."""
    file = tmp_path / "changes.jsonl"
    file.write_text(JOURNAL, encoding="utf-8", newline="")
    return file


def test_a_plan_is_printed_as_the_public_functions_return_it(
    plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text, Markdown and JSON of a plan are exactly what the public functions return, and contain the plan id."""
    plan = read_plan(plan_file.read_bytes(), "plan.json")
    for options, expected in (
        ([], plan_as_text(plan)),
        (["--markdown"], plan_as_markdown(plan)),
        (["--mask"], plan_as_text(plan, mask=True)),
    ):
        assert shown(plan_file, *options) == 0
        assert capsys.readouterr().out == f"{expected}\n"
        assert plan.id in expected
    for options, mask in (([], False), (["--mask"], True)):
        assert shown(plan_file, "--json", *options) == 0
        assert json.loads(capsys.readouterr().out) == json.loads(plan_as_json(plan, mask))


def test_a_plan_is_shown_as_a_page(plan_file: Path, journal_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--html` prints a plan as one page, masked if asked. It is refused for a journal and together with another
    format.
    """
    plan = read_plan(plan_file.read_bytes(), "plan.json")
    for options, mask in (([], False), (["--mask"], True)):
        assert shown(plan_file, "--html", *options) == 0
        assert capsys.readouterr().out.splitlines() == "\n".join(plan_as_html(plan, mask=mask)).splitlines()
    assert shown(journal_file, "--html") == 64
    assert "--html is for a plan, but FILE is a journal" in capsys.readouterr().err
    assert shown(plan_file, "--html", "--json") == 64


def test_a_remainder_is_shown_like_a_plan(
    run_css: Run, sandbox: Sandbox, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The remainder of a plan is shown like a plan."""
    sandbox.faults.add("500_before", method="POST", path="*/users/*", times=9)
    assert run_css("apply", plan_file, "--yes") == 3
    capsys.readouterr()
    assert shown(plan_file.with_name("plan.remainder.json")) == 0
    assert f"+ add {TOBIAS} ('Tobias Bellwether') to auditor" in capsys.readouterr().out


def test_a_masked_plan_is_shown_without_an_id(
    run_css: Run, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A masked plan is shown without a plan id, and `css apply` still refuses it."""
    masked = plan_file.with_name("masked.json")
    masked.write_text(plan_as_json(read_plan(plan_file.read_bytes(), "plan.json"), mask=True), encoding="utf-8")
    assert shown(masked) == 0
    printed = capsys.readouterr().out
    assert "c48af3…@idir" in printed
    assert "Plan id" not in printed
    assert shown(masked, "--json", "--mask") == 0
    assert json.loads(capsys.readouterr().out)["masked"] is True
    assert run_css("apply", masked, "--yes") == 64


def test_a_journal_is_printed_with_who_when_why_and_each_state(
    journal_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A journal shows who made the changes, when and why, and each step with its state. Control characters are shown as
    text.
    """
    journal = read_journal(journal_file.read_bytes(), "changes.jsonl")
    assert shown(journal_file) == 0
    printed = capsys.readouterr().out
    assert printed == f"{journal_as_text(journal)}\n"
    for line in (
        "Account: account",
        f"Started: {AT}",
        "User: ann",
        "Command: css assign",
        "Reason: Ticket 4711",
        "#101 dev",
        "  + create role auditor: done",
        f"  + add {TOBIAS} to auditor: failed: POST: {escaping.shown(ODD)}",
        "#102 prod",
        "  ~ rename role 'a|b' to c: unknown: the program ended before the answer came",
        "Journal: 1 done, 1 failed, 1 unknown.",
    ):
        assert line in printed.splitlines()


def test_a_journal_as_markdown_has_a_table_for_each_environment(
    journal_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The Markdown of a journal has a table for each environment, and a bar in a name or an error adds no column."""
    assert shown(journal_file, "--markdown") == 0
    printed = capsys.readouterr().out
    assert printed == f"{journal_as_markdown(read_journal(JOURNAL, 'changes.jsonl'))}\n"
    html = MarkdownIt("gfm-like", {"linkify": False}).render(printed)
    assert html.count("<table>") == 2
    assert html.count("<tr>") == html.count("</tr>") == 5
    assert html.count("<td>") == 3 * 3


def test_a_journal_as_json_is_an_object_for_each_step(journal_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json`, a journal is one object for each step, with the same keys as results of commands."""
    assert shown(journal_file, "--json") == 0
    rows: list[dict[str, Any]] = json_rows(capsys)
    assert [(row["state"], row["action"], row["role"], row["target"], row["username"]) for row in rows] == [
        ("done", "create", "auditor", "", ""),
        ("failed", "grant", "auditor", "", TOBIAS),
        ("unknown", "rename", "a|b", "c", ""),
    ]
    assert {(row["integration_id"], row["environment"]) for row in rows} == {(101, "dev"), (102, "prod")}


def test_the_table_of_a_journal_has_a_row_for_each_step() -> None:
    """`table` of a journal has a row for each step, with the outcome of its write."""
    rows = table(read_journal(JOURNAL, "changes.jsonl"))
    assert [(row["write"], row["state"], row["step"], row["target"]) for row in rows] == [
        (1, "done", "create_role", ""),
        (2, "failed", "add_member", TOBIAS),
        (3, "unknown", "rename_role", "c"),
    ]


def test_the_newest_journal_is_shown_by_default(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """As by `css journal show`; without journals, the message says what can be named."""
    assert shown() == 64
    assert "There are no journals in" in capsys.readouterr().err
    for name in ("clerk", "inspector"):
        assert run_css("roles", "create", name, "-i", "101", "-e", "dev") == 0
    capsys.readouterr()
    assert shown() == 0
    out, err = capsys.readouterr()
    assert "create role inspector: done" in out
    assert err.startswith("Journal 2")
    assert run_css("journal", "show") == 0
    assert capsys.readouterr() == (out, err)


@pytest.mark.parametrize("form", [(), ("--markdown",), ("--json",)], ids=str)
def test_a_masked_journal_names_nobody(
    journal_file: Path, capsys: pytest.CaptureFixture[str], form: tuple[str, ...]
) -> None:
    """A masked journal names neither the people whose roles changed nor the person who changed them."""
    assert shown(journal_file, "--mask", *form) == 0
    printed = capsys.readouterr().out
    assert TOBIAS not in printed
    assert "User" not in printed
    assert "c48af3" in printed


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("version: 1\n", (), "is a roles file, not a plan or a journal"),
        ("notes\n", (), "is neither a plan nor a journal"),
        ('{"steps": []}', (), "is not a plan of version 1"),
        ('{"journal": 2}\n', (), "a journal of version 2"),
        (JOURNAL, ("--json", "--markdown"), "cannot be used together"),
    ],
)
def test_other_files_and_two_formats_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, arguments: tuple[str, ...], message: str
) -> None:
    """A file that is neither a plan nor a journal, another version, and two formats at once are usage errors."""
    file = tmp_path / "file"
    file.write_text(content, encoding="utf-8", newline="")
    assert shown(file, *arguments) == 64
    assert message in capsys.readouterr().err
