"""Change roles, their children and members: preview, ask, carry out, report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from ..._text.suggestions import suggest
from .exit_codes import code_of_results
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
    """Return a step for each different name.

    If `parent` is given, the names are children of this role. Otherwise, the names are roles.
    """
    from ...state import Step

    place = dev.roles.place
    return [Step(kind, place, parent, name) if parent else Step(kind, place, name) for name in dict.fromkeys(names)]


def missing_role(name: str, dev: EnvironmentClient, existing: Iterable[str]) -> CssError:
    """Return the error for a change of a role that does not exist. The error suggests similar names."""
    from ...errors import NotFound

    sentence = f"There is no role {name!r} in {dev.roles.place}. Nothing was sent for this role."
    return suggest(NotFound(sentence, what="role", name=name), sorted(existing))


def ask(given: Given, dev: EnvironmentClient, steps: Iterable[Step], preview: Preview) -> None:
    """Show what changes, and ask for confirmation if necessary.

    Raises:
        NotConfirmed: when the answer is no, or there is no terminal. Nothing was changed.
        StalePlan: when the state has changed since the preview. Nothing was changed.
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
        preview: reads who gains or loses what, and returns sentences about it.
        done: the steps that need no change. css does not send them.
        refused: the steps that are not possible, each with its error. css does not send them.
        may_exist: whether a role also counts as created if somebody else created it a moment before.

    Raises:
        NotConfirmed: when the answer is no, or there is no terminal. Nothing was changed.
        StalePlan: when the state has changed since the preview. Nothing was changed.
        CssError: when this error prevented all changes.
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
        wanted: all members or children that the role must have.
        what: the word for `wanted`, for messages.
        setting: a function that takes the environment, and returns the function that sets the members or children.
        preview: returns sentences about who gains or loses what. It gets the environment, a plan, and people's names.

    Raises:
        EmptySet: when `wanted` is empty, and `--allow-empty` is not given. Nothing is sent.
        CssError: when the client method failed before any change.
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
    """Carry out steps, print the result of each step, and return the exit code.

    Args:
        steps: all steps. `run` can add steps before it carries out the first step.
        run: carries out the steps, and passes each result to the function that it gets.

    Raises:
        CssError: when `run` failed before the first result.
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
    return code_of_results(settled.values())
