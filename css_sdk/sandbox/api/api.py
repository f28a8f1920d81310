"""The CSS API: from a request to its answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from attrs import define, evolve, field

from ..faults import READS, Fault, Faults
from ..http import (
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
from ..late import LateWrites
from ..login.login import LoginServers, pass_through
from ..login.tokens import TokenExpired, TokenInvalid, Tokens, TokenUnreadable
from ..world.world import Team
from . import routing
from .roles import Destructive
from .routing import BASE, Route
from .service import Call, LoginServerFailed, Service
from .validation import MalformedBody, body_of, role_name

LONGEST = 255  # characters of path and query after the base that the service's own log can hold
CORS = {"access-control-allow-origin": "*"}
PREFLIGHT = {
    "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
    "vary": "Access-Control-Request-Headers",
    "content-length": "0",
}
HOUR = 3600.0
PROXY_ERRORS = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


@define
class Api:
    """Everything under the base.

    Attributes:
        late: the writes that a fault made late.
        story: what the service last said of a bad token; requests share it.
    """

    service: Service
    servers: LoginServers
    tokens: Tokens
    faults: Faults
    late: LateWrites = field(factory=LateWrites)
    story: str = field(default="not authorized", init=False)

    def answer(self, request: Request, path: str) -> Response:
        """Answer a request.

        Args:
            request: the whole of it.
            path: the rest of the path, after the base, as sent.
        """
        if request.method == "OPTIONS":
            return Response(204, {**CORS, **PREFLIGHT})
        if len(request.target) - len(BASE) > LONGEST:
            return self._refuse_harm(request, "path and query have more than 255 characters, which stops the server")
        fault, delay = self.faults.pick("api", request.method, unquote(path))
        response = None if fault is None else self._refused(fault, path)
        if response is None:
            response = self._worked(fault, request, path)
        return evolve(response.with_headers(CORS), delay=delay + response.delay)

    def _refused(self, fault: Fault, path: str) -> Response | None:
        """What a fault answers that lets nothing be done; None where it lets the work begin."""
        heartbeat = routing.segments_of(path.lower()) == ["heartbeat"]
        match fault.kind:
            case "drop_before":
                return Response(0, dropped=True)
            case "500_before":
                return page(500, "Internal Server Error")
            case "422_before":
                return unknown_exception()
            case "429":
                headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
                return plain(429, "Too many requests, please try again later.").with_headers(headers)
            case "expired_token":
                return self._unauthorized("token expired")
            case "revoked_token":
                return self._unauthorized("invalid token")
            case "disaster" if not heartbeat:
                return plain(503, "The service is being recovered from a disaster. Please try again later.")
        return None

    def _worked(self, fault: Fault | None, request: Request, path: str) -> Response:
        """The answer after the work, or what a fault makes of it."""
        found = self._prepare(request, path)
        prepared = None if isinstance(found, Response) else found
        if fault is not None and fault.kind == "late_write":
            if prepared is not None:
                self.late.add(request.method, path, fault.reads, lambda: self._handle(*prepared, None))
            return _late_answer(fault)
        response = found if isinstance(found, Response) else self._handle(*found, fault)
        match fault.kind if fault else "":
            case "lose_after":
                return Response(0, dropped=True)
            case "500_after":
                return page(500, "Internal Server Error")
            case "422_after":
                if prepared is not None:
                    self._lose_booking(*prepared, response)
                return unknown_exception()
        return response

    def _prepare(self, request: Request, path: str) -> Response | tuple[Route, Call]:
        """The call that a request asks for, or the answer to a request that leads to none."""
        try:
            body = body_of(request)
        except MalformedBody:
            return page(400, "Bad Request")
        segments = routing.segments_of(path)
        fixed = [segment.lower() for segment in segments]
        if fixed == ["heartbeat"] and request.method in READS:
            return json_response(200, [{"now": date_text(self.service.now())}])
        if fixed == ["token"] and request.method == "POST":
            return self._carried(lambda: pass_through(self.servers, request, body))
        team = self._team(request)
        if isinstance(team, Response):
            return team
        route = routing.find(request.method, segments)
        if route is None:
            return not_found_page(request)
        try:
            parameters = route.parameters(segments)
        except MalformedEscape:
            return page(400, "Bad Request")
        return route, Call(request, team, parameters, query(request.query), body)

    def _handle(self, route: Route, call: Call, fault: Fault | None) -> Response:
        kind = fault.kind if fault else ""
        if fault is not None and not fault.done:
            if kind == "empty_success":
                return _empty_success(route, call)
            call.login_server_down = kind == "login_server"
        try:
            response = self._carried(lambda: route.handler(self.service, call))
        except Destructive as destructive:
            return self._refuse_harm(call.request, str(destructive))
        except LoginServerFailed:
            response = unknown_exception()
        if kind == "empty_success" and response.status < 300:
            self._lose_booking(route, call, response)
            return _empty_success(route, call)
        if fault is not None and kind == "login_server" and call.used_login_server:
            self._lose_booking(route, call, response)
            return _login_server_failed(route, call, fault)
        return response

    def _lose_booking(self, route: Route, call: Call, response: Response) -> None:
        """The service's books do not get the role that this call created, and lose the one that it should delete.

        A call that never went to the login server has changed no book, and may name nothing that there is.
        """
        if not call.used_login_server or route.failing not in ("create", "delete"):
            return
        if route.failing == "create" and response.status != 201:
            return
        integration = self.service.find_integration(call)
        client = (
            self.service.state.clients.get((integration.id, call.parameters["environment"])) if integration else None
        )
        if client is not None:
            client.booked.discard(call.role() if route.failing == "delete" else role_name(call.body))

    def _carried(self, handler: Any) -> Response:
        try:
            response: Response = handler()
        except Refusal as refusal:
            return message(refusal.status, refusal.message)
        except Unforeseen:
            return unknown_exception()
        return response

    def _team(self, request: Request) -> Team | Response:
        """The team whose token came along, or the answer to a request without a good one."""
        header = request.headers.get("authorization")
        if not header:
            return self._unauthorized("No authorization header was found")
        parts = header.split("Bearer ")
        if len(parts) < 2 or not parts[1]:
            return self._unauthorized("No authorization token was found")
        try:
            accepted = self.tokens.check(parts[1], self.service.now())
        except TokenExpired:
            return self._unauthorized("token expired")
        except TokenInvalid:
            return self._unauthorized("invalid token")
        except TokenUnreadable:
            return self._unauthorized(self.story)
        team = self.service.world.accounts.get(accepted.client_id)
        if team is None or str(team.id) != accepted.team:
            return self._unauthorized(self.story)
        return team

    def _unauthorized(self, story: str) -> Response:
        self.story = story
        return json_response(401, {"success": False, "data": None, "err": story})

    def _refuse_harm(self, request: Request, why: str) -> Response:
        self.service.journal.add_harm(request.method, request.target, why)
        return plain(503, f"refused by the sandbox: {why}")


def _login_server_failed(route: Route, call: Call, fault: Fault) -> Response:
    """What the service says when the login server behind it fails, whether it did the work or not."""
    match route.failing:
        case "create" if not fault.first_look_up:
            return empty_json(201)
        case "rename":
            return empty_json(200)
        case "delete":
            return Response(204)
        case "role":
            return message(404, f"role {call.role()} not found")
    return unknown_exception()


def _late_answer(fault: Fault) -> Response:
    """What the client sees of a write that lands later."""
    if isinstance(fault.answer, int):
        return page(fault.answer, PROXY_ERRORS[fault.answer])
    return Response(0, dropped=True, delay=(fault.seconds or HOUR) if fault.answer == "timeout" else 0.0)


def _empty_success(route: Route, call: Call) -> Response:
    if call.request.method == "DELETE":
        return Response(204)
    assigns = call.request.method == "POST" and route.segments[-1] == "roles"
    return empty_json(201 if assigns else 200)
