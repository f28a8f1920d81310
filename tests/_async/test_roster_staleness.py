"""Exact rosters: a change by somebody else while confirm= runs is detected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from css_sdk import AsyncCss, Person, RoleRemovals, Row, Settings, StalePlan
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
async def test_a_change_during_confirm_makes_an_exact_roster_stale(
    css: AsyncCss, sandbox: Sandbox, change: Change
) -> None:
    """If a role of an exact roster changes while confirm= runs, the roster is stale and nothing is sent.

    This also applies to a role from which nobody is removed.
    """
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    sandbox.create_role(FISHERIES, "dev", "other")
    sandbox.grant(FISHERIES, "dev", "other", gone)

    def answer(losses: Sequence[RoleRemovals]) -> None:
        change(sandbox, kept, gone)

    with pytest.raises(StalePlan, match=r"'(reviewer|other)' in .+ .#10[12]. dev.*Nothing was sent"):
        await css.apply_roster([row(kept), row(gone, "other", "102")], exact=True, confirm=answer)
    assert asked(sandbox).keys() == {"GET", "token"}


async def test_an_unchanged_exact_roster_is_carried_out(css: AsyncCss, sandbox: Sandbox) -> None:
    """If nothing changes while confirm= runs, the roster is carried out, and the results agree with the members."""
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    results = await css.apply_roster([row(kept)], exact=True, confirm=lambda losses: None)
    assert [(result.row.person.value, result.state) for result in results] == [(kept, "already has it"), (gone, "done")]
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [kept]


async def test_without_confirm_the_members_are_read_at_most_four_times(css: AsyncCss, sandbox: Sandbox) -> None:
    """Without confirm=, an exact roster requests the members of a role at most four times."""
    kept, _ = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    await css.apply_roster([row(kept)], exact=True)
    assert sandbox.count(path="*/roles/reviewer/users") <= 4


async def test_a_check_sees_a_member_whom_one_reading_misses(sandbox: Sandbox) -> None:
    """If somebody leaves a role between two pages, the next member is missing in that reading.

    A row that revokes the role from this member is still to do: after "does not have it", nobody would revoke it.
    """
    crowd = sorted(sandbox.world.users)[:60]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *crowd)

    async def first_member_leaves(_: float) -> None:
        sandbox.revoke(GRANTS_PORTAL, "dev", "crowd", crowd[0])

    sandbox.faults.add("delay", path="*/roles/crowd/users", seconds=1)
    row = Row(2, Person("username", crowd[50]), "crowd", str(GRANTS_PORTAL), "dev", "revoke")
    async with AsyncCss(
        Settings(**sandbox.credentials()), transport=sandbox.async_transport(first_member_leaves)
    ) as css:
        checked = await css.check_roster([row])
        assert [result.state for result in checked] == ["to do"]
        assert [result.state for result in await css.apply_roster([row], checked=checked)] == ["done"]
    assert crowd[50] not in sandbox.members(GRANTS_PORTAL, "dev", "crowd")
