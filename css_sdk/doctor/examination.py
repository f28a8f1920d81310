"""Examine this machine, the credentials, the login servers and the service, one after the other."""

from __future__ import annotations

import base64
import os
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from attrs import evolve, field, frozen

from .._http.answers import error_answer
from .._http.bodies import read_body
from .._http.clients import new_client
from .._http.deadlines import time_limit
from .._http.exchanges import failure
from .._http.observation import collected_warnings
from .._http.retry import Backoff, seconds_of_date
from .._http.sending import Sending, system_error_behind
from .._service.error_answers import error_for
from .._sync.client import Css
from .._text.words import counted, waiting_time
from ..config.sources import Default, find_defaults, find_settings
from ..errors import ConfigurationError, CssError, MalformedAnswer, Reader, WrongTeam
from ..settings import Secret, Settings
from ..systems import system_of
from . import judgements
from .diagnosis import Check, Diagnosis, State, masked
from .machine import check_extras, check_variables, check_versions, proxy_secrets

_LARGEST: Final = 64 * 1024
"""The most bytes of an answer that are read."""


def diagnose(
    environ: Mapping[str, str] | None = None,
    *,
    profile: str | None = None,
    team_id: int | None = None,
    extras: Iterable[str] = (),
    login_servers: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
    timeout: float = 10.0,
    clock: Callable[[], float] = time.time,
    reader: Reader = "python",
) -> Diagnosis:
    """Find out why css-sdk does not work on this machine, and what to do. Change nothing, and raise no error.

    This function checks:

    - the machine: versions, extras, proxy and certificate variables, and the clock
    - the settings: credentials, addresses, and the default integration and environment
    - the servers: the service, and the login server of each environment
    - the account: its token and its team

    Args:
        environ: the variables with the credentials; by default those of the process. Variables for proxies and
            certificates are always those of the process.
        profile: name of a profile in the user's config file; by default the name in `CSS_PROFILE`.
        team_id: the team that the credentials must belong to, or None for any.
        extras: names of extras that you need, such as `verify`.
        login_servers: the issuers of further login servers to check, by environment. By default, those of dev and test
            if the token address is the public one; otherwise none.
        transport: an httpx transport to send the requests through.
        timeout: seconds for each request.
        clock: returns the time of this machine in seconds since 1970.
        reader: for whom the advice is worded: `python` names arguments, and `command_line` names options.

    Returns:
        The result of all checks. Those that found something wrong come first. No message holds a secret.

    >>> from css_sdk import diagnose
    >>> variables = {f"CSS_{name.upper()}": value for name, value in sandbox.credentials().items()}
    >>> diagnosis = diagnose(variables, transport=sandbox.transport())
    >>> diagnosis.is_good
    True
    >>> [check.message for check in diagnosis.checks if check.name == "account"]
    ['It belongs to team 2016, which has 3 Gold integrations.']
    """
    process = os.environ
    variables = process if environ is None else environ
    secrets = proxy_secrets(process)
    secrets += _secrets(variables.get("CSS_CLIENT_ID", ""), variables.get("CSS_CLIENT_SECRET", ""))
    checks = [check_versions(), *check_extras([*extras]), *check_variables(process)]
    settings, found = _read_settings(lambda: find_settings(environ, profile=profile, team_id=team_id), reader)
    defaults, check = _read_defaults(lambda: find_defaults(environ, profile=profile), reader)
    checks += [*found, check]
    if settings is not None:
        secrets += _secrets(settings.client_id, settings.client_secret.reveal())
        options = {"timeout": timeout} | ({} if transport is None else {"transport": transport})
        examined = evolve(settings, keep_token=False)  # a kept token says nothing about the credentials
        try:
            with new_client(httpx.Client, **options) as http:
                checks += _Examination(examined, defaults, http, options, timeout, clock, reader).checks(login_servers)
        except ConfigurationError as error:
            checks.append(Check("proxy and certificates", "wrong", error.text_for(reader)))
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home fails if the system does not know the home folder
    return Diagnosis(masked(checks, secrets, home))


