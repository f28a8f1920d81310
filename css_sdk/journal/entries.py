"""Define the format of journals, and read them: a line before each write and a line after it. Pure.

A journal is a file of JSON lines. Each run begins with a line that names the account and the address of the service.
Before each write, css-sdk adds a line with the steps that the write will really do. After the write, css-sdk adds a
line with the outcome. If the line with the outcome is missing, the program ended during the write. The write may then
have been done or not.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import evolve, field, frozen

from .._text.escaping import cut_name
from .._text.json_text import parsed_json
from .._text.tables import Records
from .._text.words import joined
from ..errors import InvalidFile, Remedy
from ..models import Outcome
from ..state import Step

VERSION: Final = 1

_OUTCOMES: Final[tuple[Outcome, ...]] = ("done", "failed", "unknown")


_FACTS: Final = ("plan", "at", "user", "reason", "command", "undoes")
"""The optional keys of the first line."""
NAME_A_JOURNAL: Final = Remedy(
    "Name a journal.", "Pass the path or the name of a journal. To see the journals, run: css journal list"
)
"""The next step if a file is not a journal, or if there is no such file."""


@frozen
class Entry:
    """One write: its steps and its outcome.

    `outcome` is `None` if the program ended before it recorded the outcome. `at` is the time of the last line about the
    write. `message` is the error, if there was one.
    """

    number: int
    steps: tuple[Step, ...]
    outcome: Outcome | None = None
    at: str = field(default="", eq=False)
    message: str = field(default="", eq=False)

    @property
    def is_doubtful(self) -> bool:
        """Return whether the outcome of the write is unknown or not recorded, so that the write may have been done."""
        return self.outcome in (None, "unknown")

    @property
    def changes(self) -> tuple[Step, ...]:
        """Return the steps that the write was sent for.

        If the write deletes a role, this is only the deletion. The other steps are the members and children that the
        role loses with it.
        """
        return tuple(step for step in self.steps if step.kind == "delete_role") or self.steps

    @property
    def state(self) -> str:
        """Return the outcome. If the journal has no outcome, return "unknown"."""
        return self.outcome or "unknown"


@frozen
class JournalRead(Records):
    """The content of a journal that was read. `table` makes a row of each step.

    Attributes:
        client_id: the client id of the account that made the changes.
        api_url: the address of the service.
        entries: the writes.
        plan: the id of the plan that was carried out, if it was a saved plan.
        at: when the first run began, as an ISO 8601 time.
        user: the local user name, if the journal has it.
        reason: the reason for the changes, if somebody gave one.
        command: the css command that made the changes, if a command made them.
        undoes: the name of the journal that these changes undo, if they are an undo.
    """

    client_id: str
    api_url: str
    entries: tuple[Entry, ...]
    plan: str | None = None
    at: str = ""
    user: str = ""
    reason: str = ""
    command: str = ""
    undoes: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps that were done, or may have been done, in their order."""
        return tuple(step for entry in self.entries if entry.outcome != "failed" for step in entry.steps)

    @property
    def people(self) -> Mapping[str, str]:
        """Return the usernames in the journal, each with an environment in which it appears."""
        steps = (step for entry in self.entries for step in entry.steps if step.changes_member)
        return {step.target: step.place.environment for step in steps}

    @property
    def counts(self) -> Mapping[str, int]:
        """Return the number of changes by the state of their writes: `done`, `failed` or `unknown`.

        The members and children that a deleted role loses do not count.
        """
        return Counter(entry.state for entry in self.entries for _ in entry.changes)

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each step of each write."""
        for entry in self.entries:
            for step in entry.steps:
                yield {
                    "write": entry.number,
                    "state": entry.state,
                    "step": step.kind,
                    "role": step.role,
                    "target": step.target,
                    "integration": step.place.integration,
                    "environment": step.place.environment,
                    "project_name": step.place.project_name,
                    "at": entry.at,
                    "message": entry.message,
                }


def opening(client_id: str, api_url: str, version: str, at: str, plan: str | None = None, **facts: str) -> str:
    """Return the line of a journal with which a run begins.

    `facts` are `user`, `reason`, `command` and `undoes`, as in `JournalRead`. Empty facts are left out.
    """
    record = {"journal": VERSION, "client_id": client_id, "api_url": api_url, "css_sdk": version, "at": at}
    return _line(record | {name: value for name, value in {"plan": plan, **facts}.items() if value})


def before(number: int, steps: Sequence[Step], at: str) -> str:
    """Return the line of a journal before a write: its steps, and the project name if the name is known."""
    name = cut_name(next((step.place.project_name for step in steps), ""))
    record = {"write": number, "at": at, **({"project_name": name} if name else {})}
    return _line({**record, "steps": [step.as_record() for step in steps]})


def after(number: int, outcome: Outcome, message: str, at: str) -> str:
    """Return the line of a journal after a write: its outcome, and the error if there is one."""
    record = {"write": number, "at": at, "outcome": outcome}
    return _line({**record, "message": message} if message else record)


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":")) + "\n"


def read_journal(content: str | bytes, name: str) -> JournalRead:
    """Read a journal, and check all of it.

    An incomplete last line is ignored, because the program ended while it wrote this line. If this is the line before a
    write, the write was not sent. If this is the line after a write, the outcome of the write is not recorded.

    Args:
        content: the content of the file.
        name: the name of the file, for messages.

    Raises:
        InvalidFile: the file is not a valid journal. The message names the line.

    >>> step = {"step": "create_role", "integration": 101, "environment": "dev", "role": "auditor"}
    >>> text = opening("account", "https://example.org", "1.0", "2026-11-21T12:00:00Z", None)
    >>> read_journal(text + json.dumps({"write": 1, "steps": [step]}) + "\\n", "journal").entries[0].outcome is None
    True
    """
    read: JournalRead | None = None
    entries: dict[int, Entry] = {}
    lines = (content.encode("utf-8", "replace") if isinstance(content, str) else content).split(b"\n")
    for line_number, line in enumerate(lines[:-1], start=1):
        where = f"{name}:{line_number}"
        record = _record(line, where)
        if "journal" in record:
            run = _opened(record, where)
            if read is not None and (read.client_id, read.api_url) != (run.client_id, run.api_url):
                raise InvalidFile(f"{where}: the account or address differs from the first line.")
            read = evolve(read, plan=run.plan or read.plan) if read is not None else run
        elif read is None:
            raise InvalidFile(f"{where}: a journal begins with a line that names its account.", remedy=NAME_A_JOURNAL)
        else:
            entry = _entry(record, entries, where)
            entries[entry.number] = entry
    if read is None:
        raise InvalidFile(f"{name} is empty or is not a journal. Nothing was sent.", remedy=NAME_A_JOURNAL)
    return evolve(read, entries=tuple(entries.values()))


def _record(line: bytes, where: str) -> Mapping[str, Any]:
    record = parsed_json(line)
    if not isinstance(record, dict):
        raise InvalidFile(f"{where}: this is not a line of a journal.", remedy=NAME_A_JOURNAL)
    return record


def _opened(record: Mapping[str, Any], where: str) -> JournalRead:
    """Return a journal without writes, from the first line of a run."""
    if record["journal"] != VERSION:
        raise InvalidFile(
            f"{where}: this is a journal of version {record['journal']!r}, but this css-sdk reads version {VERSION}. "
            f"Use the version of css-sdk that wrote it."
        )
    facts = {name: record[name] for name in _FACTS if record.get(name) is not None}
    facts |= {name: record.get(name) for name in ("client_id", "api_url")}
    if wrong := [name for name, text in facts.items() if not isinstance(text, str)]:
        raise InvalidFile(f"{where}: {joined(wrong)} must be {'a text' if len(wrong) == 1 else 'texts'}.")
    return JournalRead(entries=(), **facts)


def _entry(record: Mapping[str, Any], known: Mapping[int, Entry], where: str) -> Entry:
    """Return the write that a line describes. If the line has only an outcome, the steps come from `known`."""
    number, outcome, steps = record.get("write"), record.get("outcome"), record.get("steps")
    project_name = record.get("project_name", "")
    if not isinstance(number, int) or isinstance(number, bool):
        raise InvalidFile(f"{where}: this line has no number of a write.")
    entry = known.get(number)
    at, message = str(record.get("at", "")), str(record.get("message", ""))
    if entry is None and isinstance(steps, list) and isinstance(project_name, str):
        try:
            return Entry(number, tuple(_step(each, cut_name(project_name)) for each in steps), at=at)
        except ValueError as error:
            raise InvalidFile(f"{where}: {error}.") from None
    if entry is not None and entry.outcome is None and outcome in _OUTCOMES:
        return evolve(entry, outcome=outcome, at=at, message=message)
    raise InvalidFile(f"{where}: this line does not fit the lines before it.")


def _step(record: object, project_name: str) -> Step:
    step = Step.from_record(record)
    return evolve(step, place=evolve(step.place, project_name=project_name))
