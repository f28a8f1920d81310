"""Both grants, in threads and in tasks: where each value is sent, and which arguments are refused."""

from __future__ import annotations

import base64
import re
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from urllib.parse import parse_qs, quote, quote_plus

import httpx
import pytest

from css_sdk import AuthenticationError, ClientCredentials, ConfigurationError, PasswordGrant
from css_sdk.auth.credentials import TokenAuth
from tests.token_callers import (
    API,
    AUTHS,
    LOGIN,
    PASSWORD,
    SECRET,
    Call,
    Service,
    Streaming,
    both_worlds,
    every_auth,
    in_a_thread,
)


@both_worlds
@every_auth
def test_each_grant_sends_secrets_only_where_they_belong(call: Call, kind: str) -> None:
    """Each grant sends its secrets only in the form or header where they belong, and the call has the token."""
    service = Service()
    call(AUTHS[kind](), service, API)
    asked, sent = service.requests
    form = {name: values[0] for name, values in parse_qs(asked.content.decode()).items()}
    assert (
        form
        == {
            "basic": {"grant_type": "client_credentials"},
            "form": {
                "grant_type": "client_credentials",
                "audience": "target",
                "client_id": "me",
                "client_secret": SECRET,
            },
            "password": {"grant_type": "password", "username": "robot", "password": PASSWORD},
        }[kind]
    )
    basic = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert asked.headers.get("Authorization") == (None if kind == "form" else basic)
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.headers["Authorization"] == "Bearer t0ken-1"


# The origins of a token


@both_worlds
def test_the_first_request_decides_the_origin(call: Call) -> None:
    """Without `origins`, the first request decides the origin of the token, and a request to another
    one is not sent.
    """
    service, auth = Service(), AUTHS["form"]()
    call(auth, service, API)
    with pytest.raises(ConfigurationError, match="because it may go only to"):
        call(auth, service, "https://elsewhere.example/")
    call(auth, service, "https://api.example/other")
    assert [url for _, url in service.seen] == [LOGIN, API, "https://api.example/other"]


@both_worlds
def test_plain_http_to_another_machine_is_refused(call: Call) -> None:
    """Plain http to another machine is refused before anything is sent, for credentials and tokens, unless allowed."""
    service = Service()
    for kind, make in AUTHS.items():
        with pytest.raises(ConfigurationError, match="plain http to login"):
            make("http://login.example/token")
        with pytest.raises(ConfigurationError, match="plain http to api"):
            make(origins=["http://api.example"])
        with pytest.raises(ConfigurationError, match="plain http to api"):
            call(make(), service, "http://api.example/v1")
        assert service.requests == []
        local = make("http://127.0.0.1:8080/token", allow_http=kind == "basic")
        assert call(local, service, "http://localhost:81/").status_code == 200
        service.requests.clear()
    assert call(AUTHS["form"](allow_http=True), service, "http://api.example/v1").status_code == 200