def _secrets(client_id: str, client_secret: str) -> list[Secret]:
    """Return the texts that no message may show: the secret, and both credentials as HTTP Basic encodes them.

    A client id that does not look like one is also returned, because it may be the secret.
    """
    pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode().rstrip("=")
    texts = (client_secret, pair, "" if judgements.is_account(client_id) else client_id)
    return [Secret(text) for text in texts if text]


def _read_settings(find: Callable[[], Settings], reader: Reader) -> tuple[Settings | None, list[Check]]:
    with collected_warnings() as warnings:
        try:
            settings = find()
        except ConfigurationError as error:
            wrong = error.subject or "credentials"
            needing = ("addresses", "login server (prod)", "service", "token", "account", "clock")
            skipped = _skipped(f"the {wrong}", *(name for name in needing if name != wrong))
            return None, [Check(wrong, "wrong", error.text_for(reader)), *skipped]
    checks = [Check("credentials", "warning", record.getMessage()) for record in warnings]
    return settings, [*checks, judgements.judge_credentials(settings), judgements.judge_addresses(settings)]


def _read_defaults(find: Callable[[], dict[str, Default]], reader: Reader) -> tuple[dict[str, Default], Check]:
    try:
        found = find()
    except ConfigurationError as error:
        return {}, Check("defaults", "wrong", error.text_for(reader))
    described = [f"{name} is {default.value} ({default.source})" for name, default in found.items()]
    return found, Check("defaults", "ok", "; ".join(described) or "None are set.")


