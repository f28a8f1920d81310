"""`css composites`: children listed, added, taken out, and made exactly these."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames

Run = Callable[..., int]
PLACE = ("-i", 101, "-e", "dev")


def children(sandbox: Sandbox, parent: str = "admin") -> set[str]:
    """What a role is composed of."""
    return sandbox.composites(GRANTS_PORTAL, "dev").get(parent, set())


def test_children_are_listed(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """As rows of a table, and as JSON."""
    assert run_css("composites", "list", "admin", *PLACE, "--json") == 0
    assert [json.loads(line)["role"] for line in capsys.readouterr().out.splitlines()] == ["approver", "reviewer"]
    assert run_css("composites", "list", "admin", *PLACE) == 0
    assert capsys.readouterr().out.split() == ["ROLE", "COMPOSITE", "approver", "no", "reviewer", "no"]


def test_what_the_service_says_cannot_move_the_cursor(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """It repeats names as they are, and a terminal would obey them; so errors are shown like tables are."""
    assert run_css("composites", "list", "a\u2028b", *PLACE) == 1
    assert "There is no role 'a b'" in capsys.readouterr().err


def test_children_are_added_all_or_none(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """In one call; a circle is refused, and a role that is not there lets none be added."""
    for name in ("a", "b"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    assert run_css("composites", "add", "admin", "a", "b", "a", *PLACE) == 0
    assert children(sandbox) == {"a", "approver", "b", "reviewer"}
    assert asked(sandbox)["POST"] == 1
    assert run_css("composites", "add", "reviewer", "admin", *PLACE) == 4
    assert run_css("composites", "add", "reviewer", "a", "nope", *PLACE, "--json") == 3
    states = [json.loads(line)["state"] for line in capsys.readouterr().out.splitlines()[-2:]]
    assert states == ["failed", "failed"]
    assert children(sandbox, "reviewer") == set()


def test_taking_out_tells_who_loses_what(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """The command lists people who have the child only through this role, and names roles that are not children."""
    (only, both) = usernames(sandbox, 2)
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", only, both)
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", both)
    holders = set(sandbox.members(GRANTS_PORTAL, "dev", "admin"))
    lost = holders - set(sandbox.members(GRANTS_PORTAL, "dev", "approver"))
    assert only in lost

    def named(user: str) -> str:
        return "{firstName} {lastName} {username}".format(**sandbox.world.users[user])

    assert both not in lost
    remove = ("composites", "remove", "admin", "approver", "nope", *PLACE)
    assert run_css(*remove) == 4
    err = capsys.readouterr().err.splitlines()
    assert err[0] == (
        f"no longer through 'admin': {len(lost)} users lose the role 'approver' in Grants Portal, dev: "
        f"{', '.join(sorted(map(named, lost)))}"
    )
    assert err[1] == "'nope' is not a child of 'admin' in Grants Portal, dev"
    assert asked(sandbox).keys() == {"token", "GET"}
    assert run_css(*remove, "--yes") == 3
    assert children(sandbox) == {"reviewer"}


def test_a_set_is_exact(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """What is missing is added, what is too many is taken out; what adds only asks nobody."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "a")
    assert run_css("composites", "set", "admin", "a", "approver", "reviewer", *PLACE) == 0
    assert run_css("composites", "set", "admin", "a", *PLACE) == 4
    assert children(sandbox) == {"a", "approver", "reviewer"}
    capsys.readouterr()
    assert run_css("composites", "set", "admin", "a", *PLACE, "--yes", "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["action"], row["role"], row["target"]) for row in rows] == [
        ("remove", "admin", "approver"),
        ("remove", "admin", "reviewer"),
    ]
    assert children(sandbox) == {"a"}
    assert run_css("composites", "set", "admin", "a", *PLACE) == 0
    assert capsys.readouterr().err == "nothing to do\n"


def test_whoever_has_it_through_a_new_child_loses_nothing(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the new children lead to is looked at as well."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "both", ["approver", "reviewer"])
    assert run_css("composites", "set", "admin", "both", *PLACE, "--yes") == 0
    assert capsys.readouterr().err.splitlines()[:2] == [
        "no longer through 'admin': nobody loses the role 'approver' in Grants Portal, dev",
        "no longer through 'admin': nobody loses the role 'reviewer' in Grants Portal, dev",
    ]
    assert children(sandbox) == {"both"}


def test_nothing_is_taken_out_where_something_could_not_be_added(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list with a mistake in it takes nothing away."""
    assert run_css("composites", "set", "admin", "nope", *PLACE, "--yes") == 3
    assert "Nothing is removed, because something could not be added" in capsys.readouterr().out
    assert asked(sandbox).keys() == {"token", "GET"}
    assert children(sandbox) == {"approver", "reviewer"}


def test_an_exact_set_has_limits(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """None at all, and many at once, have to be said."""
    names = [f"c{number}" for number in range(12)]
    for name in names:
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    sandbox.create_role(GRANTS_PORTAL, "dev", "big", names)
    assert run_css("composites", "set", "big", *PLACE, "--yes") == 4
    assert "pass --allow-empty" in capsys.readouterr().err
    assert asked(sandbox) == {}
    assert run_css("composites", "set", "big", *PLACE, "--yes", "--allow-empty") == 4
    assert "12 of 12 children of the role 'big' (#101 dev) would be removed" in capsys.readouterr().err
    assert children(sandbox, "big") == set(names)
    assert run_css("composites", "set", "big", *PLACE, "--yes", "--allow-empty", "--max-removals", 12) == 0
    assert children(sandbox, "big") == set()
