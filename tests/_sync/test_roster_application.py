# Written from tests/_async/test_roster_application.py by `make generate`; edit that one.
"""What comes of a roster's rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest
from attrs import evolve

from css_sdk import (
    AuthenticationError,
    ConfigurationError,
    Css,
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
    """Grants and revocations for which nothing is to do are seen by reading."""
    user, other = usernames(sandbox, 20)[-2:]
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", other)
    text = f"username,role,action\n{user},reviewer,grant\n{other},approver,revoke\n{user},reviewer,grant\n"
    rows = read_roster(text, "roster.csv", integration="101", environment="dev")
    told: list[RowResult] = []
    first = css.apply_roster(rows, progress=told.append)
    assert [result.state for result in first] == ["done"] * 3
    assert sorted(map(str, told)) == sorted(map(str, first))
    before = asked(sandbox)
    assert [result.state for result in css.apply_roster(rows)] == [
        "already has it", "does not have it", "already has it",
    ]  # fmt: skip
    # The roles of each user, and of whom a role would be removed also whether there is such a role.
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


def test_everybody_is_looked_up_once_for_all_integrations(css: Css, sandbox: Sandbox) -> None:
    """css-sdk searches once for each address and provider, for all rows and integrations, in any case."""
    sandbox.create_role(FISHERIES, "dev", "reviewer")
    addresses = ["ilse.hargreave@example.com", "ILSE.hargreave@example.com", "caspian.quist@example.com"]
    rows = [
        Row(line, Person("email", address), "reviewer", place, "dev")
        for line, (address, place) in enumerate(product(addresses, ["101", "Grants Portal", "102"]), start=2)
    ]
    results = css.apply_roster(rows)
    assert {result.state for result in results} <= {"done", "already has it"}
    assert sandbox.count(path="*/idir/users") == sandbox.count(path="*/azure-idir/users") == 2
    assert sandbox.count(path="*/github-*/users") == sandbox.count(path="*/bceid/users") == 0
    # Once for each role and integration, not for each way to write it.
    assert sandbox.count(path="*/roles/reviewer/users") == 2


def test_a_bceid_login_is_found_by_address_from_its_own_integration_only(css: Css, sandbox: Sandbox) -> None:
    """By GUID it is found from any, so that a search by address is asked in each place and one by GUID is not."""
    guid, address = "ab" * 16, "cy@example.com"
    user = person(guid, "bceidbasic", "Cy", address)
    sandbox.world.users[user["username"]] = user
    sandbox.create_role(FISHERIES, "dev", "reviewer")
    for by, value, count in (("email", address, 2), ("guid", guid.upper(), 0)):
        rows = [Row(2, Person(by, value), "reviewer", place, "dev") for place in ("101", "102")]  # type: ignore[arg-type]
        before = sandbox.count(path="*/bceid/users")
        states = [check.state for check in css.check_roster(rows, providers=["bceidbasic"])]
        assert states == (["not found"] * 2 if by == "email" else ["to do"] * 2)
        # Those of two other kinds of BCeID are looked at as well where nobody was found.
        assert sandbox.count(path="*/bceid/users") - before == 3 * count


def test_who_has_only_other_logins_is_told_with_them(css: Css, sandbox: Sandbox) -> None:
    """The error names the logins that exist; naming their provider finds them."""
    row = Row(2, Person("email", "saltwind@example.org"), "reviewer", "101", "dev")
    [result] = css.apply_roster([row])
    assert result.state == "wrong provider"
    assert isinstance(result.error, WrongProvider)
    [login] = result.error.candidates
    assert login.username in str(result.error)
    assert login.provider == "githubpublic"
    assert asked(sandbox)["POST"] == 0
    assert [r.state for r in css.apply_roster([row], providers=["githubpublic"])] == ["done"]


def test_a_search_that_fails_is_not_taken_for_nobody(css: Css, sandbox: Sandbox) -> None:
    """Neither among the providers asked for nor among the others."""
    row = Row(2, Person("email", "saltwind@example.org"), "reviewer", "101", "dev")
    for path in ("*/azure-idir/users", "*/github-public/users"):
        sandbox.faults.clear()
        sandbox.faults.add("422_before", path=path, times=None)
        [result] = css.apply_roster([row])
        assert result.state == "failed"
        assert isinstance(result.error, ServiceUnavailable)
    assert asked(sandbox)["POST"] == 0


def test_a_lost_access_ends_the_look_up(css: Css, sandbox: Sandbox) -> None:
    """Nobody is looked up any more, and nothing was changed."""
    rows = [Row(2 + n, Person("email", f"{n}@example.com"), "reviewer", "101", "dev") for n in range(100)]
    css.integrations()
    sandbox.faults.add("revoked_token", times=None)
    with pytest.raises(AuthenticationError):
        css.apply_roster(rows)
    assert sandbox.count(path="*/users") < 20


# Rosters that name everybody


def test_an_exact_roster_joins_all_ways_to_write_a_place(css: Css, sandbox: Sandbox) -> None:
    """By id and by name they are one role, so that the one does not take what the other gives."""
    kept, added = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")[0], usernames(sandbox, 20)[-1]
    told: list[RoleRemovals] = []
    rows = [
        Row(2, Person("username", kept), "reviewer", "101", "dev"),
        Row(3, Person("username", added.upper()), "reviewer", "Grants Portal", "dev"),
    ]
    results = css.apply_roster(rows, exact=True, confirm=told.extend)
    gone = "c48af3232157a5f13dc753a5d3eed7ce@idir"
    assert [(loss.integration, loss.role, loss.usernames, loss.members) for loss in told] == [
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
def test_a_row_that_may_mean_a_member_holds_removals_back(
    css: Css, sandbox: Sandbox, mistaken: Person, state: str, is_held_back: bool
) -> None:
    """Nobody loses a role by a mistake in the list; one who never logged in is nobody, and other roles go on."""
    kept, gone = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    [admin] = sandbox.members(GRANTS_PORTAL, "dev", "admin")
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", gone)
    sandbox.faults.add("500_before", method="POST", path="*/users/5167d622cb14de629107a324433cffaf@idir/*", times=None)
    rows = [
        Row(2, Person("username", kept), "reviewer", "101", "dev"),
        Row(3, mistaken, "reviewer", "101", "dev"),
        Row(4, Person("username", admin), "admin", "101", "dev"),
    ]
    results = css.apply_roster(rows, exact=True)
    first = "withheld" if is_held_back else "done"
    assert [result.state for result in results] == ["already has it", state, "already has it", first, "done"]
    assert (gone in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")) is is_held_back
    assert sandbox.members(GRANTS_PORTAL, "dev", "admin") == [admin]
    # What was held back waits until the roster is mended, and is not tried again by itself.
    left = read_roster(results_as_csv(results), "r.result.csv")
    assert [row.person for row in left] == [mistaken]


def test_a_role_is_not_left_to_nobody_by_people_who_never_logged_in(css: Css, sandbox: Sandbox) -> None:
    """css-sdk checks this before the first write, for usernames too. One known person is enough."""
    unknown = Row(2, Person("username", "0" * 32 + "@idir"), "reviewer", "101", "dev")
    other = Row(3, Person("username", usernames(sandbox, 20)[-1]), "approver", "101", "dev")
    with pytest.raises(EmptySet, match="All 2 members would lose the role"):
        css.apply_roster([unknown, other], exact=True)
    with pytest.raises(EmptySet, match="All 2 members would lose the role"):
        css.apply_roster([Row(2, Person("email", "no@example.org"), "reviewer", "101", "dev")], exact=True)
    with pytest.raises(EmptySet):
        css.apply_roster([], exact=True)
    assert set(asked(sandbox)) == {"GET", "token"}
    known = evolve(other, role="reviewer")
    assert [r.state for r in css.apply_roster([unknown, known], exact=True)] == ["never logged in"] + ["done"] * 3


@pytest.mark.parametrize(
    ("address", "state"), [("front.counter@example.com", "ambiguous"), ("saltwind@example.org", "wrong provider")]
)
def test_a_role_whose_only_row_may_mean_a_member_keeps_its_members(
    css: Css, sandbox: Sandbox, address: str, state: str
) -> None:
    """Somebody there has the address: the removals wait, the rest of the roster is done, and a check says the same."""
    held, user = sandbox.members(GRANTS_PORTAL, "dev", "reviewer"), usernames(sandbox, 20)[-1]
    rows = [
        Row(2, Person("email", address), "reviewer", "101", "dev"),
        Row(3, Person("username", user), "approver", "101", "dev"),
    ]
    checked = css.check_roster(rows, exact=True)
    assert [check.state for check in checked] == [state, "to do", "withheld", "withheld", "to do"]
    results = css.apply_roster(rows, exact=True)
    assert [result.state for result in results] == [state, "done", "withheld", "withheld", "done"]
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == held


@pytest.mark.parametrize("place", [("Grants Portl", "dev"), ("104", "dev"), ("102", "test")], ids=str)
def test_a_row_whose_place_cannot_be_used_may_mean_a_member_of_any_role_of_that_name(
    css: Css, sandbox: Sandbox, place: tuple[str, str]
) -> None:
    """A mistyped project name, an integration that is not Gold, a missing environment: nobody listed loses a role."""
    kept, listed = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    [admin] = sandbox.members(GRANTS_PORTAL, "dev", "admin")
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", kept)
    rows = [
        Row(2, Person("username", kept), "reviewer", "101", "dev"),
        Row(3, Person("username", listed), "reviewer", *place),
        Row(4, Person("username", admin), "admin", "101", "dev"),
    ]
    results = css.apply_roster(rows, exact=True)
    withheld = results[3].state
    assert [result.state for result in results] == ["already has it", "failed", "already has it", withheld, "done"]
    assert isinstance(results[3].error, Withheld)
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [kept, listed]


def test_who_is_listed_for_a_mistyped_role_loses_no_role_there(css: Css, sandbox: Sandbox) -> None:
    """The row may mean the role that they would lose; nothing waits for somebody who keeps their roles."""
    kept, listed = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    [admin] = sandbox.members(GRANTS_PORTAL, "dev", "admin")
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", kept)
    names = [("reviewer", kept), ("reviwer", listed), ("admin", admin), ("admn", admin)]
    rows = [Row(2, Person("username", user), role, "101", "dev") for role, user in names]
    results = css.apply_roster(rows, exact=True)
    assert [result.outcome for result in results] == [
        "already", "failed", "already", "failed", "failed", "confirmed",
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
def test_a_row_with_several_mistakes_may_mean_any_member_of_any_role(
    css: Css, sandbox: Sandbox, person: Person, role: str, place: tuple[str, str]
) -> None:
    """A mistyped person in a mistyped role or place: nobody loses a role that the row may mean."""
    kept, _ = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", "5307872634d305aa90adcb1cd2676983@idir")
    before = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    rows = [Row(2, Person("username", kept), "reviewer", "101", "dev"), Row(3, person, role, *place)]
    checked = css.check_roster(rows, exact=True)
    results = css.apply_roster(rows, exact=True)
    assert [type(result.error) for result in (*checked[2:], *results[2:])] == [Withheld] * 4
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == before


def test_a_check_and_an_application_refuse_the_same(css: Css, sandbox: Sandbox) -> None:
    """An address that nobody has leaves nobody in the role, in both."""
    rows = [Row(2, Person("email", "no@example.org"), "reviewer", "101", "dev")]
    checked = css.check_roster(rows, exact=True)
    assert [type(check.error) for check in checked] == [NotIdentified, EmptySet, EmptySet]
    with pytest.raises(EmptySet):
        css.apply_roster(rows, exact=True)


@pytest.mark.parametrize("exact", [False, True])
def test_only_what_was_checked_is_carried_out(css: Css, sandbox: Sandbox, exact: bool) -> None:
    """A row that could not be done when it was checked is not done either, and a change in between is stale."""
    user, late = usernames(sandbox, 20)[-1], f"{'ab' * 16}@idir"
    rows = [Row(2, Person("username", each), "approver", "101", "dev") for each in (user, late)]
    checked = css.check_roster(rows, exact=exact)
    results = css.apply_roster(rows, exact=exact, checked=checked)
    removed = ["done"] if exact else []
    assert [result.state for result in results] == ["done", "never logged in", *removed]
    sandbox.revoke(GRANTS_PORTAL, "dev", "approver", user)
    sandbox.world.users[late] = person(late[:32], "idir", "Ann", "ann@example.com")
    before = asked(sandbox)
    with pytest.raises(StalePlan, match="Nothing was sent"):
        css.apply_roster(rows, exact=exact, checked=checked)
    assert (asked(sandbox) - before).keys() == {"GET"}
    nothing = [result for result in results if result.outcome != "planned"]
    assert css.apply_roster(rows, exact=exact, checked=nothing) == nothing


def test_a_row_that_repeats_another_names_it(css: Css, sandbox: Sandbox) -> None:
    """However the user and the place are written; it ends as the first one does, and one write is sent."""
    user = usernames(sandbox, 20)[-1]
    rows = [
        Row(2, Person("username", user), "approver", "101", "dev"),
        Row(3, Person("guid", user.partition("@")[0], "idir"), "approver", "Grants Portal", "dev"),
        Row(4, Person("username", user), "reviewer", "101", "dev"),
    ]
    checked = css.check_roster(rows)
    assert [(check.state, check.repeats) for check in checked] == [("to do", None), ("to do", 2), ("to do", None)]
    results = css.apply_roster(rows)
    assert [(result.state, result.repeats) for result in results] == [("done", None), ("done", 2), ("done", None)]
    assert asked(sandbox)["POST"] == 1


def test_a_place_may_be_given_by_id_for_rows_that_name_it(css: Css, sandbox: Sandbox) -> None:
    """And by name for rows with its id; a row of another integration is a fault of the whole roster."""
    user = usernames(sandbox, 20)[-1]
    for given, own in (("101", "Grants Portal"), ("#101", "Grants Portal"), ("Grants Portal", "101")):
        sandbox.revoke(GRANTS_PORTAL, "dev", "reviewer", user)
        rows = read_roster(
            f"username,role,integration\n{user},reviewer,{own}\n{user},approver,\n",
            integration=given,
            environment="dev",
        )
        assert [result.row.integration for result in css.apply_roster(rows)] == [own, given]
        assert user in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    before = asked(sandbox)
    rows = read_roster(
        f"username,role,integration\n{user},reader,Fisheries Service\n{user},admin,\n",
        integration="101",
        environment="dev",
    )
    for work in (css.check_roster, css.apply_roster):
        with pytest.raises(InvalidFile) as caught:
            work(rows)
        assert caught.value.faults == (
            "line 2: the integration is 'Fisheries Service' (#102, Fisheries Service), but '101' was given too",
        )
    assert (asked(sandbox) - before).keys() <= {"GET"}


def test_what_the_caller_does_not_confirm_is_not_begun(css: Css, sandbox: Sandbox) -> None:
    """An exception of the hook reaches the caller, before the first write."""

    def refuse(losses: Sequence[RoleRemovals]) -> None:
        raise NotConfirmed(f"{len(losses)} roles")

    row = Row(2, Person("username", usernames(sandbox, 20)[-1]), "reviewer", "101", "dev")
    with pytest.raises(NotConfirmed, match="1 roles"):
        css.apply_roster([row], exact=True, confirm=refuse)
    assert set(asked(sandbox)) == {"GET", "token"}


def test_a_role_that_cannot_be_read_is_left_alone(css: Css, sandbox: Sandbox) -> None:
    """Its rows fail, those of the others are carried out."""
    user = usernames(sandbox, 20)[-1]
    sandbox.faults.add("422_before", path="*/roles/reviewer/users", times=None)
    rows = [Row(2, Person("username", user), role, "101", "dev") for role in ("reviewer", "approver", "nope")]
    results = css.apply_roster(rows, exact=True)
    assert [result.state for result in results] == ["failed", "done", "failed", "done"]
    assert sandbox.members(GRANTS_PORTAL, "dev", "approver") == [user]
    assert len(sandbox.members(GRANTS_PORTAL, "dev", "reviewer")) == 2


# Ends that nobody foresaw


class Killed(BaseException):
    """What no code of ours catches."""


@pytest.mark.parametrize(("when", "step", "width"), [("before", 1, 1), ("after", 4, 4)])
def test_a_kill_at_every_write_loses_nothing(sandbox: Sandbox, when: str, step: int, width: int) -> None:
    """Running the same again ends in the same state, and over both runs each write was sent once."""
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
    transport = sandbox.transport()
    with Css(Settings(**sandbox.credentials()), transport=transport, retry=at_once) as css:
        for number in some(range(0, len(rows), step), __name__):
            sandbox.revoke(GRANTS_PORTAL, "dev", "guest", *people[:30])
            sandbox.grant(GRANTS_PORTAL, "dev", "guest", *people[30:])
            writes.clear()
            last = number
            with pytest.raises((Killed, BaseExceptionGroup)):
                css.apply_roster(rows, width=width)
            last = None
            assert {result.state for result in css.apply_roster(rows)} <= {
                "done",
                "already has it",
                "does not have it",
            }
            assert sandbox.members(GRANTS_PORTAL, "dev", "guest") == people[:30]
            assert len(writes) == len(set(writes)) == len(rows)


def test_results_keep_no_calls_alive(css: Css) -> None:
    """The errors of many rows hold their text and not the frames they came through, or 10,000 would fill the memory."""
    people = [Person("username", "0" * 32 + "@idir"), Person("email", "no@example.org"), Person("guid", "0")]
    rows = [Row(2, each, role, place, "dev") for each in people for role in ("reviewer", "x") for place in ("101", "!")]
    results = css.apply_roster(rows)
    assert all(result.error is not None and result.error.__traceback__ is None for result in results)
    assert all(check.error is not None and check.error.__traceback__ is None for check in css.check_roster(rows))


def test_each_check_is_told_once_as_it_is_known(css: Css, sandbox: Sandbox) -> None:
    """Rows of one login settle together, by one question, and the results are in the order of the rows all the same."""
    member, other = sandbox.members(GRANTS_PORTAL, "dev", "admin")[0], "0" * 32 + "@idir"
    named = [(member, "admin"), (other, "admin"), (other, "reviewer"), (member, "no such role")]
    rows = [Row(2, Person("username", name), role, "101", "dev") for name, role in named]
    seen: list[RowResult] = []
    checks = css.check_roster(rows, progress=seen.append)
    assert [check.state for check in checks] == ["already has it", "never logged in", "never logged in", "failed"]
    assert len(seen) == len(rows)
    assert all(check in checks for check in seen)
    assert sandbox.count(path="*/users/*/roles") == 1


def test_the_library_limits_what_an_exact_roster_takes(css: Css, sandbox: Sandbox) -> None:
    """The limit is that of the command, unless the caller sets one. The error names other logins of listed people."""
    user = usernames(sandbox, 1)[0]
    twin = person(user.partition("@")[0], "azureidir", "Ann", "ann@example.com")
    other = twin["username"]
    sandbox.world.users[other] = twin
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", other, *usernames(sandbox, 30))
    rows = read_roster(f"username,role\n{user},admin", integration="101", environment="dev")
    before = sandbox.members(GRANTS_PORTAL, "dev", "admin")
    with pytest.raises(TooManyRemovals, match=f"{len(before) - 1} of {len(before)} members"):
        css.apply_roster(rows, exact=True)
    assert asked(sandbox).keys() == {"GET", "token"}
    losses: list[RoleRemovals] = []
    css.apply_roster(rows, exact=True, confirm=losses.extend, max_removals=len(before) - 1)
    assert [loss.also_listed for loss in losses] == [(other,)]
    assert sandbox.members(GRANTS_PORTAL, "dev", "admin") == [user]


def test_only_rows_are_rows(css: Css, sandbox: Sandbox) -> None:
    """A file's name or a pair is refused before anything is asked."""
    for rows in ("roster.csv", [("0f3a@idir", "reviewer")]):
        for work in (css.apply_roster, css.check_roster):
            with pytest.raises(InvalidRequest, match="read_roster"):
                work(rows)  # type: ignore[operator]
    assert asked(sandbox) == {}


