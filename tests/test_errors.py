"""The tree of errors."""

from __future__ import annotations

import copy
import inspect
import logging
import pickle
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from css_sdk import Css, Settings, errors
from css_sdk.errors import (
    AuthenticationError,
    ConnectionFailed,
    CssError,
    InvalidRequest,
    MalformedAnswer,
    NotFound,
    RateLimited,
    ServiceUnavailable,
)
from css_sdk.models import User

# The tree


def drawn() -> dict[str, str | None]:
    """Return the tree in the docstring: each name with the name of its parent."""
    tree: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        # The root is alone on its line. The other names follow a branch and precede a description.
        match = re.match(r"( *[│├└─ ]*)([A-Z]\w+)( {1,}\S.*)?$", line)
        if match is None or not (match[3] is None or "── " in match[1]):
            continue
        while above and above[-1][0] >= len(match[1]):
            above.pop()
        assert match[2] not in tree, f"{match[2]} is drawn twice"
        tree[match[2]] = above[-1][1] if above else None
        above.append((len(match[1]), match[2]))
    return tree


KINDS = sorted(
    (value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)),
    key=lambda kind: kind.__name__,
)


def test_the_tree_in_the_docstring_matches_the_classes() -> None:
    """The tree in the docstring of the module shows every class below its parent, and no other class."""
    assert drawn() == {
        kind.__name__: None if kind is CssError else ", ".join(base.__name__ for base in kind.__bases__)
        for kind in KINDS
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_says_what_it_is_for(kind: type[CssError]) -> None:
    """Every error derives from `CssError` and has its own docstring, with its cause and the next step."""
    assert issubclass(kind, CssError)
    assert kind.__doc__
    assert kind.__doc__ not in {base.__doc__ for base in kind.__bases__}
    assert kind.__doc__.startswith("Report ")
    assert "\nNext step: " in (inspect.getdoc(kind) or ""), "the page of errors shows what to do about each class"


FACTS: dict[str, Any] = {"status": 404, "request": "GET /integrations/101/dev/roles", "retry_after": 1.5}
OWN_FACTS: dict[str, dict[str, Any]] = {
    "NotFound": {"what": "user"},
    "InvalidToken": {"reason": "expired"},
    "MissingRole": {"role": "reviewer"},
    "InvalidFile": {"faults": ("roster.csv:2: nobody is named",)},
    "Ambiguous": {"candidates": (User("a@idir", attributes={"display_name": ("A",)}), User("b@idir"))},
}


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
@pytest.mark.parametrize("kind", KINDS)
def test_errors_can_be_copied_and_pickled(kind: Callable[..., CssError], again: Callable[[CssError], CssError]) -> None:
    """An error can be copied and pickled, with its message and all its facts."""
    facts = FACTS | OWN_FACTS.get(kind.__name__, {})
    error = kind("it went wrong", **facts)
    twin = again(error)
    assert twin is not error
    assert type(twin) is type(error)
    assert str(twin) == "it went wrong"
    assert {name: getattr(twin, name) for name in facts} == facts


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_can_be_made_from_a_message_alone(kind: Callable[..., CssError]) -> None:
    """Every error can be made from a message alone, and then its facts are None."""
    error = kind("it went wrong")
    assert (error.status, error.request, error.retry_after) == (None, None, None)


# Texts that errors and logs must not contain

Handler = Callable[[httpx.Request], httpx.Response]
E_MAIL = "jane.doe@gov.bc.ca"


def answering(status: int, **content: Any) -> Handler:
    """Return a service that gives a token and then this answer."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "a.b.c", "expires_in": 300, "token_type": "Bearer"})
        assert E_MAIL in request.url.params.values()
        return httpx.Response(status, **content)

    return handler


def failing(error: type[httpx.TransportError]) -> Handler:
    """Return a service that gives a token and whose answer then never arrives."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "a.b.c", "expires_in": 300, "token_type": "Bearer"})
        raise error(f"no answer from {request.url}", request=request)

    return handler


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (answering(302, headers={"Location": "https://elsewhere.example/"}), MalformedAnswer),
        (answering(400, json={"message": "bad"}), InvalidRequest),
        (answering(400, html="<h1>bad</h1>"), InvalidRequest),
        (answering(401, json={"success": False, "data": None, "err": "invalid token"}), AuthenticationError),
        (answering(403, text="no"), AuthenticationError),
        (answering(404, json={"message": "environment dev not found"}), NotFound),
        (answering(404, html="<h1>what?</h1>"), MalformedAnswer),
        (answering(422, json={"message": "unknown exception"}), ServiceUnavailable),
        (answering(429, html="too many"), RateLimited),
        (answering(503, text="in a disaster"), ServiceUnavailable),
        (answering(200), MalformedAnswer),
        (answering(200, html="<h1>hello</h1>"), MalformedAnswer),
        (answering(200, json={"data": [{}]}), MalformedAnswer),
        (answering(200, json={"data": 5}), MalformedAnswer),
        (answering(204), MalformedAnswer),
        (failing(httpx.ConnectError), ConnectionFailed),
        (failing(httpx.ReadTimeout), ConnectionFailed),
        (failing(httpx.RemoteProtocolError), ConnectionFailed),
    ],
)
def test_no_error_and_no_log_line_contains_a_query(
    handler: Handler, kind: type[CssError], caplog: pytest.LogCaptureFixture
) -> None:
    """No error and no log line above DEBUG contains the query, because queries contain e-mail addresses."""
    settings = Settings(client_id="me", client_secret="hush-5a1f")
    with (
        caplog.at_level(logging.INFO),
        Css(settings, transport=httpx.MockTransport(handler), retry=lambda attempt, chance: None) as css,
        pytest.raises(kind) as caught,
    ):
        css.people("dev").search("idir", email=E_MAIL)
    shown = f"{caught.value} {caught.value!r} {vars(caught.value)} {caplog.text}"
    for private in ("?", "email", "jane.doe", "hush-5a1f", "a.b.c"):
        assert private not in shown
