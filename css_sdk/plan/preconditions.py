"""Check a plan before its first write, and find the steps that remain after it was carried out in part. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import evolve, field, frozen

from .._service import arguments, identifiers, service_limits
from .._text.words import counted
from ..errors import EmptySet, InvalidFile, InvalidRequest, LastMember, Refused, Remedy, StalePlan
from ..journal.entries import Entry, JournalRead
from ..settings import Settings
from ..state import Draft, Place, PlaceState, Step, StepResult, is_as_after, is_possible
from .impact import FollowedRole, Impact, followed_roles
from .ordering import ordered
from .planner import Plan, PlannedPlace, count_removals, emptied_roles
from .removal_limits import check_removals
from .step_words import in_words

_MAKE_AGAIN: Final = Remedy("Make the plan again.", "To make a new plan, run: css plan FILE --out PLAN.json")


@frozen
class Applied:
    """The result of applying a plan: a result for each step, and a plan of the remaining steps, if any."""

    results: tuple[StepResult, ...]
    remainder: Plan | None = None


def _role_names(given: str | Iterable[str]) -> tuple[str, ...]:
    return arguments.names(given, "role")


@frozen(kw_only=True)
class Guards:
    """Limit what a plan may remove, and decide whether it removes first.

    Args:
        max_removals: how many items may be removed from each collection, such as the members of a role. By default,
            this is a fifth of the collection, but at least 4 and at most 10.
        keep_last: the names of the roles that must not lose their last member.
        remove_first: remove before anything is added, so that nobody has the old and the new role at the same time.
        allow_empty: whether a plan may remove all roles of a place, or all members of a role that stays.
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
            steps: the steps of the plan.
            before: the states of their places before the steps.
            leads_back: whether the plan is an undo. An undo may leave sets empty, and the order of its steps is fixed.
            impact: the impact of these steps, if it was simulated already.
            users: usernames. Removals from the direct roles of each of these users are limited, too.

        Raises:
            Refused: a role of `keep_last` exists in no place of the plan, or `remove_first` is set for an undo.
            EmptySet: a place would end up without roles, or a role without members, although `allow_empty` is false
                and the plan is not an undo.
            TooManyRemovals: a collection would lose more than the limit allows.
            LastMember: a role of `keep_last` would lose its last member at some time, even if others are added later.
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
            names = " or ".join(map(repr, unknown))
            raise Refused(
                f"No place of the plan has a role {names}. css-sdk cannot check that a member is left. Nothing was "
                f"sent.",
                remedy=Remedy("Correct keep_last.", "Correct --keep-last."),
            )
        for what, removed, size in count_removals(impact or Impact.of(steps, states), users):
            check_removals(what, removed, size, self.max_removals)
        for place, role in emptied_roles(self.order(steps, states), states, self.keep_last):
            way_out = (
                " Without {}, css-sdk adds members before it removes any, and a member may be left."
                if self.remove_first
                else ""
            )
            raise LastMember(
                f"{place}: nobody would be left in the role {role!r}, which must keep a member. Nothing was sent.",
                remedy=Remedy(
                    f"Leave a member in the role, or leave the role out of keep_last.{way_out.format('remove_first')}",
                    f"Leave a member in the role, or leave out --keep-last for this role."
                    f"{way_out.format('--remove-first')}",
                ),
            )

    def order(self, steps: Sequence[Step], before: Iterable[PlaceState]) -> tuple[Step, ...]:
        """Return the steps in the order of carrying out. With `remove_first`, removals come first.

        Args:
            steps: the steps, in the order of the plan.
            before: the states of their places before the steps.
        """
        return ordered(steps, before, remove_first=True) if self.remove_first else tuple(steps)


def _left_empty(state: PlaceState, steps: Sequence[Step]) -> Iterator[str]:
    """Yield, in words, what would end up empty: the roles of the place, or the members of a role that stays."""
    there = [step for step in steps if step.place == state.place]
    if not any(step.removes for step in there):
        return
    after = state.after(there)
    beyond = state.out_of_reach.keys()
    if state.roles - beyond and not after.roles - beyond:
        yield f"{_all_of(len(state.roles - beyond), 'role')} of {state.place}"
    counts: Counter[FollowedRole] = Counter()
    names: dict[FollowedRole, str] = {}
    for step, role, _ in followed_roles(there, [state]):
        counts[role] += step.kind == "remove_member"
        names[role] = step.target if step.kind == "rename_role" else step.role
    for role, name in sorted(names.items(), key=lambda named: named[1]):
        if counts[role] and name in after.roles and not after.members.get(name):
            yield f"{_all_of(counts[role], 'member')} of the role {name!r} in {state.place}"


