"""Settings come from one source: a named profile, else environment variables, else the default profile."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from css_sdk import Css, Place, diagnose, systems
from css_sdk._sync.workers import task_for
from css_sdk.config.sources import Default, describe_config, find_defaults, find_settings
from css_sdk.errors import ConfigurationError, WrongTeam
from css_sdk.sandbox import Sandbox

SECRET = "hush-5a1f"
PAIR = {"CSS_CLIENT_ID": "service-account-team-1-1", "CSS_CLIENT_SECRET": "of-the-variables"}
ACCOUNT = {
    "clientId": "service-account-team-2016-9001",
    "clientSecret": SECRET,
    "tokenUrl": "https://login.example/token",
}
WriteConfig = Callable[[str], dict[str, str]]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteConfig:
    """Return a function that writes a config file beside an account file and returns the variables that lead to it."""
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    account = folder / "grants.json"
    account.write_text(json.dumps(ACCOUNT), encoding="utf-8")
    account.chmod(0o600)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def write(text: str) -> dict[str, str]:
        path = folder / "config.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return {"CSS_CONFIG_FILE": str(path)}

    return write


TWO = """
default_profile = "grants"

[profiles.grants]
credentials_file = "grants.json"
api_url = "https://api.example/v1"
team_id = 2016

[profiles.public]
credentials_file = "grants.json"
"""


@pytest.mark.parametrize(
    ("environ", "profile", "api_url", "client_id"),
    [
        ({}, None, "https://api.example/v1", ACCOUNT["clientId"]),
        ({}, "public", "https://api.loginproxy.gov.bc.ca/api/v1", ACCOUNT["clientId"]),
        ({"CSS_PROFILE": "public"}, None, "https://api.loginproxy.gov.bc.ca/api/v1", ACCOUNT["clientId"]),
        ({"CSS_PROFILE": "public"}, "grants", "https://api.example/v1", ACCOUNT["clientId"]),
        (PAIR, None, "https://api.loginproxy.gov.bc.ca/api/v1", PAIR["CSS_CLIENT_ID"]),
        (PAIR, "grants", "https://api.example/v1", ACCOUNT["clientId"]),
        ({**PAIR, "CSS_PROFILE": "grants"}, None, "https://api.example/v1", ACCOUNT["clientId"]),
        ({**PAIR, "CSS_API_URL": "https://own.example/v1"}, None, "https://own.example/v1", PAIR["CSS_CLIENT_ID"]),
    ],
)
def test_a_named_profile_comes_before_variables_and_these_before_the_default(
    config: WriteConfig, environ: dict[str, str], profile: str | None, api_url: str, client_id: str
) -> None:
    """css-sdk uses a named profile before environment variables, and these before the default profile."""
    settings = find_settings({**config(TWO), **environ}, profile=profile)
    assert (settings.api_url, settings.client_id) == (api_url, client_id)


def test_variables_do_not_complete_a_profile(config: WriteConfig, caplog: pytest.LogCaptureFixture) -> None:
    """Variables do not complete a profile: an address in a variable is an error, and credentials there lead to a
    warning.
    """
    environ = {**config(TWO), "CSS_PROFILE": "public"}
    url = "https://sandbox.example/v1"
    with pytest.raises(ConfigurationError, match=r"CSS_API_URL is set, .* Unset CSS_API_URL, and set api_url in"):
        find_settings({**environ, "CSS_API_URL": url})
    with pytest.raises(
        ConfigurationError, match=r"CSS_API_URL and CSS_TOKEN_URL are set, .* set api_url and token_url"
    ):
        find_settings({**environ, "CSS_API_URL": url, "CSS_TOKEN_URL": url})
    find_settings({**environ, **PAIR})
    assert "and not those in CSS_CLIENT_ID, CSS_CLIENT_SECRET" in caplog.text
    assert "of-the-variables" not in caplog.text


@pytest.mark.parametrize(
    ("text", "environ", "words"),
    [
        (TWO, {"CSS_PROFILE": "fisheries"}, "CSS_PROFILE names the profile 'fisheries'"),
        ("", {"CSS_PROFILE": "grants"}, "There are no profiles"),
        (TWO, {"CSS_PROFILE": "grants", "CSS_CONFIG_FILE": "off"}, "but CSS_CONFIG_FILE is 'off'"),
        (TWO, {"CSS_CONFIG_FILE": "/nowhere/config.toml"}, "There is no config file '/nowhere/config.toml'"),
        ("", {}, "There are no credentials"),
        ('[profiles.default]\ncredentials_file = "gone.json"', {}, "gone.json"),
        ('[profiles.default]\ncredentials_file = "grants.json"\napi_url = "http://api.example"', {},
         "api_url of profile 'default'"),
        ('[profiles.default]\ncredentials_file = "grants.json"\ntoken_url = "https://a.example/token"', {},
         "Remove one of the two"),
    ],
)  # fmt: skip
def test_the_error_for_an_unusable_source_names_what_to_correct(
    config: WriteConfig, text: str, environ: dict[str, str], words: str
) -> None:
    """If no source of settings can be used, the error names the profile, the variable or the file, and
    what to correct.
    """
    with pytest.raises(ConfigurationError, match=words):
        find_settings({**config(text), **environ})


def test_a_message_names_what_the_user_has(config: WriteConfig) -> None:
    """The key of the profile, an example of a config file, and profiles that were not chosen."""
    environ = config(
        '[profiles.grants]\ncredentials_file = "gone.json"\n[profiles."my team"]\ncredential_process = ["x"]'
    )
    with pytest.raises(ConfigurationError, match="There are no credentials") as caught:
        find_settings(environ)
    known = f"The profiles in {environ['CSS_CONFIG_FILE']} are: 'grants', 'my team'."
    assert f"Or choose a profile, for example --profile grants. {known}" in caught.value.text_for("command_line")
    with pytest.raises(ConfigurationError, match=r"gone\.json") as caught:
        find_settings(environ, profile="grants")
    text = caught.value.text_for("command_line")
    assert f"credentials_file of the profile 'grants' ({environ['CSS_CONFIG_FILE']}) names this file." in text
    assert "CSS_CREDENTIALS_FILE" not in text
    with pytest.raises(ConfigurationError, match="There is no config file") as caught:
        find_settings({"CSS_CONFIG_FILE": "/nowhere/config.toml"}, profile="my team")
    assert caught.value.__notes__[0] == '[profiles."my team"]'
    assert caught.value.__notes__[1].startswith('credentials_file = "account.json"')


@pytest.mark.parametrize("variable", ["CSS_API_URL", "CSS_TOKEN_URL"])
def test_an_invalid_address_is_not_reported_as_a_fault_of_the_credentials(variable: str) -> None:
    """`css config show` and `css doctor` report an address without a scheme under `addresses`."""
    environ = {**PAIR, variable: "api.example/api/v1"}
    found = describe_config(environ)
    assert (found["addresses"].source, "credentials" in found) == ("not usable", False)
    [wrong] = [check for check in diagnose(environ).checks if check.state == "wrong"]
    assert wrong.name == "addresses"
    assert variable in wrong.message


def test_find_settings_with_given_variables_ignores_the_default_profile(
    config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a program passes its own variables, css-sdk does not use credentials of the machine's default profile."""
    for name, value in config(TWO).items():
        monkeypatch.setenv(name, value)
    for name in ("CSS_CLIENT_ID", "CSS_CLIENT_SECRET", "CSS_CREDENTIALS_FILE", "CSS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    assert find_settings().profile == "grants"
    with pytest.raises(ConfigurationError, match="There are no credentials"):
        find_settings({})


def printing(text: str) -> str:
    """Return a profile whose command prints a text."""
    command = json.dumps([sys.executable, "-c", f"print({text!r})"])
    return f"[profiles.default]\ncredential_process = {command}\n"


def test_a_command_prints_the_credentials(config: WriteConfig) -> None:
    """css-sdk reads the output of `credential_process` like an account file, and the profile may set
    the token address.
    """
    settings = find_settings(config(printing(json.dumps(ACCOUNT))))
    assert settings.client_secret.reveal() == SECRET
    assert (settings.source, settings.token_url) == ("process", "https://login.example/token")
    assert settings.name_of("client_secret") == "clientSecret in the output of credential_process of profile 'default'"
    short = json.dumps({key: ACCOUNT[key] for key in ("clientId", "clientSecret")})
    settings = find_settings(config(printing(short) + 'token_url = "https://own.example/token"\n'))
    assert settings.token_url == "https://own.example/token"
    assert settings.name_of("token_url") == "token_url of profile 'default'"


@pytest.mark.parametrize("text", [SECRET, json.dumps([SECRET]), json.dumps({"clientSecret": SECRET, SECRET: 1})])
def test_the_output_of_the_command_is_in_no_error(config: WriteConfig, text: str) -> None:
    """If the output of `credential_process` is not an account file, the error does not repeat it."""
    with pytest.raises(ConfigurationError, match="The output of credential_process of the profile 'default'") as caught:
        find_settings(config(printing(text)))
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_everything_that_reads_settings_takes_profiles(
    config: WriteConfig, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Css`, `systems.css` and `diagnose` use the profile that CSS_PROFILE names."""
    with sandbox.serve() as server:
        given = server.credentials()
        account = {
            "clientId": given["client_id"],
            "clientSecret": given["client_secret"],
            "tokenUrl": given["token_url"],
        }
        text = printing(json.dumps(account)).replace("default", "here") + f'api_url = "{given["api_url"]}"\n'
        for name, value in {**config(text), "CSS_PROFILE": "here"}.items():
            monkeypatch.setenv(name, value)
        with Css.from_env() as css:
            assert css.whoami().team_id == 2016
        with pytest.raises(WrongTeam), Css.from_env(profile="here", team_id=7) as css:
            css.integrations()
        assert systems.css().token().claims["team"] == "2016"
        for name, value in config(text + "team_id = 7\n").items():
            monkeypatch.setenv(name, value)
        with pytest.raises(WrongTeam, match="belong to team 2016, not to team 7"):
            systems.css().token()
        config(text)
        diagnosis = diagnose()
        assert diagnosis.is_good
        assert "Profile 'here' is used." in diagnosis.text()
        assert given["client_secret"] not in diagnosis.text()


def test_workers_take_the_profile_of_their_client(config: WriteConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task for an executor contains no secret. Its worker reads the profile of the same name on its own machine."""
    for name, value in config(printing(json.dumps(ACCOUNT))).items():
        monkeypatch.setenv(name, value)
    with Css.from_env(profile="default") as css:
        task = task_for(css._wire, Place(101, "dev"))
        assert task.settings() == css.settings
    assert SECRET not in repr(task)


# Defaults


def test_defaults_come_from_the_nearest_source(config: WriteConfig) -> None:
    """A default comes from a variable first, then the project, then the profile, and says where it is set."""
    text = '[profiles.default]\ncredentials_file = "grants.json"\nintegration = 1\nenvironment = "test"\nwidth = 2\n'
    environ = config(f"{text}allow_prod = true\njournal_days = 7\n")
    project = Path.cwd() / "css.toml"
    project.write_text('integration = "Grants Portal"\nenvironment = "dev"\ntimeout = 5\n', encoding="utf-8")
    found = find_defaults({**environ, "CSS_ENVIRONMENT": "prod", "CSS_JOURNAL_DAYS": "030"})
    where = f"the profile 'default' ({environ['CSS_CONFIG_FILE']})"
    assert found == {
        "environment": Default("prod", "CSS_ENVIRONMENT"),
        "journal_days": Default(30, "CSS_JOURNAL_DAYS"),
        "integration": Default("Grants Portal", str(project)),
        "timeout": Default(5, str(project)),
        "width": Default(2, where),
        "allow_prod": Default(True, where),
    }


def test_the_default_profile_gives_no_defaults_if_variables_set_the_credentials(config: WriteConfig) -> None:
    """If the credentials come from variables, the default profile gives no defaults either."""
    environ = config('[profiles.default]\ncredentials_file = "grants.json"\nintegration = 1\n')
    assert find_defaults({**environ, **PAIR}) == {}


def test_a_project_is_not_read_if_files_are_off(tmp_path: Path) -> None:
    """With CSS_CONFIG_FILE=off, css-sdk reads no `css.toml` of a project."""
    (tmp_path / "css.toml").write_text("integration = 101\n", encoding="utf-8")
    assert find_defaults({"CSS_CONFIG_FILE": "off"}, folder=tmp_path) == {}


@pytest.mark.parametrize(("variable", "value"), [("CSS_ENVIRONMENT", "Prod"), ("CSS_INTEGRATION", " ")])
def test_the_error_for_an_invalid_default_names_its_variable(variable: str, value: str) -> None:
    """If a variable sets an invalid default, the error names the variable and its value."""
    with pytest.raises(ConfigurationError, match=f"^{variable} must be .*, not '{value}'\\.$"):
        find_defaults({"CSS_CONFIG_FILE": "off", variable: value})


def test_the_error_for_an_invalid_default_repeats_no_secret() -> None:
    """A long value may be a secret in the wrong variable, so the error does not repeat it."""
    with pytest.raises(ConfigurationError, match=r"^CSS_ENVIRONMENT must be dev, test or prod\.$"):
        find_defaults({"CSS_CONFIG_FILE": "off", "CSS_ENVIRONMENT": "5a1f" * 8})


def test_a_project_cannot_set_a_command_an_address_or_allow_prod(config: WriteConfig, tmp_path: Path) -> None:
    """If the `css.toml` of a project sets a command, an address or `allow_prod`, css-sdk refuses the whole file."""
    environ = config(TWO)
    for line in ('credential_process = ["./steal"]', 'api_url = "https://evil.example"', "allow_prod = true"):
        (tmp_path / "work" / "css.toml").write_text(f"integration = 101\n{line}\n", encoding="utf-8")
        with pytest.raises(ConfigurationError, match=f"a project cannot set {line.split()[0]}"):
            find_defaults(environ)
    assert find_settings(environ).api_url == "https://api.example/v1"


def test_the_tests_do_not_read_the_profiles_of_this_machine() -> None:
    """The tests run with CSS_CONFIG_FILE=off, so that they read no profile of this machine."""
    assert os.environ["CSS_CONFIG_FILE"] == "off"


def test_settings_with_a_profile_show_no_secret(config: WriteConfig) -> None:
    """The repr of settings from a profile does not contain the secret."""
    settings: Any = find_settings(config(TWO))
    assert SECRET not in repr(settings)
