"""Find out who has a role, directly or through composite roles, and who loses it after a removal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import groupby

from attrs import evolve, frozen

from ..models import RoleTree, reachable
from ..state import Draft, Place, PlaceState, Step, out_of_reach, parents_of


def roles_leading_to(tree: RoleTree, role: str) -> frozenset[str]:
    """Return the role and all composite roles that contain it. Everybody who has one of these has the role.

    >>> tree = RoleTree((), {"boss": ("admin",), "admin": ("reader",)})
    >>> sorted(roles_leading_to(tree, "reader"))
    ['admin', 'boss', 'reader']
    """
    return _leading_to(parents_of(tree.children), role)


def people_having(children: Mapping[str, Iterable[str]], members: Mapping[str, Set[str]], role: str) -> frozenset[str]:
    """Return the usernames of the people who have a role, directly or through composite roles.

    >>> people_having({"admin": ["reader"]}, {"admin": {"ann"}, "reader": {"bob"}}, "reader") == {"ann", "bob"}
    True
    """
    return _members_of(_leading_to(parents_of(children), role), members)


def _members_of(roles: Iterable[str], members: Mapping[str, Set[str]]) -> frozenset[str]:
    return frozenset().union(*(members.get(name, ()) for name in roles))


def _leading_to(parents: Mapping[str, Set[str]], role: str) -> frozenset[str]:
    return reachable(parents, role) | {role}


@frozen
class FollowedRole:
    """One role in a sequence of steps. A rename of the role keeps this object.

    `name` is the name before all steps. If a step creates the role, `name` is the name in this step. `created` is then
    the index of this step.
    """

    place: Place
    name: str
    created: int | None = None


def followed_roles(
    steps: Sequence[Step], states: Iterable[PlaceState]
) -> Iterator[tuple[Step, FollowedRole, FollowedRole]]:
    """Yield each step, the role that the step changes, and the role that the step's target names.

    Use these roles to count the changes of each role. A count by name would count a renamed role as two roles. The
    third value has no meaning if the target of the step is a username.

    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}))
    >>> steps = [Step("rename_role", state.place, "a", "b"), Step("remove_member", state.place, "b", "0f3a@idir")]
    >>> [role.name for _, role, _ in followed_roles(steps, [state])]
    ['a', 'a']
    """
    known = {(state.place, name): FollowedRole(state.place, name) for state in states for name in state.roles}
    for number, step in enumerate(steps):
        place = step.place
        if step.kind == "create_role":
            known.setdefault((place, step.role), FollowedRole(place, step.role, number))
        role = known.get((place, step.role), FollowedRole(place, step.role))
        target = known.get((place, step.target), FollowedRole(place, step.target))
        if step.kind == "rename_role" and (place, step.role) in known:
            target = known[place, step.target] = known.pop((place, step.role))
        elif step.kind == "delete_role":
            known.pop((place, step.role), None)
        yield step, role, target


@frozen
class Loss:
    """The people who lose a role by one step.

    Attributes:
        number: the index of the step.
        place: the place of the role.
        role: the role that people lose, by its name at this step.
        members: the direct members of the role, if the step deletes it; otherwise nobody.
        others: the people who lose the role, and had it only through composite roles.
        leading: the role itself, and the composite roles that contained it before this step, directly or not.
            The set has the names that these roles had before the first step. It is empty if the previous step removed
            the same child, because the loss by that step has all these roles.
    """

    number: int
    place: Place
    role: str
    members: frozenset[str]
    others: frozenset[str]
    leading: frozenset[str]


@frozen
class Impact:
    """The people who lose roles by each step that deletes a role or removes a child.

    Functions pass this object on, so that they need not simulate the steps again.

    >>> held = {"all": frozenset({"0f3a@idir"}), "leaf": frozenset()}
    >>> state = PlaceState(Place(101, "dev"), "", frozenset(held), {"all": frozenset({"leaf"})}, held)
    >>> Impact.of([Step("delete_role", state.place, "leaf")], [state]).counted[0].people
    1
    """

    steps: tuple[Step, ...]
    states: tuple[PlaceState, ...]
    losses: tuple[Loss, ...]

    @classmethod
    def of(cls, steps: Iterable[Step], states: Iterable[PlaceState], known: Impact | None = None) -> Impact:
        """Simulate the steps, and return who loses which role by them.

        If `known` has the same states and begins with the same steps, use its losses instead of a simulation.
        """
        chosen, before = tuple(steps), tuple(states)
        if known is not None and known.steps[: len(chosen)] == chosen and known.states == before:
            return cls(chosen, before, tuple(loss for loss in known.losses if loss.number < len(chosen)))
        return cls(chosen, before, find_losses(chosen, before))

    @property
    def counted(self) -> tuple[Step, ...]:
        """Return the steps after counting the people who lose a role by each step.

        If a step deletes a role or removes a child, its `people` is this count. Other steps are unchanged.
        """
        numbers = {loss.number: len(loss.members) + len(loss.others) for loss in self.losses}
        return tuple(evolve(step, people=numbers[n]) if n in numbers else step for n, step in enumerate(self.steps))

    @property
    def unread(self) -> dict[Place, frozenset[str]]:
        """Return, for each place, the roles whose members must still be read to know who loses a role.

        Roles that no request can name are left out, because their members cannot be read.
        """
        needed: dict[Place, set[str]] = {}
        for loss in self.losses:
            needed.setdefault(loss.place, set()).update(loss.leading)
        known = {state.place: state for state in self.states}
        lacking = {place: (names & known[place].roles) - known[place].members.keys() for place, names in needed.items()}
        reachable = {place: frozenset(names - out_of_reach(place, names).keys()) for place, names in lacking.items()}
        return {place: names for place, names in reachable.items() if names}


def find_losses(steps: Sequence[Step], states: Iterable[PlaceState]) -> tuple[Loss, ...]:
    """Simulate the steps, and return a loss for each step that deletes a role or removes a child."""
    found = []
    places = {step.place for step in steps if step.kind in ("delete_role", "remove_composite")}
    drafts = {state.place: Draft(state) for state in states if state.place in places}
    at_first: dict[tuple[Place, str], str] = {}
    for (place, child), run in groupby(enumerate(steps), key=lambda numbered: _removed_child(numbered[1])):
        if (draft := drafts.get(place)) is None:
            continue
        if child:
            leading = frozenset(at_first.get((place, name), name) for name in _leading_to(draft.parents, child))
            for number, others in _without_child(draft, child, run):
                found.append(Loss(number, place, child, frozenset(), others, leading))
                leading = frozenset()
            continue
        for number, step in run:
            if step.kind == "delete_role":
                above = _leading_to(draft.parents, step.role)
                members = frozenset(draft.members.get(step.role, ()))
                others = _members_of(above, draft.members) - members
                leading = frozenset(at_first.get((place, name), name) for name in above)
                found.append(Loss(number, place, step.role, members, others, leading))
            draft.carry_out(step)
            if step.kind == "rename_role":
                at_first[place, step.target] = at_first.pop((place, step.role), step.role)
    return tuple(found)


def _removed_child(step: Step) -> tuple[Place, str]:
    """Return the place of a step, and the child that the step removes; "" if it removes no child."""
    return step.place, step.target if step.kind == "remove_composite" else ""


def _without_child(draft: Draft, child: str, run: Iterable[tuple[int, Step]]) -> list[tuple[int, frozenset[str]]]:
    """Carry out steps that remove one child from several roles. Return the index of each step, and who loses the child.

    Find the losses from the last step to the first. In this direction, each step only adds roles that lead to the
    child.
    """
    parents = []
    for number, step in run:
        parents.append((number, step.role if child in draft.children.get(step.role, ()) else None))
        draft.carry_out(step)
    leading = set(_leading_to(draft.parents, child))
    having = set(_members_of(leading, draft.members))
    losing = []
    for number, parent in reversed(parents):
        new = _leading_to(draft.parents, parent) - leading if parent is not None else frozenset[str]()
        others = _members_of(new, draft.members) - having
        leading |= new
        having |= others
        losing.append((number, others))
    return losing[::-1]
