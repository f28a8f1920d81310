"""`css undo` reverts what a journal records, and does not change what others have changed since."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from css_sdk import Css, Settings
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import after, before, opening
from css_sdk.plan.undo import inverse, undo_plan
from css_sdk.sandbox import Sandbox
from css_sdk.state import Place, PlaceState, Step, StepKind
from tests.states import everything, file_of_roles, journals, writes
from tests.support import GRANTS_PORTAL, examples, usernames

Run = Callable[..., int]
MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"
DEV = Place(GRANTS_PORTAL, "dev")

NAMES = st.sampled_from(["a", "b", "c", "d"])
USERS = st.sampled_from(["1@idir", "2@idir", "3@idir"])
STEPS = st.one_of(
    st.builds(Step, st.sampled_from(["create_role", "delete_role"]), st.just(DEV), NAMES),
    st.builds(Step, st.sampled_from(["rename_role", "add_composite", "remove_composite"]), st.just(DEV), NAMES, NAMES),
    st.builds(Step, st.sampled_from(["add_member", "remove_member"]), st.just(DEV), NAMES, USERS),
)
BEGINNING = PlaceState(
    DEV,
    "Grants Portal",
    frozenset({"a", "b"}),
    {"a": frozenset({"b"})},
    {"a": frozenset({"1@idir"}), "b": frozenset({"1@idir", "2@idir"})},
)


def journaled(state: PlaceState, steps: list[Step]) -> tuple[PlaceState, list[Step]]:
    """Return the steps that make a change, as a journal records them: first what a deletion also removes."""
    reported: list[Step] = []
    for step in steps:
        if step.role == step.target:
            continue  # the service allows a role as its own child, but css-sdk never sends this
        names = {step.role, step.target} if "composite" in step.kind else {step.role} - {""}
        if not inverse(step, state) or not (step.kind == "create_role" or names <= state.roles):
            continue
        along = []
        if step.kind == "delete_role":
            along = [Step("remove_member", DEV, step.role, name) for name in sorted(state.members.get(step.role, ()))]
            along += [Step("remove_composite", DEV, step.role, n) for n in sorted(state.children.get(step.role, ()))]
            parents = [name for name, below in sorted(state.children.items()) if step.role in below]
            along += [Step("remove_composite", DEV, parent, step.role) for parent in parents]
        reported += [*along, step]
        state = state.after([step])
    return state, reported


IN_TURNS: tuple[StepKind, ...] = ("add_member", "remove_member", "add_member")


def swapped(steps: list[Step]) -> bool:
    """Return whether roles exchanged their names, so that the names do not show whether this was undone."""
    renamed = [step for step in steps if step.kind == "rename_role"]
    return len(renamed) > 2 and bool({step.role for step in renamed} & {step.target for step in renamed})


@hypothesis_settings(max_examples=examples(40), deadline=None)
@given(st.lists(STEPS, max_size=12))
@example([Step("rename_role", DEV, "a", "c"), Step("delete_role", DEV, "c")])
@example([Step("create_role", DEV, "c"), *(Step(kind, DEV, "c", "1@idir") for kind in IN_TURNS)])
@example([Step("rename_role", DEV, "a", "d"), Step("rename_role", DEV, "b", "a"), Step("rename_role", DEV, "d", "b")])
def test_undo_restores_the_first_state_and_a_second_undo_changes_nothing(steps: list[Step]) -> None:
    """If nobody else changed anything, undo restores the first state for all changes, and a second undo changes
    nothing.
    """
    now, done = journaled(BEGINNING, steps)
    made = undo_plan(done, [now])
    then = now.after(made.steps)
    assert then.roles == BEGINNING.roles
    assert {name: below for name, below in then.children.items() if below} == BEGINNING.children
    assert {name: then.members[name] for name in then.roles} == BEGINNING.members
    assert made.notes == () or now.fingerprint == then.fingerprint
    if not swapped(done):
        assert then.after(undo_plan(done, [then]).steps).fingerprint == then.fingerprint


def test_undo_skips_changes_that_the_journal_itself_reverted() -> None:
    """Changes that the journal made and reverted itself need no step of the undo."""
    steps = [Step("create_role", DEV, "c"), Step("add_member", DEV, "c", MAREN), Step("add_composite", DEV, "a", "c")]
    steps += [
        Step("add_member", DEV, "a", MAREN),
        Step("remove_member", DEV, "a", MAREN),
        Step("delete_role", DEV, "c"),
    ]
    now, done = journaled(BEGINNING, steps)
    assert now.fingerprint == BEGINNING.fingerprint
    assert len(done) == len(steps) + 2
    assert undo_plan(done, [now]).steps == ()


@hypothesis_settings(max_examples=examples(40), deadline=None)
@given(st.lists(STEPS, max_size=8), st.lists(STEPS, max_size=4))
def test_undo_keeps_roles_that_others_gave_later(steps: list[Step], others: list[Step]) -> None:
    """For every undo, a role, member or child that somebody else added later stays."""
    now, done = journaled(BEGINNING, steps)
    granted = [step for step in others if step.kind in ("add_member", "add_composite", "create_role")]
    later, given_since = journaled(now, granted)
    made = undo_plan(done, [later])
    taken = [step for step in made.steps if step.removes]
    for step in given_since:
        assert not any(
            (one.kind == "remove_member" and (one.role, one.target) == (step.role, step.target))
            or (one.kind == "delete_role" and one.role in (step.role, step.target))
            for one in taken
            if step not in done
        ), (step, made)


@pytest.fixture
def journal(run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the journal of a role that was created and given, and of a member who was removed."""
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(
        tmp_path, f"[{{name: clerk, members: [{MAREN}]}}, {{name: reviewer, members: {{exact: [{MAREN}]}}}}]"
    )
    path = tmp_path / "done.jsonl"
    assert run_css("apply", file, "--prune", "--yes", "--journal", path) == 0
    return path


