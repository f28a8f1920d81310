"""Questions before a write: one table decides for every command, and each command follows it."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from css_sdk.cli.support.questions import Changes, Questions, open_questions
from css_sdk.sandbox import Sandbox
from tests.states import everything, file_of_roles, writes
from tests.support import GRANTS_PORTAL, usernames

Run = Callable[..., int]
NAME = "Grants Portal"


@pytest.mark.parametrize("is_plan", [False, True])
@pytest.mark.parametrize("in_prod", [False, True])
@pytest.mark.parametrize(("adds", "removes"), list(product([False, True], repeat=2)))
@pytest.mark.parametrize(("yes", "allow_prod"), list(product([False, True], repeat=2)))
def test_the_table_of_questions(
    is_plan: bool, in_prod: bool, adds: bool, removes: bool, yes: bool, allow_prod: bool
) -> None:
    """Plans and removals need a yes, prod needs its project's name, and each option answers only its own question."""
    prod = (NAME, NAME) if in_prod else ()
    found = open_questions(
        Changes(adds=adds, removes=removes, is_plan=is_plan, prod=prod), yes=yes, allow_prod=allow_prod
    )
    if not adds and not removes:
        assert found == Questions()
        return
    assert found.to_go_on is ((removes or is_plan) and not yes)
    assert found.project_names == ((NAME,) if in_prod and not allow_prod else ())
    assert found.options == (("--yes",) if found.to_go_on else ()) + (("--allow-prod",) if found.project_names else ())


def test_the_options_that_a_script_needs_match_the_documented_table() -> None:
    """The options that a script must pass match the rows of the documented table."""
    rows = {
        Changes(adds=True): (),
        Changes(removes=True): ("--yes",),
        Changes(adds=True, is_plan=True): ("--yes",),
        Changes(adds=True, prod=(NAME,)): ("--allow-prod",),
        Changes(removes=True, prod=(NAME,)): ("--yes", "--allow-prod"),
        Changes(adds=True, is_plan=True, prod=(NAME,)): ("--yes", "--allow-prod"),
    }
    assert {changes: open_questions(changes).options for changes in rows} == rows


class Terminal(io.StringIO):
    """Input that is typed on a terminal."""

    def isatty(self) -> bool:
        return True


ADDING = {
    "assign": "assign -i 101 -e {place} -r guest {other}",
    "service-account assign": "service-account assign -i 101 -e {place} fisheries-service-102 source",
    "roles create": "roles create -i 101 -e {place} brand-new",
    "roles rename": "roles rename -i 101 -e {place} guest visitor",
    "composites add": "composites add -i 101 -e {place} parent guest",
    "composites set": "composites set -i 101 -e {place} parent child guest",
    "members set": "members set -i 101 -e {place} guest {held} {other} --client-id fisheries-service-102",
    "roster apply": "roster apply {adding} -i 101 -e {place}",
    "roster apply --exact": "roster apply {exact_adding} -i 101 -e {place} --exact",
    "people mirror --apply": "people mirror -i 101 -e {place} --from idir --apply",
}
REMOVING = {
    "unassign": "unassign -i 101 -e {place} -r guest {held}",
    "service-account unassign": "service-account unassign -i 101 -e {place} fisheries-service-102 guest",
    "roles delete": "roles delete -i 101 -e {place} child",
    "composites remove": "composites remove -i 101 -e {place} parent child",
    "composites set": "composites set -i 101 -e {place} parent guest",
    "members set": "members set -i 101 -e {place} guest {other}",
    "roster apply": "roster apply {removing} -i 101 -e {place}",
    "roster apply --exact": "roster apply {exact} -i 101 -e {place} --exact",
}
PLANNING = {
    "apply FILE": "apply {roles}",
    "apply PLAN": "apply {plan}",
    "promote": "promote -i 101 --from test --to {place}",
    "copy": "copy -i 102 -e dev --to-integration 101 --to-environment {place}",
    "undo": "undo {journal}",
}
NEEDED = [
    *((words, "dev", ()) for words in ADDING.values()),
    *((words, "prod", ("--allow-prod",)) for words in ADDING.values()),
    *((words, "dev", ("--yes",)) for words in (*REMOVING.values(), *PLANNING.values())),
    *((words, "prod", ("--yes", "--allow-prod")) for words in (*REMOVING.values(), *PLANNING.values())),
]


