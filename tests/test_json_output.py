"""JSON output is an interface: every command follows its schema, and each key means the same everywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import click
import pytest
from jsonschema import Draft202012Validator

from css_sdk.cli import css
from css_sdk.cli.support.schemas import FILES, KEYS, RECORDS, schema_of
from css_sdk.sandbox import Sandbox
from tests.states import file_of_roles
from tests.support import json_rows

Run = Callable[..., int]
MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
NOBODY = f"{'0' * 32}@idir"
PLACE = "-i 101 -e dev"

COMMANDS = {
    "apply {roles} --yes": "changes",
    f"assign {MAREN} {NOBODY} -r approver {PLACE}": "changes",
    "compare -i 101": "comparison",
    f"composites add admin auditor nope {PLACE}": "changes",
    f"composites list admin {PLACE}": "roles",
    f"composites remove admin approver --yes {PLACE}": "changes",
    f"composites set admin reviewer --yes {PLACE}": "changes",
    "config show": "config",
    "copy -i 101 -e dev --to-integration 102 --to-environment dev --members --yes": "changes",
    "doctor": "checks",
    "drift {roles}": "drift",
    "integrations": "integrations",
    "journal list": "journals",
    "journal show": "journal-changes",
    f"logs --since 15m {PLACE}": "log-lines",
    f"members list reviewer {PLACE}": "members",
    f"members set reviewer {MAREN} {NOBODY} --yes {PLACE}": "changes",
    "people find --file {people}": "people-listed",
    "people find --last-name Hargreave": "people",
    f"people mirror {PLACE}": "differences",
    f"people copy {MAREN} rurik.vance@example.com --yes": "changes",
    f"people remove {MAREN} --yes": "changes",
    f"people roles {MAREN}": "person-roles",
    "plan {roles}": "plan",
    "plan {roles} --mask": "plan",
    "promote -i 101 --from dev --to test --members --yes": "changes",
    "report": "report",
    f"roles create auditor {PLACE}": "changes",
    f"roles delete approver nope --yes {PLACE}": "changes",
    f"roles ensure auditor reviewer {PLACE}": "changes",
    f"roles list {PLACE}": "roles",
    f"roles rename approver chief {PLACE}": "changes",
    f"roles tree {PLACE}": "role-tree",
    "roster apply {roster}": "roster",
    "roster check {roster} --online": "roster",
    "roster check {roster}": "files",
    "roster export": "grants",
    f"service-account assign fisheries-service-102 reviewer {PLACE}": "changes",
    f"service-account roles fisheries-service-102 {PLACE}": "service-account-roles",
    f"service-account unassign fisheries-service-102 reviewer --yes {PLACE}": "changes",
    "show {journal}": "journal-changes",
    "show {plan}": "plan",
    "token --system css": "token",
    "token verify --audience account --file {token}": "verified-token",
    f"unassign {MAREN} -r reviewer --yes {PLACE}": "changes",
    "undo {journal} --yes": "changes",
    "validate {roles} {roster}": "files",
    "whoami": "whoami",
}
"""Each command that has `--json`, and the schema of its objects."""
SERVED = ("token", "doctor")
"""Commands that need a served login server."""
ROSTER = f"""username,email,role,integration,environment
{MAREN},,approver,101,dev
,nobody@example.com,reviewer,101,dev
"""


@pytest.fixture
def files(run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Return the paths of the files that the commands read. The token and the plan do not exist yet."""
    monkeypatch.chdir(tmp_path)
    roster, journal, token = tmp_path / "roster.csv", tmp_path / "today.jsonl", tmp_path / "token.txt"
    roster.write_text(ROSTER, encoding="utf-8")
    assert run_css("unassign", MAREN, "-r", "reviewer", "-i", "101", "-e", "dev", "--yes", "--journal", journal) == 0
    assert run_css("assign", MAREN, "-r", "reviewer", "-i", "101", "-e", "dev") == 0
    assert run_css("service-account", "assign", "fisheries-service-102", "admin", "-i", "101", "-e", "dev") == 0
    roles = file_of_roles(tmp_path, f"[auditor, {{name: approver, members: [{MAREN}]}}]")
    people = tmp_path / "people.txt"
    people.write_text("ilse.hargreave@example.com\nnobody@example.com\n?\n", encoding="utf-8")
    plan = tmp_path / "plan.json"
    return {"roles": roles, "roster": roster, "journal": journal, "token": token, "people": people, "plan": plan}


def with_json(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield each command that has `--json`."""
    if any("--json" in option.opts for option in command.params):
        yield " ".join(path)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if (below := command.get_command(context, name)) is not None:
                yield from with_json(below, (*path, name))


def test_every_command_with_json_is_in_the_table() -> None:
    """Every command that has `--json` is in the table of these tests."""
    for command in with_json(css):
        assert any(words.startswith(f"{command} ") or words == command for words in COMMANDS), command


@pytest.mark.parametrize(("words", "name"), COMMANDS.items(), ids=lambda each: each)
def test_every_json_object_follows_the_schema_of_its_command(
    run_css: Run,
    sandbox: Sandbox,
    files: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    name: str,
) -> None:
    """Every JSON object that a command prints, for successes and failures, follows the command's schema."""
    if "{plan}" in words:
        assert run_css("plan", files["roles"], "--out", files["plan"]) == 0
    capsys.readouterr()
    with sandbox.serve() if words.startswith(SERVED) else nullcontext() as server:
        for variable, value in (server.credentials() if server else {}).items():
            monkeypatch.setenv(f"CSS_{variable.upper()}", str(value))
        if "{token}" in words:
            assert run_css("token", "--system", "css", "--raw") == 0
            files["token"].write_text(capsys.readouterr().out, encoding="utf-8")
        run_css(*(word.format(**files) for word in words.split()), "--json")
    objects = json_rows(capsys)
    assert objects or words.startswith(("people mirror", "undo"))
    validator = Draft202012Validator(schema_of(name))
    for each in objects:
        assert not [error.message for error in validator.iter_errors(each)], each


def test_a_key_is_described_once() -> None:
    """Every key of the schemas is described once, and no key is described that they do not use."""
    used = {key for _, required, optional in RECORDS.values() for key in (*required, *optional)}
    assert used == KEYS.keys()
    assert list(KEYS) == sorted(KEYS)


def test_schemas_are_printed(run_css: Run, capsys: pytest.CaptureFixture[str], sandbox: Sandbox) -> None:
    """`css schema NAME` prints a valid schema, and `css schema` lists all of them, without a request."""
    for name in (*RECORDS, *FILES):
        assert run_css("schema", name) == 0
        Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))
    assert run_css("schema") == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]} == {*RECORDS, *FILES}
    assert run_css("schema", "nothing") == 64
    assert not sandbox.requests
