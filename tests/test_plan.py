"""Plans, case by case: the steps that follow from the difference between a roles file and the current state."""

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
    """Return people with these usernames."""
    return tuple(Person("username", username) for username in usernames)


def exactly(*items: Any) -> Listed[Any]:
    """Return an exact list of these items."""
    return Listed(items, exact=True)


def a_state(
    roles: Iterable[str] = (),
    members: Mapping[str, Iterable[str]] | None = None,
    children: Mapping[str, Iterable[str]] | None = None,
    place: Place = DEV,
) -> PlaceState:
    """Return the state of an environment with these roles, members and children, all of them read."""
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
    """Return the plan from a state to these desired roles and users."""
    wanted = DesiredPlace("Grants Portal", state.place.environment, roles, users)
    found = {(state.place, person): found_people for person, found_people in (people or {}).items()}
    return plan(Desired((wanted,), protect or Protection()), {wanted.named: state}, found, prune=prune)


def described(steps: Iterable[Step]) -> list[str]:
    """Return each step as a short text."""
    return [" ".join(filter(None, (step.kind, step.role, step.target))) for step in steps]


def faults_of(*arguments: Any, **options: Any) -> list[str]:
    """Return the faults for which planning is refused."""
    with pytest.raises(InvalidFile) as caught:
        planned(*arguments, **options)
    return list(caught.value.faults)


# Additions and removals


def test_missing_roles_children_and_members_are_added_in_this_order() -> None:
    """Roles, children and members that are missing are added in this order; those that exist need no step."""
    roles = Listed((DesiredRole("admin", composites=Listed(("reader",)), members=Listed(who(ANN, BOB))),))
    made = planned(a_state(["admin", "reader"], {"admin": [ANN]}), roles)
    assert described(made.steps) == ["add_composite admin reader", f"add_member admin {BOB}"]
    fresh = Listed((*roles.items, DesiredRole("reader")))
    assert described(planned(a_state(), fresh).steps) == [
        "create_role admin",
        "create_role reader",
        "add_composite admin reader",
        f"add_member admin {ANN}",
        f"add_member admin {BOB}",
    ]


def test_entries_that_the_file_does_not_list_are_left_alone() -> None:
    """A key that is absent is neither empty nor exact: everything below it stays, and is counted as unmanaged."""
    state = a_state(["a", "b"], {"a": [ANN, BOB], "b": [CAT]}, {"a": ["b"]})
    made = planned(state, Listed((DesiredRole("a", members=Listed(who(ANN))),)))
    assert (made.steps, made.withheld) == ((), ())
    assert made.unmanaged == {DEV: Unmanaged(roles=1, composites=1, members=2)}
    assert planned(state).unmanaged == {DEV: Unmanaged(roles=2, composites=1, members=3)}


def test_an_exact_empty_list_removes_everything() -> None:
    """An exact empty list removes all entries. A deleted role loses its members and composites without
    further steps.
    """
    state = a_state(["a", "b", "c"], {"a": [ANN], "b": [BOB, CAT]}, {"a": ["b", "c"]})
    roles = exactly(DesiredRole("a", composites=exactly(), members=exactly()), DesiredRole("c"))
    made = planned(state, roles)
    assert described(made.steps) == [f"remove_member a {ANN}", "remove_composite a c", "delete_role b"]
    assert [step.people for step in made.steps] == [1, 0, 2]
    unpruned = planned(state, roles, prune=False)
    assert (unpruned.steps, set(unpruned.withheld)) == ((), set(made.steps))


def test_members_of_roles_and_roles_of_users_are_combined() -> None:
    """The members listed at a role and the roles listed at a user are combined; an exact list on either side keeps
    both.
    """
    state = a_state(["a", "b"], {"a": [ANN, CAT], "b": [ANN, BOB]})
    users = (DesiredUser(who(BOB)[0], Listed(("a",))), DesiredUser(who(ANN)[0], exactly("a")))
    made = planned(state, Listed((DesiredRole("a", members=exactly(*who(ANN))),)), users)
    assert described(made.steps) == [f"add_member a {BOB}", f"remove_member a {CAT}", f"remove_member b {ANN}"]


def test_usernames_are_compared_without_case() -> None:
    """A username in upper case is the same user, and a user who is named in two ways is one user."""
    people = {JANE: ANN.upper()}
    roles = Listed((DesiredRole("a", members=exactly(*who("AAAA@IDIR"), JANE)),))
    assert planned(a_state(["a"], {"a": [ANN]}), roles, people=people).steps == ()


