"""The sandbox's own calls over HTTP, under a path that the service does not have.

They need the header ``X-CSS-Sandbox``, with any value. A web page cannot send a header of that kind to another origin
unless the server allows it beforehand, and the sandbox does not; so no page in a browser can drive the sandbox.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import Attribute, asdict

from ..errors import SandboxError
from ..http import Request, Response, json_response, not_found_page
from ..javascript import query

if TYPE_CHECKING:
    from ..sandbox import Sandbox

PATH = "/sandbox"
HEADER = "X-CSS-Sandbox"
MISSING = f"calls under {PATH} need the header {HEADER}, with any value, so that no web page can make them"
LONGEST = 1e10  # seconds, some three hundred years


def answer(sandbox: Sandbox, request: Request, path: str) -> Response:
    """Answer a call for the sandbox itself; 403 where the header is missing.

    ``GET``, ``DELETE /sandbox/requests``: the log (the query may hold ``method``, ``path``, ``kind``), forget it.
    ``GET``, ``POST``, ``DELETE /sandbox/faults``: the faults, add one (the arguments of ``faults.add`` as an object),
    clear them. ``GET``, ``POST /sandbox/late-writes``: the writes that a fault made late, carry them out.
    ``GET /sandbox/harm``: harm and notes. ``GET /sandbox/state``: as the state file has it.
    ``GET``, ``PUT /sandbox/settings``: ``token_life`` and ``clock_skew`` in seconds. ``POST /sandbox/keys``: rotate
    (``{"environment"}`` or none). ``POST /sandbox/revoke``: revoke the tokens issued so far.
    ``POST /sandbox/token``: the token of a user (``{"username", "integration", "environment"}``).

    Args:
        sandbox: which.
        request: the whole of it.
        path: the rest of the path, after ``/sandbox``.
    """
    if HEADER.lower() not in request.headers:
        return json_response(403, {"message": MISSING})
    try:
        body = json.loads(request.body) if request.body else {}
        if not isinstance(body, dict):
            raise SandboxError("the body is not an object")
        found = _call(sandbox, f"{request.method} {path}", request, body)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        return json_response(400, {"message": str(error)})
    except KeyError as error:
        return json_response(400, {"message": f"{error} is missing"})
    return not_found_page(request) if found is None else json_response(200, found)


def _call(sandbox: Sandbox, name: str, request: Request, body: dict[str, Any]) -> Any:
    match name:
        case "GET /requests":
            terms = {key: str(value) for key, value in query(request.query).items()}
            return [
                asdict(entry, filter=_is_told)
                for entry in sandbox.journal.select(terms.get("method"), terms.get("path"), terms.get("kind"))
            ]
        case "DELETE /requests":
            sandbox.clear_requests()
        case "GET /faults":
            return [fault.view() for fault in sandbox.faults]
        case "POST /faults":
            return sandbox.faults.add_document(body).view()
        case "DELETE /faults":
            sandbox.faults.clear()
        case "GET /late-writes":
            return sandbox.late_writes
        case "POST /late-writes":
            return {"landed": sandbox.land_late_writes()}
        case "GET /harm":
            return sandbox.journal.document()
        case "GET /state":
            return sandbox.state.document()
        case "PUT /settings":
            found = {name: _seconds(body[name]) for name in ("token_life", "clock_skew") if name in body}
            for name, seconds in found.items():
                setattr(sandbox, name, seconds)
            return _settings(sandbox)
        case "GET /settings":
            return _settings(sandbox)
        case "POST /keys":
            sandbox.rotate_keys(body.get("environment"))
        case "POST /revoke":
            sandbox.revoke_tokens()
        case "POST /token":
            token = sandbox.token_for(body["username"], body["integration"], body["environment"], request=request)
            return {"access_token": token}
        case _:
            return None
    return {}


def _is_told(attribute: Attribute[Any], value: Any) -> bool:
    """Whether a listing of the requests shows it; it shows no tokens."""
    return attribute.name != "authorization"


def _seconds(value: Any) -> float:
    """A number of seconds with which dates can still be told."""
    seconds = float(value)
    if not abs(seconds) <= LONGEST:
        raise SandboxError(f"{value!r} is too many seconds")
    return seconds


def _settings(sandbox: Sandbox) -> dict[str, float]:
    return {"token_life": sandbox.token_life, "clock_skew": sandbox.clock_skew}
