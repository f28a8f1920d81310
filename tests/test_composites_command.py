"""`css composites` lists, adds, removes and sets the children of a composite role."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, json_rows, usernames

Run = Callable[..., int]
PLACE = ("-i", 101, "-e", "dev")


def children(sandbox: Sandbox, parent: str = "admin") -> set[str]:
    """Return the children of a role."""
    return sandbox.composites(GRANTS_PORTAL, "dev").get(parent, set())


def test_children_are_listed(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """`css composites list` prints the children of a composite role, as a table and as JSON."""
    assert run_css("composites", "list", "admin", *PLACE, "--json") == 0
    assert [json.loads(line)["role"] for line in capsys.readouterr().out.splitlines()] == ["approver", "reviewer"]
    assert run_css("composites", "list", "admin", *PLACE) == 0
    assert capsys.readouterr().out.split() == ["ROLE", "COMPOSITE", "approver", "no", "reviewer", "no"]


def test_an_error_that_repeats_a_role_name_is_cleaned(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that repeats a role's name contains no character that would control the terminal."""
    assert run_css("composites", "list", "a\u2028b", *PLACE) == 1
    assert "There is no role 'a b'" in capsys.readouterr().err


def test_children_are_added_all_or_none(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """`css composites add` adds children in one request. It refuses a cycle, and adds none if one role
    does not exist.
    """
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


def test_remove_lists_the_people_who_lose_a_role(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css composites remove` lists people who have the child only through this role, and names roles that are not
    children.
    """
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
        f"'admin' will no longer contain 'approver': {len(lost)} users lose the role 'approver' in Grants Portal "
        f"(#101) dev: {', '.join(sorted(map(named, lost)))}"
    )
    assert err[1] == "'nope' is not a child of 'admin' in Grants Portal (#101) dev"
    assert asked(sandbox).keys() == {"token", "GET"}
    assert run_css(*remove, "--yes") == 3
    assert children(sandbox) == {"reviewer"}


def test_set_adds_and_removes_children_until_the_list_is_exact(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css composites set` adds missing children without a question, and removes others only with `--yes`."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "a")
    assert run_css("composites", "set", "admin", "a", "approver", "reviewer", *PLACE) == 0
    assert run_css("composites", "set", "admin", "a", *PLACE) == 4
    assert children(sandbox) == {"a", "approver", "reviewer"}
    capsys.readouterr()
    assert run_css("composites", "set", "admin", "a", *PLACE, "--yes", "--json") == 0
    rows = json_rows(capsys)
    assert [(row["action"], row["role"], row["target"]) for row in rows] == [
        ("remove", "admin", "approver"),
        ("remove", "admin", "reviewer"),
    ]
    assert children(sandbox) == {"a"}
    assert run_css("composites", "set", "admin", "a", *PLACE) == 0
    assert capsys.readouterr().err == "nothing to do\n"


def test_people_who_have_the_role_through_a_new_child_lose_nothing(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a new child includes the roles of the removed children, css reports that nobody loses them."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "both", ["approver", "reviewer"])
    assert run_css("composites", "set", "admin", "both", *PLACE, "--yes") == 0
    assert capsys.readouterr().err.splitlines()[:2] == [
        "'admin' will no longer contain 'approver': nobody loses the role 'approver' in Grants Portal (#101) dev",
        "'admin' will no longer contain 'reviewer': nobody loses the role 'reviewer' in Grants Portal (#101) dev",
    ]
    assert children(sandbox) == {"both"}


def test_set_removes_no_child_if_another_could_not_be_added(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a child in the list does not exist, `css composites set` removes no other child and writes nothing."""
    assert run_css("composites", "set", "admin", "nope", *PLACE, "--yes") == 3
    printed = capsys.readouterr().out
    assert "an earlier step, which failed: add nope to composite admin. There is no role 'nope'" in printed
    assert asked(sandbox).keys() == {"token", "GET"}
    assert children(sandbox) == {"approver", "reviewer"}


def test_set_limits_removals_and_needs_allow_empty_for_an_empty_list(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css composites set` needs `--allow-empty` for an empty list and `--max-removals` for many removals."""
    names = [f"c{number}" for number in range(12)]
    for name in names:
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    sandbox.create_role(GRANTS_PORTAL, "dev", "big", names)
    assert run_css("composites", "set", "big", *PLACE, "--yes") == 4
    assert "pass --allow-empty" in capsys.readouterr().err
    assert asked(sandbox) == {}
    assert run_css("composites", "set", "big", *PLACE, "--yes", "--allow-empty") == 4
    assert "12 of 12 children of the role 'big' in Grants Portal (#101) dev would be removed" in capsys.readouterr().err
    assert children(sandbox, "big") == set(names)
    assert run_css("composites", "set", "big", *PLACE, "--yes", "--allow-empty", "--max-removals", 12) == 0
    assert children(sandbox, "big") == set()
