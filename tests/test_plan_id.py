"""The plan id identifies the plan that was approved, so that a plan changed by hand is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from css_sdk import Css, Plan, Settings, StalePlan, plan_as_json, read_plan
from css_sdk.errors import InvalidFile
from css_sdk.people.identification import Unresolved
from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, Listed
from css_sdk.plan.diff import Unmanaged
from css_sdk.plan.impact import Impact
from css_sdk.plan.planner import PlannedPlace
from css_sdk.plan.preconditions import check_steps
from css_sdk.plan.step_words import in_words
from css_sdk.plan.text import plan_as_markdown, plan_as_text
from css_sdk.sandbox import Sandbox
from css_sdk.state import Place, PlaceState, Step, StepKind
from tests.states import everything, file_of_roles, writes
from tests.support import GRANTS_PORTAL, usernames

Run = Callable[..., int]
DEV, TEST = Place(101, "dev"), Place(101, "test")
ANN, BOB = "0f3a0f3a0f3a0f3a@idir", "7c1d7c1d7c1d7c1d@idir"
MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
STEPS = (Step("create_role", DEV, "auditor"), Step("add_member", DEV, "reviewer", ANN, 1))
SAVED = Plan(
    api_url="https://api.loginproxy.gov.bc.ca/api/v1",
    team_id=2016,
    version="1.0",
    created_at="2026-11-21T12:00:00+00:00",
    prune=False,
    places=(
        PlannedPlace(DEV, "Grants Portal", ("reviewer",), "0" * 64, Unmanaged()),
        PlannedPlace(TEST, "Grants Portal", (), "1" * 64, Unmanaged()),
    ),
    steps=STEPS,
)


@pytest.mark.parametrize(
    "same",
    [
        {"created_at": "2026-11-21T12:01:00+00:00"},
        {"version": "2.0"},
        {"notes": ("something",)},
        {"unresolved": (Unresolved(DEV, Person("email", "a@example.com"), "ambiguous"),)},
        {"withheld": (Step("delete_role", DEV, "x"),)},
        {"places": tuple(evolve(one, project_name="Other") for one in SAVED.places)},
        {"places": SAVED.places[::-1]},
        {"steps": tuple(evolve(step, people=7) for step in STEPS)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_plan_id_ignores_times_names_and_withheld_steps(same: dict[str, Any]) -> None:
    """The plan id does not depend on time, version, names, withheld steps, or the order of environments."""
    assert evolve(SAVED, **same).id == SAVED.id


@pytest.mark.parametrize(
    "other",
    [
        {"api_url": "https://elsewhere.example/api/v1"},
        {"team_id": 2017},
        {"places": SAVED.places[:1]},
        {"places": (evolve(SAVED.places[0], fingerprint="2" * 64), SAVED.places[1])},
        {"places": (evolve(SAVED.places[0], place=Place(101, "prod")), SAVED.places[1])},
        {"steps": STEPS[:1]},
        {"steps": STEPS[::-1]},
        {"steps": (STEPS[0], evolve(STEPS[1], target=BOB))},
        {"steps": (STEPS[0], evolve(STEPS[1], role="admin"))},
        {"steps": (STEPS[0], evolve(STEPS[1], place=TEST))},
        {"steps": (STEPS[0], evolve(STEPS[1], kind="remove_member"))},
        {"leads_back": True},
    ],
    ids=str,
)
def test_the_plan_id_depends_on_service_team_state_and_steps(other: dict[str, Any]) -> None:
    """The plan id depends on the service, the team, the state of each environment, and each step with its order."""
    assert evolve(SAVED, **other).id != SAVED.id


def desired(*roles: DesiredRole) -> Desired:
    """Return a desired state with these roles in the dev environment of the Grants Portal."""
    return Desired((DesiredPlace("101", "dev", roles=Listed(roles)),))


def test_two_plans_of_one_file_have_the_same_id_until_the_state_changes(sandbox: Sandbox, settings: Settings) -> None:
    """Two plans of one file have the same id until something changes that they read."""
    file = desired(DesiredRole("reviewer", members=Listed((Person("username", BOB),))), DesiredRole("auditor"))
    with Css(settings, transport=sandbox.transport()) as css:
        first = css.plan(file)
        assert css.plan(file).id == first.id
        sandbox.grant(GRANTS_PORTAL, "dev", "approver", MAREN)
        assert css.plan(file).id == first.id
        sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", usernames(sandbox, 20)[-1])
        assert css.plan(file).id != first.id


def test_every_form_of_a_plan_shows_the_plan_id(sandbox: Sandbox, settings: Settings) -> None:
    """A plan shows its id as text, Markdown and JSON, masked or not, so that a reviewer can refer to it."""
    with Css(settings, transport=sandbox.transport()) as css:
        made = css.plan(desired(DesiredRole("reviewer", members=Listed((Person("username", BOB),)))))
    saved = read_plan(plan_as_json(made), "plan.json")
    for mask in (False, True):
        for plan in (made, saved):
            assert plan_as_text(plan, mask=mask).splitlines()[-1] == f"Plan id: {made.id}"
            assert f"Plan id: `{made.id}`" in plan_as_markdown(plan, mask=mask).splitlines()
        assert json.loads(plan_as_json(saved, mask))["plan_id"] == made.id


def test_a_plan_made_by_hand_has_no_id() -> None:
    """A plan made by hand belongs to no service and no team, and so has no id."""
    assert Plan(steps=STEPS[:1], places=(PlannedPlace.of(PlaceState(DEV, "Grants Portal", frozenset())),)).id == ""


def test_a_plan_for_another_service_is_refused(sandbox: Sandbox, settings: Settings) -> None:
    """A plan that was made for another API address is refused as stale, and nothing is written."""
    with Css(settings, transport=sandbox.transport()) as css:
        made = css.plan(desired(DesiredRole("auditor")))
        with pytest.raises(StalePlan, match="made for https://elsewhere"):
            css.apply_plan(evolve(made, api_url="https://elsewhere.example/api/v1"))
    assert writes(sandbox) == []


@pytest.fixture
def plan_file(run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Save a plan that creates a role and gives `reviewer` to a person, and return its path."""
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(tmp_path, f"[auditor, {{name: reviewer, members: [{usernames(Sandbox(), 20)[-1]}]}}]")
    assert run_css("plan", file, "--out", "plan.json") == 0
    return tmp_path / "plan.json"


