"""Members with a last day: when they lose the role, what forbids it, and what plans say about it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from css_sdk import (
    ConfigurationError,
    Css,
    InvalidFile,
    InvalidRequest,
    Plan,
    Settings,
    StalePlan,
    read_desired,
    read_roster,
)
from css_sdk.people.identification import Unresolved
from css_sdk.people.identities import Person
from css_sdk.plan import dates
from css_sdk.plan.dates import Dates, day_in
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
from css_sdk.plan.planner import plan
from css_sdk.sandbox import Sandbox
from css_sdk.state import Place, PlaceState
from tests.states import file_of_roles, writes
from tests.support import GRANTS_PORTAL, examples

Run = Callable[..., int]
DEV: Final = Place(101, "dev")
ANN, BOB = Person("username", f"{'a' * 32}@idir"), Person("username", f"{'b' * 32}@idir")
CAT: Final = Person("email", "cat@example.com")
LAST: Final = datetime.date(2027, 3, 31)
NEXT: Final = datetime.date(2027, 4, 1)
MAREN, TOBIAS = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir", "c48af3232157a5f13dc753a5d3eed7ce@idir"


def planned(
    day: datetime.date,
    *,
    exact: bool = False,
    prune: bool = True,
    members: Sequence[Person] = (ANN, BOB),
    users: tuple[DesiredUser, ...] = (),
    protect: Protection | None = None,
    found: str | Unresolved | None = None,
    until: datetime.date = LAST,
) -> Plan:
    """Return the plan for a role that Ann and Bob have, and in which each member but Bob has a last day."""
    ends = {person: until for person in members if person is not BOB}
    role = DesiredRole("a", members=Listed(tuple(members), exact), until=ends)
    place = DesiredPlace("101", "dev", Listed((role,)), users)
    desired = Desired((place,), protect or Protection(), "America/Vancouver")
    held = {"a": frozenset({ANN.value, BOB.value})}
    state = PlaceState(DEV, "Grants Portal", frozenset("a"), members=held)
    people = {} if found is None else {(DEV, CAT): found}
    return plan(desired, {place.named: state}, people, prune=prune, day=day)


def described(made: Plan) -> dict[str, list[str]]:
    """Return who would be removed or added, as the first letters of usernames, by what the plan says about it."""
    parts = {"steps": made.steps, "withheld": made.withheld, "protected": made.protected}
    return {name: [f"{'-' if step.removes else '+'}{step.target[0]}" for step in s] for name, s in parts.items() if s}


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"day": LAST}, {}),
        ({"day": LAST, "prune": False}, {}),
        ({"day": NEXT}, {"steps": ["-a"]}),
        ({"day": NEXT, "prune": False}, {"withheld": ["-a"]}),
        ({"day": NEXT, "protect": Protection(roles="a")}, {"protected": ["-a"]}),
        ({"day": NEXT, "protect": Protection(users="a*")}, {"protected": ["-a"]}),
        ({"day": NEXT, "users": (DesiredUser(ANN, Listed(("a",))),)}, {}),
        ({"day": NEXT, "members": (BOB, ANN, CAT), "found": ANN.value}, {"steps": ["-a"]}),
        ({"day": LAST, "members": (BOB, ANN, CAT), "found": f"{'c' * 32}@idir"}, {"steps": ["+c"]}),
        ({"day": NEXT, "members": (BOB, ANN, CAT), "found": f"{'c' * 32}@idir"}, {"steps": ["-a"]}),
    ],
)
def test_a_member_is_removed_after_the_last_day(exact: bool, options: dict[str, Any], expected: dict[str, Any]) -> None:
    """Only with pruning, and not from what is protected; in additive lists as in exact ones."""
    assert described(planned(exact=exact, **options)) == expected


DAYS: Final = st.sampled_from([None, datetime.date(2027, 3, 30), LAST, NEXT, datetime.date(2027, 4, 2)])


@settings(max_examples=examples(60), deadline=None)
@given(st.dictionaries(st.sampled_from("abcd"), DAYS), st.frozensets(st.sampled_from("abcde")), DAYS, st.booleans())
def test_a_plan_on_a_day_follows_from_who_is_listed_on_that_day(
    listed: dict[str, datetime.date | None], held: frozenset[str], day: datetime.date | None, exact: bool
) -> None:
    """Who is listed gains the role. Who has ended loses it; from an exact list, everybody else loses it, too."""
    today = day or LAST
    people = {name: Person("username", f"{name * 32}@idir") for name in listed}
    until = {people[name]: last for name, last in listed.items() if last is not None}
    role = DesiredRole("a", members=Listed(tuple(people.values()), exact), until=until)
    place = DesiredPlace("101", "dev", Listed((role,)))
    state = PlaceState(DEV, "", frozenset("a"), members={"a": frozenset(f"{name * 32}@idir" for name in held)})
    made = plan(Desired((place,), timezone="UTC"), {place.named: state}, {}, prune=True, day=today)
    active = {name for name, last in listed.items() if last is None or today <= last}
    lost = held - active if exact else held & (listed.keys() - active)
    assert described(made).get("steps", []) == [
        *sorted(f"+{name}" for name in active - held),
        *sorted(f"-{n}" for n in lost),
    ]


def test_an_unknown_person_holds_removals_back() -> None:
    """If somebody who is listed could not be identified, this person may be the one whose last day is over."""
    unknown = Unresolved(DEV, CAT, "ambiguous", (ANN.value,))
    role = DesiredRole("a", members=Listed((CAT, ANN)), until={ANN: LAST})
    place = DesiredPlace("101", "dev", Listed((role,)))
    state = PlaceState(DEV, "", frozenset("a"), members={"a": frozenset({ANN.value})})
    desired = Desired((place,), timezone="America/Vancouver")
    made = plan(desired, {place.named: state}, {(DEV, CAT): unknown}, prune=True, day=NEXT)
    assert described(made) == {"withheld": ["-a"]}


@pytest.mark.parametrize(("exact", "reported"), [(False, 1), (True, 0)])
def test_who_has_ended_and_is_unknown_is_reported(exact: bool, reported: int) -> None:
    """In an additive list, because this person may still have the role. In an exact list, nobody else may have it."""
    unknown = Unresolved(DEV, CAT, "not found")
    made = planned(NEXT, exact=exact, members=(BOB, CAT), found=unknown)
    assert len(made.unresolved) == reported
    assert all(one.roles == ("a",) for one in made.unresolved)


@pytest.mark.parametrize(
    ("day", "until", "expected"),
    [
        (datetime.date(2027, 3, 16), LAST, []),
        (datetime.date(2027, 3, 17), LAST, [LAST]),
        (LAST, LAST, [LAST]),
        (datetime.date(2028, 6, 1), LAST, [LAST]),
    ],
)
def test_a_plan_names_what_ends_within_14_days_and_what_has_ended(
    day: datetime.date, until: datetime.date, expected: list[datetime.date]
) -> None:
    """What has ended is named as long as the service has the grant, pruned or not."""
    for prune in (False, True):
        dates = planned(day, until=until, prune=prune).dates
        assert dates is not None
        assert [one.until for one in (*dates.ending, *dates.ended)] == expected
        assert dates.last_day == (until if day <= until else None)
    twice = planned(day, until=until, users=(DesiredUser(ANN, Listed(("a",))),)).dates
    assert twice is not None
    assert twice.endings == ()


def test_the_id_of_a_plan_stays_until_a_grant_ends() -> None:
    """A plan that was approved yesterday has the same id today, but not after the next last day."""

    def id_on(day: datetime.date) -> str:
        return evolve(planned(day, prune=False), api_url="https://example.org", team_id=1).id

    assert id_on(datetime.date(2027, 3, 1)) == id_on(LAST) != id_on(NEXT)


@pytest.mark.parametrize(
    ("zone", "moment", "expected"),
    [
        ("America/Vancouver", "2027-04-01T06:59:59+00:00", LAST),
        ("America/Vancouver", "2027-04-01T07:00:00+00:00", NEXT),
        ("America/Vancouver", "2027-03-31T23:59:59-07:00", LAST),
        ("Pacific/Auckland", "2027-03-31T10:59:59+00:00", LAST),
        ("Pacific/Auckland", "2027-03-31T11:00:00+00:00", NEXT),
        ("UTC", "2027-03-31T23:59:59+00:00", LAST),
    ],
)
def test_the_day_changes_at_midnight_in_the_zone(zone: str, moment: str, expected: datetime.date) -> None:
    """Not at midnight of UTC or of this machine."""
    assert day_in(zone, datetime.datetime.fromisoformat(moment)) == expected


def test_a_day_needs_a_zone() -> None:
    """A state that was made in Python must name its zone, too, and a time its offset."""
    with pytest.raises(InvalidRequest, match="lacks its offset"):
        day_in("UTC", datetime.datetime(2027, 3, 31))
    with pytest.raises(InvalidRequest, match="'Mars/Olympus' is not the IANA name"):
        day_in("Mars/Olympus", datetime.datetime.now(datetime.UTC))
    place = DesiredPlace("101", "dev", Listed((DesiredRole("a", members=Listed((ANN,)), until={ANN: LAST}),)))
    for desired, message in ((Desired((place,)), "timezone="), (Desired((place,), timezone="UTC"), "day=")):
        with pytest.raises(InvalidRequest, match=message):
            plan(desired, {}, {}, day=None if desired.timezone else LAST)


@pytest.mark.parametrize(
    ("today", "error"),
    [
        (datetime.date(2027, 3, 29), "Wait until 2027-03-30"),
        (LAST, ""),
        (NEXT, "A grant has ended since then: 2027-03-31 was its last day"),
    ],
)
def test_a_plan_is_stale_when_a_grant_has_ended_since(today: datetime.date, error: str) -> None:
    """And before the day for which it was made."""
    dates = Dates("America/Vancouver", datetime.date(2027, 3, 30), LAST)
    if not error:
        dates.check_day(today)
        return
    with pytest.raises(StalePlan, match=error):
        dates.check_day(today)


# Commands


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in which Maren's role ends, in addition to Tobias, who has it without an end."""
    file = tmp_path / "roles.yaml"
    file.write_text(
        f"""\
version: 1
timezone: America/Vancouver
integrations:
  - integration: Grants Portal
    environments:
      dev:
        roles:
          - name: reviewer
            members: [{{username: {MAREN}, until: 2027-03-31}}, {TOBIAS}]
""",
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("2100-01-01", "On 2100-01-01 or later, you can carry it out with: css apply p.json"),
        ("2099-03-01", "From 2099-03-01 to 2099-03-31, you can carry it out with: css apply p.json"),
        ("2099-03-31", "On 2099-03-31, you can carry it out with: css apply p.json"),
        ("2026-01-01", "To carry it out, run: css apply p.json"),
    ],
)
def test_css_plan_says_when_the_plan_of_another_day_can_be_carried_out(
    run_css: Run,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    day: str,
    sentence: str,
) -> None:
    """If a saved plan cannot be carried out today, css does not advise this, and names the days."""
    monkeypatch.chdir(file.parent)
    file.write_text(file.read_text(encoding="utf-8").replace("2027", "2099"), encoding="utf-8")
    assert run_css("plan", file, "--day", day, "--out", "p.json") == 0
    assert f"The plan is in p.json. {sentence}\n" in capsys.readouterr().err