def _all_of(count: int, what: str) -> str:
    return f"the only {what}" if count == 1 else f"all {count} {what}s"


def check_complete(plan: Plan) -> None:
    """Refuse a plan that has a step in a place that was not read."""
    known = {one.place for one in plan.places}
    if unread := dict.fromkeys(str(step.place) for step in plan.steps if step.place not in known):
        raise InvalidRequest(
            f"This plan cannot be carried out: the state of {', and of '.join(unread)} was not read. Nothing was sent. "
            f"Pass a plan that css.plan(…) or css.undo_plan(…) returned."
        )


def check_sendable(steps: Iterable[Step]) -> None:
    """Refuse removals that no request can express. Run this check before the first write."""
    for step in steps:
        where = step.place.integration, step.place.environment
        if step.kind == "remove_member":
            service_limits.check_removable(*where, [step.role], identifiers.username_of(step.target))
        elif step.kind == "remove_composite":
            service_limits.check_separable(*where, step.role, [step.target])


def check_steps(steps: Sequence[Step], impact: Impact) -> None:
    """Refuse a plan whose steps do not fit the states that it was made from.

    `impact` belongs to these steps and states. The `people` of each step must be correct, too.
    """
    faults = [
        f"{one.place}: {in_words(one)}: {counted(true.people, 'person loses', 'people lose')} a role, but the plan "
        f"says {one.people:,}"
        for one, true in zip(steps, impact.counted, strict=True)
        if one.people != true.people
    ]
    for place, names in impact.unread.items():
        faults += [f"{place}: the members of {name!r} were not read" for name in sorted(names)]
    faults += find_impossible(steps, impact.states)
    if faults:
        raise InvalidFile(
            "The plan was changed after it was made. Nothing was sent. Make the plan again.", faults=faults
        )


def find_impossible(steps: Iterable[Step], before: Iterable[PlaceState]) -> Iterator[str]:
    """Yield a sentence for each step that changes nothing, or that changes a role that does not exist at that point.

    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}))
    >>> list(find_impossible([Step("create_role", state.place, "a")], [state]))
    ['#101 dev: create role a: this changes nothing, or changes something that does not exist']
    """
    drafts = {state.place: Draft(state) for state in before}
    for step in steps:
        draft = drafts[step.place]
        if not is_possible(step, draft):
            yield f"{step.place}: {in_words(step)}: this changes nothing, or changes something that does not exist"
        draft.carry_out(step)


def check_plan_id(plan: Plan, expected: str, command: str) -> None:
    """Refuse a plan that is not the approved one, because it could do something that nobody approved.

    `command` is the command that shows the plan.
    """
    if plan.id != expected:
        if plan.prunable and not plan.steps:
            review = "This plan only withholds removals. If the approved plan removes them, pass --prune."
        elif plan.steps or plan.states:
            review = f"Review this plan, and pass its id with --plan-id. To see this plan, run: {command}"
        else:
            review = "This plan has no changes. Pass the file of the approved plan."
        raise StalePlan(
            f"This is not the plan that was approved: its plan id is {plan.id}, not {expected}. The roles file or the "
            f"state of the service has changed since the approval, or this is a different plan. Nothing was sent.",
            remedy=Remedy("", review),
        )


def check_whose(plan: Plan, api_url: str, team_id: int | None) -> None:
    """Refuse a plan that was made for a different team or API address than the current one."""
    if plan.api_url != api_url:
        raise StalePlan(
            f"The plan was made for {plan.api_url}, but the current settings use {api_url}. Nothing was sent. Use the "
            f"settings with which the plan was made, or make the plan again."
        )
    if plan.team_id != (team_id or 0):
        whose = f"team {team_id}" if team_id else "no team"
        raise StalePlan(
            f"The plan was made for team {plan.team_id}, but the current credentials belong to {whose}. Nothing "
            f"was sent. Use the credentials with which the plan was made, or make the plan again."
        )


def check_whose_journal(journal: JournalRead, settings: Settings, plan: Plan | None = None) -> None:
    """Refuse a journal whose account, API address or plan differs from the current one.

    `plan` is the plan to continue, if there is one.
    """
    if (journal.client_id, journal.api_url) != (settings.client_id, settings.api_url):
        raise StalePlan(
            f"The journal belongs to the account {journal.client_id!r} at {journal.api_url}, but the current settings "
            f"use {settings.client_id!r} at {settings.api_url}. Nothing was sent. Use the settings of the journal's "
            f"account, or choose a journal of the current account."
        )
    if plan is not None and journal.plan not in (None, plan.id):
        raise StalePlan(
            f"The journal belongs to the plan {journal.plan}, but the plan to continue is {plan.id}. Nothing was sent. "
            f"Pass the journal of the plan to continue."
        )


