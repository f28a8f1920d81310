# Written from css_sdk/_async/workers.py by `make generate`; edit that one.
"""Carry out grants in the workers of an executor: threads, processes or machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial

from attrs import frozen

from .._http.concurrency import each, reused, run, waited_for
from ..config.sources import find_settings
from ..errors import ConfigurationError, CssError, OutcomeUnknown
from ..settings import CSS, Settings, settings_from_file
from ..state import Place, Step, StepResult
from .roles import Roles
from .steps import Numbered, StepRun, grouped
from .wire import Wire

CHUNK = 50
"""The most grants or removals that a worker receives together, unless there are more for one user."""


@frozen
class Task:
    """What a worker needs besides the steps: the place, the account, and a function that finds the credentials.

    A task contains no secret. The worker reads the variables or the credentials file of its own machine.
    """

    place: Place
    account: tuple[str, str]
    """The client id and the API address."""
    find: Callable[[], Settings]

    def settings(self) -> Settings:
        """Return the settings, with credentials, that the worker's machine has.

        If these credentials belong to a different account or API address than the task, raise a `ConfigurationError`.
        """
        found = self.find()
        if (found.client_id, found.api_url) != self.account:
            client_id, api_url = self.account
            raise ConfigurationError(
                f"A worker found the credentials of {found.client_id!r} for {found.api_url}, but this client uses "
                f"{client_id!r} for {api_url}. Set the same environment variables for the workers as for this client."
            )
        return found


def task_for(wire: Wire, place: Place) -> Task:
    """Return the task that lets a worker make changes in a place with the account of this client.

    Raises:
        ConfigurationError: a worker cannot use an option of this client: credentials passed as arguments, a journal, an
            `http_client` or a `transport`.
    """
    settings = wire.settings
    if settings.source == "arguments":
        raise ConfigurationError(
            "The workers of an executor read the credentials from variables or a file, never from this process. Create "
            "the client with from_env or from_file."
        )
    if wire.journal is not None:
        raise ConfigurationError(
            "The workers of an executor cannot write into a journal. Create a client without journal=."
        )
    if not wire.is_plain:
        raise ConfigurationError(
            "The workers of an executor cannot use http_client= or transport=. Create a client without them."
        )
    find = partial(find_settings, profile=settings.profile, team_id=settings.team_id, allow_http=settings.allow_http)
    if settings.file is not None and settings.profile is None:
        token_url = settings.token_url if settings.name_of("token_url") == CSS.variable("token_url") else None
        find = partial(
            settings_from_file,
            settings.file,
            api_url=settings.api_url,
            team_id=settings.team_id,
            allow_http=settings.allow_http,
            token_url=token_url,
        )
    return Task(place, (settings.client_id, settings.api_url), find)


def ship_steps(executor: Executor, task: Task, run: StepRun, steps: Numbered) -> None:
    """Send steps about members in chunks to the workers of an executor, and settle the steps with the results.

    At most as many chunks as the run's `width` are sent at once.
    """

    def ship(chunk: Numbered) -> None:
        try:
            future = executor.submit(carry_out, task, tuple(chunk.values()))
        except Exception as error:
            refused = CssError(
                f"The executor accepts no more work ({type(error).__name__}). This change was not sent to a worker. "
                f"Make the call again with an executor that accepts work."
            )
            refused.__cause__ = error
            run.settle_failed(chunk, refused)
            return
        try:
            results = waited_for(future)
        except CssError as error:
            # A worker raises a CssError only when it reads the credentials, before anything is sent.
            run.settle_failed(chunk, error)
        except Exception as error:
            lost = OutcomeUnknown(
                f"A worker was lost ({type(error).__name__}). css-sdk cannot know whether the worker made this change. "
                f"Make the call again with skip_existing=True, which sends only the changes that are still needed."
            )
            lost.__cause__ = error
            run.settle_failed(chunk, lost)
        else:
            for (number, step), result in zip(chunk.items(), results, strict=True):
                run.settle({number: step}, result.outcome, result.error)

    each(ship, _chunks(steps), run.width)


def _chunks(steps: Numbered) -> list[Numbered]:
    """Return the steps in chunks of at most `CHUNK` steps. But all steps about one user stay in one chunk."""
    chunks: list[Numbered] = []
    for group in grouped(steps, lambda step: step.target).values():
        if chunks and len(chunks[-1]) + len(group) <= CHUNK:
            chunks[-1] |= group
        else:
            chunks.append(group)
    return chunks


def carry_out(task: Task, steps: Sequence[Step]) -> list[StepResult]:
    """Carry out a chunk of steps in a worker, one user after another, and return their results.

    For a `Css`, the worker keeps its connections and its token for the next chunk. For an `Css`, the worker cannot
    keep them, because they belong to an event loop and each chunk runs in a new event loop.
    """
    return run(_carry_out, task, steps)


def _carry_out(task: Task, steps: Sequence[Step]) -> list[StepResult]:
    settings = task.settings()
    with reused(settings, lambda: Wire(settings, {})) as wire:
        return StepRun({task.place: Roles(wire, task.place)}, steps, width=1).carry_out()