def test_css_plan_says_that_a_plan_of_an_earlier_day_is_stale(
    run_css: Run, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a grant of the file has ended since the day of a saved plan, css says that the plan cannot be carried out."""
    monkeypatch.chdir(file.parent)
    file.write_text(file.read_text(encoding="utf-8").replace("2027", "2025"), encoding="utf-8")
    assert run_css("plan", file, "--day", "2025-03-31", "--out", "p.json") == 0
    stale = "A grant has ended since 2025-03-31, so css cannot carry the plan out."
    assert f"The plan is in p.json. {stale}\n" in capsys.readouterr().err


def test_css_plan_warns_and_removes_only_with_prune(
    run_css: Run, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On both sides of midnight in the zone of the file, when it is the other day in UTC."""
    before, after = ("--day", "2027-04-01T06:59:59Z"), ("--day", "2027-04-01T07:00:00Z")
    assert run_css("plan", file, "--prune", *before) == 0
    out = capsys.readouterr().out
    assert f"- remove {MAREN}" not in out
    assert (
        "These grants end within 14 days of 2027-03-31 (America/Vancouver):\n"
        f"  2027-03-31: {MAREN} ('Maren Fairweather') in reviewer, 'Grants Portal (#101) dev'\n"
    ) in out
    assert run_css("plan", file, *after) == 0
    out, err = capsys.readouterr()
    assert f"! would remove {MAREN}" in out
    assert f"The last day of these grants is over:\n  2027-03-31: {MAREN}" in out
    assert err == "css does not remove members whose last day is over. To remove them, pass --prune.\n"
    assert run_css("plan", file, "--prune", "--markdown", "--mask", *after) == 0
    out = capsys.readouterr().out
    assert "The last day of these grants is over:\n\n- 2027-03-31: `0f3ac8" in out
    assert MAREN not in out
    assert run_css("plan", file, "--prune", "--json", *after) == 0
    made = json.loads(capsys.readouterr().out)
    assert [(step["step"], step["target"]) for step in made["steps"]] == [("remove_member", MAREN)]
    assert made["dates"] == {
        "timezone": "America/Vancouver",
        "day": "2027-04-01",
        "last_day": None,
        "endings": [
            {"integration": 101, "environment": "dev", "role": "reviewer", "username": MAREN, "until": "2027-03-31"}
        ],
    }
    assert run_css("plan", file, *before, "--out", file.with_name("plan.json")) == 0
    assert run_css("show", file.with_name("plan.json"), "--html") == 0
    assert "<h2>These grants end within 14 days of 2027-03-31" in capsys.readouterr().out
    assert run_css("plan", file, "--day", "31.03.2027") == 64
    assert "'31.03.2027' is not a day such as 2027-03-31" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("protect", "options", "code", "said"),
    [
        ("", ("--allow-empty", "--keep-last", "reviewer"), 4, "nobody would be left in the role 'reviewer'"),
        ("", (), 4, "pass --allow-empty"),
        ("", ("--allow-empty", "--max-removals", "0"), 4, "members of the role 'reviewer'"),
        ("protect: {roles: [reviewer]}\n", (), 0, "protected: would remove"),
        ("", ("--allow-empty",), 0, "css undo"),
    ],
)
def test_guards_hold_for_ends(
    run_css: Run,
    sandbox: Sandbox,
    file: Path,
    capsys: pytest.CaptureFixture[str],
    protect: str,
    options: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    """A refused plan sends nothing. Otherwise only the member whose last day is over loses the role."""
    members = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    text = file.read_text(encoding="utf-8").replace(f", {TOBIAS}]", "]").replace("2027-03-31", "2020-03-31")
    text = text.replace("integrations", f"{protect}integrations", 1)
    others = "".join(f", {{username: {one}, until: 2020-03-31}}" for one in members if one != MAREN)
    file.write_text(text.replace("2020-03-31}]", f"2020-03-31}}{others}]"), encoding="utf-8")
    assert run_css("apply", file, "--yes") == 0
    assert writes(sandbox) == []
    assert run_css("drift", file, "--json") == (0 if protect else 2)
    out = capsys.readouterr().out
    states = {json.loads(line)["state"] for line in out.splitlines() if '"state"' in line}
    assert states == (set() if protect else {"ended"})
    assert run_css("apply", file, "--yes", "--prune", *options) == code
    assert said in capsys.readouterr().err
    done = code == 0 and not protect
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == ([] if done else members)
    assert bool(writes(sandbox)) is done


@pytest.mark.parametrize(
    ("day", "until", "said"), [("2100-01-01", "2100-02-01", "Wait until"), ("2020-01-01", "2020-01-02", "has ended")]
)
def test_a_saved_plan_of_another_day_is_stale(
    run_css: Run, sandbox: Sandbox, file: Path, capsys: pytest.CaptureFixture[str], day: str, until: str, said: str
) -> None:
    """A plan for a later day cannot be carried out today, and a plan from before the end of a grant neither."""
    text = file.read_text(encoding="utf-8").replace("2027-03-31", until)
    file.write_text(text.replace("reviewer", "auditor"), encoding="utf-8")
    saved = file.with_name("plan.json")
    assert run_css("plan", file, "--day", day, "--out", saved) == 0
    assert run_css("apply", saved, "--yes") == 5
    assert said in capsys.readouterr().err
    assert writes(sandbox) == []


def test_the_day_is_an_argument_in_python(file: Path, sandbox: Sandbox, settings: Settings) -> None:
    """By default, it is today in the zone of the file."""
    desired = read_desired(file.read_bytes(), file.name)
    with Css(settings, transport=sandbox.transport()) as css:
        for day, count in ((LAST, 0), (NEXT, 1), (datetime.datetime(2027, 4, 1, 6, tzinfo=datetime.UTC), 0)):
            made = css.plan(desired, prune=True, day=day)
            assert sum(step.removes for step in made.steps) == count
        today = css.plan(desired).dates
    assert today is not None
    now, before = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=each) for each in (0, 5))
    assert today.day in {
        day_in("America/Vancouver", before),
        day_in("America/Vancouver", now),
    }


