"""What a client is for its API account: its connections, its token, its integrations."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import NoReturn, Self, Unpack

from css_sdk_openapi import Client
from css_sdk_openapi.api.integrations import get_integration, list_integrations

from .._http import answers
from .._http.generated_client import generated_client
from .._http.journal_writer import Journal
from .._service import arguments, environment_checks, identifiers
from ..auth.credentials import team_of
from ..auth.single_flight import SingleFlight
from ..errors import Ambiguous, AuthenticationError, ConfigurationError, NotFound, NotGold
from ..models import Integration, WhoAmI
from ..settings import Settings, settings_from_env, settings_from_file
from .connection import AsyncOptions
from .forwarding import AsyncForwarding
from .integrations import AsyncIntegrationClient
from .people import AsyncPeople
from .wire import AsyncWire


class AsyncTeam:
    """The part of a client that leads to the team's integrations."""

    def __init__(self, settings: Settings, **options: Unpack[AsyncOptions]) -> None:
        arguments.check_kind(settings, Settings, "settings", "Css.from_env() and Css.from_file(path) make them.")
        self.settings = settings
        self._wire = AsyncWire(settings, options)
        self._integrations: tuple[Integration, ...] | None = None
        self._reading = SingleFlight[tuple[Integration, ...]]()

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        team_id: int | None = None,
        allow_http: bool = False,
        **options: Unpack[AsyncOptions],
    ) -> Self:
        """A client from `CSS_CLIENT_ID` and `CSS_CLIENT_SECRET`, or the file named by `CSS_CREDENTIALS_FILE`.

        Args:
            environ: the variables to read; those of the process by default.
            team_id: the team that the credentials must belong to.
            allow_http: whether plain `http` may go further than this machine.

        Raises:
            ConfigurationError: when they are missing, half filled in or unsafe.
        """
        return cls(settings_from_env(environ, team_id=team_id, allow_http=allow_http), **options)

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        api_url: str | None = None,
        team_id: int | None = None,
        allow_http: bool = False,
        **options: Unpack[AsyncOptions],
    ) -> Self:
        """A client from the credentials file that the CSS web app lets one download.

        Raises:
            ConfigurationError: when the file cannot be read or lacks something.
        """
        return cls(settings_from_file(path, api_url=api_url, team_id=team_id, allow_http=allow_http), **options)

    def __reduce__(self) -> NoReturn:
        self._wire.__reduce__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_id={self.settings.client_id!r}, api_url={self.settings.api_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections, but not those of an httpx client that was handed in."""
        await self._wire.aclose()

    def with_journal(self, journal: Journal) -> Self:
        """Return this client with a journal, into which all writes of the returned client go.

        The two share connections, token and the list of integrations. Closing one closes both.

        Args:
            journal: a file that gets every write, before and after it.

        Raises:
            InvalidFile: when the journal cannot be written.

        >>> import tempfile
        >>> from css_sdk import Journal
        >>> with tempfile.TemporaryDirectory() as folder, Journal(f"{folder}/today.jsonl") as journal:
        ...     places = (await css.with_journal(journal).integration(101)).info.environments
        """
        arguments.check_kind(journal, Journal, "journal=", error=ConfigurationError)
        journal.open_for(self.settings)
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, _wire=self._wire.with_journal(journal))
        return other

    @property
    def api(self) -> Client:
        """The generated client, for calls to the API as they are: pass it to functions of `css_sdk_openapi.api`.

        It has the token, the connections and the limits of this client. An `AsyncCss` takes the functions `asyncio` and
        `asyncio_detailed`, a `Css` takes `sync` and `sync_detailed`. Each call is one request: nothing is tried again,
        and a write is not verified. The answer is what the service sent: a model of `css_sdk_openapi.models`, also one
        of an error. Names are passed as they are, not encoded.

        Requests that would stop the service, or change something else than they name, are refused. The other guards of
        css-sdk, such as those about Gold, environments and removals, do not hold here.

        Returns:
            A client for this process, these threads or this event loop, as this client itself is. It is closed with it.

        Raises:
            Refused: from a call that would harm. Nothing is sent.
            ConfigurationError: from a call with a closed client, from a function of the other kind, from `with_timeout`
                and the like, and for a write of a client with a `journal`.
            CssError: from a call without an answer that can be read.

        >>> from css_sdk_openapi.api.roles import list_roles
        >>> [role.name for role in (await list_roles.asyncio(101, "dev", client=css.api)).data]
        ['admin', 'approver', 'reviewer']
        """
        # Called `api` as the package of the functions that it is passed to.
        return generated_client(AsyncForwarding(self._wire))

    async def whoami(self) -> WhoAmI:
        """The API account in use and its team, as the claim `team` of its token tells; the service accepted it.

        Returns:
            Team id, client id, and the address of the API.

        Raises:
            AuthenticationError: when the credentials are wrong, or are not those of an API account.

        >>> (await css.whoami()).team_id
        2016
        """
        await self.integrations()
        team = team_of(self._wire.claims)
        if team is None:
            raise AuthenticationError(
                f"The account {self.settings.client_id!r} belongs to no team: it is not an API account of CSS."
            )
        return WhoAmI(team_id=team, client_id=self.settings.client_id, api_url=self.settings.api_url)

    async def integrations(self, *, refresh: bool = False) -> tuple[Integration, ...]:
        """Return the team's Gold integrations, read once and then remembered.

        The service leaves out those that are not Gold. Threads and tasks that need them at the same moment share one
        reading, and its error if it fails.

        Args:
            refresh: read them again.

        Returns:
            The integrations, in the service's order.

        Raises:
            AuthenticationError: when the credentials or the token are not accepted.

        >>> [integration.project_name for integration in await css.integrations()]
        ['Grants Portal', 'Fisheries Service', 'Permit Robot']
        """
        if self._integrations is not None and not refresh:
            return self._integrations
        self._wire.check_usable("GET /integrations")  # before waiting for a reading in another event loop
        return await self._reading.async_share(lambda: self._read_integrations(refresh), is_fresh=refresh)

    async def integration(self, which: int | str) -> AsyncIntegrationClient:
        """One of the team's Gold integrations.

        Args:
            which: its id, or its exact project name. A number is an id, and so is a text such as `#101`; a text of
                digits is an id or a name.

        Raises:
            NotFound: when the team has no such integration.
            NotGold: when it has, but the integration is not Gold.
            Ambiguous: when two projects have that name, or digits are the name of one and the id of another.

        >>> (await css.integration("Grants Portal")).info.id
        101
        """
        if not isinstance(which, str):
            which = arguments.whole_number(which, "An integration is named by its id or project name. The id")
        remembered = self._integrations is not None
        found = _named(which, await self.integrations())
        if not found and remembered:
            # It may have been made, or become Gold, since the list was read.
            found = _named(which, await self.integrations(refresh=True))
        if len(found) > 1:
            told = ", ".join(f"#{integration.id} {integration.project_name!r}" for integration in found)
            sure = f"'#{found[0].id}'"
            raise Ambiguous(
                f"{len(found)} integrations may be meant by {which!r}: {told}. Give the id, such as {sure}.",
                candidates=found,
            )
        if not found:
            await self._explain_missing(_as_id(which))
        return AsyncIntegrationClient(self._wire, found[0])

    def people(self, environment: str) -> AsyncPeople:
        """Searches for people in the login server of one environment, whatever the integration.

        Args:
            environment: `dev`, `test` or `prod`.

        Raises:
            EnvironmentMissing: for anything else.

        >>> (await css.people("prod").find_one(email="ilse.hargreave@example.com")).first_name
        'Ilse'
        """
        environment_checks.check_known_environment(environment)
        return AsyncPeople(self._wire, environment)

    async def _read_integrations(self, refresh: bool) -> tuple[Integration, ...]:
        known = self._integrations  # perhaps read between the caller's look at them and now
        if known is None or refresh:
            known = self._integrations = await self._wire.read(list_integrations, answers.integrations)
        return known

    async def _explain_missing(self, which: int | str) -> None:
        team = team_of(self._wire.claims)
        hint = f"Team {team} has no Gold integration" if team else "The team has no Gold integration"
        if isinstance(which, str):
            raise NotFound(f"{hint} named {which!r}. Names are matched exactly.", what="integration")
        try:
            other = await self._wire.read(get_integration, answers.integration, "integration", integration_id=which)
        except NotFound as error:
            raise NotFound(
                f"{hint} #{which}. Is it another team's?",
                what="integration",
                status=error.status,
                request=error.request,
            ) from None
        raise NotGold(
            f"Integration {other.project_name!r} (#{which}) is not Gold: the API is not for managing its roles."
        )


def _as_id(which: int | str) -> int | str:
    if isinstance(which, int):
        return which
    digits = int(which) if re.fullmatch("[0-9]{1,15}", which) else which
    return identifiers.integration_id(which) or digits


def _named(which: int | str, known: Sequence[Integration]) -> list[Integration]:
    number = _as_id(which)
    by_id = [integration for integration in known if integration.id == number]
    if isinstance(which, int) or identifiers.integration_id(which) is not None:
        return by_id
    by_name = [integration for integration in known if integration.project_name == which]
    if by_name and which != str(number):
        return by_name  # nobody writes an id with zeros in front
    return by_name + [integration for integration in by_id if integration not in by_name]
