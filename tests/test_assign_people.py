"""`css assign` and `css unassign` with people named by e-mail address or GUID, and `css roles ensure`."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from css_sdk.sandbox import Sandbox
from tests.people_world import ALPHA, ANN, BEA, BO, CLEO, EVE, NELL, world
from tests.states import everything, writes
from tests.support import asked

Run = Callable[..., int]
DEV = ("-i", ALPHA, "-e", "dev", "-r", "lead")


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox of people with unusual logins and addresses."""
    return Sandbox(world=world())


def members(sandbox: Sandbox) -> set[str]:
    """Return the members of the role."""
    return set(sandbox.members(ALPHA, "dev", "lead"))


@pytest.mark.parametrize(
    ("named", "given"),
    [
        (["--email", "Nell@people.example"], {f"{NELL}@idir"}),
        (["--email", "Cleo <mailto:cleo@people.example>;"], {f"{CLEO}@azureidir"}),
        (["--guid", f"{{{NELL[:8]}-{NELL[8:12]}-{NELL[12:16]}-{NELL[16:20]}-{NELL[20:]}}}".upper()], {f"{NELL}@idir"}),
        (["--email", "eve@people.example", "--provider", "azureidir"], {f"{EVE}@azureidir"}),
        (["--guid", EVE, "--prefer", "azureidir,idir"], {f"{EVE}@azureidir"}),
        (["--guid", EVE, "--all-logins"], {f"{EVE}@idir", f"{EVE}@azureidir"}),
        (
            [f"{BO}@idir", "--email", "nell@people.example", "--guid", CLEO, "--client-id", f"alpha-{ALPHA}"],
            {f"{BO}@idir", f"{NELL}@idir", f"{CLEO}@azureidir", f"service-account-alpha-{ALPHA}"},
        ),
    ],
)
def test_people_are_named_by_address_and_guid(
    run_css: Run, sandbox: Sandbox, named: list[str], given: set[str]
) -> None:
    """People named by e-mail address, GUID, client id or username get a role, and the same options remove it."""
    before = everything(sandbox)
    assert run_css("assign", *DEV, *named) == 0
    assert members(sandbox) == given
    assert run_css("unassign", *DEV, *named, "--yes") == 0
    assert everything(sandbox) == before


@pytest.mark.parametrize(
    ("named", "code", "said"),
    [
        (["--email", "eve@people.example"], 1, "pass --provider, --prefer or --all-logins"),
        (["--email", "desk@people.example", "--all-logins"], 1, f"{BEA}@idir"),
        (["--email", "nobody@people.example"], 1, "in dev has the e-mail address nobody@people.example"),
        (["--email", "ann"], 64, "'ann'"),
        (["--guid", ANN[:-1]], 64, "must have 32 hex digits"),
        (["--guid", EVE, "--prefer", "idir", "--all-logins"], 64, "pass one of them"),
        (["--guid", EVE, "--prefer", "idir,zz"], 64, "'--prefer': 'zz' is not one of 'idir', 'azureidir'"),
        ([], 64, "pass usernames, --email, --guid, or --client-id"),
    ],
)
def test_a_person_who_is_not_identified_gets_and_loses_nothing(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], named: list[str], code: int, said: str
) -> None:
    """If a person cannot be identified, `assign` and `unassign` write nothing, and the message says which option to
    pass.
    """
    for command in (["assign"], ["unassign", "--yes"]):
        assert run_css(*command, *DEV, *named) == code
        out, err = capsys.readouterr()
        assert said in out + err
    assert writes(sandbox) == []


def test_ensure_creates_only_missing_roles(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """`css roles ensure` creates only missing roles. If none is missing, it writes nothing and asks nothing, even in
    prod.
    """
    place = ("-i", ALPHA, "-e", "prod")
    assert run_css("roles", "ensure", *place, "reader", "auditor") == 4
    assert "the role 'auditor' is created in Alpha (#301) prod" in capsys.readouterr().err
    assert run_css("roles", "ensure", *place, "reader", "auditor", "--allow-prod", "--json") == 0
    states = {each["role"]: each["state"] for each in map(json.loads, capsys.readouterr().out.splitlines())}
    assert states == {"reader": "already exists", "auditor": "done"}
    assert sandbox.roles(ALPHA, "prod") == {"reader", "auditor"}
    done = len(writes(sandbox))
    assert run_css("roles", "ensure", *place, "reader", "auditor") == 0
    assert len(writes(sandbox)) == done == 1


def test_ensure_does_not_report_a_role_that_it_could_not_create(run_css: Run, sandbox: Sandbox) -> None:
    """`css roles ensure` fails if a name is invalid or a request fails, and deletes nothing."""
    assert run_css("roles", "ensure", "-i", ALPHA, "-e", "dev", "..") == 4
    sandbox.faults.add("500_before", method="POST", times=None)
    assert run_css("roles", "ensure", "-i", ALPHA, "-e", "dev", "reader", "auditor") == 3
    assert "auditor" not in sandbox.roles(ALPHA, "dev")
    assert asked(sandbox)["DELETE"] == 0
