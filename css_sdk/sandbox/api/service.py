"""What every call of the API leans on: the world, the roles, and the login server behind that can fail."""

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
    """The login server behind the API did not answer, and nothing was done."""


@define
class Call:
    """One call of the API on its way through a handler.

    Attributes:
        team: whose token came along.
        parameters: of the path, decoded once.
        query: as the service reads it.
        body: as the service reads it.
        login_server_down: whether its next use fails.
        used_login_server: whether the call went there.
    """

    request: Request
    team: Team
    parameters: dict[str, str]
    query: Query
    body: Any
    login_server_down: bool = False
    used_login_server: bool = field(default=False, init=False)

    def role(self, name: str = "role") -> str:
        """A role name of the path, which the service decodes a second time.

        Raises:
            Unforeseen: it does not decode.
        """
        try:
            return decode_component(self.parameters[name])
        except MalformedEscape as error:
            raise Unforeseen from error


@define
class Service:
    """What the handlers work on.

    Attributes:
        world: what the API cannot change.
        state: what it can.
        journal: where oddities are noted.
        now: the time at the servers, in seconds.
        log_calls: the calls for logs, by integration, environment and address: when the hour began and how many.
    """

    world: World
    state: State
    journal: Journal
    now: Callable[[], float]
    log_calls: dict[tuple[str, str, str], tuple[float, int]] = field(factory=dict)

    def integration(self, call: Call) -> Integration:
        """The integration of the path.

        Raises:
            Unforeseen: its id is not a number.
            Refusal: 404, it is missing or another team's.
        """
        found = self.find_integration(call)
        if found is None:
            raise Refusal(404, f"integration #{number_text(number(call.parameters['integration']))} not found")
        return found

    def find_integration(self, call: Call) -> Integration | None:
        """The integration of the path, None when it is missing or another team's.

        Raises:
            Unforeseen: its id is not a number that the database takes.
        """
        wanted = number(call.parameters["integration"])
        if wanted != wanted or wanted in (float("inf"), float("-inf")):
            raise Unforeseen
        found = self.world.integrations.get(int(wanted)) if wanted == int(wanted) else None
        return found if found is not None and found.team == call.team.id else None

    def environment(self, call: Call) -> str:
        """The environment of the path.

        Raises:
            Refusal: 404, it is none of the three.
        """
        environment = call.parameters["environment"]
        if environment not in ENVIRONMENTS:
            raise Refusal(404, f"environment {environment} not found")
        return environment

    def reach(self, call: Call) -> None:
        """Go to the login server.

        Raises:
            LoginServerFailed: it is down for this call.
        """
        call.used_login_server = True
        if call.login_server_down:
            raise LoginServerFailed

    def client(self, call: Call, integration: Integration, environment: str) -> Client:
        """The integration's roles in the login server.

        Raises:
            LoginServerFailed: it is down for this call.
            Refusal: 404, the login server has no such client.
        """
        self.reach(call)
        found = self.state.clients.get((integration.id, environment))
        if found is None:
            raise Refusal(404, f"client {integration.client_id or 'null'} not found")
        return found

    def user(self, username: str, environment: str) -> User:
        """A user of the login server.

        Raises:
            Refusal: 404, never seen there.
        """
        found = self.world.user(username, environment)
        if found is None:
            raise Refusal(404, f'User "{username}" not found')
        return found

    def note(self, call: Call, why: str) -> None:
        """Note a strange call."""
        self.journal.add_note(call.request.method, call.request.target, why)


def existing(client: Client, name: str, what: str = "role") -> Role:
    """A role that a listing shows.

    Raises:
        Refusal: 404, there is none.
    """
    found = client.visible(name)
    if found is None:
        raise Refusal(404, f"{what} {name} not found")
    return found


def user_view(user: User) -> dict[str, Any]:
    """A user as lists of members show them; what the login server does not know is left out."""
    fields = ("username", "email", "firstName", "lastName", "attributes")
    return {name: user[name] for name in fields if user.get(name) is not None}