def test_two_entries_for_one_user_are_a_fault() -> None:
    """A user with two entries is a fault, and so is a role that lists a user whose exact roles do not contain it."""
    one, state, people = who(ANN)[0], a_state(["a", "b"]), {JANE: ANN}
    users = (DesiredUser(JANE, exactly("a")), DesiredUser(one, exactly("b")))
    same = f"#101 dev: the email {JANE.value!r} and the username {ANN!r} are the same user; name this user once"
    assert faults_of(state, None, users, people=people) == [same]
    roles = Listed((DesiredRole("a", members=Listed((one,))), DesiredRole("b", members=Listed((one,)))))
    left_out = f"the exact roles of the email {JANE.value!r} do not contain 'b', but this role lists "
    left_out += f"the username {ANN!r} as a member"
    assert faults_of(state, roles, users[:1], people=people) == [f"#101 dev: {left_out}"]
    additive = (DesiredUser(JANE, Listed(("a",))),)
    assert described(planned(state, roles, additive, people=people).steps) == [
        f"add_member a {ANN}",
        f"add_member b {ANN}",
    ]


# Renames


def test_a_renamed_role_keeps_its_members() -> None:
    """A rename is one step, and members and composites are compared under the old name."""
    state = a_state(["old", "top"], {"old": [ANN, BOB]}, {"top": ["old"]})
    top = DesiredRole("top", composites=exactly("new"))
    roles = exactly(DesiredRole("new", was="old", members=exactly(*who(ANN))), top)
    made = planned(state, roles)
    assert described(made.steps) == ["rename_role old new", f"remove_member new {BOB}"]
    assert made.steps[0].people == 2


@pytest.mark.parametrize(("exact", "deleted"), [(False, []), (True, ["delete_role old"])])
def test_if_old_and_new_name_exist_nothing_is_renamed(exact: bool, deleted: list[str]) -> None:
    """If both names exist, nothing is renamed: the old role is treated like any other, and a note says so."""
    made = planned(a_state(["old", "new"]), Listed((DesiredRole("new", was="old"),), exact))
    assert described(made.steps) == deleted
    assert ["both exist" in note for note in made.notes] == [True]


@pytest.mark.parametrize("protected", [(), ("b",)])
@pytest.mark.parametrize("live", ["", "a", "b", "ab", "abc"])
def test_a_chain_of_renames_is_a_fault(live: str, protected: tuple[str, ...]) -> None:
    """If a role is listed under the old name of another one, this is a fault, because either role could be meant."""
    chain = Listed((DesiredRole("c", "b", members=Listed(who(ANN))), DesiredRole("b", "a", members=Listed(who(BOB)))))
    faults = faults_of(a_state(list(live)), chain, protect=Protection(protected))
    assert faults == ["#101 dev: 'b' is the old name of the role 'c', but 'b' is listed as a role, too"]
    swap = Listed((DesiredRole("a", was="b"), DesiredRole("b", was="a")))
    assert len(faults_of(a_state(list(live)), swap)) == 2


@pytest.mark.parametrize("protected", [(), ("a",)])
def test_two_roles_with_one_old_name_are_a_fault(protected: tuple[str, ...]) -> None:
    """If two roles name the same role as their old name, this is a fault, even if that role is protected."""
    torn = Listed((DesiredRole("x", was="a"), DesiredRole("y", was="a")))
    faults = faults_of(a_state(["a"]), torn, protect=Protection(protected))
    assert ["both 'x' and 'y'" in fault for fault in faults] == [True]


# Faults


def test_all_faults_of_a_plan_are_reported_at_once() -> None:
    """Missing roles, invalid usernames and too long names are all reported at once, each with its environment."""
    roles = exactly(DesiredRole("a", composites=Listed(("none", "gone")), members=Listed(who("nobody"))))
    users = (DesiredUser(who(ANN)[0], Listed(("nil",))),)
    long = DesiredRole("é" * 30)
    faults = faults_of(a_state(["a", "gone"]), exactly(*roles.items, long), users)
    assert all(fault.startswith("#101 dev: ") for fault in faults)
    for part in ("'é", "'none', a child of 'a', does not exist", "'gone'", "'nil'", "'nobody'"):
        assert [part in fault for fault in faults].count(True) == 1, part


