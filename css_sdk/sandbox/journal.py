"""Record all requests. Harmful and strange requests also have lists of their own."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import unquote

from attrs import asdict, field, frozen

from .http import Request

MOST_ENTRIES: Final = 100_000  # older entries are forgotten, so that a sandbox can run for weeks


@frozen
class Entry:
    """One request that the sandbox answered or dropped.

    Attributes:
        number: from 1, over all requests.
        time: by the sandbox's clock, in seconds.
        kind: `api`, `cern` or `bss` (calls of those systems), `token` (requests for a token of any system), `keys`
            (discovery and keys) or `page` (everything else).
        method: as sent.
        path: path and query as sent.
        status: of the answer; None if the connection was dropped.
        authorization: the `Authorization` header as sent. With it, a test can check which address received a token. The
            header is neither printed nor returned over HTTP.
    """

    number: int
    time: float
    kind: str
    method: str
    path: str
    status: int | None
    authorization: str = field(default="", repr=False)

    def matches(self, glob: str) -> bool:
        """Return whether a glob matches the path. The path is decoded once and has no query.

        For calls of the API, the glob may also match the path after the API's base.
        """
        path = unquote(self.path.partition("?")[0])
        return fnmatchcase(path, glob) or (self.kind == "api" and fnmatchcase(path[len("/api/v1") :], glob))


@frozen
class Harm:
    """A request that would harm the service, or that is strange.

    Attributes:
        method: as sent.
        path: path and query as sent.
        why: what the request would do, or why it is strange.
    """

    method: str
    path: str
    why: str


class Journal:
    """Record the requests, in order. The oldest are forgotten if there are more than `MOST_ENTRIES`.

    Attributes:
        harm: harmful requests, refused with 503.
        notes: requests that are strange, but not harmful.
    """

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._number = 0
        self.harm: list[Harm] = []
        self.notes: list[Harm] = []

    @property
    def entries(self) -> list[Entry]:
        """Return the requests so far."""
        return list(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __reversed__(self) -> Iterator[Entry]:
        return reversed(self._entries)

    def add(self, time: float, kind: str, request: Request, status: int | None) -> None:
        """Record a request."""
        self._number += 1
        authorization = sys.intern(request.headers.get("authorization", ""))  # store each token once
        self._entries.append(Entry(self._number, time, kind, request.method, request.target, status, authorization))

    def clear(self) -> None:
        """Forget the requests, but keep `harm` and `notes`."""
        self._entries.clear()

    def select(
        self, method: str | None = None, path: str | None = None, kind: str | None = None, status: int | None = None
    ) -> list[Entry]:
        """Return the requests that match every argument that is given."""
        return [
            entry
            for entry in self._entries
            if (method is None or entry.method == method.upper())
            and (kind is None or entry.kind == kind)
            and (status is None or entry.status == status)
            and (path is None or entry.matches(path))
        ]

    def add_harm(self, method: str, path: str, why: str) -> None:
        """Record a harmful request, and print it on stderr."""
        self.harm.append(Harm(method, path, why))
        print(f"css sandbox: refused {method} {path}: {why}", file=sys.stderr, flush=True)  # noqa: T201

    def add_note(self, method: str, path: str, why: str) -> None:
        """Record a strange request."""
        self.notes.append(Harm(method, path, why))

    def document(self) -> dict[str, Any]:
        """Return the harmful and the strange requests as JSON."""
        return {"harm": [asdict(entry) for entry in self.harm], "notes": [asdict(entry) for entry in self.notes]}
