"""Reports of all roles of a team: they equal the roles in tokens and need no request for each person."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from css_sdk import (
    AsyncCss,
    AuthenticationError,
    ConfigurationError,
    EnvironmentMissing,
    IncompleteSearch,
    InvalidRequest,
    NotApplied,
    NotFound,
    ServiceUnavailable,
    Settings,
)
from css_sdk.sandbox import Sandbox
from tests.people_world import ALPHA, ANN, BETA, CLEO, DRAFT, PEOPLE, world
from tests.support import asked, examples


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox with two integrations and a draft."""
    return Sandbox(world=world())


async def test_a_report_sends_no_request_for_a_single_person(css: AsyncCss, sandbox: Sandbox) -> None:
    """A report sends requests for places, roles and pages of members, and none for a single person."""
    report = await css.report()
    # The list of integrations, five lists of roles, the children of two composites, and the members of seven roles.
    assert asked(sandbox) == {"token": 1, "GET": 1 + 5 + 2 + 7}
    found = [(str(row.place), row.role, row.user.username, row.held) for row in report.rows()]
    assert found == [*report_rows_of_alpha(), (f"Beta (#{BETA}) prod", "guest", f"{ANN}@idir", "directly")]
    assert (report.team, [state.place.environment for state in report.places]) == (
        1,
        ["dev", "prod", "test", "dev", "prod"],
    )
    assert [(unread.place.integration, type(unread.error)) for unread in report.unread] == [(DRAFT, NotApplied)]


def report_rows_of_alpha() -> list[tuple[str, str, str, str]]:
    """Return the expected rows of Alpha dev, sorted by name; the service account has no name and comes last."""
    dev, idir, azure, eve = f"Alpha (#{ALPHA}) dev", f"{ANN}@idir", f"{ANN}@azureidir", "e0" * 16
    return [
        *[(dev, "admin", user, "directly") for user in (azure, idir)],
        *[(dev, "lead", user, "through admin") for user in (azure, idir)],
        (dev, "reader", azure, "directly; also through admin"),
        (dev, "reader", idir, "through admin"),
        (dev, "reader", f"{CLEO}@azureidir", "directly"),
        (dev, "reader", f"{'f0' * 16}@githubpublic", "directly"),
        (dev, "reader", f"{'d0' * 16}@idir", "directly"),
        (dev, "reader", f"service-account-alpha-{ALPHA}", "directly"),
        (dev, "writer", azure, "through admin > lead"),
        (dev, "writer", idir, "directly; also through admin > lead"),
        *[(dev, "writer", f"{eve}@{provider}", "directly") for provider in ("azureidir", "idir")],
    ]


async def test_many_members_are_read_in_pages(css: AsyncCss, sandbox: Sandbox) -> None:
    """A report reads 120 members of a role in three pages, and shows the roles that they have through it."""
    crowd = [f"{number:032x}@idir" for number in range(120)]
    sandbox.world.users.update({name: PEOPLE[0] | {"username": name} for name in crowd})
    sandbox.grant(ALPHA, "dev", "lead", *crowd)
    report = await css.report(integrations=["Alpha"], environments=["dev"], width=8)
    # The list of integrations, one list of roles, the children of two composites, and four roles, one with three pages.
    assert asked(sandbox) == {"token": 1, "GET": 1 + 1 + 2 + 6}
    assert sum(row.user.username in crowd for row in report.rows()) == 2 * len(crowd)


async def test_a_place_that_cannot_be_read_hides_no_other_place(css: AsyncCss, sandbox: Sandbox) -> None:
    """A place that cannot be read is listed with the reason, and the rows of the other places are unchanged."""
    whole = [row for row in (await css.report()).rows() if row.place.integration != BETA]
    sandbox.faults.add("500_before", path=f"/integrations/{BETA}/prod/*", times=None)
    sandbox.faults.add("500_before", path=f"/integrations/{BETA}/dev/roles/guest/users*", times=None)
    report = await css.report()
    assert list(report.rows()) == whole
    assert [(str(unread.place), type(unread.error)) for unread in report.unread] == [
        (f"Beta (#{BETA}) dev", ServiceUnavailable),
        (f"Beta (#{BETA}) prod", ServiceUnavailable),
        (f"Draft (#{DRAFT}) dev", NotApplied),
    ]


