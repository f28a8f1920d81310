"""Answer the calls that control the sandbox. Their path, `/sandbox`, does not exist on the real service.

The calls need the header `X-CSS-Sandbox`, with any value. The header keeps web pages from controlling the sandbox. A
browser sends such a header to another origin only if the server allows this, and the sandbox does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from attrs import asdict, filters

from ..errors import SandboxError
from ..http import Request, Response, json_response
from ..javascript import query
from ..journal import Journal
from ..world.fields import check, check_keys, json_object, text, text_or_none, whole_number
from ..world.state import State
from .faults import Faults

PATH: Final = "/sandbox"
HEADER: Final = "X-CSS-Sandbox"
MISSING: Final = (
    f"calls under {PATH} need the header {HEADER}, with any value. This rule stops web pages from making these calls"
)
LONGEST: Final = 1e10  # seconds, about three hundred years
SETTINGS: Final = ("token_life", "clock_skew")
ARGUMENTS: Final = {
    "GET /requests": ("method", "path", "kind"),
    "PUT /settings": SETTINGS,
    "POST /keys": ("environment",),
    "POST /token": ("username", "integration", "environment"),
}
WITHOUT_TOKENS: Final = filters.exclude("authorization")


class Controls(Protocol):
    """The attributes and methods of `Sandbox` that the control calls use."""

    faults: Faults
    journal: Journal
    state: State
    token_life: float
    clock_skew: float

    @property
    def late_writes(self) -> list[str]: ...
    def clear_requests(self) -> None: ...
    def land_late_writes(self) -> int: ...
    def rotate_keys(self, environment: str | None = None) -> None: ...
    def revoke_tokens(self) -> None: ...
    def reset(self) -> None: ...
    def token_for(
        self, username: str, integration: int, environment: str, *, request: Request | None = None
    ) -> str: ...


def answer(sandbox: Controls, request: Request, path: str) -> Response:
    """Answer one of the sandbox's own calls.

    - `GET`, `DELETE /sandbox/requests`: list the requests (the query may hold `method`, `path`, `kind`), or forget
      them.
    - `GET`, `POST`, `DELETE /sandbox/faults`: list the faults, add a fault (an object with the arguments of
      `faults.add`), or remove all faults.
    - `GET`, `POST /sandbox/late-writes`: list the writes that a fault has delayed, or carry them out.
    - `GET /sandbox/harm`: list the harmful and the strange requests.
    - `GET /sandbox/state`: return the state in the form of the state file.
    - `GET`, `PUT /sandbox/settings`: read or set `token_life` and `clock_skew`, in seconds.
    - `POST /sandbox/keys`: rotate the keys of one environment (`{"environment"}`). Without a body, rotate all keys.
    - `POST /sandbox/revoke`: revoke the tokens issued so far.
    - `POST /sandbox/token`: return the token of a user (`{"username", "integration", "environment"}`).
    - `POST /sandbox/reset`: restore the initial state of the sandbox.

    Without the header `X-CSS-Sandbox`, answer 403. If an argument is missing, unknown or not valid, answer 400. Answer
    404 to any other call.
    """
    if HEADER.lower() not in request.headers:
        return json_response(403, {"message": MISSING})
    try:
        found = _call(sandbox, f"{request.method} {path}", request, _arguments_of(request))
    except SandboxError as error:
        return json_response(400, {"message": str(error)})
    except KeyError as error:
        return json_response(400, {"message": f"the body lacks {error}"})
    if found is None:
        return json_response(404, {"message": f"there is no call {request.method} {PATH}{path}"})
    return json_response(200, found)


def _arguments_of(request: Request) -> Mapping[str, Any]:
    return query(request.query) if request.method == "GET" else json_object(request.body or b"{}", "the body")


def _call(sandbox: Controls, name: str, request: Request, given: Mapping[str, Any]) -> Any:
    if name in ARGUMENTS:
        check_keys(given, ARGUMENTS[name], "this call")
    match name:
        case "GET /requests":
            method, path, kind = (text_or_none(given, key) for key in ARGUMENTS[name])
            return [asdict(entry, filter=WITHOUT_TOKENS) for entry in sandbox.journal.select(method, path, kind)]
        case "DELETE /requests":
            sandbox.clear_requests()
        case "GET /faults":
            return [fault.view() for fault in sandbox.faults]
        case "POST /faults":
            return sandbox.faults.add_document(given).view()
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
            settings = {key: _seconds(given[key], key) for key in SETTINGS if key in given}
            for key, seconds in settings.items():
                setattr(sandbox, key, seconds)
            return {name: getattr(sandbox, name) for name in SETTINGS}
        case "GET /settings":
            return {name: getattr(sandbox, name) for name in SETTINGS}
        case "POST /keys":
            sandbox.rotate_keys(given.get("environment"))
        case "POST /revoke":
            sandbox.revoke_tokens()
        case "POST /reset":
            sandbox.reset()
        case "POST /token":
            wanted = text(given, "username"), whole_number(given, "integration"), text(given, "environment")
            return {"access_token": sandbox.token_for(*wanted, request=request)}
        case _:
            return None
    return {}


def _seconds(value: Any, name: str) -> float:
    """Return a value as seconds, if a date can hold them. `name` is for the message."""
    is_right = type(value) in (int, float) and abs(value) <= LONGEST
    check(name, value, is_right, f"a number of seconds, at most {LONGEST:,.0f}")
    return float(value)
