"""What an integration has in one environment's login server: roles, their children and their holders."""

from __future__ import annotations

from operator import attrgetter
from zlib import crc32

from attrs import define, field

NAME_LIMIT = 255  # characters of a role name that the login server can store
LISTED = 5000  # roles that the service ever sees at once


@define(eq=False)
class Role:
    """A role. Two roles are the same only when they are one object, so that renaming keeps holders and parents."""

    name: str
    order: int  # its place in listings, which has no meaning
    children: set[Role] = field(factory=set, repr=False)
    members: set[str] = field(factory=set, repr=False)  # usernames in lower case

    def view(self) -> dict[str, object]:
        """As the API shows it."""
        return {"name": self.name, "composite": bool(self.children)}


class Client:
    """The roles of one integration in one environment.

    Attributes:
        roles: by name.
        booked: the names that the service has in its own book-keeping; a role may be missing there.
    """

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.roles: dict[str, Role] = {}
        self.booked: set[str] = set()
        self._held: dict[str, set[Role]] = {}

    def listed(self) -> list[Role]:
        """The roles that a listing shows: in no useful order, and never more than 5000."""
        return sorted(self.roles.values(), key=attrgetter("order"))[:LISTED]

    def visible(self, name: str) -> Role | None:
        """The role of that name when a listing would show it."""
        role = self.roles.get(name)
        if role is None or len(self.roles) <= LISTED:
            return role
        return role if role in self.listed() else None

    def create(self, name: str) -> Role:
        """Add a role that is not there yet."""
        role = Role(name, crc32(name.encode("utf-8", "surrogatepass")))
        self.roles[name] = role
        return role

    def rename(self, role: Role, name: str) -> None:
        """Give a role another name."""
        del self.roles[role.name]
        role.name = name
        self.roles[name] = role

    def delete(self, role: Role) -> None:
        """Take a role away, from its holders and its parents too."""
        del self.roles[role.name]
        for parent in self.roles.values():
            parent.children.discard(role)
        for username in role.members:
            self._forget(username, role)

    def held(self, username: str) -> list[Role]:
        """The roles given to a user directly."""
        return sorted(self._held.get(username.lower(), ()), key=attrgetter("order"))

    def effective(self, username: str) -> list[Role]:
        """The roles given to a user, with their children and theirs, each once."""
        found: dict[Role, None] = {}
        waiting = self.held(username)
        while waiting:
            role = waiting.pop()
            if role not in found:
                found[role] = None
                waiting.extend(role.children)
        return sorted(found, key=attrgetter("order"))

    def holders(self) -> dict[str, set[str]]:
        """Who holds which roles directly."""
        return {username: {role.name for role in roles} for username, roles in self._held.items()}

    def assign(self, username: str, role: Role) -> None:
        """Give a user a role."""
        role.members.add(username.lower())
        self._held.setdefault(username.lower(), set()).add(role)

    def unassign(self, username: str, role: Role) -> None:
        """Take a role from a user."""
        role.members.discard(username.lower())
        self._forget(username.lower(), role)

    def _forget(self, username: str, role: Role) -> None:
        held = self._held.get(username, set())
        held.discard(role)
        if not held:
            self._held.pop(username, None)
