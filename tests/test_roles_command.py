"""`css roles` shows trees of composite roles, and creates, renames and deletes roles."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk.cli.commands.roles import indented
from css_sdk.models import Role, RoleTree
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames

Run = Callable[..., int]
PLACE = ("-i", 101, "-e", "dev")


def tree(**children: str) -> RoleTree:
    """Return a tree of the roles a to e with these children."""
    return RoleTree(tuple(Role(name) for name in "abcde"), {name: tuple(below) for name, below in children.items()})


@pytest.mark.parametrize(
    ("read", "lines"),
    [
        (tree(), ["a", "b", "c", "d", "e"]),
        (tree(c="ab", e="c"), ["d", "e", "  c", "    a", "    b"]),
        (tree(a="b", b="a"), ["c", "d", "e", "a", "  b", "    a (a circle)"]),
        (tree(a="a"), ["b", "c", "d", "e", "a", "  a (a circle)"]),
        (tree(a="bc", b="d", c="b"), ["a", "  b", "    d", "  c", "    b (see above)", "e"]),
    ],
)
def test_a_tree_is_indented(read: RoleTree, lines: list[str]) -> None:
    """The tree begins with roles that have no parent. A cycle is marked and not followed, and no branch
    is shown twice.
    """
    assert list(indented(read)) == lines


@given(st.dictionaries(st.sampled_from("abcde"), st.frozensets(st.sampled_from("abcde")).map(sorted)))
def test_the_tree_shows_every_role_and_every_child_once(children: dict[str, list[str]]) -> None:
    """With any cycles, the tree shows each role, and has one line for each child of each role."""
    lines = list(indented(RoleTree(tuple(Role(name) for name in "abcde"), {k: tuple(v) for k, v in children.items()})))
    assert {line.split()[0] for line in lines} == set("abcde")
    assert sum(line.startswith(" ") for line in lines) == sum(map(len, children.values()))


def test_the_tree_as_json_lists_children_and_descendants(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--json`, the tree has one object for each role with its children and descendants. Control characters are
    escaped.
    """
    sandbox.create_role(GRANTS_PORTAL, "dev", "evil\x9b2J")
    sandbox.create_role(GRANTS_PORTAL, "dev", "boss", ["admin", "evil\x9b2J"])
    assert run_css("roles", "tree", *PLACE, "--json") == 0
    out = capsys.readouterr().out
    rows = {row["role"]: row for row in map(json.loads, out.splitlines())}
    assert rows["boss"]["children"] == ["admin", "evil\x9b2J"]
    assert rows["boss"]["descendants"] == ["admin", "approver", "evil\x9b2J", "reviewer"]
    assert "\x9b" not in out
    assert run_css("roles", "tree", *PLACE) == 0
    assert capsys.readouterr().out.splitlines() == [
        "boss", "  admin", "    approver", "    reviewer", "  evil\ufffd2J",
    ]  # fmt: skip


def test_roles_are_created_each_on_its_own(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """If one role cannot be created, css still creates the others, and a name that is given twice counts once."""
    assert run_css("roles", "create", *PLACE, "new", "reviewer", "..", "other", "new", "--json") == 3
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["role"], row["state"]) for row in rows] == [
        ("new", "done"), ("reviewer", "failed"), ("..", "failed"), ("other", "done"),
    ]  # fmt: skip
    expected = (
        "2 done, 2 failed\nTo see which roles there are, run: css roles list -i 101 -e dev\nTo undo the changes, run: "
    )
    assert err.startswith(expected)
    assert sandbox.roles(GRANTS_PORTAL, "dev") >= {"new", "other"}
    assert asked(sandbox)["POST"] == 3


def test_the_exit_codes_of_failed_refused_and_invalid_changes(run_css: Run, sandbox: Sandbox) -> None:
    """A change that failed gives exit code 1, a refused one 4, and wrong usage 64; no role is changed."""
    expected = {
        "create reviewer": 1,
        "create ..": 4,
        "rename nope new": 1,
        "rename reviewer approver": 1,
        "delete nope --yes": 1,
        "create": 64,
        "list extra": 64,
        "": 64,
    }
    assert {words: run_css("roles", *words.split(), *PLACE) for words in expected} == expected
    assert sandbox.roles(GRANTS_PORTAL, "dev") == {"admin", "approver", "reviewer"}