def test_an_environment_by_id_and_by_name_is_a_fault() -> None:
    """If a file lists one environment by id and by name, this is a fault, because the two lists may contradict."""
    places = (DesiredPlace("101", "dev"), DesiredPlace("Grants Portal", "dev"))
    with pytest.raises(InvalidFile) as caught:
        plan(Desired(places), {place.named: a_state() for place in places}, {})
    assert caught.value.faults == ("#101 dev appears more than once: 101 dev, Grants Portal dev",)


def test_cycles_of_composite_roles_are_refused() -> None:
    """A child that leads back to its parent, also through existing children, is refused; if pruning would help, the
    error says so.
    """
    state = a_state(["a", "b", "c"], children={"a": ["b"], "b": ["c"]})
    with pytest.raises(CompositeCycle, match="'a' of 'c'"):
        planned(state, Listed((DesiredRole("c", composites=Listed(("a",))),)))
    with pytest.raises(CompositeCycle, match="'a' of 'a'"):
        planned(state, Listed((DesiredRole("a", composites=Listed(("a",))),)))
    turned = Listed((DesiredRole("a", composites=exactly()), DesiredRole("c", composites=Listed(("a",)))))
    made = planned(state, turned)
    assert described(made.steps) == ["remove_composite a b", "add_composite c a"]
    assert not_tried(made.steps, 0) == {1}
    with pytest.raises(CompositeCycle, match="pass prune=True"):
        planned(state, turned, prune=False)


def test_a_plan_from_incomplete_readings_is_refused() -> None:
    """If an environment, the members of a role or a person was not read, planning raises an error instead of assuming
    none.
    """
    wanted = DesiredPlace("101", "dev", Listed((DesiredRole("a", members=exactly(JANE)),)))
    unread = PlaceState(DEV, "Grants Portal", frozenset({"a"}))
    for observed, people, match in [
        ({}, {}, "was not read"),
        ({wanted.named: unread}, {(DEV, JANE): ANN}, "members of 'a' were not read"),
        ({wanted.named: a_state(["a"])}, {}, "101 dev: .* was not looked up"),
    ]:
        with pytest.raises(InvalidRequest, match=match):
            plan(Desired((wanted,)), observed, people)


# Protection


def test_protected_roles_and_users_are_not_changed() -> None:
    """Protected roles and users, and what belongs to them, are not removed, renamed or deleted. The plan reports it
    instead.
    """
    state = a_state(
        ["admin", "below", "held", "free", "over"],
        {"held": [ANN], "admin": [BOB]},
        {"admin": ["below"], "over": ["admin"]},
    )
    protect = Protection(roles=("adm*",), users=("AAAA@*",))
    made = planned(state, exactly(DesiredRole("root", was="admin", members=exactly(*who(CAT)))), protect=protect)
    assert described(made.steps) == [f"add_member admin {CAT}", "delete_role free"]
    assert sorted(described(made.protected)) == [
        "delete_role below",
        "delete_role held",
        "delete_role over",
        f"remove_member admin {BOB}",
        "rename_role admin root",
    ]


def test_indirect_children_of_a_protected_role_stay() -> None:
    """Children that a protected role has through another role are not removed from that role."""
    state = a_state(["boss", "mid", "leaf", "low"], children={"boss": ["mid"], "mid": ["leaf"], "low": ["leaf"]})
    listed = (DesiredRole("mid", composites=exactly()), DesiredRole("low", composites=exactly()))
    made = planned(state, Listed(listed), protect=Protection(roles=("boss",)))
    assert described(made.steps) == ["remove_composite low leaf"]
    assert described(made.protected) == ["remove_composite mid leaf"]


def test_a_role_that_could_not_be_removed_again_is_not_given() -> None:
    """If a username is so long that a role could not be removed from it again, adding this member is a fault."""
    role, long = "r" * 130, f"service-account-{'x' * 80}"
    state = a_state([role], {role: []})
    assert described(planned(state, Listed((DesiredRole(role, members=Listed(who(ANN))),))).steps) == [
        f"add_member {role} {ANN}"
    ]
    [fault] = faults_of(state, Listed((DesiredRole(role, members=Listed(who(ANN, long))),)))
    assert f"from {long}" in fault


def test_members_are_compared_without_case() -> None:
    """Members are compared without case, so that nobody is removed and added again because of capital letters."""
    state = a_state(["a", "b"], {"a": ["AAAA@IDIR", BOB], "b": ["Aaaa@idir"]})
    made = planned(state, Listed((DesiredRole("a", members=exactly(*who(ANN))), DesiredRole("b", members=exactly()))))
    assert described(made.steps) == [f"remove_member a {BOB}", f"remove_member b {ANN}"]


