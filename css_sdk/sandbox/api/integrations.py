"""Answer the calls on integrations."""

from __future__ import annotations

from typing import Any, Final

from ..http import Response, json_response
from ..world.world import Integration
from .route import INTEGRATION, route
from .service import Call, Service


def list_integrations(service: Service, call: Call) -> Response:
    """Answer `GET /integrations` with the team's Gold integrations."""
    order = ("id", "projectName", "authType", "environments", "status", "createdAt", "updatedAt")
    found = [
        _view(integration, order)
        for integration in service.world.integrations.values()
        if integration.team == call.team.id and integration.service_type == "gold" and not integration.archived
    ]
    return json_response(200, {"data": found})


def get_integration(service: Service, call: Call) -> Response:
    """Answer `GET I` for integrations of every service type. `list_integrations` orders the keys differently."""
    order = ("id", "projectName", "environments", "status", "authType", "createdAt", "updatedAt")
    return json_response(200, _view(service.integration(call), order))


def verify_token(service: Service, call: Call) -> Response:
    """Answer `GET /verify-token`, with the team's id as a string."""
    return json_response(200, {"teamId": str(call.team.id)})


def _view(integration: Integration, order: tuple[str, ...]) -> dict[str, Any]:
    values = {
        "id": integration.id,
        "projectName": integration.project_name,
        "authType": integration.auth_type,
        "environments": list(integration.environments),
        "status": integration.status,
        "createdAt": integration.created_at,
        "updatedAt": integration.updated_at,
    }
    return {name: values[name] for name in order}


ROUTES: Final = (
    route("GET /verify-token", verify_token, takes_query=True),
    route("GET /integrations", list_integrations),
    route(f"GET {INTEGRATION}", get_integration),
)
