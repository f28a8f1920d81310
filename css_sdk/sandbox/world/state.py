"""Hold what the API can change, and keep it in a file.

A state file has five lists. A world file may have the same lists.
In the entries, `I` stands for `"integration": id, "environment": …`.

- `roles`: `{I, "name"}`.
- `composites`: `{I, "role", "children": [name, …]}`.
- `grants`: `{I, "role", "username"}`.
- `logins`: `{I, "username"}`, the people who logged in to an integration. A BCeID search finds only these people.
- `unbooked`: `{I, "name"}`, the roles that are missing in the service's own book-keeping.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import SandboxError
from . import files
from .fields import checked_list, checked_text, each, reading, text, whole_number
from .store import Client, Role
from .world import SERVICE_ACCOUNT, World, read_json


class State:
    """Hold roles, composites, grants and logins of all integrations.

    Attributes:
        clients: the roles of each integration, by integration id and environment.
        logins: integration id, environment and username of each login.
    """

    def __init__(self, world: World, path: Path | None = None, fresh: bool = False) -> None:
        """Read the state from the file at `path`, and write the file.

        If the file does not exist, or `fresh` is true, begin with the roles, grants and logins of the world.
        """
        self._world = world
        self._path = path
        self.clients = {
            (integration.id, environment): Client(integration.client_id)
            for integration in world.integrations.values()
            for environment in integration.environments
            if integration.client_id
        }
        self.logins: set[tuple[int, str, str]] = set()
        if path is not None and files.exists(path) and not fresh:
            document = read_json(path, "state", files.read)
            with reading(f"the state file {path} cannot be used with this world"):
                self._fill(document)
        else:
            with reading(f"{world.name} cannot be used"):
                self._fill(world.seeds)
        self._begin()

    def client(self, integration: int, environment: str) -> Client:
        """Return the roles of an integration in an environment."""
        found = self.clients.get((integration, environment))
        if found is not None:
            return found
        known = self._world.known_integration(integration)
        if environment in known.environments:
            raise SandboxError(f"integration {integration} has no client_id, so it has no roles")
        names = ", ".join(known.environments) or "none"
        raise SandboxError(
            f"integration {integration} has no environment {environment!r}; its environments are {names}"
        )

    def role(self, integration: int, environment: str, name: str) -> Role:
        """Return a role by name."""
        try:
            return self.client(integration, environment).roles[name]
        except KeyError:
            raise SandboxError(f"integration {integration} has no role {name!r} in {environment}") from None

    def create_role(self, integration: int, environment: str, name: str, booked: bool = True) -> Role:
        """Return a role. If it does not exist, create it.

        If `booked`, add the role to the service's own book-keeping.
        """
        client = self.client(integration, environment)
        role = client.roles.get(name) or client.create(name)
        if booked:
            client.booked.add(name)
        return role

    def grant(self, integration: int, environment: str, role: str, username: str) -> None:
        """Give a user a role."""
        found = self.role(integration, environment, role)
        client = self.client(integration, environment)
        username = _account(client, username)
        self._world.known_user(username, environment)
        client.assign(username, found)

    def revoke(self, integration: int, environment: str, role: str, username: str) -> None:
        """Remove a role from a user."""
        client = self.client(integration, environment)
        client.unassign(_account(client, username), self.role(integration, environment, role))

    def document(self) -> dict[str, Any]:
        """Return the whole state as the content of a state file."""
        found: dict[str, Any] = {"version": 1, "roles": [], "composites": [], "grants": [], "unbooked": []}
        for (integration, environment), client in self.clients.items():
            where = {"integration": integration, "environment": environment}
            for role in client.roles.values():
                found["roles"].append({**where, "name": role.name})
                if role.name not in client.booked:
                    found["unbooked"].append({**where, "name": role.name})
                if role.children:
                    children = sorted(child.name for child in role.children)
                    found["composites"].append({**where, "role": role.name, "children": children})
                found["grants"] += [{**where, "role": role.name, "username": name} for name in sorted(role.members)]
        found["logins"] = [
            {"integration": integration, "environment": environment, "username": username}
            for integration, environment, username in sorted(self.logins)
        ]
        return found

    def save(self) -> None:
        """Write the state file, if the sandbox has one. An interruption leaves either the old or the new content.

        Only the owner can read the new file, even if others could read the old one.
        """
        if self._path is not None:
            files.replace(self._path, json.dumps(self.document()).encode())

    def _begin(self) -> None:
        try:
            self.save()
        except OSError as error:
            raise SandboxError(f"the state file {self._path} cannot be written: {error.strerror or error}") from error

    def _fill(self, document: Mapping[str, Any]) -> None:
        builders: dict[str, Callable[[Mapping[str, Any]], object]] = {
            "roles": lambda entry: self.create_role(*_place(entry), text(entry, "name")),
            "unbooked": lambda entry: self.client(*_place(entry)).booked.discard(text(entry, "name")),
            "composites": self._fill_composite,
            "grants": lambda entry: self.grant(*_place(entry), text(entry, "role"), text(entry, "username")),
            "logins": lambda entry: self.logins.add((*_place(entry), text(entry, "username").lower())),
        }
        for name, build in builders.items():
            for _ in each({name: [], **document}, name, build):
                pass

    def _fill_composite(self, entry: Mapping[str, Any]) -> None:
        place = _place(entry)
        names = [checked_text(name, "a child") for name in checked_list(entry["children"], "children")]
        self.role(*place, text(entry, "role")).children.update(self.role(*place, name) for name in names)


def _account(client: Client, username: str) -> str:
    """Return a username. The integration's own client id means its service account."""
    return SERVICE_ACCOUNT + username if username == client.client_id else username


def _place(entry: Mapping[str, Any]) -> tuple[int, str]:
    """Return the integration and the environment of an entry."""
    return whole_number(entry, "integration"), text(entry, "environment")
