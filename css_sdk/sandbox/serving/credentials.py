"""What a client needs to call the sandbox."""

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


def credentials_at(origin: str, world: World, team: int | None = None) -> Credentials:
    """Return the credentials of a team's API account.

    Args:
        origin: scheme, host and port under which the client calls the sandbox.
        world: holds the teams.
        team: the id of the team; None for the first one.

    Raises:
        SandboxError: the world has no such team.
    """
    account = next(iter(world.teams.values())) if team is None else world.teams.get(team)
    if account is None:
        raise SandboxError(f"the world has no team {team}")
    return {
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "token_url": origin + REALM["prod"] + TOKEN_PATH,
        "api_url": origin + BASE,
    }
