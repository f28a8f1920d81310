"""Read the parts of a world file for two other systems, CERN's API access and the interworks BSS; pure.

`cern` is an object with two lists:

- `targets`: `{"client_id", "base", "role", "audience_as_list", "data"}`. The sandbox serves a target under
  `/cern/<client_id>/<base>`. `data` holds the target's lists, by name. To read them, an application needs the `role` of
  the target, by default `reader`. If `audience_as_list` is true, the claim `aud` of the target's tokens is a list.
- `applications`: `{"client_id", "client_secret", "roles": {target: [role, …]}}`.

`bss` is `{"client_key", "client_secret", "users": [{"username", "password"}], "accounts": [{"id", …}]}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen

from ..errors import SandboxError
from .fields import built, by_key, check, checked_list, checked_object, checked_text, each, text, whole_number

CERN_REALM: Final = "/auth/realms/cern"
CERN_TOKEN_PATH: Final = "/api-access/token"  # noqa: S105 - a path, no secret
CERN_PATH: Final = "/cern"
BSS_PATH: Final = "/bss"


@frozen
class Target:
    """An application at CERN that other applications call.

    Attributes:
        base: the path under which the sandbox serves the target. It ends with a slash.
        role: the role that a caller needs in order to read.
        audience_as_list: whether the claim `aud` of tokens for the target is a list.
        data: the lists that callers read, by name.
    """

    client_id: str
    base: str
    role: str
    audience_as_list: bool
    data: Mapping[str, Sequence[Any]]


@frozen
class Application:
    """An application at CERN that calls targets. Its `roles` are listed by the client id of the target."""

    client_id: str
    client_secret: str = field(repr=False)
    roles: Mapping[str, list[str]]


@frozen
class CernWorld:
    """Applications and targets by client id. Both are empty if the world file has no `cern`."""

    targets: Mapping[str, Target]
    applications: Mapping[str, Application]

    def environment(self, origin: str) -> dict[str, str]:
        """Return the environment variables with which the first application calls the first target."""
        if not self.applications:
            raise SandboxError("the world has no cern")
        first = next(iter(self.applications.values()))
        return {
            "CERN_CLIENT_ID": first.client_id,
            "CERN_CLIENT_SECRET": first.client_secret,
            "CERN_TOKEN_URL": origin + CERN_REALM + CERN_TOKEN_PATH,
            "CERN_API_URL": origin + next(iter(self.targets.values())).base,
        }


@frozen
class BssWorld:
    """The client, its users (usernames with passwords) and its accounts. All are empty without a `bss` in the file."""

    client_key: str
    client_secret: str = field(repr=False)
    users: Mapping[str, str] = field(repr=False)
    accounts: Mapping[str, Mapping[str, Any]]

    def environment(self, origin: str) -> dict[str, str]:
        """Return the environment variables with which the client calls the BSS for its first user."""
        if not self.users:
            raise SandboxError("the world has no bss")
        username, password = next(iter(self.users.items()))
        return {
            "BSS_HOST": origin + BSS_PATH,
            "BSS_CLIENT_KEY": self.client_key,
            "BSS_CLIENT_SECRET": self.client_secret,
            "BSS_USERNAME": username,
            "BSS_PASSWORD": password,
        }


def cern_world(document: Mapping[str, Any]) -> CernWorld:
    """Read the part `cern` of a world."""
    return built(document["cern"], "cern", _cern) if "cern" in document else CernWorld({}, {})


def bss_world(document: Mapping[str, Any]) -> BssWorld:
    """Read the part `bss` of a world."""
    return built(document["bss"], "bss", _bss) if "bss" in document else BssWorld("", "", {}, {})


def _cern(entry: Mapping[str, Any]) -> CernWorld:
    targets = by_key("target", ((found.client_id, found) for found in each(entry, "targets", _target)))
    applications = by_key(
        "application", ((found.client_id, found) for found in each(entry, "applications", _application))
    )
    if not targets or not applications:
        raise SandboxError("it needs at least one target and one application")
    for application in applications.values():
        for target in application.roles.keys() - targets.keys():
            raise SandboxError(f"{application.client_id} has roles in {target!r}, which is not in targets")
    return CernWorld(targets, applications)


def _target(entry: Mapping[str, Any]) -> Target:
    client_id, base = text(entry, "client_id"), entry.get("base", "")
    is_right = re.fullmatch(r"[\w.-]+", client_id, re.ASCII) is not None
    check("client_id", client_id, is_right, "made of letters, digits, `_`, `.` and `-`")
    is_right = isinstance(base, str) and re.fullmatch(r"([\w.-]+/)*", base, re.ASCII) is not None
    check("base", base, is_right, "a path like 'api/v1.0/', which ends with a slash")
    data = {name: checked_list(rows, f"data.{name}") for name, rows in _object(entry, "data").items()}
    as_list = entry.get("audience_as_list", False) is True
    role = checked_text(entry.get("role", "reader"), "role")
    return Target(client_id, f"{CERN_PATH}/{client_id}/{base}", role, as_list, data)


def _application(entry: Mapping[str, Any]) -> Application:
    roles = {
        target: [checked_text(name, f"a role in roles.{target}") for name in checked_list(names, f"roles.{target}")]
        for target, names in _object(entry, "roles").items()
    }
    return Application(text(entry, "client_id"), text(entry, "client_secret"), roles)


def _bss(entry: Mapping[str, Any]) -> BssWorld:
    users = by_key("user", each(entry, "users", lambda user: (text(user, "username"), text(user, "password"))))
    if not users:
        raise SandboxError("it needs at least one user")
    found = {"accounts": [], **entry}
    accounts = by_key("account", each(found, "accounts", lambda account: (_account_id(account), account)))
    return BssWorld(text(entry, "client_key"), text(entry, "client_secret"), users, accounts)


def _account_id(account: Mapping[str, Any]) -> str:
    return account["id"] if isinstance(account["id"], str) else str(whole_number(account, "id"))


def _object(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return checked_object(entry.get(name, {}), name)
