"""Several roles files: groups of people, last days, places that are spread over files, and what is refused."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from css_sdk import InvalidFile, desired_as_yaml, read_desired, read_desired_files
from css_sdk.plan.planner import plan
from css_sdk.roles_file.parser import read_together
from css_sdk.state import Place, PlaceState
from tests.support import examples

ANN, BOB, CAT, DAN = (f"{letter * 32}@idir" for letter in "abcd")
SCHEMA = json.loads((Path(__file__).parent.parent / "css_sdk" / "roles_file" / "schema.json").read_text("utf-8"))
ZONE = "timezone: America/Vancouver\n"


def a_file(members: str = "[]", groups: str = "", above: str = "", environment: str = "dev", role: str = "a") -> str:
    """Return a file with one role, whose members are on line 7 (or later, if there are groups or more lines above)."""
    head = f"version: 1\n{above}" + (f"groups: {groups}\n" if groups else "")
    return (
        f"{head}integrations:\n  - integration: 101\n    environments:\n      {environment}:\n        roles:\n"
        f"          - {{name: {role}, members: {members}}}\n"
    )


def members(files: str | Mapping[str, str], day: str = "2027-01-01") -> list[str]:
    """Return the usernames of the first role on a day."""
    desired = read_together({"a.yaml": files} if isinstance(files, str) else files)
    [role, *_] = desired.on(datetime.date.fromisoformat(day)).places[0].roles.items
    return [person.value for person in role.members.items]


def faults(files: str | Mapping[str, str]) -> list[str]:
    """Return the faults of files."""
    with pytest.raises(InvalidFile) as caught:
        read_together({"a.yaml": files} if isinstance(files, str) else files)
    return list(caught.value.faults)


def as_texts(text: str) -> dict[str, Any]:
    """Return the content of a file with days as texts, as editors read them, but the version as a number."""
    return {**yaml.load(text, yaml.BaseLoader), "version": 1}  # noqa: S506


# Groups


def test_the_people_of_groups_are_members() -> None:
    """Groups and people can be mixed. A person in two groups, or in a group and in the list, counts once."""
    groups = f"{{x: [{ANN}, {BOB}], z: [{BOB}, {CAT}]}}"
    assert members(a_file(f"[group: x, {DAN}, group: z, {ANN.upper()}]", groups)) == [ANN, BOB, DAN, CAT]
    exact = read_desired(a_file("{exact: [{group: x}]}", groups), "a.yaml")
    assert exact == read_desired(a_file(f"{{exact: [{ANN}, {BOB}]}}"), "a.yaml")
    assert exact.warnings == ("a.yaml:2: no role uses the group 'z'",)


def test_groups_can_be_used_across_files() -> None:
    """The order of the files does not matter, and a file can consist of groups only."""
    people, portal = f"version: 1\ngroups: {{x: [{ANN}]}}\n", a_file("[group: x]")
    assert members({"p.yaml": people, "q.yaml": portal}) == members({"q.yaml": portal, "p.yaml": people}) == [ANN]
    assert read_desired(people, "p.yaml").places == ()


@pytest.mark.parametrize(
    ("members", "groups", "expected"),
    [
        (
            "[group: caseworker]",
            f"{{caseworkers: [{ANN}]}}",
            "the group 'caseworker' is unknown; did you mean case",
        ),
        ("[group: x]", "", "the group 'x' is unknown; no file defines a group"),
        ("[caseworkers]", f"{{caseworkers: [{ANN}]}}", "'caseworkers' is a group: write «group: caseworkers»"),
        ("[group: x]", "{x: []}", "groups.x: the group is empty: list its people, or remove it"),
        (
            "[group: x]",
            "{x: [group: y], y: [group: x]}",
            "groups.x[0]: a group cannot contain a group",
        ),
        ("[group: x, group: x]", f"{{x: [{ANN}]}}", "members[1]: the group 'x' is on line 8 already"),
        ("[]", f"{{x: [{ANN}, {ANN}]}}", "groups.x[1]: the same person is on line 2 already"),
        ("[]", f"{{ann@example.com: [{ANN}]}}", "'ann@example.com', which looks like a person: choose another name"),
        ("[]", f"{{{ANN[:32]}: [{ANN}]}}", "which looks like a person: choose another name"),
        ("[]", f"{{service-account-x: [{ANN}]}}", "which looks like a person: choose another name"),
        ("[]", f"{{'no': [{ANN}]}}", "a group cannot be named 'no', which is a boolean in YAML"),
        ("[]", f"{{'a\\b': [{ANN}]}}", "use letters, digits, single blanks and the signs _ . -"),
        ("[]", f"{{x: {{exact: [{ANN}]}}}}", "groups.x: a list is expected here, not a mapping"),
        ("[]", f"[{ANN}]", "groups: a mapping is expected here, not a list"),
        ("[{group: x, email: a@example.com}]", f"{{x: [{ANN}]}}", "the key 'email' is unknown; known are group, until"),
    ],
)
def test_faults_of_groups_name_the_line(members: str, groups: str, expected: str) -> None:
    """Each fault says what to do, and is the first one of the file."""
    found = faults(a_file(members, groups))
    assert any(expected in fault for fault in found), found
    assert found[0].startswith("a.yaml:")


@st.composite
def files_with_groups(draw: st.DrawFn) -> tuple[str, str]:
    """Return a file with groups, and the same file with the people written out."""
    people = [f"{letter * 32}@idir" for letter in "abcdef"]
    lists = st.lists(st.sampled_from(people), min_size=1, unique=True)
    groups = draw(st.dictionaries(st.sampled_from(["k", "l", "m"]), lists, min_size=1))
    used = draw(st.lists(st.sampled_from(sorted(groups)), unique=True))
    alone = draw(st.lists(st.sampled_from(people), unique=True))
    items: list[Any] = draw(st.permutations([*({"group": name} for name in used), *alone]))
    written: list[str] = []
    for item in items:
        written += groups[item["group"]] if isinstance(item, dict) else [item]
    mode = draw(st.sampled_from(["exact", "additive"]))
    with_groups = a_file(json.dumps({mode: items}), json.dumps(groups))
    return with_groups, a_file(json.dumps({mode: list(dict.fromkeys(written))}))


@settings(max_examples=examples(60), deadline=None)
@given(files_with_groups(), st.frozensets(st.sampled_from([f"{letter * 32}@idir" for letter in "abcdefgh"])))
def test_groups_mean_the_same_as_their_people(files: tuple[str, str], held: frozenset[str]) -> None:
    """The plan has the same steps, with and without pruning."""
    one, other = (read_desired(text, "a.yaml") for text in files)
    assert one == other
    state = PlaceState(Place(101, "dev"), "", frozenset("a"), members={"a": held})
    observed = {place.named: state for place in one.places}
    for prune in (False, True):
        first, second = (plan(each, observed, {}, prune=prune) for each in (one, other))
        assert (first.steps, first.withheld) == (second.steps, second.withheld)


# Last days


@pytest.mark.parametrize(
    ("members", "day", "expected"),
    [
        (f"[{{username: {ANN}, until: 2027-03-31}}]", "2027-03-31", [ANN]),
        (f"[{{username: {ANN}, until: 2027-03-31}}]", "2027-04-01", []),
        (f"[{{username: {ANN}, until: '2027-03-31'}}]", "2027-04-01", []),
        (f"[{{username: {ANN}, until: 2028-02-29}}]", "2028-02-29", [ANN]),
        ("[{group: x, until: 2027-02-28}]", "2027-03-01", []),
        ("[{group: x, until: 2027-02-28}]", "2027-02-28", [BOB, CAT]),
        ("[{group: x, until: 2028-01-01}]", "2027-07-01", [BOB]),
        ("[{group: x}]", "2027-06-30", [BOB, CAT]),
        (f"[{{group: x}}, {{username: {CAT}, until: 2027-09-30}}]", "2027-09-30", [BOB, CAT]),
        (f"[{{username: {CAT}, until: 2027-05-31}}, {{group: x}}]", "2027-06-30", [CAT, BOB]),
        (f"[{CAT}, {{group: x}}]", "2029-01-01", [CAT, BOB]),
    ],
)
def test_a_member_has_the_role_until_the_end_of_the_last_day(members: str, day: str, expected: list[str]) -> None:
    """For the use of a group, the earlier day counts. For two entries of the same person, the later day counts."""
    groups = f"{{x: [{BOB}, {{username: {CAT}, until: 2027-06-30}}]}}"
    assert globals()["members"](a_file(members, groups, above=ZONE), day) == expected


def test_different_last_days_of_a_person_are_a_warning() -> None:
    """The warning has both lines."""
    file = a_file(f"[group: x, {ANN}]", f"{{x: [{{username: {ANN}, until: 2027-03-31}}]}}", above=ZONE)
    [warning] = read_desired(file, "a.yaml").warnings
    assert warning == (
        f"a.yaml:9: {ANN} is listed without a last day, but on line 9 until 2027-03-31: the entry without a last day "
        f"counts"
    )


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2027-02-30", "until: there is no day 2027-02-30"),
        ("0000-01-01", "until: there is no day 0000-01-01"),
        ("2027-3-1", "until: '2027-3-1' is not a day: write it as year-month-day, such as 2027-03-31"),
        ("2027-03-31T00:00:00Z", "until: '2027-03-31T00:00:00Z' is not a day: write it as year-month-day"),
        ("31.03.2027", "until: '31.03.2027' is not a day"),
        ("'2027-03-31 '", "until: '2027-03-31 ' is not a day"),
        ("", "until: a day such as 2027-03-31 is expected here, not nothing"),
        ("[2027-03-31]", "until: a day such as 2027-03-31 is expected here, not a list"),
    ],
)
@pytest.mark.parametrize("who", [f"username: {ANN}", "group: x"])
def test_what_is_not_a_day_is_refused(who: str, until: str, expected: str) -> None:
    """With its line, for a person and for the use of a group."""
    [fault] = faults(a_file(f"[{{{who}, until: {until}}}]", f"{{x: [{BOB}]}}", above=ZONE))
    assert fault.startswith("a.yaml:9: ")
    assert expected in fault


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (
            "",
            "a.yaml:7: integrations[0].environments.dev.roles[0].members[0].until: a last day needs a time",
        ),
        (
            "timezone: America/Vancuver\n",
            "timezone: 'America/Vancuver' is not the IANA name of a time zone; did you",
        ),
        ("timezone: Pacific Standard Time\n", "an example is America/Vancouver"),
        ("timezone: -08:00\n", "timezone"),
    ],
)
def test_a_last_day_needs_a_time_zone(zone: str, expected: str) -> None:
    """There is no default: the file must name the zone in which the day ends."""
    found = faults(a_file(f"[{{username: {ANN}, until: 2027-03-31}}]", above=zone))
    assert any(expected in fault for fault in found), found


def test_last_days_are_for_members_only() -> None:
    """The roles in `users` have no last day."""
    file = a_file().replace(
        "roles:\n", f"users: [{{username: {ANN}, roles: [a], until: 2027-03-31}}]\n        roles:\n"
    )
    assert "the key 'until' is unknown" in faults(file)[0]


def test_last_days_are_written_and_read_back() -> None:
    """A state with last days and a time zone survives the way through a file. Groups are written out."""
    groups = f"{{x: [{BOB}, {{email: c@example.com, provider: idir, until: 2027-06-30}}]}}"
    desired = read_desired(a_file(f"[{{username: {ANN}, until: 2027-03-31}}, group: x]", groups, above=ZONE), "a.yaml")
    text = desired_as_yaml(desired)
    assert read_desired(text, "b.yaml") == desired
    assert "until: 2027-03-31" in text
    assert "group" not in text


# Several files


def test_a_place_can_be_spread_over_files() -> None:
    """Roles, users and protections add up, and contradictions between files are found."""
    one, two = a_file(role="a", above="protect: {roles: [a]}\n"), a_file(role="b", above="protect: {roles: [a, b]}\n")
    [place] = (desired := read_together({"a.yaml": one, "b.yaml": two})).places
    assert [role.name for role in place.roles.items] == ["a", "b"]
    assert desired.protect.roles == ("a", "b")
    old = a_file(role="{name: c, was: a}").replace("{name: {", "{").replace("}, members: []}", ", members: []}")
    assert faults({"a.yaml": one, "c.yaml": old}) == [
        "c.yaml:7: integrations[0].environments.dev.roles[0].was: the old name 'a' is also listed as a role on a.yaml:8"
    ]


def test_what_two_files_say_is_refused_with_both_lines() -> None:
    """The same role or user of a place, the same group, another mode, and another time zone."""
    one = a_file(groups=f"{{x: [{ANN}]}}", above=ZONE)
    users = f"        users: [{{username: {ANN}, roles: [a]}}]\n"
    assert faults({"a.yaml": one + users, "b.yaml": one.replace("Vancouver", "Whitehorse") + users}) == [
        "b.yaml:2: timezone: the time zone is 'America/Vancouver' on a.yaml:2: use the same time zone in all files",
        "b.yaml:3: groups.x: the group 'x' is on a.yaml:3 already",
        "b.yaml:9: integrations[0].environments.dev.roles[0]: the role 'a' is on a.yaml:9 already",
        "b.yaml:10: integrations[0].environments.dev.users[0]: the same user is on a.yaml:10 already",
    ]
    exact = a_file(role="b").replace("roles:\n", "roles: {exact: [b]}\n").rpartition("          -")[0]
    [fault] = faults({"a.yaml": a_file(), "b.yaml": exact})
    assert fault.startswith(
        "b.yaml:6: integrations[0].environments.dev.roles: this list of roles is exact, but the one"
    )
    assert "on a.yaml:6 is additive" in fault


def test_faults_of_several_files_are_reported_together() -> None:
    """With a count of the files; a group that may be in a file that cannot be read is no fault."""
    with pytest.raises(InvalidFile, match="2 files have faults") as caught:
        read_together({"a.yaml": "version: }", "b.yaml": a_file("[group: x, bob]")})
    assert [fault.partition(": ")[0] for fault in caught.value.faults] == ["a.yaml:1", "b.yaml:7"]
    with pytest.raises(InvalidFile, match=r"The sum of 2 roles files is larger than 200 bytes"):
        read_together({"a.yaml": a_file(), "b.yaml": a_file(role="b")}, max_bytes=200)


def test_folders_are_read(tmp_path: Path) -> None:
    """Their *.yaml and *.yml, in the order of their names, but no hidden files, other files and folders in them."""
    folder = tmp_path / "access"
    (folder / "more.yaml").mkdir(parents=True)
    with pytest.raises(InvalidFile, match=r"access has no roles files: no \*\.yaml and no \*\.yml"):
        read_desired_files(folder)
    for name, role in (("b.yaml", "b"), ("a.YML", "a"), (".c.yaml", "c"), ("d.json", "d"), ("more.yaml/e.yaml", "e")):
        (folder / name).write_text(a_file(role=role), encoding="utf-8")
    [place] = read_desired_files([folder]).places
    assert [role.name for role in place.roles.items] == ["a", "b"]
    with pytest.raises(InvalidFile, match=r"b\.yaml is named twice"):
        read_desired_files([folder, folder / "b.yaml"])
    with pytest.raises(InvalidFile, match=r"none\.yaml cannot be read: No such file"):
        read_desired_files(str(folder / "none.yaml"))
    if hasattr(os, "symlink"):
        (folder / "e.yaml").symlink_to(folder / "nowhere.yaml")
        with pytest.raises(InvalidFile, match=r"e\.yaml cannot be read"):
            read_desired_files(folder)


def test_the_example_is_valid() -> None:
    """For the reader and for the schema."""
    folder = Path(__file__).parent.parent / "examples" / "access"
    assert len(read_desired_files(folder).places) == 3
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        Draft202012Validator(SCHEMA).validate(as_texts(text))


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        (f"{{version: 1, groups: {{x: [{ANN}]}}}}", True),
        ("{version: 1}", False),
        ("{version: 1, groups: {x: []}}", False),
        (f"{{version: 1, groups: {{x y: [{ANN}], 'x  y': [{ANN}]}}}}", False),
        (f"{{version: 1, groups: {{{ANN}: [{ANN}]}}}}", False),
        ("{version: 1, groups: {x: [{group: x}]}}", False),
        (a_file("[{group: x, until: 2027-03-31}]", f"{{x: [{BOB}]}}", ZONE), True),
        (a_file(f"[{{username: {ANN}, until: 2027-03-31}}]", above=ZONE), True),
        (a_file(f"[{{username: {ANN}, until: 2027-3-1}}]", above=ZONE), False),
    ],
)  # fmt: skip
def test_the_schema_knows_groups_and_last_days(text: str, is_valid: bool) -> None:
    """The schema and the reader agree."""
    loaded = as_texts(text)
    assert Draft202012Validator(SCHEMA).is_valid(loaded) is is_valid
    if is_valid:
        read_desired(text, "a.yaml")
    else:
        assert faults(text)
