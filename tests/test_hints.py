"""What an error says to do: each hint names options that the command has, and repeats what the user typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from css_sdk import InvalidFile, read_desired
from css_sdk.cli import css
from css_sdk.sandbox import Sandbox
from tests.support import asked
from tests.test_commands_are_documented import every_command
from tests.test_everyday_mistakes import OPTIONS, commands_named_in, options_of

Run = Callable[..., int]
GUID = "0f3ac87806aa7f215a7c0d4cc4d9e799"
PLACE = ("-i", 101, "-e", "dev")
VALUES = {
    "--integration": "101", "--environment": "dev", "--role": "reviewer", "role": "reviewer", "roles": "reviewer",
    "client_id": "fisheries-service-102", "source": "rurik.vance@example.com", "target": "rurik.vance@example.com",
}  # fmt: skip
"""A valid value for each required option or argument that a command for people has."""
NAME_PEOPLE = ("username", "users", "person", "source", "target", "--email", "--guid", "--client-id")
"""The options and arguments that name people, and the client ids of service accounts."""
NOBODY = ("bob", "tobias.hargreave", "a@b.example", GUID, f"{GUID[1:]}@idir", f"{GUID}@idri", r"idir\bob", "a b", "x")


def leaf(words: tuple[str, ...]) -> click.Command:
    """The command of these words."""
    found: click.Command = css
    for word in words:
        assert isinstance(found, click.Group)
        below = found.get_command(click.Context(found), word)
        assert below is not None
        found = below
    return found


def ways_to_name(command: click.Command) -> list[tuple[str, list[str]]]:
    """How the command takes a person: the option, or "" for an argument; and the words for what it needs besides."""
    found = []
    for person in command.params:
        name = person.opts[-1]
        if name not in NAME_PEOPLE:
            continue
        others: list[str] = []
        for other in command.params:
            value = VALUES.get(other.opts[-1])
            if other is not person and value and (other.required or other.opts[-1] in ("--role", "roles")):
                others += [other.opts[-1], value] if isinstance(other, click.Option) else [value]
        found.append((name if isinstance(person, click.Option) else "", others))
    return found


COMMANDS = [
    (words, way, others)
    for words, is_group in every_command()
    if not is_group and words[0] in ("assign", "unassign", "members", "people", "service-account")
    for way, others in ways_to_name(leaf(words))
]


@pytest.mark.parametrize(("words", "way", "others"), COMMANDS, ids=" ".join)
def test_a_hint_names_only_options_of_its_command(
    run_css: Run,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    way: str,
    others: list[str],
) -> None:
    """For each command, each way to name a person, and each text that names nobody."""
    command = leaf(words)
    for text in NOBODY:
        run_css(*words, *others, *([way] if way else []), text)
        err = capsys.readouterr().err
        named = list(commands_named_in(err))
        for each, rest in named:
            assert set(OPTIONS.findall(rest)) <= options_of(each), err
        own = re.sub(r"\bcss [a-z].*", "", err)
        assert set(OPTIONS.findall(own)) <= options_of(command), err


def test_the_commands_for_people_are_seen() -> None:
    """The walk finds arguments and options."""
    assert {words for words, _, _ in COMMANDS} >= {("assign",), ("people", "remove"), ("members", "set")}
    assert (("unassign",), "--email") in {(words, way) for words, way, _ in COMMANDS}


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("people", "remove", "tobias.hargreave"), "To find the person, run: css people find tobias.hargreave"),
        (("people", "roles", "tobias"), "Copy the whole GUID. To find the person, run: css people find tobias"),
        (("people", "copy", "Ilse Hargreave", "bo@example.com"), "css people find 'Ilse Hargreave'"),
        (("assign", *PLACE, "-r", "reviewer", "a@b.example"), "Pass it with --email. To find the person, run: css "
         "people find a@b.example"),
        (("assign", *PLACE, "-r", "reviewer", GUID), f"Pass it with --guid. To find the person, run: css people find "
         f"{GUID}"),
        (("assign", *PLACE, "-r", "reviewer", "--email", f"{GUID}@idir"), "Pass it without --email."),
        (("assign", *PLACE, "-r", "reviewer", "bob"), "For a service account, pass --client-id bob. To find the "),
    ],
)  # fmt: skip
def test_a_hint_has_what_was_typed(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], words: tuple[object, ...], hint: str
) -> None:
    """Ready to copy, and it is a usage error: nothing is sent."""
    assert run_css(*words) == 64
    err = capsys.readouterr().err
    assert hint in err
    assert ("service account" in err) is ("--client-id" in err)
    assert asked(sandbox) == {}


@pytest.mark.parametrize("provider", ["", "idir", "bceidbasic", "githubpublic"])
@pytest.mark.parametrize("guid", ["1234", "tobias", GUID[1:]])
def test_a_guid_that_no_searched_provider_can_have_is_a_usage_error(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], guid: str, provider: str
) -> None:
    """All commands use one rule, with the providers that they search. A GUID of GitHub can be a number. If only GitHub
    is searched, it can have letters, too.
    """
    at = ["--provider", provider] if provider else []
    role = (*PLACE, "-r", "reviewer")
    employees = [("assign", *role, "--guid", guid), ("unassign", *role, "--guid", guid, "--yes")]
    everybody = [("people", *words) for words in (("find", "--guid", guid), ("roles", guid), ("remove", guid))]
    everybody.append(("people", "copy", guid, "rurik.vance@example.com"))
    for words in (*employees, *everybody):
        is_possible = provider == "githubpublic" or (not provider and guid == "1234" and words not in employees)
        sandbox.clear_requests()
        assert run_css(*words, *at) == (1 if is_possible else 64), words
        err = capsys.readouterr().err
        assert is_possible or asked(sandbox) == {}, words
        assert is_possible or guid != "1234" or provider or "--provider githubpublic" in err


def test_a_number_is_searched_only_at_github(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Of several providers, only those that can have the GUID are searched for it."""
    words = ("assign", *PLACE, "-r", "reviewer", "--guid", "583231", "--provider", "idir")
    assert run_css(*words, "--provider", "githubpublic", "--json") == 1
    assert "Nobody at githubpublic in dev has the GUID 583231" in capsys.readouterr().out
    assert run_css("people", "find", "--guid", "583231") == 1
    assert "Searched githubbcgov and githubpublic in" in capsys.readouterr().err


