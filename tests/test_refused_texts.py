"""Texts that no request may contain are refused wherever they come from, and the error names what they are about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from css_sdk_openapi.api.roles import list_roles

from css_sdk import (
    AuthenticationError,
    Css,
    CssError,
    Journal,
    RequestTooLong,
    ServiceAccount,
    Settings,
    UnusableName,
    read_roster,
)
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.scripted import CALLERS, INTEGRATION, SETTINGS, Service, answer
from tests.support import GRANTS_PORTAL, asked, usernames

LONE = "a\ud800b"
USER = usernames(Sandbox(), 20)[-1]

CALLS: dict[str, Callable[[Css, EnvironmentClient, str], object]] = {
    "integration": lambda css, dev, text: css.integration(text),
    "environment": lambda css, dev, text: css.integration(GRANTS_PORTAL).environment(text),
    "get": lambda css, dev, text: dev.roles.get(text),
    "create": lambda css, dev, text: dev.roles.create(text),
    "ensure": lambda css, dev, text: dev.roles.ensure(text),
    "rename": lambda css, dev, text: dev.roles.rename("reviewer", text),
    "rename from": lambda css, dev, text: dev.roles.rename(text, "reviewer2"),
    "delete": lambda css, dev, text: dev.roles.delete(text),
    "members": lambda css, dev, text: list(dev.roles.members(text)),
    "set members": lambda css, dev, text: dev.roles.set_members("reviewer", [f"{text}@idir"]),
    "composites": lambda css, dev, text: dev.roles.composites(text).list(),
    "add": lambda css, dev, text: dev.roles.composites("admin").add(text),
    "remove": lambda css, dev, text: dev.roles.composites("admin").remove(text),
    "roles of": lambda css, dev, text: dev.users.roles(f"{text}@idir"),
    "roles of a service account": lambda css, dev, text: dev.users.roles(ServiceAccount(text)),
    "assign to": lambda css, dev, text: dev.users.assign(f"{text}@idir", "reviewer"),
    "assign": lambda css, dev, text: dev.users.assign(USER, text),
    "unassign": lambda css, dev, text: dev.users.unassign(USER, text),
    "set roles": lambda css, dev, text: dev.users.set_roles(USER, text),
    "search": lambda css, dev, text: dev.people.search("idir", email=text),
    "find": lambda css, dev, text: dev.people.find_one(email=f"{text}@example.com"),
    "logs": lambda css, dev, text: dev.logs(text, "2026-11-02"),
    "roster": lambda css, dev, text: css.apply_roster(read_roster(f"username,role,integration,environment\n{text}")),
}


@pytest.fixture
def css(sandbox: Sandbox) -> Any:
    """Yield a client of the sandbox."""
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        yield css


@pytest.mark.parametrize("call", CALLS)
def test_a_lone_surrogate_is_refused_in_every_call(css: Css, sandbox: Sandbox, call: str) -> None:
    """A lone surrogate cannot be encoded, so every call refuses it with a `CssError` and writes nothing."""
    dev = css.integration(GRANTS_PORTAL).environment("dev")
    with pytest.raises(CssError):
        CALLS[call](css, dev, LONE)
    assert asked(sandbox).keys() <= {"token", "GET"}


@pytest.mark.parametrize("field", ["client_id", "client_secret", "api_url", "token_url"])
def test_a_lone_surrogate_is_refused_in_settings(sandbox: Sandbox, field: str) -> None:
    """Settings with a lone surrogate are refused when they are made, or at the first request."""
    credentials: dict[str, Any] = {**sandbox.credentials(), field: f"https://example.com/{LONE}"}
    with pytest.raises(CssError):
        with Css(Settings(**credentials), transport=sandbox.transport()) as css:
            css.integrations()


@pytest.mark.parametrize("opened", [Journal])
def test_a_lone_surrogate_is_refused_in_the_path_of_a_journal(opened: Callable[[Any], object], tmp_path: Path) -> None:
    """A journal whose path contains a lone surrogate is refused with a `CssError`."""
    with pytest.raises(CssError):
        opened(tmp_path / LONE)


@pytest.mark.parametrize("name", ["", " ", "\ufeff", ".", "..", " .. ", "\ufeff..", "\u3000.\ufeff"])
def test_an_unusable_environment_name_of_the_server_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """If the server lists an environment such as `..`, which would change the path of a request, no request is sent."""
    monkeypatch.setitem(INTEGRATION, "environments", ["dev", name])
    service = Service()
    with client_of(service) as css, pytest.raises(CssError):
        css.integration(101).environment(name).roles.get("admin")
    assert service.requests == []


def client_of(service: Service) -> Css:
    """Return a client of a scripted service."""
    return Css(SETTINGS, transport=httpx.MockTransport(service))


def test_the_lowest_layer_refuses_an_empty_part_of_a_path() -> None:
    """The lowest layer refuses an empty part of a path, so that no call can send it."""
    service = Service()
    with client_of(service) as css:
        with pytest.raises(UnusableName, match="empty"):
            css._wire.call(list_roles, "role", {"integration_id": 101, "environment": ""})
    assert service.requests == []


def test_the_error_for_a_too_long_role_name_mentions_no_user(css: Css) -> None:
    """The error for creating a role with a too long name, or renaming to it, is about the role name and mentions no
    user.
    """
    dev = css.integration(GRANTS_PORTAL).environment("dev")
    for call in (lambda: dev.roles.create("x" * 300), lambda: dev.roles.rename("reviewer", "x" * 300)):
        with pytest.raises(RequestTooLong, match=r"role name 'x+' is too long") as caught:
            call()
        assert "user" not in str(caught.value)


def test_the_error_for_a_too_long_assignment_names_the_removal_request(css: Css) -> None:
    """If the request that would remove a role again is too long, assigning the role is refused, and the error names
    that request.
    """
    dev = css.integration(GRANTS_PORTAL).environment("dev")
    with pytest.raises(RequestTooLong, match=f"request that removes the role 'x+' from {USER}"):
        dev.users.assign(USER, "x" * 200)


@pytest.mark.parametrize("threads", CALLERS)
def test_a_refusal_of_a_new_token_is_more_likely_the_services_fault(threads: str) -> None:
    """If the service refuses a fresh token, the error says that this is probably a fault of the service."""
    service = Service(read=answer(401, json={"success": False, "err": "invalid token"}))
    with pytest.raises(AuthenticationError, match=r"probably a fault of the service.*Ask its operators"):
        CALLERS[threads](service, "roles.list")
