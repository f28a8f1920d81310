"""The progress bar of a long run is shown on a terminal only, and never breaks the run."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk import ConfigurationError, Css, Settings, progress_bar, read_roster
from css_sdk.cli.support.progress import bar_on_terminal
from css_sdk.sandbox import Sandbox


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_bar_shows_count_speed_and_remaining_time() -> None:
    """A progress bar appears with the first result, shows count, speed and time, and grows if there are
    more results.
    """
    shown = io.StringIO()
    with progress_bar(2, file=shown) as tick:
        assert shown.getvalue() == ""
        for result in range(3):
            tick(result)
    last = shown.getvalue().rpartition("\r")[2]
    assert "3/3" in last
    assert "rows/s" in last
    assert "<" in last


def test_the_command_line_shows_a_bar_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line shows a progress bar on a terminal, and writes nothing into a log file."""
    for stream, is_shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", stream)
        with bar_on_terminal(1) as tick:
            tick(None)
        assert bool(stream.getvalue()) is is_shown


def test_without_tqdm_the_command_line_shows_nothing_and_the_helper_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without tqdm, the command line shows no bar, and `progress_bar` raises an error that names the package to
    install.
    """
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with bar_on_terminal(1) as tick:
        tick(None)
    assert stream.getvalue() == ""
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ConfigurationError, match=r'pip install "css-sdk\[progress\]"'), progress_bar(1):
        pass


class LostTerminal(Terminal):
    """A terminal that can no longer be written to."""

    def write(self, _: str, /) -> int:
        raise OSError("the terminal went away")


def test_a_bar_that_cannot_be_shown_hides_no_result(sandbox: Sandbox, settings: Settings) -> None:
    """If the terminal is gone, the bars of searches and of rows do nothing, and the call returns its results."""
    text = "email,role\nilse.hargreave@example.com,approver"
    rows = read_roster(text, "roster.csv", integration="101", environment="dev")
    lost = LostTerminal()
    with (
        Css(settings, transport=sandbox.transport()) as css,
        progress_bar(1, file=lost) as search,
        progress_bar(1, file=lost) as tick,
    ):
        results = css.apply_roster(rows, progress=tick, looking_up=search, all_logins=True)
    assert {result.state for result in results} <= {"done", "already has it"}


def test_the_total_of_a_bar_grows_with_the_number_of_searches() -> None:
    """The total of a progress bar of searches grows when more searches are needed."""
    shown = io.StringIO()
    with progress_bar(0, unit="search", file=shown) as tick:
        for done, of in ((1, 2), (2, 2), (3, 4), (4, 4)):
            tick(done, of)
    last = shown.getvalue().rpartition("\r")[2]
    assert "4/4" in last
    assert "searches/s" in last


def test_roster_check_shows_a_bar_of_searches_and_of_rows(
    run_css: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal, `css roster check --online` shows a progress bar for its searches and for its rows."""
    roster = tmp_path / "r.csv"
    roster.write_text(
        "email,role\nilse.hargreave@example.com,reviewer\nnobody@example.com,reviewer\n", encoding="utf-8"
    )
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    assert run_css("roster", "check", roster, "-i", 101, "-e", "dev", "--online") == 3
    assert "searches/s" in stream.getvalue()
    assert "2/2" in stream.getvalue()
