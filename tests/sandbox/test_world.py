"""Worlds of a sandbox: the default world, worlds from files, and invalid worlds."""

from __future__ import annotations

import doctest
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import css_sdk.sandbox
import css_sdk.sandbox.sandbox
from css_sdk.sandbox import MissingExtra, Sandbox, SandboxError

TEAM = {"id": 1, "name": "One", "api_account": {"id": 2, "client_id": "c", "client_secret": "s"}}


def integration(**other: Any) -> dict[str, Any]:
    """Return an integration of that team."""
    return {
        "id": 5,
        "team": 1,
        "project_name": "Five",
        "client_id": "five-5",
        "client_secret": "s",
        "auth_type": "both",
        "environments": ["dev"],
        "service_type": "gold",
        "status": "applied",
        **other,
    }


def test_the_content_of_the_default_world(sandbox: Sandbox) -> None:
    """The default world has one team, four integrations (one of them silver), sixty people, and roles."""
    world = sandbox.world
    assert list(world.teams) == [2016]
    assert [(found.id, found.service_type, found.auth_type) for found in world.integrations.values()] == [
        (101, "gold", "browser-login"),
        (102, "gold", "both"),
        (103, "gold", "service-account"),
        (104, "silver", "browser-login"),
    ]
    assert len({username.partition("@")[0] for username in world.users}) == 60
    assert all(re.fullmatch(r"[0-9a-f]{32}@[a-z]+", username) for username in world.users)
    assert {username.partition("@")[2] for username in world.users} == {
        "azureidir",
        "bceidbasic",
        "githubpublic",
        "idir",
    }
    addresses = [user["email"] for name, user in world.users.items() if name.endswith("@idir")]
    assert len(addresses) - len(set(addresses)) == 1
    assert all(address.endswith(("example.com", "example.org")) for address in addresses)
    assert sandbox.roles(101, "dev") == {"reviewer", "approver", "admin"}
    assert sandbox.composites(101, "dev") == {"admin": {"reviewer", "approver"}}
    assert sandbox.members(101, "dev", "admin")


def test_credentials_belong_to_the_first_or_the_given_team(sandbox: Sandbox, recorded: Any) -> None:
    """credentials() returns those of the first team or of the given team, and refuses an unknown team."""
    assert sandbox.credentials() == sandbox.credentials(2016)
    assert sandbox.credentials()["api_url"] == sandbox.api_url == "http://localhost/api/v1"
    assert sandbox.credentials()["token_url"] == sandbox.token_url
    assert Sandbox(recorded("world")).credentials(2017)["client_id"] == "service-account-team-2017-9002"
    with pytest.raises(SandboxError, match="2017"):
        sandbox.credentials(2017)


def test_a_world_from_a_file_and_from_a_document(tmp_path: Path) -> None:
    """A world can be given as a document or as a file. Roles, composites and grants are optional."""
    where = {"integration": 5, "environment": "dev"}
    world = {
        "teams": [TEAM],
        "integrations": [integration()],
        "users": [{"username": "AA@idir"}],
        "roles": [{**where, "name": "a"}, {**where, "name": "b"}],
        "composites": [{**where, "role": "a", "children": ["b"]}],
        "grants": [{**where, "role": "a", "username": "aa@IDIR"}, {**where, "role": "b", "username": "five-5"}],
    }
    path = tmp_path / "world.json"
    path.write_text(json.dumps(world), encoding="utf-8")
    for sandbox in (Sandbox(world), Sandbox(path), Sandbox(str(path))):
        assert sandbox.grants(5, "dev") == {"aa@idir": {"a"}, "service-account-five-5": {"b"}}
        assert sandbox.composites(5, "dev") == {"a": {"b"}}


