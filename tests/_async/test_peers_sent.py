"""What a call sends: all of what was named, nothing empty, nothing to anybody else, and not too much at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from css_sdk import AsyncCss, NotAllDone, NotFound, Refused, Settings
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk._http.concurrency import async_sleep
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, at_once, usernames

ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"
NOBODY = "0" * 32 + "@idir"

API = "https://api.example/api/v1"
LOGIN = "https://login.example/auth/realms/standard/protocol/openid-connect/token"


@pytest.fixture
def requests() -> list[httpx.Request]:
    """Every request that the watched client sends."""
    return []


@pytest.fixture
async def watched(sandbox: Sandbox, requests: list[httpx.Request]) -> AsyncIterator[AsyncEnvironmentClient]:
    """An environment of a client whose every request can be looked at; the API and the login server are two hosts."""

    async def note(request: httpx.Request) -> None:
        requests.append(request)

    credentials = sandbox.credentials() | {"api_url": API, "token_url": LOGIN}
    hooks = {"request": [note]}
    async with httpx.AsyncClient(transport=sandbox.async_transport(), event_hooks=hooks) as http:
        css = AsyncCss(Settings(**credentials), http_client=http, retry=at_once)
        place = (await css.integration(GRANTS_PORTAL)).environment("dev")
        requests.clear()
        yield place


async def test_all_that_is_named_is_sent_as_a_list(
    watched: AsyncEnvironmentClient, sandbox: Sandbox, requests: list[httpx.Request]
) -> None:
    """Not one of several, not the last alone, and not an object where the service takes a list."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "lead")
    user = usernames(sandbox, 20)[-1]
    names = ("approver", "lead", "reviewer")
    await watched.users.assign(user, *names)
    await watched.roles.composites("lead").add("approver", "reviewer")
    await watched.users.assign(user, "admin")
    await watched.roles.composites("reviewer").add("approver")
    bodies = [json.loads(request.content) for request in requests if request.method == "POST"]
    assert bodies == [
        [{"name": name} for name in names],
        [{"name": "approver"}, {"name": "reviewer"}],
        [{"name": "admin"}],
        [{"name": "approver"}],
    ]
    assert sandbox.grants(GRANTS_PORTAL, "dev")[user] == {*names, "admin"}


