"""Turn a request into a call of the CSS API, and carry the call out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define, field

from ..http import (
    READS,
    Refusal,
    Request,
    Response,
    Unforeseen,
    empty_json,
    json_response,
    message,
    not_found_page,
    page,
    plain,
    unknown_exception,
)
from ..javascript import MalformedEscape, date_text, query
from ..login.login import LoginServers, pass_through
from ..login.tokens import TokenExpired, TokenInvalid, Tokens, TokenUnreadable
from ..world.world import Team
from . import routing
from .roles import Destructive
from .route import Route
from .routing import BASE
from .service import Call, LoginServerFailed, Service
from .validation import MalformedBody, body_of, refuse_query, role_name

LONGEST: Final = 255  # characters of path and query after the base that the service's own log can hold
REFUSED_HARM: Final = 503  # the status of a request that the sandbox refuses
CORS: Final = {"access-control-allow-origin": "*"}
PREFLIGHT: Final = {
    **CORS,
    "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
    "vary": "Access-Control-Request-Headers",
    "content-length": "0",
}


@define
class Api:
    """Answer the requests to the CSS API: all paths below its base.

    Attributes:
        last_reason: why the service last refused a token. If the service cannot read a token, it repeats this old
            reason. The real service makes the same mistake.
    """

    service: Service
    servers: LoginServers
    tokens: Tokens
    last_reason: str = field(default="not authorized", init=False)

    def answer_at_once(self, request: Request) -> Response | None:
        """Answer a CORS preflight, and refuse a request whose path and query are too long. Otherwise return None.

        Such a request with a valid token would stop the real service, because it logs path and query. Without a valid
        token, the sandbox only records the request in `notes`, and this method returns None.
        """
        if request.method == "OPTIONS":
            return Response(204, PREFLIGHT)
        if len(request.target) - len(BASE) > LONGEST:
            why = "path and query have more than 255 characters, which stops the server"
            if isinstance(self._team(request), Team):
                return self.refuse_harm(request, why)
            self.service.journal.add_note(
                request.method, request.target, f"with a valid token, the sandbox would refuse this request: {why}"
            )
        return None

    def prepare(self, request: Request, path: str, keys_lost: bool = False) -> Response | PreparedCall:
        """Return the call that a request asks for. For a request that needs no call, return its answer.

        These are token requests, the heartbeat, and requests that the service refuses at once.

        If `keys_lost`, refuse every token. The real service does this if it could not read the login server's keys.
        """
        try:
            body = body_of(request)
        except MalformedBody:
            return page(400, "Bad Request")
        segments = routing.segments_of(path)
        fixed = [segment.lower() for segment in segments]
        if fixed == ["heartbeat"] and request.method in READS:
            return json_response(200, [{"now": date_text(self.service.now())}])
        if fixed == ["token"] and request.method == "POST":
            return answer_errors(lambda: pass_through(self.servers, request, body))
        team = self.refuse_token(self.last_reason) if keys_lost else self._team(request)
        if isinstance(team, Response):
            return team
        route = routing.find(request.method, segments)
        if route is None:
            return not_found_page(request)
        try:
            parameters = route.parameters(segments)
        except MalformedEscape:
            return page(400, "Bad Request")
        return PreparedCall(self, route, Call(request, team, parameters, query(request.query), body))

    def _team(self, request: Request) -> Team | Response:
        """Return the team of the token. If the token is missing or not valid, return the service's 401."""
        header = request.headers.get("authorization")
        if not header:
            return self.refuse_token("No authorization header was found")
        parts = header.split("Bearer ")
        if len(parts) < 2 or not parts[1]:
            return self.refuse_token("No authorization token was found")
        try:
            accepted = self.tokens.check(parts[1], self.service.now())
        except TokenExpired:
            return self.refuse_token("token expired")
        except TokenInvalid:
            return self.refuse_token("invalid token")
        except TokenUnreadable:
            return self.refuse_token(self.last_reason)
        team = self.service.world.accounts.get(accepted.client_id)
        if team is None or str(team.id) != accepted.team:
            return self.refuse_token(self.last_reason)
        return team

    def refuse_token(self, reason: str) -> Response:
        """Return the service's 401 with a reason, and remember the reason."""
        self.last_reason = reason
        return json_response(401, {"success": False, "data": None, "err": reason})

    def refuse_harm(self, request: Request, why: str) -> Response:
        """Refuse a request that would harm the service, and record it in `harm`."""
        self.service.journal.add_harm(request.method, request.target, why)
        return plain(REFUSED_HARM, f"refused by the sandbox: {why}")


@define
class PreparedCall:
    """A call that the service has accepted and can carry out."""

    api: Api
    route: Route
    call: Call

    def carry_out(self, login_server_down: bool = False) -> Response:
        """Carry out the call and return its answer.

        If `login_server_down`, the login server behind the API fails before it does anything.
        """
        self.call.login_server_down = login_server_down
        try:
            return answer_errors(self._handle)
        except Destructive as destructive:
            return self.api.refuse_harm(self.call.request, str(destructive))
        except LoginServerFailed:
            return unknown_exception()

    def _handle(self) -> Response:
        if not self.route.takes_query:
            refuse_query(self.call.query)
        return self.route.handler(self.api.service, self.call)

    def lose_booking(self, response: Response) -> None:
        """Make the service's own book-keeping forget the role that this call creates or deletes.

        A role counts as created only if the status of `response` is 201. If the call did not use the login server, do
        nothing, because the call has changed no role.
        """
        created = self.route.failing == "create" and response.status == 201
        if not self.call.used_login_server or not (created or self.route.failing == "delete"):
            return
        integration = self.api.service.find_integration(self.call)
        place = (integration.id, self.call.parameters["environment"]) if integration else None
        client = self.api.service.state.clients.get(place) if place else None
        if client is not None:
            client.booked.discard(role_name(self.call.body) if created else self.call.role())

    def empty_success(self) -> Response:
        """Return a success without content."""
        if self.call.request.method == "DELETE":
            return Response(204)
        is_creation = self.call.request.method == "POST" and self.route.segments[-1] == "roles"
        return empty_json(201 if is_creation else 200)

    def login_server_failure(self, first_look_up: bool) -> Response:
        """Return what the service answers if the login server fails before or after the work.

        If the service's first look-up already fails, creating a role gets 422 instead of an empty 201.
        """
        match self.route.failing:
            case "create" if not first_look_up:
                return empty_json(201)
            case "rename":
                return empty_json(200)
            case "delete":
                return Response(204)
            case "role":
                return message(404, f"role {self.call.role()} not found")
        return unknown_exception()


def answer_errors(handler: Callable[[], Response]) -> Response:
    """Return the answer of a handler, or the answer to its `Refusal` or `Unforeseen`."""
    try:
        return handler()
    except Refusal as refusal:
        return message(refusal.status, refusal.message)
    except Unforeseen:
        return unknown_exception()
