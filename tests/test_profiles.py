"""The user's config file and a project's `css.toml`: the allowed keys, and the checks of who may have written them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from css_sdk.config import files, process, profiles
from css_sdk.errors import ConfigurationError

GRANTS = {"credentials_file": "grants.json"}
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions and processes")


def read(table: Mapping[str, Any]) -> profiles.Profile:
    """Return the profile that a table describes."""
    return profiles.read_profiles({"profiles": {"grants": table}}, "config.toml")[0]["grants"]


def test_a_profile_has_every_key_that_was_set() -> None:
    """Every key of a profile is read under its own name, and an integration may be an id."""
    given = {
        "credential_process": ["vault-print", "css/grants"],
        "api_url": "https://api.example/v1",
        "token_url": "https://login.example/token",
        "team_id": 2016,
        "allow_prod": True,
        "keep_token": True,
        "integration": 101,
        "environment": "dev",
        "width": 8,
        "timeout": 5,
        "journal_days": 30,
    }
    profile = read(given)
    for key, value in {**given, "credential_process": ("vault-print", "css/grants"), "integration": "101"}.items():
        assert getattr(profile, key) == value


WRONG = [
    ({}, "Set either credentials_file or credential_process"),
    ({**GRANTS, "credential_process": ["vault"]}, "Set either credentials_file or credential_process"),
    ({"credential_process": "vault-print css/grants"}, "credential_process must be a list of texts"),
    ({"credential_process": []}, "credential_process must be a list of texts"),
    ({**GRANTS, "client_secret": "hush-5a1f"}, "credentials do not belong in this file"),
    ({**GRANTS, "clientSecret": "hush-5a1f"}, "credentials do not belong in this file"),
    ({**GRANTS, "api_ulr": "https://api.example"}, "there is no key 'api_ulr'. Did you mean 'api_url'?"),
    ({**GRANTS, "colour": "hush-5a1f"}, "there is no key 'colour'. The keys are: credentials_file"),
    ({**GRANTS, "environment": "hush-5a1f"}, "environment must be dev, test or prod"),
    ({**GRANTS, "allow_prod": "yes"}, "allow_prod must be true or false"),
    ({**GRANTS, "width": 9}, "width must be a whole number from 1 to 8"),
    ({**GRANTS, "width": True}, "width must be a whole number from 1 to 8"),
    ({**GRANTS, "journal_days": 0}, "journal_days must be a whole number of days, 1 or more"),
    ({**GRANTS, "timeout": 0}, "timeout must be a number of seconds"),
    ({**GRANTS, "timeout": float("inf")}, "timeout must be a number of seconds"),
    ({**GRANTS, "team_id": "2016"}, "team_id must be the id of a team"),
    ({**GRANTS, "integration": ""}, "integration must be an id or a project name"),
    ({**GRANTS, "integration": "a\u202eb"}, "integration must be an id or a project name"),
]


@pytest.mark.parametrize(("table", "words"), WRONG)
def test_a_wrong_profile_is_named_without_its_values(table: dict[str, Any], words: str) -> None:
    """The error for an invalid profile names the file, the profile and the key, and never repeats a value."""
    with pytest.raises(ConfigurationError) as caught:
        read(table)
    assert str(caught.value).startswith("config.toml, profile 'grants': ")
    assert words in str(caught.value)
    assert "hush-5a1f" not in str(caught.value)


def test_the_default_profile_must_exist_and_may_be_named() -> None:
    """The default profile is called `default`, or as `default_profile` says; if that profile is missing, the error
    lists all.
    """
    tables = {"grants": GRANTS, "default": GRANTS}
    assert profiles.read_profiles({"profiles": tables}, "c")[1] == "default"
    assert profiles.read_profiles({"default_profile": "grants", "profiles": tables}, "c")[1] == "grants"
    with pytest.raises(ConfigurationError, match="The profiles are: 'default', 'grants'"):
        profiles.read_profiles({"default_profile": "fisheries", "profiles": tables}, "c")
    with pytest.raises(ConfigurationError, match=r"Begin it with \[profiles.NAME\]"):
        profiles.read_profiles({"profiles": {"grants": "grants.json"}}, "c")


PLANTED = [
    {"profile": "prod"},
    {"profiles": {"default": {"credential_process": ["/planted/steal"]}}},
    {"default_profile": "prod"},
    {"credentials_file": "/planted/theirs.json"},
    {"credential_process": ["/planted/steal"]},
    {"api_url": "https://evil.example/api/v1"},
    {"token_url": "https://evil.example/token"},
    {"allow_prod": True},
    {"keep_token": True},
    {"journal_days": 1},
    {"team_id": 7},
]


@pytest.mark.parametrize("content", PLANTED, ids=lambda content: next(iter(content)))
def test_a_cloned_project_cannot_run_commands_or_redirect_secrets(content: dict[str, Any]) -> None:
    """A `css.toml` of a project that sets anything other than a default is refused completely."""
    with pytest.raises(ConfigurationError, match=f"a project cannot set {next(iter(content))}"):
        profiles.read_project({"integration": 101, **content}, "css.toml")


def test_a_project_sets_defaults() -> None:
    """A project may set integration, environment, width and timeout, and a mistyped key gets a suggestion."""
    content = {"integration": "Grants Portal", "environment": "dev", "width": 2, "timeout": 10}
    assert profiles.read_project(content, "css.toml") == content
    with pytest.raises(ConfigurationError, match="Did you mean 'environment'"):
        profiles.read_project({"enviroment": "dev"}, "css.toml")


# Files


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a config file that only its owner can change, in a folder that only its owner can change."""
    folder = tmp_path / "css-sdk"
    folder.mkdir(mode=0o700)
    path = folder / "config.toml"
    path.write_text('[profiles.grants]\ncredentials_file = "grants.json"\n', encoding="utf-8")
    path.chmod(0o600)
    return path


