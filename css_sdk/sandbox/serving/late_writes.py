"""Keep writes that a fault delays, and carry them out later."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from ..http import Response


@define
class LateWrite:
    """A write that was sent and is not carried out yet.

    Attributes:
        place: the part of the path that names the integration and the environment.
        reads: how many more reads of the place come before the write. If `None`, the write waits until
            `LateWrites.land` is called.
        land: a function that carries the write out.
    """

    method: str
    path: str
    place: str
    reads: int | None
    land: Callable[[], object]


@define
class LateWrites:
    """The writes that are not carried out yet, in the order of sending."""

    pending: list[LateWrite] = field(factory=list)

    def add(self, method: str, path: str, reads: int | None, land: Callable[[], object]) -> None:
        """Keep a write until it is due."""
        self.pending.append(LateWrite(method, path, place_of(path), reads, land))

    def count_read(self, path: str, response: Response) -> int:
        """Count a read, carry out the writes that are due after it, and return how many there were.

        A read counts only if its status is 200 or 404. Any other answer shows nothing of roles or members.
        """
        if response.dropped or response.status not in (200, 404):
            return 0
        for write in self.pending:
            if write.reads is not None and write.place == place_of(path):
                write.reads -= 1
        return self._carry_out([write for write in self.pending if write.reads is not None and write.reads < 1])

    def land(self) -> int:
        """Carry out every write that waits, and return how many writes there were."""
        return self._carry_out(list(self.pending))

    def _carry_out(self, writes: list[LateWrite]) -> int:
        for write in writes:
            self.pending.remove(write)
            write.land()
        return len(writes)


def place_of(path: str) -> str:
    """Return the part of a path that names the integration and the environment."""
    return "/".join(path.split("/")[:4]).lower()
