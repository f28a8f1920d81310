"""The next step after an error is worded for its reader: Python, the command line, or a line of a file."""

from __future__ import annotations

import json
import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk._service import identifiers, service_limits
from css_sdk.cli import exit_code
from css_sdk.errors import CssError
from css_sdk.models import ServiceAccount
from css_sdk.plan import removal_limits
from css_sdk.roster.columns import ALL_COLUMNS
from css_sdk.roster.reading import read_roster
from css_sdk.sandbox import Sandbox

Run = Callable[..., int]
PYTHON = re.compile(
    r"find_one|ServiceAccount\(|\.strip\(|\w+=True|\b[a-z]+_[a-z]+=|[iI]n Python|from_env|from_file"
    r"|\b(columns|ignore|split|sheet|role|day|encoding)=[ .,);]"
)
ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"
NOBODY = "0" * 32 + "@idir"
PLACE = ("-i", 101, "-e", "dev")


@pytest.mark.parametrize(
    ("refused", "python", "command_line", "file"),
    [
        (lambda: identifiers.username_of("bob"), "ServiceAccount(client_id)", "--client-id", "`client_id`"),
        (lambda: identifiers.username_of("a@b.example"), "find_one(email", "css people find a@b.example", "`email`"),
        (lambda: service_limits.check_not_emptied([], False, "members"), "allow_empty=True", "--allow-empty", ""),
        (lambda: removal_limits.check_removals("members", 9, 9), "max_removals=9", "--max-removals 9", ""),
    ],
)
def test_an_error_names_the_next_step_for_each_reader(
    refused: Callable[[], object], python: str, command_line: str, file: str
) -> None:
    """An error names arguments for Python, options for the command line and columns for a file, also after pickling."""
    with pytest.raises(CssError) as caught:
        refused()
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):  # noqa: S301
        assert python in str(error) == error.text_for("python")
        assert command_line in error.text_for("command_line")
        assert file in error.text_for("file")
        assert not PYTHON.search(error.text_for("command_line") + error.text_for("file"))
        assert "--" not in str(error) + error.text_for("file")


@pytest.mark.parametrize(
    "arguments",
    [
        ("assign", *PLACE, "-r", "reviewer", "ilse.hargreave@example.com"),
        ("assign", *PLACE, "-r", "reviewer", "bob"),
        ("members", "set", "reviewer", "bob", *PLACE),
        ("members", "set", "reviewer", *PLACE),
        ("composites", "set", "admin", *PLACE),
        ("people", "find", "--email", "il", "--provider", "bceidbasic"),
        ("people", "roles", "bob"),
        ("people", "roles", "--client-id", ""),
        ("roster", "check", "roster.csv", *PLACE),
        ("roster", "check", "header.csv"),
        ("roster", "check", "cells.csv", *PLACE),
        ("roster", "check", "cells.csv", *PLACE, "--sheet", "2025"),
        ("roster", "check", "cells.csv", *PLACE, "--split", " "),
        ("roster", "check", "old.csv", *PLACE),
        ("roster", "apply", "edited.csv", *PLACE),
        ("logs", *PLACE, "--since", "yesterday"),
    ],
)
def test_the_command_line_names_nothing_of_python(
    run_css: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[object, ...],
) -> None:
    """Messages of commands, in results, errors and faults of files, name no function or argument of Python."""
    monkeypatch.chdir(tmp_path)
    Path("roster.csv").write_text("username,role\na@b.example,reviewer\nbob,reviewer\n", encoding="utf-8")
    Path("header.csv").write_text("usr,Usernam,until\nbob,bob,2027-01-01\n", encoding="utf-8")
    Path("edited.csv").write_text(f"username,role\n{ILSE},reviewer\n", encoding="utf-8")
    Path("edited.result.csv").write_text(f"{','.join(ALL_COLUMNS)},notes\n", encoding="utf-8")
    Path("cells.csv").write_text(f"username,role,until\n{ILSE},,2027-01-01\n{ILSE},a,,more\n", encoding="utf-8")
    Path("old.csv").write_bytes("username,role\nzoë,a\n".encode("cp1252"))
    assert run_css(*arguments) in (0, 1, 4, 64)
    out, err = capsys.readouterr()
    assert out + err
    assert not PYTHON.search(out + err), out + err


