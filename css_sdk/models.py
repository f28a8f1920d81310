"""Define the values that calls accept and return."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Literal

from attrs import field, frozen

from ._text.tables import Record, Records
from .errors import CssError

SERVICE_ACCOUNT_PREFIX: Final = "service-account-"

PROVIDER_FAMILIES: Final = {
    "idir": ("idir", "azureidir"),
    "github": ("githubbcgov", "githubpublic"),
    "bceid": ("bceidbasic", "bceidbusiness", "bceidboth"),
}
"""The identity providers whose users can have roles, by family. All logins of a person in one family share a GUID."""
PROVIDERS: Final = tuple(provider for family in PROVIDER_FAMILIES.values() for provider in family)
EMPLOYEE_PROVIDERS: Final = PROVIDER_FAMILIES["idir"]
"""The two providers of the province's employees."""


@frozen
class ServiceAccount(Record):
    """The service account of an integration, by its client id. All calls that accept a username accept it.

    Its username is `service-account-<client id>`. css-sdk needs this class because the client id of an API account
    begins with `service-account-`, too. A text could be a client id or a username.

    >>> ServiceAccount("fisheries-service-102").username
    'service-account-fisheries-service-102'
    """

    client_id: str

    @property
    def username(self) -> str:
        """Return the username of this service account in the login server."""
        return SERVICE_ACCOUNT_PREFIX + self.client_id


@frozen
class Integration(Record):
    """An integration of the team. `environments` lists its environments, such as `dev`, `test` and `prod`."""

    id: int
    project_name: str
    auth_type: str
    environments: tuple[str, ...]
    status: str
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


@frozen
class Role(Record):
    """A role of one integration in one environment. `composite` says whether it includes other roles."""

    name: str
    composite: bool = False

    _renamed: ClassVar = {"name": "role"}


def reachable(links: Mapping[str, Iterable[str]], name: str) -> frozenset[str]:
    """Return all names to which links lead from a name, directly or through other names.

    The name itself is in the result only if links lead back to it.

    >>> sorted(reachable({"boss": ["admin"], "admin": ["reader"]}, "boss"))
    ['admin', 'reader']
    """
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(links.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return frozenset(found)


@frozen
class RoleTree(Records):
    """The roles of an environment. `children` holds the roles that each composite role includes directly, by name.

    >>> tree = RoleTree((Role("admin", composite=True), Role("reader")), {"admin": ("reader",)})
    >>> sorted(tree.descendants("admin"))
    ['reader']
    """

    roles: tuple[Role, ...]
    children: Mapping[str, tuple[str, ...]] = field(hash=False)

    def descendants(self, name: str) -> frozenset[str]:
        """Return the names of all roles that a role includes, directly or through other roles.

        The name of the role itself is among them only if the role includes itself.

        Args:
            name: the name of the role. If the tree does not contain it, the result is empty.
        """
        return reachable(self.children, name)

    def _rows(self) -> Iterator[dict[str, Any]]:
        for role in self.roles:
            yield role._cells() | {"children": ", ".join(self.children.get(role.name, ()))}


@frozen
class User(Record):
    """A user whom the login server knows. A service account has only a username."""

    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    attributes: Mapping[str, tuple[str, ...]] = field(factory=dict, hash=False)

    @property
    def name(self) -> str:
        """Return the name of the person, or "" if there is none. For users of GitHub, the name is in the attributes.

        >>> User("0f3ac87806aa7f215a7c0d4cc4d9e799@idir", first_name="Tobias", last_name="Bellwether").name
        'Tobias Bellwether'
        """
        names = (name for key in ("display_name", "github_username") for name in self.attributes.get(key, ())[:1])
        return " ".join(filter(None, (self.first_name, self.last_name))) or next(filter(None, names), "")

    @property
    def guid(self) -> str | None:
        """Return the GUID, which all logins of a person in one provider family share; None for a service account."""
        guid, at, _ = self.username.partition("@")
        return guid if at else None

    @property
    def provider(self) -> str | None:
        """Return the identity provider, such as `idir`; None for a service account."""
        return self.username.partition("@")[2] or None

    @property
    def service_account(self) -> ServiceAccount | None:
        """Return the service account, or None for a person."""
        if "@" in self.username or not self.username.startswith(SERVICE_ACCOUNT_PREFIX):
            return None
        return ServiceAccount(self.username.removeprefix(SERVICE_ACCOUNT_PREFIX))


@frozen
class LogLine(Record):
    """A line of an environment's log. `fields` holds the line as the service sent it, with all its values."""

    timestamp: datetime.datetime | None
    message: str
    fields: Mapping[str, Any] = field(hash=False)


@frozen
class WhoAmI(Record):
    """The API account whose token a client uses: its team, its client id, and the address of the API."""

    team_id: int
    client_id: str
    api_url: str


UserLike = str | ServiceAccount | User
"""A user: a username such as `<guid>@idir`, a `ServiceAccount`, or a `User` that the service returned."""


@frozen
class Grant(Record):
    """One role for one user. The user is a username such as `<guid>@idir`, a `ServiceAccount`, or a `User`."""

    user: UserLike
    role: str


Outcome = Literal["done", "already", "failed", "unknown"]
"""The outcome of one of several changes.

`done`: an answer or a read shows that the change was made. `already`: no change was needed, and none was made.
`failed`: the change was not made. `unknown`: no read could show whether the change was made.
"""


@frozen
class GrantResult(Record):
    """The outcome of one grant. If the outcome is `failed` or `unknown`, `error` holds the reason."""

    grant: Grant
    outcome: Outcome
    error: CssError | None = None


@frozen
class MembersChange(Record):
    """The usernames of the members that a call added to a role and removed from it."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


@frozen
class RoleResult(Record):
    """The outcome of creating one of several roles. If it is `failed` or `unknown`, `error` holds the reason."""

    name: str
    outcome: Outcome
    error: CssError | None = None

    _renamed: ClassVar = {"name": "role"}


@frozen
class SearchResult(Records):
    """The people whom a search found. `complete` is False if the service may have left people out.

    A search finds at most 50 people. If more people match, the service sends more than 50 rows, which repeat these 50.
    """

    users: tuple[User, ...]
    complete: bool

    _rows_in: ClassVar = "users"
