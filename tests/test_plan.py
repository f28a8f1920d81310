"""Plans, case by case: what is decided where a file and what is there differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from css_sdk.errors import CompositeCycle, InvalidFile, InvalidRequest, TooManyRemovals
from css_sdk.people.identification import Unresolved
from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
from css_sdk.plan.diff import Unmanaged
from css_sdk.plan.impact import Impact
from css_sdk.plan.ordering import ordered
from css_sdk.plan.planner import Plan, count_removals, emptied_roles, plan
from css_sdk.plan.removal_limits import check_removals
from css_sdk.plan.transfer import export, promoted, side_by_side
from css_sdk.state import Place, PlaceState, Step
from tests.test_dependencies import not_tried

DEV, TEST = Place(101, "dev"), Place(101, "test")
ANN, BOB, CAT = "aaaa@idir", "bbbb@idir", "cccc@bceidbasic"
JANE = Person("email", "jane.doe@example.com")


def who(*usernames: str) -> tuple[Person, ...]:
    return tuple(Person("username", username) for username in usernames)


def exactly(*items: Any) -> Listed[Any]:
    return Listed(items, exact=True)


def a_state(
    roles: Iterable[str] = (),
    members: Mapping[str, Iterable[str]] | None = None,
    children: Mapping[str, Iterable[str]] | None = None,
    place: Place = DEV,
) -> PlaceState:
    held = {name: frozenset((members or {}).get(name, ())) for name in roles}
    below = {name: frozenset(some) for name, some in (children or {}).items()}
    return PlaceState(place, "Grants Portal", frozenset(roles), below, held)


def planned(
    state: PlaceState,
    roles: Listed[DesiredRole] | None = None,
    users: tuple[DesiredUser, ...] = (),
    protect: Protection | None = None,
    people: Mapping[Person, str | Unresolved] | None = None,
    prune: bool = True,
) -> Plan:
    wanted = DesiredPlace("Grants Portal", state.place.environment, roles, users)
    found = {(state.place, person): told for person, told in (people or {}).items()}
    return plan(Desired((wanted,), protect or Protection()), {wanted.named: state}, found, prune=prune)


def told(steps: Iterable[Step]) -> list[str]:
    """Steps in a word or four."""
    return [" ".join(filter(None, (step.kind, step.role, step.target))) for step in steps]


def faults_of(*arguments: Any, **options: Any) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        planned(*arguments, **options)
    return list(caught.value.faults)


# What is added and removed


def test_what_is_missing_is_added() -> None:
    """Roles, children and members that are missing are added in this order, and what is there already is no step."""
    roles = Listed((DesiredRole("admin", composites=Listed(("reader",)), members=Listed(who(ANN, BOB))),))
    made = planned(a_state(["admin", "reader"], {"admin": [ANN]}), roles)
    assert told(made.steps) == ["add_composite admin reader", f"add_member admin {BOB}"]
    fresh = Listed((*roles.items, DesiredRole("reader")))
    assert told(planned(a_state(), fresh).steps) == [
        "create_role admin",
        "create_role reader",
        "add_composite admin reader",
        f"add_member admin {ANN}",
        f"add_member admin {BOB}",
    ]


def test_what_the_file_does_not_speak_of_is_not_touched() -> None:
    """An absent key is neither empty nor exact: everything below it stays, and is counted as left alone."""
    state = a_state(["a", "b"], {"a": [ANN, BOB], "b": [CAT]}, {"a": ["b"]})
    made = planned(state, Listed((DesiredRole("a", members=Listed(who(ANN))),)))
    assert (made.steps, made.withheld) == ((), ())
    assert made.unmanaged == {DEV: Unmanaged(roles=1, composites=1, members=2)}
    assert planned(state).unmanaged == {DEV: Unmanaged(roles=2, composites=1, members=3)}


def test_exact_and_empty_removes_all() -> None:
    """What is present, exact and empty loses all it has; a deleted role takes members and composites along unlisted."""
    state = a_state(["a", "b", "c"], {"a": [ANN], "b": [BOB, CAT]}, {"a": ["b", "c"]})
    roles = exactly(DesiredRole("a", composites=exactly(), members=exactly()), DesiredRole("c"))
    made = planned(state, roles)
    assert told(made.steps) == [f"remove_member a {ANN}", "remove_composite a c", "delete_role b"]
    assert [step.people for step in made.steps] == [1, 0, 2]
    unpruned = planned(state, roles, prune=False)
    assert (unpruned.steps, set(unpruned.withheld)) == ((), set(made.steps))


def test_members_and_users_are_one_set() -> None:
    """A role gets who stands at it and who names it; exact on either side keeps both."""
    state = a_state(["a", "b"], {"a": [ANN, CAT], "b": [ANN, BOB]})
    users = (DesiredUser(who(BOB)[0], Listed(("a",))), DesiredUser(who(ANN)[0], exactly("a")))
    made = planned(state, Listed((DesiredRole("a", members=exactly(*who(ANN))),)), users)
    assert told(made.steps) == [f"add_member a {BOB}", f"remove_member a {CAT}", f"remove_member b {ANN}"]


def test_usernames_are_compared_without_case() -> None:
    """A username in upper case is the same user. A user who is named twice in two spellings is one user."""
    people = {JANE: ANN.upper()}
    roles = Listed((DesiredRole("a", members=exactly(*who("AAAA@IDIR"), JANE)),))
    assert planned(a_state(["a"], {"a": [ANN]}), roles, people=people).steps == ()


def test_one_user_has_one_entry() -> None:
    """A user with two entries is a fault. So is a role that lists a user whose exact roles do not contain it."""
    one, state, people = who(ANN)[0], a_state(["a", "b"]), {JANE: ANN}
    users = (DesiredUser(JANE, exactly("a")), DesiredUser(one, exactly("b")))
    same = (
        f"Grants Portal dev: the email {JANE.value!r} and the username {ANN!r} are the same user; name this user once"
    )
    assert faults_of(state, None, users, people=people) == [same]
    roles = Listed((DesiredRole("a", members=Listed((one,))), DesiredRole("b", members=Listed((one,)))))
    left_out = f"the exact roles of the email {JANE.value!r} do not contain 'b', but this role lists "
    left_out += f"the username {ANN!r} as a member"
    assert faults_of(state, roles, users[:1], people=people) == [f"Grants Portal dev: {left_out}"]
    additive = (DesiredUser(JANE, Listed(("a",))),)
    assert told(planned(state, roles, additive, people=people).steps) == [f"add_member a {ANN}", f"add_member b {ANN}"]


# Renaming


def test_a_renamed_role_keeps_its_members() -> None:
    """A renaming is one step; members and composites are compared under the old name."""
    state = a_state(["old", "top"], {"old": [ANN, BOB]}, {"top": ["old"]})
    top = DesiredRole("top", composites=exactly("new"))
    roles = exactly(DesiredRole("new", was="old", members=exactly(*who(ANN))), top)
    made = planned(state, roles)
    assert told(made.steps) == ["rename_role old new", f"remove_member new {BOB}"]
    assert made.steps[0].people == 2


@pytest.mark.parametrize(("exact", "deleted"), [(False, []), (True, ["delete_role old"])])
def test_an_old_name_beside_the_new_one(exact: bool, deleted: list[str]) -> None:
    """Where both names exist nothing is renamed: the old one is a role like any other, and a note says so."""
    made = planned(a_state(["old", "new"]), Listed((DesiredRole("new", was="old"),), exact))
    assert told(made.steps) == deleted
    assert ["both exist" in note for note in made.notes] == [True]


@pytest.mark.parametrize("protected", [(), ("b",)])
@pytest.mark.parametrize("live", ["", "a", "b", "ab", "abc"])
def test_names_move_in_no_chain(live: str, protected: tuple[str, ...]) -> None:
    """A role under the old name of another one is a fault, as in a file: which of the two is meant is not guessed."""
    chain = Listed((DesiredRole("c", "b", members=Listed(who(ANN))), DesiredRole("b", "a", members=Listed(who(BOB)))))
    faults = faults_of(a_state(list(live)), chain, protect=Protection(protected))
    assert faults == ["Grants Portal dev: the role 'b' is listed under its old name, too"]
    swap = Listed((DesiredRole("a", was="b"), DesiredRole("b", was="a")))
    assert len(faults_of(a_state(list(live)), swap)) == 2


@pytest.mark.parametrize("protected", [(), ("a",)])
def test_one_role_becomes_one(protected: tuple[str, ...]) -> None:
    """Two roles that were the same one are a fault, protected or not."""
    torn = Listed((DesiredRole("x", was="a"), DesiredRole("y", was="a")))
    faults = faults_of(a_state(["a"]), torn, protect=Protection(protected))
    assert ["both 'x' and 'y'" in fault for fault in faults] == [True]


# What cannot be


def test_all_faults_are_told_at_once() -> None:
    """Roles that will not exist, unusable usernames and too long names are all reported, each with its place."""
    roles = exactly(DesiredRole("a", composites=Listed(("none", "gone")), members=Listed(who("nobody"))))
    users = (DesiredUser(who(ANN)[0], Listed(("nil",))),)
    long = DesiredRole("é" * 30)
    faults = faults_of(a_state(["a", "gone"]), exactly(*roles.items, long), users)
    assert all(fault.startswith("Grants Portal dev: ") for fault in faults)
    for part in ("'é", "'none', a child of 'a', does not exist", "'gone'", "'nil'", "'nobody'"):
        assert [part in fault for fault in faults].count(True) == 1, part


def test_a_place_stands_in_the_file_once() -> None:
    """The same environment by id and by name is a fault: two lists of it may say different things."""
    places = (DesiredPlace("101", "dev"), DesiredPlace("Grants Portal", "dev"))
    with pytest.raises(InvalidFile) as caught:
        plan(Desired(places), {place.named: a_state() for place in places}, {})
    assert caught.value.faults == ("#101 dev appears more than once: 101 dev, Grants Portal dev",)


def test_circles_are_refused() -> None:
    """A child that leads back to its parent is refused, through what is there already too; pruning is hinted at."""
    state = a_state(["a", "b", "c"], children={"a": ["b"], "b": ["c"]})
    with pytest.raises(CompositeCycle, match="'a' of 'c'"):
        planned(state, Listed((DesiredRole("c", composites=Listed(("a",))),)))
    with pytest.raises(CompositeCycle, match="'a' of 'a'"):
        planned(state, Listed((DesiredRole("a", composites=Listed(("a",))),)))
    turned = Listed((DesiredRole("a", composites=exactly()), DesiredRole("c", composites=Listed(("a",)))))
    made = planned(state, turned)
    assert told(made.steps) == ["remove_composite a b", "add_composite c a"]
    assert not_tried(made.steps, 0) == {1}
    with pytest.raises(CompositeCycle, match="Pruning"):
        planned(state, turned, prune=False)


def test_what_was_not_read_is_not_guessed() -> None:
    """A place, members or a person that nobody looked up are an error, never an empty set."""
    wanted = DesiredPlace("101", "dev", Listed((DesiredRole("a", members=exactly(JANE)),)))
    unread = PlaceState(DEV, "Grants Portal", frozenset({"a"}))
    for observed, people, match in [
        ({}, {}, "was not read"),
        ({wanted.named: unread}, {(DEV, JANE): ANN}, "members of 'a' were not read"),
        ({wanted.named: a_state(["a"])}, {}, "was not looked up"),
    ]:
        with pytest.raises(InvalidRequest, match=match):
            plan(Desired((wanted,)), observed, people)


# Who is kept


def test_protection_wins() -> None:
    """Nothing protected is removed, renamed or deleted, nor what belongs to it. The plan reports it instead."""
    state = a_state(
        ["admin", "below", "held", "free", "over"],
        {"held": [ANN], "admin": [BOB]},
        {"admin": ["below"], "over": ["admin"]},
    )
    protect = Protection(roles=("adm*",), users=("AAAA@*",))
    made = planned(state, exactly(DesiredRole("root", was="admin", members=exactly(*who(CAT)))), protect=protect)
    assert told(made.steps) == [f"add_member admin {CAT}", "delete_role free"]
    assert sorted(told(made.protected)) == [
        "delete_role below",
        "delete_role held",
        "delete_role over",
        f"remove_member admin {BOB}",
        "rename_role admin root",
    ]


def test_what_a_protected_role_stands_for_stays() -> None:
    """Children that a protected role has only through another role stay in that one, which no protection names."""
    state = a_state(["boss", "mid", "leaf", "low"], children={"boss": ["mid"], "mid": ["leaf"], "low": ["leaf"]})
    listed = (DesiredRole("mid", composites=exactly()), DesiredRole("low", composites=exactly()))
    made = planned(state, Listed(listed), protect=Protection(roles=("boss",)))
    assert told(made.steps) == ["remove_composite low leaf"]
    assert told(made.protected) == ["remove_composite mid leaf"]


def test_nobody_gets_what_could_not_be_taken_from_them() -> None:
    """A role is a fault for somebody whose username makes the request for its removal too long, and not for others."""
    role, long = "r" * 130, f"service-account-{'x' * 80}"
    state = a_state([role], {role: []})
    assert told(planned(state, Listed((DesiredRole(role, members=Listed(who(ANN))),))).steps) == [
        f"add_member {role} {ANN}"
    ]
    [fault] = faults_of(state, Listed((DesiredRole(role, members=Listed(who(ANN, long))),)))
    assert f"from {long}" in fault


def test_members_are_compared_without_case() -> None:
    """However the service writes a member's username: nobody is removed and added again for their capitals."""
    state = a_state(["a", "b"], {"a": ["AAAA@IDIR", BOB], "b": ["Aaaa@idir"]})
    made = planned(state, Listed((DesiredRole("a", members=exactly(*who(ANN))), DesiredRole("b", members=exactly()))))
    assert told(made.steps) == [f"remove_member a {BOB}", f"remove_member b {ANN}"]


