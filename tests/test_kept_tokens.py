"""With `CSS_KEEP_TOKEN`, a token is kept between runs in a file that only its user can read."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from css_sdk import ConfigurationError, Css, CssError, Settings, WrongTeam
from css_sdk._http.kept_values import KeptValue
from css_sdk.sandbox import Sandbox
from css_sdk.settings import Secret, settings_from_env
from tests.support import asked

Run = Callable[..., int]
POSIX = pytest.mark.skipif(os.name != "posix", reason="the permissions of files are those of POSIX")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the user's cache folder, which does not exist yet."""
    folder = tmp_path / "cache" / "css-sdk"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: folder)
    return folder


@pytest.fixture
def keeping(settings: Settings, cache: Path) -> Settings:
    """Return settings that keep the token."""
    return evolve(settings, keep_token=True)


def run(sandbox: Sandbox, settings: Settings, **options: Any) -> None:
    """Do what one run of a program does: make a client and read the integrations."""
    with Css(settings, transport=sandbox.transport(), **options) as css:
        css.integrations()


def kept(cache: Path) -> Path:
    """Return the only file in the folder of tokens."""
    [file] = (cache / "tokens").iterdir()
    return file


def test_ten_commands_make_one_token_request(
    run_css: Run, sandbox: Sandbox, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With CSS_KEEP_TOKEN, ten commands make one token request. Without it, each requests its own and
    writes no file.
    """
    for _ in range(2):
        assert run_css("whoami") == 0
    assert asked(sandbox)["token"] == 2
    assert not cache.exists()
    monkeypatch.setenv("CSS_KEEP_TOKEN", "on")
    for _ in range(10):
        assert run_css("whoami") == 0
    assert asked(sandbox)["token"] == 3


@pytest.mark.skipif(sys.platform != "linux", reason="the variable of the cache folder is that of Linux")
def test_processes_share_a_token(sandbox: Sandbox, tmp_path: Path) -> None:
    """Two processes share a token through the file in the cache folder of the platform."""
    with sandbox.serve() as server:
        variables = {f"CSS_{name.upper()}": str(value) for name, value in server.credentials().items()}
        environ = os.environ | variables | {"CSS_KEEP_TOKEN": "on", "XDG_CACHE_HOME": str(tmp_path)}
        for _ in range(2):
            subprocess.run(
                [sys.executable, "-m", "css_sdk.cli", "whoami"], env=environ, check=True, capture_output=True
            )
    assert asked(sandbox)["token"] == 1
    assert len(list((tmp_path / "css-sdk" / "tokens").iterdir())) == 1


@POSIX
def test_only_the_user_can_read_a_kept_token(sandbox: Sandbox, keeping: Settings, cache: Path) -> None:
    """Only the user can read the file and its folder. It contains no client secret, and its name no client id."""
    run(sandbox, keeping)
    file = kept(cache)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert keeping.client_secret.reveal() not in file.read_text(encoding="utf-8")
    assert keeping.client_id not in file.name


@pytest.mark.parametrize("changed", ["client_secret", "token_url", "api_url", "client_id"])
def test_a_kept_token_belongs_to_one_account_and_its_addresses(
    sandbox: Sandbox, keeping: Settings, cache: Path, changed: str
) -> None:
    """With another secret, account, login server or API address, css-sdk does not use a kept token."""
    run(sandbox, keeping)
    other = {
        "client_secret": Secret("another"),
        "client_id": "service-account-team-2016-9999",
        "token_url": keeping.token_url + "?other=1",
        "api_url": keeping.api_url.replace("http://localhost", "http://127.0.0.1"),
    }[changed]
    settings = evolve(keeping, **{changed: other})
    with suppress(CssError):  # the sandbox knows neither this account nor this secret
        run(sandbox, settings)
    assert asked(sandbox)["token"] == 2


def test_a_kept_token_that_has_expired_is_replaced(sandbox: Sandbox, keeping: Settings, cache: Path) -> None:
    """A kept token is replaced if it has expired, or if it seems to live too long because a clock was changed."""
    run(sandbox, keeping)
    for shift in (-10_000.0, 10_000.0):
        content = json.loads(kept(cache).read_text(encoding="utf-8"))
        content["until"] += shift
        kept(cache).write_text(json.dumps(content), encoding="utf-8")
        before = asked(sandbox)["token"]
        run(sandbox, keeping)
        run(sandbox, keeping)
        assert asked(sandbox)["token"] == before + 1


def test_a_kept_token_that_is_refused_is_replaced(sandbox: Sandbox, keeping: Settings, cache: Path) -> None:
    """If the service refuses a kept token with 401, css-sdk requests a new one and keeps it."""
    run(sandbox, keeping)
    sandbox.faults.add("lost_keys", path="/integrations", times=1)
    run(sandbox, keeping)
    assert asked(sandbox)["token"] == 2
    run(sandbox, keeping)
    assert asked(sandbox)["token"] == 2


def test_the_team_of_a_kept_token_is_checked(sandbox: Sandbox, keeping: Settings, cache: Path) -> None:
    """If a kept token belongs to another team than the settings say, css-sdk raises `WrongTeam` and sends nothing."""
    run(sandbox, keeping)
    sent = len(sandbox.requests)
    with pytest.raises(WrongTeam, match="belong to team 2016, not to team 7"):
        run(sandbox, evolve(keeping, team_id=7))
    assert len(sandbox.requests) == sent


@POSIX
@pytest.mark.parametrize(
    "fault", ["others can read it", "a link", "a pipe", "the folder is open", "cut short", "another token"]
)
def test_a_file_that_others_could_have_made_is_not_used(
    sandbox: Sandbox, keeping: Settings, cache: Path, tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """If others could have written the file, or it is damaged, css-sdk requests a token and does its work."""
    run(sandbox, keeping)
    file = kept(cache)
    good = file.read_text(encoding="utf-8")
    match fault:
        case "others can read it":
            file.chmod(0o644)
        case "a link":
            (tmp_path / "elsewhere").write_text(good, encoding="utf-8")
            (tmp_path / "elsewhere").chmod(0o600)
            file.unlink()
            file.symlink_to(tmp_path / "elsewhere")
        case "a pipe":
            file.unlink()
            os.mkfifo(file, 0o600)
        case "the folder is open":
            file.unlink()
            file.parent.chmod(0o777)
        case "cut short":
            file.write_text(good[:-20], encoding="utf-8")
        case "another token":
            file.write_text(json.dumps({**json.loads(good), "value": "two words\n"}), encoding="utf-8")
    run(sandbox, keeping)
    assert asked(sandbox)["token"] == 2
    if fault == "others can read it":
        assert f"Delete {file}" in caplog.text
    if fault == "the folder is open":
        assert "other users can write there" in caplog.text
        assert not list(file.parent.iterdir())
    assert json.loads(good)["value"] not in caplog.text


def test_a_cache_folder_that_cannot_be_written_leads_to_a_warning(
    sandbox: Sandbox, keeping: Settings, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """If the cache folder cannot be written, css-sdk warns and does its work."""
    cache.parent.mkdir()
    cache.write_text("a file, not a folder", encoding="utf-8")
    run(sandbox, keeping)
    assert f"The token cannot be kept in {cache / 'tokens'}" in caplog.text


def test_without_a_home_folder_no_token_is_kept(
    sandbox: Sandbox, keeping: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """If the user has no home folder, css-sdk warns, keeps no token, and writes nothing into the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: Path("~/.cache/css-sdk"))
    run(sandbox, keeping)
    assert "The token cannot be kept in the cache folder: the user has no home folder." in caplog.text
    assert not list(tmp_path.iterdir())


