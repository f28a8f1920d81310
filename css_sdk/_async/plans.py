"""Read states and make plans from them. Read the states again, check the plans, and carry them out."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from attrs import evolve

from .._service import arguments, identifiers, service_limits
from .._version import __version__
from ..errors import Ambiguous, CssError, IncompleteSearch, NotFound, OutcomeUnknown, WrongProvider
from ..journal.entries import JournalRead
from ..models import UserLike
from ..people import identification
from ..people.identification import Unresolved
from ..people.identities import Person
from ..plan import planner, preconditions
from ..plan.dates import day_in
from ..plan.dependencies import Dependencies
from ..plan.desired import Desired, DesiredPlace
from ..plan.impact import Impact
from ..plan.planner import Plan
from ..plan.preconditions import Applied, Guards
from ..plan.selection import select_places
from ..plan.undo import notes_on_unknown_writes, roles_concerned, steps_done, undo_plan
from ..state import Place, PlaceState, Step, StepResult
from .callbacks import AsyncProgressCalls
from .integrations import AsyncEnvironmentClient, AsyncIntegrationClient
from .observing import reading_listed_roles, with_members
from .people_finding import AsyncPeopleFinding
from .steps import AsyncStepRun

if TYPE_CHECKING:
    from .client import AsyncCss


async def make_plan(
    css: AsyncCss,
    desired: Desired,
    *,
    prune: bool,
    integrations: int | str | Iterable[int | str] = (),
    environments: str | Iterable[str] = (),
    day: datetime.date | None = None,
    providers: str | Iterable[str],
    width: int,
) -> Plan:
    """Read the current state, and return the plan that leads to the desired state; see `AsyncCss.plan`."""
    arguments.check_kind(desired, Desired, "The desired state", "read_desired(text, name) returns one.")
    logins = arguments.known_providers(providers)
    service_limits.check_width(width)
    chosen = [(await css.integration(each)).info for each in arguments.integrations(integrations)]
    desired, left_out = select_places(desired, chosen, arguments.names(environments, "environment"))
    if desired.timezone is not None and desired.last_days:
        day = day_in(desired.timezone, datetime.datetime.now(datetime.UTC) if day is None else day)
    clients: dict[Place, AsyncEnvironmentClient] = {}
    states: dict[Place, PlaceState] = {}
    named: dict[tuple[str, str], Place] = {}
    wanted_there: dict[Place, list[DesiredPlace]] = {}
    for wanted in desired.places:
        environment = (await _integration_of(css, wanted, desired)).environment(wanted.environment)
        place = named[wanted.named] = environment.roles.place
        clients[place] = environment
        wanted_there.setdefault(place, []).append(wanted)
    for place, several in wanted_there.items():
        # If several entries of the file mean this place, the planner refuses the file later.
        roles = partial(_members_to_read, several)
        states[place] = await clients[place].state(roles, width=width)
    asked = [
        (named[wanted.named], person) for wanted in desired.places for person in wanted.people if person.user is None
    ]
    found = await AsyncPeopleFinding(css._wire, logins, width).find(asked)
    people = {(place, person): _username_in(place, person, user, logins) for (place, person), user in found.items()}

    def planned() -> Plan:
        observed = {name: states[place] for name, place in named.items()}
        return evolve(planner.plan(desired, observed, people, prune=prune, day=day), left_out=left_out)

    return await completed(css, await _with_impact(planned, clients, states, settled=False, width=width))


async def _integration_of(css: AsyncCss, wanted: DesiredPlace, desired: Desired) -> AsyncIntegrationClient:
    """Return the client of a place's integration. If it does not exist, note in the error which lines name it."""
    try:
        return await css.integration(wanted.integration)
    except NotFound as error:
        places = (place for place in desired.places if place.integration == wanted.integration)
        for where in dict.fromkeys(where for place in places for where in place.where):
            error.add_note(f"{where} names this integration.")
        raise


def _members_to_read(wanted: Iterable[DesiredPlace], existing: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(place.members_to_read(existing) for place in wanted))


async def make_undo_plan(css: AsyncCss, journal: JournalRead, *, width: int) -> Plan:
    """Read the current state, and return the plan that undoes the writes of a journal; see `AsyncCss.undo_plan`."""
    arguments.check_kind(journal, JournalRead, "The journal to undo", "read_journal(text, name) returns a journal.")
    preconditions.check_whose_journal(journal, css.settings)
    service_limits.check_width(width)
    states: dict[Place, PlaceState] = {}
    environments: dict[Place, AsyncEnvironmentClient] = {}
    for place in dict.fromkeys(step.place for step in journal.steps):
        environment = environments[place] = (await css.integration(place.integration)).environment(place.environment)
        states[place] = await environment.state(roles_concerned(journal.steps, place), settled=True, width=width)

    entries = [evolve(entry, steps=_named_anew(entry.steps, environments)) for entry in journal.entries]

    def planned() -> Plan:
        done = steps_done(entries, states.values())
        found = undo_plan(done, states.values())
        return evolve(found, notes=(*found.notes, *notes_on_unknown_writes(entries, done)))

    return await completed(css, await _with_impact(planned, environments, states, settled=True, width=width))


def _named_anew(steps: Iterable[Step], environments: Mapping[Place, AsyncEnvironmentClient]) -> tuple[Step, ...]:
    """Return the steps with the current project names. Names in a journal can be out of date or written by others."""
    places = {place: environment.roles.place for place, environment in environments.items()}
    return tuple(evolve(step, place=places.get(step.place, step.place)) for step in steps)


