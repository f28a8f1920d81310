"""Answer as CERN's API access does: each token is for one target, and a target refuses all other tokens.

CERN's documentation and the discovery document name different token endpoints. The sandbox serves only the token
endpoint of the documentation.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from attrs import define, field

from ..http import Request, Response, bearer_refusal, json_response
from ..world.other_systems import CERN_REALM, CERN_TOKEN_PATH, Application, CernWorld, Target
from ..world.world import SERVICE_ACCOUNT
from .login import NO_STORE, WRONG, TokenRefusal, answer_token_request, origin, realm_page
from .tokens import TokenExpired, TokenInvalid, Tokens, TokenUnreadable

CERN: Final = "cern"  # the name of the realm
LIFE: Final = 1200.0  # seconds; clients learn it from `expires_in`
SCOPE: Final = "email profile"


@define
class Cern:
    """Answer as CERN's login server (the realm), and as the applications that clients call (the targets)."""

    world: CernWorld
    now: Callable[[], float]
    tokens: Tokens = field(factory=lambda: Tokens(LIFE), init=False)

    def login(self, request: Request) -> Response:
        """Answer a request to the login server."""
        path = request.path.removeprefix(CERN_REALM)
        if path != CERN_TOKEN_PATH:
            return realm_page(request, path, origin(request) + CERN_REALM, self.tokens, CERN)
        return answer_token_request(request, lambda form, _: self._grant(form, origin(request) + CERN_REALM))

    def _grant(self, form: dict[str, str], issuer: str) -> Response:
        kind = form.get("grant_type")
        if kind is None:
            raise TokenRefusal(400, "invalid_request", "Missing form parameter: grant_type")
        if kind != "client_credentials":
            raise TokenRefusal(400, "unsupported_grant_type", "Unsupported grant_type")
        application = self.world.applications.get(form.get("client_id", ""))
        if application is None:
            raise TokenRefusal(401, "invalid_client", WRONG)
        if application.client_secret != form.get("client_secret"):
            raise TokenRefusal(401, "unauthorized_client", WRONG)
        if not form.get("audience"):
            raise TokenRefusal(400, "invalid_request", "Missing form parameter: audience")
        target = self.world.targets.get(form["audience"])
        if target is None:
            raise TokenRefusal(400, "invalid_client", "Audience not found")
        body = {
            "access_token": self.tokens.sign(CERN, _claims(issuer, application, target), self.now()),
            "expires_in": int(self.tokens.life),
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": SCOPE,
        }
        return json_response(200, body).with_headers(NO_STORE)

    def call(self, request: Request) -> Response:
        """Answer a call of a target with its data.

        Without a token for the target, answer 401. Without the target's role in the token, answer 403.
        """
        target = next((found for found in self.world.targets.values() if request.path.startswith(found.base)), None)
        if target is None:
            return json_response(404, {"error": "not_found"})
        claims = self._claims_of(request.headers.get("authorization", ""), target)
        if isinstance(claims, Response):
            return claims
        if target.role not in claims.get("resource_access", {}).get(target.client_id, {}).get("roles", []):
            return json_response(403, {"error": "forbidden", "error_description": f"The role {target.role} is needed"})
        if request.method not in ("GET", "HEAD"):
            return json_response(405, {"error": "method_not_allowed"})
        name = request.path.removeprefix(target.base)
        found = target.data.get(name) if name else sorted(target.data)
        return json_response(404, {"error": "not_found"}) if found is None else json_response(200, {"data": found})

    def _claims_of(self, authorization: str, target: Target) -> dict[str, Any] | Response:
        """Return the claims of the token, or the 401 answer if the token is not valid for the target."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return bearer_refusal("A bearer token is needed")
        try:
            claims = self.tokens.claims(token, CERN, CERN_REALM, self.now())
        except TokenExpired:
            return bearer_refusal("The token is expired")
        except (TokenInvalid, TokenUnreadable):
            return bearer_refusal("The token is not valid")
        audience = claims.get("aud", [])
        if target.client_id not in ([audience] if isinstance(audience, str) else audience):
            return bearer_refusal("The token is for another audience")
        return claims


def _claims(issuer: str, application: Application, target: Target) -> dict[str, Any]:
    username = SERVICE_ACCOUNT + application.client_id
    roles = application.roles.get(target.client_id)
    return {
        "jti": str(uuid.uuid4()),
        "iss": issuer,
        "aud": [target.client_id, "account"] if target.audience_as_list else target.client_id,
        "sub": username,
        "typ": "Bearer",
        "azp": application.client_id,
        "scope": SCOPE,
        "preferred_username": username,
        **({"resource_access": {target.client_id: {"roles": roles}}} if roles else {}),
    }
