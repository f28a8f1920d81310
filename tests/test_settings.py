"""Settings come from arguments, variables or a credentials file, and never show the secret."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import pprint
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from css_sdk import systems
from css_sdk.auth.token_endpoint import Token
from css_sdk.errors import ConfigurationError
from css_sdk.settings import API_URL, TOKEN_URL, Secret, Settings, settings_from_env, settings_from_file

SECRET = "hush-5a1f"
PAIR = {"CSS_CLIENT_ID": "service-account-team-2016-9001", "CSS_CLIENT_SECRET": SECRET}
CONTENT = {
    "tokenUrl": "https://login.example/auth/token",
    "clientId": "service-account-team-2016-9002",
    "clientSecret": SECRET,
}


def some_settings(**given: Any) -> Settings:
    """Return settings with these values and otherwise valid ones."""
    return Settings(**{"client_id": "me", "client_secret": SECRET, **given})


WriteFile = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
    """Return a function that writes a credentials file that nobody else can read."""

    def write(content: str | bytes | dict[str, Any] = CONTENT) -> Path:
        file = tmp_path / "service-account-team-2016-9002.json"
        if isinstance(content, dict):
            content = json.dumps(content)
        file.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        file.chmod(0o600)
        return file

    return write


# One complete source


def test_client_id_and_secret_are_enough() -> None:
    """With client id and secret in variables, css-sdk uses the service's public addresses."""
    settings = settings_from_env(PAIR)
    assert settings.client_id == PAIR["CSS_CLIENT_ID"]
    assert settings.client_secret.reveal() == SECRET
    assert (settings.api_url, settings.token_url, settings.source) == (API_URL, TOKEN_URL, "environment")


def test_addresses_can_be_set_together_with_client_id_and_secret() -> None:
    """Both addresses can be set in variables together with client id and secret."""
    settings = settings_from_env(
        {**PAIR, "CSS_API_URL": "https://api.example/v1/", "CSS_TOKEN_URL": "https://login.example/token"}
    )
    assert (settings.api_url, settings.token_url) == ("https://api.example/v1", "https://login.example/token")


def test_client_id_and_secret_come_before_the_credentials_file(
    write: WriteFile, caplog: pytest.LogCaptureFixture
) -> None:
    """If variables set client id and secret, css-sdk does not read the credentials file, and logs a warning."""
    settings = settings_from_env({**PAIR, "CSS_CREDENTIALS_FILE": str(write("not even JSON"))})
    assert (settings.client_id, settings.token_url) == (PAIR["CSS_CLIENT_ID"], TOKEN_URL)
    [warning] = caplog.messages
    assert warning.startswith(
        "CSS_CLIENT_ID and CSS_CLIENT_SECRET are set, so css-sdk does not read the file in CSS_CR"
    )


def test_the_credentials_file_also_sets_the_token_address(write: WriteFile) -> None:
    """A credentials file sets client id, secret and token address, and a variable may set the API address."""
    settings = settings_from_env({"CSS_CREDENTIALS_FILE": str(write()), "CSS_API_URL": "https://api.example/v1"})
    assert settings.client_id == CONTENT["clientId"]
    assert settings.client_secret.reveal() == SECRET
    assert settings.token_url == CONTENT["tokenUrl"]
    assert (settings.api_url, settings.source) == ("https://api.example/v1", "file")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "There are no credentials"),
        ({"CSS_CLIENT_ID": "", "CSS_CLIENT_SECRET": "", "CSS_CREDENTIALS_FILE": ""}, "There are no credentials"),
        ({"CSS_API_URL": API_URL, "CSS_TOKEN_URL": TOKEN_URL}, "There are no credentials"),
        ({"CSS_CLIENT_ID": "me"}, "CSS_CLIENT_SECRET is missing"),
        ({"CSS_CLIENT_ID": "me", "CSS_CLIENT_SECRET": ""}, "CSS_CLIENT_SECRET is missing"),
        ({"CSS_CLIENT_SECRET": SECRET}, "CSS_CLIENT_ID is missing"),
        ({"CSS_CLIENT_ID": "", "CSS_CLIENT_SECRET": SECRET}, "CSS_CLIENT_ID is missing"),
    ],
    ids=str,
)
def test_incomplete_credentials_are_refused(environ: dict[str, str], named: str) -> None:
    """If credentials are incomplete or missing, the error names what is missing, without the secret."""
    with pytest.raises(ConfigurationError, match=named) as caught:
        settings_from_env(environ)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "beside",
    [{"CSS_CLIENT_ID": "me"}, {"CSS_CLIENT_SECRET": SECRET}, {"CSS_TOKEN_URL": TOKEN_URL}],
    ids=lambda beside: next(iter(beside)),
)
def test_two_sources_are_not_mixed(write: WriteFile, beside: dict[str, str]) -> None:
    """A variable with a client id, a secret or a token address beside a complete credentials file is refused."""
    with pytest.raises(ConfigurationError, match=next(iter(beside)).rpartition("_")[0]):
        settings_from_env({"CSS_CREDENTIALS_FILE": str(write()), **beside})


