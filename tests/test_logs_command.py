"""`css logs` prints the lines of a range of any length, without losing or repeating one."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable

import pytest

from css_sdk import Css, LogLine, RateLimited, Settings
from css_sdk.cli.commands.logs import _by_window, _moment
from css_sdk.sandbox import Sandbox
from tests.support import asked, json_rows

Run = Callable[..., int]
PLACE = ("-i", 101, "-e", "dev")
BEGIN = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)


def test_lines_are_text_or_json_with_all_fields(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """`css logs` prints the same lines as text and as JSON with all fields, oldest first."""
    minute = ("--since", "2026-11-01 12:00", "--until", "2026-11-01T12:01:00Z")
    assert run_css("logs", *PLACE, *minute) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7
    assert lines[0].startswith('2026-11-01T12:00:00.000Z type="')
    assert run_css("logs", *PLACE, *minute, "--json") == 0
    rows = json_rows(capsys)
    assert [f"{row['@timestamp']} {row['message']}" for row in rows] == lines
    assert {"level", "loggerName"} <= rows[0].keys()


def test_since_with_a_span_counts_back_from_now(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """If `--since` is a span and `--until` is missing, css logs counts back from now."""
    assert run_css("logs", *PLACE, "--since", "5m") == 0
    assert 29 <= len(capsys.readouterr().out.splitlines()) <= 31


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90m", BEGIN - datetime.timedelta(minutes=90)),
        ("3h", BEGIN - datetime.timedelta(hours=3)),
        ("2d", BEGIN - datetime.timedelta(days=2)),
        ("2026-10-01", datetime.datetime(2026, 10, 1, tzinfo=datetime.UTC)),
        ("2026-10-01T08:00-07:00", datetime.datetime(2026, 10, 1, 15, tzinfo=datetime.UTC)),
    ],
)
def test_a_time_is_a_date_or_a_span_back(text: str, moment: datetime.datetime) -> None:
    """A time is a span back from now, a date, or a date with a time; without a zone it is in UTC."""
    assert _moment(text, "--since", BEGIN) == moment


def test_an_invalid_range_is_a_usage_error(run_css: Run, sandbox: Sandbox) -> None:
    """If the times are invalid or their order is wrong, css logs fails with exit code 64 and sends nothing."""
    for since, until in (("yesterday", None), ("12:00", None), ("1m", "2m"), ("2026-11-02", "2026-11-01")):
        assert run_css("logs", *PLACE, "--since", since, *(["--until", until] if until else [])) == 64
    assert run_css("logs", *PLACE) == 64
    assert asked(sandbox) == {}


@pytest.fixture
def an_hour_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the windows of log calls an hour long instead of three days."""
    monkeypatch.setattr("css_sdk._service.log_windows.LONGEST_WINDOW", HOUR)


@pytest.mark.usefixtures("an_hour_a_call")
@pytest.mark.parametrize("calls", range(1, 5))
def test_after_a_rate_limit_the_rest_of_a_log_can_be_read_without_gaps(
    settings: Settings, sandbox: Sandbox, calls: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a rate limit ends a log, the lines read and those read later from the named time are exactly the whole."""
    until = BEGIN + 5 * HOUR
    with Css(settings, transport=sandbox.transport(), retry=lambda attempt, chance: None) as css:
        dev = css.integration(101).environment("dev")
        whole = list(dev.logs(BEGIN, until))
        assert list(_by_window(dev, BEGIN, until)) == whole
        assert len(whole) == 5 * 360 + 1
        sandbox.faults.add("429", path="*/logs", after=calls)
        first: list[LogLine] = []
        with pytest.raises(RateLimited):
            for line in _by_window(dev, BEGIN, until):
                first.append(line)
        resume = _moment(capsys.readouterr().err.split()[-1], "--since", BEGIN)
        assert resume == BEGIN + calls * HOUR
        assert first + list(_by_window(dev, resume, until)) == whole


def test_a_rate_limit_prints_the_lines_read_and_where_to_continue(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a rate limit, stderr says where to continue and how long to wait; the exit code is 3, or 1 if nothing was
    read.
    """
    sandbox.faults.add("429", path="*/logs", retry_after=1800)
    long = ("--since", "2026-11-01", "--until", "2026-11-01T20:00:00Z")
    assert run_css("logs", *PLACE, *long, "--json") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "--since 2026-11-01T00:00:00.000Z" in err
    assert err.count("2026-11-01T00:00:00.000Z") == 1
    assert ".." not in err
    sandbox.faults.clear()
    sandbox.faults.add("429", path="*/logs", retry_after=1800, after=2)
    assert run_css("logs", *PLACE, *long, "--json") == 3
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert 1000 < len(lines) < 7200
    resume = err.split("--since ")[1].split()[0]
    assert json.loads(lines[-1])["@timestamp"] < resume
    assert "1,800 seconds" in err


@pytest.mark.usefixtures("an_hour_a_call")
def test_an_interrupt_prints_the_lines_read_and_where_to_continue(
    settings: Settings, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an interrupt, the lines of the finished windows are printed, and stderr names the time to continue from."""
    with Css(settings, transport=sandbox.transport()) as css:
        prod = css.integration(101).environment("prod")
        read = type(prod).logs
        calls: list[object] = []

        def interrupted(*arguments: object) -> tuple[LogLine, ...]:
            calls.append(arguments)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return read(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(type(prod), "logs", interrupted)
        found: list[LogLine] = []
        with pytest.raises(KeyboardInterrupt):
            for line in _by_window(prod, BEGIN, BEGIN + 2 * HOUR):
                found.append(line)
    assert "--since 2026-11-01T01:00:00.000Z" in capsys.readouterr().err
    assert len(found) == 360
