"""The sandbox: one object that holds the service and its login servers, and the ways in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from .api.api import Api
from .api.routing import BASE
from .api.service import Service
from .errors import SandboxError, require
from .faults import Faults
from .http import Request, Response
from .journal import Entry, Harm, Journal
from .login.bss import Bss
from .login.cern import CERN, Cern
from .login.login import TOKEN_PATH, LoginServers
from .login.tokens import REALM, Tokens
from .serving import admin
from .serving.front import Front
from .world.state import State
from .world.store import NAME_LIMIT
from .world.world import ENVIRONMENTS, Integration, World, load

if TYPE_CHECKING:
    import httpx

    from .serving.server import Server

ORIGIN = "http://localhost"  # of the sandbox in process; loopback by name, so that plain http is allowed


class Credentials(TypedDict):
    """What a client needs: its account, and the two addresses."""

    client_id: str
    client_secret: str
    token_url: str
    api_url: str


class Sandbox:
    """The CSS API and its login servers, in memory.

    >>> sandbox = Sandbox()
    >>> sorted(sandbox.roles(101, "dev"))
    ['admin', 'approver', 'reviewer']

    Attributes:
        world: teams, integrations and users, by id and username.
        state: roles, composites, grants.
        faults: what shall go wrong; ``faults.add(…)``, ``faults.clear()``.
        journal: the log behind ``requests``, ``harm`` and ``notes``.
        clock_skew: seconds by which the servers' clocks are ahead of ``clock``.
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
            world: a document, the path of a file that holds one, or None for the world that comes along.
            clock: the time in seconds since 1970.
            state: a file that keeps what the API changes; read if it is there.

        Raises:
            SandboxError: a file that cannot be read, or not the form of a world or a state.
        """
        self.world: World = load(world)
        self.state = State(self.world, None if state is None else Path(state))
        self.faults = Faults()
        self.journal = Journal()
        self.clock_skew = 0.0
        self._clock = clock
        self._lock = threading.RLock()
        self._tokens = Tokens()
        self._servers = LoginServers(self.world, self.state, self._tokens, self.now)
        service = Service(self.world, self.state, self.journal, self.now)
        api = Api(service, self._servers, self._tokens, self.faults)
        self._late = api.late
        self._cern = Cern(self.world.cern, self.now)
        self._bss = Bss(self.world.bss, self.now)
        self._front = Front(api, self._servers, self._cern, self._bss, self.state, self.faults)

    # The ways in.

    @property
    def api_url(self) -> str:
        """The base of the API, in process."""
        return ORIGIN + BASE

    @property
    def token_url(self) -> str:
        """The token endpoint of the prod login server, in process."""
        return ORIGIN + REALM["prod"] + TOKEN_PATH

    def credentials(self, team: int | None = None) -> Credentials:
        """What a client needs in process.

        Args:
            team: the id of the team; the first one without it.

        Returns:
            ``client_id``, ``client_secret``, ``token_url``, ``api_url``.

        Raises:
            SandboxError: no such team.
        """
        return self.credentials_at(ORIGIN, team)

    def credentials_at(self, origin: str, team: int | None = None) -> Credentials:
        """What a client needs that sees the sandbox at another address."""
        account = next(iter(self.world.teams.values())) if team is None else self.world.teams.get(team)
        if account is None:
            raise SandboxError(f"the world has no team {team}")
        return {
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "token_url": origin + REALM["prod"] + TOKEN_PATH,
            "api_url": origin + BASE,
        }

    def cern_environment(self) -> dict[str, str]:
        """The variables that lead an application to CERN's Authorization Service, in process.

        Returns:
            ``CERN_CLIENT_ID``, ``CERN_CLIENT_SECRET``, ``CERN_TOKEN_URL``, ``CERN_API_URL``.

        Raises:
            SandboxError: the world has no ``cern``.
        """
        return self.world.cern.environment(ORIGIN)

    def bss_environment(self) -> dict[str, str]:
        """The variables that lead to the BSS, in process.

        Returns:
            ``BSS_HOST``, ``BSS_CLIENT_KEY``, ``BSS_CLIENT_SECRET``, ``BSS_USERNAME``, ``BSS_PASSWORD``.

        Raises:
            SandboxError: the world has no ``bss``.
        """
        return self.world.bss.environment(ORIGIN)

    def transport(self, sleep: Callable[[float], None] = time.sleep) -> httpx.BaseTransport:
        """A transport for ``httpx.Client`` that asks this sandbox.

        Args:
            sleep: waits so many seconds, for answers that are late.

        Raises:
            MissingExtra: the libraries that sign tokens are not installed.
        """
        require("jwt", "cryptography")
        from .serving.transport import Transport  # noqa: PLC0415 - loads httpx

        return Transport(self, sleep)

    def async_transport(self, sleep: Callable[[float], Any] | None = None) -> httpx.AsyncBaseTransport:
        """A transport for ``httpx.AsyncClient`` that asks this sandbox.

        Args:
            sleep: waits so many seconds, awaited, for answers that are late; that of the running loop without it.

        Raises:
            MissingExtra: the libraries that sign tokens are not installed.
        """
        require("jwt", "cryptography")
        from .serving.transport import AsyncTransport  # noqa: PLC0415 - loads httpx

        return AsyncTransport(self, sleep)

    def serve(self, port: int = 0) -> Server:
        """A server on 127.0.0.1, in a thread of its own, for use in a ``with``.

        Args:
            port: 0 for any free one.

        Raises:
            SandboxError: the port is taken.
            MissingExtra: the libraries that serve are not installed.
        """
        require("uvicorn", "httptools", "jwt", "cryptography")
        from .serving.server import Server  # noqa: PLC0415 - loads uvicorn

        return Server(self, port)

    def answer(self, request: Request) -> Response:
        """Answer one request; what carries it is somebody else's."""
        with self._lock:
            if request.path.startswith(admin.PATH + "/"):
                return admin.answer(self, request, request.path[len(admin.PATH) :])
            kind, response = self._front.answer(request)
            self.journal.add(self._clock(), kind, request, None if response.dropped else response.status)
            return response

    # What came in.

    @property
    def requests(self) -> list[Entry]:
        """The requests so far, in order; calls for the sandbox itself are not among them."""
        with self._lock:
            return self.journal.entries

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self.journal.clear()

    def count(
        self, method: str | None = None, path: str | None = None, kind: str | None = None, status: int | None = None
    ) -> int:
        """How many requests fit everything given.

        Args:
            method: in any case.
            path: a glob on the path, decoded once, with or without the API's base; a ``*`` spans slashes.
            kind: ``api``, ``token``, ``keys``, ``cern``, ``bss`` or ``page``.
            status: of the answer.
        """
        with self._lock:
            return len(self.journal.select(method, path, kind, status))

    @property
    def harm(self) -> list[Harm]:
        """Destructive requests that came; each was refused with 503 and told on stderr."""
        return self.journal.harm

    @property
    def notes(self) -> list[Harm]:
        """Requests that were legal and strange."""
        return self.journal.notes

    @property
    def late_writes(self) -> list[str]:
        """Method and path of each write that is still on its way because of a fault ``late_write``, in order."""
        with self._lock:
            return [f"{write.method} {write.path}" for write in self._late.pending]

    def land_late_writes(self) -> int:
        """Carry out every write that is still on its way because of a fault ``late_write``.

        Returns:
            How many there were.
        """
        with self._lock:
            landed = self._late.land()
            self.state.save()
            return landed

    # What there is.

    def roles(self, integration: int, environment: str) -> set[str]:
        """The names of the roles."""
        with self._lock:
            return set(self.state.client(integration, environment).roles)

    def composites(self, integration: int, environment: str) -> dict[str, set[str]]:
        """The children of each composite role."""
        with self._lock:
            roles = self.state.client(integration, environment).roles.values()
            return {role.name: {child.name for child in role.children} for role in roles if role.children}

    def members(self, integration: int, environment: str, role: str) -> list[str]:
        """The usernames of those who hold a role directly, sorted."""
        with self._lock:
            return sorted(self.state.role(integration, environment, role).members)

    def grants(self, integration: int, environment: str) -> dict[str, set[str]]:
        """The roles that each user holds directly, by username."""
        with self._lock:
            return self.state.client(integration, environment).holders()

    def create_role(
        self, integration: int, environment: str, name: str, children: tuple[str, ...] | list[str] = ()
    ) -> None:
        """Seed a role, without a request.

        Args:
            integration: its id.
            environment: one that it has.
            name: of the role; nothing happens where it is there.
            children: roles that it shall be composed of; they must be there.

        Raises:
            SandboxError: no such integration, environment or child, or a name too long to be kept.
        """
        if not 0 < len(name) <= NAME_LIMIT:
            raise SandboxError(f"a role name has 1 to {NAME_LIMIT} characters")
        with self._lock:
            found = [self.state.role(integration, environment, child) for child in children]
            self.state.create_role(integration, environment, name).children.update(found)
            self.state.save()

    def grant(self, integration: int, environment: str, role: str, *usernames: str) -> None:
        """Seed holders of a role, without a request.

        Raises:
            SandboxError: no such integration, environment, role or user.
        """
        with self._lock:
            for username in usernames:
                self.state.grant(integration, environment, role, username)
            self.state.save()

    def revoke(self, integration: int, environment: str, role: str, *usernames: str) -> None:
        """Take a role from users, without a request.

        Raises:
            SandboxError: no such integration, environment or role.
        """
        with self._lock:
            found = self.state.role(integration, environment, role)
            for username in usernames:
                self.state.client(integration, environment).unassign(username, found)
            self.state.save()

    def delete_role(self, integration: int, environment: str, name: str) -> None:
        """Take a role away, without a request.

        Raises:
            SandboxError: no such integration, environment or role.
        """
        with self._lock:
            client = self.state.client(integration, environment)
            client.delete(self.state.role(integration, environment, name))
            client.booked.discard(name)
            self.state.save()

    # Tokens and time.

    def now(self) -> float:
        """The time at the servers, in seconds since 1970."""
        return self._clock() + self.clock_skew

    @property
    def token_life(self) -> float:
        """Seconds that a new token of the CSS API is good for; once set, those that any new token is good for."""
        return self._tokens.life

    @token_life.setter
    def token_life(self, seconds: float) -> None:
        self._tokens.life = self._cern.tokens.life = self._bss.life = seconds

    def token_for(self, username: str, integration: int, environment: str, *, request: Request | None = None) -> str:
        """The access token that a user gets who logs in to an integration.

        Args:
            username: a person's, or the integration's client id for its service account.
            integration: its id.
            environment: one that it has.
            request: where the login servers are seen; in process without it.

        Raises:
            SandboxError: no such integration, environment or user.
        """
        with self._lock:
            origin = ORIGIN if request is None else f"http://{request.headers.get('host', 'localhost')}"
            found = self._integration(integration)
            token = self._servers.token_for(username, found, environment, origin + REALM[environment])
            self.state.save()
            return token

    def rotate_keys(self, environment: str | None = None, *, retire: bool = True) -> None:
        """Let a login server, or all, sign with a new key.

        Args:
            environment: whose, or ``cern``; all without it.
            retire: whether tokens of the old key are not accepted any more; otherwise both keys are published.

        Raises:
            SandboxError: no such environment.
        """
        if environment not in (None, CERN, *ENVIRONMENTS):
            raise SandboxError(f"no such environment: {environment!r}")
        with self._lock:
            if environment in (None, CERN):
                self._cern.tokens.rotate(CERN, retire)
            if environment != CERN:
                self._tokens.rotate(environment, retire)

    def revoke_tokens(self) -> None:
        """Let the API, and the two other systems, refuse the tokens issued so far."""
        with self._lock:
            for issuer in (self._tokens, self._cern.tokens, self._bss):
                issuer.revoke()

    def _integration(self, integration: int) -> Integration:
        try:
            return self.world.integrations[integration]
        except KeyError:
            raise SandboxError(f"the world has no integration {integration}") from None
