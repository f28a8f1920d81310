"""Combine the service and its login servers in one object. Tests fill this object and read from it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .api.api import Api
from .api.service import Service
from .errors import SandboxError, require
from .http import Request, Response
from .journal import Entry, Harm, Journal
from .login.bss import Bss
from .login.cern import CERN, Cern
from .login.login import LoginServers, origin
from .login.tokens import Tokens
from .serving import control, page
from .serving.credentials import Credentials, Reachable
from .serving.dispatch import Dispatcher
from .serving.fault_effects import FaultEffects
from .serving.faults import Faults
from .world.state import State
from .world.store import NAME_LIMIT
from .world.world import ENVIRONMENTS, World, load

if TYPE_CHECKING:
    import httpx

    from .serving.server import Server

ORIGIN: Final = "http://localhost"  # in process; a loopback name, so that clients allow plain http


class Sandbox(Reachable):
    """The CSS API and its login servers, in memory.

    >>> sandbox = Sandbox()
    >>> sorted(sandbox.roles(101, "dev"))
    ['admin', 'approver', 'reviewer']

    Attributes:
        world: teams, integrations and users, by id and username.
        state: roles, composites, grants and logins.
        faults: the faults that affect requests. Use `faults.add(…)` and `faults.clear()`.
        journal: the log behind `requests`, `harm` and `notes`.
        clock_skew: how many seconds the servers' clocks are ahead of `clock`.
    """

    def __init__(
        self,
        world: Mapping[str, Any] | str | Path | None = None,
        *,
        clock: Callable[[], float] = time.time,
        state: str | Path | None = None,
    ) -> None:
        """Set up a world.

        Args:
            world: a document, the path of a world file, or None for the built-in world.
            clock: a function that returns the time in seconds since 1970.
            state: a file that keeps what the API changes. If the file exists, it is read; if not, it is created.

        Raises:
            SandboxError: the world or the state file cannot be read or is not valid, or the state file cannot be
                written.
        """
        self.world: World = load(world)
        self.origin = ORIGIN
        self._clock = clock
        self._lock = threading.RLock()
        self._path = None if state is None else Path(state)
        self._begin(State(self.world, self._path))

    def _begin(self, state: State) -> None:
        """Set up everything except the world."""
        self.state = state
        self.faults = Faults()
        self.journal = Journal()
        self.clock_skew = 0.0
        self._tokens = Tokens()
        self._servers = LoginServers(self.world, self.state, self._tokens, self.now)
        service = Service(self.world, self.state, self.journal, self.now)
        effects = FaultEffects(self.faults)
        self._late = effects.late
        self._cern = Cern(self.world.cern, self.now)
        self._bss = Bss(self.world.bss, self.now)
        api = Api(service, self._servers, self._tokens)
        self._dispatcher = Dispatcher(api, self._servers, self._cern, self._bss, self.state, effects)

    # How clients reach the sandbox.

    def credentials_at(self, origin: str, team: int | None = None) -> Credentials:
        """Return credentials and addresses for a client that calls the sandbox through `origin`, such as a proxy."""
        return {
            **self.credentials(team),
            "token_url": self.token_url.replace(ORIGIN, origin, 1),
            "api_url": self.api_url.replace(ORIGIN, origin, 1),
        }

    def transport(self, sleep: Callable[[float], None] = time.sleep) -> httpx.BaseTransport:
        """Return a transport with which `httpx.Client` calls this sandbox.

        Args:
            sleep: called with the number of seconds to wait before a late answer, or before a late part of an answer.

        Raises:
            MissingExtra: the libraries that sign tokens are not installed.
        """
        require("jwt", "cryptography")
        from .serving.transport import Transport  # noqa: PLC0415 - loads httpx

        return Transport(self, sleep)

    def async_transport(self, sleep: Callable[[float], Any] | None = None) -> httpx.AsyncBaseTransport:
        """Return a transport with which `httpx.AsyncClient` calls this sandbox.

        Args:
            sleep: called with the number of seconds to wait before a late answer, or before a late part of an answer.
                The result of the call is awaited. The default is `anyio.sleep`.

        Raises:
            MissingExtra: the libraries that sign tokens are not installed.
        """
        require("jwt", "cryptography")
        from .serving.transport import AsyncTransport  # noqa: PLC0415 - loads httpx

        return AsyncTransport(self, sleep)

    def serve(self, port: int = 0, host: str = "127.0.0.1", names: Iterable[str] = ()) -> Server:
        """Return a server for a `with` statement. The server runs in a thread of its own.

        Args:
            port: 0 for any free port.
            host: the address to listen on. `0.0.0.0` means all addresses of this machine; a container needs this. With
                `0.0.0.0`, everyone who reaches this machine can read and change the sandbox.
            names: further host names under which clients call the sandbox, such as the name of a container. The server
                answers only to these names, to `host`, and to `localhost`, `127.0.0.1` and `[::1]`. If other machines
                can reach the server, it also answers to every IP address.

        Raises:
            SandboxError: the server cannot listen on this address, for example because the port is in use.
            MissingExtra: the libraries of the server are not installed.
        """
        require("uvicorn", "httptools", "jwt", "cryptography")
        from .serving.server import Server  # noqa: PLC0415 - loads uvicorn

        return Server(self, port, host, names)

    def answer(self, request: Request) -> Response:
        """Return the answer to one request. Transports and servers call this method."""
        with self._lock:
            if request.path.startswith(control.PATH + "/"):
                return control.answer(self, request, request.path[len(control.PATH) :])
            if request.path == "/":
                return page.answer(self, request)
            kind, response = self._dispatcher.answer(request)
            self.journal.add(self._clock(), kind, request, None if response.dropped else response.status)
            return response

    # Which requests came.

    @property
    def requests(self) -> list[Entry]:
        """Return the last 100,000 requests, in order.

        Requests that control or show the sandbox are not in the list.
        """
        with self._lock:
            return self.journal.entries

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self.journal.clear()

    def count(
        self, method: str | None = None, path: str | None = None, kind: str | None = None, status: int | None = None
    ) -> int:
        """Return how many requests match every argument that is given.

        Args:
            method: such as `GET`, in upper or lower case.
            path: a glob for the decoded path, with or without the API's base. A `*` also matches slashes.
            kind: `api`, `token`, `keys`, `cern`, `bss` or `page`.
            status: the status code of the answer.
        """
        with self._lock:
            return len(self.journal.select(method, path, kind, status))

    @property
    def harm(self) -> list[Harm]:
        """Return the harmful requests. The sandbox refused each of them with 503 and printed it on stderr."""
        return self.journal.harm

    @property
    def notes(self) -> list[Harm]:
        """Return the requests that were strange, but not harmful."""
        return self.journal.notes

    @property
    def late_writes(self) -> list[str]:
        """Return method and path of each write that a fault `late_write` delays, in order."""
        with self._lock:
            return [f"{write.method} {write.path}" for write in self._late.pending]

    def land_late_writes(self) -> int:
        """Carry out every write that a fault `late_write` delays. Return how many writes there were."""
        with self._lock:
            landed = self._late.land()
            self.state.save()
            return landed

    def reset(self) -> None:
        """Restore the initial state of the sandbox.

        Roles and grants are again those of the world. A state file is overwritten. Faults, requests, `harm`, `notes`,
        late writes, rotated keys and changed settings are removed.

        Tokens that the first keys signed are valid again, even if they were revoked. Other tokens are no longer valid.
        """
        with self._lock:
            self._begin(State(self.world, self._path, fresh=True))

    # Roles and grants.

    def roles(self, integration: int, environment: str) -> set[str]:
        """Return the names of an integration's roles in an environment."""
        with self._lock:
            return set(self.state.client(integration, environment).roles)

    def composites(self, integration: int, environment: str) -> dict[str, set[str]]:
        """Return the children of each composite role."""
        with self._lock:
            roles = self.state.client(integration, environment).roles.values()
            return {role.name: {child.name for child in role.children} for role in roles if role.children}

    def members(self, integration: int, environment: str, role: str) -> list[str]:
        """Return the usernames of the direct members of a role, sorted."""
        with self._lock:
            return sorted(self.state.role(integration, environment, role).members)

    def grants(self, integration: int, environment: str) -> dict[str, set[str]]:
        """Return the direct roles of each user, by username."""
        with self._lock:
            return self.state.client(integration, environment).roles_by_username()

    def create_role(
        self, integration: int, environment: str, name: str, children: tuple[str, ...] | list[str] = ()
    ) -> None:
        """Create a role. No request is sent or recorded.

        Args:
            integration: its id.
            environment: an environment of the integration.
            name: of the role. If the role exists, only the children are added.
            children: the roles that the role includes. They must exist.

        Raises:
            SandboxError: the integration, the environment or a child does not exist, or the name is empty or too long.
        """
        if not 0 < len(name) <= NAME_LIMIT:
            raise SandboxError(f"a role name has 1 to {NAME_LIMIT} characters")
        with self._lock:
            found = [self.state.role(integration, environment, child) for child in children]
            self.state.create_role(integration, environment, name).children.update(found)
            self.state.save()

    def grant(self, integration: int, environment: str, role: str, *usernames: str) -> None:
        """Give a role to users. No request is sent or recorded.

        Raises:
            SandboxError: the integration, environment, role or user does not exist.
        """
        with self._lock:
            for username in usernames:
                self.state.grant(integration, environment, role, username)
            self.state.save()

    def revoke(self, integration: int, environment: str, role: str, *usernames: str) -> None:
        """Remove a role from users. No request is sent or recorded.

        Raises:
            SandboxError: the integration, environment or role does not exist.
        """
        with self._lock:
            self.state.role(integration, environment, role)
            for username in usernames:
                self.state.revoke(integration, environment, role, username)
            self.state.save()

    def delete_role(self, integration: int, environment: str, name: str) -> None:
        """Delete a role. No request is sent or recorded.

        Raises:
            SandboxError: the integration, environment or role does not exist.
        """
        with self._lock:
            client = self.state.client(integration, environment)
            client.delete(self.state.role(integration, environment, name))
            client.booked.discard(name)
            self.state.save()

    # Tokens and time.

    def now(self) -> float:
        """Return the time of the servers, in seconds since 1970."""
        return self._clock() + self.clock_skew

    @property
    def token_life(self) -> float:
        """Return for how many seconds a new token of the CSS API is valid.

        You can set this value. It then applies to the tokens of CERN and the BSS, too.
        """
        return self._tokens.life

    @token_life.setter
    def token_life(self, seconds: float) -> None:
        self._tokens.life = self._cern.tokens.life = self._bss.life = seconds

    def token_for(self, username: str, integration: int, environment: str, *, request: Request | None = None) -> str:
        """Return the access token that a user receives on logging in to an integration.

        Args:
            username: the username of a person. For the integration's service account, pass the integration's client id.
            integration: its id.
            environment: an environment of the integration.
            request: a request to the sandbox. The issuer (`iss`) in the token gets the host from the `Host` header of
                the request. By default, the host is `localhost`.

        Raises:
            SandboxError: the integration, environment or user does not exist.
        """
        with self._lock:
            found = self.world.known_integration(integration)
            address = ORIGIN if request is None else origin(request)
            token = self._servers.token_for(username, found, environment, address)
            self.state.save()
            return token

    def rotate_keys(self, environment: str | None = None, *, retire: bool = True) -> None:
        """Make a login server, or all of them, sign with a new key.

        Args:
            environment: the environment of the login server, or `cern`. None means all login servers.
            retire: True to refuse tokens that old keys signed. False to accept these tokens and still publish the old
                keys.

        Raises:
            SandboxError: the environment does not exist.
        """
        if environment not in (None, CERN, *ENVIRONMENTS):
            raise SandboxError(f"{environment!r} is not an environment; it can be {', '.join((*ENVIRONMENTS, CERN))}")
        with self._lock:
            if environment in (None, CERN):
                self._cern.tokens.rotate(CERN, retire)
            if environment != CERN:
                self._tokens.rotate(environment, retire)

    def revoke_tokens(self) -> None:
        """Make the CSS API, CERN and the BSS refuse the tokens issued so far."""
        with self._lock:
            for issuer in (self._tokens, self._cern.tokens, self._bss):
                issuer.revoke()
