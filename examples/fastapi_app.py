"""Serve a web API with FastAPI to callers who have the role `reviewer` in an integration of CSS.

Set `ISSUER` and `AUDIENCE`. Then run: uvicorn --factory fastapi_app:from_environment
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from css_sdk import AsyncTokenVerifier, InvalidToken, KeysUnavailable, MissingRole, VerifiedToken

LOG = logging.getLogger(__name__)
BEARER = HTTPBearer(auto_error=False)


def holder_of(role: str) -> Callable[..., Awaitable[VerifiedToken]]:
    """Return a dependency that requires a role and returns the caller."""

    async def caller(
        request: Request, sent: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
    ) -> VerifiedToken:
        if sent is None:
            raise InvalidToken("There is no token.")
        verifier: AsyncTokenVerifier = request.app.state.verifier
        token = await verifier.verify(sent.credentials)
        token.require_role(role)
        return token

    return caller


Reviewer = Annotated[VerifiedToken, Depends(holder_of("reviewer"))]


def make_app(verifier: AsyncTokenVerifier) -> FastAPI:
    """Return the application, with one verifier for its whole life."""
    app = FastAPI()
    app.state.verifier = verifier

    @app.get("/applications")
    async def applications(reviewer: Reviewer) -> dict[str, Any]:
        return {"client": reviewer.client_id, "applications": ["Tide Gauges", "Salmon Counts"]}

    @app.exception_handler(InvalidToken)
    async def unauthorized(request: Request, error: InvalidToken) -> JSONResponse:
        challenge = 'Bearer error="invalid_token"' if "Authorization" in request.headers else "Bearer"
        return JSONResponse({"error": error.reason}, 401, {"WWW-Authenticate": challenge})

    @app.exception_handler(MissingRole)
    async def forbidden(request: Request, error: MissingRole) -> JSONResponse:
        return JSONResponse({"error": f"needs the role {error.role}"}, 403)

    @app.exception_handler(KeysUnavailable)
    async def unavailable(request: Request, error: KeysUnavailable) -> JSONResponse:
        LOG.warning("%s", error)
        return JSONResponse({"error": "try again"}, 503, {"Retry-After": f"{error.retry_after or 1:.0f}"})

    return app


def from_environment() -> FastAPI:
    """Return the application for the issuer and the audience in the environment."""
    missing = [name for name in ("ISSUER", "AUDIENCE") if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"Set {' and '.join(missing)}: ISSUER to the claim iss, AUDIENCE to your own client id.")
    return make_app(AsyncTokenVerifier(os.environ["ISSUER"], os.environ["AUDIENCE"]))