@pytest.mark.parametrize(
    ("world", "problem"),
    [
        ({}, "lacks 'teams'"),
        ({"teams": [], "integrations": [], "users": []}, "no team"),
        ({"teams": 5, "integrations": [], "users": []}, "cannot be used: teams is 5; it must be a list"),
        ({"teams": [{"id": 1}], "integrations": [], "users": []}, "lacks 'api_account'"),
        ({"teams": [TEAM], "integrations": [integration(team=9)], "users": []}, "team 9"),
        ({"teams": [TEAM], "integrations": [integration(environments=["stage"])], "users": []}, "'stage'"),
        ({"teams": [TEAM], "integrations": [integration(auth_type="x")], "users": []}, "auth_type"),
        ({"teams": [TEAM], "integrations": [], "users": [{}]}, "lacks 'username'"),
        ({"teams": [TEAM], "integrations": [], "users": [], "roles": [{"name": "x"}]}, "lacks 'integration'"),
    ],
)
def test_an_invalid_world_is_refused(world: dict[str, Any], problem: str) -> None:
    """If a world is invalid, the error says in one line what is wrong."""
    with pytest.raises(SandboxError, match=problem) as caught:
        Sandbox(world)
    assert "\n" not in str(caught.value)


HUGE = 10**30
WRONG_IDS: list[Any] = [math.inf, -math.inf, math.nan, HUGE, 2**31, 0, -1, True, False, 1.0, "1", None, [], {}]


@pytest.mark.parametrize("wrong", WRONG_IDS)
@pytest.mark.parametrize("place", ["team", "account", "integration", "its team", "role"])
def test_an_invalid_id_is_refused(place: str, wrong: Any) -> None:
    """An invalid id is refused wherever it is, with a short error in one line."""
    team = {**TEAM, "id": wrong} if place == "team" else TEAM
    if place == "account":
        team = {**TEAM, "api_account": {**TEAM["api_account"], "id": wrong}}
    changes = {"integration": {"id": wrong}, "its team": {"team": wrong}}.get(place, {})
    world: dict[str, Any] = {"teams": [team], "integrations": [integration(**changes)], "users": []}
    if place == "role":
        world["roles"] = [{"integration": wrong, "environment": "dev", "name": "x"}]
    with pytest.raises(SandboxError, match="whole number") as caught:
        Sandbox(world)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999", "true", "1" * 5000])
def test_an_invalid_id_in_a_file_is_refused(tmp_path: Path, number: str) -> None:
    """If a world file or a state file contains an invalid id, the error names the file."""
    for name, content in (
        ("world.json", {"teams": [TEAM], "integrations": [integration(id="N")], "users": []}),
        ("state.json", {"roles": [{"integration": "N", "environment": "dev", "name": "x"}]}),
    ):
        path = tmp_path / name
        path.write_text(json.dumps(content).replace('"N"', number), encoding="utf-8")
        with pytest.raises(SandboxError, match=name):
            Sandbox(path) if name == "world.json" else Sandbox(state=path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (integration(client_id=5), "client_id is 5"),
        (integration(client_id=""), "client_id is ''"),
        (integration(client_secret=["s"]), "client_secret"),
        (integration(project_name=True), "project_name is True"),
        (integration(environments="dev"), "environments is 'dev'"),
        (integration(environments=[["dev"]]), "an environment is ['dev']; it must be dev, test or prod"),
        (integration(status=None), "status is None"),
        ({"username": 5}, "username is 5"),
        ({"username": "a@idir", "firstName": 5}, "entry 1 of users: firstName is 5; it must be a text or null"),
        ({"username": "a@idir", "attributes": {"x": "y"}}, "attributes.x is 'y'; it must be a list of texts"),
        ({"username": "a@idir", "attributes": []}, None),
        ({"username": "a@idir", "attributes": [1]}, "entry 1 of users"),
        ({"username": "a@idir", "environments": ["stage"]}, "an environment is 'stage'"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(change: dict[str, Any], problem: str | None) -> None:
    """A value of the wrong type is refused when the world is read, not later when a request needs it."""
    kind = "users" if "username" in change else "integrations"
    world = {"teams": [TEAM], "integrations": [], "users": [], kind: [change]}
    if problem is None:
        Sandbox(world)
        return
    with pytest.raises(SandboxError, match=re.escape(problem)):
        Sandbox(world)


@pytest.mark.parametrize("kind", ["teams", "integrations", "users"])
def test_a_repeated_id_is_refused(kind: str) -> None:
    """A world with the same team, integration or user twice is refused."""
    world: dict[str, Any] = {"teams": [TEAM], "integrations": [integration()], "users": [{"username": "a@idir"}]}
    world[kind] = world[kind] * 2
    with pytest.raises(SandboxError, match=f"{kind[:-1]} .* is given twice"):
        Sandbox(world)


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "cannot be read"), ("{", "not JSON"), ("[]", "it must be an object")]
)
def test_an_unusable_world_file_is_refused(tmp_path: Path, content: str | None, problem: str) -> None:
    """If a world file cannot be read or is not a JSON object, the error names the file."""
    path = tmp_path / "world.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(SandboxError, match=problem) as caught:
        Sandbox(path)
    assert "world.json" in str(caught.value)


