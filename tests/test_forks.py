"""A client that was made before a fork: the child never gets an answer that is meant for another process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define
from css_sdk_openapi.api.roles import list_roles
from css_sdk_openapi.models import RoleList

from css_sdk import AsyncCss, ConfigurationError, Css, InvalidFile, Journal, NotFound, Settings, TokenVerifier, systems
from css_sdk._sync.logs import meter_for
from css_sdk.auth.single_flight import SharedRequest
from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.serving.server import Server
from tests.certificates import write_certificate
from tests.forking import FORKS, forked
from tests.support import GRANTS_PORTAL, usernames

pytestmark = FORKS
PEOPLE = 40


@define
class Numbers:
    """The number of reads and writes of each test, divided over several generations of child processes."""

    reads: int
    writes: int
    children: int = 4
    generations: int = 1

    def of_each(self, number: int) -> int:
        """Return the share of one child."""
        return number // self.children // self.generations


FEW = pytest.param(Numbers(reads=120, writes=40), id="few")
MANY = pytest.param(Numbers(reads=2000, writes=500, generations=5), id="many", marks=pytest.mark.forks)


@pytest.fixture
def people(sandbox: Sandbox) -> dict[str, str]:
    """Return people who each have a role that nobody else has, so that another person's answer is noticed."""
    people = {username: f"own-{number}" for number, username in enumerate(usernames(sandbox, PEOPLE))}
    sandbox.create_role(GRANTS_PORTAL, "dev", "given")
    for username, role in people.items():
        sandbox.create_role(GRANTS_PORTAL, "dev", role)
        sandbox.grant(GRANTS_PORTAL, "dev", role, username)
    return people