@both_worlds
def test_origins_are_compared_without_case_and_default_port(call: Call) -> None:
    """Capital letters and the default port do not change an origin, and `origins` may be an iterator."""
    service = Service()
    auth = AUTHS["basic"]("HTTPS://LOGIN.example/token", origins=iter(["HTTPS://Api.Example:443"]))
    assert call(auth, service, API).status_code == 200
    assert call(AUTHS["basic"](), service, "HTTPS://API.example/v1/things").status_code == 200
    assert service.seen == [("POST", LOGIN), ("GET", API)] * 2


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ClientCredentials(LOGIN, "", SECRET), "client id is empty"),
        (lambda: ClientCredentials(LOGIN, "me", ""), "client secret is empty"),
        (lambda: ClientCredentials(LOGIN, "me", SECRET, audience=""), "audience is empty"),
        (lambda: ClientCredentials(LOGIN, "me", SECRET, scope=""), "scope is empty"),
        (lambda: ClientCredentials(LOGIN, "me", f"{SECRET}\udc80"), "client secret is empty or not a string"),
        (lambda: ClientCredentials(LOGIN, "me", SECRET, client_auth="jwt"), "not 'jwt'"),  # type: ignore[arg-type]
        (lambda: ClientCredentials("login.example", "me", SECRET), "token address is not valid"),
        (
            lambda: ClientCredentials(LOGIN, "me", SECRET, origins="a.example"),
            "in origins= is not valid: it does not",
        ),
        (lambda: ClientCredentials(LOGIN, "me", SECRET, orgins=[LOGIN]), "no option orgins. The options are accept,"),  # type: ignore[call-arg]
        (lambda: ClientCredentials(LOGIN, "me", SECRET, origins=[]), r"origins=\[\] allows no address for the token"),
        (lambda: ClientCredentials(LOGIN, "me", f"{SECRET}\n"), "client secret ends with a line break"),
        (lambda: PasswordGrant(LOGIN, "me", SECRET, "robot", f"{PASSWORD}\r\n"), "password ends with a line break"),
        (lambda: ClientCredentials(LOGIN, "me", SECRET, origins=[5]), "An address in origins= is not valid"),  # type: ignore[list-item]
        (lambda: ClientCredentials(LOGIN, "me", SECRET, origins=5), "origins= must be a list"),  # type: ignore[arg-type]
        (lambda: ClientCredentials(LOGIN, 5, SECRET), "client id is empty or not a string"),  # type: ignore[arg-type]
        (lambda: ClientCredentials(5, "me", SECRET), "token address is not valid"),  # type: ignore[arg-type]
        (lambda: PasswordGrant(LOGIN, "me", SECRET, "robot", 5), "password is empty or not a string"),  # type: ignore[arg-type]
        (lambda: PasswordGrant(LOGIN, "me", "", "robot", PASSWORD), "client secret is empty"),
        (lambda: PasswordGrant(LOGIN, "me", SECRET, "", PASSWORD), "username is empty"),
        (lambda: PasswordGrant(LOGIN, "me", SECRET, "robot", ""), "password is empty"),
    ],
)
def test_arguments_that_are_not_valid_are_refused(make: Callable[[], TokenAuth], said: str) -> None:
    """Invalid arguments are refused when the auth is created, and no secret is in the error or in its frames."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        make()
    ours = caught.tb.tb_next and caught.tb.tb_next.tb_next
    frames = "".join(traceback.TracebackException(caught.type, caught.value, ours, capture_locals=True).format())
    assert SECRET not in frames
    assert PASSWORD not in frames


@both_worlds
@pytest.mark.parametrize("kind", ["generator", "bytes"])
def test_a_body_that_can_be_read_only_once_is_not_sent_again(call: Call, kind: str) -> None:
    """After a 401, a request is repeated with a new token only if its body is in memory; otherwise the caller gets the
    401.
    """
    service, auth = Service(api=httpx.Response(401)), AUTHS["basic"]()

    def once() -> Iterator[bytes]:
        yield b"much"

    async def async_once() -> AsyncIterator[bytes]:
        yield b"much"

    gone = once() if call is in_a_thread else async_once()
    content = gone if kind == "generator" else b"much"
    assert call(auth, Streaming(service), API, method="POST", content=content).status_code == 401
    count = 1 if kind == "generator" else 2
    assert service.seen.count(("POST", API)) == service.seen.count(("POST", LOGIN)) == count
    assert {request.content for request in service.requests if str(request.url) == API} == {b"much"}
    service.answers.clear()
    assert call(auth, service, API).status_code == 200
    assert service.seen.count(("POST", LOGIN)) == 2


@both_worlds
def test_the_login_servers_words_are_reported(call: Call) -> None:
    """The error and description of the login server are attributes and text, shortened, without control characters and
    secrets.
    """
    words = {"error": "invalid_grant", "error_description": f"\x1b[2J{PASSWORD} of\nrobot " + "x" * 999}
    service = Service(login=httpx.Response(400, json=words))
    with pytest.raises(AuthenticationError) as caught:
        call(AUTHS["password"](), service, API)
    error = caught.value
    assert (error.error, error.status) == ("invalid_grant", 400)
    assert error.error_description is not None
    assert error.error_description.startswith("… ofrobot x")
    assert len(error.error_description) == 200
    assert f"invalid_grant: {error.error_description}" in str(error)
    service.answers[LOGIN] = httpx.Response(401, json={"error": ["x"], "error_description": None})
    with pytest.raises(AuthenticationError, match=r"\(status 401\)") as caught:
        call(AUTHS["password"](), service, API)
    assert (caught.value.error, caught.value.error_description) == (None, None)


ODD = "s3cr+t/5 a%1é~"
BASIC = base64.b64encode(f"me:{quote_plus(ODD)}".encode()).decode()


@both_worlds
@pytest.mark.parametrize(
    "told_as",
    [
        ODD,
        quote(ODD),
        quote(ODD, safe=""),
        quote_plus(ODD),
        quote(ODD, safe="").replace("%2F", "%2f").replace("%C3", "%c3"),
        quote(quote(ODD)),
        ODD.replace("cr", "c\x1br"),
        f"Basic {BASIC}",
        quote(BASIC, safe=""),
        BASIC.rstrip("="),
    ],
)
def test_no_form_of_a_secret_is_repeated(call: Call, told_as: str) -> None:
    """An error repeats no form of a secret: percent-encoded, in the header that was sent, or with
    control characters.
    """
    words = {"error": f"x{told_as}", "error_description": f"not {told_as} of you"}
    service = Service(login=httpx.Response(400, json=words))
    with pytest.raises(AuthenticationError) as caught:
        call(ClientCredentials(LOGIN, "me", ODD), service, API)
    error = caught.value
    assert error.error is not None
    assert error.error_description is not None
    assert re.fullmatch(r"x(Basic )?…(=|%3D)*", error.error)
    assert re.fullmatch(r"not (Basic )?…(=|%3D)* of you", error.error_description)
    assert f"{error.error}: {error.error_description}" in str(error)
    ours = caught.tb.tb_next
    frames = "".join(traceback.TracebackException(caught.type, error, ours, capture_locals=True).format())
    assert BASIC.rstrip("=") not in frames


def test_a_secret_that_begins_another_leaves_no_part_of_it() -> None:
    """If one secret is the beginning of another, the longer one is hidden first, so that no part of it stays."""
    service = Service(login=httpx.Response(400, json={"error": "begin-and-end begin"}))
    with pytest.raises(AuthenticationError) as caught:
        in_a_thread(PasswordGrant(LOGIN, "me", "begin", "robot", "begin-and-end"), service, API)
    assert caught.value.error == "… …"


def test_other_text_is_not_removed() -> None:
    """Text that only resembles a secret is kept, and very short secrets are not searched."""
    said = {"error": "ab", "error_description": "S3cret s3cre t abc"}
    for secret, shown in (("ab", "S3cret s3cre t abc"), ("s3cret", "S3cret s3cre t abc"), ("s3cre", "S3cret … t abc")):
        service = Service(login=httpx.Response(400, json=said))
        with pytest.raises(AuthenticationError) as caught:
            in_a_thread(ClientCredentials(LOGIN, "me", secret), service, API)
        assert caught.value.error_description == shown


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ({"error": "invalid_client", "error_description": "Audience not found"}, "Check the audience (audience=). "),
        ({"error": "invalid_target"}, "Check the audience (audience=). "),
        ({"error": "invalid_client", "error_description": "Invalid client"}, "Check the credentials and "),
    ],
)
def test_the_error_says_what_to_check(words: dict[str, str], advice: str) -> None:
    """If the login server does not know the audience, the error says to check the audience instead of
    the credentials.
    """
    service = Service(login=httpx.Response(400, json=words))
    with pytest.raises(AuthenticationError, match=rf"\)\. {re.escape(advice)}"):
        in_a_thread(AUTHS["form"](), service, API)
