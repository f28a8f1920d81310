"""Store the roles of an integration in one environment, with their children and members."""

from __future__ import annotations

from operator import attrgetter
from typing import Final
from zlib import crc32

from attrs import define, field

NAME_LIMIT: Final = 255  # characters of a role name that the login server can store
LISTED: Final = 5000  # the largest number of roles that a listing of the login server contains


@define(eq=False)
class Role:
    """A role. Two roles are equal only if they are one object, because a renamed role keeps members and parents."""

    name: str
    order: int  # the key by which listings are sorted; it has no meaning
    children: set[Role] = field(factory=set, repr=False)
    members: set[str] = field(factory=set, repr=False)  # usernames in lower case

    def view(self) -> dict[str, object]:
        """Return the role as the API shows it."""
        return {"name": self.name, "composite": bool(self.children)}


class Client:
    """Hold the roles of one integration in one environment.

    Attributes:
        roles: by name.
        booked: the names of the roles in the service's own book-keeping. After a failed creation, for example, a role
            can exist on the login server and be missing here.
    """

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.roles: dict[str, Role] = {}
        self.booked: set[str] = set()
        self._roles_of: dict[str, set[Role]] = {}

    def listed(self) -> list[Role]:
        """Return the roles that a listing contains: at most 5000, in an order without meaning."""
        return sorted(self.roles.values(), key=attrgetter("order"))[:LISTED]

    def visible(self, name: str) -> Role | None:
        """Return the role of this name if a listing contains it, else None."""
        role = self.roles.get(name)
        if role is None or len(self.roles) <= LISTED:
            return role
        return role if role in self.listed() else None

    def create(self, name: str) -> Role:
        """Create a role that does not exist yet."""
        role = Role(name, crc32(name.encode("utf-8", "surrogatepass")))
        self.roles[name] = role
        return role

    def rename(self, role: Role, name: str) -> None:
        """Give a role a new name."""
        del self.roles[role.name]
        role.name = name
        self.roles[name] = role

    def delete(self, role: Role) -> None:
        """Delete a role, and remove it from its members and parents."""
        del self.roles[role.name]
        for parent in self.roles.values():
            parent.children.discard(role)
        for username in role.members:
            self._forget(username, role)

    def direct_roles(self, username: str) -> list[Role]:
        """Return the roles assigned to a user directly."""
        return sorted(self._roles_of.get(username.lower(), ()), key=attrgetter("order"))

    def effective(self, username: str) -> list[Role]:
        """Return the roles of a user with all their descendants, each once."""
        found: dict[Role, None] = {}
        waiting = self.direct_roles(username)
        while waiting:
            role = waiting.pop()
            if role not in found:
                found[role] = None
                waiting.extend(role.children)
        return sorted(found, key=attrgetter("order"))

    def roles_by_username(self) -> dict[str, set[str]]:
        """Return the names of the direct roles of each user."""
        return {username: {role.name for role in roles} for username, roles in self._roles_of.items()}

    def assign(self, username: str, role: Role) -> None:
        """Give a user a role."""
        role.members.add(username.lower())
        self._roles_of.setdefault(username.lower(), set()).add(role)

    def unassign(self, username: str, role: Role) -> None:
        """Remove a role from a user."""
        role.members.discard(username.lower())
        self._forget(username.lower(), role)

    def _forget(self, username: str, role: Role) -> None:
        roles = self._roles_of.get(username, set())
        roles.discard(role)
        if not roles:
            self._roles_of.pop(username, None)