def test_a_variable_sets_the_token_address_that_the_file_lacks(write: WriteFile) -> None:
    """If the credentials file lacks the token address, a variable may set it, and messages name this variable."""
    file = write({key: value for key, value in CONTENT.items() if key != "tokenUrl"})
    settings = settings_from_env({"CSS_CREDENTIALS_FILE": str(file), "CSS_TOKEN_URL": "https://login.example/token"})
    assert (settings.token_url, settings.client_id) == ("https://login.example/token", CONTENT["clientId"])
    assert (settings.name_of("token_url"), settings.source) == ("CSS_TOKEN_URL", "file")
    with pytest.raises(ConfigurationError, match="lacks tokenUrl"):
        settings_from_env({"CSS_CREDENTIALS_FILE": str(file)})
    with pytest.raises(ConfigurationError, match=r"\(CSS_TOKEN_URL\)"):
        settings_from_env({"CSS_CREDENTIALS_FILE": str(file), "CSS_TOKEN_URL": "login.example"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        ("{", "is not a JSON object"),
        ("[1]", "is not a JSON object"),
        ({"clientId": "me"}, "lacks clientSecret"),
    ],
)
def test_a_token_address_in_a_variable_hides_no_fault_of_the_file(
    write: WriteFile, tmp_path: Path, content: str | dict[str, Any] | None, said: str
) -> None:
    """A token address in a variable does not hide that the credentials file is missing, invalid or incomplete."""
    file = tmp_path / "none.json" if content is None else write(content)
    with pytest.raises(ConfigurationError, match=said):
        settings_from_env({"CSS_CREDENTIALS_FILE": str(file), "CSS_TOKEN_URL": TOKEN_URL})


