"""Commands use profiles and defaults, and `css config show` says where each value comes from."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from css_sdk.cli import css, exit_code
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, usernames


@pytest.fixture
def write_config(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Serve a sandbox, and return a function that writes a config file with a profile `grants` and more lines."""
    for name in ("CSS_CLIENT_ID", "CSS_CLIENT_SECRET", "CSS_CREDENTIALS_FILE", "CSS_API_URL", "CSS_TOKEN_URL"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with sandbox.serve() as server:
        given = server.credentials()

        def write(lines: str = "") -> Path:
            keys = {"clientId": "client_id", "clientSecret": "client_secret", "tokenUrl": "token_url"}
            (folder / "grants.json").write_text(json.dumps({key: given[name] for key, name in keys.items()}))
            (folder / "grants.json").chmod(0o600)
            path = folder / "config.toml"
            path.write_text(
                f'default_profile = "grants"\n[profiles.grants]\ncredentials_file = "grants.json"\n'
                f'api_url = "{given["api_url"]}"\n{lines}\n'
            )
            path.chmod(0o600)
            monkeypatch.setenv("CSS_CONFIG_FILE", str(path))
            return path

        yield write


def test_the_default_profile_needs_no_variable(write_config: Callable[[str], Path], capsys: Any) -> None:
    """With a default profile, css works without environment variables and without options for the integration."""
    write_config('integration = "Grants Portal"\nenvironment = "dev"')
    assert exit_code(["roles", "list", "--json"]) == 0
    assert {"role": "reviewer", "composite": False}.items() <= json.loads(
        capsys.readouterr().out.splitlines()[-1]
    ).items()
    assert exit_code(["whoami", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["team_id"] == 2016


def test_a_profile_is_named_before_or_behind_the_command(write_config: Callable[[str], Path], capsys: Any) -> None:
    """`--profile` works before and after the command, and the error for an unknown profile lists the profiles."""
    write_config('[profiles.broken]\ncredentials_file = "gone.json"')
    assert exit_code(["--profile", "grants", "whoami"]) == 0
    assert exit_code(["whoami", "--profile", "grants"]) == 0
    assert exit_code(["whoami", "--profile", "broken"]) == 64
    assert "gone.json" in capsys.readouterr().err
    assert exit_code(["whoami", "--profile", "fisheries"]) == 64
    assert "The profiles are: 'broken', 'grants'." in capsys.readouterr().err
    assert exit_code(["token", "--system", "css", "--profile", "grants"]) == 0
    assert exit_code(["doctor", "--profile", "grants"]) == 0
    assert "Profile 'grants' is used." in capsys.readouterr().out


def test_an_option_comes_before_every_default(
    write_config: Callable[[str], Path], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """css uses an option before a variable, a variable before the project, and the project before the profile."""
    write_config("integration = 102\nenvironment = 'prod'")
    sandbox.create_role(GRANTS_PORTAL, "dev", "guest")
    [user] = usernames(sandbox, 1)
    Path("css.toml").write_text("integration = 101\nenvironment = 'test'\n")
    monkeypatch.setenv("CSS_ENVIRONMENT", "dev")
    assert exit_code(["assign", "-r", "guest", user]) == 0
    assert user in sandbox.members(GRANTS_PORTAL, "dev", "guest")
    assert exit_code(["unassign", "-e", "test", "-r", "guest", user, "--yes"]) != 0
    assert user in sandbox.members(GRANTS_PORTAL, "dev", "guest")


def test_without_a_default_the_integration_option_is_required(write_config: Callable[[str], Path], capsys: Any) -> None:
    """If no default sets the integration, the option `--integration` is required."""
    write_config("")
    assert exit_code(["roles", "list", "-e", "dev"]) == 64
    assert "Missing option '-i' / '--integration'" in capsys.readouterr().err


def test_a_roster_ignores_the_default_integration(
    write_config: Callable[[str], Path], tmp_path: Path, capsys: Any
) -> None:
    """A roster takes its integration from its rows or from an option, never from a default."""
    write_config("integration = 101\nenvironment = 'dev'")
    Path("roster.csv").write_text("username,role\n" + "0" * 32 + "@idir,reviewer\n")
    assert exit_code(["roster", "check", "roster.csv"]) == 64
    assert "integration" in capsys.readouterr().err


def test_only_an_option_or_the_profile_can_allow_prod(
    write_config: Callable[[str], Path], sandbox: Sandbox, capsys: Any
) -> None:
    """A write in prod needs the option or the user's own profile. The `css.toml` of a project cannot allow it."""
    [user] = usernames(sandbox, 1)
    sandbox.create_role(GRANTS_PORTAL, "prod", "guest")
    place = ["-i", "101", "-e", "prod", "-r", "guest"]
    write_config("")
    assert exit_code(["assign", *place, user]) == 4
    Path("css.toml").write_text("allow_prod = true\n")
    assert exit_code(["assign", *place, user]) == 64
    assert "a project cannot set allow_prod" in capsys.readouterr().err
    Path("css.toml").unlink()
    assert user not in sandbox.members(GRANTS_PORTAL, "prod", "guest")
    write_config("allow_prod = true")
    assert exit_code(["assign", *place, user]) == 0
    assert user in sandbox.members(GRANTS_PORTAL, "prod", "guest")


@pytest.mark.parametrize(
    "line",
    [
        'credential_process = ["./steal"]',
        'credentials_file = "theirs.json"',
        'api_url = "https://evil.example/api/v1"',
        'token_url = "https://evil.example/token"',
        'profile = "grants"',
        "allow_prod = true",
    ],
)
def test_a_project_file_with_forbidden_settings_stops_the_command(
    write_config: Callable[[str], Path], sandbox: Sandbox, capsys: Any, line: str
) -> None:
    """If the `css.toml` of a project sets credentials, addresses or guards, css stops before it sends anything."""
    write_config("")
    Path("css.toml").write_text(f"integration = 101\nenvironment = 'dev'\n{line}\n")
    assert exit_code(["roles", "list"]) == 64
    assert "a project cannot set" in capsys.readouterr().err
    assert not sandbox.requests


def test_config_show_says_where_each_value_comes_from(
    write_config: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """`css config show` prints every setting with its source, and no secret."""
    path = write_config("width = 2\nteam_id = 2016")
    Path("css.toml").write_text("integration = 101\n")
    monkeypatch.setenv("CSS_ENVIRONMENT", "dev")
    assert exit_code(["config", "show", "--json"]) == 0
    out = capsys.readouterr().out
    assert "sandbox-secret" not in out
    rows = {row["name"]: (row["value"], row["source"]) for row in map(json.loads, out.splitlines())}
    where = f"the profile 'grants' ({path})"
    account = path.with_name("grants.json")
    assert rows["config_file"] == (str(path), "CSS_CONFIG_FILE")
    assert rows["profile"] == ("grants", "default profile")
    assert rows["client_id"] == ("service-account-team-2016-9001", f"clientId in {account}")
    assert rows["client_secret"] == ("set, not shown", f"clientSecret in {account}")
    assert rows["api_url"][1] == "api_url of profile 'grants'"
    assert rows["token_url"][1] == f"tokenUrl in {account}"
    assert rows["team_id"] == (2016, where)
    assert rows["integration"] == ("101", str(Path.cwd() / "css.toml"))
    assert rows["environment"] == ("dev", "CSS_ENVIRONMENT")
    assert rows["width"] == (2, where)
    assert rows["timeout"] == ("", "not set")


def test_config_show_runs_no_command(write_config: Callable[[str], Path], capsys: Any, tmp_path: Path) -> None:
    """`css config show` does not run the command of a profile, and does not show its arguments."""
    command = json.dumps([sys.executable, "-c", "open('ran', 'w'); print('hush-5a1f')"])
    write_config(f"[profiles.vault]\ncredential_process = {command}")
    assert exit_code(["config", "show", "--profile", "vault"]) == 0
    out = capsys.readouterr().out
    assert "printed by a command when they are needed" in out
    assert "hush-5a1f" not in out
    assert not (tmp_path / "config" / "ran").exists()


def test_config_show_without_credentials(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Without credentials, `css config show` works, and reports that they are not usable."""
    for name in ("CSS_CLIENT_ID", "CSS_CLIENT_SECRET", "CSS_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert exit_code(["config", "show", "--json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["credentials"]["source"] == "not usable"
    assert rows["config_file"]["value"] == "off"


def test_the_commands_to_run_next_keep_the_profile(
    write_config: Callable[[str], Path],
    sandbox: Sandbox,
    tmp_path: Path,
    state_folder: Path,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise they would use other credentials; a command without `--profile` names none."""
    monkeypatch.setenv("CSS_STATE_FOLDER", str(state_folder))
    write_config("[profiles.other]\ncredentials_file = 'gone.json'")
    place = ("-i", "101", "-e", "dev")
    assert exit_code(["roles", "create", "guest", *place, "--profile", "grants"]) == 0
    assert capsys.readouterr().err.splitlines()[-1].endswith("-roles-create --profile grants")
    assert (
        exit_code(["--profile", "grants", "promote", "-i", "101", "--from", "dev", "--to", "test", "--out", "p.json"])
        == 0
    )
    assert "run: css apply p.json --profile grants\n" in capsys.readouterr().err
    assert exit_code(["integrations", "--profile", "grants"]) == 0
    assert exit_code(["roles", "delete", "gest", *place, "--profile", "grants", "--yes"]) == 1
    assert capsys.readouterr().err.endswith("run: css roles list -i 101 -e dev --profile grants\n")
    assert exit_code(["roles", "delete", "gest", *place, "--yes"]) == 1
    assert capsys.readouterr().err.endswith("run: css roles list -i 101 -e dev\n")


def test_shells_complete_profiles(
    write_config: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the names in the config file, before and behind the command; no command of a profile is run."""
    ran = tmp_path / "ran"
    write_config(
        f"[profiles.vault]\ncredential_process = ['touch', '{ran}']\n[profiles.\"a\\nb\"]\ncredentials_file = 'c'"
    )

    def completed(*words: str) -> list[str]:
        return [each.value for each in ShellComplete(css, {}, "css", "_CSS_COMPLETE").get_completions([*words], "")]

    assert completed("--profile") == ["grants", "vault"]
    assert completed("roles", "list", "--profile") == ["grants", "vault"]
    monkeypatch.setenv("CSS_CONFIG_FILE", str(tmp_path / "none.toml"))
    assert completed("--profile") == []
    assert not ran.exists()