# Rosters


def grants(rows: object, day: datetime.date | None = LAST, **options: Any) -> list[tuple[int, str]]:
    """Return the lines and actions of the rows of a roster."""
    roster = read_roster(rows, "roster.csv", integration="101", environment="dev", role="a", day=day, **options)
    return [(row.line, row.action) for row in roster]


TABLE: Final = f"username,until\n{ANN.value},2027-03-31\n{BOB.value},\n"


@pytest.mark.parametrize(
    ("rows", "day", "options", "expected"),
    [
        (TABLE, LAST, {}, [(2, "grant"), (3, "grant")]),
        (TABLE, NEXT, {}, [(3, "grant")]),
        (TABLE, NEXT, {"prune": True}, [(2, "revoke"), (3, "grant")]),
        (TABLE, NEXT, {"prune": True, "exact": True}, [(3, "grant")]),
        (f"{TABLE}{ANN.value},2027-04-01\n", NEXT, {"prune": True}, [(3, "grant"), (4, "grant")]),
        (TABLE.replace("until", "Valid until"), NEXT, {}, [(3, "grant")]),
        ([{"username": ANN.value, "until": LAST}], NEXT, {"prune": True}, [(1, "revoke")]),
        ([{"username": ANN.value, "until": datetime.datetime(2027, 3, 31)}], LAST, {}, [(1, "grant")]),
        ([{"username": ANN.value, "until": None}], NEXT, {}, [(1, "grant")]),
        (f"username,until\n{BOB.value},\n", None, {}, [(2, "grant")]),
    ],
)
def test_rows_count_until_the_end_of_their_last_day(
    rows: object, day: datetime.date | None, options: dict[str, Any], expected: list[tuple[int, str]]
) -> None:
    """Afterwards, they are left out, or revoke the role with pruning, unless another row still grants it."""
    assert grants(rows, day, **options) == expected


