"""Generated worlds of any size."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from css_sdk.sandbox import Sandbox, SandboxError, make_world


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    """Return a large generated world."""
    return make_world(people=5000, integrations=20, seed=7)


def test_the_same_seed_generates_the_same_world(world: dict[str, Any]) -> None:
    """The same seed generates the same world in every process and version of Python."""
    assert make_world(people=5000, integrations=20, seed=7) == world
    assert make_world(people=5000, integrations=20, seed=8) != world
    assert hashlib.sha256(json.dumps(world).encode()).hexdigest()[:16] == "21de3c5d33a68760"


def test_a_generated_world_has_the_given_numbers(world: dict[str, Any]) -> None:
    """A generated world has the given number of people, each of whom may have several logins, and of integrations."""
    assert len({user["username"].partition("@")[0] for user in world["users"]}) == 5000
    assert [found["id"] for found in world["integrations"]] == list(range(101, 121))


def test_a_sandbox_serves_a_generated_world(world: dict[str, Any], caller: Any) -> None:
    """A sandbox serves a generated world, whose first integration is Gold and has roles and members everywhere."""
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


def test_a_generated_world_has_the_oddities_of_a_real_one(world: dict[str, Any]) -> None:
    """A generated world has equal names, shared addresses, people with two logins, and many providers.

    It also has silver integrations and drafts.
    """
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
def test_small_generated_worlds_are_valid(people: int, integrations: int, seed: int) -> None:
    """A generated world of any small size and any seed is valid."""
    sandbox = Sandbox(make_world(people, integrations, seed))
    assert len(sandbox.world.integrations) == integrations


@pytest.mark.parametrize("numbers", [{"people": -1}, {"integrations": 0}, {"people": 2_000_000}])
def test_a_number_out_of_range_is_refused(numbers: dict[str, int]) -> None:
    """make_world() refuses a number out of range, and the error names the number and its range."""
    with pytest.raises(SandboxError, match=rf"{next(iter(numbers))} is .*; it must be \d to 1,000,000"):
        make_world(**numbers)