def test_roles_and_members_that_no_request_can_name_stay() -> None:
    """A role named `..` and a login that cannot have roles are left alone, with a note, even by an exact list."""
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
def test_changing_a_role_that_no_request_can_name_is_a_fault(role: dict[str, Any]) -> None:
    """A file may list a role whose name is too long for requests. Any change of this role is a fault."""
    long = "x" * 240
    state = PlaceState(DEV, "Grants Portal", frozenset({long, "a"}))
    name = "new" if "was" in role else long
    assert planned(state, Listed((DesiredRole(long),))).steps == ()
    assert ["accepts 255" in fault for fault in faults_of(state, Listed((DesiredRole(name, **role),)))] == [True]
    users = (DesiredUser(who(ANN)[0], Listed((long,))),)
    assert ["accepts 255" in fault for fault in faults_of(state, None, users)] == [True]


def test_the_deletion_of_a_role_that_cannot_be_created_again_is_noted() -> None:
    """The plan notes that a role with a too long name cannot be created again. Notes have no full stop at the end."""
    long = "x" * 180
    made = planned(a_state([long, "x" * 240]), exactly())
    assert described(made.steps) == [f"delete_role {long}"]
    assert [f"{long!r} is deleted for good" in note for note in made.notes] == [True, False]
    assert not any(note.endswith(".") for note in made.notes)


def test_an_unresolved_person_is_listed_once_with_all_roles() -> None:
    """A person who was not identified is listed once, with all roles that the file gives them."""
    people = {JANE: Unresolved(DEV, JANE, "never logged in")}
    roles = (DesiredRole("a", members=Listed((JANE,))), DesiredRole("b", members=Listed((JANE,))))
    users = (DesiredUser(JANE, Listed(("a", "c"))),)
    made = planned(a_state("abc"), Listed(roles), users, people=people)
    assert [one.roles for one in made.unresolved] == [("a", "b", "c")]
    made = planned(a_state("abc"), None, (DesiredUser(JANE, exactly()),), people=people)
    assert [one.roles for one in made.unresolved] == [()]


# Order and limits


def test_remove_first_puts_removals_before_additions() -> None:
    """With `remove_first`, removals come before additions, and a user's addition depends on the same user's removal."""
    state = a_state(["a", "b"], {"a": [ANN]})
    made = planned(
        state, Listed((DesiredRole("a", members=exactly(*who(BOB))), DesiredRole("b", members=Listed(who(ANN)))))
    )
    steps = ordered(made.steps, remove_first=True)
    assert described(steps) == [f"remove_member a {ANN}", f"add_member a {BOB}", f"add_member b {ANN}"]
    assert not_tried(steps, 0) == {2}


def test_steps_are_ordered_by_environment() -> None:
    """Steps of the same kind are ordered dev, test, prod."""
    steps = [Step("create_role", Place(101, name), role) for name in ("prod", "test", "dev") for role in "ba"]
    assert [(step.place.environment, step.role) for step in ordered(steps)] == [
        (name, role) for name in ("dev", "test", "prod") for role in "ab"
    ]


def test_removals_are_counted_for_each_role_under_its_new_name() -> None:
    """Removals are counted for each list with its size before; all members of a deleted role count as removed."""
    many = [f"{number:04}@idir" for number in range(20)]
    state = a_state(["old", "b"], {"old": many, "b": many[:6]})
    made = planned(state, exactly(DesiredRole("new", was="old", members=exactly(*who(*many[4:])))))
    assert set(count_removals(Impact.of(made.steps, made.states))) == {
        ("members of the role 'new' in #101 dev", 4, 20),
        ("members of the role 'b' in #101 dev", 6, 6),
        ("roles of #101 dev", 1, 2),
    }
    with pytest.raises(TooManyRemovals, match="6 of 6 members of the role 'b'"):
        for each in count_removals(Impact.of(made.steps, made.states)):
            check_removals(*each)


def test_a_role_that_loses_its_last_member_is_reported() -> None:
    """A role that loses its last member, or is deleted with members, is reported; one that was empty before is not."""
    state = a_state(["old", "b", "c", "d"], {"old": [ANN], "b": [BOB], "d": [ANN]})
    roles = exactly(DesiredRole("a", was="old", members=exactly()), DesiredRole("d", members=exactly(*who(BOB))))
    made = planned(state, roles)
    assert emptied_roles(made.steps, made.states, ["a", "b", "c", "d"]) == ((DEV, "a"), (DEV, "b"))
    assert emptied_roles(made.steps, made.states, ["d"]) == ()
    assert emptied_roles(ordered(made.steps, remove_first=True), made.states, ["d"]) == ((DEV, "d"),)


