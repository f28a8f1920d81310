# Written from tests/_async/test_everywhere.py by `make generate`; edit that one.
"""A dozen calls, the same in process and over a socket, here and in the other world."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from css_sdk import Conflict, Css, Grant, NotFound, Role, ServiceAccount, Settings
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import FISHERIES, GRANTS_PORTAL, asked, at_once

ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"
ROBOT = ServiceAccount("fisheries-service-102")


@pytest.fixture(params=["in process", "on a socket"])
def css(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[Css]:
    """A client of the shipped world's team, by either way in."""
    if request.param == "in process":
        settings = Settings(**sandbox.credentials())
        with Css(settings, transport=sandbox.transport(), retry=at_once) as css:
            yield css
    else:
        with sandbox.serve() as server:
            with Css(Settings(**server.credentials()), retry=at_once) as css:
                yield css


def test_who_am_i(css: Css) -> None:
    """The team stands in the token."""
    assert (css.whoami()).team_id == 2016


def test_integrations(css: Css, sandbox: Sandbox) -> None:
    """Gold ones only, and read once."""
    assert [found.id for found in css.integrations()] == [101, 102, 103]
    assert (css.integration("Fisheries Service")).info.id == FISHERIES
    assert asked(sandbox) == {"token": 1, "GET": 1}


def test_roles_are_listed(dev: EnvironmentClient) -> None:
    """The list is sorted by name, and marks composite roles."""
    assert dev.roles.list() == (Role("admin", composite=True), Role("approver"), Role("reviewer"))


def test_a_role_is_read(dev: EnvironmentClient) -> None:
    """One that is there, and one that is not."""
    assert dev.roles.get("admin") == Role("admin", composite=True)
    with pytest.raises(NotFound):
        dev.roles.get("nope")


@pytest.mark.parametrize("name", ["auditor", "a%2Fb", "50% off? \N{PARTY POPPER} é+#;&"])
def test_a_role_is_made_and_taken_away(dev: EnvironmentClient, sandbox: Sandbox, name: str) -> None:
    """This works for every name."""
    assert dev.roles.create(name) == Role(name)
    assert dev.roles.get(name) == Role(name)
    with pytest.raises(Conflict):
        dev.roles.create(name)
    dev.roles.delete(name)
    assert name not in sandbox.roles(GRANTS_PORTAL, "dev")


def test_a_role_is_ensured(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """Made where it is missing, left alone where it is there."""
    for _ in range(2):
        assert dev.roles.ensure("auditor") == Role("auditor")
    assert sandbox.count("POST", "*/roles") == 1


def test_a_user_is_given_roles(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """Two in one call, and they are there."""
    dev.users.assign(ILSE, "reviewer", "approver")
    assert [role.name for role in dev.users.roles(ILSE)] == ["admin", "approver", "reviewer"]
    assert sandbox.grants(GRANTS_PORTAL, "dev")[ILSE] == {"admin", "approver", "reviewer"}


def test_a_role_is_taken_from_a_user(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """And from no one else."""
    dev.users.assign(ROBOT, "admin")
    dev.users.unassign(ILSE, "admin")
    assert sandbox.members(GRANTS_PORTAL, "dev", "admin") == [ROBOT.username]


def test_members_are_listed(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """From more than one page, with what is known of each."""
    people = sorted(sandbox.world.users)[:51]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *people)
    members = [member for member in dev.roles.members("crowd")]
    assert [member.username for member in members] == people
    assert all(member.email for member in members if member.provider == "idir")


def test_people_are_searched(css: Css) -> None:
    """By a part of an address, without case."""
    found = css.people("prod").search("idir", email="ILSE.harg")
    assert [user.username for user in found.users] == [ILSE]
    assert found.complete


def test_one_person_is_found(dev: EnvironmentClient) -> None:
    """By the whole address, or not at all."""
    assert (dev.people.find_one(email="ilse.hargreave@example.com")).username == ILSE
    with pytest.raises(NotFound):
        dev.people.find_one(email="ilse.harg")


def test_many_are_given_a_role(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """There is a result for each user, even if some fail."""
    people = [name for name in sorted(sandbox.world.users) if name.endswith("@idir")][:12]
    grants = [Grant(name, "approver") for name in [*people, "nobody@idir"]]
    results = dev.bulk.assign_many(grants)
    assert [result.outcome for result in results] == ["confirmed"] * 12 + ["failed"]
    assert {*people} <= {*sandbox.members(GRANTS_PORTAL, "dev", "approver")}


@pytest.mark.parametrize("kind", ["drop_before", "lose_after", "422_after"])
def test_a_write_survives_a_fault(dev: EnvironmentClient, sandbox: Sandbox, kind: str) -> None:
    """The connection is lost, or the answer is an error: what was asked is so in the end, and was done once."""
    sandbox.faults.add(kind, method="POST")
    dev.users.assign(ILSE, "reviewer")
    assert ILSE in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    assert sandbox.count("POST", "*/users/*") == (2 if kind.endswith("before") else 1)
