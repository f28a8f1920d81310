"""Describe the state of an environment: its roles, their children and members, and steps that change it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeGuard, get_args

from attrs import evolve, field, frozen

from ._service import identifiers, service_limits
from ._text.escaping import hidden_in, with_codes
from ._text.tables import Record, Records
from .errors import CssError, refusal_of
from .models import Outcome, Role, RoleTree, User

StepKind = Literal[
    "create_role",
    "rename_role",
    "add_composite",
    "add_member",
    "remove_member",
    "remove_composite",
    "delete_role",
]
"""The kinds of steps, in the order in which a plan usually carries them out."""

STEP_KINDS: Final[tuple[StepKind, ...]] = get_args(StepKind)
_OPPOSITE: Final[Mapping[StepKind, StepKind]] = {
    "create_role": "delete_role",
    "delete_role": "create_role",
    "add_composite": "remove_composite",
    "remove_composite": "add_composite",
    "add_member": "remove_member",
    "remove_member": "add_member",
}
_WITHOUT_TARGET: Final = ("create_role", "delete_role")


@frozen(order=True)
class Place(Record):
    """One environment of one integration, by the integration's id.

    `project_name` is only for texts. It is empty if the name is not known. Two places are equal even if this name
    differs.

    >>> print(Place(101, "dev", "Grants Portal"), "and", Place(101, "dev"))
    Grants Portal (#101) dev and #101 dev
    """

    integration: int
    environment: str
    project_name: str = field(default="", eq=False, repr=False)

    @property
    def path(self) -> dict[str, Any]:
        """Return this place as arguments for functions of the generated client."""
        return {"integration_id": self.integration, "environment": self.environment}

    def __str__(self) -> str:
        integration = f"{self.project_name} (#{self.integration})" if self.project_name else f"#{self.integration}"
        return f"{integration} {self.environment}"


@frozen
class Step(Record):
    """One change of one role.

    `target` is the new name of a renamed role, the child of a composite, or the username of a member. It is empty for a
    role that is created or deleted. The meaning of `people` depends on the kind of the step:

    - 1 if the step adds or removes a member
    - the number of direct members of the role if it renames the role, or adds a child to it
    - the number of people who lose a role if it removes a child or deletes a role
    - 0 if it creates a role
    """

    kind: StepKind
    place: Place
    role: str
    target: str = ""
    people: int = field(default=0, eq=False)

    @property
    def removes(self) -> bool:
        """Return whether the step removes a member, a child or a role."""
        return self.kind in ("remove_member", "remove_composite", "delete_role")

    @property
    def changes_member(self) -> bool:
        """Return whether the step adds or removes a member, so that its target is a username."""
        return self.kind in ("add_member", "remove_member")

    @property
    def changes_role(self) -> bool:
        """Return whether the step creates, renames or deletes a role."""
        return self.kind in ("create_role", "rename_role", "delete_role")

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the roles that the step names: its role, and its target if the target is a child or a new name."""
        return (self.role,) if self.changes_member or not self.target else (self.role, self.target)

    @property
    def opposite(self) -> Step:
        """Return the step that reverses this step.

        The opposite of `delete_role` only creates the role again. It does not restore the members and composite links
        that the service removed with the role.
        """
        if self.kind == "rename_role":
            return evolve(self, role=self.target, target=self.role)
        return evolve(self, kind=_OPPOSITE[self.kind])

    def as_record(self) -> dict[str, Any]:
        """Return the step in the form of JSON, for plans and journals."""
        return {
            "step": self.kind,
            "integration": self.place.integration,
            "environment": self.place.environment,
            "role": self.role,
            **({"target": self.target} if self.target else {}),
            **({"people": self.people} if self.people else {}),
        }

    @classmethod
    def from_record(cls, record: object) -> Step:
        """Return the step of a record that `as_record` returned.

        Raises:
            ValueError: the record is not valid; the message says why.
        """
        if not isinstance(record, dict):
            raise ValueError("a step must be an object")
        unknown = sorted(map(str, record.keys() - {"step", "integration", "environment", "role", "target", "people"}))
        if unknown:
            raise ValueError(f"a step has unknown keys: {', '.join(unknown)}")
        kind = next((known for known in STEP_KINDS if known == record.get("step")), None)
        if kind is None:
            raise ValueError(f"{record.get('step')!r} is not a kind of step")
        integration, people = record.get("integration"), record.get("people", 0)
        if not _is_count(integration) or not _is_count(people):
            raise ValueError("the keys integration and people must be whole numbers")
        texts = {key: record.get(key, "") for key in ("environment", "role", "target")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise ValueError("environment, role and target must be texts")
        if not texts["environment"] or not texts["role"] or bool(texts["target"]) == (kind in _WITHOUT_TARGET):
            needed = (
                "environment and role, but no target" if kind in _WITHOUT_TARGET else "environment, role and target"
            )
            raise ValueError(f"a step {kind} must have {needed}")
        return cls(kind, Place(integration, texts["environment"]), texts["role"], texts["target"], people)


_LONGEST_QUESTION: Final = "/users?page=99999&max=50"
"""The longest text that follows the name of a role in the path and query of a request."""


def check_addressable(place: Place, role: str) -> None:
    """Refuse a role whose name no request can contain, such as `..`. Such a role can exist in the service."""
    path = f"/integrations/{place.integration}/{place.environment}/roles/{identifiers.role_in_path(role)}"
    service_limits.check_length(path + _LONGEST_QUESTION, f"A request about the role {role!r} would be too long")


def out_of_reach(place: Place, roles: Iterable[str]) -> dict[str, str]:
    """Return the roles whose names no request can contain, each with the reason.

    css-sdk never reads, changes or deletes these roles.

    >>> list(out_of_reach(Place(101, "dev"), ["reviewer", ".."]))
    ['..']
    """
    refusals = {name: refusal_of(check_addressable, place, name) for name in sorted(roles)}
    return {name: str(refusal) for name, refusal in refusals.items() if refusal is not None}


def _why_no_file_names(role: str) -> str:
    """Return why a roles file cannot contain the name of an existing role; an empty text if it can."""
    if hidden := hidden_in(role):
        return f"no roles file can name {with_codes(role)!r}, which has the invisible characters {with_codes(hidden)}"
    return "" if role == role.strip() else f"no roles file can name {role!r}, which has blanks around it"


@frozen
class StepResult(Record):
    """The outcome of one step.

    `error` is `None` if the step was done. Otherwise, it says why the step was not done, or why the outcome is unknown.

    The outcome `skipped` means that css-sdk did not attempt the step, because an earlier step that it needs was not
    done.
    """

    step: Step
    outcome: Outcome | Literal["skipped"]
    error: CssError | None = None


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


@frozen
class PlaceState(Records):
    """Roles, composites and members of one environment, as they were read.

    Attributes:
        place: the integration and the environment.
        project_name: the project name of the integration.
        roles: the names of all roles.
        children: the names of the children of every composite role.
        members: the usernames of the direct members of the roles whose members were read.
        users: the members by username. Some members can be missing.
    """

    place: Place
    project_name: str
    roles: frozenset[str]
    children: Mapping[str, frozenset[str]] = field(factory=dict, hash=False)
    members: Mapping[str, frozenset[str]] = field(factory=dict, hash=False)
    users: Mapping[str, User] = field(factory=dict, hash=False, eq=False, repr=False)

    @property
    def tree(self) -> RoleTree:
        """Return the roles and their children as a tree, sorted by name."""
        roles = tuple(Role(name, composite=bool(self.children.get(name))) for name in sorted(self.roles))
        return RoleTree(roles, {name: tuple(sorted(below)) for name, below in self.children.items()})

    @property
    def out_of_reach(self) -> Mapping[str, str]:
        """Return the roles whose names a request or a roles file cannot contain, each with the reason.

        Plans do not change these roles.
        """
        unnameable = {name: why for name in sorted(self.roles) if (why := _why_no_file_names(name))}
        return unnameable | out_of_reach(self.place, self.roles)

    @property
    def fingerprint(self) -> str:
        """Return a hash of the place, its roles, their children, and the members that were read.

        The hash is a SHA-256 in hex digits.

        >>> PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"reviewer"})).fingerprint[:12]
        'de472154600c'
        """
        read = {
            "place": [self.place.integration, self.place.environment],
            "roles": sorted(self.roles),
            "children": {name: sorted(below) for name, below in self.children.items() if below},
            "members": {name: sorted(usernames) for name, usernames in self.members.items()},
        }
        text = json.dumps(read, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def after(self, steps: Iterable[Step]) -> PlaceState:
        """Return the state after these steps, as the service carries them out. Ignore steps in other places."""
        changed = Draft(self)
        for step in steps:
            if step.place == self.place:
                changed.carry_out(step)
        return changed.state()

    def before(self, steps: Iterable[Step]) -> PlaceState:
        """Return the state before these steps. Ignore steps in other places, and steps that were not done."""
        changed = Draft(self)
        for step in reversed([step for step in steps if step.place == self.place]):
            changed.take_back(step)
        return changed.state()

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each member of each role. A role without members has one row.

        Roles whose members were not read have no rows.
        """
        for role in sorted(self.members):
            for username in sorted(self.members[role]) or [""]:
                user = self.users.get(username) or User(username)
                yield {**self.place._cells(), "project_name": self.project_name, "role": role, **user._cells()}


def is_as_after(step: Step, known: PlaceState | Draft) -> bool:
    """Return whether the state shows the effect of a step. Somebody else may have caused the effect."""
    match step.kind:
        case "create_role":
            return step.role in known.roles
        case "rename_role":
            return step.target in known.roles and (step.role == step.target or step.role not in known.roles)
        case "delete_role":
            return step.role not in known.roles
        case "add_composite" | "remove_composite":
            return (step.target in known.children.get(step.role, ())) is (step.kind == "add_composite")
        case "add_member" | "remove_member":
            return (step.target in known.members.get(step.role, ())) is (step.kind == "add_member")


def is_possible(step: Step, before: PlaceState | Draft) -> bool:
    """Return whether a step can be done and would change something.

    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}))
    >>> [is_possible(Step(kind, state.place, "a"), state) for kind in ("delete_role", "create_role")]
    [True, False]
    """
    return changes_something(step, before) and (step.changes_role or before.roles >= set(step.roles))


def changes_something(step: Step, before: PlaceState | Draft) -> bool:
    """Return whether a step would change the state.

    If the members of the role were not read, a change of a member counts as no change.
    """
    return is_as_after(step.opposite, before) and (not step.changes_member or step.role in before.members)


def parents_of(children: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Return the parents of each child, from the children of each parent."""
    parents: dict[str, set[str]] = {}
    for parent, below in children.items():
        for child in below:
            parents.setdefault(child, set()).add(parent)
    return parents