def printed_id(text: str) -> str:
    """Return the id at the end of a plan's text."""
    return text.splitlines()[-1].removeprefix("Plan id: ")


def test_apply_accepts_only_the_plan_with_the_given_id(
    run_css: Run, sandbox: Sandbox, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--plan-id`, `css apply` accepts a saved plan or a roles file only if the plan has this id; otherwise it is
    stale.
    """
    assert run_css("plan", "roles.yaml") == 0
    approved = printed_id(capsys.readouterr().out)
    for source in ("plan.json", "roles.yaml"):
        assert run_css("apply", source, "--yes", "--plan-id", "0" * 64) == 5
        printed = capsys.readouterr().err
        assert f"its plan id is {approved}, not {'0' * 64}" in printed
        assert "--plan-id" in printed
        assert run_css("apply", source, "--yes", "--plan-id", approved[:12]) == 64
        assert "64 hex digits" in capsys.readouterr().err
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", usernames(sandbox, 20)[-2])
    assert run_css("apply", "roles.yaml", "--yes", "--plan-id", approved) == 5
    assert writes(sandbox) == []
    assert run_css("plan", "roles.yaml") == 0
    approved = printed_id(capsys.readouterr().out)
    assert run_css("apply", "roles.yaml", "--yes", "--plan-id", approved.upper()) == 0
    assert "auditor" in sandbox.roles(GRANTS_PORTAL, "dev")


def test_an_approved_plan_may_be_applied_again(
    run_css: Run, sandbox: Sandbox, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a job applies an approved roles file twice, the second run has nothing to do, and succeeds.

    But a saved plan without steps shows nothing about the state of the service. If its id differs, css refuses it.
    """
    approved = read_plan(plan_file.read_bytes(), "plan.json").id
    assert run_css("apply", "roles.yaml", "--yes", "--plan-id", approved) == 0
    before = everything(sandbox)
    capsys.readouterr()
    assert run_css("apply", "roles.yaml", "--yes", "--plan-id", approved) == 0
    printed = capsys.readouterr().err
    assert "No changes." in printed
    assert "There is nothing to change, so css did not need the approved plan (--plan-id).\n" in printed
    assert run_css("plan", "roles.yaml", "--out", "empty.json") == 0
    capsys.readouterr()
    assert run_css("apply", "empty.json", "--yes", "--plan-id", approved) == 5
    printed = capsys.readouterr().err
    assert "Review" not in printed
    assert "This plan has no changes. Pass the file of the approved plan." in printed
    file_of_roles(plan_file.parent, "[reviewer, {name: auditor, members: [{email: nobody@example.com}]}]")
    capsys.readouterr()
    assert run_css("apply", "roles.yaml", "--yes", "--plan-id", approved) == 3
    assert "There is nothing to change, so css did not need the approved plan" in capsys.readouterr().err
    assert everything(sandbox) == before


def test_an_approved_removal_is_not_forgotten_without_prune(
    run_css: Run, sandbox: Sandbox, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a job forgets `--prune`, css refuses the plan without the approved removals, and names the option."""
    file_of_roles(plan_file.parent, "{exact: [reviewer]}")
    assert run_css("plan", "roles.yaml", "--prune") == 0
    approved = printed_id(capsys.readouterr().out)
    assert run_css("apply", "roles.yaml", "--yes", "--plan-id", approved) == 5
    assert (
        "This plan only withholds removals. If the approved plan removes them, pass --prune." in capsys.readouterr().err
    )
    assert run_css("plan", "roles.yaml", "--out", "unpruned.json") == 0
    assert run_css("apply", "unpruned.json", "--yes", "--plan-id", approved) == 5
    assert "This plan has no changes. Pass the file of the approved plan.\n" in capsys.readouterr().err
    file_of_roles(plan_file.parent, "[{name: reviewer, members: {exact: [{email: nobody@example.com}]}}]")
    assert run_css("apply", "roles.yaml", "--yes", "--prune", "--plan-id", approved) == 5
    printed = capsys.readouterr().err
    assert "pass --prune" not in printed
    assert "To see this plan, run: css plan roles.yaml --prune\n" in printed
    assert writes(sandbox) == []


def test_the_error_about_another_plan_says_how_to_see_the_plan(
    run_css: Run, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error about a plan id names the command that shows the plan, with the files and options of the user."""
    for source, shown in (
        (["plan.json"], "css show plan.json"),
        (["roles.yaml"], "css plan roles.yaml"),
        (
            ["roles.yaml", "--prune", "-e", "dev", "-i", "Grants Portal"],
            "css plan roles.yaml --prune -i 'Grants Portal' -e dev",
        ),
    ):
        capsys.readouterr()
        assert run_css("apply", *source, "--yes", "--plan-id", "0" * 64) == 5
        printed = capsys.readouterr().err
        assert f"To see this plan, run: {shown}\n" in printed
        assert "pass its id with --plan-id" in printed


def test_a_resumed_plan_keeps_its_id(
    run_css: Run, sandbox: Sandbox, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A resumed run shows only the remaining steps, but `--plan-id` and the output refer to the id of
    the whole plan.
    """
    approved = read_plan(plan_file.read_bytes(), "plan.json").id
    sandbox.faults.add("422_before", method="POST", path="*/users/*", times=None)
    assert run_css("apply", plan_file, "--yes", "--journal", "j.jsonl") == 3
    sandbox.faults.clear()
    capsys.readouterr()
    assert run_css("apply", plan_file, "--yes", "--resume", "j.jsonl", "--plan-id", approved) == 0
    printed = capsys.readouterr().err
    assert f"Plan id: {approved}" in printed
    assert "create role auditor" not in printed


def changed(file: Path, *, with_its_id: bool = True, **changes: Any) -> None:
    """Change a saved plan by hand, with the right id or with the old one."""
    plan = evolve(read_plan(file.read_bytes(), file.name), **changes)
    found = json.loads(plan_as_json(plan))
    if not with_its_id:
        found["plan_id"] = json.loads(file.read_bytes())["plan_id"]
    file.write_text(json.dumps(found), encoding="utf-8")


@pytest.mark.parametrize("with_its_id", [False, True])
@pytest.mark.parametrize("role", ["admin", "reviewer"])
def test_a_plan_that_was_extended_by_hand_is_refused(
    run_css: Run, sandbox: Sandbox, plan_file: Path, with_its_id: bool, role: str
) -> None:
    """If somebody adds a step to a saved plan, the plan id or a role whose members were not read reveals it.

    If a whole plan is written by hand with its own id, only the approved id reveals it.
    """
    before = everything(sandbox)
    made = read_plan(plan_file.read_bytes(), "plan.json")
    stranger = Step("add_member", DEV, role, usernames(sandbox, 20)[-3], 1)
    changed(plan_file, with_its_id=with_its_id, steps=(*made.steps, stranger))
    is_noticed = not (with_its_id and role == "reviewer")
    if is_noticed:
        assert run_css("apply", plan_file, "--yes") == 64
    assert run_css("apply", plan_file, "--yes", "--plan-id", made.id) == (5 if with_its_id else 64)
    assert everything(sandbox) == before


def test_a_plan_with_another_project_name_is_stale(
    run_css: Run, sandbox: Sandbox, plan_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """People confirm a change of prod by the project's name, so a plan with another name is stale."""
    places = read_plan(plan_file.read_bytes(), "plan.json").places
    changed(plan_file, places=tuple(evolve(one, project_name="Playground") for one in places))
    assert run_css("apply", plan_file, "--yes") == 5
    assert "The plan calls #101 'Playground', but the service calls it 'Grants Portal'" in capsys.readouterr().err
    assert writes(sandbox) == []


STATE = PlaceState(
    DEV,
    "Grants Portal",
    frozenset({"a", "b", "c"}),
    {"a": frozenset({"b"})},
    {"a": frozenset({ANN}), "b": frozenset()},
)


def checked(*steps: Step) -> None:
    """Check the steps as those of a plan that was made from `STATE`."""
    check_steps(steps, Impact.of(steps, [STATE]))


@pytest.mark.parametrize(
    ("kind", "role", "target"),
    [
        ("create_role", "a", ""),
        ("rename_role", "a", "b"),
        ("rename_role", "z", "y"),
        ("delete_role", "z", ""),
        ("add_member", "a", ANN),
        ("add_member", "z", ANN),
        ("add_member", "c", ANN),
        ("remove_member", "b", ANN),
        ("add_composite", "a", "b"),
        ("add_composite", "a", "z"),
        ("add_composite", "z", "b"),
        ("remove_composite", "a", "c"),
    ],
)
def test_a_step_that_css_sdk_would_never_plan_is_refused(kind: StepKind, role: str, target: str) -> None:
    """A step that changes nothing, a role that does not exist, or members that were not read, makes the
    plan invalid.
    """
    people = 1 if kind in ("add_member", "remove_member") else 0
    with pytest.raises(InvalidFile) as caught:
        checked(Step(kind, DEV, role, target, people))
    words = in_words(Step(kind, DEV, role, target))
    found = f"#101 dev: {words}: this changes nothing, or changes something that does not exist"
    assert found in caught.value.faults


def test_each_step_is_checked_against_the_state_after_the_earlier_steps() -> None:
    """A plan may create, rename and use a role, because each step is checked against the state after
    the earlier ones.
    """
    steps = [
        Step("create_role", DEV, "z"),
        Step("rename_role", DEV, "z", "y"),
        Step("add_member", DEV, "y", ANN, 1),
        Step("add_composite", DEV, "y", "a"),
        Step("remove_member", DEV, "a", ANN, 1),
    ]
    checked(*steps)
    with pytest.raises(InvalidFile, match="changed after it was made"):
        checked(*steps[1:])


def test_all_faults_of_steps_are_reported_at_once() -> None:
    """Wrong counts, members that were not read and steps that change nothing are all reported at once."""
    steps = [
        Step("remove_composite", DEV, "a", "b", 7),
        Step("delete_role", DEV, "c", people=0),
        Step("create_role", DEV, "a"),
    ]
    with pytest.raises(InvalidFile) as caught:
        checked(*steps)
    assert caught.value.faults == (
        "#101 dev: remove b from composite a: 1 person loses a role, but the plan says 7",
        "#101 dev: the members of 'c' were not read",
        "#101 dev: create role a: this changes nothing, or changes something that does not exist",
    )


def test_the_plan_id_is_the_same_in_all_versions() -> None:
    """The plan id is the same in all versions, since reviewer and pipeline may use different versions of css-sdk."""
    assert SAVED.id == "44a8e630ff2880b5d8213f384bc87e93edf6897997359ac2ac9917b5703f0a73"


def test_only_renames_may_be_repeated_without_other_steps_between() -> None:
    """A rename may be repeated after the opposite rename; any other repeated step is a fault."""
    to, fro = Step("rename_role", DEV, "a", "z"), Step("rename_role", DEV, "z", "a")
    checked(to, fro, to)
    for twice in (to, Step("create_role", DEV, "z"), Step("delete_role", DEV, "b"), Step("add_member", DEV, "b", ANN)):
        with pytest.raises(InvalidFile, match="changed after it was made") as caught:
            checked(*[evolve(twice, people=int(twice.changes_member))] * 2)
        assert sum("changes nothing" in fault for fault in caught.value.faults) == 1


@pytest.mark.parametrize(("kind", "target"), [("add_member", ANN), ("remove_member", ANN), ("delete_role", "")])
def test_members_that_were_not_read_are_found_under_a_new_name(kind: StepKind, target: str) -> None:
    """A step that needs the members of a role is refused if they were not read, also after the role was renamed."""
    with pytest.raises(InvalidFile) as caught:
        checked(Step("rename_role", DEV, "c", "z"), Step(kind, DEV, "z", target, 1 if target else 0))
    [fault] = caught.value.faults
    assert ("this changes nothing" in fault) if target else "members of 'c' were not read" in fault
