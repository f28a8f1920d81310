"""Answers that the service itself never gives: each has its class and one sentence that can be shown as it is."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from css_sdk import (
    Attempt,
    AuthenticationError,
    Backoff,
    Conflict,
    ConnectionFailed,
    CssError,
    InvalidRequest,
    MalformedAnswer,
    NotFound,
    RateLimited,
    ServiceUnavailable,
)
from tests.scripted import (
    API,
    ASSIGN,
    BROKEN,
    CALLERS,
    ELSEWHERE,
    INTEGRATION,
    SENSELESS,
    Answer,
    Service,
    answer,
    holding,
    is_a_sentence,
    json_text,
    limited,
    token_of,
)
from tests.support import at_once


@pytest.fixture(params=["threads", "tasks"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Makes a call with the one client or with the other: `call(service, "users.assign", USER, "reviewer")`."""
    return CALLERS[request.param]


@pytest.mark.parametrize("kind", SENSELESS)
def test_a_senseless_success_is_malformed(call: Callable[..., Any], kind: str) -> None:
    """It is not taken for an empty list, and asking again would not help."""
    service = Service(read=SENSELESS[kind])
    with pytest.raises(MalformedAnswer) as told:
        call(service, "roles.list")
    assert is_a_sentence(told.value)
    assert service.methods == ["GET"]


@pytest.mark.parametrize("kind", SENSELESS)
def test_a_malformed_answer_names_its_call(call: Callable[..., Any], kind: str) -> None:
    """Method and path stand in the sentence and beside it."""
    with pytest.raises(MalformedAnswer) as told:
        call(Service(read=SENSELESS[kind]), "roles.list")
    assert told.value.request == "GET /integrations/101/dev/roles"
    assert told.value.request in str(told.value)


ERRORS: list[tuple[Answer, type[CssError], str, int]] = [
    # the answer; its class and words; how often a read is sent
    (answer(400, json={"message": "page must be a number"}), InvalidRequest, "page must be a number", 1),
    (answer(400, html="<pre>Bad Request</pre>"), InvalidRequest, "no reason", 1),
    (answer(401, json={"success": False, "data": None, "err": "x"}), AuthenticationError, "token", 2),
    (answer(401), AuthenticationError, "token", 2),
    (answer(403, html="<h1>Forbidden</h1>"), AuthenticationError, "not allowed", 1),
    (answer(404, json={"message": "role a not found"}), NotFound, "There is no role 'a'", 1),
    (answer(404, html="<pre>Cannot GET</pre>"), MalformedAnswer, "CSS_API_URL", 1),
    (answer(405), InvalidRequest, "no reason", 1),
    (answer(409, json={"message": "role a already exists"}), Conflict, "already exists", 1),
    (answer(418, text="short and stout"), InvalidRequest, "no reason", 1),
    (answer(422, json={"message": "unknown exception"}), ServiceUnavailable, "unknown exception", 4),
    (answer(422, json={"message": "must be array"}), InvalidRequest, "must be array", 1),
    (answer(422, html="<h1>what?</h1>"), InvalidRequest, "no reason", 1),
    (json_text(422, b"[" * 100_000), InvalidRequest, "no reason", 1),
    (answer(429, html="Too many"), RateLimited, "a while", 4),
    (answer(500, html="<pre>Error</pre>"), ServiceUnavailable, "500", 4),
    (answer(502, html="<h1>Bad Gateway</h1>"), ServiceUnavailable, "502", 4),
    (answer(503, text="The service is being recovered."), ServiceUnavailable, "503", 4),
    (answer(504), ServiceUnavailable, "504", 4),
    (answer(599), ServiceUnavailable, "599", 4),
]


@pytest.mark.parametrize(("given", "error", "words", "times"), ERRORS)
def test_each_error_answer_has_its_class(
    call: Callable[..., Any], given: Answer, error: type[CssError], words: str, times: int
) -> None:
    """This is true for every body. css-sdk repeats the call only if that can help."""
    service = Service(read=given)
    with pytest.raises(error, match=words) as told:
        call(service, "roles.list")
    assert type(told.value) is error
    assert told.value.status == given().status_code
    assert told.value.request == "GET /integrations/101/dev/roles"
    assert is_a_sentence(told.value)
    assert service.methods == ["GET"] * times


# Redirects.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ELSEWHERE)
def test_a_redirect_is_not_followed(call: Callable[..., Any], status: int, location: str) -> None:
    """To another origin or to the same: no second request, and so no token goes there; the address is at fault."""
    service = Service(read=answer(status, headers={"Location": location}))
    with pytest.raises(MalformedAnswer, match="Check the address of the API") as told:
        call(service, "roles.list")
    assert told.value.status == status
    assert is_a_sentence(told.value)
    assert [str(request.url) for request in service.requests] == [f"{API}/integrations/101/dev/roles"]