# Promotion and comparison


def test_a_promotion_copies_roles_composites_and_members() -> None:
    """A promotion adds roles, composites and, if asked, members under their new names, and keeps the target's own
    roles.
    """
    source = a_state(["a", "b"], {"a": [ANN]}, {"a": ["b"]})
    target = a_state(["own"], place=TEST)
    wanted = promoted(source, "Grants Portal", "test", members=True, names={"b": "beta"})
    made = plan(Desired((wanted,)), {wanted.named: target}, {}, prune=True)
    after = target.after(made.steps)
    assert after.roles == {"own", "a", "beta"}
    assert (after.children, after.members["a"]) == ({"a": frozenset({"beta"})}, frozenset({ANN}))
    assert "members" not in str(promoted(source, "101", "test")).replace("members=None", "")


@pytest.mark.parametrize("names", [{"none": "x"}, {"a": "b"}, {"a": "x", "b": "x"}])
def test_an_impossible_promotion_is_refused(names: dict[str, str]) -> None:
    """A promotion is refused if it renames an unknown role, gives two roles one name, or needs members that were not
    read.
    """
    with pytest.raises(InvalidRequest):
        promoted(a_state(["a", "b"]), "101", "test", names=names)
    with pytest.raises(InvalidRequest, match="not read"):
        promoted(PlaceState(DEV, "Grants Portal", frozenset({"a"})), "101", "test", members=True)


def test_a_comparison_has_a_row_for_each_role_child_and_member() -> None:
    """A comparison has a row for each role, child and member with a value for each environment, None for unread
    members.
    """
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


def test_the_fault_of_a_child_says_why_it_will_not_exist() -> None:
    """The fault of a child says whether the child does not exist or is missing in the exact list, and appears once."""
    users = (DesiredUser(who(ANN)[0], Listed(("gone", "none", "A-role", "gone"))),)
    roles = exactly(DesiredRole("a", composites=Listed(("gone",))), DesiredRole("a role"))
    assert faults_of(a_state(["a", "gone"]), roles, users) == [
        "#101 dev: 'gone', a child of 'a', is not in the exact list of roles",
        "#101 dev: 'gone', a user's role, is not in the exact list of roles",
        "#101 dev: 'none', a user's role, does not exist",
        "#101 dev: 'A-role', a user's role, does not exist; did you mean 'a role'?",
    ]


def test_every_child_that_no_request_can_remove_is_noted() -> None:
    """Each child that stays because the request to remove it would be too long has a note with its name."""
    parent, children = "p" * 120, ["c" * 110, "d" * 110]
    made = planned(
        a_state([parent, *children], children={parent: children}), Listed((DesiredRole(parent, composites=exactly()),))
    )
    assert made.steps == ()
    assert [note.partition(" stays: ")[0] for note in made.notes] == [f"#101 dev: {name!r}" for name in children]


def test_an_exact_list_deletes_roles_beside_one_that_no_request_can_name() -> None:
    """A role that no request can name does not keep an exact list from deleting the other roles."""
    assert described(planned(a_state(["..", "z", "a"]), exactly()).steps) == ["delete_role a", "delete_role z"]


@pytest.mark.parametrize(
    ("members", "note"),
    [
        ((ANN,), "1 member of 'a' stays: a person in the file could not be identified, and may be this member"),
        ((ANN, BOB), "2 members of 'a' stay: a person in the file could not be identified, and may be one of them"),
        (("x@otp",), "1 member of 'a' stays: no request can remove the role from them"),
        (("x@otp", "y@otp", "z@otp"), "3 members of 'a' stay: no request can remove the role from them"),
    ],
)
def test_the_members_who_stay_are_counted(members: tuple[str, ...], note: str) -> None:
    """The note about members who are not removed says how many there are and why."""
    people = {JANE: Unresolved(DEV, JANE, "not found")} if ANN in members else {}
    listed = exactly(*people)
    made = planned(a_state(["a"], {"a": members}), Listed((DesiredRole("a", members=listed),)), people=people)
    assert made.steps == ()
    assert [one.partition(": ")[2] for one in made.notes] == [note]


