# Written from tests/_async/test_logs.py by `make generate`; edit that one.
"""Log lines over any range: none lost or doubled, and never more calls than the service allows."""

from __future__ import annotations

import datetime

import pytest

from css_sdk import Backoff, Css, InvalidRequest, RateLimited, ServiceUnavailable, Settings
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import Clock, asked

NOON = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)


@pytest.fixture
def clock() -> Clock:
    """One for the client and the sandbox, some days after the logs."""
    return Clock(NOON.timestamp() + 20 * 86400)


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    """Return a sandbox whose time passes only when the test says so."""
    return Sandbox(clock=clock)


@pytest.fixture
def place(sandbox: Sandbox, clock: Clock) -> EnvironmentClient:
    """Return an environment whose logs are read."""
    settings = Settings(**sandbox.credentials())
    css = Css(settings, transport=sandbox.transport(), clock=clock, retry=Backoff(first=0))
    return (css.integration("Grants Portal")).environment("prod")


def test_a_short_range_takes_one_call(place: EnvironmentClient, sandbox: Sandbox) -> None:
    """Both ends belong to it, and the oldest line comes first."""
    before = asked(sandbox)
    lines = place.logs(NOON, NOON + datetime.timedelta(minutes=1))
    assert [line.timestamp for line in lines] == [NOON + datetime.timedelta(seconds=10 * n) for n in range(7)]
    assert all(line.message and line.fields["@timestamp"] for line in lines)
    assert (asked(sandbox) - before) == {"GET": 1}


def test_a_long_range_is_read_in_windows_without_a_seam(place: EnvironmentClient, sandbox: Sandbox) -> None:
    """Four days with a line every 10 s: windows of 3 days are halved if they hold more than 25,000 lines."""
    before = asked(sandbox)
    lines = place.logs(NOON, NOON + datetime.timedelta(days=4))
    assert [line.timestamp for line in lines] == [NOON + datetime.timedelta(seconds=10 * n) for n in range(34561)]
    # Two windows. The full one is also read in halves.
    assert (asked(sandbox) - before) == {"GET": 4}


def test_the_hours_calls_are_counted_before_the_service_has_to_refuse(
    place: EnvironmentClient, sandbox: Sandbox, clock: Clock
) -> None:
    """The twenty-first is not sent; the error carries the lines and the time to continue from."""
    minute = datetime.timedelta(minutes=1)
    for _ in range(18):
        place.logs(NOON, NOON + minute)
    before = asked(sandbox)
    with pytest.raises(RateLimited, match=r"12960 lines were read. Continue from 2026-11-03T00:00:00\.000Z") as told:
        place.logs(NOON, NOON + datetime.timedelta(days=7))
    assert (asked(sandbox) - before) == {"GET": 2}
    assert told.value.retry_after == 3600
    assert told.value.resume_at == NOON + datetime.timedelta(days=1.5)
    assert len(told.value.lines) == 12960
    assert told.value.lines[-1].timestamp < told.value.resume_at
    clock.now += 3601
    rest = place.logs(told.value.resume_at, NOON + datetime.timedelta(days=3))
    assert rest[0].timestamp == told.value.resume_at


def test_calls_that_others_made_count(place: EnvironmentClient, sandbox: Sandbox, clock: Clock) -> None:
    """The service counts by address, and its header says how many calls are left for all."""
    other = Css(Settings(**sandbox.credentials()), transport=sandbox.transport(), clock=clock)
    elsewhere = (other.integration("Grants Portal")).environment("prod")
    for _ in range(19):
        elsewhere.logs(NOON, NOON)
    place.logs(NOON, NOON)
    before = asked(sandbox)
    with pytest.raises(RateLimited):
        place.logs(NOON, NOON)
    assert asked(sandbox) == before


def test_a_refusal_of_the_service_carries_what_was_read(
    place: EnvironmentClient, sandbox: Sandbox, clock: Clock
) -> None:
    """Without a known count, its 429 says the same as our error."""
    other = Css(Settings(**sandbox.credentials()), transport=sandbox.transport(), clock=clock)
    elsewhere = (other.integration("Grants Portal")).environment("prod")
    for _ in range(20):
        elsewhere.logs(NOON, NOON)
    with pytest.raises(RateLimited, match="0 lines were read") as told:
        place.logs(NOON, NOON)
    assert told.value.status == 429
    assert told.value.retry_after == 3600


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-11-01T12:00:00Z", "2026-11-01 12:01"),
        (NOON.replace(tzinfo=None), "Sun, 01 Nov 2026 04:01:00 -0800"),
        ("1 Nov 2026 04:00 PST", "2026-11-01 05:01 MST"),
        (NOON.astimezone(datetime.timezone(datetime.timedelta(hours=-8))), "1 Nov 2026 12:01 UTC"),
    ],
)
def test_times_are_given_in_any_form(place: EnvironmentClient, since: object, until: object) -> None:
    """A time without a zone is in UTC."""
    assert len(place.logs(since, until)) == 7


def test_a_date_is_its_first_moment(place: EnvironmentClient) -> None:
    """So a day reaches from its date to the next one."""
    lines = place.logs(datetime.date(2026, 11, 1), "2026-11-02")
    assert len(lines) == 8641


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("yesterday-ish", NOON),
        (NOON, "2026-13-01"),
        (NOON, "2026-10-01"),
        ("12:00", NOON),
        ("Monday", NOON),
        ("2026-11-01 12:00 XYZ", NOON),
    ],
)
def test_a_range_that_is_not_valid_is_refused(
    place: EnvironmentClient, sandbox: Sandbox, since: object, until: object
) -> None:
    """Before anything is sent."""
    before = asked(sandbox)
    with pytest.raises(InvalidRequest):
        place.logs(since, until)
    assert asked(sandbox) == before


def test_each_attempt_counts(place: EnvironmentClient, sandbox: Sandbox) -> None:
    """A retried call costs two calls."""
    sandbox.faults.add("lose_after", path="*/logs", times=3)
    place.logs(NOON, NOON)
    for _ in range(16):
        place.logs(NOON, NOON)
    before = asked(sandbox)
    with pytest.raises(RateLimited):
        place.logs(NOON, NOON)
    assert asked(sandbox) == before


def test_any_error_on_the_way_carries_what_was_read(place: EnvironmentClient, sandbox: Sandbox) -> None:
    """So a failed call does not lose the lines of the days before."""
    sandbox.faults.add("500_before", path="*/logs", times=None, after=2)
    with pytest.raises(ServiceUnavailable, match=r"Continue from 2026-11-03") as told:
        place.logs(NOON, NOON + datetime.timedelta(days=7))
    assert told.value.resume_at == NOON + datetime.timedelta(days=1.5)
    assert len(told.value.lines) == 12960
