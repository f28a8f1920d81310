"""`css people` finds people, shows their roles, and mirrors, copies and removes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from css_sdk.cli import exit_code
from css_sdk.cli.commands.people import people
from css_sdk.sandbox import Sandbox
from tests.people_world import ALPHA, ANN, BEA, BETA, BO, CLEO, CROWD, NELL, Run, running, world
from tests.states import everything, journals, writes
from tests.support import asked


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox of people with unusual logins and addresses."""
    return Sandbox(world=world())


@pytest.fixture
def run(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Return a function that runs the command."""
    with running("people", sandbox, monkeypatch, capsys) as run:
        yield run


def words(lines: list[str]) -> list[list[str]]:
    """Return the cells that are not empty, without the header."""
    return [line.split() for line in lines[1:]]


def test_each_people_command_has_help_with_an_example(run: Run) -> None:
    """The help of each subcommand shows an example that uses it."""
    for name in people.commands:
        code, out, _ = run(name, "--help")
        assert code == 0
        assert f"css people {name}" in "\n".join(out).partition("Example")[2]


def test_people_are_found_with_their_logins(run: Run) -> None:
    """`css people find` prints a row for each login with its environments, and one JSON object for each person."""
    code, out, err = run("find", "--email", "ann@")
    assert code == 0
    assert err == "Searched idir, azureidir, githubbcgov and githubpublic in dev, test and prod by email ann@.\n"
    address, other = "ann@people.example", "ann.e@people.example"
    assert words(out) == [
        ["Ann", "Example", address, f"{ANN}@idir", "idir", "dev,", "test,", "prod"],
        [other, f"{ANN}@azureidir", "azureidir", "dev,", "test", "prod"],
    ]
    code, out, _ = run("find", "--email", "desk@", "-e", "dev", "-e", "prod", "--json")
    found = [json.loads(line) for line in out]
    assert code == 0
    assert [(one["guid"], one["email"], one["complete"]) for one in found] == [
        (BEA, "desk@people.example", True),
        (BO, "desk@people.example", True),
    ]
    assert [(login["username"], login["known_in"]) for login in found[0]["logins"]] == [
        (f"{BEA}@idir", ["dev", "prod"])
    ]


def test_a_guid_may_have_dashes(run: Run) -> None:
    """A GUID with dashes or capital letters gives the same result as without, in `find` and `roles`."""
    dashed = "-".join([ANN[:8], ANN[8:12], ANN[12:16], ANN[16:20], ANN[20:]]).upper()
    _, plain, _ = run("find", "--guid", ANN)
    assert (run("find", "--guid", dashed)[:2], len(plain)) == ((0, plain), 3)
    assert run("roles", dashed)[:2] == run("roles", ANN)[:2]


def test_find_fails_with_1_if_nobody_was_found_and_with_64_for_wrong_options(run: Run, sandbox: Sandbox) -> None:
    """If nobody was found, css prints a hint with exit code 1. Wrong options fail with exit code 64 and
    send nothing.
    """
    for arguments in (("--email", "nobody@"), ("--email", "cleo@", "--provider", "idir"), ("--login", "cleo")):
        code, out, err = run("find", *arguments)
        assert (code, out) == (1, [])
        assert "Nobody was found. The service knows only people who have logged in." in err
    _, _, err = run("find", "--login", "Ann", "-e", "dev")
    assert err.splitlines() == [
        "Searched githubbcgov and githubpublic in dev by login Ann.",
        "css: Nobody was found. The service knows only people who have logged in. To search idir and azureidir, pass "
        "--guid, --email, --first-name or --last-name. To search bceidbasic, bceidbusiness and bceidboth, pass "
        "--guid.",
    ]
    before = asked(sandbox)
    for arguments in ((), ("--email", "ann@", "-e", "stage"), ("--email", "ann@", "--provider", "otp")):
        assert run("find", *arguments)[0] == 64
    code, _, err = run("find", "--login", "ann", "--provider", "idir")
    assert code == 64
    assert "idir can be searched by guid, email" in err
    assert asked(sandbox) == before


def test_an_incomplete_search_is_exit_code_3(run: Run, sandbox: Sandbox) -> None:
    """If more people match than the service lists, css prints those found, reports this, and fails with exit code 3."""
    sandbox.world.users.update({user["username"]: user for user in CROWD})
    code, out, err = run("find", "--email", "crowd.example", "-e", "test", "--json")
    assert (code, len(out)) == (3, 50)
    assert "More people match" in err
    assert {json.loads(line)["complete"] for line in out} == {False}


def test_roles_of_a_person_are_printed(run: Run, sandbox: Sandbox) -> None:
    """`css people roles` prints the integration, environment, login and composite roles of a person, and reports wrong
    names.
    """
    code, out, err = run("roles", "ann@people.example", "--json")
    rows = [json.loads(line) for line in out]
    assert code == 0
    assert len(rows) == 9
    assert rows[2] == {
        "integration_id": ALPHA, "integration": "Alpha", "environment": "dev", "username": f"{ANN}@azureidir",
        "role": "reader", "direct": True, "through": ["admin"],
    }  # fmt: skip
    code, out, err = run("roles", f"{ANN}@azureidir")
    assert (code, len(out)) == (0, 1 + 4)
    assert f"{ANN}@azureidir has never logged in to prod" in err
    code, out, _ = run("roles", f"{NELL}@idir")
    assert (code, words(out)) == (0, [["Alpha", "dev", f"{NELL}@idir", "reader", "yes"]])
    assert [line[3] for line in words(run("roles", "--client-id", f"alpha-{ALPHA}")[1])] == ["reader"]
    for guid in (BO, BEA):
        sandbox.grant(ALPHA, "prod", "reader", f"{guid}@idir")
    for arguments, expected, said in (
        (["desk@people.example"], 1, f"{BO}@idir (Bo Example), {BEA}@idir (Bea Example)"),
        (["nobody@people.example"], 1, "No member of any role has the e-mail address nobody@people.example"),
        (["bob-1"], 64, "is not a username"),
        ([], 64, "Pass either PERSON"),
        (["x@idir", "--client-id", "y"], 64, "Pass either PERSON"),
    ):
        code, out, err = run("roles", *arguments)
        assert (code, out) == (expected, [])
        assert said in err


def test_an_empty_result_is_reported_on_stderr(run: Run, sandbox: Sandbox) -> None:
    """An empty result is reported on stderr, so that stdout stays empty for a script."""
    code, out, err = run("roles", f"{BO}@idir", "--json")
    assert (code, out, err) == (0, [], f"{BO}@idir has no roles in any environment.\n")
    code, out, err = run("mirror", "-i", "Alpha", "-e", "prod")
    assert (code, out, err) == (0, [], "Nothing is missing.\n")


def test_an_environment_that_cannot_be_read_leads_to_exit_code_3(run: Run, sandbox: Sandbox) -> None:
    """If an environment cannot be read, css names it, prints the others, and fails with exit code 3."""
    sandbox.faults.add("422_before", path="/integrations/302/prod/*", times=None)
    code, out, err = run("roles", ANN)
    assert (code, len(words(out))) == (3, 8)
    assert "css: Beta (#302) prod: " in err
    assert run("roles", "nobody@people.example")[0] == 3


def test_mirror_shows_and_repairs_the_differences_between_logins(run: Run, sandbox: Sandbox) -> None:
    """`css people mirror` shows differences with exit code 2, and with `--apply` adds missing roles in one direction or
    both.
    """
    place = ("-i", "Alpha", "-e", "dev")
    code, out, _ = run("mirror", *place, "--json")
    rows = [json.loads(line) for line in out]
    assert code == 2
    assert [(row["username"], row["lacks"], row["roles"], row["state"]) for row in rows] == [
        (f"{ANN}@azureidir", f"{ANN}@idir", ["reader"], "missing"),
        (f"{ANN}@idir", f"{ANN}@azureidir", ["writer"], "missing"),
        (f"{CLEO}@azureidir", f"{CLEO}@idir", ["reader"], "never logged in"),
        (f"{NELL}@idir", f"{NELL}@azureidir", ["reader"], "never logged in"),
    ]
    assert asked(sandbox).keys() == {"token", "GET"}
    before = sandbox.grants(ALPHA, "dev")
    code, out, err = run("mirror", *place, "--from", "idir", "--to", "azureidir", "--apply", "--json")
    assert code == 0
    found: list[dict[str, Any]] = [json.loads(line) for line in out]
    assert [(row["username"], row["role"], row["state"]) for row in found] == [(f"{ANN}@azureidir", "writer", "done")]
    assert f"{NELL}@azureidir has never logged in" in err
    assert run("mirror", *place, "--from", "idir")[0] == 0
    assert run("mirror", *place, "--to", "idir")[0] == 2
    assert run("mirror", *place, "--apply")[0] == 0
    assert asked(sandbox)["POST"] == 2
    assert asked(sandbox)["DELETE"] == 0
    after = sandbox.grants(ALPHA, "dev")
    assert after == before | {f"{ANN}@{p}": {"admin", "reader", "writer"} for p in ("idir", "azureidir")}
    code, out, err = run("mirror", *place, "--apply")
    assert (code, out, asked(sandbox)["POST"]) == (0, [], 2)
    assert "Nothing is missing." in err


def test_mirror_reports_each_repair_that_failed(run: Run, sandbox: Sandbox) -> None:
    """If one repair fails, its row is reported as failed with exit code 3, and the other direction is done."""
    sandbox.faults.add("500_before", method="POST", path=f"*{ANN}@azureidir*", times=None)
    code, out, _ = run("mirror", "-i", "Alpha", "-e", "dev", "--apply", "--json")
    assert code == 3
    assert sorted((json.loads(line)["username"], json.loads(line)["state"]) for line in out) == [
        (f"{ANN}@azureidir", "failed"),
        (f"{ANN}@idir", "done"),
    ]
    assert run("mirror", "-i", "Alpha", "-e", "dev", "--from", "idir", "--to", "idir")[0] == 64


def test_remove_removes_all_roles_of_a_person_and_can_be_undone(run: Run, sandbox: Sandbox) -> None:
    """`css people remove` shows the removals by name, needs `--yes`, removes all roles of the person, and can be
    undone.
    """
    before = everything(sandbox)
    code, out, err = run("remove", "ann@people.example", "--allow-prod")
    assert (code, out) == (4, [])
    assert "css needs 5 requests for these changes:" in err
    assert f"  - remove {ANN}@idir ('Ann Example') from admin" in err
    assert "pass --yes" in err
    assert run("remove", "ann@people.example", "--yes")[0] == 4
    assert everything(sandbox) == before
    code, out, err = run("remove", "ann@people.example", "--yes", "--allow-prod", "--reason", "left", "--json")
    rows = [json.loads(line) for line in out]
    assert code == 0
    assert {(row["state"], row["action"], row["name"]) for row in rows} == {("done", "revoke", "Ann Example")}
    assert len(rows) == len(writes(sandbox)) == 5
    assert not [user for _, _, held in everything(sandbox).values() for user in held if user.startswith(ANN)]
    code, out, err = run("remove", f"{ANN}@idir")
    assert (code, out, err) == (0, [], f"{ANN}@idir has no roles in any environment.\n")
    [journal] = journals()
    assert exit_code(["undo", str(journal), "--yes", "--allow-prod"]) == 0
    assert everything(sandbox) == before


def test_an_incomplete_removal_of_a_person_leads_to_exit_code_3(
    run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an environment cannot be read or a removal fails, css does the rest, saves the remainder, and fails with 3."""
    monkeypatch.chdir(tmp_path)
    sandbox.faults.add("422_before", path=f"/integrations/{BETA}/prod/*", times=None)
    code, out, err = run("remove", ANN, "--yes")
    assert (code, out) == (3, [])
    assert "css: Beta (#302) prod: " in err
    assert "4 done" in err
    code, out, err = run("remove", f"{BO}@idir")
    assert (code, out) == (3, [])
    assert f"{BO}@idir has no roles in the places that could be read." in err
    sandbox.faults.clear()
    sandbox.faults.add("500_before", method="DELETE", times=None)
    assert run("remove", ANN, "--yes", "--allow-prod")[0] == 3
    assert [file.name for file in tmp_path.iterdir()] == ["people-remove.remainder.json"]


def test_guards_and_protection_apply_to_the_removal_of_a_person(run: Run, sandbox: Sandbox) -> None:
    """If a guard refuses `css people remove` or the person is not identified, nothing is written.
    Protected roles stay.
    """
    for guid in (BO, BEA):
        sandbox.grant(ALPHA, "prod", "reader", f"{guid}@idir")
    before = everything(sandbox)
    for arguments, expected, said in (
        ([ANN, "--keep-last", "admin"], 4, "must keep a member"),
        ([ANN, "--max-removals", "1"], 4, "--max-removals 2"),
        (["desk@people.example"], 1, f"{BO}@idir (Bo Example), {BEA}@idir (Bea Example)"),
        (["nobody@people.example"], 1, "No member of any role has the e-mail address nobody@people.example"),
        (["Ann"], 64, "not a GUID"),
        ([f"{NELL}@idir", "--protect", "read*"], 0, "protected: would remove"),
    ):
        code, out, err = run("remove", *arguments, "--yes", "--allow-prod")
        assert (code, out) == (expected, [])
        assert said in err
    assert everything(sandbox) == before
    for target, quoted in (
        ("bo@people.example", "bo@people.example"),
        ("{b}$@people.example", "'{b}$@people.example'"),
    ):
        code, _, err = run("copy", BEA, target)
        assert code == 3
        assert f"run: css people copy {BO}@idir {quoted}\n" in err
    code, _, err = run("remove", BO, "--yes", "--allow-prod")
    assert code == 0
    assert f"run: css people remove {BEA}@idir" in err


def test_find_with_a_file_finds_each_person_by_a_complete_term(run: Run, tmp_path: Path) -> None:
    """`css people find --file` finds each person by a complete address, GUID, username or name, never
    by a part of one.
    """
    file = tmp_path / "people.csv"
    lines = ["\ufeffemail", "ANN@people.example; Cleo Example", "", "desk@people.example", "nn@people.example"]
    lines += [f"{NELL}@idir", "Example,  Cleo", "Cleo", "Exampl Nell", ANN, "a@b", "Cleo Example"]
    file.write_text("\n".join(lines), encoding="utf-8")
    code, out, err = run("find", "--file", file, "-e", "dev", "--json")
    hint = "To search for people by name, GUID or a part of the address, run: css people find TEXT\n"
    assert (code, err) == (3, f"6 found, 1 ambiguous, 2 not found, 2 failed\n{hint}")
    assert [(row["line"], row["state"], row["username"].partition("@")[0]) for row in map(json.loads, out)] == [
        (2, "found", ANN),
        (2, "found", ANN),
        (2, "found", CLEO),
        (4, "ambiguous", BEA),
        (4, "ambiguous", BO),
        (5, "not found", ""),
        (6, "found", NELL),
        (7, "found", CLEO),
        (8, "failed", ""),
        (9, "not found", ""),
        (10, "found", ANN),
        (10, "found", ANN),
        (11, "failed", ""),
        (12, "found", CLEO),
    ]


def test_find_with_a_file_reports_its_result_by_exit_code(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The exit code is 0 if everybody is found, 1 if the only person is not, and 64 for an empty list
    or other options.
    """
    file = tmp_path / "people.txt"
    for content, arguments, expected in (
        ("ann@people.example", [], 0),
        ("nobody@people.example", [], 1),
        ("email\n\n", [], 64),
        ("ann@people.example", ["--email", "ann@"], 64),
    ):
        file.write_text(content, encoding="utf-8")
        assert run("find", "--file", file, *arguments)[0] == expected
    sandbox.world.users.update({user["username"]: user for user in CROWD})
    file.write_text("Crowd Example\n", encoding="utf-8")
    code, out, err = run("find", "--file", file, "-e", "dev")
    assert code == 1
    assert "ambiguous" in err
    assert len(out) > 50


def test_copy_adds_the_roles_of_one_person_to_another(run: Run, sandbox: Sandbox) -> None:
    """`css people copy` only adds roles, needs `--yes`, can be undone, and names a person who is not identified."""
    before = everything(sandbox)
    code, out, err = run("copy", ANN, f"{BO}@idir", "--allow-prod")
    assert (code, out) == (4, [])
    assert "css needs 2 requests for these changes:" in err
    assert f"  + add {BO}@idir ('Bo Example') to admin" in err
    assert everything(sandbox) == before
    assert run("copy", ANN, f"{BO}@idir", "--allow-prod", "--yes")[0] == 0
    assert run("copy", ANN, f"{BO}@idir") == (
        0,
        [],
        f"There is nothing to copy from {ANN} to {BO}@idir in any environment.\n",
    )
    [journal] = journals()
    assert exit_code(["undo", str(journal), "--yes", "--allow-prod"]) == 0
    assert everything(sandbox) == before
    code, _, err = run("copy", ANN, "desk@people.example", "--yes", "--allow-prod")
    assert code == 3
    assert "people could not be identified" in err
    assert everything(sandbox) == before
