"""Serve a web API with Flask to callers who have the role `reviewer` in an integration of CSS.

Set `ISSUER` and `AUDIENCE`. Then run: flask --app flask_app:from_environment run
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Response, g, jsonify, request

from css_sdk import InvalidToken, KeysUnavailable, MissingRole, TokenVerifier


def make_app(verifier: TokenVerifier) -> Flask:
    """Return the application, with one verifier for its whole life and all its threads."""
    app = Flask(__name__)

    def needs(role: str) -> Callable[[Callable[[], Response]], Callable[[], Response]]:
        """Require a role for a view. `g.token` holds the token of the caller."""

        def decorate(view: Callable[[], Response]) -> Callable[[], Response]:
            @wraps(view)
            def guarded() -> Response:
                if request.authorization is None or request.authorization.type != "bearer":
                    raise InvalidToken("There is no token.")
                g.token = verifier.verify(request.authorization.token or "")
                g.token.require_role(role)
                return view()

            return guarded

        return decorate

    @app.get("/applications")
    @needs("reviewer")
    def applications() -> Response:
        return jsonify(client=g.token.client_id, applications=["Tide Gauges", "Salmon Counts"])

    @app.errorhandler(InvalidToken)
    def unauthorized(error: InvalidToken) -> tuple[dict[str, Any], int, dict[str, str]]:
        challenge = 'Bearer error="invalid_token"' if "Authorization" in request.headers else "Bearer"
        return {"error": error.reason}, 401, {"WWW-Authenticate": challenge}

    @app.errorhandler(MissingRole)
    def forbidden(error: MissingRole) -> tuple[dict[str, Any], int]:
        return {"error": f"needs the role {error.role}"}, 403

    @app.errorhandler(KeysUnavailable)
    def unavailable(error: KeysUnavailable) -> tuple[dict[str, Any], int, dict[str, str]]:
        app.logger.warning("%s", error)
        return {"error": "try again"}, 503, {"Retry-After": f"{error.retry_after or 1:.0f}"}

    return app


def from_environment() -> Flask:
    """Return the application for the issuer and the audience in the environment."""
    missing = [name for name in ("ISSUER", "AUDIENCE") if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"Set {' and '.join(missing)}: ISSUER to the claim iss, AUDIENCE to your own client id.")
    return make_app(TokenVerifier(os.environ["ISSUER"], os.environ["AUDIENCE"]))
