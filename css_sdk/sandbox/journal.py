"""The log of what came in, what would have done harm, and what is worth a note."""

from __future__ import annotations

import sys
from collections import deque
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

from attrs import asdict, field, frozen

from .http import Request

KEPT = 100_000  # entries; older ones are forgotten, so that a sandbox can run for weeks


@frozen
class Entry:
    """One request that was answered, or dropped.

    Attributes:
        number: from 1, over all requests.
        time: of the sandbox's clock, in seconds.
        kind: ``api``, ``cern`` or ``bss`` (calls of those systems), ``token`` (requests for one, of any system),
            ``keys`` (discovery and keys) or ``page`` (everything else).
        method: as sent.
        path: path and query as sent.
        status: of the answer; None where the connection was dropped.
        authorization: that header as sent, so that a test can see where a token went; neither printed nor handed out
            over HTTP.
    """

    number: int
    time: float
    kind: str
    method: str
    path: str
    status: int | None
    authorization: str = field(default="", repr=False)

    def fits(self, glob: str) -> bool:
        """Whether the path, decoded once and without its query, fits a glob, with or without the API's base."""
        path = unquote(self.path.partition("?")[0])
        return fnmatchcase(path, glob) or (self.kind == "api" and fnmatchcase(path[len("/api/v1") :], glob))


@frozen
class Harm:
    """A request that the sandbox refused, because the service would have been hurt by it.

    Attributes:
        method: as sent.
        path: path and query as sent.
        why: what it would have done.
    """

    method: str
    path: str
    why: str


class Journal:
    """What happened, in order.

    Attributes:
        harm: destructive requests, refused with 503.
        notes: requests that are legal and strange.
    """

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._number = 0
        self.harm: list[Harm] = []
        self.notes: list[Harm] = []

    @property
    def entries(self) -> list[Entry]:
        """The requests so far."""
        return list(self._entries)

    def add(self, time: float, kind: str, request: Request, status: int | None) -> None:
        """Note a request."""
        self._number += 1
        authorization = sys.intern(request.headers.get("authorization", ""))  # a token is kept once, not by each entry
        self._entries.append(Entry(self._number, time, kind, request.method, request.target, status, authorization))

    def clear(self) -> None:
        """Forget the requests, not the harm."""
        self._entries.clear()

    def select(
        self, method: str | None = None, path: str | None = None, kind: str | None = None, status: int | None = None
    ) -> list[Entry]:
        """The requests that fit everything given."""
        return [
            entry
            for entry in self._entries
            if (method is None or entry.method == method.upper())
            and (kind is None or entry.kind == kind)
            and (status is None or entry.status == status)
            and (path is None or entry.fits(path))
        ]

    def add_harm(self, method: str, path: str, why: str) -> None:
        """Note harm and tell it on stderr."""
        self.harm.append(Harm(method, path, why))
        print(f"css sandbox: refused {method} {path}: {why}", file=sys.stderr, flush=True)  # noqa: T201

    def add_note(self, method: str, path: str, why: str) -> None:
        """Note what is strange."""
        self.notes.append(Harm(method, path, why))

    def document(self) -> dict[str, Any]:
        """Harm and notes as JSON."""
        return {"harm": [asdict(entry) for entry in self.harm], "notes": [asdict(entry) for entry in self.notes]}
