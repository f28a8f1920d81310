"""css-sdk stops reading lists that never end."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from css_sdk import MalformedAnswer
from css_sdk._service.service_limits import MOST_PAGES, MOST_ROLES_LISTED
from tests.scripted import CALLERS, Service


def people(start: int) -> httpx.Response:
    """Return a full page of people."""
    users = [
        {"username": f"{number:032x}@idir", "email": "", "firstName": "", "lastName": "", "attributes": {}}
        for number in range(start, start + 50)
    ]
    return httpx.Response(200, json={"page": 1, "data": users})


PAGES: dict[str, Callable[[int], httpx.Response]] = {
    "the same page": lambda _: people(0),
    "two pages in turn": lambda number: people(number % 2 * 50),
    "a circle of pages": lambda number: people(number % 10 * 50),
}


@pytest.mark.parametrize("threads", CALLERS)
@pytest.mark.parametrize("kind", PAGES)
def test_a_full_page_with_nobody_new_is_malformed(threads: str, kind: str) -> None:
    """A full page that repeats only known people is malformed, because the list would never end."""
    count = itertools.count()
    service = Service(read=lambda: PAGES[kind](next(count)))
    with pytest.raises(MalformedAnswer, match="never end"):
        CALLERS[threads](service, "roles.settled_members", "reviewer")
    assert len(service.requests) <= 11


def test_a_member_who_is_repeated_on_the_next_page_is_returned_once() -> None:
    """If members move to the next page because somebody was added, each is returned once."""
    last = httpx.Response(200, json={"page": 4, "data": []})
    pages = itertools.cycle([people(0), people(1), people(51), last])
    found = CALLERS["threads"](Service(read=lambda: next(pages)), "roles.settled_members", "reviewer")
    assert len([user.username for user in found]) == 101


def test_more_pages_than_a_role_can_have_are_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a list of members has more pages than any role can have, css-sdk stops and raises `MalformedAnswer`."""
    assert MOST_PAGES == 5000
    monkeypatch.setattr("css_sdk._service.service_limits.MOST_PAGES", 20)
    count = itertools.count()
    service = Service(read=lambda: people(next(count) * 50))
    with pytest.raises(MalformedAnswer, match="more than 20 pages"):
        CALLERS["threads"](service, "roles.settled_members", "reviewer")
    assert len(service.requests) == 20


@pytest.mark.parametrize("threads", CALLERS)
@pytest.mark.parametrize(("name", "arguments"), [("users.effective_roles", ("0" * 32 + "@idir",)), ("roles.tree", ())])
def test_composites_without_end_are_malformed(
    monkeypatch: pytest.MonkeyPatch, threads: str, name: str, arguments: tuple[Any, ...]
) -> None:
    """If composite roles lead to more roles than the service can list, css-sdk stops and raises `MalformedAnswer`."""
    assert MOST_ROLES_LISTED == 5000
    monkeypatch.setattr("css_sdk._service.service_limits.MOST_ROLES_LISTED", 30)
    count = itertools.count()
    service = Service(read=lambda: httpx.Response(200, json={"data": [{"name": f"r{next(count)}", "composite": True}]}))
    with pytest.raises(MalformedAnswer, match="but the service lists at most 30"):
        CALLERS[threads](service, name, *arguments)
    assert len(service.requests) <= 32


@pytest.mark.parametrize("threads", CALLERS)
def test_log_windows_that_are_always_incomplete_are_malformed(monkeypatch: pytest.MonkeyPatch, threads: str) -> None:
    """If the service calls every log window incomplete, css-sdk stops after a limited number of calls."""
    monkeypatch.setattr("css_sdk._service.log_windows.MOST_CALLS", 50)

    def read() -> httpx.Response:
        query = service.requests[-1].url.params
        start, end = (datetime.datetime.fromisoformat(query[name]) for name in ("start", "end"))
        is_short = end - start <= datetime.timedelta(milliseconds=1)
        body = {"data": [], "message": "" if is_short else "There are more logs."}
        return httpx.Response(200, json=body, headers={"RateLimit": "limit=20, remaining=20, reset=0"})

    service = Service(read=read)
    with pytest.raises(MalformedAnswer, match="more than 50 calls are needed"):
        CALLERS[threads](service, "logs", "2026-11-01", "2026-11-03")
    assert len(service.requests) == 50


@pytest.mark.parametrize("threads", CALLERS)
@pytest.mark.parametrize(
    "header", ["remaining=" + "9" * 5000 + ", reset=1", "remaining=1, reset=" + "9" * 400, "\udcff"]
)
def test_an_invalid_rate_limit_header_is_ignored(threads: str, header: str) -> None:
    """css-sdk ignores a `RateLimit` header with impossible numbers and reads the logs."""
    headers = [(b"RateLimit", header.encode("utf-8", "surrogateescape"))]
    service = Service(read=lambda: httpx.Response(200, json={"data": [], "message": ""}, headers=headers))
    assert CALLERS[threads](service, "logs", "2026-11-01", "2026-11-02") == ()
