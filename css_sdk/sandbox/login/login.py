"""Answer as the login servers of the three environments: discovery, keys, and tokens for clients."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from attrs import define

from ..errors import SandboxError
from ..http import Refusal, Request, Response, json_response
from ..world.state import State
from ..world.world import SERVICE_ACCOUNT, Integration, Team, World
from .tokens import REALM, Tokens, account_claims, id_claims, person_claims

TOKEN_PATH: Final = "/protocol/openid-connect/token"  # noqa: S105 - a path, no secret
KEYS_PATH: Final = "/protocol/openid-connect/certs"
DISCOVERY_PATH: Final = "/.well-known/openid-configuration"
NO_STORE: Final = {"cache-control": "no-store", "pragma": "no-cache"}
UNREADABLE: Final = "Unexpected error when authenticating client"
WRONG: Final = "Invalid client or Invalid client credentials"
DEFAULT_SCOPES: Final = ("email", "profile")
# Grant types that the login server knows but that the sandbox's clients cannot use, with the login server's answers.
OTHER_GRANTS: Final = {
    "password": ("unauthorized_client", "Client not allowed for direct access grants"),
    "authorization_code": ("invalid_request", "Missing parameter: code"),
    "refresh_token": ("invalid_request", "No refresh token"),
}


class TokenRefusal(Exception):
    """The token endpoint refuses to issue a token."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.response = json_response(status, {"error": error, "error_description": description}).with_headers(NO_STORE)


@define
class LoginServers:
    """Answer requests to the login servers. Each environment has one, under its own path."""

    world: World
    state: State
    tokens: Tokens
    now: Callable[[], float]

    def answer(self, request: Request, environment: str, path: str) -> Response:
        """Answer a request to a login server."""
        issuer = origin(request) + REALM[environment]
        if path == TOKEN_PATH:
            return answer_token_request(request, partial(self.grant, environment, issuer))
        return realm_page(request, path, issuer, self.tokens, environment)

    def grant(self, environment: str, issuer: str, form: dict[str, str], authorization: str) -> Response:
        """Answer a request for a token.

        Raises:
            TokenRefusal: the request gets no token.
        """
        kind = form.get("grant_type")
        if kind is None:
            raise TokenRefusal(400, "invalid_request", "Missing form parameter: grant_type")
        if kind != "client_credentials" and kind not in OTHER_GRANTS:
            raise TokenRefusal(400, "unsupported_grant_type", "Unsupported grant_type")
        owner = self._authenticated(environment, form, authorization)
        if kind in OTHER_GRANTS:
            raise TokenRefusal(400, *OTHER_GRANTS[kind])
        if isinstance(owner, Integration) and not owner.has_service_account:
            raise TokenRefusal(401, "unauthorized_client", "Client not enabled to retrieve service account")
        scopes = form.get("scope", "").split()
        is_odd = "scope" in form and form["scope"] != " ".join(scopes or ["-"])
        if is_odd or not {*scopes} <= {"openid", *DEFAULT_SCOPES}:
            raise TokenRefusal(400, "invalid_scope", f"Invalid scopes: {form['scope']}")
        openid = "openid" in scopes
        scope = " ".join((["openid"] if openid else []) + [*DEFAULT_SCOPES])
        now = self.now()
        claims = account_claims(issuer, environment, owner, self._roles(environment, _account(owner)), scope)
        body: dict[str, Any] = {
            "access_token": self.tokens.sign(environment, claims, now),
            "expires_in": int(self.tokens.life),
            "refresh_expires_in": 0,
            "token_type": "Bearer",
        }
        if openid:
            body["id_token"] = self.tokens.sign(environment, id_claims(claims, body["access_token"]), now)
        body |= {"not-before-policy": 0, "scope": scope}
        return json_response(200, body).with_headers(NO_STORE)

    def token_for(self, username: str, integration: Integration, environment: str, address: str) -> str:
        """Return the token that a user receives for an integration.

        The integration's client id stands for its service account. The client calls the sandbox under `address`.

        Raises:
            SandboxError: the environment or the user does not exist, or the user cannot log in to the integration.
        """
        self.state.client(integration.id, environment)
        issuer = address + REALM[environment]
        client_id = str(integration.client_id)
        scope = " ".join(DEFAULT_SCOPES)
        if username in (client_id, SERVICE_ACCOUNT + client_id) and integration.has_service_account:
            roles = self._roles(environment, _account(integration))
            claims = account_claims(issuer, environment, integration, roles, scope)
            return self.tokens.sign(environment, claims, self.now())
        user = self.world.known_user(username, environment)
        if user["username"].startswith(SERVICE_ACCOUNT):
            raise SandboxError(
                f"{username!r} cannot log in to integration {integration.id}: only people and the service account of "
                f"this integration can, if it has one"
            )
        self.state.logins.add((integration.id, environment, username.lower()))
        roles = self._roles(environment, username)
        claims = person_claims(issuer, environment, client_id, user, roles, scope)
        return self.tokens.sign(environment, claims, self.now())

    def _authenticated(self, environment: str, form: dict[str, str], authorization: str) -> Integration | Team:
        client_id, secret = basic_credentials(authorization)
        client_id = form.get("client_id", client_id)
        secret = form.get("client_secret", secret)
        owner = self._owner(environment, client_id)
        if owner is None:
            raise TokenRefusal(401, "invalid_client", WRONG)
        if owner.client_secret is None or owner.client_secret != secret:
            raise TokenRefusal(401, "unauthorized_client", WRONG)
        return owner

    def _owner(self, environment: str, client_id: str | None) -> Integration | Team | None:
        if client_id is None:
            return None
        account = self.world.accounts.get(client_id)
        if account is not None:
            return account if environment == "prod" else None
        integration = self.world.clients.get(client_id)
        return integration if integration is not None and environment in integration.environments else None

    def _roles(self, environment: str, username: str) -> dict[str, list[str]]:
        """Return a user's roles in an environment, by client id, with the children of composite roles."""
        found = {
            client.client_id: [role.name for role in client.effective(username)]
            for (_, name), client in self.state.clients.items()
            if name == environment
        }
        return {client_id: names for client_id, names in found.items() if names}


