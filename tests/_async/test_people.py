"""Searching people: a search is complete or says that it is not, and never guesses."""

from __future__ import annotations

import pytest

from css_sdk import Ambiguous, AsyncCss, EnvironmentMissing, IncompleteSearch, InvalidRequest, NotFound, Settings
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import asked, usernames


async def test_a_guid_finds_the_login_of_the_named_provider(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """find_one() finds a GUID in any spelling. Without providers=, logins that share the GUID are ambiguous."""
    azure = usernames(sandbox, 1, "azureidir")[0]
    guid = azure.partition("@")[0]
    dashed = "-".join([guid[:8], guid[8:12], guid[12:16], guid[16:20], guid[20:]])
    for term in (guid.upper(), dashed):
        assert (await dev.people.find_one(guid=term, providers=["azureidir"])).username == azure
    assert [user.username for user in (await dev.people.search("azureidir", guid=dashed)).users] == [azure]
    with pytest.raises(Ambiguous) as caught:
        await dev.people.find_one(guid=guid)
    assert {user.username for user in caught.value.candidates} == {azure, f"{guid}@idir"}
    name = "{firstName} {lastName}".format(**sandbox.world.users[azure])
    assert f"{azure} ({name})" in str(caught.value)


async def test_an_address_must_be_equal(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """find_one() finds an address only if it is equal, without regard to case, although the service matches a part."""
    user = next(user for name, user in sandbox.world.users.items() if name.endswith("@githubpublic"))
    found = await dev.people.find_one(email=user["email"].upper(), providers=["githubpublic"])
    assert found.username == user["username"]
    with pytest.raises(NotFound, match="never logged in there"):
        await dev.people.find_one(email=user["email"][:-1], providers=["githubpublic"])


async def test_two_people_with_one_address_are_ambiguous(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """If two people have the address, find_one() raises Ambiguous with both candidates."""
    addresses = [user["email"] for name, user in sandbox.world.users.items() if name.endswith("@idir")]
    shared = next(address for address in addresses if addresses.count(address) == 2)
    with pytest.raises(Ambiguous) as caught:
        await dev.people.find_one(email=shared, providers=["idir"])
    assert len(caught.value.candidates) == 2


async def test_a_search_with_too_many_matches_is_incomplete() -> None:
    """If more than 50 people match, the search is incomplete and find_one() raises IncompleteSearch."""
    users = [
        {"username": f"{number:032x}@idir", "email": f"p{number}@crowd.example", "firstName": "A", "lastName": "B"}
        for number in range(60)
    ]
    account = {"id": 9, "client_id": "service-account-team-1-9", "client_secret": "a secret"}
    sandbox = Sandbox(
        world={
            "teams": [{"id": 1, "name": "Team", "api_account": account}],
            "integrations": [],
            "users": [user | {"attributes": {"display_name": ["B, A"]}} for user in users],
        }
    )
    async with AsyncCss(Settings(**sandbox.credentials()), transport=sandbox.async_transport()) as css:
        result = await css.people("dev").search("idir", email="crowd.example")
        assert not result.complete
        assert len(result.users) == 50
        with pytest.raises(IncompleteSearch):
            await css.people("dev").find_one(email="crowd.example", providers=["idir"])
        assert (await css.people("dev").find_one(guid=f"{59:032x}", providers=["idir"])).email == "p59@crowd.example"


async def test_a_term_that_a_provider_does_not_support_is_refused(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """A search by a term that the provider does not support is refused before anything is sent."""
    for provider in ("idir", "azureidir", "githubbcgov", "githubpublic", "bceidbasic", "bceidbusiness", "bceidboth"):
        assert (await dev.people.search(provider, guid="0" * 32)).users == ()
    before = asked(sandbox)
    for provider, term in (("idir", "login"), ("githubpublic", "first_name"), ("bceidbasic", "name"), ("otp", "guid")):
        with pytest.raises(InvalidRequest):
            await dev.people.search(provider, **{term: "somebody"})
    with pytest.raises(InvalidRequest):
        await dev.people.search("idir")
    assert asked(sandbox) == before


async def test_a_search_for_bceid_users_needs_an_integration(css: AsyncCss, sandbox: Sandbox) -> None:
    """A search for BCeID users needs an integration, unless it uses a GUID."""
    with pytest.raises(InvalidRequest, match="integration"):
        await css.people("dev").search("bceidbasic", username="harbour")


async def test_an_unknown_environment_is_refused(css: AsyncCss) -> None:
    """people() refuses an environment other than dev, test and prod."""
    with pytest.raises(EnvironmentMissing):
        css.people("stage")


@pytest.mark.parametrize("terms", [{}, {"guid": None, "email": None}])
async def test_a_search_needs_a_term(dev: AsyncEnvironmentClient, terms: dict[str, str | None]) -> None:
    """find_one() refuses a search without a term. A term that is None does not count."""
    with pytest.raises(InvalidRequest):
        await dev.people.find_one(**terms)


@pytest.mark.parametrize(
    ("provider", "terms"),
    [
        ("idir", {"first_name": "ILSE", "last_name": "Hargreave"}),
        ("idir", {"email": "ilse.hargreave@example.com", "guid": "d6dff8c2546921b01198b4efd12cb3bc"}),
        ("githubpublic", {"login": "Pine-Marten"}),
    ],
)
async def test_every_term_must_be_equal(dev: AsyncEnvironmentClient, provider: str, terms: dict[str, str]) -> None:
    """find_one() finds a person only if each given term is equal to the person's value, without regard to case."""
    found = await dev.people.find_one(providers=provider, **terms)
    assert found.provider == provider
    for name, term in terms.items():
        if name != "guid":
            with pytest.raises(NotFound):
                await dev.people.find_one(providers=provider, **{**terms, name: term[:-1]})


async def test_bceid_users_are_found_by_guid_without_an_integration(css: AsyncCss, sandbox: Sandbox) -> None:
    """Without an integration, css-sdk searches BCeID users by GUID with the three deprecated calls."""
    user = usernames(sandbox, 1, "bceidbasic")[0]
    guid = user.partition("@")[0]
    assert (await css.people("dev").find_one(guid=guid, providers="bceidbasic")).username == user
    for provider in ("bceidbusiness", "bceidboth"):
        assert provider == "bceidboth" or (await css.people("dev").search(provider, guid=guid)).users == ()


async def test_a_repeated_provider_is_searched_once(dev: AsyncEnvironmentClient) -> None:
    """If providers= repeats a provider, it is searched once. An empty providers= is refused."""
    found = await dev.people.find_one(email="ilse.hargreave@example.com", providers=["idir", "idir"])
    assert found.first_name == "Ilse"
    with pytest.raises(InvalidRequest, match="No provider"):
        await dev.people.find_one(email="ilse.hargreave@example.com", providers=[])


def _with_address(username: str, email: str) -> dict[str, object]:
    names = {"firstName": "Ada", "lastName": "Lovelace", "attributes": {}}
    return {"username": username, "email": email, **names}


async def test_people_with_a_similar_address_or_guid_are_not_found() -> None:
    """`_` and `%` in a term are ordinary characters, and a part of a GUID is refused before anything is sent."""
    ada, stranger = "6513270e269e0d37f2a74de452e6b438@idir", "00000000000000000000000000e6b438@idir"
    account = {"id": 9, "client_id": "service-account-team-1-9", "client_secret": "a secret"}
    sandbox = Sandbox(
        world={
            "teams": [{"id": 1, "name": "Team", "api_account": account}],
            "integrations": [],
            "users": [_with_address(ada, "a_l@example.com"), _with_address(stranger, "axl@example.com")],
        }
    )
    async with AsyncCss(Settings(**sandbox.credentials()), transport=sandbox.async_transport()) as css:
        people = css.people("dev")
        for term in ("a_l@", "_l@ex", "A_L@EXAMPLE.COM"):
            found = await people.search("idir", email=term)
            assert ([user.username for user in found.users], found.complete) == ([ada], True)
        assert (await people.search("idir", email="a%@")).users == ()
        assert (await people.find_one(email="a_l@example.com", providers="idir")).username == ada
        assert [one.email for one in (await css.find_people(email="a_l@")).people] == ["a_l@example.com"]
        before = asked(sandbox)
        for part in ("b438", "__", "6513%", "6513270e"):
            with pytest.raises(InvalidRequest, match="complete GUID"):
                await people.search("idir", guid=part)
            with pytest.raises(InvalidRequest, match="complete GUID"):
                await people.find_one(guid=part)
            with pytest.raises(InvalidRequest, match="complete GUID"):
                await css.find_people(guid=part)
        assert asked(sandbox) == before


async def test_several_providers_are_searched_in_one_call(dev: AsyncEnvironmentClient) -> None:
    """search() with several providers joins their results, and refuses an unknown provider."""
    found = await dev.people.search(["idir", "azureidir"], email="maren.fairweather@example.com")
    assert sorted(str(user.provider) for user in found.users) == ["azureidir", "idir"]
    with pytest.raises(InvalidRequest, match="There is no provider 'otp'"):
        await dev.people.search(["idir", "otp"], email="maren.fairweather@example.com")