TYPO = "wren.pickard@example.com"
BY_PART = "To search for people by a part of the address, run: css people find --email wren.pi\n"
BAKERY = "office@harbourbakery.example.org"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("people", "remove", TYPO), 1, BY_PART),
        (("people", "roles", TYPO), 1, BY_PART),
        (("people", "find", TYPO), 1, BY_PART),
        (("people", "roles", TYPO, "--provider", "idir"), 1, f"leave out --provider. {BY_PART}"),
        (
            ("people", "find", "--provider", "bceidbasic", "--email", TYPO),
            64,
            "Pass --guid, or another provider with --p",
        ),
        (("people", "roles", BAKERY, "--provider", "bceidbasic"), 1, "css-sdk cannot search BCeID by e-mail address."),
        (("people", "roles", BAKERY, "--provider", "bceidbasic"), 1, "run: css people find --guid GUID\n"),
        (("people", "roles", "1234"), 1, "To search for people, run: css people find NAME\n"),
        (("assign", *PLACE, "-r", "reviewer", "--email", TYPO), 1, BY_PART),
        (("assign", *PLACE, "-r", "reviewer", "--email", TYPO, "--email", BAKERY), 3, "run: css people find TEXT\n"),
        (("people", "copy", "ilse.hargreave@example.com", TYPO, "--yes"), 3, BY_PART),
        (("people", "copy", "ilse.hargreave@example.com", GUID[::-1], "--yes"), 3, f"find --guid {GUID[::-1]}\n"),
    ],
)
def test_a_search_is_suggested_that_can_find_somebody_else(
    run_css: Run, capsys: pytest.CaptureFixture[str], words: tuple[object, ...], code: int, said: str
) -> None:
    """A search for the whole address has just failed. A part of it finds somebody whose address was mistyped."""
    assert run_css(*words) == code
    assert said in capsys.readouterr().err


