"""Answer the call for logs within the service's limits. The lines are made up, from client and time only."""

from __future__ import annotations

import math
from typing import Any, Final

from attrs import evolve

from ..http import Response, Unforeseen, json_response, message, plain, unknown_exception
from ..javascript import date, date_text, number, number_text
from ..world.world import ENVIRONMENTS
from .route import PLACE, route
from .service import Call, Service

WINDOW: Final = 3600  # seconds
CALLS: Final = 20  # per window
LONGEST: Final = 3 * 86400  # seconds from start to end
EVERY: Final = 10  # seconds between two lines
EVENTS: Final = ("LOGIN", "CODE_TO_TOKEN", "REFRESH_TOKEN", "LOGOUT", "LOGIN_ERROR")
COMPLETE: Final = "All logs retrieved"
MORE: Final = "Log limit reached. There may be more logs available, try a more restricted date range."


def get_logs(service: Service, call: Call) -> Response:
    """Answer `GET I/E/logs`. Every call counts against the limit, even a refused call."""
    allowed, headers = _count(service, call)
    if not allowed:
        refused = plain(429, "Too many requests, please try again later.", "text/html; charset=utf-8")
        return refused.with_headers({**headers, "retry-after": headers["ratelimit"].rpartition("=")[2]})
    try:
        integration = service.find_integration(call)
    except Unforeseen:
        return unknown_exception().with_headers(headers)
    if integration is None:
        return evolve(message(403, "forbidden").with_headers(headers), closes=True)
    environment = call.parameters["environment"]
    span = _span(environment, call.query.get("start"), call.query.get("end"))
    if isinstance(span, str):
        return message(400, span).with_headers(headers)
    known = (integration.id, environment) in service.state.clients
    limit = 25_000 if environment == "prod" else 5_000
    lines = _lines(str(integration.client_id), span[0], min(span[1], service.now()), limit) if known else []
    answer = {"data": lines, "message": MORE if len(lines) == limit else COMPLETE}
    return json_response(200, answer).with_headers(headers)


def _count(service: Service, call: Call) -> tuple[bool, dict[str, str]]:
    now = service.now()
    wanted = number_text(number(call.parameters["integration"]))
    key = wanted, call.parameters["environment"], call.request.address
    start, count = service.log_calls.get(key, (now, 0))
    if now >= start + WINDOW:
        start, count = now, 0
    count += 1
    service.log_calls[key] = start, count
    reset = math.ceil(start + WINDOW - now)
    return count <= CALLS, {
        "ratelimit-policy": f"{CALLS};w={WINDOW}",
        "ratelimit": f"limit={CALLS}, remaining={max(CALLS - count, 0)}, reset={reset}",
    }


def _span(environment: str, start: object, end: object) -> tuple[float, float] | str:
    """Return start and end in seconds, or the error message if they are not valid."""
    if not start or not end:
        return "Not all parameters sent. Please include start and end."
    if environment not in ENVIRONMENTS:
        return f"The env parameter must be one of {', '.join(ENVIRONMENTS)}."
    first, last = (date(value) if isinstance(value, str) else None for value in (start, end))
    if first is None or last is None or first <= 0 or last <= 0:
        return "Include parsable dates for the start and end parameters, e.g YYYY-MM-DD."
    if first > last:
        return "End date must be later than start date."
    if last - first > LONGEST:
        return "Date range must be less 3 days."
    return first, last


def _lines(client_id: str, first: float, last: float, limit: int) -> list[dict[str, Any]]:
    """Return the newest lines between two times, both included, newest first."""
    newest = math.floor(last / EVERY)
    oldest = max(math.ceil(first / EVERY), newest - limit + 1)
    return [_line(client_id, tick) for tick in range(newest, oldest - 1, -1)]


def _line(client_id: str, tick: int) -> dict[str, Any]:
    event = EVENTS[(tick * 7 + tick // 5) % len(EVENTS)]
    error = ', error="expired_code"' if event == "LOGIN_ERROR" else ""
    return {
        "@timestamp": date_text(tick * EVERY),
        "level": "WARN" if error else "INFO",
        "loggerName": "org.keycloak.events",
        "message": f'type="{event}", realmId="standard", clientId="{client_id}", '
        f'ipAddress="192.0.2.{tick % 250 + 1}"{error}',
    }


ROUTES: Final = (route(f"GET {PLACE}/logs", get_logs, takes_query=True),)