@pytest.fixture
def command(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """Return a function that makes the words of a command for an environment in which it has something to do."""
    monkeypatch.chdir(tmp_path)

    def make(words: str, place: str) -> list[str]:
        held, other = usernames(sandbox, 30)[-2:]
        for name in ("guest", "child", "source"):
            sandbox.create_role(GRANTS_PORTAL, place, name)
        sandbox.create_role(GRANTS_PORTAL, place, "parent", ["child"])
        sandbox.create_role(GRANTS_PORTAL, "test", "promoted")
        sandbox.create_role(102, "dev", "copied")
        robot = "service-account-fisheries-service-102"
        sandbox.grant(GRANTS_PORTAL, place, "guest", held, robot)
        sandbox.grant(GRANTS_PORTAL, place, "parent", held)
        files = {
            "adding": f"username,role\n{other},guest\n",
            "removing": f"username,role,action\n{held},guest,revoke\n",
            "exact": f"username,role\n{held},guest\n",
            "exact_adding": f"username,role\n{held},guest\n{robot},guest\n{other},guest\n",
        }
        known = {"place": place, "held": held, "other": other, "journal": "changes.jsonl", "plan": "plan.json"}
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
            known[name] = f"{name}.csv"
        known["roles"] = str(file_of_roles(tmp_path, "[auditor]", place))
        if "{plan}" in words:
            assert run_css("plan", known["roles"], "--out", "plan.json") == 0
        if "{journal}" in words:
            done = ("assign", "-i", 101, "-e", place, "-r", "guest", other, "--journal", "changes.jsonl")
            assert run_css(*done, "--allow-prod") == 0
        return words.format(**known).split()

    return make


@pytest.mark.parametrize(("words", "place", "options"), NEEDED)
def test_in_a_script_a_command_needs_exactly_the_options_of_the_table(
    run_css: Run,
    sandbox: Sandbox,
    command: Callable[..., list[str]],
    capsys: pytest.CaptureFixture[str],
    words: str,
    place: str,
    options: tuple[str, ...],
) -> None:
    """In a script, a command that lacks an option of the table fails with exit code 4, names it, and writes nothing."""
    arguments = command(words, place)
    before, written = everything(sandbox), len(writes(sandbox))
    for given in {(), *((option,) for option in options)} - {options}:
        capsys.readouterr()
        assert run_css(*arguments, *given) == 4
        missing = [option for option in options if option not in given]
        assert f"pass {' and '.join(missing)}." in capsys.readouterr().err
    assert (everything(sandbox), len(writes(sandbox))) == (before, written)
    assert run_css(*arguments, *options) == 0
    assert everything(sandbox) != before


@pytest.mark.parametrize("unread", ["*/roles/*/users", "*/users/*/roles", "*/composite-roles", "mistyped roles"])
@pytest.mark.parametrize("words", [*ADDING.values(), *REMOVING.values(), *PLANNING.values()])
def test_if_a_read_before_the_question_fails_nothing_is_written(
    run_css: Run, sandbox: Sandbox, command: Callable[..., list[str]], words: str, unread: str
) -> None:
    """If a read before the question fails, css does not go on: in prod it sends nothing, for every failing read."""
    arguments = command(words, "prod")
    before, written = everything(sandbox), len(writes(sandbox))
    if unread == "mistyped roles":
        arguments = [word.replace("guest", "gest").replace("child", "chld") for word in arguments]
    else:
        sandbox.faults.add("500_before", method="GET", path=unread, times=None)
    assert run_css(*arguments) != 0
    assert (everything(sandbox), len(writes(sandbox))) == (before, written)


@pytest.mark.parametrize(("words", "place", "options"), NEEDED)
def test_on_a_terminal_a_command_asks_exactly_the_questions_of_the_table(
    run_css: Run,
    sandbox: Sandbox,
    command: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    place: str,
    options: tuple[str, ...],
) -> None:
    """On a terminal, a command asks exactly the questions of the table; any wrong answer writes nothing, with exit code
    4.
    """
    arguments = command(words, place)
    before, written = everything(sandbox), len(writes(sandbox))
    answers = {"--yes": "y", "--allow-prod": NAME}
    wrong = {"--yes": "n", "--allow-prod": "grants portal"}
    for option in options:
        typed = [wrong[each] if each == option else answers[each] for each in options]
        monkeypatch.setattr("sys.stdin", Terminal("\n".join(typed) + "\n"))
        capsys.readouterr()
        assert run_css(*arguments) == 4
        assert "Nothing was changed." in capsys.readouterr().err
    if options:
        monkeypatch.setattr("sys.stdin", Terminal(""))
        assert run_css(*arguments) == 130
        assert "Nothing was changed." in capsys.readouterr().err
    assert (everything(sandbox), len(writes(sandbox))) == (before, written)
    monkeypatch.setattr("sys.stdin", Terminal("".join(f"{answers[option]}\n" for option in options)))
    capsys.readouterr()
    assert run_css(*arguments) == 0
    err = capsys.readouterr().err
    assert err.count("[y/N]") == ("--yes" in options)
    assert err.count("type the project's name") == ("--allow-prod" in options)
    assert everything(sandbox) != before


@pytest.mark.parametrize(
    ("words", "reads"),
    [
        (REMOVING["members set"], 5),
        (REMOVING["roster apply"], 3),
        (REMOVING["roster apply --exact"], 4),
        (ADDING["roster apply --exact"], 6),
        (REMOVING["unassign"], 3),
    ],
)
def test_a_question_costs_few_reads(
    run_css: Run,
    sandbox: Sandbox,
    command: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    reads: int,
) -> None:
    """A command that asks reads its state once before the question and once after it, and nothing else."""
    arguments = [*command(words, "prod"), "--no-names"]
    sandbox.clear_requests()
    monkeypatch.setattr("sys.stdin", Terminal(f"y\n{NAME}\n" if words in REMOVING.values() else f"{NAME}\n"))
    assert run_css(*arguments) == 0
    assert sandbox.count(method="GET", kind="api") == reads


NOTHING = [
    "unassign -i 101 -e prod -r guest {other}",
    "roles delete -i 101 -e prod missing",
    "composites remove -i 101 -e prod parent guest",
    "composites set -i 101 -e prod parent child",
    "composites add -i 101 -e prod parent child",
    "assign -i 101 -e prod -r guest {held}",
    "roster apply {exact_adding} -i 101 -e prod --exact",
]


@pytest.mark.parametrize("words", NOTHING)
def test_without_changes_no_question_is_asked(
    run_css: Run, sandbox: Sandbox, command: Callable[..., list[str]], words: str
) -> None:
    """If a command has nothing to change, it asks nothing and needs no option, in a script, too."""
    arguments = command(words, "prod")
    if "exact" in words:
        sandbox.grant(GRANTS_PORTAL, "prod", "guest", usernames(sandbox, 30)[-1])
    before = everything(sandbox)
    assert run_css(*arguments) == (1 if "missing" in words else 0)
    assert everything(sandbox) == before


def test_a_preview_names_who_gains_and_who_loses(
    run_css: Run, command: Callable[..., list[str]], capsys: pytest.CaptureFixture[str], sandbox: Sandbox
) -> None:
    """The preview lists once who gains and who loses a role, by name unless `--no-names` is set."""
    held, other = (
        "{firstName} {lastName} {username}".format(**sandbox.world.users[user]) for user in usernames(sandbox, 30)[-2:]
    )
    assert run_css(*command(ADDING["roster apply"], "prod")) == 4
    assert capsys.readouterr().err.count(f"1 user gains the role 'guest' in Grants Portal (#101) prod: {other}\n") == 1
    assert run_css(*command(ADDING["roster apply"], "prod"), "--no-names") == 4
    nameless = other.split()[-1]
    assert f"1 user gains the role 'guest' in Grants Portal (#101) prod: {nameless}\n" in capsys.readouterr().err
    assert run_css("composites", "add", "-i", 101, "-e", "prod", "parent", "source") == 4
    assert (
        f"'parent' will contain 'source': 1 user gains the role 'source' in Grants Portal (#101) prod: {held}\n"
        in capsys.readouterr().err
    )
    assert run_css("members", "set", "-i", 101, "-e", "prod", "guest", *usernames(sandbox, 30)[-2:]) == 4
    err = capsys.readouterr().err
    assert f"1 user gains the role 'guest' in Grants Portal (#101) prod: {other}\n" in err
    assert "1 user loses the role 'guest' in Grants Portal (#101) prod: service-account-fisheries-service-102\n" in err


@pytest.mark.parametrize("words", ["undo changes.jsonl", "apply roles.yaml --prune", "apply plan.json"])
def test_a_plan_that_a_guard_refuses_is_not_asked_about(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
) -> None:
    """If a guard refuses a plan, css shows the plan and refuses it before it asks a question."""
    monkeypatch.chdir(tmp_path)
    six = usernames(sandbox, 30)[-6:]
    sandbox.create_role(GRANTS_PORTAL, "dev", "guest")
    assert run_css("assign", "-i", 101, "-e", "dev", "-r", "guest", *six, "--journal", "changes.jsonl") == 0
    file_of_roles(tmp_path, "[{name: guest, members: {exact: [0f3ac87806aa7f215a7c0d4cc4d9e799@idir]}}]")
    assert run_css("plan", "roles.yaml", "--prune", "--out", "plan.json") == 0
    before = everything(sandbox)
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run_css(*words.split()) == 4
    printed = capsys.readouterr().err
    assert "6 of 6 members of the role 'guest' in Grants Portal (#101) dev would be removed." in printed
    assert "6 to remove" in printed
    assert "[y/N]" not in printed
    assert everything(sandbox) == before


def test_a_saved_plan_that_is_stale_is_not_asked_about(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """If a saved plan was carried out already, css says so before it asks a question."""
    monkeypatch.chdir(tmp_path)
    assert run_css("plan", file_of_roles(tmp_path, "[auditor]"), "--out", "plan.json") == 0
    assert run_css("apply", "plan.json", "--yes") == 0
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run_css("apply", "plan.json") == 5
    printed = capsys.readouterr().err
    assert "The plan was carried out already" in printed
    assert "[y/N]" not in printed
