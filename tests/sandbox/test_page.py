"""The page of a sandbox, tested without a browser; `tests/browser` opens it in one."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from css_sdk.sandbox import Sandbox, make_world

HOSTILE = "</td><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """The tags of a page, the names of their attributes, and the texts of its parts."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.parts: dict[str, str] = {}
        self._part = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the tag."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "section":
            self._part = str(dict(attrs)["id"])
            self.parts[self._part] = ""

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        if self._part:
            self.parts[self._part] += f"{data} "


def shown(call: Any) -> Page:
    """Return the current page."""
    answer = call.send("GET", "/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return Page(answer.body.decode())


def test_the_page_shows_the_world_and_its_roles(call: Any) -> None:
    """The page shows integrations, people, and roles with their children and members."""
    parts = shown(call).parts
    assert "Grants Portal #101 grants-portal-101 dev, test, prod browser-login gold applied" in parts["integrations"]
    assert "Grants Portal #101 dev admin approver, reviewer Ilse Hargreave" in parts["roles"]
    assert "Ilse Hargreave d6dff8c2546921b01198b4efd12cb3bc@idir ilse.hargreave@example.com" in parts["people"]
    assert parts["harm"].strip() == ""


def test_the_page_shows_the_last_requests_first(call: Any) -> None:
    """The page shows the last requests first, with time, kind, method, path and status.

    It leaves out requests for the page itself and control calls.
    """
    call("GET", "/integrations")
    call.control("GET", "/faults")
    call("DELETE", "/integrations/101/dev/roles/nope")
    text = shown(call).parts["requests"]
    assert re.findall(r"(api|token) (GET|POST|DELETE) \S+ (\d+)", text) == [
        ("api", "DELETE", "404"),
        ("api", "GET", "200"),
        ("token", "POST", "200"),
    ]
    assert "11:06:40 api DELETE /api/v1/integrations/101/dev/roles/nope 404" in text


def test_the_page_shows_active_faults_and_pending_writes(call: Any, sandbox: Sandbox) -> None:
    """The page shows active faults and pending late writes, and no fault that is used up."""
    assert "None." in shown(call).parts["faults"]
    sandbox.faults.add("late_write", method="POST")
    sandbox.faults.add("delay", path="*/roles", times=None, seconds=1.5)
    assert "late_write api POST * 0 1 delay, 1.5 s api any */roles 0 all" in shown(call).parts["faults"]
    call("POST", "/integrations/101/dev/roles", {"name": "x"})
    text = shown(call).parts["faults"]
    assert "late_write" not in text
    assert "delay, 1.5 s api any */roles 1 all" in text
    assert "POST /integrations/101/dev/roles" in text


@pytest.mark.destructive
def test_the_page_shows_harmful_requests(call: Any) -> None:
    """The page shows harmful requests with the reason."""
    call("DELETE", "/integrations/101/dev/roles/..")
    assert "DELETE /api/v1/integrations/101/dev/roles/.. deletes the whole client" in shown(call).parts["harm"]


def test_the_page_escapes_all_texts(caller: Any) -> None:
    """The page escapes texts of worlds, requests and faults, and shows invisible characters as codes."""
    world = make_world(3, 1)
    harmless = shown(caller(Sandbox(world)))
    for integration in world["integrations"]:
        integration["project_name"] = HOSTILE
    for user in world["users"]:
        user |= {"firstName": HOSTILE, "lastName": "a\u202eb\x00\ud800", "email": HOSTILE}
    world["roles"] += [{"integration": 101, "environment": "dev", "name": HOSTILE}]
    sandbox = Sandbox(world)
    sandbox.faults.add("delay", path=f"*{HOSTILE}*", method=HOSTILE, times=None)
    call = caller(sandbox)
    call.send(HOSTILE, f"/api/v1/{HOSTILE}")
    page = shown(call)
    assert set(page.tags) <= set(harmless.tags)
    assert page.tags.count("script") == harmless.tags.count("script") == 1
    assert page.attributes <= harmless.attributes
    assert HOSTILE in page.parts["integrations"]
    assert "a\\u202eb\\u0000\\ud800" in page.parts["people"]


def test_the_page_contains_no_secret(call: Any, sandbox: Sandbox) -> None:
    """The page contains no secret of the world and no token that was sent."""
    call("GET", "/integrations")
    source = call.send("GET", "/").body.decode()
    assert call.token not in source
    assert not re.search(r"sandbox-secret|sandbox-password", source)
    assert "sandbox-secret" in json.dumps(
        [integration.client_secret for integration in sandbox.world.integrations.values()]
    )


def test_the_page_loads_nothing_from_other_addresses(call: Any) -> None:
    """The policy of the page allows only its own style, script and address, and no frame."""
    answer = call.send("GET", "/")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["script-src"].startswith("'sha256-")
    assert "http" not in answer.body.decode().replace("http-equiv", "")
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_page_of_a_large_world_is_short(caller: Any) -> None:
    """For a large world, the page shows the first entries and the number of the others."""
    sandbox = Sandbox(make_world(5000, 150, 7))
    call = caller(sandbox)
    for _ in range(60):
        call("GET", "/nothing")
    assert len(call.send("GET", "/").body) < 200_000
    parts = shown(call).parts
    logins = len(sandbox.world.users)
    assert f"Logins of people {logins:,}" in parts["numbers"]
    assert f"And {logins - 100:,} more logins." in parts["people"]
    assert "And 11 earlier requests." in parts["requests"]
    assert "And 50 more integrations." in parts["integrations"]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("POST", 404), ("DELETE", 404)])
def test_the_page_can_only_be_read(call: Any, method: str, status: int) -> None:
    """The page answers GET and HEAD only."""
    assert call.send(method, "/").status == status


def test_the_page_of_an_empty_world_says_so(caller: Any) -> None:
    """For an empty world, the parts of the page say that there is nothing."""
    world = make_world(0, 1)
    call = caller(Sandbox({**world, "integrations": [], "roles": [], "composites": [], "grants": []}))
    parts = shown(call).parts
    assert "None." in parts["roles"]
    assert "None so far." in parts["requests"]