def test_undo_shows_its_steps_needs_yes_and_keeps_a_journal(
    run_css: Run, sandbox: Sandbox, journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css undo` shows its steps, changes nothing without `--yes`, and keeps a journal that can be undone in turn."""
    changed = everything(sandbox)
    assert run_css("undo", journal) == 4
    printed = capsys.readouterr().err.splitlines()
    assert f"  + add {TOBIAS} ('Tobias Bellwether') to reviewer" in printed
    assert "  - delete role clerk (1 person loses clerk)" in printed
    assert everything(sandbox) == changed
    assert run_css("undo", journal, "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "dev") == {"admin", "approver", "reviewer"}
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == sorted([MAREN, TOBIAS])
    [own] = journals()
    assert run_css("undo", own, "--yes") == 0
    assert everything(sandbox) == changed


def test_undo_leaves_changes_of_others_alone_and_reports_them(
    run_css: Run, sandbox: Sandbox, journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Undo keeps a role that others use by now, skips changes that others reverted, and reports both."""
    stranger = usernames(sandbox, 20)[-1]
    sandbox.grant(GRANTS_PORTAL, "dev", "clerk", stranger)
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", TOBIAS)
    assert run_css("undo", journal, "--yes") == 0
    printed = capsys.readouterr().err
    assert "Note: Grants Portal (#101) dev: the role 'clerk' stays, because later changes use it." in printed
    assert "Note: Grants Portal (#101) dev: css-sdk does not undo 1 of 2 changes, because of later changes" in printed
    assert sandbox.members(GRANTS_PORTAL, "dev", "clerk") == [stranger]
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == sorted([MAREN, TOBIAS])
    own = journals()[-1].stem
    assert run_css("undo", journal, "--yes") == 0
    *_, last, sentence = capsys.readouterr().err.splitlines()
    assert last == "No changes."
    assert sentence == f"The journal {journal.stem} was undone already. To see this undo, run: css show {own}"


def test_a_journal_counts_changes_as_the_command_did(
    run_css: Run, sandbox: Sandbox, journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deleted role also loses its members and children. They are in the journal, but do not count as changes."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "writer", ["reviewer"])
    sandbox.grant(GRANTS_PORTAL, "dev", "writer", *usernames(sandbox, 20)[-2:])
    assert run_css("roles", "delete", "-i", 101, "-e", "dev", "writer", "--yes") == 0
    assert "\n1 done\n" in capsys.readouterr().err
    assert run_css("journal", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["changes"] == "1 done"
    for options, last in (
        ((), "Journal: 1 done. 3 removals came with a deletion."),
        (("--markdown",), "**Journal: 1 done. 3 removals came with a deletion.**"),
    ):
        assert run_css("show", *options) == 0
        assert capsys.readouterr().out.strip().splitlines()[-1] == last
    newest = journals()[-1]
    failed = newest.read_text(encoding="utf-8").replace('"done"', '"failed"')
    newest.write_text(failed, encoding="utf-8")
    assert run_css("show") == 0
    assert capsys.readouterr().out.strip().splitlines()[-1] == "Journal: 1 failed."


def test_undo_of_many_additions_needs_max_removals(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, journal: Path
) -> None:
    """An undo that removes many members needs `--max-removals`, and writes nothing without it."""
    people = usernames(sandbox, 20)
    roles = f"[{{name: approver, members: [{', '.join(people)}]}}]"
    many = tmp_path / "many.jsonl"
    assert run_css("apply", file_of_roles(tmp_path, roles), "--yes", "--journal", many) == 0
    done = len(writes(sandbox))
    assert run_css("undo", many, "--yes") == 4
    assert len(writes(sandbox)) == done
    assert run_css("undo", many, "--yes", "--max-removals", "20") == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "approver") == [TOBIAS]


def test_the_guards_count_a_role_through_its_renames(
    run_css: Run,
    sandbox: Sandbox,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Four members added before a rename and four after it are eight removals from one role, not twice four."""
    monkeypatch.chdir(tmp_path)
    people = usernames(sandbox, 20)[-8:]
    sandbox.create_role(GRANTS_PORTAL, "dev", "a")
    with Journal("all.jsonl") as journal, Css(settings, transport=sandbox.transport(), journal=journal) as css:
        dev = css.integration(GRANTS_PORTAL).environment("dev")
        dev.bulk.assign_many([(person, "a") for person in people[:4]])
        dev.roles.rename("a", "b")
        dev.bulk.assign_many([(person, "b") for person in people[4:]])
    assert run_css("undo", "all.jsonl", "--yes", "--max-removals", "4") == 4
    assert "8 of 8 members of the role 'a' in Grants Portal (#101) dev" in capsys.readouterr().err
    assert run_css("undo", "all.jsonl", "--yes") == 4
    assert sandbox.members(GRANTS_PORTAL, "dev", "b") == sorted(people)
    assert run_css("undo", "all.jsonl", "--yes", "--max-removals", "8") == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "a") == []


def test_the_remainder_of_an_undo_keeps_its_order(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The remainder of an undo refuses `--remove-first`, needs no `--allow-empty`, and restores the state before."""
    monkeypatch.chdir(tmp_path)
    sandbox.create_role(GRANTS_PORTAL, "dev", "old")
    before = everything(sandbox)
    file = file_of_roles(tmp_path, f"[{{name: new, was: old, members: [{MAREN}]}}]")
    assert run_css("apply", file, "--yes", "--journal", "done.jsonl") == 0
    sandbox.faults.add("422_before", method="DELETE", path="*/users/*", times=None)
    assert run_css("undo", "done.jsonl", "--yes") == 3
    assert "run: css apply undo.remainder.json" in capsys.readouterr().err
    sandbox.faults.clear()
    assert run_css("apply", "undo.remainder.json", "--yes", "--remove-first") == 4
    assert "Leave out --remove-first" in capsys.readouterr().err
    assert run_css("apply", "undo.remainder.json", "--yes") == 0
    assert everything(sandbox) == before


def test_an_undo_in_prod_needs_yes_and_allow_prod(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In prod, `--yes` alone does not undo; `--allow-prod` is needed, too."""
    monkeypatch.chdir(tmp_path)
    file, done = file_of_roles(tmp_path, "[a]", "prod"), tmp_path / "prod.jsonl"
    assert run_css("apply", file, "--yes", "--allow-prod", "--journal", done) == 0
    before = len(writes(sandbox))
    assert run_css("undo", done, "--yes") == 4
    assert len(writes(sandbox)) == before
    assert run_css("undo", done, "--yes", "--allow-prod") == 0
    assert sandbox.roles(GRANTS_PORTAL, "prod") == set()


def test_undo_reverts_a_write_without_an_outcome_only_if_it_was_done(
    run_css: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A write without a known outcome is undone only if the state shows it, and a failed write is never undone."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "done")
    text = opening(sandbox.credentials()["client_id"], sandbox.api_url, "1.0", "now", None)
    for number, name in enumerate(["done", "never", "reviewer"], start=1):
        text += before(number, [Step("create_role", DEV, name)], "now")
    journal = tmp_path / "j.jsonl"
    journal.write_text(text + after(3, "failed", "it exists", "now"), encoding="utf-8")
    assert run_css("undo", journal, "--yes", "--journal", tmp_path / "own.jsonl") == 0
    assert sandbox.roles(GRANTS_PORTAL, "dev") == {"admin", "approver", "reviewer"}
    assert [method for method, _ in writes(sandbox)] == ["DELETE"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_id": "service-account-team-1-1"}, 5),
        ({"api_url": "https://elsewhere.example/api/v1"}, 5),
        ({"journal": 7}, 64),
    ],
)
def test_a_journal_of_another_account_address_or_version_is_refused(
    run_css: Run, sandbox: Sandbox, journal: Path, change: dict[str, object], code: int
) -> None:
    """A journal of another account, API address or version is refused, and nothing is sent."""
    first, *others = journal.read_text(encoding="utf-8").splitlines()
    journal.write_text("\n".join([json.dumps(json.loads(first) | change), *others, ""]), encoding="utf-8")
    done = len(sandbox.requests)
    assert run_css("undo", journal, "--yes") == code
    assert len(sandbox.requests) == done


def test_undo_of_a_missing_file_or_of_another_file_is_a_usage_error(
    run_css: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """`css undo` with a missing file, or one that is not a journal, fails with exit code 64 and sends nothing."""
    assert run_css("undo", tmp_path / "nothing.jsonl") == 64
    assert run_css("undo", file_of_roles(tmp_path, "[a]")) == 64
    assert sandbox.requests == []