def test_what_no_request_can_name_stays() -> None:
    """A role named `..` and a member with a login that can have no roles are left, with a note, under exact too."""
    state = a_state(["..", "a"], {"a": ["x@otp"]})
    made = planned(state, exactly(DesiredRole("a", members=exactly())))
    assert (made.steps, len(made.notes)) == ((), 2)
    assert made.unmanaged == {DEV: Unmanaged(roles=1)}
    file = export([state])
    assert [(role.name, role.members) for role in file.places[0].roles.items] == [("a", exactly())]  # type: ignore[union-attr]
    assert planned(state, file.places[0].roles).steps == ()
    [wanted] = promoted(state, "101", "test", members=True).roles.items  # type: ignore[union-attr]
    assert wanted.members == Listed()


@pytest.mark.parametrize("role", [{"members": exactly()}, {"composites": exactly()}, {"was": "x" * 240}])
def test_nothing_can_be_asked_of_what_no_request_can_name(role: dict[str, Any]) -> None:
    """A file that only lists such a role is right. Anything more about this role is a fault."""
    long = "x" * 240
    state = PlaceState(DEV, "Grants Portal", frozenset({long, "a"}))
    name = "new" if "was" in role else long
    assert planned(state, Listed((DesiredRole(long),))).steps == ()
    assert ["accepts 255" in fault for fault in faults_of(state, Listed((DesiredRole(name, **role),)))] == [True]
    users = (DesiredUser(who(ANN)[0], Listed((long,))),)
    assert ["accepts 255" in fault for fault in faults_of(state, None, users)] == [True]


