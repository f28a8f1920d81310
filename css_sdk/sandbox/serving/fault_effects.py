"""Let faults affect requests. Only this module decides what a fault does to an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from attrs import define, evolve, field

from ..api.api import CORS, REFUSED_HARM, Api, PreparedCall
from ..http import Request, Response, bearer_refusal, json_response, page, plain, unknown_exception
from .faults import Fault, Faults
from .late_writes import LateWrites

DROPPED: Final = Response(0, dropped=True)
HOUR: Final = 3600.0
PROXY_ERRORS: Final = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
API_ERROR: Final = page(500, "Internal Server Error")
OTHER_ERROR: Final = json_response(500, {"error": "unknown_error"})


@define
class FaultEffects:
    """Answer requests. A fault can prevent the work, or change the answer.

    Attributes:
        late: the writes that a fault has delayed.
    """

    faults: Faults
    late: LateWrites = field(factory=LateWrites, init=False)

    def answer_api(self, api: Api, request: Request, path: str) -> Response:
        """Return the answer of the CSS API to a request. A fault can change the answer."""
        fault, delay = self.faults.pick("api", request.method, unquote(path))
        response = _refusal(fault, API_ERROR, api.refuse_token)
        if response is None:
            prepared = api.prepare(request, path, keys_lost=fault is not None and fault.kind == "lost_keys")
            worked = prepared if isinstance(prepared, Response) else self._carry_out(prepared, fault, path)
            response = _final_answer(fault, worked, API_ERROR)
        return evolve(response.with_headers(CORS), delay=delay + response.delay)

    def answer_other(self, target: str, request: Request, work: Callable[[Request], Response]) -> Response:
        """Return the answer of a server other than the API. A fault can change the answer."""
        fault, delay = self.faults.pick(target, request.method, request.path)
        response = _refusal(fault, OTHER_ERROR, lambda reason: bearer_refusal("The token is not valid"))
        if response is None:
            response = _final_answer(fault, work(request), OTHER_ERROR)
        return evolve(response, delay=delay)

    def _carry_out(self, prepared: PreparedCall, fault: Fault | None, path: str) -> Response:
        """Carry out a call of the API, and return the service's answer.

        A fault can prevent or delay the work. A fault can also make the service's own book-keeping lose a role.
        """
        match fault:
            case Fault(kind="late_write"):
                self.late.add(prepared.call.request.method, path, fault.reads, prepared.carry_out)
                return DROPPED
            case Fault(kind="empty_success", done=False):
                return prepared.empty_success()
            case Fault(kind="login_server"):
                response = prepared.carry_out(login_server_down=not fault.done)
                if not prepared.call.used_login_server or response.status == REFUSED_HARM:
                    return response
                prepared.lose_booking(response)
                return prepared.login_server_failure(fault.first_look_up)
        response = prepared.carry_out()
        if fault is not None and fault.kind == "422_after":
            prepared.lose_booking(response)
        if fault is not None and fault.kind == "empty_success" and response.status < 300:
            prepared.lose_booking(response)
            return prepared.empty_success()
        return response


def _refusal(fault: Fault | None, error: Response, refuse_token: Callable[[str], Response]) -> Response | None:
    """Return what the client receives if the fault answers instead of the server, else None."""
    match fault:
        case Fault(kind="drop_before"):
            return DROPPED
        case Fault(kind="500_before"):
            return error
        case Fault(kind="422_before"):
            return unknown_exception()
        case Fault(kind="429"):
            headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
            return plain(429, "Too many requests, please try again later.").with_headers(headers)
        case Fault(kind="expired_token"):
            return refuse_token("token expired")
        case Fault(kind="revoked_token"):
            return refuse_token("invalid token")
        case Fault(kind="disaster"):
            return plain(503, "The service is being recovered from a disaster. Please try again later.")
    return None


def _final_answer(fault: Fault | None, response: Response, error: Response) -> Response:
    """Return what the client receives after the work. A fault can change the service's answer."""
    match fault:
        case Fault(kind="lose_after"):
            return DROPPED
        case Fault(kind="500_after"):
            return error
        case Fault(kind="422_after"):
            return unknown_exception()
        case Fault(kind="drip"):
            return evolve(response, spread=fault.seconds)
        case Fault(kind="late_write", answer=int(status)):
            return page(status, PROXY_ERRORS[status])
        case Fault(kind="late_write", answer="timeout"):
            return evolve(DROPPED, delay=fault.seconds or HOUR)
        case Fault(kind="late_write"):
            return DROPPED
    return response
