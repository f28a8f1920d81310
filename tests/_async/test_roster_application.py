"""Applying a roster: outcomes of rows, exact rosters and their withheld removals, interruptions, and checks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from attrs import evolve

from css_sdk import (
    AsyncCss,
    AuthenticationError,
    ConfigurationError,
    EmptySet,
    InvalidFile,
    InvalidRequest,
    NotConfirmed,
    NotIdentified,
    Person,
    RoleRemovals,
    Row,
    RowResult,
    ServiceUnavailable,
    Settings,
    StalePlan,
    TooManyRemovals,
    Withheld,
    WrongProvider,
    read_roster,
)
from css_sdk.roster.results import results_as_csv
from css_sdk.sandbox import Sandbox
from tests.people_world import person
from tests.support import FISHERIES, GRANTS_PORTAL, asked, at_once, some, usernames


async def test_rows_that_contradict_each_other_after_the_look_up_are_not_sent(css: AsyncCss, sandbox: Sandbox) -> None:
    """If the look-up shows that two rows grant and revoke one role of one user, css-sdk sends neither."""
    user = usernames(sandbox, 20)[-1]
    rows = [
        Row(2, Person("guid", user.partition("@")[0]), "reviewer", "Grants Portal", "dev", "grant"),
        Row(3, Person("username", user), "reviewer", "101", "dev", "revoke"),
        Row(4, Person("username", user), "approver", "101", "dev", "grant"),
    ]
    results = await css.apply_roster(rows, providers=["idir"])
    assert [result.outcome for result in results] == ["failed", "failed", "done"]
    assert isinstance(results[0].error, InvalidRequest)
    assert user not in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")


async def test_a_second_run_sends_no_write(css: AsyncCss, sandbox: Sandbox) -> None:
    """A second run of a roster reads the roles of each user and sends no write."""
    user, other = usernames(sandbox, 20)[-2:]
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", other)
    text = f"username,role,action\n{user},reviewer,grant\n{other},approver,revoke\n{user},reviewer,grant\n"
    rows = read_roster(text, "roster.csv", integration="101", environment="dev")
    reported: list[RowResult] = []
    first = await css.apply_roster(rows, progress=reported.append)
    assert [result.state for result in first] == ["done"] * 3
    assert sorted(map(str, reported)) == sorted(map(str, first))
    before = asked(sandbox)
    assert [result.state for result in await css.apply_roster(rows)] == [
        "already has it", "does not have it", "already has it",
    ]  # fmt: skip
    # The roles of each user, and for the revocation also whether the role exists.
    assert (asked(sandbox) - before) == {"GET": 3}


async def test_a_width_out_of_range_is_refused_even_for_an_empty_roster(css: AsyncCss, sandbox: Sandbox) -> None:
    """A width outside 1 to 8 is refused even if the roster is empty."""
    for width in (0, 99):
        with pytest.raises(ConfigurationError, match="1 to 8"):
            await css.apply_roster([], width=width)
    assert asked(sandbox) == {}


async def test_a_search_with_an_empty_guid_is_refused(css: AsyncCss) -> None:
    """find_one() refuses an empty GUID instead of searching by another term."""
    with pytest.raises(InvalidRequest, match="guid"):
        await css.people("dev").find_one(guid="")


async def test_each_address_is_searched_once_for_all_rows_and_integrations(css: AsyncCss, sandbox: Sandbox) -> None:
    """css-sdk searches each address once at each provider, in any case, for all rows and integrations."""
    sandbox.create_role(FISHERIES, "dev", "reviewer")
    addresses = ["ilse.hargreave@example.com", "ILSE.hargreave@example.com", "caspian.quist@example.com"]
    rows = [
        Row(line, Person("email", address), "reviewer", place, "dev")
        for line, (address, place) in enumerate(product(addresses, ["101", "Grants Portal", "102"]), start=2)
    ]
    results = await css.apply_roster(rows)
    assert {result.state for result in results} <= {"done", "already has it"}
    assert sandbox.count(path="*/idir/users") == sandbox.count(path="*/azure-idir/users") == 2
    assert sandbox.count(path="*/github-*/users") == sandbox.count(path="*/bceid/users") == 0
    # css-sdk reads the members once for each role and integration, however the rows write the integration.
    assert sandbox.count(path="*/roles/reviewer/users") == 2


async def test_a_bceid_login_is_found_by_address_from_its_own_integration_only(css: AsyncCss, sandbox: Sandbox) -> None:
    """A BCeID login is searched by address in each row's place, because only its own integration finds it.

    A GUID needs no search.
    """
    guid, address = "ab" * 16, "cy@example.com"
    user = person(guid, "bceidbasic", "Cy", address)
    sandbox.world.users[user["username"]] = user
    sandbox.create_role(FISHERIES, "dev", "reviewer")
    for by, value, count in (("email", address, 2), ("guid", guid.upper(), 0)):
        rows = [Row(2, Person(by, value), "reviewer", place, "dev") for place in ("101", "102")]  # type: ignore[arg-type]
        before = sandbox.count(path="*/bceid/users")
        states = [check.state for check in await css.check_roster(rows, providers=["bceidbasic"])]
        assert states == (["not found"] * 2 if by == "email" else ["to do"] * 2)
        # If nobody is found, css-sdk also searches the two other kinds of BCeID.
        assert sandbox.count(path="*/bceid/users") - before == 3 * count


async def test_a_person_with_only_other_logins_is_reported_with_these_logins(css: AsyncCss, sandbox: Sandbox) -> None:
    """If a person has only logins of other providers, the error names them, and providers= makes the row work."""
    row = Row(2, Person("email", "saltwind@example.org"), "reviewer", "101", "dev")
    [result] = await css.apply_roster([row])
    assert result.state == "wrong provider"
    assert isinstance(result.error, WrongProvider)
    [login] = result.error.candidates
    assert str(result.error) == (
        f"In dev, only logins of other providers have the e-mail address saltwind@example.org: {login.username} "
        f"(saltwind). Use the username, or the right provider."
    )
    assert login.provider == "githubpublic"
    assert asked(sandbox)["POST"] == 0
    assert [r.state for r in await css.apply_roster([row], providers=["githubpublic"])] == ["done"]


async def test_a_failed_search_is_not_reported_as_nobody(css: AsyncCss, sandbox: Sandbox) -> None:
    """If a search fails at a requested or another provider, the row fails and does not say that nobody was found."""
    row = Row(2, Person("email", "saltwind@example.org"), "reviewer", "101", "dev")
    for path in ("*/azure-idir/users", "*/github-public/users"):
        sandbox.faults.clear()
        sandbox.faults.add("422_before", path=path, times=None)
        [result] = await css.apply_roster([row])
        assert result.state == "failed"
        assert isinstance(result.error, ServiceUnavailable)
    assert asked(sandbox)["POST"] == 0


async def test_a_refused_token_ends_the_look_up(css: AsyncCss, sandbox: Sandbox) -> None:
    """If the service refuses the token during the look-up, css-sdk stops, raises an error and changes nothing."""
    rows = [Row(2 + n, Person("email", f"{n}@example.com"), "reviewer", "101", "dev") for n in range(100)]
    await css.integrations()
    sandbox.faults.add("revoked_token", times=None)
    with pytest.raises(AuthenticationError):
        await css.apply_roster(rows)
    assert sandbox.count(path="*/users") < 20


# Exact rosters


async def test_an_exact_roster_joins_rows_that_name_a_place_differently(css: AsyncCss, sandbox: Sandbox) -> None:
    """In an exact roster, rows that name an integration by id and by name describe one role with one set of members."""
    kept, added = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")[0], usernames(sandbox, 20)[-1]
    reported: list[RoleRemovals] = []
    rows = [
        Row(2, Person("username", kept), "reviewer", "101", "dev"),
        Row(3, Person("username", added.upper()), "reviewer", "Grants Portal", "dev"),
    ]
    results = await css.apply_roster(rows, exact=True, confirm=reported.extend)
    gone = "c48af3232157a5f13dc753a5d3eed7ce@idir"
    assert [(loss.integration, loss.role, loss.usernames, loss.members) for loss in reported] == [
        ("101", "reviewer", (gone,), 2)
    ]
    assert [(result.state, result.row.person.value) for result in results] == [
        ("already has it", kept), ("done", added.upper()), ("done", gone),
    ]  # fmt: skip
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == sorted([kept, added])


MISTAKES: list[tuple[Person, str, bool]] = [
    (Person("email", "front.counter@example.com"), "ambiguous", True),
    (Person("email", "saltwind@example.org"), "wrong provider", True),
    (Person("username", "5167d622cb14de629107a324433cffaf@idir"), "failed", True),
    (Person("email", "nobody@example.org"), "not found", True),
    (Person("guid", "0" * 32), "not found", True),
    (Person("guid", "0" * 31, "githubpublic"), "not found", True),
    (Person("client_id", "nobody-101"), "failed", True),
    (Person("username", "service-account-nobody-101"), "failed", True),
    (Person("guid", "0" * 32, "idir"), "never logged in", False),
    (Person("username", "0" * 32 + "@idir"), "never logged in", False),
]


@pytest.mark.parametrize(("mistaken", "state", "is_held_back"), MISTAKES, ids=lambda value: str(value)[:40])
async def test_a_row_that_may_mean_a_member_withholds_the_removals_of_its_role(
    css: AsyncCss, sandbox: Sandbox, mistaken: Person, state: str, is_held_back: bool
) -> None:
    """If a row of an exact roster may mean a current member, the removals of its role are withheld.

    A person who has never logged in cannot be a member, and the removals of other roles are done.
    """
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    [admin] = sandbox.members(GRANTS_PORTAL, "dev", "admin")
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", gone)
    sandbox.faults.add("500_before", method="POST", path="*/users/5167d622cb14de629107a324433cffaf@idir/*", times=None)
    rows = [
        Row(2, Person("username", kept), "reviewer", "101", "dev"),
        Row(3, mistaken, "reviewer", "101", "dev"),
        Row(4, Person("username", admin), "admin", "101", "dev"),
    ]
    results = await css.apply_roster(rows, exact=True)
    first = "withheld" if is_held_back else "done"
    assert [result.state for result in results] == ["already has it", state, "already has it", first, "done"]
    assert (gone in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")) is is_held_back
    assert sandbox.members(GRANTS_PORTAL, "dev", "admin") == [admin]
    # The result file contains only the mistaken row, because withheld removals wait for its correction.
    left = read_roster(results_as_csv(results), "r.result.csv")
    assert [row.person for row in left] == [mistaken]


async def test_a_role_is_not_emptied_if_its_rows_name_only_people_who_never_logged_in(
    css: AsyncCss, sandbox: Sandbox
) -> None:
    """If nobody in an exact roster can get a role, css-sdk raises EmptySet before the first write.

    One known person is enough.
    """
    unknown = Row(2, Person("username", "0" * 32 + "@idir"), "reviewer", "101", "dev")
    other = Row(3, Person("username", usernames(sandbox, 20)[-1]), "approver", "101", "dev")
    with pytest.raises(EmptySet, match="All 2 members would lose the role"):
        await css.apply_roster([unknown, other], exact=True)
    with pytest.raises(EmptySet, match="All 2 members would lose the role"):
        await css.apply_roster([Row(2, Person("email", "no@example.org"), "reviewer", "101", "dev")], exact=True)
    with pytest.raises(EmptySet):
        await css.apply_roster([], exact=True)
    assert set(asked(sandbox)) == {"GET", "token"}
    known = evolve(other, role="reviewer")
    assert [r.state for r in await css.apply_roster([unknown, known], exact=True)] == ["never logged in"] + ["done"] * 3


@pytest.mark.parametrize(
    ("address", "state"), [("front.counter@example.com", "ambiguous"), ("saltwind@example.org", "wrong provider")]
)
async def test_removals_are_withheld_if_the_only_row_of_a_role_may_mean_a_member(
    css: AsyncCss, sandbox: Sandbox, address: str, state: str
) -> None:
    """If the only row of a role may mean a member, its removals are withheld and the other rows are done.

    check_roster() reports the same.
    """
    held, user = sandbox.members(GRANTS_PORTAL, "dev", "reviewer"), usernames(sandbox, 20)[-1]
    rows = [
        Row(2, Person("email", address), "reviewer", "101", "dev"),
        Row(3, Person("username", user), "approver", "101", "dev"),
    ]
    checked = await css.check_roster(rows, exact=True)
    assert [check.state for check in checked] == [state, "to do", "withheld", "withheld", "to do"]
    results = await css.apply_roster(rows, exact=True)
    assert [result.state for result in results] == [state, "done", "withheld", "withheld", "done"]
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == held


@pytest.mark.parametrize("place", [("Grants Portl", "dev"), ("104", "dev"), ("102", "test")], ids=str)
async def test_a_row_whose_place_cannot_be_used_withholds_the_removal_of_its_person(
    css: AsyncCss, sandbox: Sandbox, place: tuple[str, str]
) -> None:
    """If the place of a row cannot be used, the person in it keeps the role of that name in every place."""
    kept, listed = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    [admin] = sandbox.members(GRANTS_PORTAL, "dev", "admin")
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", kept)
    rows = [
        Row(2, Person("username", kept), "reviewer", "101", "dev"),
        Row(3, Person("username", listed), "reviewer", *place),
        Row(4, Person("username", admin), "admin", "101", "dev"),
    ]
    results = await css.apply_roster(rows, exact=True)
    withheld = results[3].state
    assert [result.state for result in results] == ["already has it", "failed", "already has it", withheld, "done"]
    assert isinstance(results[3].error, Withheld)
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [kept, listed]


async def test_a_row_with_a_mistyped_role_withholds_the_removal_of_its_person(css: AsyncCss, sandbox: Sandbox) -> None:
    """If a row has a mistyped role, its person loses no role in that place, and other removals are done."""
    kept, listed = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    [admin] = sandbox.members(GRANTS_PORTAL, "dev", "admin")
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", kept)
    names = [("reviewer", kept), ("reviwer", listed), ("admin", admin), ("admn", admin)]
    rows = [Row(2, Person("username", user), role, "101", "dev") for role, user in names]
    results = await css.apply_roster(rows, exact=True)
    assert [result.outcome for result in results] == [
        "already", "failed", "already", "failed", "failed", "done",
    ]  # fmt: skip
    assert isinstance(results[4].error, Withheld)
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [kept, listed]
    assert sandbox.members(GRANTS_PORTAL, "dev", "admin") == [admin]


@pytest.mark.parametrize(
    ("person", "role", "place"),
    [
        (Person("email", "rurik.vanse@example.com", "idir"), "reviwer", ("101", "dev")),
        (Person("email", "rurik.vance@example.com", "azureidir"), "reviwer", ("101", "dev")),
        (Person("guid", "5307872634d305aa90adcb1cd26769", "idir"), "reviwer", ("101", "dev")),
        (Person("email", "rurik.vance@example.com", "idir"), "reviwer", ("Grants Potral", "dev")),
        (Person("email", "rurik.vanse@example.com", "idir"), "reviwer", ("101", "prdo")),
    ],
)
async def test_a_row_with_several_mistakes_withholds_removals_of_any_role(
    css: AsyncCss, sandbox: Sandbox, person: Person, role: str, place: tuple[str, str]
) -> None:
    """If both the person and the role or place of a row are mistyped, no removal that the row may prevent is done."""
    kept, _ = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", "5307872634d305aa90adcb1cd2676983@idir")
    before = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    rows = [Row(2, Person("username", kept), "reviewer", "101", "dev"), Row(3, person, role, *place)]
    checked = await css.check_roster(rows, exact=True)
    results = await css.apply_roster(rows, exact=True)
    assert [type(result.error) for result in (*checked[2:], *results[2:])] == [Withheld] * 4
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == before


async def test_a_check_and_an_application_refuse_the_same_roster(css: AsyncCss, sandbox: Sandbox) -> None:
    """check_roster() and apply_roster() both refuse an exact roster that would leave a role without members."""
    rows = [Row(2, Person("email", "no@example.org"), "reviewer", "101", "dev")]
    checked = await css.check_roster(rows, exact=True)
    assert [type(check.error) for check in checked] == [NotIdentified, EmptySet, EmptySet]
    with pytest.raises(EmptySet):
        await css.apply_roster(rows, exact=True)


@pytest.mark.parametrize("exact", [False, True])
async def test_only_the_checked_rows_are_carried_out(css: AsyncCss, sandbox: Sandbox, exact: bool) -> None:
    """With checked=, apply_roster() does only the rows that the check planned.

    If the state has changed, it is stale.
    """
    user, late = usernames(sandbox, 20)[-1], f"{'ab' * 16}@idir"
    rows = [Row(2, Person("username", each), "approver", "101", "dev") for each in (user, late)]
    checked = await css.check_roster(rows, exact=exact)
    results = await css.apply_roster(rows, exact=exact, checked=checked)
    removed = ["done"] if exact else []
    assert [result.state for result in results] == ["done", "never logged in", *removed]
    sandbox.revoke(GRANTS_PORTAL, "dev", "approver", user)
    sandbox.world.users[late] = person(late[:32], "idir", "Ann", "ann@example.com")
    before = asked(sandbox)
    with pytest.raises(StalePlan, match="Nothing was sent"):
        await css.apply_roster(rows, exact=exact, checked=checked)
    assert (asked(sandbox) - before).keys() == {"GET"}
    nothing = [result for result in results if result.outcome != "planned"]
    assert await css.apply_roster(rows, exact=exact, checked=nothing) == nothing


async def test_a_row_that_repeats_another_one_names_it(css: AsyncCss, sandbox: Sandbox) -> None:
    """A row that repeats another one, however it is written, names that row, gets its outcome, and sends no write."""
    user = usernames(sandbox, 20)[-1]
    rows = [
        Row(2, Person("username", user), "approver", "101", "dev"),
        Row(3, Person("guid", user.partition("@")[0], "idir"), "approver", "Grants Portal", "dev"),
        Row(4, Person("username", user), "reviewer", "101", "dev"),
    ]
    checked = await css.check_roster(rows)
    assert [(check.state, check.repeats) for check in checked] == [("to do", None), ("to do", 2), ("to do", None)]
    results = await css.apply_roster(rows)
    assert [(result.state, result.repeats) for result in results] == [("done", None), ("done", 2), ("done", None)]
    assert asked(sandbox)["POST"] == 1


async def test_a_place_may_be_given_in_another_form_than_in_the_rows(css: AsyncCss, sandbox: Sandbox) -> None:
    """integration= may give the id of a project that the rows name, or the reverse.

    A row of another integration is refused.
    """
    user = usernames(sandbox, 20)[-1]
    for given, own in (("101", "Grants Portal"), ("#101", "Grants Portal"), ("Grants Portal", "101")):
        sandbox.revoke(GRANTS_PORTAL, "dev", "reviewer", user)
        rows = read_roster(
            f"username,role,integration\n{user},reviewer,{own}\n{user},approver,\n",
            integration=given,
            environment="dev",
        )
        assert [result.row.integration for result in await css.apply_roster(rows)] == [own, given]
        assert user in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    before = asked(sandbox)
    rows = read_roster(
        f"username,role,integration\n{user},reader,Fisheries Service\n{user},admin,\n",
        integration="101",
        environment="dev",
    )
    for work in (css.check_roster, css.apply_roster):
        with pytest.raises(InvalidFile) as caught:
            await work(rows)
        assert caught.value.faults == (
            "line 2: the integration is 'Fisheries Service' (#102, Fisheries Service), but '101' was also given",
        )
    assert (asked(sandbox) - before).keys() <= {"GET"}


async def test_an_error_of_the_confirm_hook_prevents_all_writes(css: AsyncCss, sandbox: Sandbox) -> None:
    """If the confirm= hook raises an error, it reaches the caller and no write is sent."""

    def refuse(losses: Sequence[RoleRemovals]) -> None:
        raise NotConfirmed(f"{len(losses)} roles")

    row = Row(2, Person("username", usernames(sandbox, 20)[-1]), "reviewer", "101", "dev")
    with pytest.raises(NotConfirmed, match="1 roles"):
        await css.apply_roster([row], exact=True, confirm=refuse)
    assert set(asked(sandbox)) == {"GET", "token"}


async def test_a_role_that_cannot_be_read_is_not_changed(css: AsyncCss, sandbox: Sandbox) -> None:
    """If the members of a role cannot be read, the rows of that role fail, and the other rows are carried out."""
    user = usernames(sandbox, 20)[-1]
    sandbox.faults.add("422_before", path="*/roles/reviewer/users", times=None)
    rows = [Row(2, Person("username", user), role, "101", "dev") for role in ("reviewer", "approver", "nope")]
    results = await css.apply_roster(rows, exact=True)
    assert [result.state for result in results] == ["failed", "done", "failed", "done"]
    assert sandbox.members(GRANTS_PORTAL, "dev", "approver") == [user]
    assert len(sandbox.members(GRANTS_PORTAL, "dev", "reviewer")) == 2


# Interruptions


class Killed(BaseException):
    """An exception that css-sdk does not catch."""


@pytest.mark.parametrize(("when", "step", "width"), [("before", 1, 1), ("after", 4, 4)])
async def test_a_roster_is_completed_after_a_kill_at_any_write(
    sandbox: Sandbox, when: str, step: int, width: int
) -> None:
    """If a program is killed at any write, a second run completes the roster, and no write is sent twice."""
    people = usernames(sandbox, 40)
    rows = [Row(2 + n, Person("username", user), "guest", "101", "dev", "grant") for n, user in enumerate(people[:30])]
    rows += [Row(40, Person("username", user), "guest", "101", "dev", "revoke") for user in people[30:]]
    sandbox.create_role(GRANTS_PORTAL, "dev", "guest")
    answer = sandbox.answer
    writes: list[str] = []
    last: int | None = None

    def answer_until_killed(request: Any) -> Any:
        is_write = request.method in ("POST", "DELETE") and "/users/" in request.target
        if is_write and len(writes) == last and when == "before":
            raise Killed
        response = answer(request)
        if is_write:
            writes.append(request.target)
            if len(writes) - 1 == last and when == "after":
                raise Killed
        return response

    sandbox.answer = answer_until_killed  # type: ignore[method-assign]
    transport = sandbox.async_transport()
    async with AsyncCss(Settings(**sandbox.credentials()), transport=transport, retry=at_once) as css:
        for number in some(range(0, len(rows), step), __name__):
            sandbox.revoke(GRANTS_PORTAL, "dev", "guest", *people[:30])
            sandbox.grant(GRANTS_PORTAL, "dev", "guest", *people[30:])
            writes.clear()
            last = number
            with pytest.raises((Killed, BaseExceptionGroup)):
                await css.apply_roster(rows, width=width)
            last = None
            assert {result.state for result in await css.apply_roster(rows)} <= {
                "done",
                "already has it",
                "does not have it",
            }
            assert sandbox.members(GRANTS_PORTAL, "dev", "guest") == people[:30]
            assert len(writes) == len(set(writes)) == len(rows)


async def test_errors_in_results_have_no_traceback(css: AsyncCss) -> None:
    """The errors in results have no traceback, so that results of many rows do not keep stack frames in memory."""
    people = [Person("username", "0" * 32 + "@idir"), Person("email", "no@example.org"), Person("guid", "0")]
    rows = [Row(2, each, role, place, "dev") for each in people for role in ("reviewer", "x") for place in ("101", "!")]
    results = await css.apply_roster(rows)
    assert all(result.error is not None and result.error.__traceback__ is None for result in results)
    assert all(check.error is not None and check.error.__traceback__ is None for check in await css.check_roster(rows))


async def test_each_check_is_reported_once_in_the_order_of_the_rows(css: AsyncCss, sandbox: Sandbox) -> None:
    """check_roster() reports each row once through progress= and keeps the order.

    Rows of one login need a single request.
    """
    member, other = sandbox.members(GRANTS_PORTAL, "dev", "admin")[0], "0" * 32 + "@idir"
    named = [(member, "admin"), (other, "admin"), (other, "reviewer"), (member, "no such role")]
    rows = [Row(2, Person("username", name), role, "101", "dev") for name, role in named]
    seen: list[RowResult] = []
    checks = await css.check_roster(rows, progress=seen.append)
    assert [check.state for check in checks] == ["already has it", "never logged in", "never logged in", "failed"]
    assert len(seen) == len(rows)
    assert all(check in checks for check in seen)
    assert sandbox.count(path="*/users/*/roles") == 1


async def test_apply_roster_limits_the_removals_of_an_exact_roster(css: AsyncCss, sandbox: Sandbox) -> None:
    """apply_roster() limits the removals of an exact roster unless max_removals= is set.

    The confirm= hook gets other logins of listed people.
    """
    user = usernames(sandbox, 1)[0]
    twin = person(user.partition("@")[0], "azureidir", "Ann", "ann@example.com")
    other = twin["username"]
    sandbox.world.users[other] = twin
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", other, *usernames(sandbox, 30))
    rows = read_roster(f"username,role\n{user},admin", integration="101", environment="dev")
    before = sandbox.members(GRANTS_PORTAL, "dev", "admin")
    with pytest.raises(TooManyRemovals, match=f"{len(before) - 1} of {len(before)} members"):
        await css.apply_roster(rows, exact=True)
    assert asked(sandbox).keys() == {"GET", "token"}
    losses: list[RoleRemovals] = []
    await css.apply_roster(rows, exact=True, confirm=losses.extend, max_removals=len(before) - 1)
    assert [loss.also_listed for loss in losses] == [(other,)]
    assert sandbox.members(GRANTS_PORTAL, "dev", "admin") == [user]


async def test_arguments_that_are_not_rows_are_refused(css: AsyncCss, sandbox: Sandbox) -> None:
    """A file name or a list of pairs instead of rows is refused before any request, and the error names read_roster."""
    for rows in ("roster.csv", [("0f3a@idir", "reviewer")]):
        for work in (css.apply_roster, css.check_roster):
            with pytest.raises(InvalidRequest, match="read_roster"):
                await work(rows)  # type: ignore[operator]
    assert asked(sandbox) == {}


async def test_a_check_reports_why_an_exact_roster_would_be_refused(css: AsyncCss, sandbox: Sandbox) -> None:
    """check_roster() reports the same TooManyRemovals or EmptySet for each removal that apply_roster() raises."""
    known, stranger = usernames(sandbox, 1)[0], "0" * 32 + "@idir"
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", *usernames(sandbox, 30))
    for user, refusal in ((known, TooManyRemovals), (stranger, EmptySet)):
        rows = read_roster(f"username,role\n{user},admin", integration="101", environment="dev")
        checks = await css.check_roster(rows, exact=True)
        assert {type(check.error) for check in checks[1:]} == {refusal}
        with pytest.raises(refusal):
            await css.apply_roster(rows, exact=True)
    rows = read_roster(f"username,role\n{known},admin", integration="101", environment="dev")
    checks = await css.check_roster(rows, exact=True, max_removals=100)
    assert {check.state for check in checks[1:]} == {"to do"}
    assert asked(sandbox).keys() == {"GET", "token"}


async def test_another_integration_can_answer_whether_a_user_exists(css: AsyncCss, sandbox: Sandbox) -> None:
    """If one integration cannot answer whether a user exists in an environment, css-sdk asks another integration."""
    user = usernames(sandbox, 20)[-1]
    sandbox.create_role(FISHERIES, "dev", "reviewer")
    sandbox.faults.add("422_before", path="*/101/*/users/*/roles", times=None)
    rows = [Row(2, Person("username", user), "reviewer", place, "dev") for place in ("101", "102")]
    assert [check.state for check in await css.check_roster(rows)] == ["to do", "to do"]


async def test_a_string_is_one_name_where_several_are_allowed(css: AsyncCss) -> None:
    """Arguments that take several names also take one name as a string."""
    dev = (await css.integration("101")).environment("dev")
    assert (await dev.state("reviewer")).members.keys() == {"reviewer"}
    report = await css.report(integrations="Grants Portal", environments="dev")
    assert {row.role for row in report.only(roles="reviewer").rows()} == {"reviewer"}
    rows = [Row(2, Person("email", "ilse.hargreave@example.com"), "admin", "101", "dev")]
    assert [check.state for check in await css.check_roster(rows, providers="idir")] == ["already has it"]
    assert (await css.find_people(email="ilse.hargreave@example.com", environments="dev", providers="idir")).people
