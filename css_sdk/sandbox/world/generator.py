"""Make up a world of any size. The same seed makes the same world; pure.

Like the real service, a made-up world has difficult cases:

- people with the same name, or with the same e-mail address
- people with several logins, or unknown in some environments
- integrations that are not Gold or not applied
- composite roles, and service accounts with roles
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from .fields import check
from .world import ENVIRONMENTS, SERVICE_ACCOUNT

Item = TypeVar("Item")
TEAM: Final = 2016
FIRST_ID: Final = 101
MOST: Final = 1_000_000  # the largest number of people, and of integrations
FIRST_NAMES: Final = (
    "Ada", "Amir", "Anouk", "Bram", "Carmen", "Chidi", "Dagny", "Dev", "Elif", "Émile", "Farah", "Goro", "Hana", "Ilse",
    "Ines", "Joan", "Kofi", "Leilani", "Maren", "Mei", "Nadia", "Noor", "Olek", "Priya", "Quinn", "Rurik", "Sanna",
    "Tobias", "Uma", "Viggo", "Wren", "Xin", "Yara", "Zora",
)  # fmt: skip
LAST_NAMES: Final = (
    "Ashgrove", "Bellwether", "Chen", "Dhillon", "Eskola", "Fairweather", "Gill", "Hargreave", "Ibarra", "Jokinen",
    "Kowalski", "Larkspur", "Marchetti", "Nakamura", "Osei", "Pereira", "Quill", "Rasmussen", "Sato", "Thibault",
    "Underhill", "Vance", "Wildwood", "Xu", "Yilmaz", "Zielinski", "O'Connor", "St. James", "Van der Berg",
)  # fmt: skip
SUBJECTS: Final = ("Grants", "Fisheries", "Permits", "Parks", "Ferries", "Forests", "Health", "Roads", "Courts")
KINDS: Final = ("Portal", "Registry", "Service", "Desk", "Tracker", "Archive", "Map", "Robot")
ROLE_NAMES: Final = ("reader", "writer", "reviewer", "approver", "auditor", "operator", "support", "publisher")
# The identity providers of a person's logins, and how many of a hundred people have exactly these.
LOGINS: Final = (
    (("idir",), 38),
    (("idir", "azureidir"), 30),
    (("azureidir",), 12),
    (("bceidbasic",), 8),
    (("bceidbusiness",), 6),
    (("githubpublic",), 4),
    (("githubbcgov",), 2),
)


def make_world(people: int = 60, integrations: int = 4, seed: int = 1) -> dict[str, Any]:
    """Make up a world: one team with integrations, people, roles, composite roles and grants.

    The team has the same id and account as in the built-in world. The integrations have the ids from 101 on.

    Args:
        people: how many people; some have two logins.
        integrations: how many integrations.
        seed: chooses the world. The same three arguments make the same world on every machine.

    Returns:
        The document of a world, for `Sandbox(…)`, or for a world file.

    Raises:
        SandboxError: a number is out of range.

    >>> world = make_world(people=5000, integrations=20, seed=7)
    >>> len(world["integrations"]), world == make_world(5000, 20, 7)
    (20, True)
    """
    for name, number, least in (("people", people, 0), ("integrations", integrations, 1)):
        check(name, number, least <= number <= MOST, f"{least} to {MOST:,}")
    chance = _Chance(seed)
    found = [_integration(chance, number) for number in range(integrations)]
    users = [user for number in range(people) for user in _logins(chance, number)]
    places = [
        (integration, environment)
        for integration in found
        if integration["client_id"]
        for environment in integration["environments"]
    ]
    roles = {(place[0]["id"], place[1]): _role_names(chance) for place in places}
    return {
        "about": f"A made-up world: {people:,} people, {integrations:,} integrations, seed {seed}.",
        "teams": [_team()],
        "integrations": found,
        "users": users,
        "roles": [_at(place, name=name) for place, names in roles.items() for name in ("admin", *names)],
        "composites": [_at(place, role="admin", children=names) for place, names in roles.items()],
        **_granted(chance, users, places, roles),
    }


class _Chance:
    """Make random choices that are the same in every version of Python.

    All choices use the method `random()`, because Python promises the same numbers only for this method.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def is_one_in(self, number: int) -> bool:
        """Return True with the probability 1/`number`."""
        return self.below(number) == 0

    def below(self, number: int) -> int:
        """Return a whole number from 0 to `number` - 1."""
        return int(self._random.random() * number)

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return items[self.below(len(items))]

    def some(self, items: Sequence[Item], count: int) -> list[Item]:
        """Return `count` different items, in the order of `items`; all items if there are fewer."""
        rest = list(range(len(items)))
        chosen = {rest.pop(self.below(len(rest))) for _ in range(min(count, len(items)))}
        return [item for index, item in enumerate(items) if index in chosen]


