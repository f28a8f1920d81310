"""Slots let a limited number of callers in at once, in the order of their arrival."""

from __future__ import annotations

import threading

import pytest

from css_sdk._http.concurrency import Slots


def test_callers_get_slots_in_the_order_of_their_arrival() -> None:
    """Callers that wait for a slot get it in the order of their arrival."""
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


def test_no_more_callers_than_slots_are_inside(many: int = 40) -> None:
    """No more callers than there are slots are inside at once, however many threads there are."""
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
    """If a caller raises an error, its slot is free again."""
    slots = Slots(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="inside"), slots:
            raise ValueError("inside")