def test_the_variables_of_the_process_are_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping, `settings_from_env` reads the variables of the process when it is called."""
    for name, value in PAIR.items():
        monkeypatch.setenv(name, value)
    for name in ("CSS_API_URL", "CSS_TOKEN_URL", "CSS_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert settings_from_env().client_id == PAIR["CSS_CLIENT_ID"]


def test_the_team_id_reaches_the_settings_from_each_source(write: WriteFile) -> None:
    """The given team id reaches the settings from each source."""
    assert settings_from_env(PAIR, team_id=2016).team_id == 2016
    assert settings_from_env({"CSS_CREDENTIALS_FILE": str(write())}, team_id=2016).team_id == 2016
    assert settings_from_file(write(), team_id=2016).team_id == 2016


LOCAL_API, LOCAL_TOKEN = "http://127.0.0.1:8080/api/v1", "http://localhost:8080/auth/token"


@pytest.mark.parametrize(
    ("api_url", "token_url", "own", "public"),
    [
        (LOCAL_API, "", "api_url", "token_url"),
        ("", LOCAL_TOKEN, "token_url", "api_url"),
        ("https://[::1]:8443/api/v1", TOKEN_URL, "api_url", "token_url"),
        (LOCAL_API, TOKEN_URL.replace("//", "//dev."), "api_url", "token_url"),
        (API_URL.replace("api.", "API."), LOCAL_TOKEN.replace("localhost", "LOCALHOST"), "token_url", "api_url"),
        (LOCAL_API, LOCAL_TOKEN, "", ""),
        ("https://css.ministry.example/v1", "https://login.ministry.example/token", "", ""),
        (LOCAL_API, "https://login.ministry.example/token", "", ""),
        ("https://css.ministry.example/v1", "", "", ""),
        ("https://notloginproxy.gov.bc.ca/v1", LOCAL_TOKEN, "", ""),
    ],
)
def test_the_public_service_and_this_machine_are_not_mixed(api_url: str, token_url: str, own: str, public: str) -> None:
    """A sandbox's address beside one of the public service is refused: credentials would go to the wrong system."""
    given = {name: value for name, value in (("api_url", api_url), ("token_url", token_url)) if value}
    variables = {f"CSS_{name.upper()}": value for name, value in given.items()}
    arguments = {name.replace("api_url", "base_url"): value for name, value in given.items()}
    sources: list[tuple[Callable[[], object], str, dict[str, str]]] = [
        (lambda: some_settings(**given), "{}=", {}),
        (lambda: settings_from_env({**PAIR, **variables}), "CSS_{}", {"api_url": "API_URL", "token_url": "TOKEN_URL"}),
        (lambda: systems.css(client_id="me", client_secret=SECRET, **arguments), "{}=", {"api_url": "base_url"}),
    ]
    for make, shown, names in sources:
        if own:
            first, second = (shown.format(names.get(name, name)) for name in (own, public))
            words = rf"^{first} is an address of this machine \(.*\), but {second} is the public one .* or neither\.$"
            with pytest.raises(ConfigurationError, match=words):
                make()
        else:
            make()


@pytest.mark.parametrize("missing", ["client_id", "client_secret"])
def test_empty_credentials_are_refused(missing: str) -> None:
    """An empty client id or secret, or one that is not text, is refused."""
    for value in ("", 5, None):
        with pytest.raises(ConfigurationError, match="empty or not a string"):
            some_settings(**{missing: value})


def test_wrong_types_of_team_and_file_are_refused() -> None:
    """A team id that is not a whole number, and a file that is not a path, are refused."""
    for team in (float("inf"), "x", [1]):
        with pytest.raises(ConfigurationError, match="a whole number"):
            some_settings(team_id=team)
    with pytest.raises(ConfigurationError, match="must be a string or a Path, not int"):
        settings_from_file(5)  # type: ignore[arg-type]


# Files


def test_a_credentials_file_with_a_byte_order_mark_is_read(write: WriteFile) -> None:
    """A credentials file that begins with a byte order mark is read."""
    assert settings_from_file(write(b"\xef\xbb\xbf" + json.dumps(CONTENT).encode())).client_id == CONTENT["clientId"]


def test_unknown_keys_of_a_credentials_file_are_ignored(write: WriteFile) -> None:
    """Unknown keys of a credentials file are ignored."""
    assert settings_from_file(str(write({**CONTENT, "realm": "standard"}))).client_id == CONTENT["clientId"]


FAULTY = {
    "empty": "",
    "not JSON": f'{{"clientSecret": "{SECRET}", ',
    "the secret alone": SECRET,
    "a list": json.dumps([SECRET]),
    "a text": json.dumps(SECRET),
    "not UTF-8": f'{{"clientSecret": "{SECRET}"}}'.encode("utf-16"),
    "no client id": {k: v for k, v in CONTENT.items() if k != "clientId"},
    "no token address": {k: v for k, v in CONTENT.items() if k != "tokenUrl"},
    "an empty client id": {**CONTENT, "clientId": ""},
    "a client id that is a number": {**CONTENT, "clientId": 5},
    "a token address that is none": {**CONTENT, "tokenUrl": "login.example"},
    "a token address in plain http": {**CONTENT, "tokenUrl": "http://login.example/token"},
    "a nested secret": {"clientId": {"clientSecret": SECRET}},
    "nested too deep": f'["{SECRET}",' + "[" * 200_000,
}


