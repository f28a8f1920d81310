# Written from tests/_async/test_logs.py by `make generate`; edit that one.
"""Reading logs: no line is lost or returned twice, and css-sdk sends no more requests than the service allows."""

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
    """Return a clock for client and sandbox that shows a time some days after the log lines."""
    return Clock(NOON.timestamp() + 20 * 86400)


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    """Return a sandbox whose clock the test sets."""
    return Sandbox(clock=clock)


@pytest.fixture
def place(sandbox: Sandbox, clock: Clock) -> EnvironmentClient:
    """Return the environment whose logs the tests read."""
    settings = Settings(**sandbox.credentials())
    css = Css(settings, transport=sandbox.transport(), clock=clock, retry=Backoff(first=0))
    return (css.integration("Grants Portal")).environment("prod")


def test_a_short_range_takes_one_request(place: EnvironmentClient, sandbox: Sandbox) -> None:
    """logs() reads a short range with one request, includes both ends, and returns the oldest line first."""
    before = asked(sandbox)
    lines = place.logs(NOON, NOON + datetime.timedelta(minutes=1))
    assert [line.timestamp for line in lines] == [NOON + datetime.timedelta(seconds=10 * n) for n in range(7)]
    assert all(line.message and line.fields["@timestamp"] for line in lines)
    assert (asked(sandbox) - before) == {"GET": 1}


def test_a_long_range_is_read_in_windows_without_gaps(place: EnvironmentClient, sandbox: Sandbox) -> None:
    """logs() reads four days in windows, and halves a window with too many lines. No line is lost or returned twice."""
    before = asked(sandbox)
    lines = place.logs(NOON, NOON + datetime.timedelta(days=4))
    assert [line.timestamp for line in lines] == [NOON + datetime.timedelta(seconds=10 * n) for n in range(34561)]
    # Two windows. css-sdk also reads both halves of the full one.
    assert (asked(sandbox) - before) == {"GET": 4}


def test_the_hourly_limit_of_requests_is_kept(place: EnvironmentClient, sandbox: Sandbox, clock: Clock) -> None:
    """logs() does not send more than 20 requests in an hour.

    The error has the lines read and the time to continue from.
    """
    minute = datetime.timedelta(minutes=1)
    for _ in range(18):
        place.logs(NOON, NOON + minute)
    before = asked(sandbox)
    with pytest.raises(RateLimited, match=r"12,960 lines\. Continue from 2026-11-03T00:00:00\.000Z") as caught:
        place.logs(NOON, NOON + datetime.timedelta(days=7))
    assert (asked(sandbox) - before) == {"GET": 2}
    assert caught.value.retry_after == 3600
    assert caught.value.resume_at == NOON + datetime.timedelta(days=1.5)
    assert len(caught.value.lines) == 12960
    assert caught.value.lines[-1].timestamp < caught.value.resume_at
    clock.now += 3601
    rest = place.logs(caught.value.resume_at, NOON + datetime.timedelta(days=3))
    assert rest[0].timestamp == caught.value.resume_at


def test_requests_of_other_clients_count(place: EnvironmentClient, sandbox: Sandbox, clock: Clock) -> None:
    """logs() also counts requests of other clients, because the service's header shows how many are left."""
    other = Css(Settings(**sandbox.credentials()), transport=sandbox.transport(), clock=clock)
    elsewhere = (other.integration("Grants Portal")).environment("prod")
    for _ in range(19):
        elsewhere.logs(NOON, NOON)
    place.logs(NOON, NOON)
    before = asked(sandbox)
    with pytest.raises(RateLimited):
        place.logs(NOON, NOON)
    assert asked(sandbox) == before


def test_a_refusal_of_the_service_has_the_lines_read_so_far(
    place: EnvironmentClient, sandbox: Sandbox, clock: Clock
) -> None:
    """If the service itself refuses with 429, the error has the lines read so far and the seconds to wait."""
    other = Css(Settings(**sandbox.credentials()), transport=sandbox.transport(), clock=clock)
    elsewhere = (other.integration("Grants Portal")).environment("prod")
    for _ in range(20):
        elsewhere.logs(NOON, NOON)
    with pytest.raises(RateLimited, match="css-sdk has read 0 lines") as caught:
        place.logs(NOON, NOON)
    assert caught.value.status == 429
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-11-01T12:00:00Z", "2026-11-01 12:01"),
        (NOON.replace(tzinfo=None), "Sun, 01 Nov 2026 04:01:00 -0800"),
        ("1 Nov 2026 04:00 PST", "2026-11-01 05:01 MST"),
        (NOON.astimezone(datetime.timezone(datetime.timedelta(hours=-8))), "1 Nov 2026 12:01 UTC"),
    ],
)
def test_times_are_accepted_in_many_forms(place: EnvironmentClient, since: object, until: object) -> None:
    """logs() accepts times in many forms, and reads a time without a zone as UTC."""
    assert len(place.logs(since, until)) == 7


def test_a_date_is_its_first_moment(place: EnvironmentClient) -> None:
    """A date means its first moment, so a day is the range from its date to the next date."""
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
    """logs() refuses an invalid range before anything is sent."""
    before = asked(sandbox)
    with pytest.raises(InvalidRequest):
        place.logs(since, until)
    assert asked(sandbox) == before


def test_each_attempt_counts_as_a_request(place: EnvironmentClient, sandbox: Sandbox) -> None:
    """Each repeated attempt counts as a request of the hour."""
    sandbox.faults.add("lose_after", path="*/logs", times=3)
    place.logs(NOON, NOON)
    for _ in range(16):
        place.logs(NOON, NOON)
    before = asked(sandbox)
    with pytest.raises(RateLimited):
        place.logs(NOON, NOON)
    assert asked(sandbox) == before


def test_every_error_has_the_lines_read_so_far(place: EnvironmentClient, sandbox: Sandbox) -> None:
    """If a request fails, the error has the lines read so far and the time to continue from."""
    sandbox.faults.add("500_before", path="*/logs", times=None, after=2)
    with pytest.raises(ServiceUnavailable, match=r"Continue from 2026-11-03") as caught:
        place.logs(NOON, NOON + datetime.timedelta(days=7))
    assert caught.value.resume_at == NOON + datetime.timedelta(days=1.5)
    assert len(caught.value.lines) == 12960
