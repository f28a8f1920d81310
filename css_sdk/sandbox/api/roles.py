"""Answer the calls on roles and their composites.

The API puts a role's name into the path of its own request to the login server. There, the names `.` and `..` shorten
the path: `.` leads to the list of roles, and `..` to the client itself. The sandbox answers these names as the service
does.
"""

from __future__ import annotations

from typing import Final

from ..http import Refusal, Response, Unforeseen, empty_json, json_response
from ..world.store import NAME_LIMIT, Client, Role
from ..world.world import Integration
from .route import PLACE, ROLE, route
from .service import Call, Service, existing
from .validation import refuse_blank, role_name, role_names

DOTS: Final = (".", "..")
NO_CONTENT: Final = Response(204)


class Destructive(Exception):
    """The call would delete or stop more than its path names, such as a whole client."""


def list_roles(service: Service, call: Call) -> Response:
    """Answer `GET I/E/roles`."""
    client = service.client(call)
    return json_response(200, {"data": [role.view() for role in client.listed()]})


def get_role(service: Service, call: Call) -> Response:
    """Answer `GET I/E/roles/R`. Like the real service, answer an empty object for `.` and `..`."""
    name = call.role()
    client = service.find_client(call, service.place(call))
    if client is not None and name in DOTS:
        return json_response(200, {})
    return json_response(200, _stored(client, name).view())


def create_role(service: Service, call: Call) -> Response:
    """Answer `POST I/E/roles`.

    If the name is too long, answer an empty 201 but create no role. The real service makes the same mistake.
    """
    name = role_name(call.body)
    client = service.client(call)
    if name in client.roles:
        raise Refusal(409, f"role {name} already exists")
    if len(name) > NAME_LIMIT:
        return empty_json(201)
    role = client.create(name)
    client.booked.add(name)
    if name in DOTS:
        service.note(call, "a role of this name can be created, but nobody can read or rename it afterwards")
        return json_response(201, {})
    return json_response(201, role.view())


def rename_role(service: Service, call: Call) -> Response:
    """Answer `PUT I/E/roles/R`.

    In three cases, answer with an empty 200, and rename nothing:

    - The login server has no client for the integration.
    - The name of the role is `.` or `..`.
    - The new name is too long.

    The real service makes the same mistake.
    """
    name = call.role()
    new = role_name(call.body)
    client = service.find_client(call, service.place(call))
    if client is None:
        return empty_json(200)
    if name in DOTS:
        service.note(call, "a role of this name cannot be renamed")
        return empty_json(200)
    role = _stored(client, name)
    if client.roles.get(new, role) is not role:
        raise Refusal(409, f"role {new} already exists")
    if len(new) > NAME_LIMIT:
        return empty_json(200)
    client.rename(role, new)
    client.booked.discard(name)
    client.booked.add(new)
    return json_response(200, {} if new in DOTS else role.view())


def delete_role(service: Service, call: Call) -> Response:
    """Answer `DELETE I/E/roles/R`. If the login server has no client, answer 204, as the real service does.

    Raises:
        Destructive: the name is `..`. The login server would delete the whole client.
    """
    name = call.role()
    place = service.place(call)
    client = service.find_client(call, place)
    if client is None:
        return NO_CONTENT
    if name == "..":
        raise Destructive(f"deletes the whole client {client.client_id} in {place[1]}: login, roles and members")
    if name == ".":
        service.note(call, "a role of this name cannot be deleted")
    else:
        client.delete(_stored(client, name))
    client.booked.discard(name)
    return NO_CONTENT


def list_composites(service: Service, call: Call) -> Response:
    """Answer `GET I/E/roles/R/composite-roles`."""
    name = call.role()
    client = service.client(call)
    role = _addressable(client, name)
    children = sorted(role.children, key=lambda child: child.order)
    return json_response(200, {"data": [child.view() for child in children]})


def get_composite(service: Service, call: Call) -> Response:
    """Answer `GET I/E/roles/R/composite-roles/C`."""
    names = call.role(), call.role("composite")
    service.integration(call)
    parent, child = _parent_and_child(service, call, *names)
    if child not in parent.children:
        raise Refusal(404, f"role {child.name} not found")
    return json_response(200, child.view())


def add_composites(service: Service, call: Call) -> Response:
    """Answer `POST I/E/roles/R/composite-roles`.

    If a child is missing in the service's own book-keeping, answer 422. But the children are added, as on the service.
    """
    name = call.role()
    children = role_names(call.body)
    place = service.place(call)
    for child in children:
        refuse_blank(child)
        if child == name:
            raise Refusal(400, f"role {name} cannot be associated with itself")
    client = service.client(call, place)
    existing(client, name)
    missing = [child for child in children if client.visible(child) is None]
    if missing:
        raise Refusal(404, f"composite roles ({', '.join(missing)}) not found")
    role = _addressable(client, name)
    role.children.update(client.roles[child] for child in children)
    client.booked.add(name)
    if any(child not in client.booked for child in children):
        raise Unforeseen
    return json_response(200, role.view())


def remove_composite(service: Service, call: Call) -> Response:
    """Answer `DELETE I/E/roles/R/composite-roles/C` with 204, even if C is not a child of R."""
    names = call.role(), call.role("composite")
    place = service.place(call)
    parent, child = _parent_and_child(service, call, *names, place)
    parent.children.discard(child)
    return NO_CONTENT


def _stored(client: Client | None, name: str) -> Role:
    """Return a role of the login server, even if it is not in the list of roles. A list holds at most 5000 roles."""
    role = None if client is None else client.roles.get(name)
    if role is None:
        raise Refusal(404, f"role {name} not found")
    return role


def _parent_and_child(
    service: Service, call: Call, name: str, child_name: str, place: tuple[Integration, str] | None = None
) -> tuple[Role, Role]:
    """Return the two roles that the path names. The second role need not be a child of the first role."""
    if name == child_name:
        raise Refusal(400, "role name and composite role name cannot be same")
    client = service.client(call, place)
    existing(client, name)
    child = existing(client, child_name, "composite role")
    return _addressable(client, name), child


def _addressable(client: Client, name: str) -> Role:
    """Return a role. Refuse `.` and `..`, because the login server cannot read the children of these roles."""
    role = existing(client, name)
    if name in DOTS:
        raise Unforeseen
    return role


ROUTES: Final = (
    route(f"GET {PLACE}/roles", list_roles),
    route(f"POST {PLACE}/roles", create_role, "create"),
    route(f"GET {ROLE}", get_role, "role"),
    route(f"PUT {ROLE}", rename_role, "rename"),
    route(f"DELETE {ROLE}", delete_role, "delete"),
    route(f"GET {ROLE}/composite-roles", list_composites),
    route(f"POST {ROLE}/composite-roles", add_composites),
    route(f"GET {ROLE}/composite-roles/{{composite}}", get_composite),
    route(f"DELETE {ROLE}/composite-roles/{{composite}}", remove_composite),
)
