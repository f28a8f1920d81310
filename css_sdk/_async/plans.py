"""Make plans from what is read, check them against what is read again, and carry them out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from attrs import evolve, frozen

from .._service import arguments, identifiers, service_limits
from ..errors import Ambiguous, CssError, IncompleteSearch, NotFound, OutcomeUnknown, WrongProvider
from ..journal.entries import JournalRead
from ..models import UserLike
from ..people import identification
from ..people.identification import Unresolved
from ..people.identities import Person
from ..plan import planner, preconditions
from ..plan.checks import check_steps
from ..plan.dependencies import Dependencies
from ..plan.desired import Desired
from ..plan.impact import Impact
from ..plan.planner import Plan
from ..plan.preconditions import Guards
from ..plan.undo import notes_on_unknown_writes, roles_concerned, steps_done, undo_plan
from ..state import Place, PlaceState, StepResult
from .integrations import AsyncEnvironmentClient, AsyncIntegrationClient
from .observing import reading_listed_roles, with_members
from .people_finding import AsyncPeopleFinding
from .steps import AsyncStepRun

Integrations = Callable[[int | str], Awaitable[AsyncIntegrationClient]]
"""Finds an integration by id or name."""


async def make_plan(
    integration: Integrations, desired: Desired, *, prune: bool, providers: str | Iterable[str], width: int
) -> Plan:
    """Return the plan that leads from what is read to what is wanted; see `AsyncCss.plan`."""
    service_limits.check_width(width)
    environments: dict[tuple[str, str], AsyncEnvironmentClient] = {}
    for wanted in desired.places:
        environments[wanted.named] = (await integration(wanted.integration)).environment(wanted.environment)
    observed = {
        wanted.named: await environments[wanted.named].state(wanted.members_to_read, width=width)
        for wanted in desired.places
    }
    at = {observed[named].place: environment for named, environment in environments.items()}
    asked = [
        (observed[wanted.named].place, person)
        for wanted in desired.places
        for person in wanted.people
        if person.user is None
    ]
    found = await AsyncPeopleFinding(at, providers, width).find(asked)
    logins = arguments.known_providers(providers)
    people = {(place, person): _username_in(place, person, user, logins) for (place, person), user in found.items()}
    first = planner.plan(desired, observed, people, prune=prune)
    lacking = first.impact.unread if first.impact else {}
    if not lacking:
        return first
    # Everybody who has a role through others loses it as well, and is counted.
    for named, state in observed.items():
        names = lacking.get(state.place, ())
        observed[named] = await _with_members(environments[named], state, names, settled=False, width=width)
    return planner.plan(desired, observed, people, prune=prune)


async def make_undo_plan(integration: Integrations, journal: JournalRead, *, width: int) -> Plan:
    """Return the plan that undoes the writes of a journal; see `AsyncCss.undo_plan`."""
    service_limits.check_width(width)
    states: dict[Place, PlaceState] = {}
    environments: dict[Place, AsyncEnvironmentClient] = {}
    for place in dict.fromkeys(step.place for step in journal.steps):
        environment = environments[place] = (await integration(place.integration)).environment(place.environment)
        states[place] = await environment.state(roles_concerned(journal.steps, place), settled=True, width=width)
    first = _undo_plan(journal, states.values())
    lacking = first.impact.unread if first.impact else {}
    if not lacking:
        return first
    for place, names in lacking.items():
        states[place] = await _with_members(environments[place], states[place], names, settled=True, width=width)
    return _undo_plan(journal, states.values())


async def _with_members(
    environment: AsyncEnvironmentClient, state: PlaceState, names: Iterable[str], *, settled: bool, width: int
) -> PlaceState:
    with reading_listed_roles(state.place, state.project_name):
        return await with_members(environment.roles, state, names, settled=settled, width=width)


def _undo_plan(journal: JournalRead, states: Collection[PlaceState]) -> Plan:
    done = steps_done(journal.entries, states)
    found = undo_plan(done, states)
    return evolve(found, notes=(*found.notes, *notes_on_unknown_writes(journal.entries, done)))


def _username_in(place: Place, person: Person, user: UserLike | CssError, providers: Sequence[str]) -> str | Unresolved:
    """Return the username of a person in a place, or why there is none."""
    if not isinstance(user, CssError):
        return identifiers.username_of(user)
    state = "too many found" if isinstance(user, IncompleteSearch) else identification.state_of(person, user)
    if state == identification.FAILED:
        # A search that failed answers nothing: what depends on it cannot be planned.
        raise user
    if person.by == "guid" and person.provider is None and len(providers) == 1:
        person = evolve(person, provider=providers[0])
    candidates = user.candidates if isinstance(user, Ambiguous | WrongProvider) else ()
    return Unresolved(place, person, state, tuple(one.username for one in candidates))


@frozen
class AsyncPlanRun:
    """A plan that fits what was read again, ready to be carried out.

    Attributes:
        plan: with the steps that are still to be done, in their order.
        before: the states from which they are carried out.
    """

    plan: Plan
    before: dict[Place, PlaceState]
    environments: dict[Place, AsyncEnvironmentClient]

    async def carry_out(
        self, *, width: int, progress: Callable[[StepResult], object] | None = None
    ) -> list[StepResult]:
        """Carry out the steps, and return a result for each, in their order."""
        dependencies = Dependencies(self.plan.steps, self.before.values())
        roles = {place: environment.roles for place, environment in self.environments.items()}
        return await AsyncStepRun(roles, self.plan.steps, dependencies, width=width, progress=progress).carry_out()


async def check_plan(
    integration: Integrations, plan: Plan, guards: Guards, resume: JournalRead | None, width: int
) -> AsyncPlanRun:
    """Read every place of the plan again, and return the plan if it still fits; see `AsyncCss.apply_plan`."""
    service_limits.check_width(width)
    journaled, entries = (resume.steps, resume.entries) if resume is not None else ((), ())
    environments: dict[Place, AsyncEnvironmentClient] = {}
    for planned in plan.places:
        client = await integration(planned.place.integration)
        preconditions.check_project_name(planned, client.info.project_name)
        environments[planned.place] = client.environment(planned.place.environment)
    now: dict[Place, PlaceState] = {}
    planned_from: list[PlaceState] = []
    for planned in plan.places:
        chosen = preconditions.roles_to_read(planned, journaled)
        try:
            read = now[planned.place] = await environments[planned.place].state(chosen, settled=True, width=width)
        except (NotFound, OutcomeUnknown) as error:
            if isinstance(error, NotFound) and error.what != "role":
                raise
            # A role was renamed or deleted, or its members kept changing, while the place was read.
            raise preconditions.changed_since(planned, error) from error
        planned_from.append(preconditions.state_before(planned, read, entries))
    # What was simulated when the plan was made holds for the same steps and states, and for no others.
    known = plan.impact.first(len(plan.steps)) if plan.impact else None
    impact = known if known and known.fits(plan.steps, planned_from) else Impact.of(plan.steps, planned_from)
    check_steps(plan.steps, impact)
    guards.check(plan.steps, planned_from, leads_back=plan.leads_back, impact=impact)
    steps = preconditions.unfinished(guards.order(plan.steps, planned_from), now.values(), journaled)
    return AsyncPlanRun(evolve(plan, steps=steps), now, environments)
