"""The user searches."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ..http import Response, json_response
from ..world.world import PROVIDERS, User
from .service import Call, Service
from .validation import bceid_terms, search_terms

Row = TypeVar("Row")
SEEN = 50  # people that a search can show, however many match
PEOPLE = {name: name for name in ("firstName", "lastName", "email", "guid")}
GITHUB = {"name": "name", "login": "login id", "email": "email", "guid": "guid"}
LEGACY_BCEID = {"guid": "guid"}
# The search term, and the field of a user that has to contain it.
PARTS = {
    "firstName": "firstName",
    "lastName": "lastName",
    "email": "email",
    "name": "firstName",
    "login": "lastName",
    "displayName": "firstName",
    "username": "lastName",
}


def search(provider: str, fields: Mapping[str, str]) -> Callable[[Service, Call], Response]:
    """The handler of ``GET /E/<provider>/users``.

    Args:
        provider: as usernames end.
        fields: the terms that it takes.
    """

    def handler(service: Service, call: Call) -> Response:
        terms = search_terms(call.query, fields)
        environment = service.environment(call)
        service.reach(call)
        nameless = provider.startswith("github")
        found = [_view(user, nameless) for user in _matches(service, provider, environment, terms)]
        return json_response(200, {"data": _repeated(found)})

    return handler


def search_bceid(service: Service, call: Call) -> Response:
    """``GET I/E/bceid/users``: only who logged in to the integration."""
    kind, terms = bceid_terms(call.query)
    integration = service.integration(call)
    environment = service.environment(call)
    service.reach(call)
    found = [
        _view(user, nameless=False)
        for user in _repeated(_matches(service, f"bceid{kind}", environment, terms))
        if (integration.id, environment, user["username"].lower()) in service.state.logins
    ]
    return json_response(200, {"data": found})


def _matches(service: Service, provider: str, environment: str, terms: Mapping[str, str]) -> list[User]:
    """Return the users that every term fits, sorted by username.

    A username ends with its identity provider, so that a ``guid`` fits the end of a GUID.
    """
    wanted = {PARTS[name]: like(value) for name, value in terms.items() if name != "guid"}
    ending = f"{terms.get('guid', '')}@{provider}".lower()
    wanted["username"] = like(ending)
    literal = provider in PROVIDERS and "guid" in terms and not {"%", "_"} & set(ending)
    return [
        user
        for user in service.world.people(environment, ending if literal else "")
        if all(user.get(name) is not None and fits(user[name]) for name, fits in wanted.items())
    ]


def like(term: str) -> Callable[[str], bool]:
    """Return a test whether a text contains a search term, as the login server's database compares them.

    Case does not count. ``%`` stands for any characters, ``_`` for one; nothing escapes them.
    """
    parts = [
        re.compile("".join("." if letter == "_" else re.escape(letter) for letter in part), re.DOTALL)
        for part in term.lower().split("%")
        if part
    ]

    def fits(text: str) -> bool:
        text, position = text.lower(), 0
        for part in parts:
            found = part.search(text, position)
            if found is None:
                return False
            position = found.end()
        return True

    return fits


def _repeated(rows: list[Row]) -> list[Row]:
    """What the service makes of the matches: the first page over and over, as often as there are pages."""
    return rows[:SEEN] * -(-len(rows) // SEEN)


def _view(user: User, nameless: bool) -> dict[str, Any]:
    names = {"firstName": "", "lastName": ""} if nameless else {}
    fields = ("firstName", "lastName", "email", "username", "attributes")
    values = {**user, **names}
    return {name: values[name] for name in fields if values.get(name) is not None}
