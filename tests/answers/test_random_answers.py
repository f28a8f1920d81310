"""For random answers over a socket, calls raise only errors of css-sdk, keep their deadlines and lose no result.

They also need little memory.
"""

from __future__ import annotations

import gc
import os
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import anyio
import pytest

from css_sdk import AsyncCss, Css, CssError, Grant, NotAllDone, ServiceAccount, Settings, TokenVerifier, read_roster
from css_sdk.plan.planner import Plan
from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request
from css_sdk.state import Place, Step
from tests.answers.raw_answers import RawAnswer, raw_answer
from tests.raw_server import RawServer, read_request
from tests.support import GRANTS_PORTAL, usernames

DEADLINE = 0.4
SLACK = 5.0
"""Seconds beyond the deadlines of a call's requests that a busy machine may take for the rest."""
LARGEST = 500_000
CALLS_OF_A_CLIENT = 25
PEOPLE = usernames(Sandbox(), 20)[-3:]
GRANTS = [Grant(person, role) for person in PEOPLE for role in ("reviewer", "approver")]
ROSTER = read_roster(
    "username,role,integration,environment\n" + "".join(f"{person},reviewer,{GRANTS_PORTAL},dev\n" for person in PEOPLE)
)
HERE = Place(GRANTS_PORTAL, "dev")

CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "whoami": lambda css, dev: css.whoami(),
    "integrations": lambda css, dev: css.integrations(),
    "report": lambda css, dev: css.report(),
    "roles_of": lambda css, dev: css.roles_of(PEOPLE[0]),
    "find_people": lambda css, dev: css.find_people(email="ilse.hargreave@example.com"),
    "check_roster": lambda css, dev: css.check_roster(ROSTER),
    "apply_roster": lambda css, dev: css.apply_roster(ROSTER),
    "state": lambda css, dev: dev.state(),
    "login_differences": lambda css, dev: dev.login_differences(),
    "list": lambda css, dev: dev.roles.list(),
    "get": lambda css, dev: dev.roles.get("admin"),
    "create": lambda css, dev: dev.roles.create("fresh"),
    "ensure": lambda css, dev: dev.roles.ensure("reviewer"),
    "rename": lambda css, dev: dev.roles.rename("reviewer", "examiner"),
    "delete": lambda css, dev: dev.roles.delete("approver"),
    "tree": lambda css, dev: dev.roles.tree(),
    "members": lambda css, dev: dev.roles.members("reviewer"),
    "members_page": lambda css, dev: dev.roles.members_page("reviewer", 1),
    "settled_members": lambda css, dev: dev.roles.settled_members("reviewer"),
    "set_members": lambda css, dev: dev.roles.set_members("reviewer", PEOPLE),
    "composites.list": lambda css, dev: dev.roles.composites("admin").list(),
    "composites.get": lambda css, dev: dev.roles.composites("admin").get("reviewer"),
    "composites.add": lambda css, dev: dev.roles.composites("approver").add("reviewer"),
    "composites.remove": lambda css, dev: dev.roles.composites("admin").remove("reviewer"),
    "composites.set": lambda css, dev: dev.roles.composites("admin").set("approver"),
    "users.roles": lambda css, dev: dev.users.roles(PEOPLE[0]),
    "users.service account": lambda css, dev: dev.users.roles(ServiceAccount("fisheries-service-102")),
    "users.effective_roles": lambda css, dev: dev.users.effective_roles(PEOPLE[0]),
    "users.assign": lambda css, dev: dev.users.assign(PEOPLE[0], "reviewer"),
    "users.unassign": lambda css, dev: dev.users.unassign(PEOPLE[0], "reviewer"),
    "users.set_roles": lambda css, dev: dev.users.set_roles(PEOPLE[0], "reviewer"),
    "search": lambda css, dev: dev.people.search("idir", email="ilse.hargreave@example.com"),
    "find_one": lambda css, dev: dev.people.find_one(email="ilse.hargreave@example.com"),
    "assign_many": lambda css, dev: dev.bulk.assign_many(GRANTS, width=2),
    "assign_many, skipping": lambda css, dev: dev.bulk.assign_many(GRANTS, skip_existing=True, width=1),
    "unassign_many": lambda css, dev: dev.bulk.unassign_many(GRANTS, width=2),
    "create_roles": lambda css, dev: dev.bulk.create_roles(["a", "b", "c"]),
    "logs": lambda css, dev: dev.logs("2026-11-01", "2026-11-05"),
    "apply_plan": lambda css, dev: css.apply_plan(Plan(steps=(Step("create_role", HERE, "n"),))),
}
MANY = {"assign_many": 6, "assign_many, skipping": 6, "unassign_many": 6, "create_roles": 3, "apply_roster": 3}
"""Calls that always have a result for each item, with the number of items."""


