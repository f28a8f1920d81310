"""Bulk calls with an executor: bounded chunks for its workers, which find the credentials themselves."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from css_sdk import AsyncCss, ConfigurationError, GrantResult, OutcomeUnknown, Settings
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


@pytest.fixture
def served(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Serve the sandbox on a socket, and set its credentials in the environment of this process and its children."""
    with sandbox.serve() as server:
        given = {f"CSS_{name.upper()}": value for name, value in server.credentials().items()}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield given


@pytest.fixture
async def place(served: dict[str, str], sandbox: Sandbox) -> AsyncIterator[AsyncEnvironmentClient]:
    """Return an environment of a client that takes its settings from the variables."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    async with AsyncCss.from_env() as css:
        yield (await css.integration(GRANTS_PORTAL)).environment("dev")


class Watched(Executor):
    """Threads that record how many chunks are in progress at once, and the size of each chunk."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(16)
        self._lock = threading.Lock()
        self.out = self.most = 0
        self.sizes: list[int] = []

    def submit(self, work: Any, /, task: Any, grants: Any) -> Future[Any]:
        assert pickle.loads(pickle.dumps((work, task, grants))) is not None  # noqa: S301
        assert b"secret" not in pickle.dumps((task, grants))
        with self._lock:
            self.out += 1
            self.most = max(self.most, self.out)
            self.sizes.append(len(grants))
        future = self._pool.submit(work, task, grants)
        future.add_done_callback(lambda _: self._came_back())
        return future

    def _came_back(self) -> None:
        with self._lock:
            self.out -= 1