def test_an_invalid_world_file_is_named_once(tmp_path: Path) -> None:
    """The error about a world file names the file, the entry and the mistake, each once."""
    path = tmp_path / "world.json"
    for change, problem in (
        ({"teams": [{"id": 1, "name": "x"}]}, "entry 1 of teams: it lacks 'api_account'"),
        ({"teams": []}, "it has no team"),
        ({"cern": 5}, "cern is 5; it must be an object"),
        (
            {"grants": [{"integration": 9, "environment": "dev", "role": "r", "username": "u"}]},
            "entry 1 of grants: the world has no integration 9",
        ),
    ):
        path.write_text(json.dumps({"teams": [TEAM], "integrations": [], "users": [], **change}), encoding="utf-8")
        with pytest.raises(SandboxError) as caught:
            Sandbox(path)
        assert str(caught.value) == f"the world file {path} cannot be used: {problem}"


def test_a_service_account_is_named_by_its_client_id(sandbox: Sandbox) -> None:
    """`grant` and `revoke` read an integration's own client id as its service account."""
    sandbox.create_role(102, "dev", "reader")
    sandbox.grant(102, "dev", "reader", "fisheries-service-102")
    assert sandbox.members(102, "dev", "reader") == ["service-account-fisheries-service-102"]
    sandbox.revoke(102, "dev", "reader", "fisheries-service-102")
    assert sandbox.members(102, "dev", "reader") == []


def test_preparing_with_something_missing_is_an_error(sandbox: Sandbox, people: list[str]) -> None:
    """Methods that prepare a sandbox refuse missing integrations, environments, roles and users, and invalid names."""
    for wrong in (
        lambda: sandbox.roles(999, "dev"),
        lambda: sandbox.roles(103, "prod"),
        lambda: sandbox.members(101, "dev", "nope"),
        lambda: sandbox.create_role(101, "dev", "x" * 256),
        lambda: sandbox.create_role(101, "dev", "x", ["nope"]),
        lambda: sandbox.grant(101, "dev", "nope", people[0]),
        lambda: sandbox.grant(101, "dev", "admin", "nobody@idir"),
        lambda: sandbox.delete_role(101, "dev", "nope"),
        lambda: sandbox.rotate_keys("stage"),
    ):
        with pytest.raises(SandboxError):
            wrong()


def test_secrets_are_not_printed(sandbox: Sandbox) -> None:
    """The repr of a team or an integration shows no secret."""
    assert "sandbox-secret" not in repr([*sandbox.world.teams.values(), *sandbox.world.integrations.values()])


@pytest.mark.parametrize("module", ["uvicorn", "httptools", "jwt", "cryptography"])
def test_a_missing_extra_is_reported(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """If a package of the extra is missing, the error contains the command that installs it."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r'pip install "css-sdk\[sandbox\]"') as caught:
        sandbox.serve()
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, SandboxError)


def test_importing_the_sandbox_loads_no_other_packages() -> None:
    """Importing the sandbox loads no server, HTTP client or cryptography, and nothing else of css_sdk."""
    code = "import sys, css_sdk.sandbox as s; s.Sandbox(); print(*sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert not {"uvicorn", "httpx", "jwt", "cryptography", "asyncio"} & {*loaded}
    ours = {name for name in loaded if name.startswith("css_sdk.") and not name.startswith("css_sdk.sandbox")}
    assert ours <= {"css_sdk._version"}


def test_the_examples_in_the_docstrings_are_right() -> None:
    """The examples in the docstrings of the sandbox print what they show."""
    for module in (css_sdk.sandbox, css_sdk.sandbox.sandbox):
        failed, tried = doctest.testmod(module)
        assert (failed, tried > 0) == (0, True)


def test_the_public_names_are_sorted_and_documented() -> None:
    """The public names of the sandbox are sorted, exist, and have a docstring."""
    names = css_sdk.sandbox.__all__
    assert names == sorted(names)
    assert all(getattr(css_sdk.sandbox, name).__doc__ for name in names)
