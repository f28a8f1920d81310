"""Names of people known only by username: one search for each person, and never an error."""

from __future__ import annotations

from css_sdk import AsyncCss
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import asked, usernames

TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"


async def test_each_person_is_searched_once(css: AsyncCss, sandbox: Sandbox) -> None:
    """names_of() searches each person once, even for two logins, and does not repeat a search without a result."""
    guid = usernames(sandbox, 1, "azureidir")[0].partition("@")[0]
    people = {f"{guid}@idir": "dev", f"{guid}@azureidir": "dev", TOBIAS: "dev", f"{'0' * 32}@idir": "dev"}
    for _ in range(2):
        found = await css.names_of(people)
        assert found.names.keys() == people.keys() - {f"{'0' * 32}@idir"}
        assert found.left_out == 0
    assert asked(sandbox)["GET"] == 3


async def test_known_names_need_no_request(css: AsyncCss, dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """names_of() sends no request for names that the caller passes or that an earlier search found."""
    user = await dev.people.find_one(email="tobias.bellwether@example.com", providers="idir")
    sandbox.clear_requests()
    ann = f"{'a' * 32}@idir"
    found = await css.names_of({user.username: "dev", ann: "dev"}, known={ann: "Ann Other"})
    assert found.names == {user.username: user.name, ann: "Ann Other"}
    assert asked(sandbox) == {}


async def test_usernames_without_a_guid_are_not_searched(css: AsyncCss, sandbox: Sandbox) -> None:
    """names_of() does not search service accounts and usernames without a complete GUID."""
    found = await css.names_of({"service-account-fisheries-service-102": "dev", "0f3a@idir": "dev", "x": "dev"})
    assert (found.names, found.left_out) == ({}, 0)
    assert asked(sandbox) == {}


async def test_searches_are_limited(css: AsyncCss, sandbox: Sandbox) -> None:
    """A client looks up at most `most` names, counted over all its calls."""
    people = dict.fromkeys(usernames(sandbox, 5), "dev")
    found = await css.names_of(people, most=2)
    assert (len(found.names), found.left_out) == (2, 3)
    found = await css.names_of(people, most=3)
    assert (len(found.names), found.left_out) == (3, 2)
    assert sandbox.count(method="GET", kind="api") == 3


async def test_a_failed_search_raises_no_error(css: AsyncCss, sandbox: Sandbox) -> None:
    """If a search fails, names_of() leaves the names out, raises no error and searches nobody else."""
    sandbox.faults.add("422_before", method="GET", times=None)
    found = await css.names_of(dict.fromkeys(usernames(sandbox, 5), "dev"), width=1)
    assert (found.names, found.left_out) == ({}, 0)
    assert len({entry.path for entry in sandbox.requests if entry.method == "GET"}) == 1
