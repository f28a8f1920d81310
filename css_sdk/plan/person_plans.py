"""Plan the removal of all roles of a person, or the copy of a person's roles to a second person. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from attrs import evolve, field, frozen

from .._service import identifiers, service_limits
from ..errors import Refused, UnusableName, refusal_of
from ..people.identities import Person
from ..people.logins import UnreadPlace
from ..state import PlaceState
from . import planner
from .desired import Desired, DesiredPlace, DesiredUser, Listed, Protection
from .diff import Unmanaged
from .planner import Plan, PlannedPlace


@frozen
class PersonPlan:
    """A plan for the roles of one person, and what it leaves out. `Css.apply_plan` carries out its `plan`.

    Attributes:
        plan: the steps, in all integrations and environments where there is something to do.
        logins: the usernames of the person whose roles are removed, or copied.
        incomplete: places that could not be read completely, or where the plan leaves roles out, each with the reason.
        same_address: the usernames of members who have this person's e-mail address, but a different GUID. The plan
            does not change their roles.
    """

    plan: Plan
    logins: tuple[str, ...]
    incomplete: tuple[UnreadPlace, ...] = ()
    same_address: tuple[str, ...] = field(default=(), repr=False)

    @property
    def requests(self) -> int:
        """Return the number of writes.

        Each removal is one write. All roles that a login gains in a place are one write.
        """
        gained = {(step.place, step.target) for step in self.plan.steps if not step.removes}
        return len(gained) + sum(step.removes for step in self.plan.steps)


def plan_removal(
    logins: Collection[str], states: Iterable[PlaceState], protect: Protection
) -> tuple[Plan, list[UnreadPlace]]:
    """Return the plan that removes all direct roles from the logins, and a reason for each role that must stay.

    A role stays if no request can remove it. The `logins` are usernames in lower case.

    >>> from css_sdk.state import Place
    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}), members={"a": frozenset({"0f@idir"})})
    >>> plan, left = plan_removal(["0f@idir"], [state], Protection())
    >>> [(step.kind, step.role, step.target) for step in plan.steps], left
    ([('remove_member', 'a', '0f@idir')], [])
    """
    wanted: list[DesiredPlace] = []
    observed: dict[tuple[str, str], PlaceState] = {}
    left: list[UnreadPlace] = []
    for state in states:
        users: list[DesiredUser] = []
        for login in sorted(logins):
            held = sorted(role for role, members in state.members.items() if login in members)
            refusals = {role: refusal for role in held if (refusal := _refusal(state, login, role))}
            left += [UnreadPlace(state.place, state.project_name, refusal) for refusal in refusals.values()]
            if len(refusals) < len(held):
                users.append(DesiredUser(Person("username", login), Listed(tuple(refusals), exact=True)))
        if users:
            name, environment = f"#{state.place.integration}", state.place.environment
            wanted.append(DesiredPlace(name, environment, users=tuple(users), only_existing=True))
            observed[name, environment] = state
    # If the name of a role cannot be put into a request, its members are not known. The plan leaves such roles out.
    known = {named: evolve(state, roles=frozenset(state.members)) for named, state in observed.items()}
    made = planner.plan(Desired(tuple(wanted), protect), known, {}, prune=True)
    return evolve(made, places=tuple(map(PlannedPlace.of, observed.values()))), left


def roles_to_copy(
    logins: Collection[str], states: Iterable[PlaceState], target: Person
) -> tuple[Desired, list[UnreadPlace]]:
    """Return the direct roles of the logins as roles of the target, and a reason for each role left out.

    If the target is named by username, or with a provider, the target gets the roles of all logins. Otherwise, each
    login of the target gets the roles of the copied login with the same provider.

    `states` must have all places. The `logins` are usernames in lower case.

    >>> from css_sdk.state import Place
    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}), members={"a": frozenset({"0f@idir"})})
    >>> desired, _ = roles_to_copy(["0f@idir"], [state], Person("email", "bo@example.com"))
    >>> [(user.person.provider, user.roles.items) for user in desired.places[0].users]
    [('idir', ('a',))]
    """
    places: list[DesiredPlace] = []
    left: list[UnreadPlace] = []
    for state in states:
        wanted: dict[Person, dict[str, None]] = {}
        refusals: dict[str, Refused] = {}
        for login in sorted(logins):
            provider = login.partition("@")[2] or None
            is_open = target.user is None and target.provider is None
            person = evolve(target, provider=provider) if is_open else target
            for role in sorted(role for role, members in state.members.items() if login in members):
                if refusal := _refusal_to_give(state, role):
                    refusals[role] = refusal
                else:
                    wanted.setdefault(person, {})[role] = None
        left += [UnreadPlace(state.place, state.project_name, refusal) for refusal in refusals.values()]
        if wanted:
            users = tuple(DesiredUser(person, Listed(tuple(roles))) for person, roles in wanted.items())
            places.append(DesiredPlace(f"#{state.place.integration}", state.place.environment, users=users))
    return Desired(tuple(places)), left


def without_unmanaged(plan: Plan) -> Plan:
    """Return the plan without the counts of unmanaged items, because a plan for one person needs no such counts."""
    return evolve(plan, places=tuple(evolve(one, unmanaged=Unmanaged()) for one in plan.places))


def _refusal_to_give(state: PlaceState, role: str) -> Refused | None:
    """Return why a role is not copied; `None` if requests can give the role, and remove it later."""
    if why := state.out_of_reach.get(role):
        return UnusableName(f"The role is not copied: {why.rstrip('.')}.")
    return refusal_of(service_limits.check_removable, state.place.integration, state.place.environment, [role])


def _refusal(state: PlaceState, login: str, role: str) -> Refused | None:
    """Return why no request can remove a role from a login; `None` if the removal is possible."""
    where = state.place.integration, state.place.environment
    return refusal_of(identifiers.username_of, login) or refusal_of(
        service_limits.check_removable, *where, [role], login
    )
