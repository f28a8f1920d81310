"""Output for people: colours and tables that fit the terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from css_sdk.cli.support.layout import BELOW, cell_text, table_lines, text_width, wrapped
from css_sdk.cli.support.output import grouped_failures
from css_sdk.cli.support.terminal import painted_plan
from css_sdk.sandbox import Sandbox
from tests.support import usernames

Run = Callable[..., int]
ROWS = [
    {"state": "done", "role": "日本語", "message": ""},
    {"state": "failed", "role": "reviewer", "message": "There is no role 'reviewer' in integration #101, dev."},
]
COLUMNS = ["state", "role", "message"]


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("reviewer", 8), ("日本語", 6), ("e\u0301", 1), ("Ó Brien", 7), ("\uff57", 2), ("a\u0300b", 2)],
)
def test_wide_characters_take_two_columns(text: str, width: int) -> None:
    """A wide character takes two columns, and a combining accent takes none."""
    assert text_width(text) == width


@pytest.mark.parametrize("most", [None, 200, 60, 40, 24, 10])
def test_a_table_fits(most: int | None) -> None:
    """No line of a table is wider than the terminal, as long as it has 29 columns, and no text is lost."""
    lines = table_lines(ROWS, COLUMNS, most)
    if most is not None:
        assert max(map(text_width, lines)) <= max(most, 29)
    assert all(word in " ".join(lines) for row in ROWS for cell in row.values() for word in cell.split())
    columns = {text_width(line.partition("日本語")[0]) for line in lines if "日本語" in line}
    assert len(columns) == 1


def test_messages_go_below_their_rows() -> None:
    """If a table with messages is too wide, each message goes below its row, and the columns stay aligned."""
    assert table_lines(ROWS, COLUMNS, 30) == [
        "STATE   ROLE",
        "done    日本語",
        "failed  reviewer",
        "  There is no role 'reviewer'",
        "  in integration #101, dev.",
    ]
    assert BELOW in COLUMNS


def test_a_narrow_terminal_gets_a_list() -> None:
    """On a narrow terminal, each cell is on its own line behind the name of its column."""
    assert table_lines([{"username": "0f3a" * 8, "role": "reviewer"}], ["username", "role"], 34) == [
        "USERNAME  0f3a0f3a0f3a0f3a0f3a0f3a",
        "          0f3a0f3a",
        "ROLE      reviewer",
        "",
    ]


def test_text_is_wrapped_at_blanks() -> None:
    """Text is wrapped at blanks, and a word that is too long is broken."""
    assert wrapped("one two", 3) == ["one", "two"]
    assert wrapped("abcdef", 4) == ["abcd", "ef"]
    assert wrapped("", 4) == []


def test_cells_show_yes_no_and_lists() -> None:
    """A cell shows a boolean as yes or no, a list as its items, and None as empty text."""
    assert [cell_text(value) for value in (True, False, None, ["a", "b"], 3)] == ["yes", "no", "", "a, b", "3"]


def test_failures_are_grouped() -> None:
    """Many failures with the same message except for names are grouped, and fewer are not repeated."""
    found = [f'User "{name}@idir" not found. Check it. (GET /x/{name}: 404)' for name in ("0a", "0b", "0c", "0d", "0e")]
    rows = [{"error": "NotFound", "message": message} for message in (*found, "Something else.")]
    assert grouped_failures([*rows, {"error": "", "message": "repeats line 2"}]) == [
        "This error occurred 5 times: User … not found. Check it."
    ]
    assert grouped_failures(rows[1:]) == []


def test_plans_have_no_colour_in_a_pipe() -> None:
    """The text of a plan has no colours if the output is not a terminal."""
    assert painted_plan("x\n  + create role auditor", "stdout") == "x\n  + create role auditor"


def shown_on_a_terminal(environ: dict[str, str], *arguments: str) -> str:
    """Return the output of a command on a terminal of 70 columns."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    env = os.environ | environ | {"COLUMNS": "70"}
    with subprocess.Popen(
        [sys.executable, "-m", "css_sdk.cli", *arguments], env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 10_000):
                parts.append(part)
        except OSError:
            pass  # Linux raises this when the other end is closed
        process.wait(60)
    os.close(ours)
    return b"".join(parts).decode()


@pytest.fixture
def environ(sandbox: Sandbox) -> Iterator[dict[str, str]]:
    """Yield the environment variables that lead a process to the sandbox, on a terminal with colours."""
    with sandbox.serve() as server:
        yield {f"CSS_{name.upper()}": str(value) for name, value in server.credentials().items()} | {"TERM": "xterm"}


@pytest.mark.parametrize(
    ("more", "colours"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)], ids=str
)
def test_a_terminal_has_colours(sandbox: Sandbox, environ: dict[str, str], more: dict[str, str], colours: bool) -> None:
    """A terminal shows states in colour, unless NO_COLOR is set or the terminal is dumb."""
    [user] = usernames(sandbox, 1)
    arguments = ("assign", user, f"{'0' * 32}@idir", "-r", "approver", "-i", "101", "-e", "dev")
    shown = shown_on_a_terminal(environ | more, *arguments)
    assert ("\x1b[32mdone\x1b[0m" in shown, "\x1b[31mnever logged in\x1b[0m" in shown) == (colours, colours)
    plain = re.sub("\x1b\\[[0-9;]*m", "", shown)
    assert max(map(text_width, plain.splitlines()[:-1])) <= 150
    assert "1 done, 1 never logged in" in plain
