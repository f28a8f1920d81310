"""The documentation shows the real output of its commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import pages, terminal


@pytest.mark.parametrize("page", [page for page in pages.PAGES if pages.sessions(page)], ids=lambda page: page.stem)
def test_a_page_shows_what_its_commands_print(page: Path, tmp_path: Path) -> None:
    """Every command of a page prints the output that the page shows, with the exit code and requests that it names."""
    if any(".xlsx" in command.line for command in pages.sessions(page)):
        pytest.importorskip("python_calamine")
        pytest.importorskip("xlsxwriter")
    for command, did in pages.played(page, tmp_path):
        assert command.fits(did.printed), f"{command.line}\nshown:\n{command.output}\nprinted:\n{did.printed}"
        assert did.exit_code == command.exit_code, command.line
        assert command.requests in (None, did.requests), command.line


def test_the_picture_of_a_terminal_shows_what_its_commands_print() -> None:
    """The picture shows the commands with their real output; `python -m tests.pages` draws it again."""
    assert terminal.drawn(terminal.session()) == terminal.PICTURE.read_text(encoding="utf-8")
