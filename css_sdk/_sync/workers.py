# Written from css_sdk/_async/workers.py by `make generate`; edit that one.
"""Grants carried out by an executor's workers: threads, processes, or machines."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from .._http.concurrency import borrowed, run
from ..errors import ConfigurationError
from ..models import Grant, GrantResult
from ..settings import Settings, settings_from_env, settings_from_file
from .connection import open_wire
from .grants import Granting, GrantWrite, Run
from .roles import Roles
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

    change: GrantWrite
    integration_id: int
    environment: str
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


def task_for(wire: Wire, integration_id: int, environment: str, change: GrantWrite) -> Task:
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
        change=change,
        integration_id=integration_id,
        environment=environment,
        client_id=settings.client_id,
        api_url=settings.api_url,
        team_id=settings.team_id,
        allow_http=settings.allow_http,
        file=settings.file,
        token_url=None if settings.file_has_token_url else settings.token_url,
    )


def carry_out(task: Task, grants: Sequence[Grant]) -> list[GrantResult]:
    """What a worker does with a chunk: one user after another.

    The worker of a `Css` keeps its connections and its token for the next chunk. That of an `Css` cannot: they
    belong to the event loop in which they were made, and each chunk has its own.
    """
    return run(_carry_out, task, grants)


def _carry_out(task: Task, grants: Sequence[Grant]) -> list[GrantResult]:
    run, settings = Run(grants), task.settings()
    with borrowed(settings, lambda: open_wire(settings, {})) as wire:
        roles = Roles(wire, task.integration_id, task.environment)
        granting = Granting(Users(wire, task.integration_id, task.environment), roles.list)
        granting.carry_out(task.change, run, width=1)
    return run.results
