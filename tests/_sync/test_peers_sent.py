# Written from tests/_async/test_peers_sent.py by `make generate`; edit that one.
"""Requests of a call: complete, never empty, only to the two hosts, and limited in number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from css_sdk import Css, NotAllDone, NotFound, Refused, Settings
from css_sdk._http.concurrency import sleep
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, at_once, usernames

ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"
NOBODY = "0" * 32 + "@idir"

API = "https://api.example/api/v1"
LOGIN = "https://login.example/auth/realms/standard/protocol/openid-connect/token"


@pytest.fixture
def requests() -> list[httpx.Request]:
    """Return the list of all requests that the watched client sends."""
    return []


@pytest.fixture
def watched(sandbox: Sandbox, requests: list[httpx.Request]) -> Iterator[EnvironmentClient]:
    """Return an environment whose requests are recorded; the API and the login server have two hosts."""

    def note(request: httpx.Request) -> None:
        requests.append(request)

    credentials = sandbox.credentials() | {"api_url": API, "token_url": LOGIN}
    hooks = {"request": [note]}
    with httpx.Client(transport=sandbox.transport(), event_hooks=hooks) as http:
        css = Css(Settings(**credentials), http_client=http, retry=at_once)
        place = (css.integration(GRANTS_PORTAL)).environment("dev")
        requests.clear()
        yield place


def test_all_given_roles_are_sent_as_one_list(
    watched: EnvironmentClient, sandbox: Sandbox, requests: list[httpx.Request]
) -> None:
    """A call with several roles sends all of them in one list, and a call with one role sends a list with one entry."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "lead")
    user = usernames(sandbox, 20)[-1]
    names = ("approver", "lead", "reviewer")
    watched.users.assign(user, *names)
    watched.roles.composites("lead").add("approver", "reviewer")
    watched.users.assign(user, "admin")
    watched.roles.composites("reviewer").add("approver")
    bodies = [json.loads(request.content) for request in requests if request.method == "POST"]
    assert bodies == [
        [{"name": name} for name in names],
        [{"name": "approver"}, {"name": "reviewer"}],
        [{"name": "admin"}],
        [{"name": "approver"}],
    ]
    assert sandbox.grants(GRANTS_PORTAL, "dev")[user] == {*names, "admin"}


