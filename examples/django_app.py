"""Serve a web API with Django to callers who have the role `reviewer` in an integration of CSS.

Set `ISSUER` and `AUDIENCE`. Then run: gunicorn "django_app:from_environment()"
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from css_sdk import InvalidToken, KeysUnavailable, MissingRole, TokenVerifier, VerifiedToken

LOG = logging.getLogger(__name__)
View = Callable[[HttpRequest, VerifiedToken], JsonResponse]

verifier: TokenVerifier
"""One verifier for the whole life of the application and all its threads."""


def needs(role: str) -> Callable[[View], Callable[[HttpRequest], JsonResponse]]:
    """Require a role for a view, which gets the token of the caller."""

    def decorate(view: View) -> Callable[[HttpRequest], JsonResponse]:
        @wraps(view)
        def guarded(request: HttpRequest) -> JsonResponse:
            kind, _, sent = request.headers.get("Authorization", "").partition(" ")
            try:
                if kind.lower() != "bearer":
                    raise InvalidToken("There is no token.")
                token = verifier.verify(sent)
                token.require_role(role)
            except InvalidToken as error:
                challenge = 'Bearer error="invalid_token"' if kind else "Bearer"
                return _answer(401, error.reason, {"WWW-Authenticate": challenge})
            except MissingRole as error:
                return _answer(403, f"needs the role {error.role}")
            except KeysUnavailable as error:
                LOG.warning("%s", error)
                return _answer(503, "try again", {"Retry-After": f"{error.retry_after or 1:.0f}"})
            return view(request, token)

        return guarded

    return decorate


def _answer(status: int, error: str, headers: dict[str, str] | None = None) -> JsonResponse:
    return JsonResponse({"error": error}, status=status, headers=headers or {})


@needs("reviewer")
def applications(request: HttpRequest, token: VerifiedToken) -> JsonResponse:
    """List the applications to review."""
    return JsonResponse({"client": token.client_id, "applications": ["Tide Gauges", "Salmon Counts"]})


urlpatterns = [path("applications", applications)]


def make_app(given: TokenVerifier, **options: Any) -> WSGIHandler:
    """Return the application.

    Args:
        given: the verifier.
        options: settings of Django, such as `ALLOWED_HOSTS`.
    """
    global verifier  # noqa: PLW0603 - Django finds its views by the name of their module
    verifier = given
    if not settings.configured:
        settings.configure(ROOT_URLCONF=__name__, **options)
    return get_wsgi_application()


def from_environment() -> WSGIHandler:
    """Return the application for the issuer and the audience in the environment."""
    missing = [name for name in ("ISSUER", "AUDIENCE") if not os.environ.get(name)]
    if missing:
        raise SystemExit(f"Set {' and '.join(missing)}: ISSUER to the claim iss, AUDIENCE to your own client id.")
    return make_app(TokenVerifier(os.environ["ISSUER"], os.environ["AUDIENCE"]), ALLOWED_HOSTS=["*"])
