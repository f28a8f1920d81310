"""A world of people with unusual logins and addresses, for the tests that find them and their roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox

Run = Callable[..., tuple[int, list[str], str]]

ALPHA, BETA, DRAFT = 301, 302, 303

ANN = "a0" * 16
BO, BEA = "b0" * 16, "b1" * 16
CLEO = "c0" * 16
NELL = "d0" * 16
EVE = "e0" * 16
GITHUB = "f0" * 16 + "@githubpublic"


def person(guid: str, provider: str, first: str, email: str, *environments: str) -> dict[str, Any]:
    """Return a login that the given environments know, or all environments if none is named."""
    user = {"username": f"{guid}@{provider}", "email": email, "firstName": first, "lastName": "Example"}
    return user | {"attributes": {}} | ({"environments": list(environments)} if environments else {})


def world(*users: dict[str, Any]) -> dict[str, Any]:
    """Return a world of two integrations and a draft with these people; by default the people of this module."""

    def integration(number: int, name: str, environments: list[str], status: str) -> dict[str, Any]:
        client_id = None if status == "draft" else f"{name.lower()}-{number}"
        facts = {"id": number, "team": 1, "project_name": name, "client_id": client_id, "client_secret": client_id}
        kinds = {"auth_type": "both", "service_type": "gold", "status": status}
        return facts | kinds | {"environments": environments}

    roles = [
        *[(ALPHA, "dev", name) for name in ("admin", "lead", "reader", "writer")],
        *[(BETA, "dev", "guest"), (BETA, "prod", "guest"), (ALPHA, "prod", "reader")],
    ]
    composites = {"admin": ["lead", "reader"], "lead": ["writer"]}
    grants = [
        (ALPHA, "dev", "admin", f"{ANN}@idir"),
        (ALPHA, "dev", "writer", f"{ANN}@idir"),
        (ALPHA, "dev", "admin", f"{ANN}@azureidir"),
        (ALPHA, "dev", "reader", f"{ANN}@azureidir"),
        (BETA, "prod", "guest", f"{ANN}@idir"),
        (ALPHA, "dev", "reader", f"{CLEO}@azureidir"),
        (ALPHA, "dev", "reader", f"{NELL}@idir"),
        *[(ALPHA, "dev", "writer", f"{EVE}@{provider}") for provider in ("idir", "azureidir")],
        (ALPHA, "dev", "reader", GITHUB),
        (ALPHA, "dev", "reader", f"service-account-alpha-{ALPHA}"),
    ]
    account = {"id": 9, "client_id": "service-account-team-1-9", "client_secret": "a secret"}
    return {
        "teams": [{"id": 1, "name": "Team", "api_account": account}],
        "integrations": [
            integration(ALPHA, "Alpha", ["dev", "test", "prod"], "applied"),
            integration(BETA, "Beta", ["dev", "prod"], "applied"),
            integration(DRAFT, "Draft", ["dev"], "draft"),
        ],
        "users": list(users or PEOPLE),
        "roles": [{"integration": i, "environment": e, "name": name} for i, e, name in roles],
        "composites": [
            {"integration": ALPHA, "environment": "dev", "role": role, "children": children}
            for role, children in composites.items()
        ],
        "grants": []
        if users
        else [{"integration": i, "environment": e, "role": role, "username": u} for i, e, role, u in grants],
    }


PEOPLE = [
    # Ann has both logins. One of them is unknown in prod and has another address.
    person(ANN, "idir", "Ann", "ann@people.example"),
    person(ANN, "azureidir", "Ann", "ann.e@people.example", "dev", "test"),
    # Bo and Bea share one address.
    person(BO, "idir", "Bo", "desk@people.example"),
    person(BEA, "idir", "Bea", "desk@people.example"),
    # Cleo has one login only, and not the usual one.
    person(CLEO, "azureidir", "Cleo", "cleo@people.example"),
    # Nell is known in dev only.
    person(NELL, "idir", "Nell", "nell@people.example", "dev"),
    # Eve has two ordinary logins.
    person(EVE, "idir", "Eve", "eve@people.example"),
    person(EVE, "azureidir", "Eve", "eve@people.example"),
    {**person("f0" * 16, "githubpublic", "Fern", "fern@people.example"), "lastName": "fern-moss"},
]

CROWD = [person(f"{number:032x}", "idir", "Crowd", f"p{number}@crowd.example") for number in range(60)]


@contextmanager
def running(
    command: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Return a function that runs a command on the sandbox over a socket and returns exit code, stdout lines and
    stderr.
    """

    def run(*arguments: str | Path) -> tuple[int, list[str], str]:
        code = exit_code([command, *map(str, arguments)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out.splitlines(), err

    monkeypatch.setattr("random.random", lambda: 0.0)  # no wait between attempts
    with sandbox.serve() as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(f"CSS_{name.upper()}", value)
        yield run
