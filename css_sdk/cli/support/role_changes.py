"""Changes of roles and their children: preview, question, run and report, the same for each command."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal

from ..._text.suggestions import suggest
from . import records
from .changes import exit_code_of, prod_of
from .next_steps import suggest_roles
from .options import Given
from .output import print_results
from .questions import Changes, confirm

if TYPE_CHECKING:
    from ... import EnvironmentClient
    from ...errors import CssError
    from ...models import Outcome
    from ...plan.planner import Plan

_ALREADY: Final = {"add": "already a child", "remove": "is not a child", "create": "already exists"}
"""The state of a role or a child that needs no change, by action."""
_NO_NAMES: Final[Mapping[str, str]] = {}
_OF_MEMBERS: Final = ("grant", "revoke")

Settle = Callable[["RoleChange", "Outcome | Literal['skipped']", "CssError | None"], None]
"""A function that is called with a change, its outcome, and its error."""
Preview = Callable[[], Sequence[str]]
"""Reads who gains or loses what, and returns it in sentences."""


@dataclass(frozen=True)
class RoleChange:
    """A change of one role.

    Attributes:
        action: what is done, such as "create".
        role: the role.
        target: the new name of the role, or the child.
        call: makes the change. One call can make several changes together.
        refusal: the error if a read has shown that the change is not possible. Nothing is sent then.
        is_needed: whether there is anything to do.
    """

    action: str
    role: str
    target: str = ""
    call: Callable[[], object] | None = None
    refusal: CssError | None = None
    is_needed: bool = True


def missing_role(name: str, dev: EnvironmentClient, existing: Iterable[str]) -> CssError:
    """Return the error for a change of a role that does not exist."""
    from ...errors import NotFound

    sentence = f"There is no role {name!r} in {dev.roles.place}. Nothing was sent for it."
    return suggest(NotFound(sentence, what="role", name=name), sorted(existing))


def ask(given: Given, dev: EnvironmentClient, changes: Iterable[RoleChange], preview: Preview) -> None:
    """Show what changes, and ask for confirmation if necessary.

    Raises:
        NotConfirmed, StalePlan: as `confirm`. Nothing was changed.
    """
    to_do = {change.action in records.REMOVALS for change in changes if change.is_needed and not change.refusal}
    confirm(Changes(adds=False in to_do, removes=True in to_do, prod=prod_of(dev)), given.answers, preview)


def ask_and_make(given: Given, dev: EnvironmentClient, changes: Sequence[RoleChange], preview: Preview) -> int:
    """Ask, make the changes one call after the other, report each, and return the exit code."""
    ask(given, dev, changes, preview)
    return reported(given, dev, changes, partial(make_each, changes))


def reported(
    given: Given,
    dev: EnvironmentClient,
    changes: Collection[RoleChange],
    run: Callable[[Settle], object],
    names: Mapping[str, str] = _NO_NAMES,
) -> int:
    """Make changes, report each, and return the exit code.

    Args:
        given: the options.
        dev: the environment.
        changes: all changes. `run` may add changes before it makes the first one.
        run: makes the changes, and calls its argument with the outcome of each.
        names: of people, by username.

    Raises:
        CssError: what `run` raises, if it made no change.
    """
    from ...errors import CssError

    settled: dict[RoleChange, tuple[Outcome, CssError | None]] = {}
    interrupt = None
    try:
        run(lambda change, *result: settled.update({change: result}))
    except CssError:
        if not settled:
            raise
    except KeyboardInterrupt as stop:
        interrupt = stop
    else:
        suggest_roles((error for _, error in settled.values()), lambda: dev)
    _print_results(changes, settled, dev, names, given.as_json)
    if interrupt is not None:
        raise interrupt
    return exit_code_of(list(settled.values()))


def make_exact(
    given: Given,
    role: str,
    wanted: Collection[object],
    what: Literal["members", "children"],
    setting: Callable[[EnvironmentClient], Callable[..., object]],
    preview: Callable[[EnvironmentClient, Plan, Mapping[str, str]], Sequence[str]],
) -> int:
    """Make the members or the children of a role exactly as wanted, report each change, and return the exit code.

    Args:
        given: the options.
        role: the role.
        wanted: the members or children.
        what: which of the two.
        setting: returns the call of the facade that sets them in an environment.
        preview: returns sentences about who gains or loses what by a plan. It gets the environment, the plan, and the
            names of people by username.

    Raises:
        EmptySet: when `wanted` is empty, unless `--allow-empty` is given. Nothing is sent.
        CssError: what the call raises, if it made no change.
    """
    from ..._service.service_limits import check_not_emptied

    check_not_emptied(wanted, given.allow_empty, f"{what} of the role {role!r}")
    add, remove = ("grant", "revoke") if what == "members" else ("add", "remove")
    changes: dict[str, RoleChange] = {}
    names: dict[str, str] = {}

    def confirm(plan: Plan) -> None:
        for step in plan.steps:
            changes[step.target] = RoleChange(remove if step.removes else add, role, step.target)
        names.update(given.names_of(css, plan.people, plan.known))
        ask(given, dev, changes.values(), partial(preview, dev, plan, names))

    def run(settle: Settle) -> None:
        limits = {"allow_empty": given.allow_empty, "max_removals": given.max_removals}
        setting(dev)(
            **limits, confirm=confirm, progress=lambda one: settle(changes[one.step.target], one.outcome, one.error)
        )

    with given.client() as css, given.place_of(css) as dev:
        return reported(given, dev, changes.values(), run, names)


def make_each(changes: Iterable[RoleChange], settle: Settle) -> None:
    """Make changes one call after the other. A failure does not stop the next change.

    But after an `AuthenticationError`, all other changes fail with this error, and nothing is sent for them. After an
    interrupt, the call that has begun is finished first.

    Raises:
        NotConfirmed: when a call asks, and the answer is no.
    """
    from ..._http.concurrency import each
    from ...errors import AuthenticationError, CssError, NotConfirmed, OutcomeUnknown

    lost: list[CssError] = []

    def make(group: Sequence[RoleChange]) -> None:
        error = lost[0] if lost else group[0].refusal
        call = group[0].call
        try:
            if error is None and call is not None:
                call()
        except NotConfirmed:
            raise
        except CssError as failure:
            error = failure
            if isinstance(failure, AuthenticationError):
                lost.append(failure)
        outcome: Outcome = "done" if group[0].is_needed else "already"
        if error is not None:
            outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
        for change in group:
            settle(change, outcome, error)

    each(make, [list(group) for _, group in groupby(changes, key=lambda change: change.call or change)], 1)


def _print_results(
    changes: Collection[RoleChange],
    settled: Mapping[RoleChange, tuple[Outcome, CssError | None]],
    dev: EnvironmentClient,
    names: Mapping[str, str],
    as_json: bool,
) -> None:
    from ...errors import Skipped
    from ...people.identification import state_of
    from ...people.identities import Person

    place = records.of_client(dev)
    interrupted = "skipped", Skipped("css-sdk was interrupted before it sent this.")
    rows = []
    for change in changes:
        outcome, error = settled.get(change, interrupted)
        states = {
            "already": _ALREADY.get(change.action, ""),
            "failed": state_of(Person("username", change.target), error),
        }
        who = {"target": change.target}
        if change.action in _OF_MEMBERS:
            who = {"username": change.target, "name": names.get(change.target, "")}
        state = states.get(outcome, outcome)
        rows.append(records.of_change(state, change.action, place, change.role, **who, error=error))
    print_results(
        rows,
        as_json,
        states=[row["state"] for row in rows],
        errors=[error for _, error in settled.values()],
    )
