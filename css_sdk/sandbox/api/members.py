"""Answer the calls that read and change who has which role. Some of these calls are deprecated."""

from __future__ import annotations

from typing import Final

from ..http import Refusal, Response, Unforeseen, json_response
from ..javascript import json_number
from ..world.store import Client
from ..world.world import SERVICE_ACCOUNT, Integration
from .roles import DOTS, NO_CONTENT, Destructive
from .route import PLACE, ROLE, route
from .service import Call, Service, existing, user_view
from .validation import Query, page_and_max, refuse_blank, role_names

LAST: Final = 2**31 - 1  # the largest number that the login server can read


def list_members(service: Service, call: Call) -> Response:
    """Answer `GET I/E/roles/R/users` with the members sorted by username.

    The login server needs the position of the first member and the length as whole numbers up to `LAST`. If they are
    not such numbers, answer 404, as the service does.
    """
    name = call.role()
    page, length = page_and_max(call.query)
    environment = service.environment(call)
    client = service.client(call)
    role = client.roles.get(name)
    first = (page - 1) * length
    if role is None or name in DOTS or first > LAST or first != int(first) or length != int(length):
        raise Refusal(404, f"role {name} not found")
    usernames = sorted(role.members)[int(first) : int(first + length)]
    found = [user for user in (service.world.user(username, environment) for username in usernames) if user]
    return json_response(200, {"page": json_number(page), "data": [user_view(user) for user in found]})


def list_user_roles(service: Service, call: Call) -> Response:
    """Answer `GET I/E/users/U/roles`."""
    integration, environment = place = service.place(call)
    username = _username(call, integration)
    client = service.client(call, place)
    service.user(username, environment)
    return _roles_of(client, username, 200)


def assign_roles(service: Service, call: Call) -> Response:
    """Answer `POST I/E/users/U/roles`, which assigns all of the roles or none."""
    names = role_names(call.body)
    integration, environment = place = service.place(call)
    username = _username(call, integration)
    for name in names:
        refuse_blank(name)
    client = service.client(call, place)
    service.user(username, environment)
    missing = [name for name in names if client.visible(name) is None]
    if missing:
        raise Refusal(404, f"roles ({', '.join(missing)}) not found")
    for name in names:
        client.assign(username, client.roles[name])
    return _roles_of(client, username, 201)


def unassign_role(service: Service, call: Call) -> Response:
    """Answer `DELETE I/E/users/U/roles/R` with 204, even if the user does not have the role."""
    name = call.role()
    refuse_blank(name)
    integration, environment = place = service.place(call)
    username = _username(call, integration)
    client = service.client(call, place)
    service.user(username, environment)
    client.unassign(username, existing(client, name))
    return NO_CONTENT


def _username(call: Call, integration: Integration) -> str:
    """Return the username of the path. The integration's own client id means its service account."""
    username = call.parameters["username"]
    return SERVICE_ACCOUNT + username if username == integration.client_id else username


def _roles_of(client: Client, username: str, status: int) -> Response:
    return json_response(status, {"data": [role.view() for role in client.direct_roles(username)]})


def list_mappings(service: Service, call: Call) -> Response:
    """Answer `GET I/E/user-role-mappings`, which is deprecated.

    Like the real service, answer 422 if a mapping matches, and return empty lists if none matches. If only a role is
    given, answer 404.
    """
    name, username = _mapping_terms(call.query)
    _, environment = place = service.place(call)
    client = service.client(call, place) if name or username else None
    if client is None:
        return json_response(200, {"users": [], "roles": []})
    if name:
        existing(client, name)
    if not username:
        raise Refusal(404, f"role {name} not found")
    service.user(username, environment)
    names = {role.name for role in client.direct_roles(username)}
    if name in names or (names and not name):
        raise Unforeseen
    return json_response(200, {"users": [], "roles": []})


def _mapping_terms(query: Query) -> tuple[str, str]:
    if not query.keys() & {"roleName", "username"}:
        raise Refusal(400, "roleName is required")
    name, username = query.get("roleName", ""), query.get("username", "")
    if not isinstance(name, str) or not isinstance(username, str):
        raise Refusal(400, "must be string")
    if query.keys() - {"roleName", "username"}:
        raise Refusal(400, "only roleName and username are supported")
    return name, username


def change_mapping(service: Service, call: Call) -> Response:
    """Refuse `POST I/E/user-role-mappings`, which is deprecated. This call stops the server of the real service.

    Raises:
        Destructive: always.
    """
    raise Destructive("stops the server process")


_USER: Final = PLACE + "/users/{username}/roles"
ROUTES: Final = (
    route(f"GET {ROLE}/users", list_members, takes_query=True),
    route(f"GET {_USER}", list_user_roles),
    route(f"POST {_USER}", assign_roles),
    route(f"DELETE {_USER}/{{role}}", unassign_role),
    route(f"GET {PLACE}/user-role-mappings", list_mappings, takes_query=True),
    route(f"POST {PLACE}/user-role-mappings", change_mapping, takes_query=True),
)