def test_a_deletion_for_good_is_noted() -> None:
    """The plan notes that a role with a too long name cannot be created again. Notes have no full stop at the end."""
    long = "x" * 180
    made = planned(a_state([long, "x" * 240]), exactly())
    assert told(made.steps) == [f"delete_role {long}"]
    assert [f"{long!r} is deleted for good" in note for note in made.notes] == [True, False]
    assert not any(note.endswith(".") for note in made.notes)


def test_who_is_missing_is_told_with_the_roles() -> None:
    """Once for each person, with all that the file gives them."""
    people = {JANE: Unresolved(DEV, JANE, "never logged in")}
    roles = (DesiredRole("a", members=Listed((JANE,))), DesiredRole("b", members=Listed((JANE,))))
    users = (DesiredUser(JANE, Listed(("a", "c"))),)
    made = planned(a_state("abc"), Listed(roles), users, people=people)
    assert [one.roles for one in made.unresolved] == [("a", "b", "c")]
    made = planned(a_state("abc"), None, (DesiredUser(JANE, exactly()),), people=people)
    assert [one.roles for one in made.unresolved] == [()]


# Orders and limits


def test_taking_away_first() -> None:
    """With `remove_first` all that is taken is taken before anything is given, and a gift waits for the same user's."""
    state = a_state(["a", "b"], {"a": [ANN]})
    made = planned(
        state, Listed((DesiredRole("a", members=exactly(*who(BOB))), DesiredRole("b", members=Listed(who(ANN)))))
    )
    steps = ordered(made.steps, remove_first=True)
    assert told(steps) == [f"remove_member a {ANN}", f"add_member a {BOB}", f"add_member b {ANN}"]
    assert not_tried(steps, 0) == {2}


