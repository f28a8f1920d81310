"""Exact rosters on random worlds end with exactly the listed members."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from css_sdk import Css, EmptySet, Person, Row, Settings
from css_sdk.sandbox import Sandbox
from tests.support import FISHERIES, GRANTS_PORTAL, asked, at_once, examples, usernames

PLACES = [(GRANTS_PORTAL, "dev"), (FISHERIES, "dev"), (GRANTS_PORTAL, "prod")]
ROLES = ["one", "two"]
SPELLINGS = {GRANTS_PORTAL: ["101", "Grants Portal"], FISHERIES: ["102", "Fisheries Service"]}
STEADY = settings(
    derandomize=True,
    deadline=None,
    max_examples=examples(10),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Settings with the same examples in every run."""

SETS = st.dictionaries(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(ROLES)), st.sets(st.integers(0, 7), min_size=1)
)


@STEADY
@given(before=SETS, wanted=SETS, spelling=st.randoms(use_true_random=False))
def test_an_exact_roster_ends_with_exactly_the_listed_members(before: object, wanted: object, spelling: object) -> None:
    """An exact roster gives each role that it names exactly the listed members, changes no other role, and writes
    nothing twice.
    """
    assert isinstance(before, dict)
    assert isinstance(wanted, dict)
    sandbox = Sandbox()
    people = usernames(sandbox, 8)
    for place in PLACES:
        for role in ROLES:
            sandbox.create_role(*place, role)
            sandbox.grant(*place, role, *[people[n] for n in before.get((place, role), ())])
    rows = [
        Row(
            2,
            Person(*spelling.choice([("username", people[n]), ("guid", people[n].partition("@")[0])])),  # type: ignore[attr-defined]
            role,
            spelling.choice(SPELLINGS[place[0]]),  # type: ignore[attr-defined]
            place[1],
        )
        for (place, role), members in wanted.items()
        for n in members
    ]
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport(), retry=at_once) as css:
        if not rows:
            try:
                css.apply_roster(rows, exact=True, max_removals=20)
            except EmptySet:
                return
        states = [result.state for result in css.apply_roster(rows, exact=True, providers=["idir"], max_removals=20)]
        assert set(states) <= {"done", "already has it"}
        for place in PLACES:
            for role in ROLES:
                expected = wanted.get((place, role), before.get((place, role), set()))
                assert sandbox.members(*place, role) == [people[n] for n in sorted(expected)]
        sent = asked(sandbox)
        again = css.apply_roster(rows, exact=True, providers=["idir"], max_removals=20)
        assert [result.state for result in again] == ["already has it"] * len(rows)
        assert (asked(sandbox) - sent).keys() == {"GET"}
