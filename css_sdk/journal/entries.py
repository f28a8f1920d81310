"""The format of journals, and their reader: a line before each write and one after it. Pure.

A journal is a file of JSON lines. Its first line, and one for each later run that continues it, names the account and
the address. Before a write there is a line with the steps that the write will really do, and after it one with its
outcome. A write without the second line was in flight when the program ended: done or not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from ..errors import InvalidFile
from ..models import Outcome
from ..state import Step

VERSION: Final = 1

_OUTCOMES: Final[tuple[Outcome, ...]] = ("confirmed", "failed", "unknown")


@frozen
class Entry:
    """One write: its steps and its outcome; None if the program ended before the outcome was written down."""

    number: int
    steps: tuple[Step, ...]
    outcome: Outcome | None = None

    @property
    def is_doubtful(self) -> bool:
        """Return whether it may have been done or not."""
        return self.outcome in (None, "unknown")


@frozen
class JournalRead:
    """A journal as it was read."""

    client_id: str
    api_url: str
    entries: tuple[Entry, ...]
    plan: str | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps that were done, or may have been, in their order."""
        return tuple(step for entry in self.entries if entry.outcome != "failed" for step in entry.steps)


def opening(client_id: str, api_url: str, version: str, at: str, plan: str | None) -> str:
    """Return the line with which a run begins."""
    record = {"journal": VERSION, "client_id": client_id, "api_url": api_url, "css_sdk": version, "at": at}
    return _line({**record, "plan": plan} if plan else record)


def before(number: int, steps: Sequence[Step], at: str) -> str:
    """Return the line before a write."""
    return _line({"write": number, "at": at, "steps": [step.as_record() for step in steps]})


def after(number: int, outcome: Outcome, message: str, at: str) -> str:
    """Return the line after a write."""
    record = {"write": number, "at": at, "outcome": outcome}
    return _line({**record, "message": message} if message else record)


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":")) + "\n"


def read_journal(content: str | bytes, name: str) -> JournalRead:
    """Read a journal, and check all of it.

    A last line that was cut short is left out. The program ended while it was written: before the write that it
    announces, or after a write that the journal holds as in flight.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        InvalidFile: for anything that is not in a journal, with the line.

    >>> step = {"step": "create_role", "integration": 101, "environment": "dev", "role": "auditor"}
    >>> text = opening("account", "https://example.org", "1.0", "2026-11-21T12:00:00Z", None)
    >>> read_journal(text + json.dumps({"write": 1, "steps": [step]}) + "\\n", "journal").entries[0].outcome is None
    True
    """
    reading = _Reading(name)
    lines = (content.encode("utf-8", "replace") if isinstance(content, str) else content).split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        reading.take(number, line)
    return reading.result()


class _Reading:
    """A journal as far as it has been read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._header: tuple[str, str] | None = None
        self._plan: str | None = None
        self._entries: dict[int, Entry] = {}

    def take(self, number: int, line: bytes) -> None:
        where = f"{self._name}:{number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            raise InvalidFile(f"{where}: this is not a line of a journal.") from None
        if not isinstance(record, dict):
            raise InvalidFile(f"{where}: this is not a line of a journal.")
        if "journal" in record:
            self._open(record, where)
        elif self._header is None:
            raise InvalidFile(f"{where}: a journal begins with a line that names its account.")
        else:
            self._note(record, where)

    def result(self) -> JournalRead:
        if self._header is None:
            raise InvalidFile(f"{self._name} is empty or is not a journal.")
        return JournalRead(*self._header, tuple(self._entries.values()), self._plan)

    def _open(self, record: Mapping[str, Any], where: str) -> None:
        if record["journal"] != VERSION:
            raise InvalidFile(f"{where}: a journal of version {record['journal']!r}; this css-sdk reads {VERSION}.")
        header = record.get("client_id"), record.get("api_url")
        plan = record.get("plan")
        if not all(isinstance(text, str) for text in header) or not isinstance(plan, (str, type(None))):
            raise InvalidFile(f"{where}: it does not name the account of the journal.")
        if self._header not in (None, header):
            raise InvalidFile(f"{where}: the account or address differs from the first line.")
        self._header = (str(header[0]), str(header[1]))
        self._plan = plan or self._plan

    def _note(self, record: Mapping[str, Any], where: str) -> None:
        number, outcome = record.get("write"), record.get("outcome")
        if not isinstance(number, int) or isinstance(number, bool):
            raise InvalidFile(f"{where}: it does not name a write.")
        known = self._entries.get(number)
        if "steps" in record and known is None and isinstance(record["steps"], list):
            try:
                self._entries[number] = Entry(number, tuple(Step.from_record(step) for step in record["steps"]))
            except ValueError as error:
                raise InvalidFile(f"{where}: {error}.") from None
        elif known is not None and known.outcome is None and outcome in _OUTCOMES:
            self._entries[number] = Entry(number, known.steps, outcome)
        else:
            raise InvalidFile(f"{where}: it does not fit the lines before it.")
