# Written from tests/_async/test_peers.py by `make generate`; edit that one.
"""Mistakes that clients of such services often make: css-sdk does not make them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from itertools import product
from typing import Any

import click
import pytest

from css_sdk import (
    Conflict,
    ConnectionFailed,
    Css,
    CssError,
    NotFound,
    ServiceAccount,
    ServiceUnavailable,
    Settings,
)
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.cli import css as commands
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, at_once, some, usernames

ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"
NOBODY = "0" * 32 + "@idir"
ROBOT = ServiceAccount("fisheries-service-102")

READS = ["list", "get", "members", "settled", "children", "tree", "roles of", "effective roles", "search", "find_one"]
WRITES = [
    "create", "ensure", "rename", "delete", "add", "remove", "set", "assign", "unassign", "set_roles", "set_members",
]  # fmt: skip


def call(dev: EnvironmentClient, what: str, role: str = "reviewer", user: Any = ILSE) -> Any:
    """Make the named call with this role and this user."""
    match what:
        case "list":
            return dev.roles.list()
        case "get":
            return dev.roles.get(role)
        case "members":
            return [member for member in dev.roles.members(role)]
        case "settled":
            return dev.roles.settled_members(role)
        case "children":
            return dev.roles.composites(role).list()
        case "tree":
            return dev.roles.tree()
        case "roles of":
            return dev.users.roles(user)
        case "effective roles":
            return dev.users.effective_roles(user)
        case "search":
            return dev.people.search("idir", guid=user.partition("@")[0])
        case "find_one":
            return dev.people.find_one(guid=user.partition("@")[0])
        case "create":
            return dev.roles.create(f"new {role}")
        case "ensure":
            return dev.roles.ensure(f"new {role}")
        case "rename":
            return dev.roles.rename(role, f"new {role}")
        case "delete":
            return dev.roles.delete(role)
        case "add":
            return dev.roles.composites(role).add("approver")
        case "remove":
            return dev.roles.composites("admin").remove(role)
        case "set":
            return dev.roles.composites(role).set("approver")
        case "assign":
            return dev.users.assign(user, role)
        case "unassign":
            return dev.users.unassign(user, role)
        case "set_roles":
            return dev.users.set_roles(user, role)
        case _:
            return dev.roles.set_members(role, [user])


# Errors.


LASTING = ["drop_before", "500_before", "422_before", "429", "revoked_token", "disaster"]


@pytest.mark.parametrize(("fault", "what"), some(list(product(LASTING, [*READS, *WRITES])), __name__))
def test_every_call_raises_an_error_if_the_service_fails(
    dev: EnvironmentClient, sandbox: Sandbox, what: str, fault: str
) -> None:
    """If the service fails, every call raises an error instead of returning nothing, a text or an empty list."""
    sandbox.faults.add(fault, times=None)
    with pytest.raises(CssError):
        call(dev, what)


@pytest.mark.parametrize(
    ("what", "role", "user", "error", "words"),
    [
        ("members", "nope", ILSE, NotFound, r"There is no role 'nope' in Grants Portal \(#101\) dev"),
        ("assign", "nope", ILSE, NotFound, r"There is no role 'nope' in Grants Portal \(#101\) dev"),
        ("unassign", "nope", ILSE, NotFound, r"There is no role 'nope' in Grants Portal \(#101\) dev"),
        ("assign", "reviewer", NOBODY, NotFound, f'User "{NOBODY}" not found'),
        ("roles of", "", NOBODY, NotFound, f'User "{NOBODY}" not found'),
        ("add", "nope", ILSE, NotFound, r"There is no role 'nope' in Grants Portal \(#101\) dev"),
        ("delete", "nope", ILSE, NotFound, r"There is no role 'nope' in Grants Portal \(#101\) dev"),
    ],
)
def test_an_error_names_what_is_missing(
    dev: EnvironmentClient, what: str, role: str, user: str, error: type[CssError], words: str
) -> None:
    """If a role or a user does not exist, the error names it and carries the status and the request."""
    with pytest.raises(error, match=words) as caught:
        call(dev, what, role, user)
    assert caught.value.status == 404
    assert caught.value.request is not None


def test_a_conflict_names_the_existing_role(dev: EnvironmentClient) -> None:
    """If a role already exists, the error contains the service's own message with the role's name."""
    with pytest.raises(Conflict, match="role reviewer already exists"):
        dev.roles.create("reviewer")


def test_missing_empty_and_failed_are_three_different_outcomes(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """An empty answer is returned as empty, something missing raises NotFound, and a lost connection also raises."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "empty")
    user = usernames(sandbox, 20)[-1]
    empty: dict[str, Any] = {"members": [], "settled": (), "children": (), "roles of": (), "effective roles": ()}
    for what, nothing in empty.items():
        assert call(dev, what, "empty", user) == nothing
        with pytest.raises(NotFound):
            call(dev, what, "nope", NOBODY)
    sandbox.faults.add("drop_before", method="GET", times=None)
    for what in empty:
        with pytest.raises(ConnectionFailed):
            call(dev, what, "empty", user)


