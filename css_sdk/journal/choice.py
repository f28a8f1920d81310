"""Choose the journal to undo when the caller does not name one. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping

from attrs import frozen

from .entries import JournalRead


@frozen
class Choice:
    """The journal to undo, and newer journals of the same account that are not complete.

    Attributes:
        name: the name of the journal to undo; `None` if there is none.
        unfinished: the names of newer journals that a run is still writing, or that lack the outcome of a write.
    """

    name: str | None
    unfinished: tuple[str, ...] = ()


def undone_by(journals: Mapping[str, JournalRead]) -> dict[str, str]:
    """Return the names of the journals that were undone, each with the journal that records its undo.

    An undo counts if it made writes, and all its writes were done. It must be later, and of the same account, because
    journals in other folders can have the same name.
    """
    return {
        undo.undoes: name
        for name, undo in journals.items()
        if (undone := journals.get(undo.undoes)) is not None
        and (undo.client_id, undo.api_url) == (undone.client_id, undone.api_url)
        and undo.at >= undone.at
        and undo.entries
        and all(entry.outcome == "done" for entry in undo.entries)
    }


def newest_to_undo(
    journals: Mapping[str, JournalRead], client_id: str, api_url: str, in_use: Container[str] = ()
) -> Choice:
    """Return the newest journal of the account that can be undone, and the newer journals that are not complete.

    The journal to undo is complete, and records changes. It was not undone, and does not itself record an undo.

    `journals` begins with the newest journal. A run is still writing the journals of `in_use`.

    >>> newest_to_undo({}, "account", "https://example.org/api/v1").name is None
    True
    """
    done = undone_by(journals)
    unfinished: list[str] = []
    for name, journal in journals.items():
        if (journal.client_id, journal.api_url) != (client_id, api_url) or journal.undoes or name in done:
            continue
        if name in in_use or any(entry.outcome is None for entry in journal.entries):
            unfinished.append(name)
        elif journal.steps:
            return Choice(name, tuple(unfinished))
    return Choice(None, tuple(unfinished))
