"""For tests that apply plans: random states and roles files, and programs that are killed during a write."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.lowlevel
import httpx
import pytest
from hypothesis import reject
from hypothesis import strategies as st

from css_sdk import CompositeCycle, InvalidFile, StepResult
from css_sdk._http.journal_writer import Journal
from css_sdk.errors import CssError
from css_sdk.people.identification import Unresolved
from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
from css_sdk.plan.planner import plan
from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request, Response
from css_sdk.state import Place, PlaceState, Step
from tests.fault_sequences import Fact, facts
from tests.support import FISHERIES, GRANTS_PORTAL, usernames

DEV: Final = Place(GRANTS_PORTAL, "dev")
PLACES: Final = (DEV, Place(FISHERIES, "prod"))
ROLES: Final = ("a", "a/b", "a%2Fb", "100%", "é🦫", "?#&=")
"""Names that a URL or a pattern could confuse with another name, or read as more than a name."""

USERS: Final = tuple(usernames(Sandbox(), 20)[-4:])
GHOST: Final = "00000000000000000000000000000000@idir"
"""The username of a person who has never logged in."""

PEOPLE: Final = (
    *(Person("username", username) for username in (*USERS, USERS[0].upper(), GHOST)),
    *(Person("guid", username.partition("@")[0], "idir") for username in (USERS[1], GHOST)),
)


@st.composite
def states(draw: st.DrawFn, place: Place) -> PlaceState:
    """Draw the state of one environment, without cycles of composite roles."""
    order = draw(st.permutations(ROLES))
    roles = order[: draw(st.integers(0, len(ROLES)))]
    children, members = {}, {}
    for number, name in enumerate(roles):
        below = draw(st.frozensets(st.sampled_from(roles[number + 1 :]))) if roles[number + 1 :] else frozenset()
        children |= {name: below} if below else {}
        members[name] = draw(st.frozensets(st.sampled_from(USERS)))
    return PlaceState(place, "", frozenset(roles), children, members)


def _listed(items: Sequence[Any], exact: st.SearchStrategy[bool]) -> st.SearchStrategy[Listed[Any]]:
    return st.builds(Listed, st.lists(st.sampled_from(items), max_size=4, unique=True).map(tuple), exact)


@st.composite
def _places(draw: st.DrawFn, place: Place, exact: st.SearchStrategy[bool]) -> DesiredPlace:
    names = draw(st.lists(st.sampled_from(ROLES), unique=True))
    known = names or ROLES
    old = st.sampled_from([name for name in ROLES if name not in names] or ROLES)
    roles = tuple(
        DesiredRole(
            name,
            was=draw(st.none() | old | st.sampled_from(ROLES)),
            composites=draw(st.none() | _listed(names[number + 1 :], exact)) if names[number + 1 :] else None,
            members=draw(st.none() | _listed(PEOPLE, exact)),
        )
        for number, name in enumerate(names)
    )
    users = draw(st.lists(st.builds(DesiredUser, st.sampled_from(PEOPLE), _listed(known, exact)), max_size=2))
    listed = draw(st.none() | st.builds(Listed, st.just(roles), exact))
    return DesiredPlace(str(place.integration), place.environment, listed, tuple(users))


@st.composite
def cases(draw: st.DrawFn, exact: st.SearchStrategy[bool] | None = None) -> tuple[list[PlaceState], Desired]:
    """Draw the states of two environments and a roles file that can be planned for them."""
    found = [draw(states(place)) for place in PLACES]
    some = st.lists(st.sampled_from(ROLES), max_size=1).map(tuple)
    protect = draw(st.just(Protection()) | st.builds(Protection, some, st.sampled_from([(), USERS[:1]])))
    wanted = [draw(_places(place, st.booleans() if exact is None else exact)) for place in PLACES]
    desired = Desired(tuple(wanted), protect)
    observed = {one.named: state for one, state in zip(wanted, found, strict=True)}
    people: dict[tuple[Place, Person], str | Unresolved] = {
        (place, person): f"{person.value}@idir" for place in PLACES for person in PEOPLE if person.by == "guid"
    }
    try:
        plan(desired, observed, people, prune=True)
    except (InvalidFile, CompositeCycle):
        reject()
    return found, desired


def seeded(found: Iterable[PlaceState], sandbox: Sandbox | None = None) -> Sandbox:
    """Return a sandbox with the drawn states."""
    sandbox = sandbox or Sandbox()
    for state in found:
        where = state.place.integration, state.place.environment
        for name in sandbox.roles(*where):
            sandbox.delete_role(*where, name)
        for name in state.roles:
            sandbox.create_role(*where, name)
        for name, below in state.children.items():
            sandbox.create_role(*where, name, sorted(below))
        for name, held in state.members.items():
            sandbox.grant(*where, name, *held)
    return sandbox


def everything(sandbox: Sandbox) -> dict[Place, frozenset[Fact]]:
    """Return all facts of all environments."""
    return {
        Place(found.id, environment): facts(sandbox, found.id, environment)
        for found in sandbox.world.integrations.values()
        for environment in found.environments
    }


def as_facts(state: PlaceState) -> frozenset[Fact]:
    """Return a state in the form of `everything`."""
    return frozenset(
        {("role", name) for name in state.roles}
        | {("child", parent, child) for parent, children in state.children.items() for child in children}
        | {("grant", user, name) for name, held in state.members.items() for user in held}
    )


def reported_truly(before: PlaceState, results: Sequence[StepResult], sandbox: Sandbox) -> bool:
    """Return whether the sandbox shows all confirmed steps, any subset of the unknown ones, and nothing else."""
    now = facts(sandbox, before.place.integration, before.place.environment)
    unsure = [result.step for result in results if result.outcome == "unknown"]
    for count in range(len(unsure) + 1):
        for some in combinations(unsure, count):
            done = [result.step for result in results if result.outcome == "done" or result.step in some]
            if as_facts(before.after(done)) == now:
                return True
    return False


# A plan of every kind of step.

X, Y, Z, W = USERS
MIXED_BEFORE: Final = PlaceState(
    DEV,
    "",
    frozenset("abdgp"),
    {"a": frozenset("d"), "g": frozenset("d"), "p": frozenset("ag")},
    {"a": frozenset([X]), "b": frozenset([Y]), "d": frozenset([X, Y]), "g": frozenset([Z, X])},
)
MIXED_WRITES: Final = 13
"""The number of writes that the plan needs."""


def mixed() -> Desired:
    """Return a roles file that leads to two renames, two new roles, a deletion, and steps of all other kinds."""

    def people(*names: str) -> Listed[Person]:
        return Listed(tuple(Person("username", name) for name in names), exact=True)

    roles = (
        DesiredRole("q", members=people(X, W)),
        DesiredRole("e", was="a", composites=Listed(("n",), exact=True), members=people(X)),
        DesiredRole("c", was="b", members=people()),
        DesiredRole("d", composites=Listed(("n", "q")), members=people(Y, Z, W)),
        DesiredRole("n", members=people(W)),
        DesiredRole("p", composites=Listed(("e",), exact=True)),
    )
    return Desired((DesiredPlace(str(DEV.integration), DEV.environment, Listed(roles, exact=True)),))


# Programs that are killed during a plan.


class Killed(BaseException):
    """Stand for the end of the program in these tests."""


class Mortal(Sandbox):
    """A sandbox whose caller is killed at some write: before it is sent, or before its answer arrives.

    Attributes:
        done: the writes that were carried out.
        at: the number of the write at which the caller is killed, from 0.
        sent: whether that write is carried out.
        is_over: whether the caller was killed: from then on nothing is sent and nothing is recorded.
    """

    def __init__(self, at: int | None = None, *, sent: bool = False) -> None:
        super().__init__()
        self.at, self.sent, self.is_over = at, sent, False
        self.done: list[tuple[str, str, bytes]] = []

    def answer(self, request: Request) -> Response:
        with self._lock:
            if self.is_over:
                raise Killed
            if request.method == "GET" or not request.path.startswith("/api/"):
                return super().answer(request)
            if len(self.done) != self.at:
                self.done.append((request.method, request.path, request.body))
                return super().answer(request)
            self.is_over = True
            if self.sent:
                self.done.append((request.method, request.path, request.body))
                super().answer(request)
            raise Killed

    def revive(self) -> None:
        """Let another program begin."""
        self.is_over, self.at = False, None


class MortalJournal(Journal):
    """A journal whose program is killed at some line: before the line is written, or in the middle of it."""

    def __init__(self, path: Path, sandbox: Mortal, at: int | None = None, *, cut: bool = False) -> None:
        self._sandbox, self._at_line, self._cut = sandbox, at, cut
        self._lines = 0
        super().__init__(path)

    def _write(self, line: str, otherwise: str) -> None:
        if self._sandbox.is_over:
            raise Killed
        if self._lines == self._at_line:
            self._sandbox.is_over = True
            if self._cut:
                super()._write(line[: len(line) // 2], otherwise)
            raise Killed
        self._lines += 1
        super()._write(line, otherwise)


@contextmanager
def death(sandbox: Mortal) -> Iterator[None]:
    """Check that the program is killed inside the context."""
    with pytest.raises(BaseException) as caught:
        yield
    assert sandbox.is_over, caught.value
    assert _only_killed(caught.value), caught.value


def _only_killed(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(map(_only_killed, error.exceptions))
    return isinstance(error, Killed)


def outcomes(results: Iterable[StepResult]) -> Mapping[Step, str]:
    """Return the outcome of each step."""
    return {result.step: result.outcome for result in results}


def reason(results: Iterable[StepResult]) -> list[CssError | None]:
    """Return the errors of the steps that were not confirmed, for messages of assertions."""
    return [result.error for result in results if result.outcome != "done"]


# Many people, and slow calls.

PATIENCE: Final = 30.0
"""The number of seconds after which calls stop waiting for other calls."""


def crowded(count: int) -> tuple[Sandbox, list[str]]:
    """Return a sandbox with the roles `one`, `two` and `three` in dev, and `count` additional people."""
    world = json.loads(files("css_sdk.sandbox.world").joinpath("world.json").read_text(encoding="utf-8"))
    people = [f"{number:032x}@idir" for number in range(count)]
    known = {"email": "", "firstName": "", "lastName": "", "attributes": {}}
    sandbox = Sandbox({**world, "users": [*world["users"], *({"username": one, **known} for one in people)]})
    for name in ("one", "two", "three"):
        sandbox.create_role(DEV.integration, DEV.environment, name)
    return sandbox, people


class Busy:
    """Transports of a sandbox whose calls take a while, and are counted while they are in flight.

    Args:
        sandbox: answers the calls.
        meeting: the first writes wait until this many calls are in flight at once, at most for `PATIENCE`. So the calls
            overlap however slowly threads start.

    Attributes:
        most: the largest number of calls in flight at once.
        most_for_a_user: the largest number of calls in flight at once about one user.
    """

    def __init__(self, sandbox: Sandbox, meeting: int = 1) -> None:
        self._inner, self._async_inner = sandbox.transport(), sandbox.async_transport()
        self._meeting, self._met = meeting, threading.Event()
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.most = self.most_for_a_user = 0

    def transport(self) -> httpx.BaseTransport:
        """Return a transport for threads."""
        return _BusyTransport(self)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for tasks."""
        return _BusyAsyncTransport(self)

    @contextmanager
    def call(self, path: str) -> Iterator[None]:
        """Count a call as in flight until the context is left."""
        user = path.partition("/users/")[2].partition("/")[0]
        with self._lock:
            self._under_way.update(["", user] if user else [""])
            self.most = max(self.most, self._under_way[""])
            self.most_for_a_user = max(self.most_for_a_user, self._under_way[user] if user else 0)
            if self._under_way[""] >= self._meeting:
                self._met.set()
        try:
            yield
        finally:
            with self._lock:
                self._under_way.subtract(["", user] if user else [""])

    def meet(self, request: httpx.Request) -> None:
        """Let the first writes wait for each other. If one waits in vain, let all continue."""
        if request.method != "GET" and request.url.path.startswith("/api/") and not self._met.wait(PATIENCE):
            self._met.set()

    async def async_meet(self, request: httpx.Request) -> None:
        """Do the same while other tasks continue."""
        if request.method != "GET" and request.url.path.startswith("/api/"):
            with anyio.move_on_after(PATIENCE):
                while not self._met.is_set():
                    await anyio.lowlevel.checkpoint()
            self._met.set()


class _BusyTransport(httpx.BaseTransport):
    def __init__(self, busy: Busy) -> None:
        self._busy = busy

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._busy.call(request.url.path):
            self._busy.meet(request)
            threading.Event().wait(0.002)
            return self._busy._inner.handle_request(request)


class _BusyAsyncTransport(httpx.AsyncBaseTransport):
    def __init__(self, busy: Busy) -> None:
        self._busy = busy

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with self._busy.call(request.url.path):
            await self._busy.async_meet(request)
            for _ in range(10):
                await anyio.lowlevel.checkpoint()
            return await self._busy._async_inner.handle_async_request(request)