def test_no_search_is_suggested_for_somebody_whose_logins_are_shown(
    run_css: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """If two people have the address, the plan shows their usernames, so a search for the address does not help."""
    assert run_css("people", "copy", "ilse.hargreave@example.com", "front.counter@example.com", "--yes") == 3
    err = capsys.readouterr().err
    assert "ambiguous" in err
    assert "css people find" not in err


@pytest.mark.parametrize("command", ["roles", "remove"])
def test_a_login_of_another_provider_is_named(run_css: Run, capsys: pytest.CaptureFixture[str], command: str) -> None:
    """If `--provider` leaves out the logins of a member, the error names these logins and the option."""
    assert run_css("people", command, "tobias.bellwether@example.com", "--provider", "azureidir") == 1
    err = capsys.readouterr().err
    assert "No member of any role has a login of azureidir with the e-mail address tobias" in err
    assert "c48af3232157a5f13dc753a5d3eed7ce@idir (Tobias Bellwether)" in err
    assert "leave out --provider" in err
    assert run_css("people", command, "wren.picard@example.com", "--provider", "idir") == 0
    assert "has no roles with a login of idir in any environment" in capsys.readouterr().err


def test_a_search_of_bceid_by_address_says_whom_it_can_find(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """It finds only people who have logged in to this integration. The next step is a search that can find others."""
    words = ("assign", *PLACE, "-r", "reviewer", "--email", BAKERY, "--json", "--provider", "bceidbasic")
    assert run_css(*words) == 1
    printed = capsys.readouterr()
    assert f"Nobody at bceidbasic who has logged in to this integration in dev has the e-mail address {BAKERY}." in (
        printed.out
    )
    assert "css people find --guid GUID" in printed.out
    assert "--email" not in printed.out + printed.err
    run_css(*words, "--provider", "idir")
    assert f"Nobody at idir in dev has the e-mail address {BAKERY}. Nobody at bceidbasic" in capsys.readouterr().out


@pytest.mark.parametrize("words", [("assign", *PLACE, "-r", "reviewer"), ("people", "roles"), ("people", "find")])
def test_a_mistyped_provider_is_a_usage_error(
    run_css: Run, capsys: pytest.CaptureFixture[str], words: tuple[object, ...]
) -> None:
    """If the provider in a username is similar to an existing one, the error suggests the right username."""
    assert run_css(*words, f"{GUID}@idri") == 64
    assert f"Did you mean {GUID}@idir?" in capsys.readouterr().err


def test_a_guard_refuses_only_a_provider(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A login that exists, but cannot have roles, is no mistake in the command line."""
    assert run_css("assign", *PLACE, "-r", "reviewer", f"{GUID}@bcservicescard") == 4
    assert run_css("assign", *PLACE, "-r", "reviewer", f"{GUID}@") == 64


def test_a_roles_file_has_no_columns() -> None:
    """An address, a GUID or a Windows login in the wrong place is answered with the key to use."""
    text = "version: 1\nintegrations: [{integration: 101, environments: {dev: {users: [{%s, roles: [reviewer]}]}}}]\n"
    for person, key in (
        ("username: ilse.hargreave@example.com", "`email`"),
        (f"username: {GUID}", "`guid`"),
        (f"username: {GUID[1:]}@idir", "`email`"),
        ("email: 'idir\\bob'", "`email`"),
        (f"email: {GUID}@idir", "`username`"),
        ("username: bob", "`client_id`"),
    ):
        with pytest.raises(InvalidFile) as caught:
            read_desired(text % person, "roles.yaml")
        [fault] = caught.value.faults
        assert key in fault
        assert "column" not in fault


def test_a_search_is_what_the_user_expects(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """A word is a last or a first name, or a name at GitHub. The command says which searches it made."""
    ilse = "d6dff8c2546921b01198b4efd12cb3bc@idir"
    for words, by in (
        (["hargreave"], "last name hargreave or first name hargreave"),
        (["ilse"], "last name ilse or first name ilse"),
        (["--name", "ilse"], "last name ilse or first name ilse"),
        (["Hargreave, Ilse"], "first name Ilse and last name Hargreave"),
        (["ilse", "--last-name", "Harg"], "last name Harg and first name ilse"),
        (["ilse.harg"], "email ilse.harg;"),
        (["ilse.harg"], "first name ilse and last name harg"),
        (["ilse.hargreave@"], "email ilse.hargreave@"),
        ([ilse], f"guid {ilse.partition('@')[0]}"),
        ([ilse.partition("@")[0].upper()], f"guid {ilse.partition('@')[0].upper()}"),
    ):
        assert run_css("people", "find", *words, "-e", "dev") == 0, words
        out, err = capsys.readouterr()
        assert ilse in out
        assert f"by {by}" in err, words
    assert run_css("people", "find", "ilse", "-e", "dev") == 0
    assert capsys.readouterr().err == (
        "Searched idir and azureidir in dev by last name ilse or first name ilse; githubbcgov and githubpublic in dev "
        "by name ilse.\n"
    )
    assert run_css("people", "find", "ilse", "--first-name", "Il", "--last-name", "Ha") == 64
    assert run_css("people", "find", "ilse", "--file", "people.txt") == 64
    assert run_css("people", "find", f"{GUID[1:]}@idir") == 64
    assert run_css("people", "find", "ilse", "--provider", "bceidbasic") == 64
    assert "--provider" in capsys.readouterr().err


def test_the_members_of_a_role_are_written_as_a_roster(
    run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As CSV, as a workbook and as JSON; each can be applied again and needs no change."""
    for name in ("members.csv", "members.xlsx", "members.jsonl"):
        file = tmp_path / name
        assert run_css("members", "list", "reviewer", *PLACE, "--output", file) == 0
        assert capsys.readouterr().out == ""
        assert run_css("members", "list", "reviewer", *PLACE, "--output", file) == 0
        assert run_css("roster", "check", file, "--online") == 0
        assert "already has it" in capsys.readouterr().err
    assert run_css("members", "list", "reviewer", *PLACE, "--output", tmp_path / "members") == 64
