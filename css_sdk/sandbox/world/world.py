"""Read a world: teams, integrations and people, which the API cannot change.

A world file is one JSON object:

- `teams`: `{"id", "name", "api_account": {"id", "client_id", "client_secret"}}`, at least one.
- `integrations`: `{"id", "team", "project_name", "client_id", "client_secret", "auth_type", "environments",
  "service_type", "status"}`. If an integration is not yet applied, its `client_id` is null. If an integration has
  `"archived": true`, the API answers as if the integration did not exist.
- `users`: `{"username", "email", "firstName", "lastName", "attributes"}`. A user may also have `environments`, a list
  of the environments whose login server knows the user. The default is all three.

A world may also describe two other systems, `cern` and `bss` (see `other_systems`).

A world file may also hold the initial state of what the API can change (see `state`): `roles`, `composites`, `grants`,
`logins`, `unbooked`. Other names are ignored, and can hold remarks.
"""

from __future__ import annotations

import json
import pickle
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from ..errors import SandboxError
from .fields import (
    by_key,
    check,
    checked_list,
    checked_object,
    each,
    json_object,
    one_of,
    reading,
    text,
    text_or_none,
    whole_number,
)
from .other_systems import bss_world, cern_world

ENVIRONMENTS: Final = ("dev", "test", "prod")
PROVIDERS: Final = ("idir", "azureidir", "githubbcgov", "githubpublic", "bceidbasic", "bceidbusiness", "bceidboth")
AUTH_TYPES: Final = ("browser-login", "service-account", "both")
SERVICE_ACCOUNT: Final = "service-account-"


@frozen
class Team:
    """A team and its API account."""

    id: int
    name: str
    client_id: str
    client_secret: str = field(repr=False)


@frozen
class Integration:
    """An integration; `client_id` is None until the integration is applied."""

    id: int
    team: int
    project_name: str
    client_id: str | None
    client_secret: str | None = field(repr=False)
    auth_type: str
    environments: tuple[str, ...]
    service_type: str
    status: str
    created_at: str
    updated_at: str
    archived: bool = False

    @property
    def has_service_account(self) -> bool:
        """Return whether the integration may request tokens for its own service account."""
        return self.auth_type != "browser-login"


User = Mapping[str, Any]


class World:
    """Hold teams, integrations and users, and look them up as the service does.

    Attributes:
        name: what error messages call the world.
        teams: by id, in the order of the file.
        integrations: by id, in the order of the file.
        users: by username.
        seeds: the initial state of what the API can change.
        cern: the applications and targets at CERN.
        bss: the client, users and accounts of the BSS.
    """

    def __init__(self, document: Mapping[str, Any], name: str = "the world") -> None:
        """Read a world from the content of a world file. `name` is for error messages."""
        self.name = name
        with reading(f"{name} cannot be used"):
            self.teams = by_key("team", ((team.id, team) for team in each(document, "teams", _team)))
            self.integrations = by_key(
                "integration", ((found.id, found) for found in each(document, "integrations", _integration))
            )
            self.users = by_key("user", ((user["username"], user) for user in each(document, "users", _user)))
            if not self.teams:
                raise SandboxError("it has no team")
            for integration in self.integrations.values():
                if integration.team not in self.teams:
                    raise SandboxError(
                        f"integration {integration.id} belongs to team {integration.team}, which is not in teams"
                    )
            self.cern = cern_world(document)
            self.bss = bss_world(document)
        self.seeds: Mapping[str, Any] = {name: document.get(name, []) for name in SEEDS}
        self.accounts = {team.client_id: team for team in self.teams.values()}
        self.clients = {found.client_id: found for found in self.integrations.values() if found.client_id}
        self._service = {name.lower(): found for name, found in self.clients.items() if found.has_service_account}
        self._api = {name.lower() for name in self.accounts}
        self._backwards: list[str] = []

    def user(self, username: str, environment: str) -> User | None:
        """Return the user whom an environment's login server knows by a username, else None. Case is ignored.

        Service accounts are users, too.
        """
        username = username.lower()
        known = self.users.get(username)
        if known is not None:
            return known if environment in known.get("environments", ENVIRONMENTS) else None
        if not username.startswith(SERVICE_ACCOUNT):
            return None
        owner = username.removeprefix(SERVICE_ACCOUNT)
        integration = self._service.get(owner)
        if integration is not None:
            return {"username": username} if environment in integration.environments else None
        return {"username": username} if environment == "prod" and owner in self._api else None

    def known_integration(self, number: int) -> Integration:
        """Return an integration by its id.

        Raises:
            SandboxError: the world has no such integration.
        """
        found = self.integrations.get(number)
        if found is None:
            raise SandboxError(f"the world has no integration {number}")
        return found

    def known_user(self, username: str, environment: str) -> User:
        """Return a user as `user` does.

        Raises:
            SandboxError: the environment's login server does not know the user.
        """
        found = self.user(username, environment)
        if found is None:
            raise SandboxError(f"no user {username!r} is known in {environment}")
        return found

    def usernames(self, provider: str) -> list[str]:
        """Return the usernames of an identity provider, sorted."""
        return self._ending(f"@{provider}")

    def people(self, environment: str, ending: str = "") -> Iterator[User]:
        """Yield the users that an environment knows, sorted by username, without service accounts.

        If `ending` is given, yield only users whose username ends with it. It must be in lower case.
        """
        for username in self._ending(ending):
            user = self.users[username]
            if environment in user.get("environments", ENVIRONMENTS):
                yield user

    def _ending(self, text: str) -> list[str]:
        """Return the usernames that end with a text, sorted, without searching all of them."""
        if len(self._backwards) != len(self.users):
            self._backwards = sorted(username[::-1] for username in self.users)
        start = text[::-1]
        following = islice(self._backwards, bisect_left(self._backwards, start), None)
        return sorted(name[::-1] for name in takewhile(lambda name: name.startswith(start), following))