def test_places_come_in_order() -> None:
    """The steps of several environments are done kind by kind, dev before test before prod."""
    steps = [Step("create_role", Place(101, name), role) for name in ("prod", "test", "dev") for role in "ba"]
    assert [(step.place.environment, step.role) for step in ordered(steps)] == [
        (name, role) for name in ("dev", "test", "prod") for role in "ab"
    ]


def test_removals_are_held_against_limits() -> None:
    """Each set is counted separately, with its size before. All members of a deleted role count as removed."""
    many = [f"{number:04}@idir" for number in range(20)]
    state = a_state(["old", "b"], {"old": many, "b": many[:6]})
    made = planned(state, exactly(DesiredRole("new", was="old", members=exactly(*who(*many[4:])))))
    assert set(count_removals(Impact.of(made.steps, made.states))) == {
        ("members of the role 'new' (#101 dev)", 4, 20),
        ("members of the role 'b' (#101 dev)", 6, 6),
        ("roles of Grants Portal (#101 dev)", 1, 2),
    }
    with pytest.raises(TooManyRemovals, match="6 of 6 members of the role 'b'"):
        for each in count_removals(Impact.of(made.steps, made.states)):
            check_removals(*each)


def test_a_role_that_nobody_would_hold() -> None:
    """A role that loses its last member, or is deleted with members, is named; one that was empty before is not."""
    state = a_state(["old", "b", "c", "d"], {"old": [ANN], "b": [BOB], "d": [ANN]})
    roles = exactly(DesiredRole("a", was="old", members=exactly()), DesiredRole("d", members=exactly(*who(BOB))))
    made = planned(state, roles)
    assert emptied_roles(made.steps, made.states, ["a", "b", "c", "d"]) == ((DEV, "a"), (DEV, "b"))
    assert emptied_roles(made.steps, made.states, ["d"]) == ()
    assert emptied_roles(ordered(made.steps, remove_first=True), made.states, ["d"]) == ((DEV, "d"),)