@pytest.fixture(params=["http", "https"])
def served(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Yield settings for the sandbox on a socket, over HTTP or TLS."""
    server = Server(sandbox)
    if request.param == "https":
        certificate, key = write_certificate(tmp_path)
        server._server.config.ssl_certfile, server._server.config.ssl_keyfile = certificate, str(key)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with server:
        yield Settings(**sandbox.credentials_at(f"{request.param}://127.0.0.1:{server.port}"))


class Wrong:
    """Collect the wrong answers that a process got."""

    def __init__(self, people: dict[str, str]) -> None:
        self.people = people
        self.found: list[str] = []

    def check_read(self, username: str, roles: Any) -> None:
        """Record a read that lacks the person's own role, or shows another person's."""
        names = {role.name for role in roles if role.name.startswith("own-")}
        if names != {self.people[username]}:
            self.found.append(f"{username} has {self.people[username]}, and the answer was {sorted(names)}")

    def check_write(self, username: str, error: NotFound | None) -> None:
        """Record a write that was confirmed for a person who does not exist, or refused for one who does."""
        if (username in self.people) is not (error is None):
            self.found.append(f"{username} was given the role, and the end was {error}")

    def written(self, number: int) -> list[str]:
        """Return the usernames for the writes; every second one belongs to nobody."""
        return [[*self.people][n % PEOPLE] if n % 2 else f"{n:032x}@idir" for n in range(number)]


def given(people: dict[str, str], numbers: Numbers) -> set[str]:
    """Return the people who have the role after every child has done its writes."""
    return people.keys() & {*Wrong(people).written(numbers.of_each(numbers.writes))}


def work(css: Css, people: dict[str, str], numbers: Numbers, seed: int) -> list[str]:
    """Read people's roles, and assign a role to people of whom half do not exist; return the wrong answers."""
    wrong, place = Wrong(people), css.integration(GRANTS_PORTAL).environment("dev")
    names = [*people][seed:] + [*people][:seed]

    def read(number: int) -> None:
        wrong.check_read(names[number % PEOPLE], place.users.roles(names[number % PEOPLE]))

    def write(username: str) -> None:
        try:
            place.users.assign(username, "given")
        except NotFound as error:
            wrong.check_write(username, error)
        else:
            wrong.check_write(username, None)

    with ThreadPoolExecutor(3) as pool:
        reads = pool.map(read, range(numbers.of_each(numbers.reads)))
        writes = pool.map(write, wrong.written(numbers.of_each(numbers.writes)))
        list(reads), list(writes)
    return wrong.found


async def async_work(css: AsyncCss, people: dict[str, str], numbers: Numbers, seed: int) -> list[str]:
    """Do the same as `work`, with tasks."""
    wrong, place = Wrong(people), (await css.integration(GRANTS_PORTAL)).environment("dev")
    names = [*people][seed:] + [*people][:seed]

    async def read() -> None:
        for number in range(numbers.of_each(numbers.reads)):
            wrong.check_read(names[number % PEOPLE], await place.users.roles(names[number % PEOPLE]))

    async def write() -> None:
        for username in wrong.written(numbers.of_each(numbers.writes)):
            try:
                await place.users.assign(username, "given")
            except NotFound as error:
                wrong.check_write(username, error)
            else:
                wrong.check_write(username, None)

    await asyncio.gather(read(), write())
    return wrong.found


@contextmanager
def kept_busy(read: Callable[[str], None], names: list[str]) -> Iterator[None]:
    """Let four threads of this process read all the time, so that forks happen during their reads."""
    over = threading.Event()
    started = threading.Barrier(5)

    def go_on(number: int) -> None:
        read(names[number])
        started.wait(20)
        while not over.is_set():
            for name in names[number:]:
                read(name)

    with ThreadPoolExecutor(4) as pool:
        ends = [pool.submit(go_on, number) for number in range(4)]
        started.wait(20)
        try:
            yield
        finally:
            over.set()
        for end in ends:
            end.result()


@pytest.mark.parametrize("numbers", [FEW, MANY])
def test_children_of_busy_threads_get_their_own_answers(
    served: Settings, people: dict[str, str], sandbox: Sandbox, numbers: Numbers
) -> None:
    """If children and their parent use one `Css` at once, every read and every outcome of a write is right."""
    wrong: list[str] = []
    with Css(served) as css:
        place = css.integration(GRANTS_PORTAL).environment("dev")
        here = Wrong(people)
        with kept_busy(lambda name: here.check_read(name, place.users.roles(name)), [*people]):
            for _ in range(numbers.generations):
                children = [
                    forked(lambda seed=seed: work(css, people, numbers, seed), 60) for seed in range(numbers.children)
                ]
                for child in children:
                    wrong += child.report()
        wrong += here.found
    assert wrong == []
    assert (
        set(sandbox.members(GRANTS_PORTAL, "dev", "given"))
        == {*Wrong(people).written(numbers.of_each(numbers.writes))} & people.keys()
    )


@pytest.mark.parametrize("numbers", [FEW, MANY])
def test_children_of_a_busy_event_loop_get_their_own_answers(
    served: Settings, people: dict[str, str], sandbox: Sandbox, numbers: Numbers
) -> None:
    """If children and their parent use one `AsyncCss` in their own event loops, every read and every
    outcome is right.
    """
    wrong: list[str] = []
    css = AsyncCss(served)
    here = Wrong(people)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(20)

    place = run(css.integration(GRANTS_PORTAL)).environment("dev")
    try:
        with kept_busy(lambda name: here.check_read(name, run(place.users.roles(name))), [*people]):
            for _ in range(numbers.generations):
                children = [
                    forked(lambda seed=seed: asyncio.run(async_work(css, people, numbers, seed)), 60)
                    for seed in range(numbers.children)
                ]
                for child in children:
                    wrong += child.report()
        run(css.aclose())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert wrong + here.found == []
    assert (
        set(sandbox.members(GRANTS_PORTAL, "dev", "given"))
        == {*Wrong(people).written(numbers.of_each(numbers.writes))} & people.keys()
    )


def test_a_child_that_closes_its_client_leaves_the_parents_connections_open(
    served: Settings, people: dict[str, str]
) -> None:
    """Children and grandchildren have their own connections, and closing them leaves those of the parent open."""
    numbers = Numbers(reads=4, writes=4, children=1)

    def child() -> list[str]:
        found = work(css, people, numbers, 1)
        found += forked(lambda: work(css, people, numbers, 2)).report()
        css.close()
        try:
            css.integrations(refresh=True)
        except ConfigurationError as error:
            assert "was closed" in str(error)
            return found
        return [*found, "it was closed, and used all the same"]

    with Css(served) as css:
        assert work(css, people, numbers, 0) == []
        assert forked(child).report() == []
        assert work(css, people, numbers, 0) == []
        assert len(css._wire.connections.http("a test")._transport._pool.connections) > 0


def test_the_generated_client_uses_connections_of_the_child(served: Settings, people: dict[str, str]) -> None:
    """If the parent took `css.api` before the fork, it works in the children, on their own connections, and in the
    parent.
    """
    with Css(served) as css:
        api = css.api

        def ask() -> int:
            answer = list_roles.sync(GRANTS_PORTAL, "dev", client=api)
            assert isinstance(answer, RoleList)
            return len(answer.data)

        before = ask()
        ends = [forked(ask) for _ in range(3)]
        assert [ask() for _ in range(10)] == [before] * 10
        assert [end.report() for end in ends] == [before] * 3


def test_a_client_that_was_closed_stays_closed_in_a_child(settings: Settings) -> None:
    """A client that was closed before the fork is refused as closed in the child."""
    css = Css(settings)
    css.close()

    def child() -> str:
        with pytest.raises(ConfigurationError, match="was closed"):
            css.integrations()
        return "refused"

    assert forked(child).report() == "refused"


@pytest.mark.parametrize("option", ["http_client", "transport"])
def test_a_passed_client_or_transport_is_refused_in_a_child(sandbox: Sandbox, settings: Settings, option: str) -> None:
    """An HTTP client or transport that the caller passed is refused in a child, which sends nothing. The parent
    continues.
    """
    with ExitStack() as stack:
        http = stack.enter_context(httpx.Client(transport=sandbox.transport()))
        options: Any = {"http_client": http} if option == "http_client" else {"transport": sandbox.transport()}
        css = stack.enter_context(Css(settings, **options))
        dev = css.integration(GRANTS_PORTAL).environment("dev")

        def child() -> list[str]:
            said, before = [], len(sandbox.requests)
            for call in (
                css.integrations,
                dev.roles.list,
                lambda: dev.users.assign(usernames(sandbox, 1)[0], "admin"),
                lambda: list_roles.sync(GRANTS_PORTAL, "dev", client=css.api),
            ):
                with pytest.raises(ConfigurationError) as caught:
                    call()
                said.append(str(caught.value))
            css.close()
            assert not http.is_closed
            return [*said, *(entry.path for entry in sandbox.requests[before:])]

        said = forked(child).report()
        assert len(said) == 4
        assert all(f"{option} that was passed belongs to the parent process. Nothing was sent." in s for s in said)
        assert len(dev.roles.list()) == 3


def test_a_passed_asynchronous_transport_is_refused_in_a_child(sandbox: Sandbox, settings: Settings) -> None:
    """An asynchronous transport that the caller passed is refused in a child."""
    css = AsyncCss(settings, transport=sandbox.async_transport())
    asyncio.run(css.integrations())

    def child() -> str:
        with pytest.raises(ConfigurationError) as caught:
            asyncio.run(css.integrations(refresh=True))
        return str(caught.value)

    assert "belongs to the parent process" in forked(child).report()


@pytest.mark.parametrize("option", ["http_client", "transport"])
def test_a_verifier_with_a_passed_client_is_refused_in_a_child(sandbox: Sandbox, option: str) -> None:
    """A token verifier with a passed HTTP client or transport fetches no keys in a child, and works in the parent."""
    issuer = "http://localhost/auth/dev/realms/standard"
    token = sandbox.token_for(usernames(sandbox, 1)[0], GRANTS_PORTAL, "dev")
    with httpx.Client(transport=sandbox.transport()) as http:
        options: Any = {"http_client": http} if option == "http_client" else {"transport": sandbox.transport()}
        with TokenVerifier(issuer, "grants-portal-101", **options) as verifier:

            def child() -> str:
                with pytest.raises(ConfigurationError) as caught:
                    verifier.verify(token)
                return f"{caught.value} {len(sandbox.requests)}"

            before = len(sandbox.requests)
            said = forked(child).report()
            assert "belongs to the parent process. Nothing was sent." in said
            assert said.endswith(f" {before}")
            assert verifier.verify(token).client_id == "grants-portal-101"


@pytest.mark.parametrize("served", ["http"], indirect=True)
def test_a_child_does_not_write_into_its_parents_journal(sandbox: Sandbox, served: Settings, tmp_path: Path) -> None:
    """A child may read, but not write into its parent's journal, and the journal can be resumed when the parent has
    ended.
    """
    path = tmp_path / "journal.jsonl"
    user, other = usernames(sandbox, 2)
    going_on, ready = threading.Event(), threading.Event()
    with Journal(path) as journal, Css(served, journal=journal) as css:
        dev = css.integration(GRANTS_PORTAL).environment("dev")
        dev.users.assign(user, "approver")

        def hold() -> None:
            with journal._lock:
                ready.set()
                going_on.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        ready.wait(20)

        def child() -> str:
            assert len(dev.roles.list()) == 3
            with pytest.raises(InvalidFile) as caught:
                dev.users.assign(other, "approver")
            journal.close()
            return str(caught.value)

        said = forked(child).report()
        going_on.set()
        holder.join()
        before = path.read_bytes()

        alive = forked(lambda: threading.Event().wait(20))
        dev.users.assign(user, "reviewer")
    assert "only the parent can write into it" in said
    assert path.read_bytes().startswith(before)
    assert other not in sandbox.members(GRANTS_PORTAL, "dev", "approver")
    with Journal(path, resume=True):
        alive.end()


@pytest.mark.parametrize("served", ["http"], indirect=True)
def test_the_client_of_a_system_is_refused_in_a_child(sandbox: Sandbox, served: Settings) -> None:
    """The httpx client of a preset system sends and closes nothing in a child; a new one works there."""
    system = systems.css(
        client_id=served.client_id,
        client_secret=served.client_secret,
        token_url=served.token_url,
        base_url=served.api_url,
    )
    with system.client() as http:
        assert http.get("integrations").status_code == 200

        def child() -> str:
            with pytest.raises(ConfigurationError) as caught:
                http.get("integrations")
            http.__exit__(None, None, None)
            http.close()
            with system.client() as own:
                assert own.get("integrations").status_code == 200
            return str(caught.value)

        assert "was forked after" in forked(child).report()
        assert http.get("integrations").status_code == 200


def test_a_child_has_fresh_locks_if_threads_of_the_parent_hold_them(sandbox: Sandbox, served: Settings) -> None:
    """If threads of the parent hold locks at the fork, the child has fresh locks and does not hang."""
    with Css(served) as css:
        dev = css.integration(GRANTS_PORTAL).environment("dev")
        release, held = threading.Event(), threading.Barrier(11)

        def hold(lock: Any) -> None:
            with lock:
                held.wait(20)
                release.wait(20)

        connections = css._wire.connections
        locks = [*[connections.slots] * 8, meter_for(css._wire, dev.roles.place)._lock, SharedRequest.lock]
        threads = [threading.Thread(target=hold, args=(lock,)) for lock in locks]
        for thread in threads:
            thread.start()
        held.wait(20)

        def child() -> int:
            dev.logs("2026-11-01 12:00", "2026-11-01 12:01")
            return len(css.integrations(refresh=True))

        assert forked(child).report() == 3
        release.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("served", ["http"], indirect=True)
def test_a_child_does_not_wait_for_a_read_of_its_parent(sandbox: Sandbox, served: Settings) -> None:
    """If a thread of the parent reads the integrations at the fork, the child requests a token and
    reads them itself.
    """
    sandbox.faults.add("delay", target="token", seconds=1.0, times=1)
    with Css(served) as css, ThreadPoolExecutor(1) as pool:
        reading = pool.submit(css.integrations)
        while sandbox.count("POST", "*/token", kind="token") == 0:
            threading.Event().wait(0.001)
        child = forked(lambda: len(css.integrations()), 10)
        assert child.report() == 3
        assert len(reading.result()) == 3