def _team() -> dict[str, Any]:
    account = {"id": 9001, "client_id": f"service-account-team-{TEAM}-9001", "client_secret": f"sandbox-secret-{TEAM}"}
    return {"id": TEAM, "name": "Grants Team", "api_account": account}


def _integration(chance: _Chance, number: int) -> dict[str, Any]:
    identifier = FIRST_ID + number
    name = f"{SUBJECTS[number % len(SUBJECTS)]} {chance.pick(KINDS)} {number + 1}"
    is_first = number == 0  # the examples of the documentation use the first integration
    is_draft = not is_first and chance.is_one_in(15)
    client_id = f"{name.lower().replace(' ', '-')}-{identifier}"
    return {
        "id": identifier,
        "team": TEAM,
        "project_name": name,
        "client_id": None if is_draft else client_id,
        "client_secret": None if is_draft else f"sandbox-secret-{identifier}",
        "auth_type": chance.pick(("browser-login", "browser-login", "both", "service-account")),
        "environments": list(ENVIRONMENTS) if is_first else chance.some(ENVIRONMENTS, 1 + chance.below(3)),
        "service_type": "silver" if not is_first and chance.is_one_in(10) else "gold",
        "status": "draft" if is_draft else "applied",
    }


def _logins(chance: _Chance, number: int) -> Iterator[dict[str, Any]]:
    """Yield a user for each login of a person."""
    guid = hashlib.sha256(f"{chance.seed}/{number}".encode()).hexdigest()[:32]
    first, last = chance.pick(FIRST_NAMES), chance.pick(LAST_NAMES)
    local = "".join(letter for letter in f"{first}.{last}".lower() if letter.isascii() and letter not in " '")
    address = f"{local}{'' if chance.is_one_in(100) else number}@example.com"
    environments = {} if chance.below(10) < 8 else {"environments": chance.some(ENVIRONMENTS, 1 + chance.below(2))}
    for provider in _of_hundred(chance.below(100)):
        names = _names(provider, guid, first, last, number)
        yield {"username": f"{guid}@{provider}", "email": address, **names, **environments}


def _of_hundred(number: int) -> tuple[str, ...]:
    for providers, share in LOGINS:
        if number < share:
            return providers
        number -= share
    raise AssertionError("the shares add up to a hundred")


def _names(provider: str, guid: str, first: str, last: str, number: int) -> dict[str, Any]:
    """Return the names and attributes of a user. They differ by identity provider."""
    login = f"{first[0]}{last}{number}".replace(" ", "").replace("'", "")
    if provider.startswith("github"):
        attributes = {"github_id": [str(700_000 + number)], "github_username": [login.lower()]}
        return {"firstName": f"{first} {last}", "lastName": login.lower(), "attributes": attributes}
    if provider.startswith("bceid"):
        company = f"{last} {first} Ltd."
        attributes = {"bceid_user_guid": [guid.upper()], "bceid_username": [login.lower()], "display_name": [company]}
        return {"firstName": company, "lastName": login.lower(), "attributes": attributes}
    attributes = {"idir_user_guid": [guid.upper()], "idir_username": [login.upper()]}
    attributes["display_name"] = [f"{last}, {first} XMPL:EX"]
    return {"firstName": first, "lastName": last, "attributes": attributes}


def _role_names(chance: _Chance) -> list[str]:
    return chance.some(ROLE_NAMES, 2 + chance.below(len(ROLE_NAMES) - 1))


def _granted(
    chance: _Chance,
    users: Sequence[dict[str, Any]],
    places: Sequence[tuple[dict[str, Any], str]],
    roles: dict[tuple[int, str], list[str]],
) -> dict[str, list[dict[str, Any]]]:
    """Return grants and logins. Each BCeID user has logged in to each integration in which the user has a role."""
    grants: dict[tuple[tuple[int, str], str, str], None] = {}
    for user in users:
        for _ in range(chance.below(4)):
            if not places:
                break
            integration, environment = chance.pick(places)
            if environment in user.get("environments", ENVIRONMENTS):
                place = (integration["id"], environment)
                role = "admin" if chance.is_one_in(20) else chance.pick(roles[place])
                grants[place, role, user["username"]] = None
    for integration, environment in places:
        if integration["auth_type"] != "browser-login" and chance.is_one_in(2):
            place = (integration["id"], environment)
            grants[place, chance.pick(roles[place]), SERVICE_ACCOUNT + integration["client_id"]] = None
    logins = {(place, username): None for place, _, username in grants if "@bceid" in username}
    return {
        "grants": [_at(place, role=role, username=username) for place, role, username in grants],
        "logins": [_at(place, username=username) for place, username in logins],
    }


def _at(place: tuple[int, str], **other: Any) -> dict[str, Any]:
    return {"integration": place[0], "environment": place[1], **other}