async def test_nothing_to_add_sends_nothing(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """An empty list would be refused by the service; a set that is right already is only read."""
    reviewers = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    before = asked(sandbox)
    await dev.roles.composites("admin").set("reviewer", "approver")
    await dev.users.set_roles(ILSE, "admin")
    await dev.roles.set_members("reviewer", reversed(reviewers))
    await dev.roles.ensure("reviewer")
    assert await dev.bulk.assign_many([]) == []
    assert await dev.bulk.create_roles([]) == []
    assert set(asked(sandbox) - before) == {"GET"}


async def test_what_is_only_taken_away_posts_no_empty_list(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """Taking needs no call that gives."""
    before = asked(sandbox)
    await dev.roles.composites("admin").set("reviewer")
    await dev.roles.set_members("reviewer", sandbox.members(GRANTS_PORTAL, "dev", "reviewer")[:1])
    await dev.users.set_roles(ILSE, allow_empty=True)
    cost = asked(sandbox) - before
    assert (cost["POST"], cost["DELETE"]) == (0, 3)


@pytest.mark.parametrize("what", ["children", "roles", "members"])
async def test_what_comes_comes_before_what_goes(dev: AsyncEnvironmentClient, sandbox: Sandbox, what: str) -> None:
    """In between nobody is left with less than both sets have in common."""
    others = usernames(sandbox, 20)[-2:]
    sandbox.create_role(GRANTS_PORTAL, "dev", "lead")
    sandbox.clear_requests()
    match what:
        case "children":
            await dev.roles.composites("admin").set("lead")
        case "roles":
            await dev.users.set_roles(ILSE, "lead", "reviewer")
        case _:
            await dev.roles.set_members("reviewer", others)
    methods = [entry.method for entry in sandbox.requests if entry.kind == "api" and entry.method != "GET"]
    assert {*methods} == {"POST", "DELETE"}
    assert methods == sorted(methods, reverse=True)


@pytest.mark.parametrize("what", ["children", "roles", "members"])
async def test_where_nothing_can_come_nothing_goes(dev: AsyncEnvironmentClient, sandbox: Sandbox, what: str) -> None:
    """A mistyped name does not leave an emptied set behind."""
    before = sandbox.state.document()
    with pytest.raises((NotFound, NotAllDone)):
        match what:
            case "children":
                await dev.roles.composites("admin").set("nope")
            case "roles":
                await dev.users.set_roles(ILSE, "nope")
            case _:
                await dev.roles.set_members("reviewer", [NOBODY])
    assert sandbox.state.document() == before


@pytest.mark.parametrize("what", ["roles", "children"])
async def test_a_set_that_cannot_be_made_is_refused_whole(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, what: str
) -> None:
    """If css-sdk cannot remove an existing member, it sends nothing that changes anything."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "..")
    sandbox.create_role(GRANTS_PORTAL, "dev", "c" * 120)
    sandbox.create_role(GRANTS_PORTAL, "dev", "p" * 110, ["c" * 120])
    sandbox.grant(GRANTS_PORTAL, "dev", "..", ILSE)
    before = sandbox.state.document()
    with pytest.raises(Refused):
        if what == "roles":
            await dev.users.set_roles(ILSE, "reviewer")
        else:
            await dev.roles.composites("p" * 110).set("reviewer")
    assert sandbox.state.document() == before


async def test_a_page_has_its_size_with_it(
    watched: AsyncEnvironmentClient, sandbox: Sandbox, requests: list[httpx.Request]
) -> None:
    """Number and size go together, so that no page is of another size than the one before."""
    people = sorted(sandbox.world.users)[:60]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *people)
    assert [member.username async for member in watched.roles.members("crowd")] == people
    assert len(await watched.roles.members_page("crowd", 3, size=7)) == 7
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
async def test_only_the_terms_that_were_given_are_sent(
    watched: AsyncEnvironmentClient,
    requests: list[httpx.Request],
    provider: str,
    terms: dict[str, str],
    sent: dict[str, str],
) -> None:
    """A term that nobody gave is not sent as an empty one, and none is encoded twice."""
    await watched.people.search(provider, **terms)
    assert [dict(request.url.params) for request in requests] == [sent]


ODD = ["a/b", "a%2Fb", "50%", "a b", " a ", "?page=2", "#top", "a;b:c+d&e=f", "..a", "a\\b", "é \N{PARTY POPPER}", '"']


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_role_name_stays_within_its_place(
    watched: AsyncEnvironmentClient, sandbox: Sandbox, requests: list[httpx.Request], name: str
) -> None:
    """For every call that takes one: it is one segment of the path, and the role that was meant is the one touched."""
    sandbox.create_role(GRANTS_PORTAL, "dev", name)
    others = sandbox.roles(GRANTS_PORTAL, "dev") - {name}
    assert (await watched.roles.get(name)).name == name
    assert [member async for member in watched.roles.members(name)] == []
    await watched.users.assign(ILSE, name)
    assert sandbox.members(GRANTS_PORTAL, "dev", name) == [ILSE]
    await watched.users.unassign(ILSE, name)
    await watched.roles.composites(name).add("approver")
    assert [child.name for child in await watched.roles.composites(name).list()] == ["approver"]
    await watched.roles.composites(name).remove("approver")
    await watched.roles.composites("admin").add(name)
    await watched.roles.composites("admin").remove(name)
    await watched.roles.rename(name, "plain")
    await watched.roles.rename("plain", name)
    await watched.roles.delete(name)
    assert sandbox.roles(GRANTS_PORTAL, "dev") == others
    paths = [request.url.raw_path.decode().split("/")[6:] for request in requests]
    # Where it stands in the body alone, the path is that of the others that were asked about.
    assert sum(unquote(unquote(word)) == name for path in paths for word in path) == 10
    assert all(len(path) <= 4 and "?" not in path[-1].replace("users?page=1&max=50", "") for path in paths)


@pytest.mark.parametrize("name", ["a/b", "a%2Fb", "50%", "?page=2", "#top", "a;b:c+d&e=f", "..", "a\\b", "é"])
async def test_an_odd_username_stays_within_its_place(
    watched: AsyncEnvironmentClient, requests: list[httpx.Request], name: str
) -> None:
    """It is looked for as it is, and not found; no part of it becomes a path or a query."""
    user = f"{name}@githubpublic"
    for calling in (watched.users.assign, watched.users.unassign, watched.users.set_roles):
        with pytest.raises(NotFound) as told:
            await calling(user, "reviewer")
        assert told.value.what == "user"
    for reading in (watched.users.roles, watched.users.effective_roles):
        with pytest.raises(NotFound):
            await reading(user)
    assert len(requests) == 5
    for request in requests:
        segments = request.url.raw_path.decode().split("/")
        assert unquote(segments[7]) == user.lower()
        assert segments[8] == "roles"
        assert request.url.query == b""


@pytest.mark.parametrize("width", [1, 4, 8])
async def test_no_more_calls_than_allowed_are_under_way(sandbox: Sandbox, settings: Settings, width: int) -> None:
    """However many people there are, so that a long list does not fall upon the service at once."""
    under_way: list[int] = []
    most: list[int] = []

    async def begin(request: httpx.Request) -> None:
        under_way.append(1)
        most.append(len(under_way))

    async def end(response: httpx.Response) -> None:
        under_way.pop()

    async def let_others_in(_: float) -> None:
        await async_sleep(0)

    hooks: dict[str, list[Any]] = {"request": [begin], "response": [end]}
    people = sorted(sandbox.world.users)[:60]
    sandbox.faults.add("delay", seconds=0.1, times=None)
    transport = sandbox.async_transport(let_others_in)
    async with httpx.AsyncClient(transport=transport, event_hooks=hooks, timeout=1.0) as http:
        dev = (await AsyncCss(settings, http_client=http).integration(GRANTS_PORTAL)).environment("dev")
        results = await dev.bulk.assign_many([(person, "approver") for person in people], width=width)
    assert {result.outcome for result in results} == {"confirmed"}
    assert len(most) == 62
    assert max(most) <= width


async def test_nobody_else_is_ever_called(
    watched: AsyncEnvironmentClient, sandbox: Sandbox, requests: list[httpx.Request]
) -> None:
    """The two hosts and no third, each with what is its own; of the calls that do harm, none."""
    sandbox.revoke_tokens()
    await watched.roles.ensure("lead")
    await watched.roles.composites("lead").set("reviewer")
    await watched.roles.tree()
    await watched.roles.set_members("lead", usernames(sandbox, 3))
    await watched.roles.rename("lead", "leader")
    await watched.roles.delete("leader")
    await watched.users.set_roles(ILSE, "reviewer")
    await watched.users.effective_roles(ILSE)
    await watched.people.find_one(guid=ILSE.partition("@")[0], providers="idir")
    for provider in ("azureidir", "githubbcgov", "githubpublic", "bceidbasic", "bceidbusiness", "bceidboth"):
        await watched.people.search(provider, guid="0" * 32)
    await watched.logs("2026-11-01", "2026-11-02")
    await watched.bulk.create_roles(["clerk"])
    await watched.bulk.assign_many([(ILSE, "clerk")], skip_existing=True)
    await watched.bulk.unassign_many([(ILSE, "clerk")], skip_existing=True)
    assert {request.url.host for request in requests} == {"api.example", "login.example"}
    for request in requests:
        kind = request.headers["Authorization"].partition(" ")[0]
        assert kind == ("Bearer" if request.url.host == "api.example" else "Basic")
        assert "user-role-mappings" not in request.url.path
        assert "-bceid/" not in request.url.path
