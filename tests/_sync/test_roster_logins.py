# Written from tests/_async/test_roster_logins.py by `make generate`; edit that one.
"""A person with several logins in a roster: one login is chosen, all are used, or the row lists the candidates."""

from __future__ import annotations

from typing import Any

import pytest

from css_sdk import Ambiguous, CallbackFailed, Css, InvalidRequest, RowResult, StalePlan, read_roster
from css_sdk.roster.results import results_as_csv
from css_sdk.sandbox import Sandbox
from tests.people_world import person
from tests.support import GRANTS_PORTAL, asked

MAREN = "maren.fairweather@example.com"
PLACE: dict[str, Any] = {"integration": str(GRANTS_PORTAL), "environment": "dev"}


def rows_for(*people: str, role: str = "approver") -> Any:
    """Return a row for each address."""
    return read_roster("email,role\n" + "".join(f"{each},{role}\n" for each in people), **PLACE)


@pytest.mark.parametrize(
    ("how", "providers"),
    [
        ({}, []),
        ({"prefer": ["azureidir", "idir"]}, ["azureidir"]),
        ({"prefer": "idir"}, ["idir"]),
        ({"prefer": "bceidbasic"}, []),
        ({"all_logins": True}, ["azureidir", "idir"]),
        ({"providers": ["idir"]}, ["idir"]),
    ],
)
def test_options_choose_the_logins_of_a_row(
    css: Css, sandbox: Sandbox, how: dict[str, Any], providers: list[str]
) -> None:
    """prefer=, all_logins= and providers= choose the logins of a row. Otherwise it is ambiguous and nothing is sent.

    check_roster() reports the same as apply_roster().
    """
    before = set(sandbox.members(GRANTS_PORTAL, "dev", "approver"))
    checked = css.check_roster(rows_for(MAREN), **how)
    results = css.apply_roster(rows_for(MAREN), **how)
    gained = set(sandbox.members(GRANTS_PORTAL, "dev", "approver")) - before
    assert sorted(user.partition("@")[2] for user in gained) == providers
    assert [result.state for result in results] == (["done"] * len(providers) or ["ambiguous"])
    assert [result.state for result in checked] == (["to do"] * len(providers) or ["ambiguous"])
    assert {result.row.line for result in results} == {2}


def test_no_option_chooses_between_two_people_with_one_address(css: Css, sandbox: Sandbox) -> None:
    """If two people have one address, neither prefer= nor all_logins= chooses between them. The error names both."""
    for guid, provider in (("aa" * 16, "idir"), ("bb" * 16, "azureidir")):
        user = person(guid, provider, "Ann", "one@example.com")
        sandbox.world.users[user["username"]] = user
    before = asked(sandbox)
    for how in ({"prefer": ["idir"]}, {"all_logins": True}):
        [result] = css.apply_roster(rows_for("one@example.com"), **how)
        assert result.state == "ambiguous"
        assert "They belong to 2 different people. " in str(result.error)
        assert f"{'aa' * 16}@idir (Ann Example), {'bb' * 16}@azureidir (Ann Example)" in str(result.error)
    assert (asked(sandbox) - before)["POST"] == 0


def test_the_column_choice_selects_a_candidate(css: Css, sandbox: Sandbox) -> None:
    """The result file lists candidates in columns. With a number in the column `choice`, that login gets the role."""
    results = css.apply_roster(rows_for(MAREN))
    text = results_as_csv(results)
    header, line = text.splitlines()
    assert header.endswith(",choice,candidate_1,candidate_2,candidate_3")
    assert "Maren Fairweather 0f3ac87806aa7f215a7c0d4cc4d9e799@azureidir" in line
    column = 1 + [cell.endswith("@azureidir") for cell in line.split(",")[-3:]].index(True)
    answered = line.rsplit(",", 4)
    answered[1] = str(column)
    rows = read_roster(f"{header}\n{','.join(answered)}\n", "r.result.csv")
    assert [row.person.value.partition("@")[2] for row in rows] == ["azureidir"]
    assert [result.state for result in css.apply_roster(rows)] == ["done"]
    assert "Write the number of a candidate into the column `choice`" in line


def test_failed_rows_of_all_logins_can_be_applied_again(css: Css, sandbox: Sandbox) -> None:
    """With all_logins=, each login has its own result.

    Checked results can be applied, and failed rows applied again.
    """
    rows = rows_for(MAREN, MAREN)
    checked = css.check_roster(rows, all_logins=True)
    results = css.apply_roster(rows, all_logins=True, checked=checked)
    assert [(result.state, result.repeats) for result in results] == [
        ("done", None), ("done", None), ("done", 2), ("done", 2),
    ]  # fmt: skip
    with pytest.raises(StalePlan):
        css.apply_roster(rows, all_logins=True, checked=checked)
    sandbox.faults.add("500_before", method="POST", path="*@idir/roles", times=None)
    sandbox.create_role(GRANTS_PORTAL, "dev", "late")
    results = css.apply_roster(rows_for(MAREN, role="late"), all_logins=True)
    assert sorted(result.state for result in results) == ["done", "failed"]
    [left] = read_roster(results_as_csv(results), "r.result.csv")
    assert (left.person.value.partition("@")[2], left.email) == ("idir", MAREN)
    sandbox.faults.clear()
    assert [result.state for result in css.apply_roster([left])] == ["done"]


def test_an_exact_roster_with_all_logins_keeps_both(css: Css, sandbox: Sandbox) -> None:
    """An exact roster with all_logins= keeps both logins of a listed person."""
    css.apply_roster(rows_for(MAREN), all_logins=True)
    results = css.apply_roster(rows_for(MAREN), all_logins=True, exact=True, max_removals=5)
    assert [result.state for result in results][:2] == ["already has it"] * 2
    members = sandbox.members(GRANTS_PORTAL, "dev", "approver")
    assert sorted(user.partition("@")[2] for user in members) == ["azureidir", "idir"]


def test_contradicting_choices_are_refused(css: Css, sandbox: Sandbox) -> None:
    """apply_roster() refuses prefer= together with all_logins=, and an unknown provider."""
    for how in ({"prefer": "idir", "all_logins": True}, {"prefer": "ldap"}):
        with pytest.raises(InvalidRequest):
            css.apply_roster(rows_for(MAREN), **how)
    assert asked(sandbox) == {}


def test_look_ups_are_counted(css: Css) -> None:
    """looking_up= gets the number of searches done and of all searches. If it raises an error, no result is lost."""
    reported: list[tuple[int, int]] = []
    people = ["ilse.hargreave@example.com", "nobody@example.com", "caspian.quist@example.com"]
    css.check_roster(rows_for(*people), looking_up=lambda done, of: reported.append((done, of)))
    assert [done for done, _ in reported] == list(range(1, len(reported) + 1))
    assert reported[0][1] == 6
    assert reported[-1][0] == reported[-1][1] > 6

    def fail(done: int, of: int) -> None:
        raise RuntimeError("no display")

    with pytest.raises(CallbackFailed, match="looking_up= raised RuntimeError: no display") as caught:
        css.apply_roster(rows_for(*people), looking_up=fail)
    results: list[RowResult] = caught.value.result
    assert len(results) == 3
    assert not any(isinstance(result.error, Ambiguous) for result in results)
