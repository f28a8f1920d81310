"""Writes whose answers the service never gives: a read decides about their outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from css_sdk import (
    AuthenticationError,
    Backoff,
    Conflict,
    CssError,
    InvalidRequest,
    MalformedAnswer,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    ServiceUnavailable,
)
from tests.scripted import (
    ASSIGN,
    CALLERS,
    ELSEWHERE,
    SENSELESS,
    USER,
    Service,
    answer,
    holding,
    is_a_sentence,
    json_text,
    limited,
)


@pytest.fixture(params=["threads", "tasks"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return a function that makes a call with one of the clients: `call(service, "users.assign", USER,
    "reviewer")`.
    """
    return CALLERS[request.param]


TAKE = [("users.unassign", USER, "reviewer"), ("composites.remove", "reviewer")]
DOUBTFUL = SENSELESS | {
    "nothing, created": json_text(201, b""),
    "no content": answer(204),
    "roles without the new one": answer(201, json={"data": [{"name": "other", "composite": False}]}),
    "unknown exception": answer(422, json={"message": "unknown exception"}),
    "a refusal of the body": answer(422, json={"message": "must be array"}),
    "a fault": answer(500, html="<pre>Error</pre>"),
}
PENDING = {
    "a page of a gateway": answer(502, html="<h1>Bad Gateway</h1>"),
    "a disaster": answer(503, text="later"),
    "a gateway's timeout": answer(504),
}


@pytest.mark.parametrize("kind", DOUBTFUL | PENDING)
def test_a_write_with_a_doubtful_answer_is_verified_by_a_read(call: Callable[..., Any], kind: str) -> None:
    """After a doubtful answer, a read that shows the change verifies the write, and nothing is sent twice."""
    service = Service(read=holding("reviewer"), write=(DOUBTFUL | PENDING)[kind])
    assert call(service, *ASSIGN) is None
    assert service.methods == ["POST", "GET"]


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_a_write_that_a_read_does_not_show_is_reported_as_not_done(call: Callable[..., Any], kind: str) -> None:
    """If a read shows that a write was not done, the error says so, for every doubtful answer."""
    service = Service(read=holding("other"), write=DOUBTFUL[kind])
    with pytest.raises(CssError, match="not done") as caught:
        call(service, *ASSIGN)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert is_a_sentence(caught.value)
    assert service.methods in (["POST", "GET"], ["POST", "GET"] * 4)


@pytest.mark.parametrize("kind", PENDING)
def test_after_a_gateway_error_a_missing_change_is_unknown(call: Callable[..., Any], kind: str) -> None:
    """After an error of a gateway, the service may still be working, so a read without the change leaves the outcome
    unknown.
    """
    service = Service(read=holding("other"), write=PENDING[kind])
    with pytest.raises(OutcomeUnknown, match="may still be on its way") as caught:
        call(service, *ASSIGN)
    assert is_a_sentence(caught.value)
    assert service.methods == ["POST", "GET"] * 4


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_a_write_is_unknown_if_the_verifying_read_fails(call: Callable[..., Any], kind: str) -> None:
    """If the verifying read is malformed as well, the outcome is unknown and nothing more is sent."""
    service = Service(read=answer(200, html="<h1>Sign in</h1>"), write=DOUBTFUL[kind])
    with pytest.raises(OutcomeUnknown, match="cannot know whether") as caught:
        call(service, *ASSIGN)
    assert isinstance(caught.value.__cause__, MalformedAnswer)
    assert is_a_sentence(caught.value)
    assert service.methods == ["POST", "GET"]


@pytest.mark.parametrize("take", TAKE, ids=["unassign", "remove"])
@pytest.mark.parametrize("kind", sorted(SENSELESS.keys() - {"zip that is none"}))
def test_a_removal_with_another_success_than_204_is_not_verified(
    call: Callable[..., Any], kind: str, take: tuple[str, ...]
) -> None:
    """For a removal, a success other than 204 does not verify it; the read decides."""
    service = Service(read=holding("reviewer"), write=SENSELESS[kind])
    with pytest.raises(ServiceUnavailable, match="not done"):
        call(service, *take)


@pytest.mark.parametrize("take", TAKE, ids=["unassign", "remove"])
def test_204_verifies_a_removal_without_a_read(call: Callable[..., Any], take: tuple[str, ...]) -> None:
    """A 204 verifies a removal without a read, because it is the service's own answer."""
    service = Service(write=answer(204))
    assert call(service, *take) is None
    assert service.methods == ["DELETE"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, InvalidRequest), (401, AuthenticationError), (403, AuthenticationError), (404, NotFound), (409, Conflict)],
)
def test_a_refused_write_needs_no_read(call: Callable[..., Any], status: int, error: type[CssError]) -> None:
    """If the service refuses a write, nothing was done, so no read follows."""
    service = Service(write=answer(status, json={"message": "no"}))
    with pytest.raises(error):
        call(service, *ASSIGN)
    assert "GET" not in service.methods


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_write_is_not_sent_along_a_redirect(call: Callable[..., Any], status: int) -> None:
    """A redirected write is sent only once, and no request goes to another host."""
    service = Service(write=answer(status, headers={"Location": ELSEWHERE[0]}))
    with pytest.raises(CssError, match="CSS_API_URL"):
        call(service, *ASSIGN)
    assert {request.url.host for request in service.requests} == {"api.example"}
    assert service.methods.count("POST") == 1


@pytest.mark.parametrize("status", [302, 303])
def test_a_redirected_write_is_verified_by_a_read(call: Callable[..., Any], status: int) -> None:
    """A redirect does not show whether the write was done, so a read verifies it."""
    service = Service(read=holding("reviewer"), write=answer(status, headers={"Location": ELSEWHERE[0]}))
    assert call(service, *ASSIGN) is None
    assert service.methods == ["POST", "GET"]


def test_a_limited_write_is_neither_read_nor_repeated_too_early(call: Callable[..., Any]) -> None:
    """After a 429 nothing was done, so a write is not read, and not repeated before the named wait."""
    service = Service(write=limited("3600"))
    with pytest.raises(RateLimited) as caught:
        call(service, *ASSIGN, retry=Backoff())
    assert caught.value.retry_after == 3600
    assert service.methods == ["POST"]


def test_an_unknown_write_keeps_the_wait_of_its_answer(call: Callable[..., Any]) -> None:
    """The error of a write with an unknown outcome keeps the wait that its answer named."""
    service = Service(write=limited("3600", 503), read=holding())
    with pytest.raises(OutcomeUnknown, match="on its way") as caught:
        call(service, *ASSIGN, retry=Backoff())
    assert caught.value.retry_after == 3600
    assert service.methods == ["POST", "GET"]
