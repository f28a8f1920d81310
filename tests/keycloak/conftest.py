"""Fixtures for the room where the real login server is asked: it itself, its realm, and the sandbox beside it."""

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
    """The world of the recordings."""
    return dict(json.loads((RECORDINGS / "world.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def keycloak() -> Iterator[server.Keycloak]:
    """A Keycloak for all tests; without one the run ends there and then, in one line."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # the end of the run also ends Keycloak
    try:
        with server.running() as found:
            yield found
    except server.KeycloakError as error:
        pytest.exit(str(error), 1)
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def make_realm(keycloak: server.Keycloak, world: dict[str, Any]) -> Callable[..., Realm]:
    """Puts a fresh realm in the place of the one before of the same name."""
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
    """A realm that the tests of a module share; what one of them changes must be no other's."""
    return make_realm()


@pytest.fixture
def sandbox(world: dict[str, Any]) -> Sandbox:
    """The same world, in memory."""
    return Sandbox(world)


@pytest.fixture
def real(keycloak: server.Keycloak) -> Iterator[httpx.Client]:
    """Asks Keycloak."""
    with httpx.Client(base_url=keycloak.url, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def ours(keycloak: server.Keycloak, sandbox: Sandbox) -> Iterator[httpx.Client]:
    """Asks the sandbox at Keycloak's address, so that the two differ in no address."""
    with httpx.Client(base_url=keycloak.url, transport=sandbox.transport()) as client:
        yield client