def test_the_secret_is_not_sent_along_a_redirect(call: Callable[..., Any]) -> None:
    """A login server that points elsewhere gives no token, and elsewhere gets no credentials."""
    service = Service(token=answer(307, headers={"Location": "https://elsewhere.example/token"}))
    with pytest.raises(AuthenticationError, match="307"):
        call(service, "roles.list")
    assert service.requests == []


# Retry-After.


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_is_too_long_is_told_not_waited(call: Callable[..., Any], status: int) -> None:
    """An hour does not fit into the budget of a call; the error carries it."""
    waits: list[object] = []
    service = Service(read=limited("3600", status))
    with pytest.raises((RateLimited, ServiceUnavailable)) as told:
        call(service, "roles.list", retry=Backoff(), on_wait=waits.append)
    assert told.value.retry_after == 3600
    assert (service.methods, waits) == (["GET"], [])


@pytest.mark.parametrize("ahead", [3600.0, 1e9])
def test_a_date_to_come_back_at_is_understood(call: Callable[..., Any], ahead: float) -> None:
    """It becomes the seconds until then."""
    service = Service(read=lambda: httpx.Response(429, headers={"Retry-After": formatdate(time.time() + ahead)}))
    with pytest.raises(RateLimited) as told:
        call(service, "roles.list", retry=Backoff())
    assert told.value.retry_after == pytest.approx(ahead, abs=60)
    assert service.methods == ["GET"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0", 0.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("soon", None), ("-1", None), ("1e3", None)],
)
def test_what_the_policy_is_told(call: Callable[..., Any], value: str, seconds: float | None) -> None:
    """Seconds as they are, a date that is past as none, and nonsense as if it were not there."""
    told: list[float | None] = []

    def note(attempt: Attempt, chance: float) -> float | None:
        told.append(attempt.retry_after)
        return at_once(attempt, chance)

    service = Service(read=limited(value))
    with pytest.raises(RateLimited):
        call(service, "roles.list", retry=note)
    assert told == [seconds] * 4


@pytest.mark.parametrize("value", ["1234567", "9" * 400])
def test_a_wait_is_told_in_words_that_people_read(call: Callable[..., Any], value: str) -> None:
    """However many seconds a server may ask for."""
    with pytest.raises(RateLimited) as told:
        call(Service(read=limited(value)), "roles.list")
    assert "inf" not in str(told.value)
    assert "e+" not in str(told.value)


# Values that the document does not know, and tokens.


def test_words_that_nobody_knows_are_kept(monkeypatch: pytest.MonkeyPatch, call: Callable[..., Any]) -> None:
    """A new status or kind of login is no reason to stop working."""
    for field, word in {"status": "resting", "authType": "telepathy", "environments": ["dev", "lab"]}.items():
        monkeypatch.setitem(INTEGRATION, field, word)
    service = Service(read=holding("reviewer"))
    assert [role.name for role in call(service, "roles.list")] == ["reviewer"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (answer(200, html="<h1>Sign in</h1>"), MalformedAnswer),
        (answer(200, json=[]), MalformedAnswer),
        (answer(200, content=b"no zip", headers=BROKEN), MalformedAnswer),
        (answer(204), MalformedAnswer),
        (answer(404, html="<h1>Not found</h1>"), AuthenticationError),
        (answer(502, html="<h1>Bad Gateway</h1>"), ServiceUnavailable),
    ],
)
def test_each_bad_token_answer_has_its_class(call: Callable[..., Any], given: Answer, error: type[CssError]) -> None:
    """Without a token nothing is sent to the API, and the sentence speaks of the login server's path."""
    service = Service(token=given)
    with pytest.raises(error) as told:
        call(service, *ASSIGN)
    assert is_a_sentence(told.value)
    assert "s3cret" not in str(told.value)
    assert service.requests == []


DEEP = base64.urlsafe_b64encode(b"[" * 100_000).decode()


@pytest.mark.parametrize(
    "given",
    [
        json_text(200, b"[" * 100_000),
        json_text(200, json.dumps({"access_token": "t0ken", "expires_in": 10**400}).encode()),
        token_of(access_token="t\u00f6ken"),
        token_of(access_token=f"a.{DEEP}.c"),
    ],
    ids=["too deep", "a life without end", "letters that no header can hold", "claims too deep"],
)
def test_no_token_answer_ends_in_an_error_of_python(call: Callable[..., Any], given: Answer) -> None:
    """It is used, or becomes an error of css-sdk."""
    try:
        call(Service(token=given), "roles.list")
    except CssError as error:
        assert is_a_sentence(error)


def test_an_address_that_a_redirect_cannot_have_is_one_error(call: Callable[..., Any]) -> None:
    """It ends in an error of ours, and goes nowhere."""
    service = Service(read=answer(302, headers={"Location": "https://[::x/"}))
    with pytest.raises((MalformedAnswer, ConnectionFailed)):
        call(service, "roles.list")
    assert {request.url.host for request in service.requests} == {"api.example"}
