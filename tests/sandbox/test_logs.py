"""The sandbox's call for logs: its hourly limit, its dates, and its lines."""

from __future__ import annotations

from typing import Any

import pytest

from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request

LOGS = "/integrations/101/dev/logs"
MINUTES = "start=2026-11-15T00:00:00Z&end=2026-11-15T00:10:00Z"


def headers(answer: Any) -> dict[str, str]:
    """Return the headers of an answer that are about the limit."""
    return {name: value for name, value in answer.headers.items() if "limit" in name or name == "retry-after"}


def test_twenty_requests_for_logs_are_allowed_in_an_hour(call: Any, clock: Any) -> None:
    """After twenty requests in an hour, refused ones included, logs are refused with 429 until the hour is over."""
    first = call("GET", f"{LOGS}?{MINUTES}")
    assert first.status == 200
    assert headers(first) == {"ratelimit-policy": "20;w=3600", "ratelimit": "limit=20, remaining=19, reset=3600"}
    for number in range(18, -1, -1):
        answer = call("GET", LOGS)
        assert answer.status == 400
        assert headers(answer)["ratelimit"] == f"limit=20, remaining={number}, reset=3600"
    clock.now += 600.5
    call.renew()
    refused = call("GET", f"{LOGS}?{MINUTES}")
    assert (refused.status, refused.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert refused.body == b"Too many requests, please try again later."
    assert headers(refused)["ratelimit"] == "limit=20, remaining=0, reset=3000"
    assert headers(refused)["retry-after"] == "3000"
    assert call("GET", f"/integrations/101/test/logs?{MINUTES}").status == 200
    assert call("GET", f"/integrations/102/dev/logs?{MINUTES}").status == 200
    clock.now += 3000
    call.renew()
    assert call("GET", f"{LOGS}?{MINUTES}").status == 200


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/integrations/999/dev/logs", 403, "forbidden"),
        ("/integrations/abc/dev/logs", 422, "unknown exception"),
        (LOGS, 400, "Not all parameters sent. Please include start and end."),
        (f"/integrations/101/stage/logs?{MINUTES}", 400, "The env parameter must be one of dev, test, prod."),
    ],
)
def test_a_refused_request_for_logs_has_the_limit_headers(call: Any, path: str, status: int, message: str) -> None:
    """A refused request for logs also has the headers about the limit."""
    answer = call("GET", path)
    assert (answer.status, call.status_and_json("GET", path)[1]) == (status, {"message": message})
    assert headers(answer)["ratelimit"] == "limit=20, remaining=19, reset=3600"


@pytest.mark.parametrize(
    "span",
    [
        "start=2026-11-15T00:00:00Z&end=2026-11-18T00:00:00Z",
        "start=2026-11-15&end=2026-11-16",
        "start=Sun,%2015%20Nov%202026%2000:00:00%20GMT&end=Sun,%2015%20Nov%202026%2001:00:00%20%2B0000",
        "start=2026-11-15T00:00:00-08:00&end=2026-11-16T00:00:00%2B02:00",
        "start=2026-11-15&end=2026-11-15&other=1",
    ],
)
def test_dates_that_are_accepted(call: Any, span: str) -> None:
    """Logs accept dates in ISO 8601 and RFC 2822 that are at most three days apart."""
    assert call.status_and_json("GET", f"{LOGS}?{span}")[0] == 200


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ("start=2026-11-15T00:00:00Z&end=2026-11-18T00:00:01Z", "Date range must be less 3 days."),
        ("start=2026-11-16&end=2026-11-15", "End date must be later than start date."),
        ("start=1794700000000&end=1794786400000", "Include parsable dates"),
        ("start=2026-11-15T00:00:00+00:00&end=2026-11-16", "Include parsable dates"),
        ("start=2026-11-15&start=2026-11-15&end=2026-11-16", "Include parsable dates"),
        ("start=1960-01-01&end=1960-01-02", "Include parsable dates"),
        ("start=&end=2026-11-15", "Not all parameters sent."),
    ],
)
def test_dates_that_are_refused(call: Any, span: str, message: str) -> None:
    """Logs refuse a range of more than three days, a reversed range, milliseconds, and unreadable dates."""
    status, found = call.status_and_json("GET", f"{LOGS}?{span}")
    assert status == 400
    assert found["message"].startswith(message)


@pytest.mark.parametrize(("environment", "limit"), [("dev", 5_000), ("prod", 25_000)])
def test_only_the_newest_lines_up_to_the_limit_are_returned(call: Any, environment: str, limit: int) -> None:
    """If there are more lines than the limit, the newest ones are returned, and the message says so."""
    span = "start=2026-11-15T00:00:00Z&end=2026-11-18T00:00:00Z"
    status, found = call.status_and_json("GET", f"/integrations/101/{environment}/logs?{span}")
    assert (status, len(found["data"])) == (200, limit)
    assert "more logs available" in found["message"]
    assert found["data"][0]["@timestamp"] == "2026-11-18T00:00:00.000Z"


def test_lines_depend_only_on_the_time(call: Any) -> None:
    """The same range always has the same lines, and two halves of a range together have the lines of the whole."""

    def lines(start: str, end: str) -> list[dict[str, str]]:
        path = f"{LOGS}?start=2026-11-15T{start}Z&end=2026-11-15T{end}Z"
        found = call.status_and_json("GET", path)[1]
        assert found["message"] == "All logs retrieved"
        return list(found["data"])

    whole = lines("10:00:00", "11:00:00")
    assert len(whole) == 361
    assert lines("10:30:01", "11:00:00") + lines("10:00:00", "10:30:00") == whole
    assert {"@timestamp", "message"} <= whole[0].keys()
    assert 'clientId="grants-portal-101"' in whole[0]["message"]


def test_the_future_and_places_without_a_client_have_no_log_lines(call: Any) -> None:
    """A range in the future, and an integration without a client in that environment, have no log lines."""
    assert call.status_and_json("GET", f"{LOGS}?start=2030-01-01&end=2030-01-02")[1]["data"] == []
    assert call.status_and_json("GET", f"/integrations/103/prod/logs?{MINUTES}")[1]["data"] == []


def test_logs_of_a_draft_are_an_empty_list(caller: Any, recorded: Any) -> None:
    """A draft, which has no client, has no log lines and is not refused."""
    world = recorded("world")
    for integration in world["integrations"]:
        if integration["id"] == 101:
            integration |= {"client_id": None, "client_secret": None, "status": "draft"}
    world |= {name: [] for name in ("roles", "composites", "grants", "logins")}
    assert caller(Sandbox(world)).status_and_json("GET", f"{LOGS}?{MINUTES}") == (
        200,
        {"data": [], "message": "All logs retrieved"},
    )


def test_the_limit_applies_to_each_address(call: Any, sandbox: Sandbox) -> None:
    """The limit of 20 requests applies to each address, for all teams together."""
    headers = {"authorization": f"Bearer {call.token}"}

    def status(address: str) -> int:
        return sandbox.answer(Request("GET", f"/api/v1{LOGS}?{MINUTES}", headers, address=address)).status

    assert [status("192.0.2.1") for _ in range(21)] == [200] * 20 + [429]
    assert status("192.0.2.2") == 200