async def test_a_role_that_no_request_can_name_hides_no_other_role(css: AsyncCss, sandbox: Sandbox) -> None:
    """A role that no request can name is listed as unread, and the rows of the other roles are unchanged."""
    whole = list((await css.report(integrations=["Beta"])).rows())
    for name in ("..", "\U0001f4a9" * 25):
        sandbox.create_role(BETA, "prod", name)
        sandbox.grant(BETA, "prod", name, f"{ANN}@idir")
    report = await css.report(integrations=["Beta"])
    assert list(report.rows()) == whole
    [unread] = report.unread
    assert (str(unread.place), type(unread.error)) == (f"Beta (#{BETA}) prod", IncompleteSearch)
    assert "No request can address the role '..' or '\U0001f4a9" in str(unread.error)


async def test_only_chosen_places_are_read(css: AsyncCss, sandbox: Sandbox) -> None:
    """A report reads the chosen places once. An environment that only some of the integrations have is not an error."""
    report = await css.report(integrations=["Beta", BETA, str(ALPHA)], environments=["test", "test"])
    assert ([str(state.place) for state in report.places], report.unread) == ([f"Alpha (#{ALPHA}) test"], ())
    assert asked(sandbox) == {"token": 1, "GET": 2}


@pytest.mark.parametrize(
    ("chosen", "error", "requests"),
    [
        ({"width": 0}, ConfigurationError, 0),
        ({"environments": ["stage"]}, EnvironmentMissing, 0),
        ({"environments": []}, InvalidRequest, 0),
        ({"integrations": ["Gamma"]}, NotFound, 2),
        ({"integrations": ["Beta"], "environments": ["test"]}, EnvironmentMissing, 1),
    ],
)
async def test_a_choice_without_places_is_an_error(
    css: AsyncCss, sandbox: Sandbox, chosen: dict[str, Any], error: type[Exception], requests: int
) -> None:
    """A choice without places raises an error, because an empty report would say that nobody has a role."""
    with pytest.raises(error):
        await css.report(**chosen)
    assert asked(sandbox)["GET"] <= requests


async def test_a_refused_token_ends_the_report(css: AsyncCss, sandbox: Sandbox) -> None:
    """If the service refuses the token, report() raises an error instead of returning a report of failures only."""
    await css.integrations()
    sandbox.faults.add("revoked_token", path="/integrations/*/*", times=None)
    with pytest.raises(AuthenticationError):
        await css.report()


NAMES = ["a", "b", "c", "d", "e"]
edges = st.frozensets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda e: e[0] != e[1]))
held = st.frozensets(st.tuples(st.sampled_from(NAMES), st.integers(0, 3)), max_size=8)


@given(edges=edges, held=held)
@settings(
    max_examples=examples(8, __name__), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_a_report_equals_the_roles_in_tokens(
    edges: frozenset[tuple[str, str]], held: frozenset[tuple[str, int]]
) -> None:
    """A report shows the same roles as the token of each person, even if composite roles form cycles."""
    people = [user["username"] for user in PEOPLE[:4]]
    made = world()
    made["roles"] = [{"integration": ALPHA, "environment": "dev", "name": name} for name in NAMES]
    made["composites"] = [
        {"integration": ALPHA, "environment": "dev", "role": name, "children": sorted(c for p, c in edges if p == name)}
        for name in sorted({parent for parent, _ in edges})
    ]
    made["grants"] = [
        {"integration": ALPHA, "environment": "dev", "role": role, "username": people[who]} for role, who in held
    ]
    sandbox = Sandbox(world=made)
    async with AsyncCss(Settings(**sandbox.credentials()), transport=sandbox.async_transport()) as css:
        report = await css.report(integrations=[ALPHA], environments=["dev"])
    rows = list(report.rows())
    for number, person in enumerate(people):
        claims = jwt.decode(sandbox.token_for(person, ALPHA, "dev"), options={"verify_signature": False})
        mine = [row for row in rows if row.user.username == person]
        assert {row.role for row in mine} == set(claims.get("client_roles", ()))
        assert {row.role for row in mine if row.direct} == {role for role, who in held if who == number}
        assert len({row.role for row in mine}) == len(mine)
    for row in rows:
        assert row.direct or row.chains
        for chain in row.chains:
            assert {*zip(chain, (*chain[1:], row.role), strict=True)} <= edges
            assert (chain[0], people.index(row.user.username)) in held