async def test_processes_carry_out_grants(place: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """Processes of an executor carry out grants, and the results, including errors, are in the order of the grants."""
    people = usernames(sandbox, 40)
    grants = [(person, "crowd") for person in people] + [("0" * 32 + "@idir", "crowd"), (people[0], "nope")]
    reported: list[GrantResult] = []
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        results = await place.bulk.assign_many(grants, executor=pool, progress=reported.append)
    assert [result.outcome for result in results] == ["done"] * 40 + ["failed"] * 2
    assert [type(result.error).__name__ for result in results[-2:]] == ["NotFound", "NotFound"]
    assert sandbox.members(GRANTS_PORTAL, "dev", "crowd") == people
    assert len(reported) == 42


async def test_the_size_and_number_of_chunks_are_limited(place: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """A chunk has at most 50 grants and contains all grants of a user.

    At most `width` chunks are in progress at once.
    """
    people = sorted(sandbox.world.users)
    grants = [(person, role) for person in people for role in ("crowd", "reviewer", "approver")]
    watched = Watched()
    results = await place.bulk.assign_many(grants, executor=watched, width=2)
    assert {result.outcome for result in results} == {"done"}
    assert sum(watched.sizes) == len(grants)
    assert max(watched.sizes) <= 50
    assert watched.most <= 2
    assert asked(sandbox)["POST"] == len(people)


async def test_only_missing_grants_go_to_workers(place: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """With skip_existing, an executor gets only the grants that are missing."""
    people = usernames(sandbox, 10)
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *people[:7])
    watched = Watched()
    grants = [(person, "crowd") for person in people]
    results = await place.bulk.assign_many(grants, executor=watched, skip_existing=True)
    assert [result.outcome for result in results] == ["already"] * 7 + ["done"] * 3
    assert watched.sizes == [3]
    results = await place.bulk.unassign_many(grants, executor=watched, skip_existing=True)
    assert sandbox.members(GRANTS_PORTAL, "dev", "crowd") == []


async def test_workers_read_the_credentials_from_the_file_of_the_client(
    served: dict[str, str], sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers read the credentials from the file whose path the client passes to them."""
    file = tmp_path / "account.json"
    content = {name: served[f"CSS_{key}"] for name, key in (("clientId", "CLIENT_ID"), ("tokenUrl", "TOKEN_URL"))}
    file.write_text(json.dumps(content | {"clientSecret": served["CSS_CLIENT_SECRET"]}), encoding="utf-8")
    file.chmod(0o600)
    for name in served:
        monkeypatch.delenv(name)
    async with AsyncCss.from_file(file, api_url=served["CSS_API_URL"]) as css:
        place = (await css.integration(GRANTS_PORTAL)).environment("dev")
        grants = [(usernames(sandbox, 20)[-1], "reviewer")]
        assert [r.outcome for r in await place.bulk.assign_many(grants, executor=Watched())] == ["done"]


async def test_explicit_secrets_refuse_an_executor(sandbox: Sandbox) -> None:
    """A client with explicit settings refuses an executor, because its secret would have to be sent to the workers."""
    settings = Settings(**sandbox.credentials())
    async with AsyncCss(settings, transport=sandbox.async_transport()) as css:
        place = (await css.integration(GRANTS_PORTAL)).environment("dev")
        before = asked(sandbox)
        with pytest.raises(ConfigurationError, match="from_env or from_file"):
            await place.bulk.assign_many([(usernames(sandbox, 1)[0], "reviewer")], executor=Watched())
        assert asked(sandbox) == before


async def test_a_client_with_its_own_transport_refuses_an_executor(served: dict[str, str], sandbox: Sandbox) -> None:
    """A client with its own transport refuses an executor, because workers could not use this transport."""
    async with AsyncCss.from_env(transport=sandbox.async_transport()) as css:
        place = (await css.integration(GRANTS_PORTAL)).environment("dev")
        with pytest.raises(ConfigurationError, match="transport"):
            await place.bulk.assign_many([(usernames(sandbox, 1)[0], "reviewer")], executor=Watched())


async def test_workers_with_other_credentials_send_nothing(
    place: AsyncEnvironmentClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a worker finds credentials of another account, its grants fail and nothing is sent."""
    monkeypatch.setenv("CSS_CLIENT_ID", "service-account-team-1-1")
    before = asked(sandbox)
    [result] = await place.bulk.assign_many([(usernames(sandbox, 1)[0], "crowd")], executor=Watched())
    assert result.outcome == "failed"
    assert isinstance(result.error, ConfigurationError)
    assert asked(sandbox) == before


class Dying(Executor):
    """An executor whose workers end before they return anything."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(RuntimeError("gone"))
        return future


async def test_a_lost_worker_leaves_its_grants_unknown(place: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """If a worker is lost, the outcome of its grants is unknown, because it may have done them."""
    results = await place.bulk.assign_many([(p, "crowd") for p in usernames(sandbox, 3)], executor=Dying())
    assert [result.outcome for result in results] == ["unknown"] * 3
    assert all(isinstance(result.error, OutcomeUnknown) for result in results)


class Broken(Watched):
    """An executor that accepts one chunk and refuses the others."""

    def submit(self, work: Any, /, task: Any, grants: Any) -> Future[Any]:
        if self.sizes:
            raise RuntimeError("cannot schedule new futures")
        return super().submit(work, task, grants)


async def test_an_executor_that_refuses_chunks_does_not_affect_accepted_ones(
    place: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """If an executor refuses more chunks, the accepted grants are confirmed and the others fail without being sent."""
    people = sorted(sandbox.world.users)
    results = await place.bulk.assign_many([(p, "crowd") for p in people], executor=Broken(), width=1)
    assert [result.outcome for result in results] == ["done"] * 50 + ["failed"] * (len(people) - 50)
    assert len(sandbox.members(GRANTS_PORTAL, "dev", "crowd")) == 50


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
async def test_a_forked_worker_does_not_use_the_connections_of_its_parent(
    place: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """A forked worker opens its own connections, so it never reads answers that belong to its parent."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("nothing forks here")
    people = sorted(sandbox.world.users)
    grants = [(person, "crowd") for person in people]
    with ThreadPoolExecutor(2) as threads:
        await place.bulk.assign_many(grants, executor=threads, width=2)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as processes:
        results = await place.bulk.unassign_many(grants, executor=processes, width=2)
    assert {result.outcome for result in results} == {"done"}
    assert sandbox.members(GRANTS_PORTAL, "dev", "crowd") == []