def test_the_config_file_is_named_by_a_variable_or_in_the_platforms_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The config file is the one in CSS_CONFIG_FILE, none for `off`, and by default in the platform's config folder."""
    assert files.config_path({"CSS_CONFIG_FILE": str(tmp_path)}) == tmp_path
    assert files.config_path({"CSS_CONFIG_FILE": "off"}) is None
    pytest.importorskip("platformdirs")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    found = files.config_path({})
    assert found is not None
    assert found.parts[-2:] == ("css-sdk", "config.toml")
    if sys.platform == "linux":
        assert found == tmp_path / "css-sdk" / "config.toml"


def test_a_config_file_may_be_missing_unless_it_is_named(tmp_path: Path) -> None:
    """A missing config file counts as empty, unless something names it."""
    assert files.read_config(tmp_path / "config.toml") == {}
    with pytest.raises(ConfigurationError, match=r"There is no config file .* Create it"):
        files.read_config(tmp_path / "config.toml", must_exist=True)


@posix
@pytest.mark.parametrize(("what", "mode"), [("file", 0o620), ("file", 0o602), ("folder", 0o770), ("above", 0o707)])
def test_a_file_that_others_can_change_is_refused(config: Path, what: str, mode: int) -> None:
    """If others can write to the config file or a folder above it, nothing of it is used, and the error names the
    command.
    """
    changed = {"file": config, "folder": config.parent, "above": config.parent.parent}[what]
    changed.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"they can write to {changed}. Run: chmod go-w {changed}") as caught:
        files.read_config(config)
    assert caught.value.remedy is not None  # the command line prints the command on its own line
    changed.chmod(mode & 0o755)
    assert "profiles" in files.read_config(config)


@posix
@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_of_another_user_is_refused(config: Path, what: str) -> None:
    """A config file whose file or folder belongs to another user is refused."""
    changed = config if what == "file" else config.parent
    os.chown(changed, 12345, -1)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        files.read_config(config)


