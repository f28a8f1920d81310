"""Build the credentials and addresses with which a client calls the sandbox."""

from __future__ import annotations

from typing import TypedDict

from ..api.routing import BASE
from ..errors import SandboxError
from ..login.login import TOKEN_PATH
from ..login.tokens import REALM
from ..world.world import World


class Credentials(TypedDict):
    """The account of a client, and the two addresses that it calls."""

    client_id: str
    client_secret: str
    token_url: str
    api_url: str


class Reachable:
    """A sandbox under one address, with what clients need to call it.

    Attributes:
        world: holds the accounts.
        origin: scheme, host and port.
    """

    world: World
    origin: str

    @property
    def api_url(self) -> str:
        """Return the base of the API."""
        return self.origin + BASE

    @property
    def token_url(self) -> str:
        """Return the token endpoint of the prod login server."""
        return self.origin + REALM["prod"] + TOKEN_PATH

    def credentials(self, team: int | None = None) -> Credentials:
        """Return the credentials of a team's API account and the addresses of the sandbox.

        Args:
            team: the id of the team; None for the first one.

        Returns:
            `client_id`, `client_secret`, `token_url`, `api_url`.

        Raises:
            SandboxError: the world has no such team.
        """
        account = next(iter(self.world.teams.values())) if team is None else self.world.teams.get(team)
        if account is None:
            raise SandboxError(f"the world has no team {team}")
        return {
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "token_url": self.token_url,
            "api_url": self.api_url,
        }

    def cern_environment(self) -> dict[str, str]:
        """Return the environment variables with which an application calls CERN's Authorization Service.

        Returns:
            `CERN_CLIENT_ID`, `CERN_CLIENT_SECRET`, `CERN_TOKEN_URL`, `CERN_API_URL`.

        Raises:
            SandboxError: the world has no `cern`.
        """
        return self.world.cern.environment(self.origin)

    def bss_environment(self) -> dict[str, str]:
        """Return the environment variables with which a client calls the BSS.

        Returns:
            `BSS_HOST`, `BSS_CLIENT_KEY`, `BSS_CLIENT_SECRET`, `BSS_USERNAME`, `BSS_PASSWORD`.

        Raises:
            SandboxError: the world has no `bss`.
        """
        return self.world.bss.environment(self.origin)
