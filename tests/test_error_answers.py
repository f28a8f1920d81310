"""The error that each error answer of the service raises."""

from __future__ import annotations

import pytest

from css_sdk._service.error_answers import ErrorAnswer, error_for, is_passing
from css_sdk.errors import (
    AuthenticationError,
    Conflict,
    CssError,
    InvalidRequest,
    MalformedAnswer,
    NotApplied,
    NotFound,
    RateLimited,
    ServiceUnavailable,
    type_of_thing,
)

UNKNOWN = "unknown exception"
REQUEST = "GET /integrations/101/dev/roles"


def answered(status: int, message: str = "", is_json: bool = True, retry_after: float | None = None) -> ErrorAnswer:
    """Return an error answer with this content."""
    return ErrorAnswer(status, message, is_json, REQUEST, retry_after)


STATUSES: list[tuple[ErrorAnswer, type[CssError], bool]] = [
    # the message, the error, whether it may be temporary
    (answered(301, is_json=False), MalformedAnswer, False),
    (answered(302, is_json=False), MalformedAnswer, False),
    (answered(400, "name is required"), InvalidRequest, False),
    (answered(400, is_json=False), InvalidRequest, False),
    (answered(401), AuthenticationError, False),
    (answered(401, is_json=False), AuthenticationError, False),
    (answered(403, "not allowed"), AuthenticationError, False),
    (answered(403, is_json=False), AuthenticationError, False),
    (answered(404, "role x not found"), NotFound, False),
    (answered(404), NotFound, False),
    (answered(404, is_json=False), MalformedAnswer, False),
    (answered(409, "role x already exists"), Conflict, False),
    (answered(409, is_json=False), Conflict, False),
    (answered(418, is_json=False), InvalidRequest, False),
    (answered(422, UNKNOWN), ServiceUnavailable, True),
    (answered(422, "invalid integration id"), InvalidRequest, False),
    (answered(422), InvalidRequest, False),
    (answered(422, is_json=False), InvalidRequest, False),
    (answered(429, is_json=False), RateLimited, True),
    (answered(429, is_json=False, retry_after=3600.0), RateLimited, True),
    (answered(500, UNKNOWN), ServiceUnavailable, True),
    (answered(500, is_json=False), ServiceUnavailable, True),
    (answered(502, is_json=False), ServiceUnavailable, True),
    (answered(503, is_json=False), ServiceUnavailable, True),
    (answered(503, is_json=False, retry_after=7.0), ServiceUnavailable, True),
    (answered(504, "took too long"), ServiceUnavailable, True),
]


@pytest.mark.parametrize(("answer", "kind", "passing"), STATUSES, ids=str)
def test_each_status_has_its_error(answer: ErrorAnswer, kind: type[CssError], passing: bool) -> None:
    """Each status raises its own error, with JSON and without, and the error contains the facts of the answer."""
    error = error_for(answer)
    assert type(error) is kind
    assert (error.status, error.request, error.retry_after) == (answer.status, REQUEST, answer.retry_after)
    assert REQUEST in str(error)
    assert is_passing(answer) is passing


@pytest.mark.parametrize("answer", [answer for answer, _, _ in STATUSES if answer.message], ids=str)
def test_an_error_repeats_the_message_of_the_service(answer: ErrorAnswer) -> None:
    """An error repeats the message of the service; for a missing role it names the integration and environment."""
    if answer.message == "role x not found":
        assert str(error_for(answer)).startswith("There is no role 'x' in #101 dev.")
    else:
        assert answer.message in str(error_for(answer))


def test_missing_roles_are_named() -> None:
    """The error for one missing role names it in quotes, and the error for several lists them."""
    for message, sentence in (
        ("roles (reviwer) not found", "There is no role 'reviwer' in #101 dev."),
        ("roles (a, b) not found", "These roles do not exist in #101 dev: a, b."),
        ("composite role nope not found", "There is no role 'nope' in #101 dev."),
        ("role (a) not found", "There is no role '(a)' in #101 dev."),
    ):
        assert str(error_for(answered(404, message))).startswith(sentence)