class Peer:
    """A sandbox behind a socket that replaces a part of its answers by random ones."""

    def __init__(self, seed: int, share: float) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self._sandbox = Sandbox()
        self._share = share
        self._lock = threading.Lock()
        self.requests = 0
        self.answers = 0
        self.server = RawServer(self._handle)

    def settings(self) -> Settings:
        """Return the settings for the sandbox's account."""
        return Settings(**self._sandbox.credentials_at(self.server.origin))

    def token(self) -> str:
        """Return a valid token."""
        return self._sandbox.token_for("fisheries-service-102", 102, "dev")

    def issuer(self) -> str:
        """Return the issuer of the sandbox's tokens."""
        return f"{self.server.origin}/auth/dev/realms/standard"

    def _handle(self, connection: socket.socket) -> None:
        while (request := read_request(connection)) is not None:
            method, target, headers, body = request
            with self._lock:
                self.requests += 1
                sane = self._sandbox.answer(Request(method, target, headers, body))
                is_found = target.endswith(("/integrations", "/token")) and self.chance.random() < 0.8
                given = None
                if not is_found and self.chance.random() < self._share:
                    self.answers += 1
                    given = raw_answer(self.chance, sane.body)
            if given is None:
                lines = [f"HTTP/1.1 {sane.status} X", *(f"{name}: {text}" for name, text in sane.headers.items())]
                if sane.status != 204 and "content-length" not in sane.headers:
                    lines.append(f"content-length: {len(sane.body)}")
                connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + sane.body)
            elif not self._send(connection, given):
                return

    def _send(self, connection: socket.socket, answer: RawAnswer) -> bool:
        for piece in answer.pieces:
            connection.sendall(piece)
            if answer.pause and self.server.is_closed.wait(answer.pause):
                return False
        if answer.ending == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer.ending == "stall":
            with suppress(OSError):
                connection.recv(1)
        return answer.ending == "keep"


def once(*_: object) -> None:
    """Allow only the first attempt."""


OPTIONS: dict[str, Any] = {"deadline": DEADLINE, "largest_answer": LARGEST, "timeout": DEADLINE, "retry": once}


def in_threads(peer: Peer, names: list[str], judge: Judge) -> None:
    """Make calls with one client in a thread."""
    with Css(peer.settings(), **OPTIONS) as css:
        for name in names:
            with judge.judging(name):
                found = CALLS[name](css, css.integration(GRANTS_PORTAL).environment("dev"))
                judge.take(name, list(found) if name == "members" else found)


def in_tasks(peer: Peer, names: list[str], judge: Judge) -> None:
    """Make calls with one client in a task."""

    async def run() -> None:
        async with AsyncCss(peer.settings(), **OPTIONS) as css:
            for name in names:
                with judge.judging(name):
                    found = CALLS[name](css, (await css.integration(GRANTS_PORTAL)).environment("dev"))
                    is_iterator = isinstance(found, AsyncIterator)
                    judge.take(name, [each async for each in found] if is_iterator else await found)

    anyio.run(run)


def in_verifiers(peer: Peer, names: list[str], judge: Judge) -> None:
    """Verify tokens with keys that are fetched again each time."""
    token = peer.token()
    for _ in names[:4]:
        with (
            judge.judging("verify"),
            TokenVerifier(peer.issuer(), "fisheries-service-102", timeout=DEADLINE) as verifier,
        ):
            verifier.verify(token)