def test_errors_about_variables_name_nothing_of_python(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors of commands about an address or secret in a variable name no function or argument of Python."""
    for name, value in sandbox.credentials().items():
        monkeypatch.setenv(f"CSS_{name.upper()}", str(value))
    for name, value in (("CSS_API_URL", "http://api.example/api/v1"), ("CSS_CLIENT_SECRET", "x\n")):
        monkeypatch.setenv(name, value)
        assert exit_code(["whoami"]) == 64
        assert not PYTHON.search(capsys.readouterr().err)


def test_a_roster_says_which_column_to_use() -> None:
    """If a username in a roster is an address or a client id, the fault names the column to use."""
    with pytest.raises(CssError) as caught:
        read_roster("username,role\na@b.example,reviewer\nbob,reviewer\n", "r.csv", integration="1", environment="dev")
    first, second = caught.value.faults  # type: ignore[attr-defined]
    assert "`email`" in first
    assert "`client_id`" in second
    assert not {"ServiceAccount", "css people"} & {*first.split(), *second.split()}


def test_the_long_form_of_a_service_account_is_accepted() -> None:
    """The username of a service account is accepted, and means the same as its client id."""
    assert identifiers.username_of(ServiceAccount("a-1")) == identifiers.username_of("service-account-a-1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("assign", "-r", "reviwer", ILSE),
        ("assign", "-r", "Reviewer", ILSE),
        ("unassign", "-r", "reviwer", ILSE, "--yes"),
        ("roles", "delete", "reviwer", "--yes"),
        ("composites", "remove", "admin", "reviwer", "--yes"),
    ],
    ids=" ".join,
)
def test_a_mistyped_role_gets_a_suggestion(
    run_css: Run, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """If a role does not exist, the error suggests the role with the most similar name and the command that lists all
    roles.
    """
    assert run_css(*arguments, *PLACE) == 1
    assert "Did you mean 'reviewer'? To see which roles there are, run: css roles list" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("assign", "-r", "reviewer", NOBODY, *PLACE), f"--guid {NOBODY.partition('@')[0]}"),
        (("assign", "-r", "reviewer", NOBODY[1:], *PLACE), "NAME"),
        (("people", "roles", "nobody@example.com"), "--email nobo"),
        (("people", "roles", "tobias"), "tobias"),
        (("people", "roles", NOBODY), f"--guid {NOBODY.partition('@')[0]}"),
    ],
)
def test_the_command_that_searches_for_people_has_a_term(
    run_css: Run, arguments: tuple[str, ...], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The suggested `css people find` has a search term, or shows where to put one."""
    assert run_css(*arguments) in (1, 64)
    assert f"css people find {command}\n" in capsys.readouterr().err


def test_whoami_names_where_the_credentials_are_set(
    run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css whoami` names the variables or the file from which the credentials come."""
    assert run_css("whoami", "--json") == 0
    assert json.loads(capsys.readouterr().out)["credentials"] == "CSS_CLIENT_ID, CSS_CLIENT_SECRET"
    file = tmp_path / "team.json"
    keys = {"clientId": "CSS_CLIENT_ID", "clientSecret": "CSS_CLIENT_SECRET", "tokenUrl": "CSS_TOKEN_URL"}
    file.write_text(json.dumps({key: os.environ[variable] for key, variable in keys.items()}), encoding="utf-8")
    file.chmod(0o600)
    for variable in keys.values():
        monkeypatch.delenv(variable)
    monkeypatch.setenv("CSS_CREDENTIALS_FILE", str(file))
    assert run_css("whoami", "--json") == 0
    assert json.loads(capsys.readouterr().out)["credentials"] == str(file)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("roles", "list", "-i", 101, "-e", "stage"), "EnvironmentMissing"),
        (("people", "roles", "nobody@example.com"), "NotFound"),
        (("assign", "-r", "reviwer", ILSE, *PLACE, "--json"), "NotFound"),
    ],
)
def test_every_error_names_its_class(
    run_css: Run, arguments: tuple[str, ...], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every error names its class, at the end of the line or in JSON, so that its page can be found."""
    assert run_css(*arguments) in (1, 4)
    out, err = capsys.readouterr()
    assert json.loads(out)["error"] == kind if out else err.splitlines()[0].endswith(f" [{kind}]")