def answer_token_request(request: Request, grant: Callable[[dict[str, str], str], Response]) -> Response:
    """Answer a request at a token endpoint.

    `grant` gets the form fields and the `Authorization` header. It returns the answer or raises `TokenRefusal`.
    """
    if request.method != "POST":
        return json_response(405, {"error": "HTTP 405 Method Not Allowed"})
    try:
        return grant(form_of(request), request.headers.get("authorization", ""))
    except TokenRefusal as refusal:
        return refusal.response


def pass_through(servers: LoginServers, request: Request, body: Any) -> Response:
    """Answer `POST {base}/token`: let the prod login server issue a token.

    If the login server issues no token, answer 422 and hide the reason, as the service does.
    """
    form = {str(name): str(value) for name, value in body.items()} if isinstance(body, dict) else {}
    try:
        answer = servers.grant("prod", origin(request) + REALM["prod"], form, request.headers.get("authorization", ""))
    except TokenRefusal as refusal:
        raise Refusal(422, "unknown exception") from refusal
    return Response(200, {"content-type": "application/json; charset=utf-8"}, answer.body)


def realm_page(request: Request, path: str, issuer: str, tokens: Tokens, realm: str) -> Response:
    """Return a realm's discovery document or its keys."""
    pages: dict[str, Callable[[], dict[str, Any]]] = {
        DISCOVERY_PATH: lambda: discovery(issuer),
        KEYS_PATH: lambda: {"keys": [key.jwk() for key in tokens.published(realm)]},
    }
    if path not in pages:
        return json_response(404, {"error": "HTTP 404 Not Found"})
    if request.method not in ("GET", "HEAD"):
        return json_response(405, {"error": "HTTP 405 Method Not Allowed"})
    return json_response(200, pages[path]())


def discovery(issuer: str) -> dict[str, Any]:
    """Return the discovery document of a login server."""
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + "/protocol/openid-connect/auth",
        "token_endpoint": issuer + TOKEN_PATH,
        "jwks_uri": issuer + KEYS_PATH,
        "grant_types_supported": ["authorization_code", "client_credentials", "password", "refresh_token"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": ["openid", *DEFAULT_SCOPES],
        "claims_supported": ["aud", "sub", "iss", "name", "given_name", "family_name", "preferred_username", "email"],
    }


def origin(request: Request) -> str:
    """Return the address under which the client calls the sandbox."""
    return f"http://{request.headers.get('host', 'localhost')}"


def _account(owner: Integration | Team) -> str:
    return f"{SERVICE_ACCOUNT}{owner.client_id}"


def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form. If the content type is not that of a form, return no fields.

    Raises:
        TokenRefusal: a field is given twice.
    """
    if request.media_type != "application/x-www-form-urlencoded":
        return {}
    pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    if len(dict(pairs)) < len(pairs):
        raise TokenRefusal(400, "invalid_request", "duplicated parameter")
    return dict(pairs)


def basic_credentials(header: str) -> tuple[str | None, str | None]:
    """Return the client id and the secret of a Basic header, form-decoded (RFC 6749, 2.3.1).

    Without such a header, or without a colon in it, return None for both.

    Raises:
        TokenRefusal: the header cannot be decoded.
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # not base64, not ASCII or not UTF-8
        raise TokenRefusal(400, "unauthorized_client", UNREADABLE) from None
    if re.search(r"%(?![0-9a-fA-F]{2})", client_id + secret):
        raise TokenRefusal(400, "unauthorized_client", UNREADABLE)
    return (unquote_plus(client_id), unquote_plus(secret)) if colon else (None, None)