@pytest.mark.parametrize(
    ("rows", "day", "expected"),
    [
        (TABLE, None, "roster.csv:2: the column until needs a time zone: pass --timezone America/Vancouver"),
        (
            TABLE.replace("2027-03-31", "31.03.2027"),
            LAST,
            "until: '31.03.2027' is not a day: write it as year-month-day",
        ),
        (TABLE.replace("2027-03-31", "2027-02-30"), LAST, "until: there is no day 2027-02-30"),
        ([{"username": ANN.value, "until": datetime.datetime(2027, 3, 31, 9)}], LAST, "'2027-03-31T09:00:00' is not a"),
        (TABLE.replace("until", "until,action").replace("-31", "-31,revoke"), LAST, "this row revokes a role"),
    ],
)
def test_last_days_of_rosters_that_cannot_be_read(rows: object, day: datetime.date | None, expected: str) -> None:
    """The fault names the line and what to write."""
    with pytest.raises(InvalidFile) as caught:
        grants(rows, day)
    assert any(expected in fault for fault in caught.value.faults), caught.value.faults


def test_css_roster_removes_ended_grants_only_with_prune(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A removal needs --yes as usual, and the result file keeps the last days."""
    file = tmp_path / "roster.csv"
    file.write_text(f"username,role,until\n{MAREN},reviewer,2020-03-31\n{TOBIAS},admin,2120-03-31\n", encoding="utf-8")
    place = (file, "-i", GRANTS_PORTAL, "-e", "dev", "--timezone", "America/Vancouver")
    assert run_css("roster", "apply", *place, "--result", tmp_path / "result.csv") == 0
    said = capsys.readouterr().err
    assert "css leaves out rows whose last day is over: line 2. With --prune, css removes these roles, unless " in said
    assert (tmp_path / "result.csv").read_text(encoding="utf-8-sig").splitlines()[0].endswith(",message,until")
    assert MAREN in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    assert TOBIAS in sandbox.members(GRANTS_PORTAL, "dev", "admin")
    file.write_text(f"{file.read_text(encoding='utf-8')}{MAREN},reviewer,2120-03-31\n", encoding="utf-8")
    assert run_css("roster", "check", *place, "--prune") == 0
    assert (
        "css leaves out rows whose last day is over, because other rows still grant the roles: line 2.\n"
        in capsys.readouterr().err
    )
    file.write_text(f"{file.read_text(encoding='utf-8').rpartition(MAREN)[0]}", encoding="utf-8")
    assert run_css("roster", "apply", *place, "--prune") == 4
    assert run_css("roster", "apply", *place, "--prune", "--yes") == 0
    assert MAREN not in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    assert run_css("roster", "check", file, "-i", GRANTS_PORTAL, "-e", "dev", "--timezone", "Vancouver") == 64
    assert "'Vancouver' is not the IANA name of a time zone" in capsys.readouterr().err


def test_a_machine_without_time_zones_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    dates._timezones.cache_clear()
    monkeypatch.setattr("zoneinfo.available_timezones", set)
    with pytest.raises(ConfigurationError, match="pip install tzdata"):
        read_desired(file.read_bytes(), file.name)


def test_the_hint_at_prune_counts_only_grants_that_prune_removes(
    run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a member whose last day is over may also be an unidentified person, this member stays with `--prune`."""
    ended = f"{{username: {MAREN}, until: 2027-03-31}}, {{username: {TOBIAS}}}"
    file = file_of_roles(
        tmp_path,
        f"[{{name: reviewer, members: {{exact: [{ended}, {{email: nobody@example.com}}]}}}}, "
        f"{{name: approver, members: [{{username: {TOBIAS}, until: 2027-03-31}}]}}]",
    )
    file.write_text("{timezone: UTC, " + file.read_text(encoding="utf-8")[1:], encoding="utf-8")
    assert run_css("plan", file, "--day", "2027-04-02T00:00:00Z") == 3
    assert "To carry out 1 of the 2 withheld removals, pass --prune." in capsys.readouterr().err
