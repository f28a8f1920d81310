"""Answers of a token endpoint, and the settings that errors name for the reader to check."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from css_sdk import (
    AsyncCss,
    AuthenticationError,
    ClientCredentials,
    ConfigurationError,
    Css,
    CssError,
    MalformedAnswer,
    PasswordGrant,
    RateLimited,
    ServiceUnavailable,
    Settings,
    systems,
)
from css_sdk._http.cleaning import without_secrets
from css_sdk.settings import Secret, settings_from_env, settings_from_file
from tests.support import at_once
from tests.token_callers import API, AUTHS, LOGIN, PASSWORD, SECRET, Call, both_worlds, in_a_thread

PAGE = "<!DOCTYPE html><html><h1>Request blocked</h1>"
TOKEN = {"access_token": "t0ken", "expires_in": 300}
FIREWALL = (
    r"is not from a login server: it is a page of HTML\. A firewall or a proxy may have sent it\. Check the token"
)


def packed(content: bytes, encoding: str = "gzip") -> httpx.Response:
    """Return an answer with compressed content."""
    stream = httpx.ByteStream(gzip.compress(content) if encoding == "gzip" else content)
    return httpx.Response(200, headers={"Content-Encoding": encoding}, stream=stream)


def login(answer: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    """Return a service whose login server gives this answer."""

    def respond(request: httpx.Request) -> httpx.Response:
        if str(request.url) == LOGIN:
            return answer
        return httpx.Response(200 if request.headers["Authorization"] == "Bearer t0ken" else 403)

    return respond


@both_worlds
@pytest.mark.parametrize(
    "answer",
    [
        lambda: httpx.Response(201, json=TOKEN),
        lambda: httpx.Response(200, json={**TOKEN, "token_type": "BearerToken"}),
        lambda: httpx.Response(200, json={**TOKEN, "token_type": None}),
        lambda: httpx.Response(200, json={**TOKEN, "error": None}),
        lambda: httpx.Response(200, content=json.dumps(TOKEN), headers={"Content-Type": "text/html"}),
        lambda: packed(json.dumps(TOKEN).encode()),
    ],
    ids=["201", "BearerToken", "no type", "no error", "typed as HTML", "gzip"],
)
def test_a_token_in_an_unusual_answer_is_accepted(call: Call, answer: Callable[[], httpx.Response]) -> None:
    """A token is accepted even if the rest of the answer is unusual."""
    assert call(AUTHS["basic"](), login(answer()), API).status_code == 200


@both_worlds
@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            lambda: httpx.Response(200, json={"error": "invalid_client"}),
            AuthenticationError,
            r"refused .*invalid_client",
        ),
        (lambda: httpx.Response(204), MalformedAnswer, r"the answer \(204\) has no bearer token: it is empty"),
        (lambda: httpx.Response(403, text=PAGE), MalformedAnswer, rf"the answer \(403\) {FIREWALL}"),
        (lambda: httpx.Response(400, text=PAGE), MalformedAnswer, rf"the answer \(400\) {FIREWALL}"),
        (lambda: httpx.Response(401, text=PAGE), AuthenticationError, rf"the answer \(401\) {FIREWALL}"),
        (lambda: httpx.Response(403), MalformedAnswer, r"the answer \(403\) is not from a login server: it is empty"),
        (lambda: httpx.Response(403, json={"error": "access_denied"}), AuthenticationError, r"refused .*access_denied"),
        (
            lambda: httpx.Response(200, text=PAGE),
            MalformedAnswer,
            r"\(200\) has no bearer token: it is a page of HTML",
        ),
        (lambda: packed(b"x", "br"), MalformedAnswer, r"it is not a JSON object, and its Content-Encoding is br"),
        (lambda: packed(b" " * 300_000), MalformedAnswer, r"it is not a JSON object, and its Content-Encoding is gzip"),
        (lambda: httpx.Response(200, json={**TOKEN, "token_type": "mac"}), MalformedAnswer, r"its token_type is 'mac'"),
        (
            lambda: httpx.Response(404, text=PAGE),
            AuthenticationError,
            r"the address has no token endpoint\. Check the token",
        ),
        (lambda: httpx.Response(429, text=PAGE), RateLimited, r"asks for fewer calls"),
        (lambda: httpx.Response(503, text=PAGE), ServiceUnavailable, r"answered 503\. Try again later"),
    ],
)
def test_an_answer_without_a_token_is_described(
    call: Call, answer: Callable[[], httpx.Response], error: type[CssError], words: str
) -> None:
    """Only a refusal of the login server blames the credentials; for HTML the error names the proxy settings."""
    with pytest.raises(error, match=words) as caught:
        call(AUTHS["basic"](), login(answer()), API)
    assert type(caught.value) is error
    assert ("refused the credentials" in str(caught.value)) == ("refused" in words)
    assert caught.value.status == answer().status_code


# The settings to check


def settings_of(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings from that source."""
    account = {"client_id": "me", "client_secret": SECRET, "token_url": LOGIN}
    if source == "arguments":
        return Settings(**account)
    if source == "file":
        file = tmp_path / "me.json"
        file.write_text(json.dumps({"clientId": "me", "clientSecret": SECRET, "tokenUrl": LOGIN}))
        file.chmod(0o600)
        return settings_from_file(file)
    return settings_from_env({f"CSS_{name.upper()}": value for name, value in account.items()})


