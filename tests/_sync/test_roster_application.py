# Written from tests/_async/test_roster_application.py by `make generate`; edit that one.
"""What comes of a roster's rows."""

from __future__ import annotations

import pytest

from css_sdk import ConfigurationError, Css, InvalidRequest, Person, Row, RowResult, read_roster
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


def test_rows_that_contradict_each_other_once_found_are_not_sent(css: Css, sandbox: Sandbox) -> None:
    """One by GUID and project name, the other by username and id: only the service knows that they mean the same."""
    user = usernames(sandbox, 20)[-1]
    rows = [
        Row(2, Person("guid", user.partition("@")[0]), "reviewer", "Grants Portal", "dev", "grant"),
        Row(3, Person("username", user), "reviewer", "101", "dev", "revoke"),
        Row(4, Person("username", user), "approver", "101", "dev", "grant"),
    ]
    results = css.apply_roster(rows, providers=["idir"])
    assert [result.outcome for result in results] == ["failed", "failed", "confirmed"]
    assert isinstance(results[0].error, InvalidRequest)
    assert user not in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")


def test_a_second_run_sends_nothing(css: Css, sandbox: Sandbox) -> None:
    """What is already so is seen by reading, grants and revocations alike."""
    user, other = usernames(sandbox, 20)[-2:]
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", other)
    text = f"username,role,action\n{user},reviewer,grant\n{other},approver,revoke\n{user},reviewer,grant\n"
    rows = read_roster(text, "roster.csv", integration="101", environment="dev")
    told: list[RowResult] = []
    first = css.apply_roster(rows, progress=told.append)
    assert [result.state for result in first] == ["done"] * 3
    assert sorted(map(str, told)) == sorted(map(str, first))
    before = asked(sandbox)
    assert [result.state for result in css.apply_roster(rows)] == ["already so"] * 3
    # One reading for the grants, and two that agree for what would be taken away.
    assert (asked(sandbox) - before) == {"GET": 3}


def test_a_width_out_of_range_is_refused_whatever_the_rows(css: Css, sandbox: Sandbox) -> None:
    """Even where nothing would have to be sent."""
    for width in (0, 99):
        with pytest.raises(ConfigurationError, match="1 to 8"):
            css.apply_roster([], width=width)
    assert asked(sandbox) == {}


def test_an_empty_guid_finds_nobody(css: Css) -> None:
    """It is no search by something else."""
    with pytest.raises(InvalidRequest, match="guid"):
        css.people("dev").find_one(guid="")