class Draft:
    """Hold a copy of a state that steps can change. A draft integration of the service is something else.

    `parents` is always the reverse of `children`.
    """

    def __init__(self, state: PlaceState) -> None:
        self._state = state
        self.roles = set(state.roles)
        self.children = {name: set(below) for name, below in state.children.items()}
        self.parents = parents_of(self.children)
        self.members = {name: set(usernames) for name, usernames in state.members.items()}

    def state(self) -> PlaceState:
        """Return the state after all changes so far."""
        return evolve(
            self._state,
            roles=frozenset(self.roles),
            children={name: frozenset(below) for name, below in self.children.items() if below},
            members={name: frozenset(usernames) for name, usernames in self.members.items()},
        )

    def carry_out(self, step: Step) -> None:
        """Apply a step as the service does. If the step was done before, change nothing."""
        match step.kind:
            case "create_role":
                self.roles.add(step.role)
                self.members.setdefault(step.role, set())
            case "rename_role":
                self._rename(step.role, step.target)
            case "add_composite":
                self._link(step.role, step.target)
            case "add_member":
                # If the members were not read, they stay unknown: this one member is not the whole list.
                self.members.get(step.role, set()).add(step.target)
            case "remove_member":
                self.members.get(step.role, set()).discard(step.target)
            case "remove_composite":
                self._unlink(step.role, step.target)
            case "delete_role":
                self.roles.discard(step.role)
                self.members.pop(step.role, None)
                for parent, child in self._links(step.role):
                    self._unlink(parent, child)

    def take_back(self, step: Step) -> None:
        """Undo a step. If the step was not done, change nothing."""
        if step.kind == "remove_member":
            self.members.setdefault(step.role, set()).add(step.target)
        else:
            self.carry_out(step.opposite)

    def _rename(self, name: str, new_name: str) -> None:
        if name in self.roles:
            self.roles.remove(name)
            self.roles.add(new_name)
        if name in self.members:
            self.members[new_name] = self.members.pop(name)
        for parent, child in self._links(name):
            self._unlink(parent, child)
            self._link(*(new_name if each == name else each for each in (parent, child)))

    def _links(self, name: str) -> list[tuple[str, str]]:
        """Return the composite links of a role, each as the names of the parent and the child."""
        above = [(parent, name) for parent in self.parents.get(name, ()) if parent != name]
        return [*((name, child) for child in self.children.get(name, ())), *above]

    def _link(self, parent: str, child: str) -> None:
        self.children.setdefault(parent, set()).add(child)
        self.parents.setdefault(child, set()).add(parent)

    def _unlink(self, parent: str, child: str) -> None:
        self.children.get(parent, set()).discard(child)
        self.parents.get(child, set()).discard(parent)