def test_the_token_is_never_logged(
    sandbox: Sandbox, keeping: Settings, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A kept token is in no log line of any level, and not in the repr of its file."""
    caplog.set_level(logging.DEBUG)
    run(sandbox, keeping)
    run(sandbox, keeping)
    token = json.loads(kept(cache).read_text(encoding="utf-8"))["value"]
    assert token not in caplog.text
    assert token not in repr(KeptValue("token", ["a"], Secret("b")))


PAIR = {"CSS_CLIENT_ID": "service-account-team-1-1", "CSS_CLIENT_SECRET": "s3cret"}


@pytest.mark.parametrize(("value", "keeps"), [(None, False), ("", False), ("off", False), ("on", True), (" ON", True)])
def test_keep_token_is_on_only_if_the_variable_is_on(value: str | None, keeps: bool, tmp_path: Path) -> None:
    """CSS_KEEP_TOKEN counts for credentials in variables and in a file, and is off unless it is `on`."""
    variable = {} if value is None else {"CSS_KEEP_TOKEN": value}
    assert settings_from_env(PAIR | variable).keep_token is keeps
    file = tmp_path / "account.json"
    file.write_text(
        '{"clientId": "a", "clientSecret": "b", "tokenUrl": "https://login.example/token"}', encoding="utf-8"
    )
    file.chmod(0o600)
    assert settings_from_env({"CSS_CREDENTIALS_FILE": str(file)} | variable).keep_token is keeps


@pytest.mark.parametrize("value", ["yes", "1", "on and off"])
def test_an_invalid_value_of_keep_token_is_refused(value: str) -> None:
    """A value of CSS_KEEP_TOKEN other than `on` and `off` is refused with an error that names both."""
    with pytest.raises(ConfigurationError, match=r"CSS_KEEP_TOKEN is '.*'\. Set it to on or off\."):
        settings_from_env(PAIR | {"CSS_KEEP_TOKEN": value})