def roles_to_read(planned: PlannedPlace, journaled: Iterable[Step]) -> frozenset[str]:
    """Return the roles whose members must be read again. Include all names that journaled steps gave to roles."""
    there = [step for step in journaled if step.place == planned.place]
    new = {step.target or step.role for step in there if step.kind in ("create_role", "rename_role")}
    return frozenset(planned.members_read) | new


def changed_since(planned: PlannedPlace, *, is_resumed: bool, while_reading: bool = False) -> StalePlan:
    """Return the error for a place that has changed after the plan was made.

    Args:
        is_resumed: whether the caller continues the plan already, so that the error must not advise this.
        while_reading: whether the place changed while css-sdk read it, so that its state is not known.
    """
    when = ": somebody changed its roles or members while css-sdk read them" if while_reading else ""
    return StalePlan(
        f"{planned.place} has changed after the plan was made{when}. Nothing was sent.",
        # The command line looks for a journal of the plan, and then shows how to continue.
        remedy=_MAKE_AGAIN
        if is_resumed
        else evolve(
            _MAKE_AGAIN, python=f"If this plan was interrupted, continue it with resume=. {_MAKE_AGAIN.python}"
        ),
    )


def check_project_name(planned: PlannedPlace, project_name: str) -> None:
    """Refuse a plan in which an integration has a different name than in the service.

    People confirm a plan by the project's name, so the name must be correct.
    """
    if planned.project_name != project_name:
        raise StalePlan(
            f"The plan calls #{planned.place.integration} {planned.project_name!r}, but the service calls it "
            f"{project_name!r}. Nothing was sent.",
            remedy=_MAKE_AGAIN,
        )


def reconstruct(planned: PlannedPlace, state: PlaceState, entries: Sequence[Entry]) -> tuple[PlaceState, list[Step]]:
    """Return the state that the plan was made from, and the journaled steps that were done, the last one first.

    Take back the journaled steps in a draft. Begin with the last step, because a later step may have reused a name that
    an earlier step freed. A step with an unknown outcome counts as done if the state shows its effect.

    Raises:
        StalePlan: the state has changed in a way that the journal does not explain.
    """
    draft = Draft(state)
    done: list[Step] = []
    for entry in reversed(entries):
        for step in reversed(entry.steps if entry.outcome != "failed" else ()):
            if step.place != planned.place:
                continue
            if is_as_after(step, draft):
                done.append(step)
            elif entry.outcome == "done":
                raise _not_as_left(planned, step)
            if step.kind == "create_role" and draft.members.get(step.role):
                # The loop has already removed the members that the journal added, so somebody else added these.
                raise changed_since(planned, is_resumed=True)
            draft.take_back(step)
    before = draft.state()
    if before.fingerprint != planned.fingerprint:
        raise changed_since(planned, is_resumed=bool(entries))
    return before, done


def _not_as_left(planned: PlannedPlace, step: Step) -> StalePlan:
    return StalePlan(
        f"{planned.place}: somebody has undone a step that the journal records as done: {in_words(step)}. "
        f"Nothing was sent.",
        remedy=_MAKE_AGAIN,
    )


def without(steps: Iterable[Step], done: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps that are not done yet. A step that appears twice must be done twice.

    >>> step = Step("create_role", Place(101, "dev"), "auditor")
    >>> without([step, step], [step]) == (step,)
    True
    """
    return tuple(step for step, is_done in _marked(steps, done) if not is_done)


def _marked(steps: Iterable[Step], done: Iterable[Step]) -> list[tuple[Step, bool]]:
    """Return each step, and whether it was done.

    If only some of several equal steps were done, the first ones count as done.
    """
    rest = Counter(done)
    marked = []
    for step in steps:
        marked.append((step, rest[step] > 0))
        rest[step] -= 1
    return marked


def _left(steps: Iterable[Step], done: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps that are not done yet, with the current names of the roles.

    A role can be renamed although an earlier step failed to add a person to it. To repeat the addition, css-sdk needs
    the new name.
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
    """Return a plan of the steps that remain, to continue when the cause of the failure is fixed.

    Return `None` if no steps remain. A step without a result counts as remaining. `before` has the states before the
    plan.
    """
    done = [result.step for result in results if result.outcome == "done"]
    left = _left(plan.steps, done)
    if not left:
        return None
    reached = {place: state.after(done) for place, state in before.items()}
    places = tuple(
        PlannedPlace.of(reached[one.place], one.unmanaged) if one.place in reached else one for one in plan.places
    )
    return evolve(plan, steps=Impact.of(left, reached.values()).counted, places=places)