@pytest.mark.parametrize("content", FAULTY.values(), ids=FAULTY)
def test_a_faulty_file_keeps_its_secret(write: WriteFile, content: str | bytes | dict[str, Any]) -> None:
    """For every fault of a file, neither the message nor the traceback with its local variables shows the secret."""
    file = write(content)
    with pytest.raises(ConfigurationError) as caught:
        settings_from_file(file)
    assert SECRET not in everything_told(caught.value)


def everything_told(error: BaseException) -> str:
    """Return what a log or an error tracker could show: the traceback with local variables, and every cause."""
    reported = []
    chain: BaseException | None = error
    while chain is not None:
        reported += traceback.TracebackException.from_exception(chain, capture_locals=True).format()
        reported.append(repr(getattr(chain, "__dict__", {})))
        # Frames of this file, which know the secret, are left out below; all others are of css_sdk.
        chain = chain.__cause__ or chain.__context__
    own = f'File "{__file__}"'
    return "".join(part for part in reported if own not in part)


@pytest.mark.parametrize("lacking", ["clientId", "clientSecret", "tokenUrl"])
def test_the_missing_value_of_a_credentials_file_is_named(write: WriteFile, lacking: str) -> None:
    """If a credentials file lacks one of its three values, the error names exactly this value."""
    with pytest.raises(ConfigurationError, match=f"lacks {lacking}\\."):
        settings_from_file(write({key: value for key, value in CONTENT.items() if key != lacking}))


def test_errors_about_incomplete_variables_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """If variables are incomplete or hold an invalid address, no traceback shows the secret."""
    monkeypatch.setenv("CSS_CLIENT_SECRET", SECRET)
    monkeypatch.delenv("CSS_CLIENT_ID", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        settings_from_env()
    assert SECRET not in everything_told(caught.value)
    monkeypatch.setenv("CSS_CLIENT_ID", "me")
    monkeypatch.setenv("CSS_API_URL", "nowhere")
    with pytest.raises(ConfigurationError) as caught:
        settings_from_env()
    assert SECRET not in everything_told(caught.value)


@pytest.mark.parametrize("path", ["missing.json", ".", "no\x00path"], ids=repr)
def test_a_credentials_file_that_cannot_be_read_is_refused(tmp_path: Path, path: str) -> None:
    """A credentials file that is missing, a folder or an invalid path is refused, and the error says that it cannot be
    read.
    """
    with pytest.raises(ConfigurationError, match="cannot be read"):
        settings_from_file(tmp_path / path)


@pytest.mark.skipif(os.name != "posix", reason="only POSIX tells who can read a file")
@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)], ids=oct)
def test_a_credentials_file_that_others_can_read_leads_to_a_warning(
    write: WriteFile, caplog: pytest.LogCaptureFixture, mode: int, warned: bool
) -> None:
    """If others can read the credentials file, css-sdk logs a warning that names it, and nothing otherwise."""
    file = write()
    file.chmod(mode)
    with caplog.at_level(logging.DEBUG, "css_sdk"):
        settings_from_file(file)
    assert [(record.name, record.levelname) for record in caplog.records] == [("css_sdk", "WARNING")] * warned
    assert (str(file) in caplog.text) is warned
    assert SECRET not in caplog.text


# Addresses


@pytest.mark.parametrize("which", ["api_url", "token_url"])
@pytest.mark.parametrize(
    "url",
    [
        "https://api.example",
        "https://api.example:8443/api/v1",
        "HTTPS://API.example/v1",
        "http://localhost:8080/v1",
        "http://LOCALHOST",
        "http://127.0.0.1:9080",
        "http://[::1]:9080/v1",
    ],
)
def test_valid_addresses_are_kept(which: str, url: str) -> None:
    """An https address is accepted anywhere, a plain http one on this machine, each as it was given."""
    addresses = {"api_url": "https://css.ministry.example", "token_url": "https://login.ministry.example", which: url}
    assert getattr(some_settings(**addresses), which) == url