@posix
def test_a_link_to_a_file_that_others_can_change_is_refused(config: Path, tmp_path: Path) -> None:
    """A link to a config file in a folder that others can change is refused."""
    shared = tmp_path / "shared"
    shared.mkdir()
    target = config.rename(shared / "config.toml")
    shared.chmod(0o777)
    config.symlink_to(target)
    with pytest.raises(ConfigurationError, match="they can write to"):
        files.read_config(config)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'secret = "hush-5a1f', "it is not valid TOML"),
        (b"hush-5a1f = [" * 5000, "it is not"),
        (b"\xff\xfehush-5a1f", "it is not TOML in UTF-8"),
        (b"#" * (1024 * 1024 + 1), "it is larger than"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_without_its_content(config: Path, content: bytes, words: str) -> None:
    """If the config file is not valid, neither the error nor its causes repeat its content."""
    config.write_bytes(content)
    with pytest.raises(ConfigurationError, match=words) as caught:
        files.read_config(config)
    assert "hush-5a1f" not in str(caught.value)
    assert caught.value.__context__ is None or "hush-5a1f" not in str(caught.value.__context__)


@posix
def test_a_pipe_in_place_of_a_file_does_not_hang(tmp_path: Path) -> None:
    """A named pipe that somebody planted as `css.toml` is refused, and css-sdk does not hang."""
    os.mkfifo(tmp_path / "css.toml")
    with pytest.raises(ConfigurationError, match="it is not a file"):
        files.read_project_file(tmp_path / "css.toml")


def test_a_project_ends_at_its_repository(tmp_path: Path) -> None:
    """css-sdk searches `css.toml` in the current folder and above it, up to the root of the git repository and no
    further.
    """
    (tmp_path / "css.toml").touch()
    inner = tmp_path / "repository" / "folder"
    inner.mkdir(parents=True)
    assert files.project_path(inner) is None
    assert files.project_path(tmp_path) == tmp_path / "css.toml"
    (inner.parent / "css.toml").touch()
    assert files.project_path(inner) is None
    (inner.parent / ".git").mkdir()
    assert files.project_path(inner) == inner.parent / "css.toml"
    (inner / "css.toml").touch()
    assert files.project_path(inner) == inner / "css.toml"


# The command that prints credentials


def run(tmp_path: Path, code: str, timeout: float = 20.0, **options: Any) -> str:
    """Return the output of a Python program that runs as a credential process."""
    command = [sys.executable, "-c", code]
    return process.run_credential_process(command, tmp_path, "The command", timeout, **options).reveal()


def test_a_credential_process_returns_its_stdout(tmp_path: Path) -> None:
    """A credential process returns what it prints on stdout, and nothing of stderr."""
    assert run(tmp_path, "import sys; print('{}'); print('hello', file=sys.stderr)").strip() == "{}"


def test_a_credential_process_runs_without_a_shell(tmp_path: Path) -> None:
    """A credential process runs without a shell, so that its arguments reach the program unchanged."""
    nasty = "$(touch planted); `touch planted` | > planted 'x\" *"
    command = [sys.executable, "-c", "import sys; print(sys.argv[1], end='')", nasty]
    assert process.run_credential_process(command, tmp_path, "The command").reveal() == nasty
    assert not (tmp_path / "planted").exists()


def test_a_credential_process_runs_in_the_folder_of_the_config_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A credential process runs in the folder of the config file, so that a cloned repository cannot plant a module for
    it.
    """
    (tmp_path / "repository").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "repository" / "keyring.py").write_text("print('planted')", encoding="utf-8")
    (tmp_path / "own" / "keyring.py").write_text("print('mine', end='')", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "repository")
    command = [sys.executable, "-m", "keyring"]
    assert process.run_credential_process(command, tmp_path / "own", "The command").reveal() == "mine"


@posix
def test_a_program_of_the_current_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path or an entry `.` in PATH does not make css-sdk run a program of the current folder."""
    program = tmp_path / "vault-print"
    program.write_text("#!/bin/sh\necho planted\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}/usr/bin")
    for name, words in (("./vault-print", "has a relative path"), ("vault-print", "is not in PATH")):
        with pytest.raises(ConfigurationError, match=words):
            process.run_credential_process([name], tmp_path, "The command")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('hush-5a1f'); raise SystemExit(3)", "failed with exit code 3"),
        ("import sys\nwhile True: sys.stdout.write('hush-5a1f' * 10000)", "printed too much"),
        ("print('hush-5a1f', flush=True)\nimport time\ntime.sleep(60)", "took longer than"),
    ],
    ids=["fails", "endless", "slow"],
)
def test_the_output_of_a_failed_credential_process_is_in_no_error(tmp_path: Path, code: str, words: str) -> None:
    """If a credential process fails, prints too much or takes too long, the error does not repeat its output."""
    with pytest.raises(ConfigurationError, match=words) as caught:
        run(tmp_path, code, timeout=2.0)
    assert "hush-5a1f" not in repr(caught.value)
    assert caught.value.__context__ is None


@posix
def test_processes_that_the_command_started_end_with_it(tmp_path: Path) -> None:
    """If a credential process leaves a child that holds its output open, css-sdk waits only until the timeout and ends
    it.
    """
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('pid', 'w').write(str(child.pid))\n"
    )
    started = time.monotonic()
    with pytest.raises(ConfigurationError, match="took longer than"):
        run(tmp_path, code, timeout=2.0)
    assert time.monotonic() - started < 20
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        for _ in range(200):
            os.kill(pid, 0)
            time.sleep(0.01)


def test_a_missing_program_is_refused(tmp_path: Path) -> None:
    """If the program of a credential process does not exist, css-sdk raises an error that says what it is for."""
    for name in ("no-such-program", str(tmp_path / "nothing")):
        with pytest.raises(ConfigurationError, match="The command"):
            process.run_credential_process([name], tmp_path, "The command")
