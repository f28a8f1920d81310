"""What to do next, in the words of whoever reads an error: Python, the command line, or a line of a file."""

from __future__ import annotations

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
from css_sdk.roster.rows import read_roster
from css_sdk.sandbox import Sandbox

Run = Callable[..., int]
PYTHON = re.compile(r"find_one|ServiceAccount\(|\.strip\(|\w+=True|\b[a-z]+_[a-z]+=|[iI]n Python|from_env|from_file")
PLACE = ("-i", 101, "-e", "dev")


@pytest.mark.parametrize(
    ("refused", "python", "command_line", "file"),
    [
        (lambda: identifiers.username_of("bob"), "ServiceAccount(client_id)", "--client-id", "`client_id`"),
        (lambda: identifiers.username_of("a@b.example"), "find_one(email", "css people find --email", "`email`"),
        (lambda: service_limits.check_not_emptied([], False, "members"), "allow_empty=True", "--allow-empty", ""),
        (lambda: removal_limits.check_removals("members", 9, 9), "max_removals=9", "--max-removals 9", ""),
    ],
)
def test_each_reader_is_sent_to_what_they_have(
    refused: Callable[[], object], python: str, command_line: str, file: str
) -> None:
    """And the text of the error itself is for Python, pickled or not."""
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
    """Neither functions nor arguments: results, errors and faults of files."""
    monkeypatch.chdir(tmp_path)
    Path("roster.csv").write_text("username,role\na@b.example,reviewer\nbob,reviewer\n", encoding="utf-8")
    assert run_css(*arguments) in (1, 4, 64)
    out, err = capsys.readouterr()
    assert out + err
    assert not PYTHON.search(out + err), out + err


def test_no_address_of_the_settings_speaks_of_python(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plain http, and a line break at the end of a variable."""
    for name, value in sandbox.credentials().items():
        monkeypatch.setenv(f"CSS_{name.upper()}", str(value))
    for name, value in (("CSS_API_URL", "http://api.example/api/v1"), ("CSS_CLIENT_SECRET", "x\n")):
        monkeypatch.setenv(name, value)
        assert exit_code(["whoami"]) == 64
        assert not PYTHON.search(capsys.readouterr().err)


def test_a_roster_says_which_column_to_use() -> None:
    """In the faults of its lines."""
    with pytest.raises(CssError) as caught:
        read_roster("username,role\na@b.example,reviewer\nbob,reviewer\n", "r.csv", integration="1", environment="dev")
    first, second = caught.value.faults  # type: ignore[attr-defined]
    assert "`email`" in first
    assert "`client_id`" in second
    assert not {"ServiceAccount", "css people"} & {*first.split(), *second.split()}


def test_a_service_account_is_no_person() -> None:
    """Its long form is taken as it is."""
    assert identifiers.username_of(ServiceAccount("a-1")) == identifiers.username_of("service-account-a-1")
