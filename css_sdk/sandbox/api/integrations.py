"""The calls on integrations."""

from __future__ import annotations

from typing import Any

from ..http import Response, json_response
from ..world.world import Integration
from .service import Call, Service
from .validation import no_query


def list_integrations(service: Service, call: Call) -> Response:
    """``GET /integrations``: the team's Gold ones."""
    no_query(call.query)
    order = ("id", "projectName", "authType", "environments", "status", "createdAt", "updatedAt")
    found = [
        _view(integration, order)
        for integration in service.world.integrations.values()
        if integration.team == call.team.id and integration.service_type == "gold"
    ]
    return json_response(200, {"data": found})


def get_integration(service: Service, call: Call) -> Response:
    """``GET I``: Gold or not, and with its keys in another order."""
    no_query(call.query)
    order = ("id", "projectName", "environments", "status", "authType", "createdAt", "updatedAt")
    return json_response(200, _view(service.integration(call), order))


def verify_token(service: Service, call: Call) -> Response:
    """``GET /verify-token``; the team's id is a text."""
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
