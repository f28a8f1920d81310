"""The format of journals, and their reader: a line before each write and one after it. Pure.

A journal is a file of JSON lines. Its first line, and one for each later run that continues it, names the account and
the address. Before a write there is a line with the steps that the write will really do, and after it one with its
outcome. A write without the second line was in flight when the program ended: done or not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import evolve, frozen

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
    header: tuple[str, str] | None = None
    plan: str | None = None
    entries: dict[int, Entry] = {}
    lines = (content.encode("utf-8", "replace") if isinstance(content, str) else content).split(b"\n")
    for line_number, line in enumerate(lines[:-1], start=1):
        where = f"{name}:{line_number}"
        record = _record(line, where)
        if "journal" in record:
            account, of_plan = _opened(record, where)
            if header not in (None, account):
                raise InvalidFile(f"{where}: the account or address differs from the first line.")
            header, plan = account, of_plan or plan
        elif header is None:
            raise InvalidFile(f"{where}: a journal begins with a line that names its account.")
        else:
            entry = _entry(record, entries, where)
            entries[entry.number] = entry
    if header is None:
        raise InvalidFile(f"{name} is empty or is not a journal.")
    return JournalRead(*header, tuple(entries.values()), plan)


def _record(line: bytes, where: str) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise InvalidFile(f"{where}: this is not a line of a journal.")
    return record


def _opened(record: Mapping[str, Any], where: str) -> tuple[tuple[str, str], str | None]:
    """Return whose run a line begins: the account and the address, and the plan if there is one."""
    if record["journal"] != VERSION:
        raise InvalidFile(f"{where}: a journal of version {record['journal']!r}; this css-sdk reads {VERSION}.")
    account, address, plan = (record.get(key) for key in ("client_id", "api_url", "plan"))
    if not isinstance(account, str) or not isinstance(address, str) or not isinstance(plan, str | None):
        raise InvalidFile(f"{where}: it does not name the account of the journal.")
    return (account, address), plan


def _entry(record: Mapping[str, Any], known: Mapping[int, Entry], where: str) -> Entry:
    """Return the write that a line announces, or whose outcome it gives."""
    number, outcome, steps = record.get("write"), record.get("outcome"), record.get("steps")
    if not isinstance(number, int) or isinstance(number, bool):
        raise InvalidFile(f"{where}: it does not name a write.")
    entry = known.get(number)
    if entry is None and isinstance(steps, list):
        try:
            return Entry(number, tuple(map(Step.from_record, steps)))
        except ValueError as error:
            raise InvalidFile(f"{where}: {error}.") from None
    if entry is not None and entry.outcome is None and outcome in _OUTCOMES:
        return evolve(entry, outcome=outcome)
    raise InvalidFile(f"{where}: it does not fit the lines before it.")