def test_a_set_that_is_already_right_is_only_read(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If nothing has to be added, css-sdk only reads and sends no empty list."""
    reviewers = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    before = asked(sandbox)
    dev.roles.composites("admin").set("reviewer", "approver")
    dev.users.set_roles(ILSE, "admin")
    dev.roles.set_members("reviewer", reversed(reviewers))
    dev.roles.ensure("reviewer")
    assert dev.bulk.assign_many([]) == []
    assert dev.bulk.create_roles([]) == []
    assert set(asked(sandbox) - before) == {"GET"}


def test_a_call_that_only_removes_sends_no_empty_list(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If a call only removes roles, children or members, css-sdk sends no POST with an empty list."""
    before = asked(sandbox)
    dev.roles.composites("admin").set("reviewer")
    dev.roles.set_members("reviewer", sandbox.members(GRANTS_PORTAL, "dev", "reviewer")[:1])
    dev.users.set_roles(ILSE, allow_empty=True)
    cost = asked(sandbox) - before
    assert (cost["POST"], cost["DELETE"]) == (0, 3)


@pytest.mark.parametrize("what", ["children", "roles", "members"])
def test_additions_are_sent_before_removals(dev: EnvironmentClient, sandbox: Sandbox, what: str) -> None:
    """When css-sdk replaces children, roles or members, it adds the new ones before it removes the old ones."""
    others = usernames(sandbox, 20)[-2:]
    sandbox.create_role(GRANTS_PORTAL, "dev", "lead")
    sandbox.clear_requests()
    match what:
        case "children":
            dev.roles.composites("admin").set("lead")
        case "roles":
            dev.users.set_roles(ILSE, "lead", "reviewer")
        case _:
            dev.roles.set_members("reviewer", others)
    methods = [entry.method for entry in sandbox.requests if entry.kind == "api" and entry.method != "GET"]
    assert {*methods} == {"POST", "DELETE"}
    assert methods == sorted(methods, reverse=True)


@pytest.mark.parametrize("what", ["children", "roles", "members"])
def test_nothing_is_removed_if_the_addition_fails(dev: EnvironmentClient, sandbox: Sandbox, what: str) -> None:
    """If the new role or member does not exist, css-sdk removes none of the old ones."""
    before = sandbox.state.document()
    with pytest.raises((NotFound, NotAllDone)):
        match what:
            case "children":
                dev.roles.composites("admin").set("nope")
            case "roles":
                dev.users.set_roles(ILSE, "nope")
            case _:
                dev.roles.set_members("reviewer", [NOBODY])
    assert sandbox.state.document() == before


@pytest.mark.parametrize("what", ["roles", "children"])
def test_a_set_that_cannot_be_reached_is_refused_as_a_whole(
    dev: EnvironmentClient, sandbox: Sandbox, what: str
) -> None:
    """If a name prevents the removal of an existing entry, css-sdk refuses the whole call and changes nothing."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "..")
    sandbox.create_role(GRANTS_PORTAL, "dev", "c" * 120)
    sandbox.create_role(GRANTS_PORTAL, "dev", "p" * 110, ["c" * 120])
    sandbox.grant(GRANTS_PORTAL, "dev", "..", ILSE)
    before = sandbox.state.document()
    with pytest.raises(Refused):
        if what == "roles":
            dev.users.set_roles(ILSE, "reviewer")
        else:
            dev.roles.composites("p" * 110).set("reviewer")
    assert sandbox.state.document() == before


def test_each_request_for_a_page_contains_its_size(
    watched: EnvironmentClient, sandbox: Sandbox, requests: list[httpx.Request]
) -> None:
    """Each request for members contains the page number and the page size."""
    people = sorted(sandbox.world.users)[:60]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *people)
    assert [member.username for member in watched.roles.members("crowd")] == people
    assert len(watched.roles.members_page("crowd", 3, size=7)) == 7
    assert [dict(request.url.params) for request in requests] == [
        {"page": "1", "max": "50"},
        {"page": "2", "max": "50"},
        {"page": "3", "max": "7"},
    ]


@pytest.mark.parametrize(
    ("provider", "terms", "sent"),
    [
        ("idir", {"guid": "ab" * 16}, {"guid": "ab" * 16}),
        ("azureidir", {"email": "a+b@example.com"}, {"email": "a+b@example.com"}),
        ("idir", {"first_name": "Ann & Bo", "last_name": "100%"}, {"firstName": "Ann & Bo", "lastName": "100%"}),
        ("githubpublic", {"login": "a#b"}, {"login": "a#b"}),
        ("githubbcgov", {"name": "Zoë"}, {"name": "Zoë"}),
        ("bceidbasic", {"display_name": "A B"}, {"bceidType": "basic", "displayName": "A B"}),
        ("bceidboth", {"username": "ab"}, {"bceidType": "both", "username": "ab"}),
    ],
)
def test_a_search_sends_only_the_given_terms(
    watched: EnvironmentClient,
    requests: list[httpx.Request],
    provider: str,
    terms: dict[str, str],
    sent: dict[str, str],
) -> None:
    """A search sends only the given terms, encoded once."""
    watched.people.search(provider, **terms)
    assert [dict(request.url.params) for request in requests] == [sent]


ODD = ["a/b", "a%2Fb", "50%", "a b", " a ", "?page=2", "#top", "a;b:c+d&e=f", "..a", "a\\b", "é \N{PARTY POPPER}", '"']


@pytest.mark.parametrize("name", ODD)
def test_an_unusual_role_name_stays_in_one_path_segment(
    watched: EnvironmentClient, sandbox: Sandbox, requests: list[httpx.Request], name: str
) -> None:
    """Every call with an unusual role name keeps the name in one path segment and affects only this role."""
    sandbox.create_role(GRANTS_PORTAL, "dev", name)
    others = sandbox.roles(GRANTS_PORTAL, "dev") - {name}
    assert (watched.roles.get(name)).name == name
    assert [member for member in watched.roles.members(name)] == []
    watched.users.assign(ILSE, name)
    assert sandbox.members(GRANTS_PORTAL, "dev", name) == [ILSE]
    watched.users.unassign(ILSE, name)
    watched.roles.composites(name).add("approver")
    assert [child.name for child in watched.roles.composites(name).list()] == ["approver"]
    watched.roles.composites(name).remove("approver")
    watched.roles.composites("admin").add(name)
    watched.roles.composites("admin").remove(name)
    watched.roles.rename(name, "plain")
    watched.roles.rename("plain", name)
    watched.roles.delete(name)
    assert sandbox.roles(GRANTS_PORTAL, "dev") == others
    paths = [request.url.raw_path.decode().split("/")[6:] for request in requests]
    # Ten requests have the name in their path. The others have it in their body or name another role.
    assert sum(unquote(unquote(word)) == name for path in paths for word in path) == 10
    assert all(len(path) <= 4 and "?" not in path[-1].replace("users?page=1&max=50", "") for path in paths)


@pytest.mark.parametrize("name", ["a/b", "a%2Fb", "50%", "?page=2", "#top", "a;b:c+d&e=f", "..", "a\\b", "é"])
def test_an_unusual_username_stays_in_one_path_segment(
    watched: EnvironmentClient, requests: list[httpx.Request], name: str
) -> None:
    """An unusual username is one path segment, is not found, and never becomes a query."""
    user = f"{name}@githubpublic"
    for calling in (watched.users.assign, watched.users.unassign, watched.users.set_roles):
        with pytest.raises(NotFound) as caught:
            calling(user, "reviewer")
        assert caught.value.what == "user"
    for reading in (watched.users.roles, watched.users.effective_roles):
        with pytest.raises(NotFound):
            reading(user)
    assert len(requests) == 5
    for request in requests:
        segments = request.url.raw_path.decode().split("/")
        assert unquote(segments[7]) == user.lower()
        assert segments[8] == "roles"
        assert request.url.query == b""


@pytest.mark.parametrize("width", [1, 4, 8])
def test_a_bulk_call_sends_no_more_requests_at_once_than_allowed(
    sandbox: Sandbox, settings: Settings, width: int
) -> None:
    """A bulk call never has more than `width` requests in flight."""
    under_way: list[int] = []
    most: list[int] = []

    def begin(request: httpx.Request) -> None:
        under_way.append(1)
        most.append(len(under_way))

    def end(response: httpx.Response) -> None:
        under_way.pop()

    def let_others_in(_: float) -> None:
        sleep(0)

    hooks: dict[str, list[Any]] = {"request": [begin], "response": [end]}
    people = sorted(sandbox.world.users)[:60]
    sandbox.faults.add("delay", seconds=0.1, times=None)
    transport = sandbox.transport(let_others_in)
    with httpx.Client(transport=transport, event_hooks=hooks, timeout=1.0) as http:
        dev = (Css(settings, http_client=http).integration(GRANTS_PORTAL)).environment("dev")
        results = dev.bulk.assign_many([(person, "approver") for person in people], width=width)
    assert {result.outcome for result in results} == {"done"}
    assert len(most) == 62
    assert max(most) <= width


def test_requests_go_only_to_the_api_and_the_login_server(
    watched: EnvironmentClient, sandbox: Sandbox, requests: list[httpx.Request]
) -> None:
    """css-sdk sends requests only to the API and the login server, each with its own kind of credentials.

    None of them is a call that harms the service.
    """
    sandbox.revoke_tokens()
    watched.roles.ensure("lead")
    watched.roles.composites("lead").set("reviewer")
    watched.roles.tree()
    watched.roles.set_members("lead", usernames(sandbox, 3))
    watched.roles.rename("lead", "leader")
    watched.roles.delete("leader")
    watched.users.set_roles(ILSE, "reviewer")
    watched.users.effective_roles(ILSE)
    watched.people.find_one(guid=ILSE.partition("@")[0], providers="idir")
    for provider in ("azureidir", "githubbcgov", "githubpublic", "bceidbasic", "bceidbusiness", "bceidboth"):
        watched.people.search(provider, guid="0" * 32)
    watched.logs("2026-11-01", "2026-11-02")
    watched.bulk.create_roles(["clerk"])
    watched.bulk.assign_many([(ILSE, "clerk")], skip_existing=True)
    watched.bulk.unassign_many([(ILSE, "clerk")], skip_existing=True)
    assert {request.url.host for request in requests} == {"api.example", "login.example"}
    for request in requests:
        kind = request.headers["Authorization"].partition(" ")[0]
        assert kind == ("Bearer" if request.url.host == "api.example" else "Basic")
        assert "user-role-mappings" not in request.url.path
        assert "-bceid/" not in request.url.path