@pytest.mark.parametrize("answer", [answer for answer, _, _ in STATUSES if not answer.message], ids=str)
def test_an_error_without_a_reason_says_what_happened(answer: ErrorAnswer) -> None:
    """If the service gives no reason, the error still says what happened, before it says what to do."""
    said = str(error_for(answer))
    assert not said.startswith(("The service gave no reason", ". "))
    assert ". ." not in said
    assert ".." not in said


def test_a_known_place_is_named() -> None:
    """The error for a missing role names the project, if the client knows the place."""
    places = {("101", "dev"): "Grants Portal (#101) dev"}
    error = error_for(answered(404, "role x not found"), "role", places)
    assert str(error).startswith("There is no role 'x' in Grants Portal (#101) dev.")


@pytest.mark.parametrize(
    ("retry_after", "words"),
    [(None, "in a while"), (3600.0, "in 3,600 seconds"), (1.0, "in 1 second."), (0.5, "in a moment.")],
)
def test_the_error_for_a_rate_limit_says_how_long_to_wait(retry_after: float | None, words: str) -> None:
    """The error for a rate limit says when to try again, if the service does."""
    assert words in str(error_for(answered(429, is_json=False, retry_after=retry_after)))


MISSING: list[tuple[str, type_of_thing, type_of_thing]] = [
    # the service's message, what the call was about, what is missing
    ('User "nobody@idir" not found', "role", "user"),
    ('User "nobody@idir" not found', "path", "user"),
    ("role x not found", "user", "role"),
    ("role client x not found", "user", "role"),
    ("roles (a, b) not found", "user", "role"),
    ("composite role nope not found", "path", "role"),
    ("composite roles (nope, zip) not found", "path", "role"),
    ("integration #105 not found", "role", "integration"),
    ("client grants-robot not found", "role", "environment"),
    ("environment stage not found", "role", "environment"),
    # If the words are unknown, the kind of call decides.
    ("something else not found", "role", "role"),
    ("", "user", "user"),
    ("", "path", "path"),
]


@pytest.mark.parametrize(("message", "about", "missing"), MISSING)
def test_the_message_of_the_service_decides_what_was_not_found(
    message: str, about: type_of_thing, missing: type_of_thing
) -> None:
    """For a 404, the message of the service decides what is missing. If it is unknown, the kind of call does."""
    error = error_for(answered(404, message), about)
    assert isinstance(error, NotFound)
    assert error.what == missing


def test_an_integration_without_a_client_is_not_applied() -> None:
    """If the service says `client null not found`, the integration is a draft, and the error is `NotApplied`."""
    assert isinstance(error_for(answered(404, "client null not found"), "role"), NotApplied)


@pytest.mark.parametrize(
    ("message", "user", "advice"),
    [
        ("", "0f3ac87806aa7f215a7c0d4cc4d9e799%40idir/roles", "people who have logged in"),
        ("", "0f3ac87806aa7f215a7c0d4cc4d9e799%40idir/roles/service-account-x", "people who have logged in"),
        ("", "service-account-grants-robot/roles", "Check the client id."),
        ('User "service-account-grants-robot" not found', "service-account-grants-robot/roles", "Check the client id."),
    ],
)
def test_the_advice_about_a_missing_user_depends_on_the_kind_of_user(message: str, user: str, advice: str) -> None:
    """The advice is about a client id only for a service account, also if the answer does not name the user."""
    said = str(error_for(ErrorAnswer(404, message, True, f"GET /integrations/101/dev/users/{user}"), "user"))
    assert said.startswith(message or "The service found nothing for this request, and gave no reason. ")
    assert advice in said


def test_the_error_for_a_missing_user_explains_that_users_must_log_in_first() -> None:
    """The error for a missing user explains that the service only knows people who have logged in."""
    assert "people who have logged in" in str(error_for(answered(404, 'User "nobody@idir" not found'), "role"))