def test_a_rename_with_an_unknown_outcome_fails_with_exit_code_3(
    run_css: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the answer to a rename is lost and no read succeeds, css reports it as unknown with exit code 3."""
    monkeypatch.setattr("random.random", lambda: 0.0)  # no wait between attempts
    sandbox.faults.add("lose_after", method="PUT")
    sandbox.faults.add("422_before", method="GET", path="*/roles", times=None, after=2)
    assert run_css("roles", "rename", "reviewer", "examiner", *PLACE) == 3
    assert "unknown" in capsys.readouterr().out


def test_a_rename_keeps_the_members(run_css: Run, sandbox: Sandbox) -> None:
    """`css roles rename` keeps the members and needs no `--yes`, since nobody loses anything."""
    before = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    assert run_css("roles", "rename", "reviewer", "examiner", *PLACE) == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "examiner") == before


def test_delete_lists_the_people_and_roles_that_lose_something(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before a deletion, css lists the members, the roles that contain the role, and the roles that it contains."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "boss", ["reviewer"])
    sandbox.create_role(GRANTS_PORTAL, "dev", "free")
    people = usernames(sandbox, 30)
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", *people)
    sandbox.grant(GRANTS_PORTAL, "dev", "boss", people[0], "797be66aabf29acf4646b4cb4894071a@githubpublic")
    count = len(sandbox.members(GRANTS_PORTAL, "dev", "reviewer"))
    assert run_css("roles", "delete", "reviewer", "admin", "free", "nope", *PLACE) == 4
    err = capsys.readouterr().err.splitlines()
    assert err[0].startswith(f"{count} users lose the role 'reviewer' in Grants Portal (#101) dev: ")
    assert err[0].endswith(f", and {count - 10} more")
    assert err[1].startswith("2 parents (admin, boss) will no longer contain 'reviewer': ")
    assert "797be66aabf29acf4646b4cb4894071a@githubpublic" in err[1]
    assert err[2].startswith("1 user loses the role 'admin'")
    assert err[3] == (
        "'admin' contains 2 roles (approver, reviewer): users who lose 'admin' also lose these roles, unless they have "
        "them in another way"
    )
    assert err[4:6] == [
        "nobody loses the role 'free' in Grants Portal (#101) dev",
        "there is no role 'nope' in Grants Portal (#101) dev",
    ]
    assert "pass --yes" in err[6]
    assert asked(sandbox).keys() == {"token", "GET"}
    assert run_css("roles", "delete", "reviewer", "free", *PLACE, "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "dev") == {"approver", "admin", "boss"}


def test_a_deletion_in_prod_needs_yes_and_allow_prod(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """In prod, `--yes` alone does not delete a role; `--allow-prod` is needed, too."""
    sandbox.create_role(GRANTS_PORTAL, "prod", "x")
    prod = ("-i", 101, "-e", "prod")
    assert run_css("roles", "delete", "x", *prod, "--yes") == 4
    assert "pass --allow-prod" in capsys.readouterr().err
    assert asked(sandbox)["DELETE"] == 0
    assert run_css("roles", "delete", "x", *prod, "--yes", "--allow-prod") == 0
    assert sandbox.roles(GRANTS_PORTAL, "prod") == set()


class Terminal(io.StringIO):
    """Input that is typed on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "code", "left"), [("y\n", 0, False), ("n\n", 4, True), ("", 130, True)])
def test_on_a_terminal_delete_asks_for_confirmation(
    run_css: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, left: bool
) -> None:
    """On a terminal only a yes deletes the role. A no is refused, and the end of the input counts as an interrupt."""
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert run_css("roles", "delete", "approver", *PLACE) == code
    assert ("approver" in sandbox.roles(GRANTS_PORTAL, "dev")) is left
    assert asked(sandbox)["DELETE"] == (not left)


def test_after_refused_credentials_no_further_role_is_created(run_css: Run, sandbox: Sandbox) -> None:
    """If the service refuses the credentials, css sends no request for the remaining roles."""
    sandbox.faults.add("revoked_token", method="POST", times=None)
    assert run_css("roles", "create", "a", "b", "c", *PLACE) == 3
    assert asked(sandbox)["POST"] == 2


def test_a_mistyped_name_gets_a_suggestion(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """If the role of a rename or deletion does not exist, css suggests a similar name and writes nothing."""
    for words in (("rename", "reviwer", "examiner"), ("delete", "reviwer", "--yes")):
        assert run_css("roles", *words, *PLACE) == 1
        assert "Did you mean 'reviewer'?" in capsys.readouterr().err
    assert asked(sandbox).keys() == {"token", "GET"}
