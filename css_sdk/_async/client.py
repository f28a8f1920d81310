"""The client of the CSS API: one API account with one httpx client, one token and one list of integrations."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self, Unpack

from css_sdk_openapi import Client
from css_sdk_openapi.api.integrations import get_integration, list_integrations

from .._http import answers
from .._http.journal_writer import Journal
from .._service import arguments, environment_checks, identifiers
from .._text.suggestions import suggest
from ..config.sources import find_settings
from ..errors import Ambiguous, AuthenticationError, ConfigurationError, NotFound, NotGold
from ..models import EMPLOYEE_PROVIDERS, Integration, UserLike, WhoAmI
from ..settings import Settings, settings_from_file
from .connection import AsyncOptions
from .integrations import AsyncIntegrationClient
from .sharing import AsyncSingleFlight
from .wire import AsyncWire

if TYPE_CHECKING:
    import datetime

    from ..journal.entries import JournalRead
    from ..people.identities import Person
    from ..people.lists import ListedPerson
    from ..people.logins import NamesFound, PeopleFound, PersonRoles
    from ..plan.desired import Desired, Protection
    from ..plan.person_plans import PersonPlan
    from ..plan.planner import Plan
    from ..plan.preconditions import Applied, Guards
    from ..report.rows import AccessReport
    from ..roster.rows import RoleRemovals, Row, RowResult
    from ..state import StepResult
    from .people import AsyncPeople
    from .rosters import AsyncRosterOptions


class AsyncCss:
    """A client of the CSS API for one API account.

    Close the client, or use it as a context manager. Threads can share a synchronous client. Tasks can share an
    asynchronous client, but only in the event loop of its first request. In any other event loop, calls are refused. A
    forked child process can continue to use the client. The client then opens new connections. But the child cannot use
    an `http_client`, a `transport` or a `journal` that the caller passed.

    If a task of an asynchronous client is cancelled, its reads end at once. A write that was already sent is finished
    first, so that its outcome is known. After this write, nothing is sent. If the task was making many writes,
    `progress` and the journal get the results of the finished writes. An executor finishes the work that it has
    accepted.

    Args:
        settings: addresses and credentials. `from_env` and `from_file` find them, and make the client.
        options: see `AsyncOptions`.

    >>> repr(css)
    "AsyncCss(client_id='service-account-team-2016-9001', api_url='http://localhost/api/v1')"
    """

    def __init__(self, settings: Settings, **options: Unpack[AsyncOptions]) -> None:
        arguments.check_kind(
            settings, Settings, "settings", "To make a client, call Css.from_env() or Css.from_file(path)."
        )
        self.settings = settings
        self._wire = AsyncWire(settings, options)
        self._integrations: tuple[Integration, ...] | None = None
        self._reading = AsyncSingleFlight[tuple[Integration, ...]]()

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        profile: str | None = None,
        team_id: int | None = None,
        allow_http: bool = False,
        **options: Unpack[AsyncOptions],
    ) -> Self:
        """Make a client from the first source that is set: a named profile, environment variables, the default profile.

        A profile is a section of the user's config file. The variables are `CSS_CLIENT_ID` and `CSS_CLIENT_SECRET`, or
        `CSS_CREDENTIALS_FILE`.

        Args:
            environ: the variables to read, by default those of the process. If you pass an `environ` without
                `CSS_CONFIG_FILE`, the default profile is not used.
            profile: the name of a profile, by default the value of `CSS_PROFILE`.
            team_id: the team that the credentials must belong to, by default the team of the profile.
            allow_http: whether plain `http` is allowed for addresses on other machines.
            options: see `AsyncOptions`.

        Raises:
            ConfigurationError: credentials are missing, incomplete or unsafe, the config file cannot be used, or an
                option is not valid.
            InvalidFile: the journal in the options cannot be written.
        """
        return cls(find_settings(environ, profile=profile, team_id=team_id, allow_http=allow_http), **options)

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
        """Make a client from the credentials file that you download from the CSS web app.

        Args:
            path: the path of the file.
            api_url: the address of the API, by default the public one.
            team_id: the team that the credentials must belong to.
            allow_http: whether plain `http` is allowed for addresses on other machines.
            options: see `AsyncOptions`.

        Raises:
            ConfigurationError: the file cannot be read, is not complete or has an unsafe address, or an option is not
                valid.
            InvalidFile: the journal in the options cannot be written.
        """
        return cls(settings_from_file(path, api_url=api_url, team_id=team_id, allow_http=allow_http), **options)

    def __reduce__(self) -> NoReturn:
        self._wire.__reduce__()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_id={self.settings.client_id!r}, api_url={self.settings.api_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. But an httpx client that the caller passed stays open."""
        await self._wire.aclose()

    def with_journal(self, journal: Journal) -> Self:
        """Return a second client that records its writes in a journal.

        The journal does not record the writes of this client.

        The two clients share connections, token and the list of integrations. Closing one of them closes both.

        Args:
            journal: the file that records each write of the second client, before it is sent and when it has ended.

        Raises:
            ConfigurationError: `journal` is not a `Journal`.
            InvalidFile: the journal cannot be written.

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
        """Return the generated client for single calls of the API: pass it to functions of `css_sdk_openapi.api`.

        The generated client uses the token, the connections and the limits of this client. With an `AsyncCss`, call the
        functions `asyncio` and `asyncio_detailed`; with a `Css`, call `sync` and `sync_detailed`. Each call is one
        request: nothing is tried again, and writes are not verified. A call returns the service's answer as a model of
        `css_sdk_openapi.models`, also if the answer is an error. Pass names as they are, not encoded.

        css-sdk refuses requests that would stop the service, or would change a different thing than they name. The
        other guards of css-sdk, such as those about Gold, environments and removals, do not apply here.

        Returns:
            The generated client. It works in the same process, threads or event loop as this client, and is closed
            together with this client.

        Raises:
            Refused: a call would do harm. Nothing is sent.
            ConfigurationError: a call uses a closed client, a function of the wrong kind (`sync` or `asyncio`), or a
                copy of the generated client that a method such as `with_timeout` returned. A call that writes also
                raises this error if the client has a `journal`.
            CssError: there is no answer to a call, or the answer cannot be read.

        >>> from css_sdk_openapi.api.roles import list_roles
        >>> [role.name for role in (await list_roles.asyncio(101, "dev", client=css.api)).data]
        ['admin', 'approver', 'reviewer']
        """
        # Named `api` like the package of the functions that get it.
        from .._http.generated_client import generated_client
        from .forwarding import AsyncForwarding

        return generated_client(AsyncForwarding(self._wire))

    async def whoami(self) -> WhoAmI:
        """Return the API account in use and its team, from the claim `team` of a token that the service accepted.

        Returns:
            The team id, the client id, and the address of the API.

        Raises:
            AuthenticationError: the credentials are wrong, or do not belong to an API account.

        >>> (await css.whoami()).team_id
        2016
        """
        await self.integrations()
        team = self._wire.team
        if team is None:
            raise AuthenticationError(
                f"The account {self.settings.client_id!r} is not an API account of CSS: its token names no team. Use "
                f"the credentials of your team's API account."
            )
        return WhoAmI(team_id=team, client_id=self.settings.client_id, api_url=self.settings.api_url)

    async def integrations(self, *, refresh: bool = False) -> tuple[Integration, ...]:
        """Return the team's Gold integrations. The client reads them once and then remembers them.

        The service leaves out integrations that are not Gold. Threads and tasks that need the list at the same time
        share one request. If the request fails, all of them get its error.

        Args:
            refresh: whether to read the list again.

        Returns:
            The integrations, in the service's order.

        Raises:
            AuthenticationError: the service does not accept the credentials or the token.

        >>> [integration.project_name for integration in await css.integrations()]
        ['Grants Portal', 'Fisheries Service', 'Permit Robot']
        """
        self._wire.connections.http("GET /integrations")  # before waiting for a reading in another event loop
        if self._integrations is not None and not refresh:
            return self._integrations
        return await self._reading.share(lambda: self._read_integrations(refresh), is_fresh=refresh)

    async def integration(self, which: int | str) -> AsyncIntegrationClient:
        """Return one of the team's Gold integrations.

        Args:
            which: the id or the exact project name of the integration. A number, or a text such as `#101`, is an id. A
                text of digits such as `101` can be an id or a name.

        Raises:
            NotFound: the team has no such integration.
            NotGold: the team has the integration, but it is not Gold.
            Ambiguous: two projects have this name, or `which` is the name of one integration and the id of a second.

        >>> (await css.integration("Grants Portal")).info.id
        101
        """
        if not isinstance(which, str):
            which = arguments.whole_number(which, "An integration is named by its id or project name. The id")
        remembered = self._integrations is not None
        found = _named(which, await self.integrations())
        if not found and remembered:
            # The integration may have been created, or become Gold, after the list was read.
            found = _named(which, await self.integrations(refresh=True))
        if len(found) > 1:
            listed = ", ".join(f"#{integration.id} {integration.project_name!r}" for integration in found)
            sure = f"'#{found[0].id}'"
            raise Ambiguous(
                f"{len(found)} integrations match {which!r}: {listed}. Pass the id, such as {sure}.",
                candidates=found,
            )
        if not found:
            await self._explain_missing(_as_id(which))
        return AsyncIntegrationClient(self._wire, found[0])

    def people(self, environment: str) -> AsyncPeople:
        """Return a client that searches the login server of one environment for people of any integration.

        Args:
            environment: `dev`, `test` or `prod`.

        Raises:
            EnvironmentMissing: `environment` has a different value.

        >>> (await css.people("prod").find_one(email="ilse.hargreave@example.com")).first_name
        'Ilse'
        """
        environment_checks.check_known_environment(environment)
        from .people import AsyncPeople

        return AsyncPeople(self._wire, environment)

    async def _read_integrations(self, refresh: bool) -> tuple[Integration, ...]:
        known = self._integrations  # a different task may have read them since the caller checked
        if known is None or refresh:
            known = self._integrations = await self._wire.read(list_integrations, answers.integrations)
        return known

    async def _explain_missing(self, which: int | str) -> None:
        team = self._wire.team
        hint = f"Team {team} has no Gold integration" if team else "The team has no Gold integration"
        if isinstance(which, str):
            names = [one.project_name for one in await self.integrations()]
            missing = f"{hint} named {which!r}. Names are matched exactly."
            raise suggest(NotFound(missing, what="integration", name=which), names)
        try:
            other = await self._wire.read(get_integration, answers.integration, "integration", integration_id=which)
        except NotFound as error:
            raise error.with_message(f"{hint} #{which}. It may belong to another team.") from None
        raise NotGold(
            f"Integration {other.project_name!r} (#{which}) is not Gold. The CSS API manages only Gold integrations."
        )

    async def find_people(
        self,
        text: str | None = None,
        *,
        environments: str | Iterable[str] = environment_checks.ENVIRONMENTS,
        providers: str | Iterable[str] | None = None,
        width: int = 4,
        **terms: str | None,
    ) -> PeopleFound:
        """Find people by a text or by search terms, in several providers and environments, with all their logins.

        A person can have several logins in one family of providers, such as IDIR and Azure IDIR. These logins have the
        same GUID, but their names or addresses can differ. The first searches can therefore miss a login. css-sdk also
        searches for the missing logins by GUID. But if the service leaves out people in a first search, css-sdk does
        not search by GUID, and `never_in` of each login is empty.

        Pass `text`, search terms, or both.

        Args:
            text: an e-mail address or a part of it; a GUID; a username; or a name. A name takes several searches: by
                last name, by first name, and at GitHub by name. `searches` of the result lists the searches.
            environments: the environments to search.
            providers: the providers to search, by default all that can be searched by the terms. BCeID can be searched
                by `guid` only.
            width: calls at once, 1 to 8.
            terms: as for `people(…).search`. A `guid` must be complete. `email`, `first_name`, `last_name`, `name` and
                `login` match a part of the field. `name` is a last or first name, or a name at GitHub. Case is ignored.
                A term that is None is ignored. A person must match the text and all terms.

        Returns:
            The people, sorted by name, and whether the list is complete. If nobody is found, the list is empty.

        Raises:
            InvalidRequest: neither `text` nor a term is given, a GUID is incomplete, or a given provider cannot be
                searched by the terms.
            UnusableUser: `text` is a username that is not valid.
            EnvironmentMissing: an environment does not exist.
            ConfigurationError: `width` is out of range.

        >>> [maren] = (await css.find_people(email="maren.fairweather@example.com")).people
        >>> [(login.user.provider, login.environments) for login in maren.logins]
        [('idir', ('dev', 'test', 'prod')), ('azureidir', ('dev', 'test', 'prod'))]
        """
        from ..people.meanings import searches_for
        from .directory import find_people

        return await find_people(self._wire, searches_for(text, terms, providers), environments, width)

    async def find_listed(
        self,
        people: str | Iterable[str],
        *,
        environments: str | Iterable[str] = environment_checks.ENVIRONMENTS,
        providers: str | Iterable[str] = EMPLOYEE_PROVIDERS,
        width: int = 4,
    ) -> tuple[ListedPerson, ...]:
        """Find the logins of all people in a list. A text that appears twice is searched once.

        The whole address, GUID or name must match: a person whose address only contains the text is not found. Each
        text takes at least one search in each provider and environment.

        Args:
            people: texts. Each is an e-mail address, a GUID, a username, or a name such as `Ilse Hargreave` or
                `Hargreave, Ilse`.
            environments: the environments to search.
            providers: the providers to search. A username is searched only in its own provider.
            width: calls at once, 1 to 8.

        Returns:
            A `ListedPerson` for each text, in order: found, ambiguous, not found, too many found, or failed.

        Raises:
            EnvironmentMissing: an environment does not exist.
            InvalidRequest: a provider does not exist, or an item of `people` is not a text.
            AuthenticationError: the service does not accept the credentials or the token.
            ConfigurationError: `width` is out of range.

        >>> found = await css.find_listed(["Ilse Hargreave", "front.counter@example.com", "nobody@example.com"])
        >>> [(one.state, len(one.logins)) for one in found]
        [('found', 1), ('ambiguous', 3), ('not found', 0)]
        """
        from .directory import find_listed

        texts = (people,) if isinstance(people, str) or not isinstance(people, Iterable) else tuple(people)
        arguments.names(texts, "person")
        return await find_listed(self._wire, texts, environments, providers, width)

    async def names_of(
        self, users: Mapping[str, str], *, known: Mapping[str, str] | None = None, most: int = 20, width: int = 4
    ) -> NamesFound:
        """Return the names of people by username. Search by GUID for people whose names are not known.

        Names in `known`, and names that earlier searches of this client have found, need no search. One search finds
        the name for all logins of a person. If a search fails, no more searches are made, and no error is raised.

        Args:
            users: the usernames, each with an environment in which to search for the person.
            known: names that are known already, by username.
            most: the most people whom this client searches for, in all calls of this method together.
            width: calls at once, 1 to 8.

        Returns:
            The names that are known now, and the number of people who were left out because of `most`.

        Raises:
            ConfigurationError: `width` is out of range.

        >>> found = await css.names_of({"c48af3232157a5f13dc753a5d3eed7ce@idir": "dev"})
        >>> found.names
        {'c48af3232157a5f13dc753a5d3eed7ce@idir': 'Tobias Bellwether'}
        """
        from .directory import names_of

        return await names_of(self._wire, users, known or {}, most, width)

    async def roles_of(
        self, person: UserLike | Person, *, providers: str | Iterable[str] | None = None, width: int = 4
    ) -> PersonRoles:
        """Return the roles of a person in all the team's integrations and environments, also through composite roles.

        If `person` is one login, this takes one call for each integration and environment, and one for each composite
        role that the login has. If `person` is an e-mail address or a GUID, css-sdk finds the person's logins among the
        members of all roles, because a search would not find all logins. This takes as many calls as `report`: css-sdk
        reads the list of roles of each environment, the children of each composite role, and the members of each role
        in pages of 50.

        Args:
            person: an e-mail address means all logins of the person who has this address. A GUID means all logins that
                have this GUID; the person's logins at GitHub and BCeID have different GUIDs. A username, a
                `ServiceAccount` or a `User` means only this login. A `Person` is accepted, too.
            providers: the result has only logins of these providers; all by default. If `person` is one login, this
                argument has no effect.
            width: calls at once, 1 to 8.

        Returns:
            The roles, and the places that could not be read. For one login, also the environments that do not know the
            login. For an e-mail address, also the usernames of members who have the person's address but another GUID:
            they may be somebody else.

        Raises:
            UnusableUser: `person` is not a username, GUID or e-mail address.
            InvalidRequest: a provider does not exist.
            NotFound: no environment knows the login; nobody with the address or the GUID is found, neither among the
                members of roles nor by a search; or the team has no applied integration.
            Ambiguous: two people have the address. The error names both, and `candidates` has them.
            IncompleteSearch: no member has the address, and the search for it did not return everybody.
            ConfigurationError: `width` is out of range.

        >>> found = await css.roles_of("ilse.hargreave@example.com")
        >>> [(str(held.place), held.role, held.through) for held in found.held if not held.direct]
        [('Grants Portal (#101) dev', 'approver', ('admin',)), ('Grants Portal (#101) dev', 'reviewer', ('admin',))]
        """
        from .reporting import roles_of

        return await roles_of(self, person, providers, width)

    async def removal_plan(
        self,
        person: UserLike | Person,
        *,
        providers: str | Iterable[str] | None = None,
        protect: Protection | None = None,
        width: int = 4,
    ) -> PersonPlan:
        """Plan how to remove all roles from a person, in all the team's integrations and environments.

        Nothing is written. css-sdk finds the person's logins among the members of all roles, and reads these members
        until two readings in a row agree. If `person` is an e-mail address, css-sdk also searches IDIR or GitHub,
        because a second person without roles may have the same address. To carry out the `plan` of the result, use
        `apply_plan`, which sends one request for each removal.

        Args:
            person: an e-mail address means all logins of the person who has this address. A GUID, a username or a
                `User` means all logins with the same GUID. The person's logins at GitHub and BCeID have other GUIDs,
                and are not included. (In `roles_of`, a username means only this login.)
            providers: roles are removed only from logins of these providers; all by default.
            protect: roles and users from which nothing is removed.
            width: calls at once, 1 to 8.

        Returns:
            The plan, and the places that could not be read or where roles cannot be removed. If the person has no
            roles, the plan is empty.

        Raises:
            UnusableUser: `person` is not a username, GUID or e-mail address.
            InvalidRequest: a provider does not exist, or `protect` is not a `Protection`.
            NotFound: nobody with the address or the GUID is found, neither among the members of roles nor by a search;
                or the team has no applied integration.
            Ambiguous: two people have the address, even if one of them has no roles. The error names both, and
                `candidates` has them.
            IncompleteSearch: the search for the address did not return everybody.
            ConfigurationError: `width` is out of range.

        >>> found = await css.removal_plan("maren.fairweather@example.com")
        >>> [(str(step.place), step.kind, step.role) for step in found.plan.steps], found.incomplete
        ([('Grants Portal (#101) dev', 'remove_member', 'reviewer')], ())
        >>> [result.outcome for result in (await css.apply_plan(found.plan)).results]
        ['done']
        """
        from .person_plans import plan_removal

        return await plan_removal(self, person, providers, protect, width)

    async def copy_plan(
        self,
        source: UserLike | Person,
        target: UserLike | Person,
        *,
        providers: str | Iterable[str] | None = None,
        width: int = 4,
    ) -> PersonPlan:
        """Plan how to give the target person all direct roles of the source person, in all integrations of the team.

        Nothing is written, and the plan removes no roles. To carry out the `plan` of the result, use `apply_plan`.

        Args:
            source: the person whose roles are copied, named as for `removal_plan`.
            target: the person who gets the roles. A username, a `User` or a `ServiceAccount` gets the roles of all
                logins of the source. An e-mail address or a GUID means all logins of the target: the idir login gets
                the roles of the source's idir login, and so on. Logins of the target that are not found are in
                `plan.unresolved`.
            providers: the providers of the source's logins; all by default.
            width: calls at once, 1 to 8.

        Returns:
            The plan, and the places that could not be read or where roles are left out.

        Raises:
            UnusableUser, NotFound, Ambiguous, IncompleteSearch: as `removal_plan`, for the source.
            InvalidRequest, ConfigurationError: a provider does not exist, or `width` is out of range.
            UnusableUser: `target` is not valid, or users of its provider cannot have roles.
            CssError: a search for the target failed.

        >>> found = await css.copy_plan("maren.fairweather@example.com", "rurik.vance@example.com")
        >>> [(str(step.place), step.kind, step.role) for step in found.plan.steps]
        [('Grants Portal (#101) dev', 'add_member', 'reviewer')]
        """
        from .person_plans import plan_copy

        return await plan_copy(self, source, target, providers, width)

    async def report(
        self,
        *,
        integrations: int | str | Iterable[int | str] | None = None,
        environments: str | Iterable[str] | None = None,
        width: int = 4,
    ) -> AccessReport:
        """Report who has which role in the whole team, directly and through composite roles.

        css-sdk reads the list of roles of each environment, the children of each composite role, and the members of
        each role in pages of 50. It makes no extra call for each person.

        Args:
            integrations: ids or exact project names; all by default.
            environments: `dev`, `test` or `prod`; all by default.
            width: calls at once, 1 to 8.

        Returns:
            The report. Call `rows()` to compute its rows. `unread` lists the places that could not be read completely,
            such as environments of drafts; the report contains all others.

        Raises:
            NotFound, NotGold, Ambiguous: the method `integration` raises this error for one of `integrations`.
            EnvironmentMissing: an environment does not exist, or no integration has any of the environments.
            AuthenticationError: the service does not accept the credentials or the token.
            ConfigurationError: `width` is out of range.

        >>> report = await css.report(environments=["dev"])
        >>> [(row.role, row.user.last_name, row.held) for row in report.rows()][:2]
        [('admin', 'Hargreave', 'directly'), ('approver', 'Hargreave', 'through admin')]
        """
        from .reporting import report

        return await report(self, integrations, environments, width)

    async def apply_roster(
        self,
        rows: Row | Iterable[Any],
        *,
        checked: Sequence[RowResult] | None = None,
        confirm: Callable[[Sequence[RoleRemovals]], object] | None = None,
        skip_existing: bool = True,
        **options: Unpack[AsyncRosterOptions],
    ) -> list[RowResult]:
        """Carry out the rows of a roster. A row that fails does not stop the others.

        Roles are granted before roles are removed, so that nobody is without access in between. css-sdk first searches
        for people who are named by GUID or e-mail address. If a person is not found, nothing is sent for the row.

        If `exact` is set, css-sdk removes each role in the rows from all members who have no row for this role. If the
        person of a row is not found, is ambiguous, has only logins of other providers, or could not be searched, this
        person may be one of these members. css-sdk then withholds the removals of the row's role. If the role or place
        of a row does not exist, the row may be mistyped. css-sdk then withholds the removals of all roles that the row
        may mean. But a person who has never logged in withholds nothing. css-sdk knows this only if the row names the
        person by username, or by a complete GUID and its provider.

        Args:
            rows: the rows that `read_roster` returned, or data that `read_roster` accepts: a DataFrame, dictionaries,
                or results of css-sdk.
            exact: whether to remove the roles from everybody whom the rows do not list.
            checked: the results that `check_roster` returned for the same rows, after somebody confirmed them. css-sdk
                checks the rows again, and raises `StalePlan` if a result differs. It carries out only rows with the
                state `to do`.
            confirm: called before the first write with the removals of an exact roster, if there are any. If `confirm`
                raises an exception or returns False, nothing is changed. An `AsyncCss` also accepts a coroutine
                function. After `confirm` has returned, css-sdk reads the members again. If they have changed, it raises
                `StalePlan`.
            max_removals: how many members an exact roster may remove from one role. The default is a fifth of the
                role's members, but at least 4 and at most 10.
            skip_existing: whether to read the members of the roles first, and send only the changes that are still
                needed. Exact rosters always do this.
            width: calls at once, 1 to 8.
            providers: the providers that are searched by GUID or e-mail address.
            prefer: if a person has several logins, the provider of the login to use; or a list of providers, in order
                of preference. If different people have the same address, `prefer` does not choose between them.
            all_logins: whether to use all logins of a person. Each login then has a row and a result.
            looking_up: called after each search for a person, with the number of finished searches and the number of
                all searches so far.
            progress: called with each result as soon as it is known, one call at a time, possibly in a different
                thread. An `AsyncCss` also accepts a coroutine function. If `progress` raises an exception, it is not
                called again.

        Returns:
            One result for each row, in the order of the rows. An exact roster also has one result for each removal,
            after the results of the rows.

        Raises:
            ConfigurationError: `width` is out of range, or `confirm`, `progress` or `looking_up` cannot be called or
                awaited. Nothing is sent.
            InvalidFile: the rows cannot be read, the integration of a row differs from the integration that was given
                for all rows, or the user of a row has a different e-mail address than the row. Nothing is changed.
            InvalidRequest: an option does not exist, both `prefer` and `all_logins` are given, or a provider does not
                exist. Nothing is sent.
            Refused: an exact roster is empty, has rows that revoke, would leave a role without members, or removes too
                many members; or `confirm` returned False. Nothing is changed.
            StalePlan: a result differs from `checked`, or the members changed while `confirm` was called. Nothing is
                changed.
            CallbackFailed: `progress` or `looking_up` raised an exception. All changes were made nevertheless, and the
                error's `result` has the results.
            CssError: the service cannot be used at all. Nothing was changed.

        >>> rows = read_roster("email,role\\nilse.hargreave@example.com,reviewer", "roster.csv",
        ...                    integration="101", environment="dev")
        >>> [result.state for result in await css.apply_roster(rows)]
        ['done']
        >>> results = await css.apply_roster(rows, exact=True)
        >>> [(result.state, result.row.action) for result in results]
        [('already has it', 'grant'), ('done', 'revoke'), ('done', 'revoke')]
        """
        from .rosters import AsyncRosterRun

        run = AsyncRosterRun(self, rows, options)
        return await run.apply(checked=checked, confirm=confirm, skip_existing=skip_existing)

    async def check_roster(self, rows: Row | Iterable[Any], **options: Unpack[AsyncRosterOptions]) -> list[RowResult]:
        """Return the result that `apply_roster` would have for each row. Read all people and roles, but write nothing.

        Args:
            rows, exact, max_removals, width, providers, prefer, all_logins, looking_up: as for `apply_roster`.
            progress: called with the expected result of each row as soon as this result is known.

        Returns:
            One result for each row, in the order of the rows. Its state is `to do` if there is something to do. An
            exact roster also has one result for each removal, after the results of the rows.

        Raises:
            ConfigurationError, CallbackFailed, InvalidFile, InvalidRequest: as `apply_roster`.
            Refused: an exact roster is empty or has rows that revoke.
            CssError: the service cannot be used at all.

        >>> rows = read_roster("email,role\\nilse.hargreave@example.com,admin\\nfront.counter@example.com,admin",
        ...                    "roster.csv", integration="101", environment="dev")
        >>> [check.state for check in await css.check_roster(rows)]
        ['already has it', 'ambiguous']
        """
        from .rosters import AsyncRosterRun

        return await AsyncRosterRun(self, rows, options).check()

    async def plan(
        self,
        desired: Desired,
        *,
        prune: bool = False,
        integrations: int | str | Iterable[int | str] = (),
        environments: str | Iterable[str] = (),
        day: datetime.date | None = None,
        providers: str | Iterable[str] = EMPLOYEE_PROVIDERS,
        width: int = 4,
    ) -> Plan:
        """Plan the ordered changes that lead from the current state to the desired state. Nothing is written.

        css-sdk reads the list of roles of each environment, the children of each composite role, and the members of the
        roles that `desired` names. If the plan deletes a role or removes it from a composite, css-sdk also reads the
        members of all roles that contain this role. Each GUID or e-mail address takes a search. A username takes no
        call.

        Args:
            desired: the desired state that `read_desired` or `read_desired_files` returned.
            prune: whether to plan two kinds of removals: of everything that an exact collection does not list, and of
                members whose last day (`until`) is over. Without `prune`, the plan only lists these removals.
            integrations: the integrations to plan, by id or exact project name. By default, all in `desired`.
            environments: the environments to plan. By default, all in `desired`.
            day: the day for which to plan: a grant is over if its last day is before this day. By default, the current
                day in the time zone of `desired`. A `datetime` with an offset is converted to this time zone.
            providers: the providers that are searched by GUID or e-mail address.
            width: calls at once, 1 to 8.

        Returns:
            The plan. If people could not be identified or have never logged in, the plan leaves out their changes, and
            the removals of members who may be one of these people.

        Raises:
            InvalidFile: `desired` requires something impossible. The error has all faults.
            InvalidRequest: `desired` lacks a place that `integrations` and `environments` name, `desired` has last days
                but no time zone, or a provider does not exist.
            CompositeCycle: a role would contain itself.
            NotFound, NotGold, EnvironmentMissing: the team does not have one of the integrations or environments.
            ConfigurationError: `width` is out of range.
            CssError: a part of the state could not be read.

        >>> from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, Listed
        >>> place = DesiredPlace("Grants Portal", "dev", roles=Listed((DesiredRole("auditor"),)))
        >>> plan = await css.plan(Desired((place,)))
        >>> [(step.kind, step.role) for step in plan.steps]
        [('create_role', 'auditor')]
        """
        from .plans import make_plan

        return await make_plan(
            self,
            desired,
            prune=prune,
            integrations=integrations,
            environments=environments,
            day=day,
            providers=providers,
            width=width,
        )

    async def apply_plan(
        self,
        plan: Plan,
        *,
        guards: Guards | None = None,
        resume: JournalRead | None = None,
        width: int = 4,
        progress: Callable[[StepResult], object] | None = None,
    ) -> Applied:
        """Carry out a plan exactly as it was made. If the state has changed since then, raise `StalePlan`.

        Before the first write, css-sdk reads again everything that it read for the plan. If a step fails, the steps
        that depend on this step are skipped. For example, a user who could not be added to a new role keeps the old
        role. All other steps are done. To be able to continue after an interruption, keep a journal: `Css(settings,
        journal=Journal(path, plan=plan.id))`.

        Args:
            plan: a plan that `plan` returned, or that `read_plan` read from a file.
            guards: how much the plan may remove.
            resume: the journal of an earlier run of this plan. Steps that the journal shows as done are not repeated.
                If the state has other changes than the steps in the journal, `StalePlan` is raised. A journal of a
                different plan is refused.
            width: calls at once, 1 to 8.
            progress: called with each result as soon as it is known, one call at a time, possibly in a different
                thread. An `AsyncCss` also accepts a coroutine function. If `progress` raises an exception, it is not
                called again.

        Returns:
            A result for each step that was not done before, and a plan of the remaining steps.

        Raises:
            StalePlan: the state has changed since the plan was made, or the last day of a grant in the roles file has
                passed since then. This error is also raised if the plan or the journal belongs to a different team,
                account or API address. Nothing is sent.
            InvalidFile: somebody changed the plan file after it was written. Nothing is sent.
            InvalidRequest: the plan has a step twice, or it lacks the state of a step's place. Nothing is sent.
            TooManyRemovals, LastMember, EmptySet, Refused: the guards refuse the plan. Nothing is sent.
            ConfigurationError: `width` is out of range, or `progress` cannot be called or awaited. Nothing is sent.
            CssError: a part of the state could not be read. Nothing is sent.
            CallbackFailed: `progress` raised an exception. All changes were made nevertheless, and the error's `result`
                has the value that this call would have returned.

        >>> from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, Listed
        >>> place = DesiredPlace("Grants Portal", "dev", roles=Listed((DesiredRole("auditor"),)))
        >>> applied = await css.apply_plan(await css.plan(Desired((place,))))
        >>> [(result.step.kind, result.outcome) for result in applied.results], applied.remainder
        ([('create_role', 'done')], None)
        """
        from .plans import apply_plan

        return await apply_plan(self, plan, guards, resume, width=width, progress=progress)

    async def undo_plan(self, journal: JournalRead, *, width: int = 4) -> Plan:
        """Plan how to undo the changes that a journal records. Nothing is written.

        The plan undoes only changes that still have an effect. Changes that somebody else made later stay as they are.
        If somebody else has since used a role that the journal's changes created, the role is not deleted, and the
        plan's notes name the role. The notes also count the changes that somebody has already undone or replaced.

        Args:
            journal: the journal that `read_journal` returned.
            width: calls at once, 1 to 8.

        Raises:
            StalePlan: the journal belongs to a different account or API address.
            InvalidRequest: `journal` is not a `JournalRead`.
            NotFound, NotGold, EnvironmentMissing: the team does not have one of the integrations or environments any
                more.
            ConfigurationError: `width` is out of range.
            CssError: a part of the state could not be read.

        >>> from css_sdk import JournalRead, Place, Step
        >>> from css_sdk.journal.entries import Entry
        >>> step = Step("add_member", Place(101, "dev"), "reviewer", "0f3ac87806aa7f215a7c0d4cc4d9e799@idir")
        >>> journal = JournalRead(css.settings.client_id, css.settings.api_url, (Entry(1, (step,), "done"),))
        >>> [(step.kind, step.role) for step in (await css.undo_plan(journal)).steps]
        [('remove_member', 'reviewer')]
        """
        from .plans import make_undo_plan

        return await make_undo_plan(self, journal, width=width)


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
        return by_name  # the text has leading zeros, so it is a name and not an id
    return by_name + [integration for integration in by_id if integration not in by_name]
