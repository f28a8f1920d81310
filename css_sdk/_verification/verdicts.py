"""Which answers prove a write, and what one attempt came to: the table that every write is judged by. Pure."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Proof(Enum):
    """What shows that a write was done."""

    ANSWER = "the answer holds what was asked"
    STATUS = "the status 204"
    READ = "a read, and nothing else"


class Write(Enum):
    """The writes, each with what proves it; whatever proves less is followed by a read.

    Faults of the login server behind the service turn a creation or rename into an empty success and a deletion into
    a 204, done or not; for the others they are told as 422, so that their success can be believed.
    """

    CREATE_ROLE = ("create a role", Proof.ANSWER)
    RENAME_ROLE = ("rename a role", Proof.ANSWER)
    DELETE_ROLE = ("delete a role", Proof.READ)
    ASSIGN = ("assign roles", Proof.ANSWER)
    UNASSIGN = ("unassign a role", Proof.STATUS)
    ADD_COMPOSITES = ("add composites", Proof.ANSWER)
    REMOVE_COMPOSITE = ("remove a composite", Proof.STATUS)

    def __init__(self, words: str, proof: Proof) -> None:
        self.words = words
        self.proof = proof


class Verdict(Enum):
    """Outcome of one attempt of a write."""

    DONE = "done: the answer shows it"
    REFUSED = "not done, and another attempt will not help"
    NOT_DONE = "certainly not done; may be attempted again"
    DOUBTFUL = "done or not, and over: a read decides"
    PENDING = "perhaps still on its way: a read that does not show it proves nothing"


VERDICTS: Final[dict[int | None, Verdict]] = {
    None: Verdict.PENDING,  # no answer: a timeout, or a lost connection
    **dict.fromkeys(range(100, 200), Verdict.PENDING),  # not the final answer
    **dict.fromkeys(range(200, 400), Verdict.DOUBTFUL),  # where nothing proves it; the service sends no redirects
    **dict.fromkeys(range(400, 500), Verdict.REFUSED),
    407: Verdict.NOT_DONE,  # a proxy refused, and passed nothing on
    422: Verdict.DOUBTFUL,  # the service's word for everything unforeseen; the work may have been done
    429: Verdict.NOT_DONE,
    500: Verdict.DOUBTFUL,  # the service itself failed, and is finished with the request
    **dict.fromkeys(range(501, 600), Verdict.PENDING),  # a proxy's word: the service behind it may still be at work
}
"""What each status proves about a write, where the answer does not show that it was done."""


def verdict(write: Write, status: int | None, *, sent: bool, shown: bool) -> Verdict:
    """Return what one attempt of a write proves.

    Args:
        write: which write.
        status: of the answer, or None where none came.
        sent: False where it is certain that the request never left for the service: no connection came about, or a
            proxy refused.
        shown: whether the answer holds what was asked.

    >>> verdict(Write.ASSIGN, 201, sent=True, shown=True).name, verdict(Write.ASSIGN, 504, sent=True, shown=False).name
    ('DONE', 'PENDING')
    """
    if not sent:
        return Verdict.NOT_DONE
    proven = status == 204 if write.proof is Proof.STATUS else write.proof is Proof.ANSWER and shown
    if proven and status is not None and 200 <= status < 300:
        return Verdict.DONE
    return VERDICTS.get(status, Verdict.PENDING)
