"""In front of all servers: whose a request is, and the faults that strike it on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attrs import define, evolve

from ..api.api import Api
from ..api.routing import BASE
from ..faults import READS, Faults
from ..http import Request, Response, bearer_refusal, json_response, not_found_page, page, plain
from ..login.bss import BSS_TOKEN_PATH, Bss
from ..login.cern import Cern
from ..login.login import TOKEN_PATH, LoginServers
from ..login.tokens import REALM
from ..world.others import BSS_PATH, CERN_PATH, CERN_REALM, CERN_TOKEN_PATH
from ..world.state import State
from . import swagger


@define
class Front:
    """Leads each request to the server that it is for."""

    api: Api
    servers: LoginServers
    cern: Cern
    bss: Bss
    state: State
    faults: Faults

    def answer(self, request: Request) -> tuple[str, Response]:
        """The kind of a request, as the journal has it, and its answer."""
        path = request.path
        lower = path.lower()
        if lower.startswith(BASE) and lower[len(BASE) :][:1] in ("", "/"):
            response = self.api.answer(request, path[len(BASE) :])
            if request.method not in READS or self.api.late.count_read(path[len(BASE) :], response):
                self.state.save()
            return "api", response
        for environment, prefix in REALM.items():
            if path.startswith(prefix + "/"):
                rest = path[len(prefix) :]
                kind = "token" if rest == TOKEN_PATH else "keys"
                return self._struck(kind, request, partial(self.servers.answer, environment=environment, path=rest))
        if path.startswith(CERN_REALM + "/"):
            return self._struck("token" if path == CERN_REALM + CERN_TOKEN_PATH else "keys", request, self.cern.login)
        if path.startswith(CERN_PATH + "/"):
            return self._struck("cern", request, self.cern.call)
        if path == BSS_TOKEN_PATH:
            return self._struck("token", request, self.bss.login)
        if path.startswith(BSS_PATH + "/"):
            return self._struck("bss", request, self.bss.call)
        if lower.startswith(swagger.PATH) and lower[len(swagger.PATH) :][:1] in ("", "/"):
            return "page", swagger.answer(request, path[len(swagger.PATH) :])
        return "page", not_found_page(request)

    def _struck(self, kind: str, request: Request, work: Callable[[Request], Response]) -> tuple[str, Response]:
        """The answer of a server other than the API, which strikes by itself, as a fault leaves it."""
        fault, delay = self.faults.pick(kind, request.method, request.path)
        name = fault.kind if fault else ""
        if name == "drop_before":
            return kind, Response(0, dropped=True, delay=delay)
        if name == "500_before":
            return kind, evolve(page(500, "Internal Server Error"), delay=delay)
        if name in ("expired_token", "revoked_token"):
            return kind, evolve(bearer_refusal("The token is not valid"), delay=delay)
        if fault is not None and name == "429":
            headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
            return kind, evolve(plain(429, "Too many requests").with_headers(headers), delay=delay)
        response = work(request)
        if name == "lose_after":
            response = Response(0, dropped=True)
        elif name == "500_after":
            response = json_response(500, {"error": "unknown_error"})
        return kind, evolve(response, delay=delay)
