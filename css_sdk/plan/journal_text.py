"""Render journals as text for a terminal, and as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve

from .._text.escaping import shown
from .._text.masking import mask_text
from .._text.words import counted
from ..journal.entries import JournalRead
from ..state import Place
from .step_words import STEPS, Quote, Words, in_quotes
from .text import as_code, masked_steps


def journal_as_text(journal: JournalRead, names: Mapping[str, str] | None = None, mask: bool = False) -> str:
    """Return a journal as lines for a terminal.

    Args:
        journal: a journal that `read_journal` returned.
        names: the names of people, by username; the text shows each name after the username.
        mask: whether to leave out names and shorten usernames.

    >>> from css_sdk.journal.entries import Entry
    >>> from css_sdk.state import Step
    >>> step = Step("create_role", Place(101, "dev"), "auditor")
    >>> print(journal_as_text(JournalRead("account", "https://example.org/api/v1", (Entry(1, (step,), "done"),))))
    Account: account
    Service: https://example.org/api/v1
    <BLANKLINE>
    #101 dev
      + create role auditor: done
    <BLANKLINE>
    Journal: 1 done.
    """
    chosen, known = (_masked(journal), {}) if mask else (journal, names or {})
    lines = [f"{fact}: {shown(value)}" for fact, value in _facts(chosen)]
    for place, rows in _by_place(chosen, Words(known, in_quotes), shown).items():
        lines += ["", str(place), *(f"  {sign} {words}: {state}" for sign, words, state in rows)]
    return "\n".join([*lines, "", _sum(chosen)])


def journal_as_markdown(journal: JournalRead, names: Mapping[str, str] | None = None, mask: bool = False) -> str:
    """Return a journal as Markdown: a table for each place. Texts from the journal are escaped.

    Args:
        journal: a journal that `read_journal` returned.
        names: the names of people, by username; the text shows each name after the username.
        mask: whether to leave out names and shorten usernames.

    >>> from css_sdk.journal.entries import Entry
    >>> from css_sdk.state import Step
    >>> step = Step("create_role", Place(101, "dev"), "@all|x")
    >>> journal = JournalRead("account", "https://example.org/api/v1", (Entry(1, (step,), "failed"),))
    >>> print(journal_as_markdown(journal).splitlines()[7])
    | + | create role <code>&#64;all&#124;x</code> | failed |
    """
    chosen, known = (_masked(journal), {}) if mask else (journal, names or {})
    lines = [f"- {fact}: {as_code(value)}" for fact, value in _facts(chosen)]
    for place, rows in _by_place(chosen, Words(known, as_code), as_code).items():
        lines += ["", f"### {as_code(str(place))}", "", "| | change | state |", "| --- | --- | --- |"]
        lines += [f"| {sign} | {words} | {state} |" for sign, words, state in rows]
    return "\n".join([*lines, "", f"**{_sum(chosen)}**", ""])


def _masked(journal: JournalRead) -> JournalRead:
    """Return the journal without `user`, and with shortened usernames in steps, messages and the reason."""
    entries = tuple(
        evolve(entry, steps=masked_steps(entry.steps), message=mask_text(entry.message)) for entry in journal.entries
    )
    return evolve(journal, entries=entries, user="", reason=mask_text(journal.reason))


def _facts(journal: JournalRead) -> Iterator[tuple[str, str]]:
    facts = {
        "Account": journal.client_id,
        "Service": journal.api_url,
        "Started": journal.at,
        "User": journal.user,
        "Command": journal.command,
        "Reason": journal.reason,
        "Undoes": journal.undoes,
        "Plan id": journal.plan or "",
    }
    return ((fact, value) for fact, value in facts.items() if value)


def _by_place(journal: JournalRead, words: Words, escape: Quote) -> dict[Place, list[tuple[str, str, str]]]:
    """Return, for each place, three texts for each of its steps: its sign such as `+`, its words, and its state."""
    found: dict[Place, list[tuple[str, str, str]]] = {}
    for entry in journal.entries:
        state = entry.state
        if entry.outcome is None:
            state += ": the program ended before the answer came"
        elif entry.message:
            state += f": {escape(entry.message)}"
        for step in entry.steps:
            found.setdefault(step.place, []).append((STEPS[step.kind][0], words.step(step), state))
    return found


def _sum(journal: JournalRead) -> str:
    counts = ", ".join(f"{count:,} {state}" for state, count in journal.counts.items())
    along = sum(len(entry.steps) - len(entry.changes) for entry in journal.entries if entry.outcome == "done")
    came = f" {counted(along, 'removal')} came with a deletion." if along else ""
    return f"Journal: {counts or 'no changes'}.{came}"