class Judge:
    """Compare the outcomes of calls with what css-sdk promises."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.outcomes: Counter[str] = Counter()

    @contextmanager
    def judging(self, name: str) -> Iterator[None]:
        """Check the outcome of the call that is made within the block."""
        before, began, outcome = self._peer.requests, time.monotonic(), "returned"
        try:
            yield
        except CssError as error:
            outcome, text = type(error).__name__, str(error)
            assert text.isprintable(), text
            assert len(text) < 2000, text
            assert "sandbox-secret" not in text, text
            if isinstance(error, NotAllDone):
                assert error.results
        took, asked = time.monotonic() - began, self._peer.requests - before
        assert took < (asked + 2) * DEADLINE + SLACK, f"{name}: {took:.1f} s for {asked} requests"
        self.outcomes[outcome] += 1

    @staticmethod
    def take(name: str, found: Any) -> None:
        """Check what a call returned."""
        if name in MANY:
            assert len(found) == MANY[name], f"{name}: results are lost"
            assert all(one.error is None or isinstance(one.error, CssError) for one in found)


def tried(seed: int, share: float = 0.7) -> tuple[int, Counter[str]]:
    """Make calls with random answers, and return the number of answers and the outcomes of the calls.

    The seed decides everything except what depends on the speed of the machine.
    """
    peer = Peer(seed, share)
    make = peer.chance.choice([in_threads, in_threads, in_tasks, in_verifiers])
    names = [peer.chance.choice(sorted(CALLS)) for _ in range(CALLS_OF_A_CLIENT)]
    judge = Judge(peer)
    with peer.server:
        make(peer, names, judge)
    return peer.answers, judge.outcomes


def run(seeds: Callable[[], int | None], workers: int) -> tuple[int, Counter[str]]:
    """Try seeds in several threads until there are no more."""
    answers, outcomes, failures = 0, Counter[str](), list[BaseException]()
    lock = threading.Lock()

    def work() -> None:
        nonlocal answers
        while not failures and (seed := seeds()) is not None:
            try:
                count, found = tried(seed)
            except BaseException as error:
                error.add_note(f"ANSWERS_SEED={seed} ANSWERS_CLIENTS=1 make test-answers")
                failures.append(error)
                return
            with lock:
                answers += count
                outcomes.update(found)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return answers, outcomes


def seeds_from(start: int, clients: int | None, seconds: float | None) -> Callable[[], int | None]:
    """Return a function that returns one seed after another, for a number of clients or of seconds."""
    lock = threading.Lock()
    number, until = start, None if seconds is None else time.monotonic() + seconds

    def draw() -> int | None:
        nonlocal number
        with lock:
            if (clients is not None and number - start >= clients) or (until is not None and time.monotonic() > until):
                return None
            number += 1
            return number - 1

    return draw


def most_memory() -> int:
    """Return the most memory that this process has ever used, in MB."""
    resource = pytest.importorskip("resource")
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024


def held_objects() -> int:
    """Return how many objects of css-sdk and of the HTTP libraries this process holds after a garbage collection.

    The sandboxes do not count, because the fixtures keep them until the end of a test.
    """
    gc.collect()
    homes = [str(type(each).__module__) for each in gc.get_objects()]
    return sum(home.startswith(("css_sdk", "httpx", "httpcore")) and ".sandbox" not in home for home in homes)


def test_some_random_answers_break_no_promise() -> None:
    """A few random answers break no promise of css-sdk. The long test below tries thousands."""
    answers, outcomes = run(seeds_from(7_000_000, 3, None), workers=3)
    assert answers > 20
    assert len(outcomes) > 2, "all came to the same"


@pytest.mark.answers
def test_thousands_of_random_answers_break_no_promise(capsys: pytest.CaptureFixture[str]) -> None:
    """Thousands of random answers break no promise of css-sdk, and memory does not grow.

    The test takes two minutes. ANSWERS_SECONDS or ANSWERS_CLIENTS sets another length, and ANSWERS_SEED the first seed.
    """
    start = int(os.environ.get("ANSWERS_SEED") or random.randrange(1_000_000_000))  # noqa: S311
    clients = int(os.environ["ANSWERS_CLIENTS"]) if os.environ.get("ANSWERS_CLIENTS") else None
    seconds = None if clients else float(os.environ.get("ANSWERS_SECONDS") or 120)
    with capsys.disabled():
        print(f"\nANSWERS_SEED={start}", flush=True)  # noqa: T201
    run(seeds_from(start, 3, None), workers=3)  # loads what is loaded and kept at the first use
    peak, held, began = most_memory(), held_objects(), time.monotonic()
    answers, outcomes = run(seeds_from(start, clients, seconds), workers=8)
    took, peak, held = time.monotonic() - began, most_memory() - peak, held_objects() - held
    with capsys.disabled():
        print(f"{answers} answers to {outcomes.total()} calls in {took:.0f} s")  # noqa: T201
        print(f"{dict(outcomes.most_common())}\n{peak} MB more at most, {held} objects more in the end")  # noqa: T201
    # Eight clients and eight sandboxes at once, with garbage that is not collected yet.
    assert peak < 1000
    assert held < 1000
