"""Fixtures for tests with a real Keycloak: the server, its realm, and a sandbox with the same world."""

from __future__ import annotations

import json
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from css_sdk.sandbox import Sandbox
from tests.keycloak import server

if TYPE_CHECKING:
    from tests.keycloak.realm import Realm

RECORDINGS = Path(__file__).parents[1] / "sandbox" / "recordings"


@pytest.fixture(scope="session")
def world() -> dict[str, Any]:
    """Return the world of the recordings."""
    return dict(json.loads((RECORDINGS / "world.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def keycloak() -> Iterator[server.Keycloak]:
    """Return a Keycloak for all tests; if it is not available, end the test run with one line."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # the end of the test run also stops Keycloak
    try:
        with server.running() as found:
            yield found
    except server.KeycloakError as error:
        pytest.exit(str(error), 1)
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def make_realm(keycloak: server.Keycloak, world: dict[str, Any]) -> Callable[..., Realm]:
    """Return a function that creates a realm in the place of an earlier one with the same name."""
    from keycloak import KeycloakAdmin

    from tests.keycloak.realm import NAME, Realm

    def admin() -> KeycloakAdmin:
        return KeycloakAdmin(
            server_url=f"{keycloak.url}/", username=keycloak.admin, password=keycloak.password, user_realm_name="master"
        )

    admins = defaultdict[str, KeycloakAdmin](admin)
    return lambda name=NAME: Realm(keycloak, admins[name], world, name)


@pytest.fixture(scope="module")
def realm(make_realm: Callable[[], Realm]) -> Realm:
    """Return a realm that the tests of a module share; they must not depend on each other's changes."""
    return make_realm()


@pytest.fixture
def sandbox(world: dict[str, Any]) -> Sandbox:
    """Return a sandbox with the same world."""
    return Sandbox(world)


@pytest.fixture
def real(keycloak: server.Keycloak) -> Iterator[httpx.Client]:
    """Return a client that sends requests to Keycloak."""
    with httpx.Client(base_url=keycloak.url, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def ours(keycloak: server.Keycloak, sandbox: Sandbox) -> Iterator[httpx.Client]:
    """Return a client that reaches the sandbox at Keycloak's address, so that both have the same addresses."""
    with httpx.Client(base_url=keycloak.url, transport=sandbox.transport()) as client:
        yield client
