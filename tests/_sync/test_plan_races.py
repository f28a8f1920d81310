# Written from tests/_async/test_plan_races.py by `make generate`; edit that one.
"""Others at the same time: one plan applied twice, and roles that go away while they are read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from css_sdk import Applied, Css, Guards, Settings, StalePlan
from css_sdk._pairs import each
from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request, Response
from tests.fault_sequences import sent_writes
from tests.plan_worlds import DEV, MIXED_BEFORE, Busy, as_facts, everything, mixed, reason, seeded
from tests.support import at_once


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("guards", [Guards(), Guards(remove_first=True)], ids=["adding first", "removing first"])
def test_two_at_once(width: int, guards: Guards) -> None:
    """What either confirms is there and nothing else is changed; who did not finish says so; a third run ends it."""
    sandbox = seeded([MIXED_BEFORE])
    first, busy = everything(sandbox), Busy(sandbox)
    settings = Settings(**sandbox.credentials())
    ended: list[Applied | StalePlan] = []
    with (
        Css(settings, transport=busy.transport(), retry=at_once) as one,
        Css(settings, transport=busy.transport(), retry=at_once) as other,
    ):
        plan = one.plan(mixed(), prune=True)

        def apply(css: Css) -> None:
            try:
                ended.append(css.apply_plan(plan, guards=guards, width=width))
            except StalePlan as stale:
                ended.append(stale)

        each(apply, [one, other], 2)
        results = [result for end in ended if isinstance(end, Applied) for result in end.results]
        assert results
        done = {result.step for result in results if result.outcome == "confirmed"}
        steps = guards.order(plan.steps, plan.states)
        reached = MIXED_BEFORE.after([step for step in steps if step in done])
        assert everything(sandbox) == first | {DEV: as_facts(reached)}
        for end in ended:
            assert isinstance(end, StalePlan) or bool(reason(end.results)) is (end.remainder is not None)
            assert isinstance(end, StalePlan) or all(reason(end.results))
        left = one.plan(mixed(), prune=True)
        assert bool(left.steps) <= any(isinstance(end, Applied) and end.remainder is not None for end in ended)
        assert not reason((one.apply_plan(left)).results)
    assert everything(sandbox) == first | {DEV: as_facts(MIXED_BEFORE.after(plan.steps))}


class Hasty(Sandbox):
    """A sandbox in which, once `at_once` is set, somebody does something right after the roles of dev were listed."""

    at_once: Callable[[], object] | None = None

    def answer(self, request: Request) -> Response:
        response = super().answer(request)
        if self.at_once is not None and request.method == "GET" and request.path.endswith("/dev/roles"):
            self.at_once()
        return response


@pytest.mark.parametrize("name", ["a", "d", "p"])
def test_a_role_that_goes_away_while_it_is_read(name: str) -> None:
    """Whether it has members or children to be read or not: the plan is stale, and nothing is sent."""
    sandbox = Hasty()
    seeded([MIXED_BEFORE], sandbox)
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport(), retry=at_once) as css:
        plan = css.plan(mixed(), prune=True)
        sandbox.at_once = lambda: sandbox.delete_role(DEV.integration, DEV.environment, name)
        with pytest.raises(StalePlan, match=r"is not as it was.*Nothing was sent"):
            css.apply_plan(plan)
    assert sent_writes(sandbox) == 0
