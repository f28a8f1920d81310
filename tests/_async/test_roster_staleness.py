"""Exact rosters while a question waits: what changed in between is not overlooked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from css_sdk import AsyncCss, Person, RoleRemovals, Row, StalePlan
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
async def test_what_changed_while_somebody_was_asked_is_stale(css: AsyncCss, sandbox: Sandbox, change: Change) -> None:
    """Also of a role that nobody loses; nothing is sent, and the roles are named."""
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    sandbox.create_role(FISHERIES, "dev", "other")
    sandbox.grant(FISHERIES, "dev", "other", gone)

    def answer(losses: Sequence[RoleRemovals]) -> None:
        change(sandbox, kept, gone)

    with pytest.raises(StalePlan, match=r"'(reviewer|other)' in 10[12], dev.*Nothing was sent"):
        await css.apply_roster([row(kept), row(gone, "other", "102")], exact=True, confirm=answer)
    assert asked(sandbox).keys() == {"GET", "token"}


async def test_what_did_not_change_is_carried_out(css: AsyncCss, sandbox: Sandbox) -> None:
    """What is reported of each row is what the service shows afterwards."""
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    results = await css.apply_roster([row(kept)], exact=True, confirm=lambda losses: None)
    assert [(result.row.person.value, result.state) for result in results] == [(kept, "already has it"), (gone, "done")]
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [kept]


async def test_without_a_question_nothing_is_read_twice(css: AsyncCss, sandbox: Sandbox) -> None:
    """Nobody waits then."""
    kept, _ = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    await css.apply_roster([row(kept)], exact=True)
    assert sandbox.count(path="*/roles/reviewer/users") <= 4