def test_a_new_member_is_counted_as_one_person() -> None:
    """The step that adds a member counts one person who gains the role."""
    made = planned(a_state(["a"]), Listed((DesiredRole("a", members=Listed(who(ANN))),)))
    assert [(step.kind, step.people) for step in made.steps] == [("add_member", 1)]


PRUNING = " It may help to pass prune=True, because this also removes what exact lists do not name."


@pytest.mark.parametrize(
    ("roles", "children", "links", "hint"),
    [
        # Nothing would be pruned.
        (Listed((DesiredRole("c", composites=Listed(("a",))),)), {"a": ["b"], "b": ["c"]}, "'a' of 'c'", ""),
        # A harmless child beside it is not named.
        (Listed((DesiredRole("c", composites=Listed(("a", "d"))),)), {"a": ["b"], "b": ["c"]}, "'a' of 'c'", ""),
        # An exact list of children would lose the link.
        (
            Listed((DesiredRole("a", composites=exactly()), DesiredRole("c", composites=Listed(("a",))))),
            {"a": ["b"], "b": ["c"]},
            "'a' of 'c'",
            PRUNING,
        ),
        # The role between the two would be deleted.
        (
            exactly(DesiredRole("a"), DesiredRole("c", composites=Listed(("a",))), DesiredRole("d")),
            {"a": ["b"], "b": ["c"]},
            "'a' of 'c'",
            PRUNING,
        ),
        (
            Listed((DesiredRole("c", composites=Listed(("a", "b"))),)),
            {"a": ["b"], "b": ["c"]},
            "'a' of 'c', 'b' of 'c'",
            "",
        ),
    ],
)
def test_a_cycle_is_named_and_says_whether_pruning_helps(
    roles: Listed[DesiredRole], children: dict[str, list[str]], links: str, hint: str
) -> None:
    """The error lists every child that would contain its parent, and mentions pruning only if it removes something."""
    state = a_state(["a", "b", "c", "d"], children=children)
    with pytest.raises(CompositeCycle) as caught:
        planned(state, roles, prune=False)
    expected = f"#101 dev: these children would contain their parent: {links}. Nothing was sent. Correct the children."
    assert str(caught.value) == expected + hint
    if hint:
        planned(state, roles)  # does not raise
    else:
        with pytest.raises(CompositeCycle) as caught:
            planned(state, roles)
        assert PRUNING not in str(caught.value)


def test_only_members_whose_removal_is_too_long_stay() -> None:
    """A member stays if the request that removes the role from them is too long. The other usernames do not matter."""
    role, long = "r" * 160, f"{'a' * 60}@githubpublic"
    made = planned(a_state([role], {role: [long, "zz@githubpublic"]}), Listed((DesiredRole(role, members=exactly()),)))
    assert described(made.steps) == [f"remove_member {role} zz@githubpublic"]
    assert [note.partition(": ")[2] for note in made.notes] == [
        f"1 member of {role!r} stays: no request can remove the role from them"
    ]


def test_nothing_is_removed_by_default() -> None:
    """Without `prune`, a plan withholds what an exact list does not contain."""
    wanted = DesiredPlace("Grants Portal", "dev", Listed((DesiredRole("a", members=exactly()),)))
    made = plan(Desired((wanted,)), {wanted.named: a_state(["a"], {"a": [ANN]})}, {})
    assert (made.steps, described(made.withheld)) == ((), [f"remove_member a {ANN}"])


@pytest.mark.parametrize(("names", "count"), [(["none"], "1 fault"), (["none", "nil"], "2 faults")])
def test_the_error_of_a_plan_counts_its_faults(names: list[str], count: str) -> None:
    """The error says how many faults there are, before it lists them."""
    with pytest.raises(InvalidFile, match=rf"^The roles file has {count}\. Nothing was sent\."):
        planned(a_state(["a"]), Listed((DesiredRole("a", composites=Listed(tuple(names))),)))


def test_a_renamed_role_is_followed_when_children_change_places() -> None:
    """A child is added after a removal if it would contain its parent before, also if one of the two is renamed."""
    steps = [
        Step("add_composite", DEV, "y", "a"),
        Step("remove_composite", DEV, "a", "y"),
        Step("rename_role", DEV, "b", "y"),
    ]
    ordered_steps = ordered(steps, [a_state(["a", "b"], children={"a": ["b"]})])
    assert [step.kind for step in ordered_steps] == ["rename_role", "remove_composite", "add_composite"]