SEEDS: Final = ("roles", "composites", "grants", "logins", "unbooked")


def _environments(entry: Mapping[str, Any]) -> tuple[str, ...]:
    names = checked_list(entry["environments"], "environments")
    for name in names:
        check("an environment", name, name in ENVIRONMENTS, "dev, test or prod")
    return tuple(names)


def _user(entry: User) -> User:
    """Check a user. Return it with the username in lower case, because the login server stores it this way."""
    name = text(entry, "username")
    for field_name in ("email", "firstName", "lastName"):
        value = entry.get(field_name)
        check(field_name, value, isinstance(value, str | None), "a text or null")
    for attribute, values in checked_object(entry.get("attributes") or {}, "attributes").items():
        is_right = isinstance(values, list) and all(isinstance(value, str) for value in values)
        check(f"attributes.{attribute}", values, is_right, "a list of texts")
    if "environments" in entry:
        _environments(entry)
    return entry if name == name.lower() else {**entry, "username": name.lower()}


def _team(entry: Mapping[str, Any]) -> Team:
    account = checked_object(entry["api_account"], "api_account")
    whole_number(account, "id")
    return Team(
        whole_number(entry, "id"), text(entry, "name"), text(account, "client_id"), text(account, "client_secret")
    )


def _integration(entry: Mapping[str, Any]) -> Integration:
    created = text_or_none(entry, "created_at") or "2026-01-05T17:00:00.000Z"
    return Integration(
        whole_number(entry, "id"),
        whole_number(entry, "team"),
        text(entry, "project_name"),
        text_or_none({"client_id": entry["client_id"]}, "client_id"),
        text_or_none(entry, "client_secret"),
        one_of(entry, "auth_type", AUTH_TYPES),
        _environments(entry),
        text(entry, "service_type"),
        text(entry, "status"),
        created,
        text_or_none(entry, "updated_at") or created,
        entry.get("archived", False) is True,
    )


@cache
def _builtin_world() -> bytes:
    """Return the pickled world that the package ships."""
    return pickle.dumps(World(json.loads(files(__package__).joinpath("world.json").read_text(encoding="utf-8"))))


def load(source: Mapping[str, Any] | str | Path | None) -> World:
    """Return the world that a document or a file describes. For None, return the built-in world."""
    if source is None:
        # A copy, because tests change worlds. This is the fastest way to make a deep one.
        found: World = pickle.loads(_builtin_world())  # noqa: S301
        return found
    if isinstance(source, Mapping):
        return World(source)
    return World(read_json(Path(source), "world"), f"the world file {source}")


def read_json(path: Path, what: str, read: Callable[[Path], bytes] = Path.read_bytes) -> Mapping[str, Any]:
    """Return the JSON object in a file. `what` is the kind of file, for error messages."""
    try:
        content = read(path)
    except OSError as error:
        raise SandboxError(f"the {what} file {path} cannot be read: {error.strerror or error}") from error
    return json_object(content, f"the {what} file {path}")
