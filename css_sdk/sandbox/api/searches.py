"""Answer the user searches."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from ..http import Response, json_response
from ..world.world import PROVIDERS, User
from .route import PLACE, route
from .service import Call, Service
from .validation import bceid_terms, search_terms

Row = TypeVar("Row")
LIMIT: Final = 50  # people on one page of the login server, and the largest number of different people in an answer
PEOPLE: Final = {name: name for name in ("firstName", "lastName", "email", "guid")}
GITHUB: Final = {"name": "name", "login": "login id", "email": "email", "guid": "guid"}
LEGACY_BCEID: Final = {"guid": "guid"}
# The field of a user that must contain a term, by the name of the term.
PARTS: Final = {
    "firstName": "firstName",
    "lastName": "lastName",
    "email": "email",
    "name": "firstName",
    "login": "lastName",
    "displayName": "firstName",
    "username": "lastName",
}


def search(provider: str, fields: Mapping[str, str]) -> Callable[[Service, Call], Response]:
    """Return the handler of `GET /E/<provider>/users`.

    `fields` maps the name of each parameter to its name in error messages.
    """

    def handler(service: Service, call: Call) -> Response:
        terms = search_terms(call.query, fields)
        environment = service.environment(call)
        service.use_login_server(call)
        nameless = provider.startswith("github")
        found = [_view(user, nameless) for user in _matches(service, provider, environment, terms)]
        return json_response(200, {"data": _repeat_first_page(found)})

    return handler


def search_bceid(service: Service, call: Call) -> Response:
    """Answer `GET I/E/bceid/users` with people who logged in to the integration."""
    kind, terms = bceid_terms(call.query)
    integration = service.integration(call)
    environment = service.environment(call)
    service.use_login_server(call)
    found = [
        _view(user, nameless=False)
        for user in _repeat_first_page(_matches(service, f"bceid{kind}", environment, terms))
        if (integration.id, environment, user["username"].lower()) in service.state.logins
    ]
    return json_response(200, {"data": found})


def _matches(service: Service, provider: str, environment: str, terms: Mapping[str, str]) -> list[User]:
    """Return the users that match every term, sorted by username.

    Like the real service, compare a `guid` with the end of the username. The end of a GUID is therefore enough.
    """
    wanted = {PARTS[name]: like(value) for name, value in terms.items() if name != "guid"}
    ending = f"{terms.get('guid', '')}@{provider}".lower()
    wanted["username"] = like(ending)
    literal = provider in PROVIDERS and "guid" in terms and not {"%", "_"} & set(ending)
    return [
        user
        for user in service.world.people(environment, ending if literal else "")
        if all(user.get(name) is not None and contains(user[name]) for name, contains in wanted.items())
    ]


def like(term: str) -> Callable[[str], bool]:
    """Return a function that checks whether a text contains a search term.

    The function works as the login server's database does. Case is ignored. `%` matches any characters, and `_` matches
    one character. Neither can be escaped.
    """
    parts = [
        re.compile("".join("." if letter == "_" else re.escape(letter) for letter in part), re.DOTALL)
        for part in term.lower().split("%")
        if part
    ]

    def contains(text: str) -> bool:
        text, position = text.lower(), 0
        for part in parts:
            found = part.search(text, position)
            if found is None:
                return False
            position = found.end()
        return True

    return contains


def _repeat_first_page(rows: list[Row]) -> list[Row]:
    """Replace each later page of 50 rows with the first 50 rows. The real service makes the same mistake."""
    return rows[:LIMIT] * -(-len(rows) // LIMIT)


def _view(user: User, nameless: bool) -> dict[str, Any]:
    names = {"firstName": "", "lastName": ""} if nameless else {}
    fields = ("firstName", "lastName", "email", "username", "attributes")
    values = {**user, **names}
    return {name: values[name] for name in fields if values.get(name) is not None}


ROUTES: Final = (
    route(f"GET {PLACE}/bceid/users", search_bceid, takes_query=True),
    *(
        route(f"GET /{{environment}}/{word}/users", search(provider, fields), takes_query=True)
        for word, provider, fields in (
            ("idir", "idir", PEOPLE),
            ("azure-idir", "azureidir", PEOPLE),
            ("github-bcgov", "githubbcgov", GITHUB),
            ("github-public", "githubpublic", GITHUB),
            ("basic-bceid", "bceidbasic", LEGACY_BCEID),
            ("business-bceid", "bceidbusiness", LEGACY_BCEID),
            ("basic-business-bceid", "bceidboth", LEGACY_BCEID),
        )
    ),
)