def test_a_search_without_a_match_differs_from_a_failed_search(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """A search that finds nobody returns a complete, empty result.

    A search that fails raises an error for every provider.
    """
    providers = ("idir", "azureidir", "githubbcgov", "githubpublic", "bceidbasic", "bceidbusiness", "bceidboth")
    for provider in providers:
        found = dev.people.search(provider, guid="0" * 32)
        assert (found.users, found.complete) == ((), True)
    with pytest.raises(NotFound):
        dev.people.find_one(guid="0" * 32, providers=providers)
    sandbox.faults.add("500_before", method="GET", times=None)
    for provider in providers:
        with pytest.raises(ServiceUnavailable):
            dev.people.search(provider, guid="0" * 32)
    with pytest.raises(ServiceUnavailable):
        dev.people.find_one(guid="0" * 32, providers=providers)


def test_a_read_that_always_fails_ends_after_four_attempts(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """A read that always fails raises an error after four attempts."""
    for what in ("list", "get", "members", "children", "roles of", "search"):
        sandbox.clear_requests()
        sandbox.faults.clear()
        sandbox.faults.add("422_before", method="GET", times=None)
        with pytest.raises(ServiceUnavailable):
            call(dev, what)
        assert asked(sandbox) == {"GET": 4}


# Identities.


def world(**changes: Any) -> dict[str, Any]:
    """Return a team with a chosen client id and with an integration whose name looks like a number."""
    account = {"id": 9, "client_id": "service-account-team-1-9", "client_secret": "a secret"}
    integration = {"team": 1, "auth_type": "both", "service_type": "gold", "status": "applied", "client_secret": "s"}
    return {
        "teams": [{"id": 1, "name": "Team", "api_account": account}],
        "integrations": [
            integration | {"id": 7, "project_name": "Chosen", "client_id": "portal-8", "environments": ["dev", "prod"]},
            integration | {"id": 8, "project_name": "0007", "client_id": "0007-8", "environments": ["dev"]},
            integration | {"id": 9, "project_name": "Plain", "client_id": "plain-9", "environments": ["prod"]},
        ],
        "users": [],
        **changes,
    }


def test_an_integration_is_never_guessed_from_a_client_id() -> None:
    """An integration is not found by its client id. Client ids can be chosen, so the number in one may mislead."""
    sandbox = Sandbox(world())
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        for which in ("portal-8", "plain-9", "service-account-portal-8"):
            with pytest.raises(NotFound):
                css.integration(which)
        chosen = (css.integration("Chosen")).environment("dev")
        chosen.roles.create("reader")
        chosen.users.assign(ServiceAccount("portal-8"), "reader")
    assert sandbox.members(7, "dev", "reader") == ["service-account-portal-8"]
    assert all("/integrations/8" not in entry.path for entry in sandbox.requests)


def test_an_id_is_read_as_a_number_and_a_name_as_a_text() -> None:
    """An integration is found by its id, with or without leading zeros, unless a project has exactly that name."""
    sandbox = Sandbox(world())
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        for which, number in ((7, 7), ("7", 7), ("007", 7), ("0007", 8), ("8", 8)):
            assert (css.integration(which)).info.id == number
        assert (css.integration(7)).info.environments == ("dev", "prod")


def test_members_with_little_data_are_listed() -> None:
    """People without an address, a name or attributes, and service accounts, are listed as members."""
    bare = "a" * 32
    users = [
        {"username": f"{bare}@idir"},
        {"username": f"{bare}@bceidbasic", "email": None, "firstName": None, "lastName": None, "attributes": None},
        {"username": f"{bare}@githubpublic", "email": "", "firstName": "", "lastName": "", "attributes": {}},
        {"username": f"{bare}@bceidboth", "attributes": {"display_name": ["Somebody"]}},
    ]
    sandbox = Sandbox(world(users=users))
    sandbox.create_role(7, "dev", "reader")
    names = sorted([user["username"] or "" for user in users] + ["service-account-portal-8"])
    sandbox.grant(7, "dev", "reader", *names)
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        dev = (css.integration(7)).environment("dev")
        members = [member for member in dev.roles.members("reader")]
    assert [member.username for member in members] == names
    assert {member.email for member in members} == {""}
    assert [member.attributes.get("idir_username", ()) for member in members] == [()] * 5
    assert [member.provider for member in members] == ["bceidbasic", "bceidboth", "githubpublic", "idir", None]


# Repeated runs and a real connection.


def test_a_script_can_be_run_again(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """A second run of a script with ensure(), skip_existing and single calls changes nothing and reports "already"."""
    people = usernames(sandbox, 5)
    outcomes = []
    for _ in range(2):
        for name in ("auditor", "lead"):
            dev.roles.ensure(name)
        dev.roles.composites("lead").add("auditor")
        created = dev.bulk.create_roles(["auditor", "clerk"], skip_existing=True)
        given = dev.bulk.assign_many([(person, "lead") for person in people], skip_existing=True)
        dev.users.assign(people[0], "clerk")
        dev.users.unassign(people[0], "reviewer")
        outcomes.append([result.outcome for result in [*created, *given]])
        state = sandbox.state.document()
    assert outcomes == [["already", *["done"] * 6], ["already"] * 7]
    assert sandbox.state.document() == state
    assert asked(sandbox)["token"] == 1


def test_debug_logs_of_a_connection_contain_no_secret(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """The HTTP libraries log neither secrets nor tokens of a real connection at level DEBUG."""
    caplog.set_level(logging.DEBUG)
    with sandbox.serve() as server:
        credentials = server.credentials()
        with Css(Settings(**credentials), retry=at_once) as css:
            dev = (css.integration(GRANTS_PORTAL)).environment("dev")
            dev.users.assign(ILSE, "reviewer")
            sandbox.faults.add("revoked_token", path="*/roles", times=None)
            with pytest.raises(CssError):
                dev.roles.list()
            token = css._wire._auth.held.secret.reveal()
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    assert len(token) > 100
    for secret in (credentials["client_secret"], token, token.partition(".")[2]):
        assert secret not in caplog.text


# Settings.


def test_an_import_needs_no_variables() -> None:
    """Importing css_sdk, using each public name and asking for help work without any variable."""
    program = (
        "import css_sdk, css_sdk.cli; [getattr(css_sdk, name) for name in css_sdk.__all__]; css_sdk.cli.main(['-h'])"
    )
    bare = {name: value for name, value in os.environ.items() if not name.startswith("CSS_")}
    run = subprocess.run([sys.executable, "-c", program], env=bare, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_settings_are_read_when_a_client_is_made(
    sandbox: Sandbox, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """css-sdk reads the variables when a client is made, not at import, and two clients keep their own settings."""
    other = Sandbox(world())
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    first = Css.from_env(transport=sandbox.transport())
    given: dict[str, Any] = other.credentials()
    for name, value in given.items():
        monkeypatch.setenv(f"CSS_{name.upper()}", str(value))
    second = Css.from_env(transport=other.transport())
    for name in environ:
        monkeypatch.delenv(name)
    for _ in range(2):
        assert (first.whoami()).team_id == 2016
        assert (second.whoami()).team_id == 1
    for css in (first, second):
        css.close()


def test_no_command_takes_credentials_as_an_option() -> None:
    """No command has an option for a secret, a password or a token.

    Process lists and shell histories would show it. `--client-id` names a service account only.
    """
    context = click.Context(commands)
    found = {
        option
        for name in commands.list_commands(context)
        for parameter in (commands.get_command(context, name) or commands).params
        for option in [*parameter.opts, *parameter.secondary_opts]
    }
    assert len(found) > 10
    assert not [option for option in found if any(word in option for word in ("secret", "password", "token"))]
    assert {option for option in found if "client" in option} == {"--client-id"}
    for name in ("assign", "unassign"):
        command = commands.get_command(context, name)
        assert command is not None
        (client_id,) = [parameter for parameter in command.params if "--client-id" in parameter.opts]
        assert isinstance(client_id, click.Option)
        assert "service account" in str(client_id.help)
