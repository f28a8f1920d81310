"""What a journal of writes says: a line before each write and one after it. Pure.

A journal is a file of JSON lines. Its first line, and one for each later run that goes on with it, tells whose account
wrote what and where. Before a write there is a line with the steps that the write will really bring about, and after
it one with its outcome. A write without the second line was in flight when the program ended: done or not.
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
    """One write: the steps that it was to bring about, and how it ended; None where nobody wrote that down any more."""

    number: int
    steps: tuple[Step, ...]
    outcome: Outcome | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether it may have been done or not."""
        return self.outcome in (None, "unknown")


@frozen
class JournalRead:
    """A journal as it was read."""

    client_id: str
    api_url: str
    entries: tuple[Entry, ...]
    plan: str | None = None

    @property
    def begun(self) -> tuple[Step, ...]:
        """The steps that were brought about, or may have been, in their order."""
        return tuple(step for entry in self.entries if entry.outcome != "failed" for step in entry.steps)


def opening(client_id: str, api_url: str, version: str, at: str, plan: str | None) -> str:
    """The line with which a run begins."""
    told = {"journal": VERSION, "client_id": client_id, "api_url": api_url, "css_sdk": version, "at": at}
    return _line({**told, "plan": plan} if plan else told)


def before(number: int, steps: Sequence[Step], at: str) -> str:
    """The line that stands before a write."""
    return _line({"write": number, "at": at, "steps": [step.as_record() for step in steps]})


def after(number: int, outcome: Outcome, message: str, at: str) -> str:
    """The line that stands after a write."""
    told = {"write": number, "at": at, "outcome": outcome}
    return _line({**told, "message": message} if message else told)


def _line(told: Mapping[str, Any]) -> str:
    return json.dumps(told, separators=(",", ":")) + "\n"


def read_journal(content: str | bytes, name: str) -> JournalRead:
    """A journal, checked whole.

    A last line that was cut short is left out: the program ended while it was written, so before the write that it
    announces, or after one that stands there as in flight.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        InvalidFile: for anything that no journal holds, with the line.

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
            told = json.loads(line)
        except (ValueError, RecursionError):
            raise InvalidFile(f"{where}: this is no line of a journal.") from None
        if not isinstance(told, dict):
            raise InvalidFile(f"{where}: this is no line of a journal.")
        if "journal" in told:
            self._open(told, where)
        elif self._header is None:
            raise InvalidFile(f"{where}: a journal begins with a line that says whose it is.")
        else:
            self._note(told, where)

    def result(self) -> JournalRead:
        if self._header is None:
            raise InvalidFile(f"{self._name} is no journal, or an empty one.")
        return JournalRead(*self._header, tuple(self._entries.values()), self._plan)

    def _open(self, told: Mapping[str, Any], where: str) -> None:
        if told["journal"] != VERSION:
            raise InvalidFile(f"{where}: a journal of version {told['journal']!r}; this css-sdk reads {VERSION}.")
        header = told.get("client_id"), told.get("api_url")
        plan = told.get("plan")
        if not all(isinstance(text, str) for text in header) or not isinstance(plan, (str, type(None))):
            raise InvalidFile(f"{where}: it does not say whose journal this is.")
        if self._header not in (None, header):
            raise InvalidFile(f"{where}: another account or address than at its beginning.")
        self._header = (str(header[0]), str(header[1]))
        self._plan = plan or self._plan

    def _note(self, told: Mapping[str, Any], where: str) -> None:
        number, outcome = told.get("write"), told.get("outcome")
        if not isinstance(number, int) or isinstance(number, bool):
            raise InvalidFile(f"{where}: it names no write.")
        known = self._entries.get(number)
        if "steps" in told and known is None and isinstance(told["steps"], list):
            try:
                self._entries[number] = Entry(number, tuple(Step.from_record(record) for record in told["steps"]))
            except ValueError as error:
                raise InvalidFile(f"{where}: {error}.") from None
        elif known is not None and known.outcome is None and outcome in _OUTCOMES:
            self._entries[number] = Entry(number, known.steps, outcome)
        else:
            raise InvalidFile(f"{where}: it does not fit what stands before it.")
