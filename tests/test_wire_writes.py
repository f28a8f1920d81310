"""Writes that are answered as the service never answers: a read decides what became of them."""

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
    """Makes a call with the one client or with the other: `call(service, "users.assign", USER, "reviewer")`."""
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
def test_a_write_that_was_answered_so_is_read(call: Callable[..., Any], kind: str) -> None:
    """A read that shows the change verifies it, and nothing is sent twice."""
    service = Service(read=holding("reviewer"), write=(DOUBTFUL | PENDING)[kind])
    assert call(service, *ASSIGN) is None
    assert service.methods == ["POST", "GET"]


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_a_write_that_was_not_done_is_told_as_that(call: Callable[..., Any], kind: str) -> None:
    """The error says what a read found, however the answer looked."""
    service = Service(read=holding("other"), write=DOUBTFUL[kind])
    with pytest.raises(CssError, match="not done") as told:
        call(service, *ASSIGN)
    assert not isinstance(told.value, OutcomeUnknown)
    assert is_a_sentence(told.value)
    assert service.methods in (["POST", "GET"], ["POST", "GET"] * 4)


@pytest.mark.parametrize("kind", PENDING)
def test_what_a_proxy_answers_proves_nothing(call: Callable[..., Any], kind: str) -> None:
    """The service behind the proxy may still be working, so a read that does not show the write proves nothing."""
    service = Service(read=holding("other"), write=PENDING[kind])
    with pytest.raises(OutcomeUnknown, match="may still be on its way") as told:
        call(service, *ASSIGN)
    assert is_a_sentence(told.value)
    assert service.methods == ["POST", "GET"] * 4


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_a_write_of_which_no_read_can_tell_is_unknown(call: Callable[..., Any], kind: str) -> None:
    """When reads are answered with nonsense as well, nothing more is sent."""
    service = Service(read=answer(200, html="<h1>Sign in</h1>"), write=DOUBTFUL[kind])
    with pytest.raises(OutcomeUnknown, match="cannot know whether") as told:
        call(service, *ASSIGN)
    assert isinstance(told.value.__cause__, MalformedAnswer)
    assert is_a_sentence(told.value)
    assert service.methods == ["POST", "GET"]


@pytest.mark.parametrize("take", TAKE, ids=["unassign", "remove"])
@pytest.mark.parametrize("kind", sorted(SENSELESS.keys() - {"zip that is none"}))
def test_only_204_proves_that_something_was_taken(call: Callable[..., Any], kind: str, take: tuple[str, ...]) -> None:
    """A page that asks to sign in, or any other success, says nothing of it; a read does."""
    service = Service(read=holding("reviewer"), write=SENSELESS[kind])
    with pytest.raises(ServiceUnavailable, match="not done"):
        call(service, *take)


@pytest.mark.parametrize("take", TAKE, ids=["unassign", "remove"])
def test_204_proves_that_something_was_taken(call: Callable[..., Any], take: tuple[str, ...]) -> None:
    """It is the service's own answer, and needs no read."""
    service = Service(write=answer(204))
    assert call(service, *take) is None
    assert service.methods == ["DELETE"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, InvalidRequest), (401, AuthenticationError), (403, AuthenticationError), (404, NotFound), (409, Conflict)],
)
def test_a_refused_write_needs_no_read(call: Callable[..., Any], status: int, error: type[CssError]) -> None:
    """The service's own refusals say that nothing was done."""
    service = Service(write=answer(status, json={"message": "no"}))
    with pytest.raises(error):
        call(service, *ASSIGN)
    assert "GET" not in service.methods


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_write_is_not_sent_along_a_redirect(call: Callable[..., Any], status: int) -> None:
    """Neither as it was nor as a read of another place."""
    service = Service(write=answer(status, headers={"Location": ELSEWHERE[0]}))
    with pytest.raises(CssError, match="CSS_API_URL"):
        call(service, *ASSIGN)
    assert {request.url.host for request in service.requests} == {"api.example"}
    assert service.methods.count("POST") == 1


@pytest.mark.parametrize("status", [302, 303])
def test_a_write_that_was_redirected_is_read(call: Callable[..., Any], status: int) -> None:
    """What was done before the redirect was sent, nobody knows."""
    service = Service(read=holding("reviewer"), write=answer(status, headers={"Location": ELSEWHERE[0]}))
    assert call(service, *ASSIGN) is None
    assert service.methods == ["POST", "GET"]


def test_a_limited_write_is_neither_read_nor_repeated_too_early(call: Callable[..., Any]) -> None:
    """429 says that nothing was done."""
    service = Service(write=limited("3600"))
    with pytest.raises(RateLimited) as told:
        call(service, *ASSIGN, retry=Backoff())
    assert told.value.retry_after == 3600
    assert service.methods == ["POST"]


def test_a_faulty_write_keeps_the_time_to_come_back(call: Callable[..., Any]) -> None:
    """The error after the read still carries it."""
    service = Service(write=limited("3600", 503), read=holding())
    with pytest.raises(OutcomeUnknown, match="on its way") as told:
        call(service, *ASSIGN, retry=Backoff())
    assert told.value.retry_after == 3600
    assert service.methods == ["POST", "GET"]
