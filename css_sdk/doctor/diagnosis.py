"""The result of an examination: its checks, those that matter most first, and a text for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final, Literal

from attrs import evolve, field, frozen

from .._http.cleaning import clean
from .._text.tables import Record, Records
from .._text.words import counted
from ..settings import Secret

State = Literal["wrong", "warning", "ok", "skipped"]

_ORDER: Final = ("wrong", "warning", "ok", "skipped")
_LAST: Final = (
    "You can paste this text into a support ticket: secrets, tokens and the path of your home folder are masked."
)
_LONGEST: Final = 2000
"""Characters of a message."""


@frozen
class Check(Record):
    """The result of one check.

    Attributes:
        name: what was checked, such as `credentials` or `clock`.
        state: `wrong`, `warning` (css-sdk works, but perhaps not as you expect), `ok`, or `skipped` (not checked).
        message: what was found, and if it is wrong, what to do. Secrets are masked.
    """

    name: str
    state: State
    message: str


def _sorted(checks: Iterable[Check]) -> tuple[Check, ...]:
    return tuple(sorted(checks, key=lambda check: _ORDER.index(check.state)))


@frozen
class Diagnosis(Records):
    """The result of all checks. `checks` holds what is wrong first.

    >>> diagnosis = Diagnosis([Check("clock", "ok", "right"), Check("token", "wrong", "refused")])
    >>> diagnosis.is_good, diagnosis.checks[0].name
    (False, 'token')
    """

    _rows_in: ClassVar[str] = "checks"

    checks: tuple[Check, ...] = field(converter=_sorted)

    @property
    def is_good(self) -> bool:
        """Return whether nothing is wrong. Warnings do not count."""
        return not any(check.state == "wrong" for check in self.checks)

    def text(self) -> str:
        """Return the result as text, which can be pasted into a support ticket.

        >>> print(Diagnosis([Check("clock", "ok", "It is right.")]).text())
        Nothing is wrong.
        <BLANKLINE>
        ok       clock  It is right.
        <BLANKLINE>
        You can paste this text into a support ticket: secrets, tokens and the path of your home folder are masked.
        """
        count = sum(check.state == "wrong" for check in self.checks)
        summary = f"{counted(count, 'check')} found something wrong." if count else "Nothing is wrong."
        width = max((len(check.name) for check in self.checks), default=0)
        lines = [f"{check.state.ljust(7)}  {check.name.ljust(width)}  {check.message}" for check in self.checks]
        return "\n".join([summary, "", *lines, "", _LAST])


def masked(checks: Iterable[Check], secrets: Iterable[Secret], home: str) -> list[Check]:
    """Return the checks with messages that hold no secret, on one line each.

    Args:
        checks: to mask.
        secrets: what no message may hold.
        home: the path of the user's home folder, which becomes `~`.

    >>> masked([Check("file", "ok", "/home/jane/s3cret.json")], [Secret("s3cret")], "/home/jane")
    [Check(name='file', state='ok', message='~/….json')]
    """
    hidden = list(secrets)

    def hide(text: str) -> str:
        text = clean(text, hidden, _LONGEST)
        return text.replace(home, "~") if len(home) > 1 else text

    return [evolve(check, message=hide(check.message)) for check in checks]
