"""Guards and checks before the first write of a plan, and what is left of the plan afterwards. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve, field, frozen

from .._service import arguments
from ..errors import CssError, EmptySet, InvalidRequest, LastMember, Refused, Remedy, StalePlan
from ..journal.entries import Entry, JournalRead
from ..settings import Settings
from ..state import Draft, Place, PlaceState, Step, StepResult, is_as_after
from .checks import find_repeated
from .impact import FollowedRole, Impact, followed_roles
from .ordering import ordered
from .planner import Plan, PlannedPlace, count_removals, emptied_roles
from .removal_limits import check_removals


@frozen
class Applied:
    """The result of applying a plan: a result for each step, and a plan of the remaining steps, if any."""

    results: tuple[StepResult, ...]
    remainder: Plan | None = None


def _role_names(given: str | Iterable[str]) -> tuple[str, ...]:
    return arguments.names(given, "role")


@frozen(kw_only=True)
class Guards:
    """How much a plan may remove.

    Args:
        max_removals: how many may be removed from each set. The default is a fifth, but at least 4 and at most 10.
        keep_last: the roles that must not be left without a member.
        remove_first: remove before anything is added, if nobody may have the old and the new role at the same time.
        allow_empty: whether all roles of a place, or all members of a role that stays, may be removed.
    """

    max_removals: int | None = None
    keep_last: tuple[str, ...] = field(default=(), converter=_role_names)
    remove_first: bool = False
    allow_empty: bool = True

    def check(
        self,
        steps: Sequence[Step],
        before: Iterable[PlaceState],
        *,
        leads_back: bool = False,
        impact: Impact | None = None,
        users: Iterable[str] = (),
    ) -> None:
        """Refuse a plan that would remove too much.

        Args:
            steps: of the plan.
            before: the states of their places.
            leads_back: whether the plan undoes what was done: it may leave nothing, and keeps its own order.
            impact: of these steps, if it was simulated already.
            users: the usernames of those whose roles are a collection too.

        Raises:
            Refused: when no place has a role of `keep_last`, or `remove_first` is set for an undo.
            EmptySet: when a place would end up without roles, or a role without members.
            TooManyRemovals: when a collection would lose more than the limit allows.
            LastMember: when a role of `keep_last` would have no member at some time, even if others are added later.
        """
        states = list(before)
        if self.remove_first and leads_back:
            raise Refused(
                "The order of a plan that undoes changes is fixed. Nothing was sent.",
                remedy=Remedy("Leave out remove_first.", "Leave out --remove-first."),
            )
        left_empty = [what for state in states for what in _left_empty(state, steps)]
        if left_empty and not (self.allow_empty or leads_back):
            raise EmptySet(
                f"Everything would be removed: {', and '.join(left_empty)}. Nothing was sent.",
                remedy=Remedy("If you want this, pass allow_empty=True.", "If you want this, pass --allow-empty."),
            )
        known = {name for state in states if self.keep_last for name in state.roles | state.after(steps).roles}
        if unknown := [name for name in self.keep_last if name not in known]:
            names = ", ".join(map(repr, unknown))
            raise Refused(f"No place of the plan has a role {names}, which must keep a member. Nothing was sent.")
        for what, removed, size in count_removals(impact or Impact.of(steps, states), users):
            check_removals(what, removed, size, self.max_removals)
        for place, role in emptied_roles(self.order(steps, states), states, self.keep_last):
            way_out = " If css-sdk adds first, somebody may stay in it." if self.remove_first else ""
            raise LastMember(
                f"{place}: nobody would be left in the role {role!r}, which must keep a member. Nothing was sent."
                f"{way_out}",
                remedy=Remedy(
                    "Leave a member in it, or leave it out of keep_last.",
                    "Leave a member in it, or leave out --keep-last for it.",
                ),
            )

    def order(self, steps: Sequence[Step], before: Iterable[PlaceState]) -> tuple[Step, ...]:
        """Return the steps in the order in which they are to be carried out.

        Args:
            steps: of the plan, in its own order.
            before: the states of their places.
        """
        return ordered(steps, before, remove_first=True) if self.remove_first else tuple(steps)


def _left_empty(state: PlaceState, steps: Sequence[Step]) -> Iterator[str]:
    """Yield what would end up empty: the roles of the place, or the members of a role that stays."""
    there = [step for step in steps if step.place == state.place]
    if not any(step.removes for step in there):
        return
    after = state.after(there)
    beyond = state.out_of_reach.keys()
    if state.roles - beyond and not after.roles - beyond:
        yield f"{_all_of(len(state.roles - beyond), 'role')} of {state.project_name!r} ({state.place})"
    counts: Counter[FollowedRole] = Counter()
    names: dict[FollowedRole, str] = {}
    for step, role, _ in followed_roles(there, [state]):
        counts[role] += step.kind == "remove_member"
        names[role] = step.target if step.kind == "rename_role" else step.role
    for role, name in sorted(names.items(), key=lambda named: named[1]):
        if counts[role] and name in after.roles and not after.members.get(name):
            yield f"{_all_of(counts[role], 'member')} of the role {name!r} ({state.place})"


def _all_of(count: int, what: str) -> str:
    return f"the only {what}" if count == 1 else f"all {count} {what}s"


USUAL_GUARDS: Final = Guards()


def check_complete(plan: Plan) -> None:
    """Refuse a plan that names a step twice, or a place of which nothing was read.

    Raises:
        InvalidRequest: when it does. Nothing is sent.
    """
    known = {one.place for one in plan.places}
    unread = dict.fromkeys(step.place for step in plan.steps if step.place not in known)
    if faults := [*(f"nothing was read of {place}" for place in unread), *find_repeated(plan.steps)]:
        raise InvalidRequest(f"This plan cannot be carried out: {', and '.join(faults)}. Nothing was sent.")


def check_plan_id(plan: Plan, expected: str) -> None:
    """Refuse a plan that is not the one that was approved.

    Args:
        plan: as it was made now, or read from a file.
        expected: the plan id that was approved.

    Raises:
        StalePlan: when its id is another one. What was approved is not what would be done, as with a plan that other
            changes overtook.
    """
    if plan.id != expected:
        raise StalePlan(
            f"This is not the plan that was approved: its plan id is {plan.id}, not {expected}. The roles file or the "
            f"state of the service has changed since the approval, or this is another plan. Nothing was sent. Review "
            f"this plan, and pass its id (--plan-id)."
        )


def check_whose(plan: Plan, api_url: str, team_id: int | None) -> None:
    """Refuse a plan that was made for another team or another address.

    Raises:
        StalePlan: when it was.
    """
    if plan.api_url != api_url:
        raise StalePlan(f"The plan was made for {plan.api_url}, and this is {api_url}. Nothing was sent.")
    if plan.team_id != (team_id or 0):
        raise StalePlan(f"The plan was made for team {plan.team_id}, and this is team {team_id}. Nothing was sent.")


def check_whose_journal(journal: JournalRead, settings: Settings, plan: Plan | None = None) -> None:
    """Refuse a journal of another account or another address, or one that names another plan.

    Args:
        journal: as it was read.
        settings: of this account.
        plan: the one that is continued.

    Raises:
        StalePlan: when it is.
    """
    if (journal.client_id, journal.api_url) != (settings.client_id, settings.api_url):
        raise StalePlan(
            f"The journal belongs to the account {journal.client_id!r} at {journal.api_url}, and this is "
            f"{settings.client_id!r} at {settings.api_url}. Nothing was sent."
        )
    if plan is not None and journal.plan not in (None, plan.id):
        raise StalePlan("The journal belongs to another plan, so this plan cannot continue it. Nothing was sent.")


def roles_to_read(planned: PlannedPlace, journaled: Iterable[Step]) -> frozenset[str]:
    """Return the roles whose members have to be read again, under the names that they may have by now."""
    names = set(planned.members_read)
    for step in journaled:
        if step.place == planned.place and step.kind == "create_role":
            names.add(step.role)
        elif step.place == planned.place and step.kind == "rename_role":
            names.add(step.target)
    return frozenset(names)


def changed_since(planned: PlannedPlace, error: CssError | None = None) -> StalePlan:
    """Return the error for a place that has changed after the plan was made.

    Args:
        planned: the place.
        error: that has shown this, if one has.
    """
    reason = f" ({error})" if error else ""
    return StalePlan(
        f"{planned.project_name} ({planned.place}) has changed after the plan was made{reason}. Nothing was sent. "
        f"Make the plan again. If the plan was interrupted, continue it with its journal (--resume)."
    )


def check_project_name(planned: PlannedPlace, project_name: str) -> None:
    """Refuse a plan that gives an integration another name than the service does.

    People confirm a plan by the project's name, so it has to be the right one.

    Args:
        planned: the place as the plan knows it.
        project_name: what the service calls the integration.

    Raises:
        StalePlan: when the names differ.
    """
    if planned.project_name != project_name:
        raise StalePlan(
            f"The plan calls #{planned.place.integration} {planned.project_name!r}, and the service calls it "
            f"{project_name!r}. Nothing was sent. Make the plan again."
        )


def state_before(planned: PlannedPlace, state: PlaceState, entries: Sequence[Entry]) -> PlaceState:
    """Return the state that the plan was made from, if nothing but the steps of its journal has changed it.

    Confirmed steps must still be visible; steps whose outcome is unknown may have been done or not.

    Args:
        planned: the place as the plan knows it.
        state: as it was read now.
        entries: of the plan's own journal.

    Raises:
        StalePlan: when something else has changed.
    """
    draft = Draft(state)
    for entry in reversed(entries):
        for step in reversed(entry.steps if entry.outcome != "failed" else ()):
            if step.place != planned.place:
                continue
            if entry.outcome == "confirmed" and not is_as_after(step, draft):
                raise _not_as_left(planned, step)
            if step.kind == "create_role" and draft.members.get(step.role):
                # Members whom steps of the journal added were removed above; these are others.
                raise changed_since(planned)
            draft.take_back(step)
    before = draft.state()
    if before.fingerprint != planned.fingerprint:
        raise changed_since(planned)
    return before


def _not_as_left(planned: PlannedPlace, step: Step) -> StalePlan:
    what = " ".join(filter(None, (step.kind, repr(step.role), step.target)))
    return StalePlan(
        f"{planned.project_name} ({planned.place}): the journal records {what} as done, but somebody has changed this "
        f"since. Nothing was sent. Make the plan again."
    )


def unfinished(steps: Iterable[Step], now: Iterable[PlaceState], journaled: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps that are not done yet.

    Whether a step of the journal was done is looked up in the state right after it: later steps, which may have taken a
    name that it freed, are undone first.

    Args:
        steps: of a plan.
        now: the states of its places.
        journaled: the steps of the plan's own journal, in their order.
    """
    drafts = {state.place: Draft(state) for state in now}
    done: list[Step] = []
    for step in reversed(journaled):
        if step.place in drafts:
            draft = drafts[step.place]
            if is_as_after(step, draft):
                done.append(step)
            draft.take_back(step)
    return without(steps, done)


