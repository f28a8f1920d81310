"""Lists that do not come to an end: reading them does."""

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
    """Return a full page."""
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
    """Any page that repeats only known people is malformed, because the list would never end."""
    count = itertools.count()
    service = Service(read=lambda: PAGES[kind](next(count)))
    with pytest.raises(MalformedAnswer, match="never end"):
        CALLERS[threads](service, "roles.settled_members", "reviewer")
    assert len(service.requests) <= 11


def test_pages_that_shift_are_no_fault() -> None:
    """Somebody added meanwhile brings the end of one page again on the next, and is given once."""
    last = httpx.Response(200, json={"page": 4, "data": []})
    pages = itertools.cycle([people(0), people(1), people(51), last])
    found = CALLERS["threads"](Service(read=lambda: next(pages)), "roles.settled_members", "reviewer")
    assert len([user.username for user in found]) == 101


def test_new_people_for_ever_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """After as many pages as no role has."""
    assert MOST_PAGES == 5000
    monkeypatch.setattr("css_sdk._service.service_limits.MOST_PAGES", 20)
    count = itertools.count()
    service = Service(read=lambda: people(next(count) * 50))
    with pytest.raises(MalformedAnswer, match="more than 20 pages"):
        CALLERS["threads"](service, "roles.settled_members", "reviewer")
    assert len(service.requests) == 20


@pytest.mark.parametrize("threads", CALLERS)
@pytest.mark.parametrize(("name", "arguments"), [("users.effective_roles", ("0" * 32 + "@idir",)), ("roles.tree", ())])
def test_composites_that_grow_for_ever_end(
    monkeypatch: pytest.MonkeyPatch, threads: str, name: str, arguments: tuple[Any, ...]
) -> None:
    """There are no more roles than the service lists."""
    assert MOST_ROLES_LISTED == 5000
    monkeypatch.setattr("css_sdk._service.service_limits.MOST_ROLES_LISTED", 30)
    count = itertools.count()
    service = Service(read=lambda: httpx.Response(200, json={"data": [{"name": f"r{next(count)}", "composite": True}]}))
    with pytest.raises(MalformedAnswer, match="do not seem to end"):
        CALLERS[threads](service, name, *arguments)
    assert len(service.requests) <= 32


@pytest.mark.parametrize("threads", CALLERS)
def test_log_windows_that_are_always_cut_end(monkeypatch: pytest.MonkeyPatch, threads: str) -> None:
    """Though the service says each time that there are calls left, and gives a window whole that cannot be halved."""
    monkeypatch.setattr("css_sdk._service.log_windows.MOST_CALLS", 50)

    def read() -> httpx.Response:
        query = service.requests[-1].url.params
        start, end = (datetime.datetime.fromisoformat(query[name]) for name in ("start", "end"))
        is_short = end - start <= datetime.timedelta(milliseconds=1)
        body = {"data": [], "message": "" if is_short else "There are more logs."}
        return httpx.Response(200, json=body, headers={"RateLimit": "limit=20, remaining=20, reset=0"})

    service = Service(read=read)
    with pytest.raises(MalformedAnswer, match="was not complete after 50 calls"):
        CALLERS[threads](service, "logs", "2026-11-01", "2026-11-03")
    assert len(service.requests) == 50


@pytest.mark.parametrize("threads", CALLERS)
@pytest.mark.parametrize(
    "header", ["remaining=" + "9" * 5000 + ", reset=1", "remaining=1, reset=" + "9" * 400, "\udcff"]
)
def test_a_senseless_limit_is_not_believed(threads: str, header: str) -> None:
    """No number that no clock can hold ends the reading."""
    headers = [(b"RateLimit", header.encode("utf-8", "surrogateescape"))]
    service = Service(read=lambda: httpx.Response(200, json={"data": [], "message": ""}, headers=headers))
    assert CALLERS[threads](service, "logs", "2026-11-01", "2026-11-02") == ()
