"""Hold the result of an examination, with what is wrong first. Pure."""

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
"""The most characters of a message."""


@frozen
class Check(Record):
    """The result of one check.

    Attributes:
        name: what was checked, such as `credentials` or `clock`.
        state: `wrong`, `warning` (css-sdk works, but perhaps not as you expect), `ok`, or `skipped` (not checked).
        message: what was found. If something is wrong, the message also says what to do. Secrets are masked.
    """

    name: str
    state: State
    message: str


def _sorted(checks: Iterable[Check]) -> tuple[Check, ...]:
    return tuple(sorted(checks, key=lambda check: _ORDER.index(check.state)))


@frozen
class Diagnosis(Records):
    """The result of all checks. `checks` begins with those that found something wrong, followed by warnings.

    >>> diagnosis = Diagnosis([Check("clock", "ok", "right"), Check("token", "wrong", "refused")])
    >>> diagnosis.is_good, diagnosis.checks[0].name
    (False, 'token')
    """

    _rows_in: ClassVar[str] = "checks"

    checks: tuple[Check, ...] = field(converter=_sorted)

    @property
    def is_good(self) -> bool:
        """Return whether no check found something wrong. Warnings do not count."""
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
    """Return the checks with masked messages. Each message is one line of at most 2,000 characters.

    No message contains one of the `secrets`. `~` replaces the path `home`.

    >>> masked([Check("file", "ok", "/home/jane/s3cret.json")], [Secret("s3cret")], "/home/jane")
    [Check(name='file', state='ok', message='~/….json')]
    """
    hidden = list(secrets)

    def hide(text: str) -> str:
        text = clean(text, hidden, _LONGEST)
        return text.replace(home, "~") if len(home) > 1 else text

    return [evolve(check, message=hide(check.message)) for check in checks]