def without(steps: Iterable[Step], done: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps that are still to be done; a step that appears twice has to be done twice.

    >>> step = Step("create_role", Place(101, "dev"), "auditor")
    >>> without([step, step], [step]) == (step,)
    True
    """
    return tuple(step for step, is_done in _marked(steps, done) if not is_done)


def _marked(steps: Iterable[Step], done: Iterable[Step]) -> list[tuple[Step, bool]]:
    """Return the steps, and whether each was done."""
    rest = Counter(done)
    marked = []
    for step in steps:
        marked.append((step, rest[step] > 0))
        rest[step] -= 1
    return marked


def _left(steps: Iterable[Step], done: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps that are still to be done, with the names that roles have by now.

    A person whom the service does not know blocks no renaming, so the role that they were to get has a new name then.
    """
    names: dict[tuple[Place, str], str] = {}
    left = []
    for step, is_done in reversed(_marked(steps, done)):
        place = step.place
        if not is_done:
            role, target = names.get((place, step.role), step.role), names.get((place, step.target), step.target)
            left.append(evolve(step, role=role, target=step.target if step.changes_member else target))
        elif step.kind == "rename_role":
            names[place, step.role] = names.pop((place, step.target), step.target)
        elif step.kind == "create_role":
            names.pop((place, step.role), None)
    return tuple(reversed(left))


def remainder(plan: Plan, results: Iterable[StepResult], before: Mapping[Place, PlaceState]) -> Plan | None:
    """Return a plan of what is left, to be carried out when the obstacle is gone; None if nothing is left.

    Args:
        plan: with the steps that were to be done.
        results: of its steps; those without one were not attempted.
        before: the states from which it was carried out.
    """
    done = [result.step for result in results if result.outcome == "confirmed"]
    left = _left(plan.steps, done)
    if not left:
        return None
    reached = {place: state.after(done) for place, state in before.items()}
    places = tuple(
        PlannedPlace.of(reached[one.place], one.unmanaged) if one.place in reached else one for one in plan.places
    )
    return evolve(plan, steps=Impact.of(left, reached.values()).counted, places=places)
