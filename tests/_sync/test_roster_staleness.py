# Written from tests/_async/test_roster_staleness.py by `make generate`; edit that one.
"""Exact rosters: a change by somebody else while confirm= runs is detected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from css_sdk import Css, Person, RoleRemovals, Row, StalePlan
from css_sdk.sandbox import Sandbox
from tests.support import FISHERIES, GRANTS_PORTAL, asked, usernames

Change = Callable[[Sandbox, str, str], object]


def row(username: str, role: str = "reviewer", integration: str = "101") -> Row:
    return Row(2, Person("username", username), role, integration, "dev")


@pytest.mark.parametrize(
    "change",
    [
        lambda sandbox, kept, gone: sandbox.revoke(GRANTS_PORTAL, "dev", "reviewer", kept),
        lambda sandbox, kept, gone: sandbox.revoke(GRANTS_PORTAL, "dev", "reviewer", gone),
        lambda sandbox, kept, gone: sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", usernames(sandbox, 20)[-1]),
        lambda sandbox, kept, gone: sandbox.grant(FISHERIES, "dev", "other", kept),
    ],
    ids=["the listed one lost it", "the other one lost it", "one more has it", "another role changed"],
)
def test_a_change_during_confirm_makes_an_exact_roster_stale(css: Css, sandbox: Sandbox, change: Change) -> None:
    """If a role of an exact roster changes while confirm= runs, the roster is stale and nothing is sent.

    This also applies to a role from which nobody is removed.
    """
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    sandbox.create_role(FISHERIES, "dev", "other")
    sandbox.grant(FISHERIES, "dev", "other", gone)

    def answer(losses: Sequence[RoleRemovals]) -> None:
        change(sandbox, kept, gone)

    with pytest.raises(StalePlan, match=r"'(reviewer|other)' in .+ .#10[12]. dev.*Nothing was sent"):
        css.apply_roster([row(kept), row(gone, "other", "102")], exact=True, confirm=answer)
    assert asked(sandbox).keys() == {"GET", "token"}


def test_an_unchanged_exact_roster_is_carried_out(css: Css, sandbox: Sandbox) -> None:
    """If nothing changes while confirm= runs, the roster is carried out, and the results agree with the members."""
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    results = css.apply_roster([row(kept)], exact=True, confirm=lambda losses: None)
    assert [(result.row.person.value, result.state) for result in results] == [(kept, "already has it"), (gone, "done")]
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [kept]


def test_without_confirm_the_members_are_read_at_most_four_times(css: Css, sandbox: Sandbox) -> None:
    """Without confirm=, an exact roster requests the members of a role at most four times."""
    kept, _ = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    css.apply_roster([row(kept)], exact=True)
    assert sandbox.count(path="*/roles/reviewer/users") <= 4