async def _with_impact(
    planned: Callable[[], Plan],
    environments: Mapping[Place, AsyncEnvironmentClient],
    states: dict[Place, PlaceState],
    *,
    settled: bool,
    width: int,
) -> Plan:
    """Return a plan that counts everybody who loses a role, also people who have it only through composite roles.

    If the first plan shows that this count needs the members of more roles, read these members and plan again.

    Args:
        planned: makes the plan from `states`.
        states: the states that were read, by place. This function adds the members that it reads.
    """
    made = planned()
    unread = made.impact.unread if made.impact else {}
    for place, names in unread.items():
        state = states[place]
        with reading_listed_roles(place):
            states[place] = await with_members(environments[place].roles, state, names, settled=settled, width=width)
    return planned() if unread else made


def _username_in(place: Place, person: Person, user: UserLike | CssError, providers: Sequence[str]) -> str | Unresolved:
    """Return the username of a person in a place, or an `Unresolved` that says why there is no username.

    If the search failed, raise its error, because nothing is known about the person and no plan can be made.

    Args:
        user: the user whom the search found, or the error of the search.
        providers: the providers that were searched if the person is named without a provider.
    """
    if not isinstance(user, CssError):
        return identifiers.username_of(user)
    state = "too many found" if isinstance(user, IncompleteSearch) else identification.state_of(person, user)
    if state == identification.FAILED:
        # If a search failed, nothing is known about the person, so no plan can be made.
        raise user
    if person.by == "guid" and person.provider is None and len(providers) == 1:
        person = evolve(person, provider=providers[0])
    candidates = user.candidates if isinstance(user, Ambiguous | WrongProvider) else ()
    return Unresolved(place, person, state, tuple(one.username for one in candidates))


async def completed(css: AsyncCss, plan: Plan) -> Plan:
    """Return the plan with the API address, the team, the version of css-sdk and the current time added."""
    await css.integrations()
    return evolve(
        plan,
        api_url=css.settings.api_url,
        team_id=css._wire.team or 0,
        version=__version__,
        created_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


class _Checked(NamedTuple):
    """A plan that has passed all checks before the first write.

    `steps` are the steps that are left, in the order of carrying out. `states` has the current state of each place.
    """

    plan: Plan
    steps: tuple[Step, ...]
    environments: Mapping[Place, AsyncEnvironmentClient]
    states: Mapping[Place, PlaceState]


async def apply_plan(
    css: AsyncCss,
    plan: Plan,
    guards: Guards | None,
    resume: JournalRead | None,
    *,
    width: int,
    progress: Callable[[StepResult], object] | None,
) -> Applied:
    """Read the places of a plan again. If nothing has changed, carry out the plan; see `AsyncCss.apply_plan`."""
    calls = AsyncProgressCalls(progress)
    plan, steps, environments, now = await check_plan(css, plan, guards, resume, width=width)
    roles = {place: environment.roles for place, environment in environments.items()}
    run = AsyncStepRun(
        roles, steps, Dependencies(steps, now.values()), are_not_done=True, width=width, progress=calls.note
    )
    results = await run.carry_out()
    return calls.ended(Applied(tuple(results), preconditions.remainder(evolve(plan, steps=steps), results, now)))


async def check_plan(
    css: AsyncCss, plan: Plan, guards: Guards | None, resume: JournalRead | None, *, width: int
) -> _Checked:
    """Read the places of a plan again, and raise the errors of `AsyncCss.apply_plan` before the first write."""
    guards = Guards() if guards is None else guards
    arguments.check_kind(plan, Plan, "The plan to apply", "css.plan(…) or read_plan(…) returns a plan.")
    arguments.check_kind(guards, Guards, "guards=")
    if resume is not None:
        arguments.check_kind(resume, JournalRead, "resume=", "read_journal(text, name) returns a journal.")
    preconditions.check_complete(plan)
    service_limits.check_width(width)
    if plan.dates is not None:
        plan.dates.check_day(day_in(plan.dates.timezone, datetime.datetime.now(datetime.UTC)))
    if not plan.api_url:
        plan = await completed(css, plan)
    await css.integrations()
    preconditions.check_whose(plan, css.settings.api_url, css._wire.team)
    if resume is not None:
        preconditions.check_whose_journal(resume, css.settings, plan)
    journaled, entries = (resume.steps, resume.entries) if resume is not None else ((), ())
    environments: dict[Place, AsyncEnvironmentClient] = {}
    for planned in plan.places:
        client = await css.integration(planned.place.integration)
        preconditions.check_project_name(planned, client.info.project_name)
        environments[planned.place] = client.environment(planned.place.environment)
    now: dict[Place, PlaceState] = {}
    planned_from: list[PlaceState] = []
    done: list[Step] = []
    for planned in plan.places:
        chosen = preconditions.roles_to_read(planned, journaled)
        try:
            read = now[planned.place] = await environments[planned.place].state(chosen, settled=True, width=width)
        except (NotFound, OutcomeUnknown) as error:
            if isinstance(error, NotFound) and error.what != "role":
                raise
            # A role was renamed or deleted, or its members kept changing, while the place was read.
            raise preconditions.changed_since(planned, is_resumed=resume is not None, while_reading=True) from error
        before, done_there = preconditions.reconstruct(planned, read, entries)
        planned_from.append(before)
        done += done_there
    # The impact was simulated when the plan was made. It is used only if the steps and states are still the same.
    impact = Impact.of(plan.steps, planned_from, plan.impact)
    preconditions.check_steps(plan.steps, impact)
    guards.check(plan.steps, planned_from, leads_back=plan.leads_back, impact=impact)
    steps = preconditions.without(guards.order(plan.steps, planned_from), done)
    return _Checked(plan, steps, environments, now)
