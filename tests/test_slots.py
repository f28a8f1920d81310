"""So many at once, and the others in the order in which they came."""

from __future__ import annotations

import threading

import pytest

from css_sdk._http.concurrency import Slots


def test_they_are_let_in_in_the_order_in_which_they_came() -> None:
    """A caller that leaves and returns is behind those who already wait."""
    slots, order = Slots(1), []
    threads = []
    with slots:
        for name in range(8):
            waiting = len(slots._waiting)
            thread = threading.Thread(target=lambda name=name: _pass(slots, order, name))
            thread.start()
            threads.append(thread)
            while len(slots._waiting) == waiting:
                thread.join(0.001)
    for thread in threads:
        thread.join(30)
    assert order == list(range(8))
    with slots:
        assert order


def _pass(slots: Slots, order: list[int], name: int) -> None:
    with slots:
        order.append(name)


def test_never_more_than_so_many(many: int = 40) -> None:
    """However many threads there are."""
    slots, lock, inside, most = Slots(3), threading.Lock(), 0, 0
    start = threading.Barrier(many)

    def enter() -> None:
        nonlocal inside, most
        start.wait(30)
        for _ in range(20):
            with slots:
                with lock:
                    inside += 1
                    most = max(most, inside)
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most <= 3
    assert inside == 0


def test_an_error_gives_the_slot_back() -> None:
    """Nobody is locked out by somebody else's failure."""
    slots = Slots(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="inside"), slots:
            raise ValueError("inside")
