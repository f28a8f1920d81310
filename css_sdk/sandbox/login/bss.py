"""Answer as the interworks BSS and Billing API: issue tokens to a client and its user, and return accounts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Final

from attrs import define, field

from ..http import Request, Response, bearer_refusal, json_response
from ..world.other_systems import BSS_PATH, BssWorld
from .login import NO_STORE, TokenRefusal, answer_token_request, basic_credentials

BSS_TOKEN_PATH: Final = BSS_PATH + "/bsssmapi/oauth/token"
ACCOUNTS: Final = BSS_PATH + "/bsssmapi/api/accounts/"
LIFE: Final = 1799.0  # seconds, as in `expires_in`
REMEMBERED: Final = 1000  # tokens; above this number the expired ones are forgotten


@define
class Bss:
    """Answer at the token endpoint, and return accounts.

    Attributes:
        life: for how many seconds a token is valid.
    """

    world: BssWorld
    now: Callable[[], float]
    life: float = field(default=LIFE, init=False)
    _tokens: dict[str, float] = field(factory=dict, init=False, repr=False)  # when each token expires

    def login(self, request: Request) -> Response:
        """Answer a request for a token."""
        return answer_token_request(request, self._grant)

    def _grant(self, form: dict[str, str], authorization: str) -> Response:
        try:
            client = basic_credentials(authorization)
        except TokenRefusal:
            client = (None, None)
        # The BSS ignores a secret in the form. The sandbox refuses it there, so that no client exposes its secret.
        if client == (None, None) or "client_secret" in form:
            raise TokenRefusal(401, "invalid_client", "Client key and secret are needed as HTTP Basic, not in the form")
        if client != (self.world.client_key, self.world.client_secret):
            raise TokenRefusal(401, "invalid_client", "Bad client credentials")
        kind = form.get("grant_type")
        if kind is None:
            raise TokenRefusal(400, "invalid_request", "Missing grant type")
        if kind != "password":
            raise TokenRefusal(400, "unsupported_grant_type", "Unsupported grant type")
        known = self.world.users.get(form.get("username", ""))
        if known is None or known != form.get("password"):
            raise TokenRefusal(400, "invalid_grant", "Bad credentials")
        token, now = str(uuid.uuid4()), self.now()
        if len(self._tokens) > REMEMBERED:
            self._tokens = {found: end for found, end in self._tokens.items() if end > now}
        self._tokens[token] = now + self.life
        body = {"access_token": token, "token_type": "bearer", "expires_in": int(self.life)}
        return json_response(200, body).with_headers(NO_STORE)

    def call(self, request: Request) -> Response:
        """Answer a call with an account.

        Without a valid token, answer 401. Without the header `X-Api-Version: latest`, answer 400.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self._tokens.get(token, 0.0) <= self.now():
            return bearer_refusal("A valid token is needed")
        if request.headers.get("x-api-version") != "latest":
            return json_response(400, {"error": "bad_request", "message": "The header X-Api-Version: latest is needed"})
        if request.method not in ("GET", "HEAD"):
            return json_response(405, {"error": "method_not_allowed"})
        account = request.path.startswith(ACCOUNTS) and self.world.accounts.get(request.path.removeprefix(ACCOUNTS))
        return json_response(200, account) if account else json_response(404, {"error": "not_found"})

    def revoke(self) -> None:
        """Refuse all tokens that were issued before this call."""
        self._tokens.clear()
