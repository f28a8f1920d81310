"""`each` and `async_each` work on many items, a bounded number of them at once, in threads and in tasks."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import anyio
import anyio.lowlevel
import pytest

from css_sdk._http.concurrency import async_each, each

PATIENCE = 30.0
"""The number of seconds after which a test counts as hanging."""


class Boom(Exception):
    """Stand for an error of the work in these tests."""


def drawn_from(items: range | Iterator[int], drawn: list[int]) -> Iterator[int]:
    """Yield the items, and record each when it is drawn."""
    for item in items:
        drawn.append(item)
        yield item


# Threads


@pytest.mark.parametrize("at_once", [1, 2, 8])
@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_each_does_everything_once(count: int, at_once: int) -> None:
    """`each` works on every item exactly once, whether there are fewer or more items than workers."""
    done: list[int] = []
    each(done.append, iter(range(count)), at_once)
    assert sorted(done) == list(range(count))


def test_each_works_on_as_many_as_allowed() -> None:
    """With a width of three, `each` works on three items at once and never on a fourth."""
    together = threading.Barrier(3)
    lock = threading.Lock()
    under_way: set[int] = set()
    most = 0

    def work(item: int) -> None:
        nonlocal most
        with lock:
            under_way.add(item)
            most = max(most, len(under_way))
        together.wait(PATIENCE)
        with lock:
            under_way.remove(item)

    each(work, range(9), 3)
    assert most == 3


def test_each_draws_items_as_they_are_needed() -> None:
    """`each` draws no more items than it works on, so that a long list may come from a generator."""
    drawn: list[int] = []
    finished: list[int] = []
    lock = threading.Lock()

    def work(item: int) -> None:
        with lock:
            assert len(drawn) - len(finished) <= 2
            finished.append(item)

    each(work, drawn_from(range(200), drawn), 2)
    assert drawn == list(range(200))


def test_each_stops_at_an_error() -> None:
    """If the work raises an error, `each` draws no more items, finishes the work in progress and raises this error."""
    failing = threading.Event()
    begun: list[int] = []
    ended: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 1:
            failing.set()
            raise Boom("it went wrong")
        failing.wait(PATIENCE)
        ended.append(item)

    with pytest.raises(Boom, match="it went wrong"):
        each(work, itertools.count(), 2)
    # It ended although the items are endless, and every item that was begun is finished.
    assert sorted(ended) == sorted(set(begun) - {1})
    assert 0 in ended


def test_each_stops_at_an_error_of_the_items() -> None:
    """If the iterator of items raises an error, `each` raises this error."""

    def items() -> Iterator[int]:
        yield 0
        raise Boom("no more of them")

    done: list[int] = []
    with pytest.raises(Boom, match="no more of them"):
        each(done.append, items(), 4)
    assert done == [0]


@pytest.mark.skipif(os.name != "posix", reason="a signal can be sent to one thread on POSIX alone")
def test_each_stops_at_an_interrupt() -> None:
    """After Ctrl-C, `each` draws no more items, and finishes the work in progress before it raises
    KeyboardInterrupt.
    """
    main = threading.main_thread().ident
    assert main is not None
    begun: list[int] = []
    ended: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        if item == 1000:
            signal.pthread_kill(main, signal.SIGINT)
        ended.append(item)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            each(work, range(10_000_000), 2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert sorted(begun) == sorted(ended)
    assert 1000 in ended
    assert len(ended) < 10_000_000


def test_each_leaves_no_thread_behind() -> None:
    """The threads of `each` end with the work, also if the work raises an error."""
    before = set(threading.enumerate())
    each(lambda _: None, range(20), 4)
    with pytest.raises(ZeroDivisionError):
        each(lambda item: 1 // item, range(20), 4)
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("at_once", [0, -1])
def test_each_with_a_width_below_one_is_an_error(at_once: int) -> None:
    """`each` with a width below one is an error, instead of doing nothing."""
    with pytest.raises(ValueError, match=r"at_once|max_workers"):
        each(lambda _: None, range(3), at_once)


_on_behalf_of: ContextVar[str] = ContextVar("on_behalf_of", default="nobody")


def test_each_works_in_the_context_of_its_caller() -> None:
    """The workers of `each` see the context variables of the caller, and their own changes stay with them."""
    seen: list[str] = []

    def work(item: int) -> None:
        seen.append(_on_behalf_of.get())
        _on_behalf_of.set(f"{_on_behalf_of.get()}'s worker")

    before = _on_behalf_of.set("Maren")
    try:
        each(work, range(1), 4)
        assert seen == ["Maren"]
        assert _on_behalf_of.get() == "Maren"
    finally:
        _on_behalf_of.reset(before)


# Tasks


@pytest.mark.parametrize("at_once", [1, 2, 8])
@pytest.mark.parametrize("count", [0, 1, 7, 100])
async def test_async_each_does_everything_once(count: int, at_once: int) -> None:
    """`async_each` works on every item exactly once, whether there are fewer or more items than tasks."""
    done: list[int] = []

    async def work(item: int) -> None:
        await anyio.lowlevel.checkpoint()
        done.append(item)

    await async_each(work, iter(range(count)), at_once)
    assert sorted(done) == list(range(count))


async def test_async_each_works_on_as_many_as_allowed() -> None:
    """With a width of three, `async_each` works on three items at once and never on a fourth."""
    under_way: set[int] = set()
    most = 0
    three = anyio.Event()

    async def work(item: int) -> None:
        nonlocal most
        under_way.add(item)
        most = max(most, len(under_way))
        if most == 3:
            three.set()
        await three.wait()
        await anyio.lowlevel.checkpoint()
        under_way.remove(item)

    with anyio.fail_after(PATIENCE):
        await async_each(work, range(9), 3)
    assert most == 3


async def test_async_each_draws_items_as_they_are_needed() -> None:
    """`async_each` draws no more items than it works on, so that a long list may come from a generator."""
    drawn: list[int] = []
    finished: list[int] = []

    async def work(item: int) -> None:
        await anyio.lowlevel.checkpoint()
        assert len(drawn) - len(finished) <= 2
        finished.append(item)

    await async_each(work, drawn_from(range(200), drawn), 2)
    assert drawn == list(range(200))


async def test_async_each_stops_at_an_error() -> None:
    """If the work raises an error, `async_each` draws no more items, finishes the work in progress and raises this
    error.
    """
    failed = anyio.Event()
    drawn: list[int] = []
    ended: list[int] = []

    async def work(item: int) -> None:
        if item == 1:
            failed.set()
            raise Boom("it went wrong")
        await failed.wait()
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        ended.append(item)

    with pytest.raises(Boom, match="it went wrong"):
        await async_each(work, drawn_from(itertools.count(), drawn), 2)
    assert drawn == [0, 1]
    assert ended == [0]


async def test_async_each_raises_the_first_of_several_errors() -> None:
    """If several items raise errors, `async_each` raises the first one, and not a group of errors."""
    both = anyio.Event()

    async def work(item: int) -> None:
        if item == 0:
            await both.wait()
        both.set()
        raise Boom(f"item {item}")

    with pytest.raises(Boom, match="item 1"):
        await async_each(work, range(9), 2)


async def test_async_each_stops_at_an_error_of_the_items() -> None:
    """If the iterator of items raises an error, `async_each` finishes the work in progress and raises this error."""
    failed = anyio.Event()

    def items() -> Iterator[int]:
        yield 0
        failed.set()
        raise Boom("no more of them")

    done: list[int] = []

    async def work(item: int) -> None:
        await failed.wait()
        await anyio.lowlevel.checkpoint()
        done.append(item)

    with pytest.raises(Boom, match="no more of them"):
        await async_each(work, items(), 2)
    assert done == [0]


async def test_async_each_stops_when_cancelled_except_for_shielded_work() -> None:
    """A cancellation stops `async_each` and the work in progress, except for work that is shielded."""
    two, go_on = anyio.Event(), anyio.Event()
    drawn: list[int] = []
    done: list[int] = []

    async def work(item: int) -> None:
        if item == 1:
            two.set()
        with anyio.CancelScope(shield=item == 0):
            await go_on.wait()
        done.append(item)

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(async_each, work, drawn_from(itertools.count(), drawn), 2)
            await two.wait()
            tasks.cancel_scope.cancel()
            go_on.set()
    assert drawn == [0, 1]
    assert done == [0]


async def test_async_each_begins_nothing_when_cancelled() -> None:
    """If `async_each` is cancelled before it begins, it draws no item."""
    drawn: list[int] = []

    async def work(item: int) -> None:
        await anyio.lowlevel.checkpoint()

    with anyio.CancelScope() as scope:
        scope.cancel()
        await async_each(work, drawn_from(range(100), drawn), 4)
    assert drawn == []


async def test_async_each_takes_work_that_never_waits() -> None:
    """`async_each` also does work that never awaits."""
    done: list[int] = []

    async def work(item: int) -> None:
        done.append(item)

    await async_each(work, range(50), 4)
    assert done == list(range(50))


@pytest.mark.parametrize("at_once", [0, -1])
async def test_async_each_with_a_width_below_one_is_an_error(at_once: int) -> None:
    """`async_each` with a width below one is an error, instead of doing nothing."""

    async def work(item: int) -> None: ...

    with pytest.raises(ValueError, match=r"at_once|max_workers"):
        await async_each(work, range(3), at_once)


@pytest.mark.parametrize("run", [each, async_each])
def test_both_functions_have_the_same_parameters(run: Callable[..., object]) -> None:
    """`each` and `async_each` have the same parameters, because one is mirrored to the other."""
    assert run.__code__.co_varnames[: run.__code__.co_argcount] == ("work", "items", "at_once")
