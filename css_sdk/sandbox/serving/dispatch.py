"""Pass each request to the server that it is for."""

from __future__ import annotations

from functools import partial

from attrs import define

from ..api.api import Api
from ..api.routing import BASE
from ..http import READS, Request, Response, not_found_page
from ..login.bss import BSS_TOKEN_PATH, Bss
from ..login.cern import Cern
from ..login.login import TOKEN_PATH, LoginServers
from ..login.tokens import REALM
from ..world.other_systems import BSS_PATH, CERN_PATH, CERN_REALM, CERN_TOKEN_PATH
from ..world.state import State
from . import swagger
from .fault_effects import FaultEffects


@define
class Dispatcher:
    """Pass each request to the server that its path belongs to."""

    api: Api
    servers: LoginServers
    cern: Cern
    bss: Bss
    state: State
    effects: FaultEffects

    def answer(self, request: Request) -> tuple[str, Response]:
        """Return the kind of a request, as the journal records it, and its answer."""
        path, answer_other = request.path, self.effects.answer_other
        api_path = _path_below(BASE, path)
        if api_path is not None:
            return "api", self._answer_api(request, api_path)
        for environment, prefix in REALM.items():
            if path.startswith(prefix + "/"):
                rest = path[len(prefix) :]
                kind = "token" if rest == TOKEN_PATH else "keys"
                work = partial(self.servers.answer, environment=environment, path=rest)
                return kind, answer_other(kind, request, work)
        if path.startswith(CERN_REALM + "/"):
            kind = "token" if path == CERN_REALM + CERN_TOKEN_PATH else "keys"
            return kind, answer_other(kind, request, self.cern.login)
        if path.startswith(CERN_PATH + "/"):
            return "cern", answer_other("cern", request, self.cern.call)
        if path == BSS_TOKEN_PATH:
            return "token", answer_other("token", request, self.bss.login)
        if path.startswith(BSS_PATH + "/"):
            return "bss", answer_other("bss", request, self.bss.call)
        page_path = _path_below(swagger.PATH, path)
        return "page", not_found_page(request) if page_path is None else swagger.answer(request, page_path)

    def _answer_api(self, request: Request, path: str) -> Response:
        response = self.api.answer_at_once(request) or self.effects.answer_api(self.api, request, path)
        if request.method not in READS or self.effects.late.count_read(path, response):
            self.state.save()
        return response


def _path_below(base: str, path: str) -> str | None:
    """Return the part of a path after a base, ignoring case. Return None if the path is not below the base."""
    rest = path[len(base) :]
    return rest if path[: len(base)].lower() == base and rest[:1] in ("", "/") else None
