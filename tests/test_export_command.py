"""`css export` writes the current state as a roles file whose plan is empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import pytest

from css_sdk import read_desired
from css_sdk.sandbox import Sandbox
from tests.states import everything, file_of_roles
from tests.support import GRANTS_PORTAL, asked, is_private

Run = Callable[..., int]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-i", "101"],
        ["-i", "Grants Portal", "-i", "102", "-e", "dev"],
        ["-e", "test"],
        ["--additive", "--by-name", "--names"],
    ],
)
def test_the_plan_of_an_export_is_empty(run_css: Run, sandbox: Sandbox, tmp_path: Path, options: Sequence[str]) -> None:
    """For all options, the plan of an export is empty, and `css export` only reads."""
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", "service-account-fisheries-service-102", *sandbox.world.users)
    sandbox.create_role(GRANTS_PORTAL, "test", "no", [])
    file = tmp_path / "roles.yaml"
    assert run_css("export", *options, "--output", file) == 0
    assert is_private(file)
    assert run_css("plan", file, "--prune", "--detailed-exitcode") == 0
    assert run_css("drift", file) == 0
    assert asked(sandbox).keys() == {"token", "GET"}


def test_an_export_contains_all_environments_and_names_only_on_request(
    run_css: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """An export contains the environments of all Gold, applied integrations, and people's names only with `--names`."""
    assert run_css("export") == 0
    text = capsys.readouterr().out
    places = [place.named for place in read_desired(text, "export").places]
    assert places == [
        *(("#101", name) for name in ("dev", "test", "prod")),
        *(("#102", name) for name in ("dev", "prod")),
        ("#103", "dev"),
    ]
    assert "Maren" not in text
    assert run_css("export", "--by-name", "--names") == 0
    named = capsys.readouterr().out
    assert "# Maren Fairweather" in named
    assert "integration: Grants Portal" in named


def test_a_missing_environment_of_a_named_integration_is_refused(run_css: Run) -> None:
    """A missing environment is refused if the integration is named; without a name, integrations that lack it are left
    out.
    """
    assert run_css("export", "-i", "102", "-e", "test") == 4
    assert run_css("export", "-e", "test") == 0


def test_a_role_with_control_characters_is_left_out_and_reported(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An export leaves out a role whose name has control characters, warns about it, and contains everything else."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "evil\x1b[2Jrole")
    file = tmp_path / "roles.yaml"
    assert run_css("export", "-i", "101", "-e", "dev", "--output", file) == 0
    assert "evil\\x1b[2Jrole" in caplog.text
    assert "\x1b" not in caplog.text
    [place] = read_desired(file.read_text(encoding="utf-8"), "export").places
    assert [role.name for role in place.roles.items] == ["admin", "approver", "reviewer"] if place.roles else False
    assert run_css("plan", file, "--prune", "--detailed-exitcode") == 0


@pytest.mark.parametrize("name", ["evil\x1b[2J", " Portal", "102", "#102", "Fisheries Service", "0"])
def test_an_integration_whose_name_may_mislead_is_named_by_id(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    """With `--by-name`, an export still names an integration by id if its name is invalid, a number or ambiguous."""
    integrations = sandbox.world.integrations
    integrations[GRANTS_PORTAL] = attrs.evolve(integrations[GRANTS_PORTAL], project_name=name)
    file = tmp_path / "roles.yaml"
    assert run_css("export", "-i", "#101", "--by-name", "--output", file) == 0
    assert "  - integration: 101\n" in file.read_text(encoding="utf-8")
    assert run_css("plan", file, "--prune", "--detailed-exitcode") == 0


def test_a_role_that_no_file_can_name_is_left_alone(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A role with blanks around its name is in no export, and plan, promote and apply neither change nor copy it."""
    monkeypatch.chdir(tmp_path)
    for name in (" lead", "lead\xa0"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name, ["reviewer"])
        sandbox.grant(GRANTS_PORTAL, "dev", name, *sorted(sandbox.world.users)[:2])
    sandbox.create_role(GRANTS_PORTAL, "dev", "above", [" lead"])
    before = everything(sandbox)
    assert run_css("export", "-i", "101", "-e", "dev", "--output", "roles.yaml") == 0
    [place] = read_desired(Path("roles.yaml").read_bytes(), "export").places
    assert place.roles
    assert [role.name for role in place.roles.items] == ["above", "admin", "approver", "reviewer"]
    capsys.readouterr()
    assert run_css("plan", "roles.yaml", "--prune", "--detailed-exitcode") == 0
    assert "no roles file can name ' lead', which has blanks around it" in capsys.readouterr().out
    assert run_css("drift", "roles.yaml") == 0
    assert run_css("promote", "-i", "101", "--from", "dev", "--to", "test", "--members", "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "test") == {"above", "admin", "approver", "reviewer"}
    file = file_of_roles(tmp_path, "{exact: [reviewer]}")
    assert run_css("apply", file, "--prune", "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "dev") == {"reviewer", " lead", "lead\xa0"}
    assert sandbox.members(GRANTS_PORTAL, "dev", " lead") == sorted(sandbox.world.users)[:2]
    assert everything(sandbox).keys() == before.keys()


@pytest.mark.parametrize(
    ("content", "code"), [("mine", 64), ("version: 1\nintegrations: []\n", 64), ("", 0), (None, 0)]
)
def test_only_an_older_export_is_replaced(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, content: str | None, code: int
) -> None:
    """`css export` replaces only an older export or an empty file. It keeps any other file, and sends nothing."""
    file = tmp_path / "roles.yaml"
    if content is None:
        assert run_css("export", "--output", file) == 0
        sandbox.clear_requests()
    else:
        file.write_text(content, encoding="utf-8")
    assert run_css("export", "--output", file) == code
    assert (asked(sandbox) == {}) is bool(code)
    assert (file.read_text(encoding="utf-8") == content) is bool(code)


@pytest.mark.parametrize(
    ("change", "is_kept"),
    [
        (lambda text: text, False),
        (lambda text: text.replace("\n", "\r\n"), False),
        (lambda text: text + "timezone: America/Vancouver\n", True),
        (lambda text: text.replace("reviewer", "Reviewer"), True),
        (lambda text: text.replace(text.split("\n")[0], "# Written by css export. Delete this line to keep it."), True),
    ],
    ids=["nothing", "line ends", "a line", "a name", "no checksum"],
)
def test_an_export_that_somebody_changed_is_kept(
    run_css: Run,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    change: Callable[[str], str],
    is_kept: bool,
) -> None:
    """`css export` replaces an export only while its checksum fits; other line ends do not count as a change."""
    file = tmp_path / "roles.yaml"
    assert run_css("export", "-i", "101", "-e", "dev", "--output", file) == 0
    changed = change(file.read_text(encoding="utf-8")).encode()
    file.write_bytes(changed)
    sandbox.create_role(GRANTS_PORTAL, "dev", "auditor")
    sandbox.clear_requests()
    assert run_css("export", "-i", "101", "-e", "dev", "--output", file) == (64 if is_kept else 0)
    assert (file.read_bytes() == changed) is is_kept
    if is_kept:
        assert asked(sandbox) == {}
        assert capsys.readouterr().err == (
            f"css: {file} exists and is not an export that css-sdk wrote, or somebody has changed it. Nothing was "
            "sent. Name another file with --output, or replace the file with --force. [InvalidFile]\n"
        )
        assert run_css("export", "-i", "101", "-e", "dev", "--output", file, "--force") == 0
        assert "auditor" in file.read_text(encoding="utf-8")