NAMES = {
    "environment": ("CSS_CLIENT_ID, CSS_CLIENT_SECRET and CSS_TOKEN_URL", "CSS_TOKEN_URL"),
    "file": ("clientId, clientSecret and tokenUrl in {0}/me.json", "tokenUrl in {0}/me.json"),
    "arguments": ("client_id=, client_secret= and token_url=", "token_url="),
}


@pytest.mark.parametrize("source", NAMES)
async def test_errors_name_where_the_credentials_come_from(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors name the variables, file keys or arguments of the credentials, for refusals and for a wrong address."""
    settings = settings_of(source, tmp_path, monkeypatch)
    all_names, address = [name.format(tmp_path) for name in NAMES[source]]
    refused = httpx.Response(401, json={"error": "unauthorized_client"})
    with Css(settings, transport=httpx.MockTransport(lambda _: refused), retry=at_once) as css:
        with pytest.raises(AuthenticationError) as caught:
            css.integrations()
    advice = f"unauthorized_client). Check the credentials and the token address: {all_names}."
    assert str(caught.value).endswith(advice)
    transport = httpx.MockTransport(lambda _: httpx.Response(404))
    async with AsyncCss(settings, transport=transport, retry=at_once) as async_css:
        with pytest.raises(AuthenticationError) as caught:
            await async_css.integrations()
    assert str(caught.value).endswith(f"the address has no token endpoint. Check the token address ({address}).")
    elsewhere = httpx.Response(307, headers={"Location": "https://elsewhere.example/"})
    with Css(settings, transport=httpx.MockTransport(lambda _: elsewhere), retry=at_once) as css:
        with pytest.raises(AuthenticationError) as caught:
            css.integrations()
    assert str(caught.value).endswith(f"to no other address. Check the token address ({address}).")
    with pytest.raises(MalformedAnswer, match="HTTPS_PROXY, NO_PROXY") as malformed:
        page = httpx.MockTransport(lambda _: httpx.Response(403, text=PAGE))
        Css(settings, transport=page, retry=at_once).integrations()
    assert f"({address})" in str(malformed.value)


def test_errors_name_the_settings_of_each_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors of a system name its variables, file keys or arguments; an address that was an argument is
    named as such.
    """
    refused = httpx.MockTransport(lambda _: httpx.Response(401, json={"error": "invalid_client"}))

    def named(system: systems.System) -> str:
        with pytest.raises(AuthenticationError) as error:
            system.token(transport=refused)
        return str(error.value).partition("token address: ")[2]

    for name, value in {"CLIENT_KEY": "k", "CLIENT_SECRET": SECRET, "USERNAME": "u", "PASSWORD": PASSWORD}.items():
        monkeypatch.setenv(f"BSS_{name}", value)
    monkeypatch.setenv("BSS_HOST", "https://bss.example")
    assert named(systems.bss()) == "BSS_CLIENT_KEY, BSS_CLIENT_SECRET and BSS_HOST."
    given = {"client_key": "k", "client_secret": SECRET, "username": "u", "password": PASSWORD}
    assert named(systems.bss("https://bss.example", **given)) == "client_key=, client_secret= and host=."
    assert named(systems.bss(token_url=LOGIN)) == "BSS_CLIENT_KEY, BSS_CLIENT_SECRET and token_url=."
    file = tmp_path / "cern.json"
    file.write_text(json.dumps({"clientId": "me", "clientSecret": SECRET}))
    file.chmod(0o600)
    monkeypatch.setenv("CERN_CREDENTIALS_FILE", str(file))
    assert named(systems.cern()) == f"clientId, clientSecret and tokenUrl in {file}."
    monkeypatch.setenv("CSS_CLIENT_ID", "me")
    monkeypatch.setenv("CSS_CLIENT_SECRET", SECRET)
    assert named(systems.css()) == "CSS_CLIENT_ID, CSS_CLIENT_SECRET and CSS_TOKEN_URL."
    assert named(systems.css(token_url=LOGIN)) == "CSS_CLIENT_ID, CSS_CLIENT_SECRET and token_url=."


@pytest.mark.parametrize(
    ("error", "advice"),
    [("invalid_grant", "username=, password= and token_url="), ("invalid_client", "client_id=, client_secret= and ")],
)
def test_an_invalid_grant_blames_username_and_password(error: str, advice: str) -> None:
    """For `invalid_grant` (RFC 6749, 5.2), the error names username and password instead of the
    client's credentials.
    """
    answer = login(httpx.Response(400, json={"error": error}))
    with pytest.raises(AuthenticationError, match=f"Check the credentials and the token address: {advice}"):
        in_a_thread(PasswordGrant(LOGIN, "me", SECRET, "robot", PASSWORD), answer, API)


def test_a_wrong_scope_is_named() -> None:
    """For `invalid_scope`, the error names the scope and does not mention the credentials."""
    with pytest.raises(AuthenticationError, match=r"\(invalid_scope\)\. Check the scope \(scope=\)\.$"):
        answer = login(httpx.Response(400, json={"error": "invalid_scope"}))
        in_a_thread(ClientCredentials(LOGIN, "me", SECRET, scope="reed"), answer, API)


# Common mistakes in settings

PAIR = {"CSS_CLIENT_ID": "service-account-team-2016-9001", "CSS_CLIENT_SECRET": SECRET}


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize(
    "name", ["CSS_CLIENT_ID", "CSS_CLIENT_SECRET", "CSS_TOKEN_URL", "CSS_API_URL", "CSS_CREDENTIALS_FILE"]
)
def test_quotes_around_a_variable_are_recognised(name: str, quote: str) -> None:
    """Quotes around a variable, which docker's --env-file keeps, are refused. A quote at one end may belong to a
    secret.
    """
    values = {**PAIR, "CSS_TOKEN_URL": LOGIN, "CSS_API_URL": API, "CSS_CREDENTIALS_FILE": "me.json"}
    if name == "CSS_CREDENTIALS_FILE":
        values = {name: values[name]}
    with pytest.raises(ConfigurationError, match=rf"^{name} begins and ends with a quote: .* --env-file") as caught:
        settings_from_env({**values, name: f"{quote}{values[name]}{quote}"})
    assert SECRET not in str(caught.value)
    half = settings_from_env({**PAIR, "CSS_CLIENT_SECRET": f"{quote}{SECRET}"})
    assert half.client_secret.reveal() == f"{quote}{SECRET}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {
                "realm": "standard",
                "auth-server-url": "https://login.example/auth",
                "resource": "grants-portal-101",
                "credentials": {"secret": SECRET},
            },
            r"lacks clientId, clientSecret, tokenUrl\. It is the adapter file of an integration",
        ),
        (
            {"client_id": "me", "client_secret": SECRET, "token_url": LOGIN},
            r"like this: clientId, not client_id; clientSecret, not client_secret; tokenUrl, not token_url",
        ),
        ({"clientID": "me", "clientSecret": SECRET, "tokenUrl": LOGIN}, r"like this: clientId, not clientID\."),
        ({"clientId": "me", "tokenUrl": LOGIN, "x": SECRET}, r"lacks clientSecret\. Download it again"),
        ([SECRET], r"is not a JSON object\. Download it again"),
    ],
)
def test_another_kind_of_credentials_file_is_recognized(content: object, words: str, tmp_path: Path) -> None:
    """If a file is not an account file, the error says what file it is, or how the keys must be written."""
    file = tmp_path / "me.json"
    file.write_text(json.dumps(content))
    file.chmod(0o600)
    with pytest.raises(ConfigurationError, match=words) as caught:
        settings_from_file(file)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"CSS_CLIENT_SECRET": f"{SECRET}\n"}, r"The client secret \(CSS_CLIENT_SECRET\) ends with a line break"),
        ({"CSS_TOKEN_URL": "login.example"}, r"The token address \(CSS_TOKEN_URL\) .* begin with https.* looks like"),
        ({"CSS_API_URL": "http://api.example"}, r"The API address \(CSS_API_URL\) is plain http"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_by_its_variable(changes: dict[str, str], words: str) -> None:
    """If the value of a variable cannot be used, the error names the variable."""
    with pytest.raises(ConfigurationError, match=words):
        settings_from_env({**PAIR, **changes})


# Texts from outside


@pytest.mark.parametrize(
    "secret", ["s3cret-5a1f", "p+q/r%s=t u", "quo'te\"back\\slash", "grüße-💾-x", "<&>;{}[]()*?^$|."]
)
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text,
        repr,
        lambda text: repr(text.encode()),
        lambda text: repr(bytearray(text.encode())),
        json.dumps,
        lambda text: json.dumps(json.dumps(text)),
        lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
        "\x1b".join,
    ],
    ids=["plain", "repr", "bytes", "bytearray", "JSON", "JSON in JSON", "address", "control characters"],
)
def test_a_secret_is_found_in_every_spelling(secret: str, encode: Callable[[str], str]) -> None:
    """A secret is hidden in every spelling, because answers and libraries that quote them may repeat it."""
    found = without_secrets([Secret(secret)], f"before {encode(secret)} after")
    assert found.startswith("before ")
    assert found.endswith(" after")
    assert "…" in found
    assert not any(secret[at : at + 3] in found for at in range(len(secret) - 2))


@pytest.mark.parametrize("filling", ["\\", "%25", "a", "\\x61"])
def test_a_long_text_is_searched_quickly(filling: str) -> None:
    """A long text is cut before secrets are searched in it, and its end contains no part of a secret."""
    secret = "a\\\\b" * 10
    begin = time.monotonic()
    found = without_secrets([Secret(secret)], filling * 100_000)
    assert time.monotonic() - begin < 5
    assert len(found) <= 4096
    assert "a\\" not in without_secrets([Secret(secret)], secret * 1000)
