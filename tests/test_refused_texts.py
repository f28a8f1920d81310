"""Texts that no request may hold, wherever they come from; and refusals that name what they are about."""

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
    """A client of the sandbox."""
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        yield css


@pytest.mark.parametrize("call", CALLS)
def test_half_a_character_is_refused_everywhere(css: Css, sandbox: Sandbox, call: str) -> None:
    """A lone surrogate, which cannot be encoded, ends in an error of ours, and nothing is written."""
    dev = css.integration(GRANTS_PORTAL).environment("dev")
    with pytest.raises(CssError):
        CALLS[call](css, dev, LONE)
    assert asked(sandbox).keys() <= {"token", "GET"}


@pytest.mark.parametrize("field", ["client_id", "client_secret", "api_url", "token_url"])
def test_half_a_character_is_refused_in_settings(sandbox: Sandbox, field: str) -> None:
    """When they are made, or at the first request."""
    credentials: dict[str, Any] = {**sandbox.credentials(), field: f"https://example.com/{LONE}"}
    with pytest.raises(CssError):
        with Css(Settings(**credentials), transport=sandbox.transport()) as css:
            css.integrations()


@pytest.mark.parametrize("opened", [Journal])
def test_half_a_character_is_refused_in_paths(opened: Callable[[Any], object], tmp_path: Path) -> None:
    """No file can have such a name."""
    with pytest.raises(CssError):
        opened(tmp_path / LONE)


@pytest.mark.parametrize("name", ["", " ", "\ufeff", ".", "..", " .. ", "\ufeff..", "\u3000.\ufeff"])
def test_an_environment_that_a_server_made_up_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A server that lists it would lead to the path of something else: the request is never built."""
    monkeypatch.setitem(INTEGRATION, "environments", ["dev", name])
    service = Service()
    with client_of(service) as css, pytest.raises(CssError):
        css.integration(101).environment(name).roles.get("admin")
    assert service.requests == []


def client_of(service: Service) -> Css:
    """Return a client of a scripted service."""
    return Css(SETTINGS, transport=httpx.MockTransport(service))


def test_an_empty_part_of_a_path_is_refused_at_the_bottom() -> None:
    """This is true for every call."""
    service = Service()
    with client_of(service) as css:
        with pytest.raises(UnusableName, match="empty"):
            css._wire.call(list_roles, "role", {"integration_id": 101, "environment": ""})
    assert service.requests == []


def test_a_role_name_that_is_too_long_is_refused_as_that(css: Css) -> None:
    """Creating it, and renaming to it, does not speak of a user whom nobody named."""
    dev = css.integration(GRANTS_PORTAL).environment("dev")
    for call in (lambda: dev.roles.create("x" * 300), lambda: dev.roles.rename("reviewer", "x" * 300)):
        with pytest.raises(RequestTooLong, match=r"role name 'x+' is too long") as told:
            call()
        assert "user" not in str(told.value)


def test_an_assignment_that_is_too_long_names_the_request(css: Css) -> None:
    """By which the role would be removed again."""
    dev = css.integration(GRANTS_PORTAL).environment("dev")
    with pytest.raises(RequestTooLong, match=f"request that removes the role 'x+' from {USER}"):
        dev.users.assign(USER, "x" * 200)


@pytest.mark.parametrize("threads", CALLERS)
def test_a_refusal_of_a_new_token_is_more_likely_the_services_fault(threads: str) -> None:
    """The message says so, and what to ask the service's operators."""
    service = Service(read=answer(401, json={"success": False, "err": "invalid token"}))
    with pytest.raises(AuthenticationError, match=r"probably a fault of the service.*Ask its operators"):
        CALLERS[threads](service, "roles.list")
