"""Look up what the calls of the API need: the world, the roles and the login server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field

from ..http import Refusal, Request, Unforeseen
from ..javascript import MalformedEscape, decode_component, number, number_text
from ..journal import Journal
from ..world.state import State
from ..world.store import Client, Role
from ..world.world import ENVIRONMENTS, Integration, Team, User, World
from .validation import Query


class LoginServerFailed(Exception):
    """The login server behind the API did not answer, and did nothing."""


@define
class Call:
    """One call of the API, with what its handler reads and records.

    Attributes:
        team: the team that the token belongs to.
        parameters: the parameters of the path, decoded once.
        login_server_down: whether the login server fails at its next use.
        used_login_server: whether the call used the login server.
    """

    request: Request
    team: Team
    parameters: dict[str, str]
    query: Query
    body: Any
    login_server_down: bool = False
    used_login_server: bool = field(default=False, init=False)

    def role(self, name: str = "role") -> str:
        """Return the name of a role in the path. Like the real service, decode the name a second time."""
        try:
            return decode_component(self.parameters[name])
        except MalformedEscape as error:
            raise Unforeseen from error


@define
class Service:
    """Hold what the handlers read and change.

    Attributes:
        world: what the API cannot change.
        state: what the API can change.
        now: returns the time of the servers, in seconds.
        log_calls: the start of the current hour, and the number of calls for logs since then. The key is integration,
            environment and the client's address.
    """

    world: World
    state: State
    journal: Journal
    now: Callable[[], float]
    log_calls: dict[tuple[str, str, str], tuple[float, int]] = field(factory=dict)

    def integration(self, call: Call) -> Integration:
        """Return the integration of the path, or raise `Refusal` with 404."""
        found = self.find_integration(call)
        if found is None:
            raise Refusal(404, f"integration #{number_text(number(call.parameters['integration']))} not found")
        return found

    def find_integration(self, call: Call) -> Integration | None:
        """Return the integration of the path. Return None if it does not exist, is archived or belongs to another team.

        Raises:
            Unforeseen: the id is not a number that the database accepts.
        """
        wanted = number(call.parameters["integration"])
        if wanted != wanted or wanted in (float("inf"), float("-inf")):
            raise Unforeseen
        found = self.world.integrations.get(int(wanted)) if wanted == int(wanted) else None
        return found if found is not None and found.team == call.team.id and not found.archived else None

    def environment(self, call: Call) -> str:
        """Return the environment of the path, or raise `Refusal` with 404."""
        environment = call.parameters["environment"]
        if environment not in ENVIRONMENTS:
            raise Refusal(404, f"environment {environment} not found")
        return environment

    def use_login_server(self, call: Call) -> None:
        """Record that a call uses the login server. Raise `LoginServerFailed` if the login server fails."""
        call.used_login_server = True
        if call.login_server_down:
            raise LoginServerFailed

    def place(self, call: Call) -> tuple[Integration, str]:
        """Check the integration first and the environment second, and return both."""
        return self.integration(call), self.environment(call)

    def client(self, call: Call, place: tuple[Integration, str] | None = None) -> Client:
        """Return the integration's roles in the login server, or raise `Refusal` with 404."""
        place = place or self.place(call)
        found = self.find_client(call, place)
        if found is None:
            raise Refusal(404, f"client {place[0].client_id or 'null'} not found")
        return found

    def find_client(self, call: Call, place: tuple[Integration, str]) -> Client | None:
        """Return the integration's roles in the login server. Return None if the login server has no such client."""
        self.use_login_server(call)
        return self.state.clients.get((place[0].id, place[1]))

    def user(self, username: str, environment: str) -> User:
        """Return a user of the login server. Refuse with 404 a user who never logged in there."""
        found = self.world.user(username, environment)
        if found is None:
            raise Refusal(404, f'User "{username}" not found')
        return found

    def note(self, call: Call, why: str) -> None:
        """Record a strange call."""
        self.journal.add_note(call.request.method, call.request.target, why)


def existing(client: Client, name: str, what: str = "role") -> Role:
    """Return a role that a listing contains, or raise `Refusal` with 404."""
    found = client.visible(name)
    if found is None:
        raise Refusal(404, f"{what} {name} not found")
    return found


def user_view(user: User) -> dict[str, Any]:
    """Return a user as an entry of a list of members, without fields that are null."""
    fields = ("username", "email", "firstName", "lastName", "attributes")
    return {name: user[name] for name in fields if user.get(name) is not None}