def test_a_check_tells_what_an_exact_roster_would_be_refused_for(css: Css, sandbox: Sandbox) -> None:
    """Too many removals, and nobody left: each removal carries what `apply_roster` would raise."""
    known, stranger = usernames(sandbox, 1)[0], "0" * 32 + "@idir"
    sandbox.grant(GRANTS_PORTAL, "dev", "admin", *usernames(sandbox, 30))
    for user, refusal in ((known, TooManyRemovals), (stranger, EmptySet)):
        rows = read_roster(f"username,role\n{user},admin", integration="101", environment="dev")
        checks = css.check_roster(rows, exact=True)
        assert {type(check.error) for check in checks[1:]} == {refusal}
        with pytest.raises(refusal):
            css.apply_roster(rows, exact=True)
    rows = read_roster(f"username,role\n{known},admin", integration="101", environment="dev")
    checks = css.check_roster(rows, exact=True, max_removals=100)
    assert {check.state for check in checks[1:]} == {"to do"}
    assert asked(sandbox).keys() == {"GET", "token"}


def test_another_integration_tells_where_one_cannot(css: Css, sandbox: Sandbox) -> None:
    """Whether somebody logged in to an environment, any integration there knows; a fault of one is not the others'."""
    user = usernames(sandbox, 20)[-1]
    sandbox.create_role(FISHERIES, "dev", "reviewer")
    sandbox.faults.add("422_before", path="*/101/*/users/*/roles", times=None)
    rows = [Row(2, Person("username", user), "reviewer", place, "dev") for place in ("101", "102")]
    assert [check.state for check in css.check_roster(rows)] == ["to do", "to do"]


def test_one_name_is_no_collection_of_letters(css: Css) -> None:
    """Where several may be named, a text is one."""
    dev = (css.integration("101")).environment("dev")
    assert (dev.state("reviewer")).members.keys() == {"reviewer"}
    report = css.report(integrations="Grants Portal", environments="dev")
    assert {row.role for row in report.only(roles="reviewer").rows()} == {"reviewer"}
    rows = [Row(2, Person("email", "ilse.hargreave@example.com"), "admin", "101", "dev")]
    assert [check.state for check in css.check_roster(rows, providers="idir")] == ["already has it"]
    assert (css.find_people(email="ilse.hargreave@example.com", environments="dev", providers="idir")).people