@pytest.mark.parametrize("which", ["api_url", "token_url"])
@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example/v1",
        "//api.example/v1",
        "ftp://api.example",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "https://user@api.example",
        "https://user:password@api.example",
        "https://:password@api.example",
        "https://api.example\\@evil.example",
        "https://api.example/v1#top",
        "https://api.example/v1#",
        "https://[::1",
        "https://api.example:port",
        "https://api.example:99999",
        "https://api\u2100.example",
        "https://user:password\u2100@api.example",
        "https://api .example",
        "https://api.example/v1\nx",
    ],
    ids=repr,
)
def test_invalid_addresses_are_refused(which: str, url: str) -> None:
    """A text that is not an address, or holds more than host and path, is refused without repeating a password."""
    with pytest.raises(ConfigurationError) as caught:
        some_settings(**{which: url})
    assert "password" not in str(caught.value)
    assert ("API" if which == "api_url" else "token") in str(caught.value)


@pytest.mark.parametrize("which", ["api_url", "token_url"])
@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/v1",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "HTTP://api.example",
    ],
)
def test_plain_http_to_another_machine_needs_allow_http(which: str, url: str) -> None:
    """Plain http to another machine is refused unless `allow_http=True` is passed."""
    with pytest.raises(ConfigurationError, match="allow_http"):
        some_settings(**{which: url})
    assert getattr(some_settings(**{which: url, "allow_http": True}), which) == url


def test_allow_http_works_for_each_source(write: WriteFile) -> None:
    """`allow_http=True` works for settings from variables and from a file."""
    url = "http://api.example/v1"
    with pytest.raises(ConfigurationError, match="allow_http"):
        settings_from_env({**PAIR, "CSS_API_URL": url})
    assert settings_from_env({**PAIR, "CSS_API_URL": url}, allow_http=True).api_url == url
    with pytest.raises(ConfigurationError, match="allow_http"):
        settings_from_file(write(), api_url=url)
    assert settings_from_file(write(), api_url=url, allow_http=True).api_url == url


@pytest.mark.parametrize("slashes", ["/", "//"])
def test_trailing_slashes_do_not_count(slashes: str) -> None:
    """Slashes at the end of an address are removed."""
    assert some_settings(api_url=API_URL + slashes).api_url == API_URL
    assert some_settings(token_url=TOKEN_URL + slashes).token_url == TOKEN_URL


# The secret


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{!r}".format,
        pprint.pformat,
        lambda value: json.dumps(value, default=repr),
        lambda value: repr(getattr(value, "__dict__", "")),
        lambda value: repr(attrs.asdict(value)) if attrs.has(type(value)) else "",
        lambda value: repr(attrs.astuple(value)) if attrs.has(type(value)) else "",
        lambda value: repr([(f.name, getattr(value, f.name)) for f in getattr(type(value), "__attrs_attrs__", ())]),
    ],
)
def test_no_form_of_settings_shows_the_secret(show: Callable[[object], str]) -> None:
    """No usual way to show settings, or the secret alone, shows the secret."""
    settings = some_settings()
    assert SECRET not in show(settings)
    assert SECRET not in show(settings.client_secret)


def test_secrets_are_compared_by_their_text() -> None:
    """Secrets are equal if their texts are, false if they are empty, and wrapped only once."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a")
    assert not Secret("")
    assert some_settings(client_secret=Secret(SECRET)) == some_settings()


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy])
def test_settings_can_be_copied(again: Callable[[Settings], Settings]) -> None:
    """Settings can be copied, secret included, and stay equal."""
    settings = some_settings(team_id=2016)
    assert again(settings) == settings
    assert again(settings).client_secret.reveal() == SECRET


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_secrets_settings_and_tokens_cannot_be_pickled(protocol: int) -> None:
    """Secrets, settings and tokens cannot be pickled, and the error says where another process finds
    its credentials.
    """
    token = Token(Secret("t0ken"), 1000.0)
    for thing in (Secret(SECRET), some_settings(), token, {"of": [some_settings()]}):
        with pytest.raises(ConfigurationError, match=r"A secret cannot be pickled, .* Css\.from_env\(\)"):
            pickle.dumps(thing, protocol)


def test_settings_cannot_be_changed() -> None:
    """Settings cannot be changed, and a changed copy keeps the secret."""
    settings = some_settings()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        settings.client_id = "somebody else"  # type: ignore[misc]
    assert attrs.evolve(settings, api_url="https://api.example").client_secret.reveal() == SECRET
