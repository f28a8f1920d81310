"""Decide whether an answer shows that a write was done, and how one attempt ended. Pure.

`VERIFIED_BY` says what verifies each kind of write. If the answer does not verify the write, `VERDICTS` says what its
HTTP status means.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from ..state import StepKind


class VerifiedBy(Enum):
    """List what can show that a write was done."""

    ANSWER = "a success whose body shows what was requested"
    STATUS = "the status 204"
    READ = "only a read"


VERIFIED_BY: Final[Mapping[StepKind, VerifiedBy]] = {
    "create_role": VerifiedBy.ANSWER,
    "rename_role": VerifiedBy.ANSWER,
    "delete_role": VerifiedBy.READ,
    "add_member": VerifiedBy.ANSWER,
    "remove_member": VerifiedBy.STATUS,
    "add_composite": VerifiedBy.ANSWER,
    "remove_composite": VerifiedBy.STATUS,
}
"""What verifies each write. If the answer does not verify the write, a read follows.

If the login server behind the service has a fault, some success answers mean nothing. The service answers the creation
or renaming of a role with a success without a body. It answers a deletion with 204. The write may or may not be done.

It answers all other writes with 422 in this case, so their success can be trusted.
"""


class Verdict(Enum):
    """List the possible outcomes of one attempt of a write."""

    DONE = "done: the answer shows it"
    REFUSED = "not done, and another attempt will not help"
    NOT_DONE = "certainly not done; may be attempted again"
    DOUBTFUL = "perhaps done, but no longer on its way: a read shows whether it was done"
    PENDING = "perhaps still on its way: even if a read shows no change, the write may be done later"


VERDICTS: Final[dict[int | None, Verdict]] = {
    None: Verdict.PENDING,  # no answer: a timeout, or a lost connection
    **dict.fromkeys(range(100, 200), Verdict.PENDING),  # not the final answer
    **dict.fromkeys(range(200, 400), Verdict.DOUBTFUL),  # not verified; the service sends no redirects
    **dict.fromkeys(range(400, 500), Verdict.REFUSED),
    407: Verdict.NOT_DONE,  # a proxy refused, and passed nothing on
    422: Verdict.DOUBTFUL,  # the service's answer to everything unforeseen; the work may have been done
    429: Verdict.NOT_DONE,
    500: Verdict.DOUBTFUL,  # the service itself failed, and is finished with the request
    **dict.fromkeys(range(501, 600), Verdict.PENDING),  # from a proxy: the service behind it may still be at work
}
"""What each status means for a write that the answer does not verify. None means that no answer came."""


def verdict(kind: StepKind, status: int | None, *, sent: bool, shown: bool) -> Verdict:
    """Return how one attempt of a write ended.

    `sent` is False only if the request certainly did not reach the service. `shown` says whether the body of the answer
    shows that the write was done.

    >>> [verdict("add_member", status, sent=True, shown=status < 300).name for status in (201, 504)]
    ['DONE', 'PENDING']
    """
    if not sent:
        return Verdict.NOT_DONE
    by = VERIFIED_BY[kind]
    is_verified = status == 204 if by is VerifiedBy.STATUS else by is VerifiedBy.ANSWER and shown
    if is_verified and status is not None and 200 <= status < 300:
        return Verdict.DONE
    return VERDICTS.get(status, Verdict.PENDING)