# From one environment to another


def test_what_was_promoted_is_there() -> None:
    """After a promotion is carried out roles, composites and members are there, under their new names; nothing left."""
    source = a_state(["a", "b"], {"a": [ANN]}, {"a": ["b"]})
    target = a_state(["own"], place=TEST)
    wanted = promoted(source, "Grants Portal", "test", members=True, names={"b": "beta"})
    made = plan(Desired((wanted,)), {wanted.named: target}, {}, prune=True)
    after = target.after(made.steps)
    assert after.roles == {"own", "a", "beta"}
    assert (after.children, after.members["a"]) == ({"a": frozenset({"beta"})}, frozenset({ANN}))
    assert "members" not in str(promoted(source, "101", "test")).replace("members=None", "")


@pytest.mark.parametrize("names", [{"none": "x"}, {"a": "b"}, {"a": "x", "b": "x"}])
def test_promotions_that_cannot_be(names: dict[str, str]) -> None:
    """A name of no role, or two roles under one name, is refused; so are members that were not read."""
    with pytest.raises(InvalidRequest):
        promoted(a_state(["a", "b"]), "101", "test", names=names)
    with pytest.raises(InvalidRequest, match="not read"):
        promoted(PlaceState(DEV, "Grants Portal", frozenset({"a"})), "101", "test", members=True)


def test_environments_side_by_side() -> None:
    """Each role, child and member is a row with an entry for each environment; unread members are neither."""
    dev = a_state(["a", "b"], {"a": [ANN]}, {"a": ["b"]})
    test = PlaceState(TEST, "Grants Portal", frozenset({"a"}))
    rows = side_by_side([dev, test, a_state(place=Place(101, "prod"))])
    assert [(row.kind, row.role, row.target, row.present) for row in rows] == [
        ("role", "a", "", (True, True, False)),
        ("composite", "a", "b", (True, False, False)),
        ("member", "a", ANN, (True, None, False)),
        ("role", "b", "", (True, False, False)),
    ]
    assert all(row.differs for row in rows)
    assert not any(row.differs for row in side_by_side([dev, dev]))
