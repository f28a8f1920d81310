"""The calls on roles and their composites.

The API puts a role's name into the path of its own request to the login server, where ``.`` and ``..`` collapse: the
first becomes the list of roles, the second the client itself. What then happens is told beside each call.
"""

from __future__ import annotations

from ..http import Refusal, Response, Unforeseen, empty_json, json_response
from ..world.store import NAME_LIMIT, Client, Role
from .service import Call, Service, existing
from .validation import no_query, not_blank, role_name, role_names

DOTS = (".", "..")
NO_CONTENT = Response(204)


class Destructive(Exception):
    """Carrying this out would destroy something that the call does not name."""


def list_roles(service: Service, call: Call) -> Response:
    """``GET I/E/roles``."""
    no_query(call.query)
    integration = service.integration(call)
    client = service.client(call, integration, service.environment(call))
    return json_response(200, {"data": [role.view() for role in client.listed()]})


def get_role(service: Service, call: Call) -> Response:
    """``GET I/E/roles/R``: 404 whatever is missing; a name of dots gets an answer that is no role."""
    no_query(call.query)
    name = call.role()
    integration = service.integration(call)
    environment = service.environment(call)
    try:
        client = service.client(call, integration, environment)
    except Refusal:
        raise Refusal(404, f"role {name} not found") from None
    if name in DOTS:
        return json_response(200, {})
    role = client.roles.get(name)
    if role is None:
        raise Refusal(404, f"role {name} not found")
    return json_response(200, role.view())


def create_role(service: Service, call: Call) -> Response:
    """``POST I/E/roles``: a name too long for the login server answers 201, says nothing and does nothing."""
    no_query(call.query)
    name = role_name(call.body)
    integration = service.integration(call)
    client = service.client(call, integration, service.environment(call))
    if name in client.roles:
        raise Refusal(409, f"role {name} already exists")
    if len(name) > NAME_LIMIT:
        return empty_json(201)
    role = client.create(name)
    client.booked.add(name)
    if name in DOTS:
        service.note(call, "a role of this name can be created, and then be neither read nor renamed")
        return json_response(201, {})
    return json_response(201, role.view())


def rename_role(service: Service, call: Call) -> Response:
    """``PUT I/E/roles/R``: an empty 200 where the login server refused for another reason than the names."""
    no_query(call.query)
    name = call.role()
    new = role_name(call.body)
    integration = service.integration(call)
    environment = service.environment(call)
    try:
        client = service.client(call, integration, environment)
    except Refusal:
        return empty_json(200)
    if name in DOTS:
        service.note(call, "a role of this name cannot be renamed")
        return empty_json(200)
    role = client.roles.get(name)
    if role is None:
        raise Refusal(404, f"role {name} not found")
    if client.roles.get(new, role) is not role:
        raise Refusal(409, f"role {new} already exists")
    if len(new) > NAME_LIMIT:
        return empty_json(200)
    client.rename(role, new)
    client.booked.discard(name)
    client.booked.add(new)
    return json_response(200, {} if new in DOTS else role.view())


def delete_role(service: Service, call: Call) -> Response:
    """``DELETE I/E/roles/R``: 204 as well where there is no client.

    Raises:
        Destructive: the name is ``..``, which the login server takes for the client itself.
    """
    no_query(call.query)
    name = call.role()
    integration = service.integration(call)
    environment = service.environment(call)
    try:
        client = service.client(call, integration, environment)
    except Refusal:
        return NO_CONTENT
    if name == "..":
        raise Destructive(f"deletes the whole client {client.client_id} in {environment}: login, roles and members")
    if name == ".":
        service.note(call, "a role of this name cannot be deleted")
    else:
        role = client.roles.get(name)
        if role is None:
            raise Refusal(404, f"role {name} not found")
        client.delete(role)
    client.booked.discard(name)
    return NO_CONTENT


def list_composites(service: Service, call: Call) -> Response:
    """``GET I/E/roles/R/composite-roles``."""
    no_query(call.query)
    name = call.role()
    integration = service.integration(call)
    client = service.client(call, integration, service.environment(call))
    role = _addressable(client, name)
    children = sorted(role.children, key=lambda child: child.order)
    return json_response(200, {"data": [child.view() for child in children]})


def get_composite(service: Service, call: Call) -> Response:
    """``GET I/E/roles/R/composite-roles/C``."""
    no_query(call.query)
    name, child_name = call.role(), call.role("composite")
    integration = service.integration(call)
    _different(name, child_name)
    client = service.client(call, integration, service.environment(call))
    existing(client, name)
    child = existing(client, child_name, "composite role")
    if child not in _addressable(client, name).children:
        raise Refusal(404, f"role {child_name} not found")
    return json_response(200, child.view())


def add_composites(service: Service, call: Call) -> Response:
    """``POST I/E/roles/R/composite-roles``: a child that the service's books lack makes it 422, with the work done."""
    no_query(call.query)
    name = call.role()
    children = role_names(call.body)
    integration = service.integration(call)
    environment = service.environment(call)
    for child in children:
        not_blank(child)
        if child == name:
            raise Refusal(400, f"role {name} cannot be associated with itself")
    client = service.client(call, integration, environment)
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
    """``DELETE I/E/roles/R/composite-roles/C``: 204 as well when it is no child."""
    no_query(call.query)
    name, child_name = call.role(), call.role("composite")
    integration = service.integration(call)
    environment = service.environment(call)
    _different(name, child_name)
    client = service.client(call, integration, environment)
    existing(client, name)
    child = existing(client, child_name, "composite role")
    _addressable(client, name).children.discard(child)
    return NO_CONTENT


def _different(name: str, child: str) -> None:
    if name == child:
        raise Refusal(400, "role name and composite role name cannot be same")


def _addressable(client: Client, name: str) -> Role:
    """A role that is there and whose children the login server can be asked for."""
    role = existing(client, name)
    if name in DOTS:
        raise Unforeseen
    return role
