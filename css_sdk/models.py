"""What users of the package hold: frozen values, none of them generated."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Literal

from attrs import field, frozen

from ._text.tables import Tabular
from .errors import CssError

SERVICE_ACCOUNT_PREFIX: Final = "service-account-"

PROVIDER_FAMILIES: Final = {
    "idir": ("idir", "azureidir"),
    "github": ("githubbcgov", "githubpublic"),
    "bceid": ("bceidbasic", "bceidbusiness", "bceidboth"),
}
"""The identity providers whose users can have roles; a person's logins within a family share their GUID."""
PROVIDERS: Final = tuple(provider for family in PROVIDER_FAMILIES.values() for provider in family)
EMPLOYEE_PROVIDERS: Final = PROVIDER_FAMILIES["idir"]
"""The two logins of the province's own people; one person's logins share a GUID."""


@frozen
class ServiceAccount(Tabular):
    """The service account of an integration, told by its client id; accepted wherever a username is.

    The login server calls it `service-account-<client id>`. The client id of an API account begins with
    `service-account-` itself, so a text alone does not tell which of the two it is: hence this class.

    >>> ServiceAccount("fisheries-service-102").username
    'service-account-fisheries-service-102'
    """

    client_id: str

    @property
    def username(self) -> str:
        """Its username in the login server."""
        return SERVICE_ACCOUNT_PREFIX + self.client_id


@frozen
class Integration(Tabular):
    """An integration of the team. `environments` holds those of `dev`, `test` and `prod` that it has."""

    id: int
    project_name: str
    auth_type: str
    environments: tuple[str, ...]
    status: str
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None


@frozen
class Role(Tabular):
    """A role of one integration in one environment; `composite` tells whether it stands for others too."""

    name: str
    composite: bool = False

    _renamed: ClassVar = {"name": "role"}


@frozen
class RoleTree(Tabular):
    """Roles and their children; `children` holds an entry for each composite role.

    >>> tree = RoleTree((Role("admin", composite=True), Role("reader")), {"admin": ("reader",)})
    >>> sorted(tree.descendants("admin"))
    ['reader']
    """

    roles: tuple[Role, ...]
    children: Mapping[str, tuple[str, ...]] = field(hash=False)

    def descendants(self, name: str) -> frozenset[str]:
        """All roles that the role stands for, through others as well; the role itself only where there is a circle.

        Args:
            name: of the role; one that is not in the tree has no descendants.

        Returns:
            Their names.
        """
        found: set[str] = set()
        waiting = list(self.children.get(name, ()))
        while waiting:
            child = waiting.pop()
            if child not in found:
                found.add(child)
                waiting += self.children.get(child, ())
        return frozenset(found)

    def _rows(self) -> Iterator[dict[str, Any]]:
        for role in self.roles:
            yield role._cells() | {"children": ", ".join(self.children.get(role.name, ()))}


@frozen
class User(Tabular):
    """Somebody whom the login server knows. A service account has a username and nothing else."""

    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    attributes: Mapping[str, tuple[str, ...]] = field(factory=dict, hash=False)

    @property
    def guid(self) -> str | None:
        """The person's identity, the same for all logins of one provider family; None for a service account."""
        guid, at, _ = self.username.partition("@")
        return guid if at else None

    @property
    def provider(self) -> str | None:
        """The identity provider, such as `idir`; None for a service account."""
        return self.username.partition("@")[2] or None

    @property
    def service_account(self) -> ServiceAccount | None:
        """The service account that this is, or None for a person."""
        if "@" in self.username or not self.username.startswith(SERVICE_ACCOUNT_PREFIX):
            return None
        return ServiceAccount(self.username.removeprefix(SERVICE_ACCOUNT_PREFIX))


@frozen
class LogLine(Tabular):
    """A line of an environment's log; `fields` holds all that the service told, as it came."""

    timestamp: datetime.datetime | None
    message: str
    fields: Mapping[str, Any] = field(hash=False)


@frozen
class WhoAmI(Tabular):
    """The API account in use, as its own token tells it."""

    team_id: int
    client_id: str
    api_url: str


UserLike = str | ServiceAccount | User
"""Whatever stands for a user: a username such as `<guid>@idir`, a `ServiceAccount`, or a `User` that was found."""


@frozen
class Grant(Tabular):
    """One role for one user: a username such as `<guid>@idir`, a `ServiceAccount`, or a `User`."""

    user: UserLike
    role: str


Outcome = Literal["confirmed", "already", "failed", "unknown"]
"""How one item of many ended.

`confirmed`: an answer or a read proves it. `already`: it was so before, and nothing was sent. `failed`: nothing here
brought it about. `unknown`: it may be so or not, and no read could tell.
"""


@frozen
class GrantResult(Tabular):
    """How one grant ended; `error` says why where it is `failed` or `unknown`."""

    grant: Grant
    outcome: Outcome
    error: CssError | None = None


@frozen
class MembersChange(Tabular):
    """Whom a role got and whom it lost, as usernames."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


@frozen
class RoleResult(Tabular):
    """How the creation of one of many roles ended; `error` says why where it is `failed` or `unknown`."""

    name: str
    outcome: Outcome
    error: CssError | None = None

    _renamed: ClassVar = {"name": "role"}


@frozen
class SearchResult(Tabular):
    """People found by a search. `complete` is False where the service may have left some out.

    The service stops at 50 people and then repeats the first page, so more than 50 rows mean "incomplete".
    """

    users: tuple[User, ...]
    complete: bool

    _rows_in: ClassVar = "users"
