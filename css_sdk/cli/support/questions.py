"""The questions that a command asks before it writes, and the options that answer these questions.

| | on a terminal | in a script |
| --- | --- | --- |
| only adds, in dev or test | no question | no option |
| removes anything, or carries out a plan | y/N; `--yes` skips it | `--yes` |
| writes in prod | type the project's name; `--allow-prod` skips it | `--allow-prod` |
| removes or carries out a plan, in prod | one preview, both questions | both options |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from ..._text.escaping import shown
from .terminal import is_terminal

if TYPE_CHECKING:
    from ...state import Step
    from .options import Given

YES: Final = "--yes"
ALLOW_PROD: Final = "--allow-prod"


class Changes(NamedTuple):
    """The facts that decide which questions a command asks before it writes.

    Attributes:
        adds: whether the command gives, creates or renames anything.
        removes: whether the command removes anything.
        is_plan: whether the command carries out a plan.
        prod: the names of the projects that the command changes in prod.
    """

    adds: bool = False
    removes: bool = False
    is_plan: bool = False
    prod: tuple[str, ...] = ()

    @classmethod
    def of(cls, steps: Iterable[Step], prod: tuple[str, ...], *, is_plan: bool = False) -> Changes:
        """Return the facts about steps. `prod` has the names of the projects that the steps change in prod."""
        removing = {step.removes for step in steps}
        return cls(adds=False in removing, removes=True in removing, is_plan=is_plan, prod=prod)


class Questions(NamedTuple):
    """The questions to ask: whether to go on, and which project names the user must type."""

    to_go_on: bool = False
    project_names: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """Return the options that answer these questions."""
        return (*((YES,) if self.to_go_on else ()), *((ALLOW_PROD,) if self.project_names else ()))


def open_questions(changes: Changes, *, yes: bool = False, allow_prod: bool = False) -> Questions:
    """Return the questions to ask before these changes. Leave out questions that an option has answered.

    >>> open_questions(Changes(removes=True, prod=("Grants Portal",))).options
    ('--yes', '--allow-prod')
    >>> open_questions(Changes(adds=True)).options
    ()
    """
    if not (changes.adds or changes.removes):
        return Questions()
    return Questions(
        (changes.removes or changes.is_plan) and not yes,
        () if allow_prod else tuple(dict.fromkeys(changes.prod)),
    )


def confirm(
    changes: Changes,
    given: Given,
    preview: Callable[[], Sequence[str]] = tuple,
    is_unchanged: Callable[[], bool] | None = None,
) -> None:
    """Show who gains or loses what, and ask the questions that no option has answered.

    css shows removals even if css asks no question.

    Args:
        changes: the facts about what css is about to write.
        preview: returns sentences about who gains or loses what. It can send requests.
        is_unchanged: returns, after the answers, whether the state is still the same. By default, css calls `preview`
            again, and compares the sentences.

    Raises:
        StalePlan: when the state has changed since the preview. This command changed nothing.
        NotConfirmed: when the answer is no, or there is no terminal. Nothing was changed.
        click.Abort: when a question is not answered.
    """
    from ...errors import NotConfirmed, StalePlan

    questions = open_questions(changes, yes=given.yes, allow_prod=given.allow_prod)
    sentences = list(preview()) if questions.options or changes.removes else []
    for sentence in sentences:
        click.echo(shown(sentence), err=True)
    if not questions.options:
        return
    if not is_terminal("stdin"):
        what = ["remove access" if changes.removes else "carry out a plan"] if questions.to_go_on else []
        if questions.project_names:
            what.append(f"change prod of {', '.join(map(repr, questions.project_names))}")
        raise NotConfirmed(
            f"This would {' and '.join(what)}. There is no terminal to ask on, so nothing was changed. "
            f"If you want this, pass {' and '.join(questions.options)}."
        )
    if questions.to_go_on:
        with _naming_what_was_changed():
            if not click.confirm("Carry this out?", err=True):
                raise NotConfirmed("You answered no. Nothing was changed.")
    for name in questions.project_names:
        with _naming_what_was_changed():
            typed = click.prompt(f"This changes prod of {shown(name)!r}. To go on, type the project's name", err=True)
        if typed.strip() != name.strip():
            raise NotConfirmed(
                f"That is not the project's name, {shown(name)!r}. Nothing was changed. To write in prod without "
                f"typing it, pass {ALLOW_PROD}."
            )
    if not (list(preview()) == sentences if is_unchanged is None else is_unchanged()):
        raise StalePlan(
            "Somebody else changed the roles before you confirmed. Nothing was changed. Run the command again."
        )


@contextmanager
def _naming_what_was_changed() -> Iterator[None]:
    """If the user interrupts a question, raise `click.Abort` with the message that nothing was changed."""
    try:
        yield
    except click.Abort:
        raise click.Abort("Nothing was changed.") from None