@frozen
class _Examination:
    """The checks that need the network.

    `http` sends requests without a token. `options` are for the clients that send a token.
    """

    _settings: Settings
    _defaults: Mapping[str, Default]
    _http: httpx.Client
    _options: Mapping[str, Any]
    _timeout: float
    _clock: Callable[[], float]
    _reader: Reader
    _ahead: list[float] = field(factory=list, init=False)

    def checks(self, login_servers: Mapping[str, str] | None) -> Iterator[Check]:
        """Yield the result of each check. If a check fails, those that depend on it are skipped."""
        settings = self._settings
        set_by = f"The address is set by {settings.name_of('token_url')}."
        login, can_log_in = self._login_server("prod", judgements.issuer_of(settings.token_url), set_by)
        yield login
        service, can_read = self._service()
        yield service
        if can_log_in:
            yield from self._account(can_read)
        else:
            yield from _skipped("the login server", "token", "account")
        others = judgements.other_login_servers(settings.token_url) if login_servers is None else login_servers
        for environment, issuer in others.items():
            yield self._login_server(environment, issuer)[0]
        if not others:
            why = "css-sdk knows the addresses of these login servers only for the public service."
            yield Check("login servers (dev, test)", "skipped", why)
        yield judgements.judge_clock(max(self._ahead, key=abs, default=None))

    def _login_server(self, environment: str, issuer: str, set_by: str = "") -> tuple[Check, bool]:
        """Check that a login server can be reached. Return the check, and whether the server answered at all.

        `set_by` is a sentence that says what sets the address. If something is wrong, the message ends with it.
        """
        name, server = f"login server ({environment})", f"the login server of {environment}"
        answer = self._ask(judgements.discovery_of(issuer), server)
        if isinstance(answer, CssError):
            return self._wrong(name, answer, set_by), False
        fault = judgements.fault_of_discovery(answer.status_code, answer.content)
        if fault:
            return Check(name, "wrong", f"{server.capitalize()} ({issuer}): {fault}. {set_by}".rstrip()), True
        return Check(name, "ok", f"{issuer} can be reached."), True

    def _service(self) -> tuple[Check, bool]:
        """Check that the service can be reached. Return the check, and whether further reads make sense."""
        settings = self._settings
        set_by = f"The address is set by {settings.name_of('api_url')}."
        answer = self._ask(f"{settings.api_url}/heartbeat", "the service")
        if isinstance(answer, httpx.Response):
            if answer.status_code == 200 and judgements.is_heartbeat(answer.content):
                return Check("service", "ok", f"{settings.api_url} can be reached."), True
            foreign = MalformedAnswer(
                f"GET {settings.api_url}/heartbeat: the answer does not come from the CSS API. A proxy or a firewall "
                f"may have sent it. Check the address and the proxy variables."
            )
            reported = error_answer(answer, f"GET {answer.url.path}", time.time())
            answer = foreign if answer.is_success else error_for(reported)
        return self._wrong("service", answer, set_by), False

    def _account(self, can_read: bool) -> Iterator[Check]:
        """Yield the checks of the token, the account, its team, and the default integration and environment."""
        try:
            life = self._request_token()
        except WrongTeam as error:
            yield Check("token", "ok", "The login server accepts the credentials.")
            yield self._wrong("team", error)
            return
        except CssError as error:
            yield self._wrong("token", error)
            yield from _skipped("a token", "account")
            return
        yield Check("token", "ok", f"The login server issued a token{life}.")
        if not can_read:
            yield from _skipped("the service", "account")
            return
        try:
            with Css(self._settings, **self._options, deadline=self._timeout, retry=Backoff(tries=1)) as css:
                team, count = css.whoami().team_id, len(css.integrations())
                yield from self._default_place(css)
        except CssError as error:
            yield self._wrong("account", error)
            return
        state: State = "ok" if count else "warning"
        owned = counted(count, "Gold integration") if count else "no Gold integrations"
        yield Check("account", state, f"It belongs to team {team}, which has {owned}.")

    def _default_place(self, css: Css) -> Iterator[Check]:
        """Yield a check if the default integration or environment cannot be used."""
        name = "integration"
        if name not in self._defaults:
            return
        try:
            integration = css.integration(self._defaults[name].value)
            if "environment" in self._defaults:
                name = "environment"
                integration.environment(self._defaults[name].value)
        except CssError as error:
            set_by = f"The default {name} is set by {self._defaults[name].source}."
            yield Check("defaults", "wrong", f"{error.text_for('file')} {set_by}")

    def _request_token(self) -> str:
        """Request a token. Return how long it is valid, as in ` for 300 seconds`; "" if this is not known."""
        before = self._clock()
        with time_limit(self._timeout):
            token = system_of(self._settings).token(**self._options)
        self._compare_clocks(before, token.claims.get("iat"))
        return "" if token.life is None else f" for {waiting_time(token.life)}"

    def _ask(self, address: str, server: str) -> httpx.Response | CssError:
        """Send a GET request without a token. Return the answer, or an error if no readable answer came.

        If the answer has a date, compare the clocks.
        """
        label = f"GET {urlsplit(address).path}"
        before = self._clock()
        try:
            with Sending(), time_limit(self._timeout):
                request = self._http.build_request("GET", address, headers={"Accept": "application/json"})
                with closing(self._http.send(request, auth=None, follow_redirects=False, stream=True)) as response:
                    read_body(response, _LARGEST)
        except MalformedAnswer as error:
            return MalformedAnswer(f"{label}: {error}.", request=label)
        except Exception as error:
            host = urlsplit(address).netloc.rpartition("@")[2]
            failed = failure(error, label, server, host).error or MalformedAnswer(f"{label}: no answer from {server}.")
            failed.__cause__ = error
            return failed
        self._compare_clocks(before, seconds_of_date(response.headers.get("Date")))
        return response

    def _compare_clocks(self, before: float, theirs: object) -> None:
        """Note by how many seconds this machine's clock is ahead of a server's clock.

        `before` is this machine's time before the request. `theirs` is the server's time in the answer. If it
        is None, note nothing.
        """
        if isinstance(theirs, (int, float)) and not isinstance(theirs, bool):
            after = self._clock()
            # The server read its clock at some moment between the two, and gives whole seconds.
            self._ahead.append(before - 1 - theirs if theirs < before - 1 else min(0.0, after + 1 - theirs))

    def _wrong(self, name: str, error: CssError, set_by: str = "") -> Check:
        if error.status == 407 or isinstance(error.__cause__, httpx.ProxyError):
            name = "proxy"
        elif isinstance(system_error_behind(error), ssl.SSLError):
            name = "certificates"
        return Check(name, "wrong", f"{error.text_for(self._reader)} {set_by}".rstrip())


def _skipped(needed: str, *names: str) -> Iterator[Check]:
    for name in names:
        yield Check(name, "skipped", f"This check needs {needed}.")
