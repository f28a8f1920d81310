"""Change roles, their children and members, the same way for each command: preview, ask, carry out, report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from ..._text.suggestions import suggest
from .changes import exit_code_of
from .next_steps import suggest_roles
from .options import Given
from .outcomes import after_an_interrupt, print_step_results
from .questions import Changes, confirm

if TYPE_CHECKING:
    from ... import EnvironmentClient
    from ...errors import CssError
    from ...plan.planner import Plan
    from ...state import Step, StepKind, StepResult

_NO_NAMES: Final[Mapping[str, str]] = {}
_NO_ERRORS: Final[Mapping[Step, CssError]] = {}

Settle = Callable[["StepResult"], object]
"""A function that is called with the result of each step."""
Preview = Callable[[], Sequence[str]]
"""A function that reads who gains or loses what, and returns sentences about it."""


def steps_of(dev: EnvironmentClient, kind: StepKind, names: Iterable[str], parent: str = "") -> list[Step]:
    """Return a step for each name. Leave out repeated names.

    If `parent` is given, the names are children of `parent`. Otherwise, they are roles.
    """
    from ...state import Step

    place = dev.roles.place
    return [Step(kind, place, parent, name) if parent else Step(kind, place, name) for name in dict.fromkeys(names)]


def missing_role(name: str, dev: EnvironmentClient, existing: Iterable[str]) -> CssError:
    """Return the error for a change of a role that does not exist, with similar names among the existing roles."""
    from ...errors import NotFound

    sentence = f"There is no role {name!r} in {dev.roles.place}. Nothing was sent for it."
    return suggest(NotFound(sentence, what="role", name=name), sorted(existing))


def ask(given: Given, dev: EnvironmentClient, steps: Iterable[Step], preview: Preview) -> None:
    """Show what changes, and ask for confirmation if necessary.

    Raises:
        NotConfirmed: when the answer is no, or nobody can be asked. Nothing was changed.
        StalePlan: when the preview has changed since the question. Nothing was changed.
    """
    prod = (dev.integration.project_name,) if dev.name == "prod" else ()
    confirm(Changes.of(steps, prod), given, preview)


def ask_and_make(
    given: Given,
    dev: EnvironmentClient,
    steps: Sequence[Step],
    preview: Preview,
    *,
    done: Collection[Step] = (),
    refused: Mapping[Step, CssError] = _NO_ERRORS,
    may_exist: bool = False,
) -> int:
    """Ask for confirmation, carry out steps one after the other, print all results, and return the exit code.

    Args:
        given: the options.
        dev: the environment.
        steps: all steps, of one kind.
        preview: reads who gains or loses what, and returns sentences about it.
        done: the steps that need no change. css sends nothing for them.
        refused: the steps that are not possible, each with its error. css sends nothing for them.
        may_exist: whether a role that somebody else has just created counts as created.

    Raises:
        NotConfirmed: when the answer is no, or nobody can be asked. Nothing was changed.
        StalePlan: when the preview has changed since the question. Nothing was changed.
        CssError: when nothing could be changed because of this error.
    """
    from ..._sync.steps import StepRun
    from ...state import StepResult

    to_do = [step for step in steps if step not in done and step not in refused]
    ask(given, dev, to_do, preview)

    def run(settle: Settle) -> None:
        for step in done:
            settle(StepResult(step, "already"))
        for step, error in refused.items():
            settle(StepResult(step, "failed", error))
        StepRun({dev.roles.place: dev.roles}, to_do, may_exist=may_exist, width=1, progress=settle).carry_out()

    return reported(given, dev, steps, run)


def make_exact(
    given: Given,
    role: str,
    wanted: Collection[object],
    what: Literal["members", "children"],
    setting: Callable[[EnvironmentClient], Callable[..., object]],
    preview: Callable[[EnvironmentClient, Plan, Mapping[str, str]], Sequence[str]],
) -> int:
    """Set exactly these members or children of a role, print the result of each change, and return the exit code.

    Args:
        given: the options.
        role: the role.
        wanted: all members or children that the role must have.
        what: the word for `wanted`, for messages.
        setting: gets the environment, and returns the method of the facade that sets the members or children.
        preview: gets the environment, a plan, and the names of people by username. It returns sentences about who
            gains or loses what by the plan.

    Raises:
        EmptySet: when `wanted` is empty, unless `--allow-empty` is given. Nothing is sent.
        CssError: when the method of the facade failed with this error before any change.
    """
    from ..._service.service_limits import check_not_emptied

    check_not_emptied(wanted, given.allow_empty, f"{what} of the role {role!r}")
    steps: list[Step] = []
    names: dict[str, str] = {}

    def confirm(plan: Plan) -> None:
        steps.extend(plan.steps)
        names.update(given.names_of(css, plan.people, plan.known))
        ask(given, dev, plan.steps, partial(preview, dev, plan, names))

    def run(settle: Settle) -> None:
        limits = {"allow_empty": given.allow_empty, "max_removals": given.max_removals}
        setting(dev)(**limits, confirm=confirm, progress=settle)

    with given.client() as css, given.place_of(css) as dev:
        return reported(given, dev, steps, run, names)


def reported(
    given: Given,
    dev: EnvironmentClient,
    steps: Sequence[Step],
    run: Callable[[Settle], object],
    names: Mapping[str, str] = _NO_NAMES,
) -> int:
    """Carry out steps, print the result of each, and return the exit code.

    Args:
        given: the options.
        dev: the environment.
        steps: all steps. `run` may add steps before it carries out the first one.
        run: carries out the steps. It gets a function, and calls this function with the result of each step.
        names: the names of people, by username.

    Raises:
        CssError: when `run` failed with this error before the first result.
        KeyboardInterrupt: after an interrupt. css prints the results first.
    """
    from ...errors import CssError

    settled: dict[Step, StepResult] = {}
    interrupt = None
    try:
        run(lambda result: settled.update({result.step: result}))
    except CssError:
        if not settled:
            raise
    except KeyboardInterrupt as stop:
        interrupt = stop
    else:
        suggest_roles((result.error for result in settled.values()), lambda: dev)
    print_step_results(after_an_interrupt(steps, settled, ()), names, given.as_json, with_done=True)
    if interrupt is not None:
        raise interrupt
    return exit_code_of(settled.values())
