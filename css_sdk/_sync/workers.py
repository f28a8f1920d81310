# Written from css_sdk/_async/workers.py by `make generate`; edit that one.
"""Grants carried out by an executor's workers: threads, processes, or machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from attrs import frozen

from .._http.concurrency import borrowed, each, run, waited_for
from ..errors import ConfigurationError, CssError, OutcomeUnknown
from ..models import Role
from ..settings import Settings, settings_from_env, settings_from_file
from ..state import Place, Step, StepResult
from .grants import Granting, GrantWrite, Numbered, grouped
from .roles import Roles
from .steps import StepRun
from .users import Users
from .wire import Wire

CHUNK = 50
"""Grants that go to a worker together."""


@frozen
class Task:
    """What a worker does and where, and where it finds the credentials; no secret is among it.

    A worker reads the environment, or the credentials file, of its own machine, and makes sure that they are those
    of the client that sent it.
    """

    place: Place
    client_id: str
    api_url: str
    team_id: int | None
    allow_http: bool
    file: str | None
    token_url: str | None

    def settings(self) -> Settings:
        """The credentials, as the worker finds them.

        Raises:
            ConfigurationError: when there are none, or others than those of the client that sent it.
        """
        if self.file is None:
            found = settings_from_env(team_id=self.team_id, allow_http=self.allow_http)
        else:
            found = settings_from_file(
                self.file,
                api_url=self.api_url,
                team_id=self.team_id,
                allow_http=self.allow_http,
                token_url=self.token_url,
            )
        if (found.client_id, found.api_url) != (self.client_id, self.api_url):
            raise ConfigurationError(
                f"A worker found the credentials of {found.client_id!r} for {found.api_url}, and was sent by "
                f"{self.client_id!r} of {self.api_url}. Give the workers the same environment."
            )
        return found


def task_for(wire: Wire, place: Place) -> Task:
    """What a worker has to know to do what this client would do.

    Raises:
        ConfigurationError: for a client whose credentials or connections a worker could not have.
    """
    settings = wire.settings
    if settings.source == "arguments":
        raise ConfigurationError(
            "An executor's workers read the credentials from the environment or a file, never from this process: "
            "make the client with from_env or from_file."
        )
    if wire.journal is not None:
        raise ConfigurationError("An executor's workers cannot write into the journal of this client.")
    if not wire.is_plain:
        raise ConfigurationError("An executor's workers cannot have the http_client or transport of this client.")
    return Task(
        place=place,
        client_id=settings.client_id,
        api_url=settings.api_url,
        team_id=settings.team_id,
        allow_http=settings.allow_http,
        file=settings.file,
        token_url=None if settings.file_has_token_url else settings.token_url,
    )


class Shipping(Granting):
    """Sends the steps about members in chunks, through the workers of an executor.

    Args:
        users, list_roles: as for `Granting`.
        executor: carries out a chunk in one of its workers.
        task: where, and with which credentials.
    """

    def __init__(
        self,
        users: Users,
        list_roles: Callable[[], tuple[Role, ...]],
        executor: Executor,
        task: Task,
    ) -> None:
        super().__init__(users, list_roles)
        self._executor = executor
        self._task = task

    def carry_out(self, _: GrantWrite, run: StepRun, steps: Numbered, width: int) -> None:
        """Ship the steps, so many chunks at once."""

        def ship(chunk: Numbered) -> None:
            try:
                future = self._executor.submit(carry_out, self._task, tuple(chunk.values()))
            except Exception as error:
                untaken = CssError(
                    f"The executor takes no more work ({type(error).__name__}); nothing of this was sent."
                )
                untaken.__cause__ = error
                run.settle_failed(chunk, untaken)
                return
            try:
                results = waited_for(future)
            except CssError as error:
                # Only the worker's way to its credentials raises these, before anything is sent.
                run.settle_failed(chunk, error)
            except Exception as error:
                lost = OutcomeUnknown(
                    f"A worker was lost with {type(error).__name__}, and whether it had done this is not known. "
                    f"Run it again with skip_existing=True."
                )
                lost.__cause__ = error
                run.settle_failed(chunk, lost)
            else:
                for (number, step), result in zip(chunk.items(), results, strict=True):
                    run.settle({number: step}, result.outcome, result.error)

        each(ship, _chunks(steps), width)


def _chunks(steps: Numbered) -> list[Numbered]:
    """Return the steps in chunks of about `CHUNK`; those of a user stay together."""
    chunks: list[Numbered] = []
    for group in grouped(steps, lambda step: step.target).values():
        if chunks and len(chunks[-1]) + len(group) <= CHUNK:
            chunks[-1] |= group
        else:
            chunks.append(group)
    return chunks


def carry_out(task: Task, steps: Sequence[Step]) -> list[StepResult]:
    """Carry out a chunk in a worker: one user after another.

    The worker of a `Css` keeps its connections and its token for the next chunk. That of an `Css` cannot: they
    belong to the event loop in which they were made, and each chunk has its own.
    """
    return run(_carry_out, task, steps)


def _carry_out(task: Task, steps: Sequence[Step]) -> list[StepResult]:
    settings, where = task.settings(), (task.place.integration, task.place.environment)
    with borrowed(settings, lambda: Wire(settings, {})) as wire:
        roles = Roles(wire, *where)
        granting = Granting(Users(wire, *where), roles.list)
        return StepRun(steps, None, granting={task.place: granting}, roles={}, width=1).carry_out()
