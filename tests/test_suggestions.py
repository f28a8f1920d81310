"""If a name is mistyped, css suggests a similar name or lists the existing ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames

Run = Callable[..., int]
PLACE = ("-i", 101, "-e", "dev")
MEANT = "Did you mean 'reviewer'? To see which roles there are, run: css roles list -i 101 -e dev"


@pytest.mark.parametrize(
    "words",
    [
        ("members", "list", "reviwer", *PLACE),
        ("members", "set", "reviwer", "{user}", *PLACE),
        ("composites", "list", "reviwer", *PLACE),
        ("composites", "add", "admin", "reviwer", *PLACE),
        ("composites", "remove", "admin", "reviwer", *PLACE),
        ("roles", "rename", "reviwer", "x", *PLACE),
        ("roles", "delete", "reviwer", "--yes", *PLACE),
        ("assign", "{user}", "-r", "reviwer", *PLACE),
    ],
    ids=str,
)
def test_every_command_suggests_a_role(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], words: tuple[object, ...]
) -> None:
    """Every command that takes a role suggests a similar one if the role does not exist."""
    [user] = usernames(sandbox, 1)
    assert run_css(*(user if word == "{user}" else word for word in words)) != 0
    assert MEANT in capsys.readouterr().err


def test_each_of_several_missing_names_gets_its_suggestion(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service names all missing roles in one answer. css does not print them as the name of one role."""
    [user] = usernames(sandbox, 1)
    assert run_css("assign", user, "-r", "reviwer", "-r", "admn", *PLACE) == 3
    err = capsys.readouterr().err
    assert "\nrole 'reviwer, admn': Did you mean 'reviewer', 'admin'?\nTo see which roles there are, run: " in err


def test_a_name_with_an_invisible_character_is_not_suggested_as_it_looks(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service's answer shows `ad<U+200B>min` as `admin`, which exists. css says why this name does not exist."""
    [user] = usernames(sandbox, 1)
    assert run_css("assign", user, "-r", "ad\u200bmin", *PLACE) == 1
    err = capsys.readouterr().err
    assert "The given name has invisible characters. Type it again. To see which roles there are" in err
    assert "Did you mean" not in err


def test_the_existing_roles_are_listed_unless_there_are_many(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """If no role is similar, css lists the existing roles, unless there are many."""
    assert run_css("members", "list", "xyzzy", *PLACE) == 1
    assert "\nThe roles are: 'admin', 'approver', 'reviewer'.\n" in capsys.readouterr().err
    assert asked(sandbox)["GET"] == 3
    for number in range(6):
        sandbox.create_role(GRANTS_PORTAL, "dev", f"r{number}")
    assert run_css("members", "list", "xyzzy", *PLACE) == 1
    assert "The roles are" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("grants portal", "Did you mean 'Grants Portal'?"),
        ("xyzzy", "The integrations are: 'Grants Portal', 'Fisheries Service', 'Permit Robot'."),
    ],
)
def test_integrations_are_suggested(run_css: Run, capsys: pytest.CaptureFixture[str], name: str, sentence: str) -> None:
    """If an integration does not exist, css suggests a similar name or lists the integrations."""
    assert run_css("roles", "list", "-i", name, "-e", "dev") == 4
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("roles", "lst"), "There is no command 'css roles lst'. Did you mean 'css roles list'?"),
        (("roles", "members"), "There is no command 'css roles members'. Did you mean 'css members'?"),
        (("people", "xyzzy"), "The commands are: find, roles, remove, copy, mirror."),
        (("config", "profiles"), "The only command is: show."),
    ],
    ids=str,
)
def test_a_mistyped_subcommand_gets_a_suggestion(
    run_css: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    """css suggests a similar subcommand, or the group with this name, or lists all subcommands."""
    assert run_css(*words) == 64
    assert sentence in capsys.readouterr().err
