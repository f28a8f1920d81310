"""Answers that the service never gives: each leads to its error class and one sentence that can be shown to a user."""

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
    """Return a function that makes a call with one of the clients: `call(service, "users.assign", USER,
    "reviewer")`.
    """
    return CALLERS[request.param]


@pytest.mark.parametrize("kind", SENSELESS)
def test_a_success_with_unusable_content_is_malformed(call: Callable[..., Any], kind: str) -> None:
    """A success with unusable content is malformed, is not read as an empty list, and is not retried."""
    service = Service(read=SENSELESS[kind])
    with pytest.raises(MalformedAnswer) as caught:
        call(service, "roles.list")
    assert is_a_sentence(caught.value)
    assert service.methods == ["GET"]


@pytest.mark.parametrize("kind", SENSELESS)
def test_a_malformed_answer_names_its_call(call: Callable[..., Any], kind: str) -> None:
    """The error for a malformed answer has method and path as an attribute and in its text."""
    with pytest.raises(MalformedAnswer) as caught:
        call(Service(read=SENSELESS[kind]), "roles.list")
    assert caught.value.request == "GET /integrations/101/dev/roles"
    assert caught.value.request in str(caught.value)


ERRORS: list[tuple[Answer, type[CssError], str, int]] = [
    # the answer, its error class and words, and how often a read is sent
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
    """Each error status raises its class, for every body. css-sdk repeats the call only if that can help."""
    service = Service(read=given)
    with pytest.raises(error, match=words) as caught:
        call(service, "roles.list")
    assert type(caught.value) is error
    assert caught.value.status == given().status_code
    assert caught.value.request == "GET /integrations/101/dev/roles"
    assert is_a_sentence(caught.value)
    assert service.methods == ["GET"] * times


# Redirects.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ELSEWHERE)
def test_a_redirect_is_not_followed(call: Callable[..., Any], status: int, location: str) -> None:
    """A redirect of the API is not followed, so that no token goes elsewhere, and the error says to
    check the address.
    """
    service = Service(read=answer(status, headers={"Location": location}))
    with pytest.raises(MalformedAnswer, match="Check the address of the API") as caught:
        call(service, "roles.list")
    assert caught.value.status == status
    assert is_a_sentence(caught.value)
    assert [str(request.url) for request in service.requests] == [f"{API}/integrations/101/dev/roles"]


def test_the_secret_is_not_sent_along_a_redirect(call: Callable[..., Any]) -> None:
    """If the login server redirects, css-sdk raises an error and sends nothing to the API."""
    service = Service(token=answer(307, headers={"Location": "https://elsewhere.example/token"}))
    with pytest.raises(AuthenticationError, match="307"):
        call(service, "roles.list")
    assert service.requests == []


# Retry-After.


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_beyond_the_budget_is_reported_instead_of_kept(call: Callable[..., Any], status: int) -> None:
    """If the service asks for a wait beyond the budget of a call, css-sdk raises an error with this wait at once."""
    waits: list[object] = []
    service = Service(read=limited("3600", status))
    with pytest.raises((RateLimited, ServiceUnavailable)) as caught:
        call(service, "roles.list", retry=Backoff(), on_wait=waits.append)
    assert caught.value.retry_after == 3600
    assert (service.methods, waits) == (["GET"], [])


@pytest.mark.parametrize("ahead", [3600.0, 1e9])
def test_a_date_in_retry_after_becomes_seconds(call: Callable[..., Any], ahead: float) -> None:
    """A date in `Retry-After` becomes the number of seconds until then."""
    service = Service(read=lambda: httpx.Response(429, headers={"Retry-After": formatdate(time.time() + ahead)}))
    with pytest.raises(RateLimited) as caught:
        call(service, "roles.list", retry=Backoff())
    assert caught.value.retry_after == pytest.approx(ahead, abs=60)
    assert service.methods == ["GET"]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0", 0.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("soon", None), ("-1", None), ("1e3", None)],
)
def test_the_retry_policy_gets_the_seconds_of_retry_after(
    call: Callable[..., Any], value: str, seconds: float | None
) -> None:
    """The retry policy gets the seconds of `Retry-After`, 0 for a past date, and None for an invalid value."""
    reported: list[float | None] = []

    def note(attempt: Attempt, chance: float) -> float | None:
        reported.append(attempt.retry_after)
        return at_once(attempt, chance)

    service = Service(read=limited(value))
    with pytest.raises(RateLimited):
        call(service, "roles.list", retry=note)
    assert reported == [seconds] * 4


@pytest.mark.parametrize("value", ["1234567", "9" * 400])
def test_a_very_long_wait_is_written_in_plain_digits(call: Callable[..., Any], value: str) -> None:
    """The error for a very long wait contains neither `inf` nor an exponent."""
    with pytest.raises(RateLimited) as caught:
        call(Service(read=limited(value)), "roles.list")
    assert "inf" not in str(caught.value)
    assert "e+" not in str(caught.value)


# Unknown values, and token answers.


def test_unknown_values_of_an_integration_do_not_stop_a_call(
    monkeypatch: pytest.MonkeyPatch, call: Callable[..., Any]
) -> None:
    """Unknown values of an integration's status, type or environments do not stop a call."""
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
    """Each bad token answer raises its error class, the error shows no secret, and nothing is sent to the API."""
    service = Service(token=given)
    with pytest.raises(error) as caught:
        call(service, *ASSIGN)
    assert is_a_sentence(caught.value)
    assert "s3cret" not in str(caught.value)
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
def test_unusual_token_answers_cause_no_unexpected_error(call: Callable[..., Any], given: Answer) -> None:
    """An unusual token answer is used, or raises an error of css-sdk, and never another error."""
    try:
        call(Service(token=given), "roles.list")
    except CssError as error:
        assert is_a_sentence(error)


def test_a_redirect_to_an_invalid_address_raises_an_error_of_css_sdk(call: Callable[..., Any]) -> None:
    """A redirect to an invalid address raises an error of css-sdk, and no request goes elsewhere."""
    service = Service(read=answer(302, headers={"Location": "https://[::x/"}))
    with pytest.raises((MalformedAnswer, ConnectionFailed)):
        call(service, "roles.list")
    assert {request.url.host for request in service.requests} == {"api.example"}
