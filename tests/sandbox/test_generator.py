"""Made-up worlds of any size."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from css_sdk.sandbox import Sandbox, SandboxError, make_world


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    """Return a large world."""
    return make_world(people=5000, integrations=20, seed=7)


def test_the_same_seed_makes_the_same_world(world: dict[str, Any]) -> None:
    """Also in another process and in another version of Python: the digest of its JSON is known."""
    assert make_world(people=5000, integrations=20, seed=7) == world
    assert make_world(people=5000, integrations=20, seed=8) != world
    assert hashlib.sha256(json.dumps(world).encode()).hexdigest()[:16] == "21de3c5d33a68760"


def test_it_has_as_many_as_were_asked_for(world: dict[str, Any]) -> None:
    """People are counted, not their logins."""
    assert len({user["username"].partition("@")[0] for user in world["users"]}) == 5000
    assert [found["id"] for found in world["integrations"]] == list(range(101, 121))


def test_it_is_a_world_that_a_sandbox_serves(world: dict[str, Any], caller: Any) -> None:
    """Its first integration is Gold, in all environments, with roles, members and composite roles."""
    sandbox = Sandbox(world)
    call = caller(sandbox)
    listed = call.status_and_json("GET", "/integrations")[1]["data"]
    assert {found["id"] for found in listed} == {
        found["id"] for found in world["integrations"] if found["service_type"] == "gold"
    }
    for environment in ("dev", "test", "prod"):
        roles = sandbox.roles(101, environment)
        assert "admin" in roles
        assert sandbox.composites(101, environment) == {"admin": roles - {"admin"}}
        assert sum(len(sandbox.members(101, environment, role)) for role in roles) > 20


def test_it_has_the_oddities_of_the_real_one(world: dict[str, Any]) -> None:
    """Namesakes, shared addresses, two logins, every provider that can hold roles, and what is not Gold or applied."""
    guids = Counter(user["username"].partition("@")[0] for user in world["users"])
    assert max(guids.values()) == 2
    assert {user["username"].partition("@")[2] for user in world["users"]} == {
        "idir",
        "azureidir",
        "githubbcgov",
        "githubpublic",
        "bceidbasic",
        "bceidbusiness",
    }
    first = {user["username"].partition("@")[0]: user for user in world["users"]}.values()
    assert max(Counter((user["firstName"], user["lastName"]) for user in first).values()) > 1
    assert max(Counter(user["email"] for user in first).values()) > 1
    assert any(user.get("environments") for user in world["users"])
    assert {found["service_type"] for found in world["integrations"]} == {"gold", "silver"}
    assert {found["status"] for found in make_world(integrations=100)["integrations"]} == {"applied", "draft"}
    assert any(grant["username"].startswith("service-account-") for grant in world["grants"])
    assert world["logins"]


@pytest.mark.parametrize(("people", "integrations"), [(0, 1), (1, 1), (7, 3), (60, 4)])
@pytest.mark.parametrize("seed", range(8))
def test_small_worlds_are_valid_too(people: int, integrations: int, seed: int) -> None:
    """For every seed, each grant belongs to a person whom the environment knows."""
    sandbox = Sandbox(make_world(people, integrations, seed))
    assert len(sandbox.world.integrations) == integrations


@pytest.mark.parametrize("numbers", [{"people": -1}, {"integrations": 0}, {"people": 2_000_000}])
def test_a_number_out_of_range_is_refused(numbers: dict[str, int]) -> None:
    """The error names the number and its range."""
    with pytest.raises(SandboxError, match=rf"{next(iter(numbers))} is .*; it can be \d to 1,000,000"):
        make_world(**numbers)
