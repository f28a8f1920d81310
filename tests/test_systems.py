"""The preset systems: their addresses, the content of their calls, and the targets of their tokens."""

from __future__ import annotations

import copy
import os
import pickle
import runpy
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from css_sdk import (
    AsyncCss,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    Css,
    ServiceUnavailable,
    systems,
)
from css_sdk.auth.credentials import claims_of
from css_sdk.sandbox import Sandbox
from tests import readme
from tests.crowds import Crowd
from tests.system_calls import CALLS, lead_to

ROOT = Path(__file__).resolve().parent.parent
GRANTS_API = "http://localhost/cern/grants-portal-api/"
THREADS, TASKS = 50, 200
SYSTEM = systems.css(client_id="me", client_secret="s3cret")


@pytest.fixture(autouse=True)
def environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables that lead to the sandbox in process, for all three systems."""
    lead_to(sandbox, monkeypatch)


@pytest.mark.parametrize("name", CALLS)
async def test_each_system_is_called_below_its_base_address(name: str, sandbox: Sandbox) -> None:
    """Clients of a system send relative paths below its base address, and all calls share one token."""
    make, path, scheme = CALLS[name]
    system = make()
    with system.client(transport=sandbox.transport()) as client, system.client(transport=sandbox.transport()) as other:
        assert client.get(path).status_code == client.get(f"/{path}").status_code == other.get(path).status_code == 200
        assert client.get(system.base_url + path).status_code == 200
    async with system.async_client(transport=sandbox.async_transport()) as tasks:
        assert (await tasks.get(path)).status_code == 200
    first, *calls = sandbox.requests
    assert (first.kind, first.authorization.partition(" ")[0]) == ("token", scheme)
    assert len(calls) == 5
    assert {call.kind for call in calls} == {"api" if name == "css" else name}
    assert len({call.authorization for call in calls}) == 1


def test_a_call_has_the_systems_headers_unless_the_caller_sets_them(sandbox: Sandbox) -> None:
    """A call has the version that the BSS needs and a User-Agent, unless the caller sets these headers."""
    sent: list[httpx.Request] = []
    hooks = {"request": [sent.append]}
    with systems.bss().client(transport=sandbox.transport(), event_hooks=hooks, headers={"X-Trace": "1"}) as client:
        client.get("api/accounts/1")
        client.get("api/accounts/1", headers={"X-Api-Version": "5", "User-Agent": "mine"})
    asked, first, second = sent
    assert [asked.headers.get(name) for name in ("X-Api-Version", "X-Trace")] == [None, None]
    assert [first.headers[name] for name in ("X-Api-Version", "X-Trace")] == ["latest", "1"]
    assert first.headers["User-Agent"].startswith("css-sdk/")
    assert asked.headers["User-Agent"] == first.headers["User-Agent"]
    assert [second.headers[name] for name in ("X-Api-Version", "User-Agent")] == ["5", "mine"]


def test_the_bss_accepts_key_and_secret_only_as_basic_auth(sandbox: Sandbox) -> None:
    """The BSS refuses key and secret in the form, so css-sdk sends them as Basic auth only."""
    env = sandbox.bss_environment()
    form = {"grant_type": "password", "username": env["BSS_USERNAME"], "password": env["BSS_PASSWORD"]}
    pair = {"client_id": env["BSS_CLIENT_KEY"], "client_secret": env["BSS_CLIENT_SECRET"]}
    sent: list[httpx.Request] = []
    with httpx.Client(transport=sandbox.transport()) as client:
        assert client.post(f"{env['BSS_HOST']}/bsssmapi/oauth/token", data=form | pair).status_code == 401
    with systems.bss().client(transport=sandbox.transport(), event_hooks={"request": [sent.append]}) as client:
        assert client.get("api/accounts/1").json()["name"] == "Kettle Valley Cider"
    assert dict(httpx.QueryParams(sent[0].content.decode())) == form
    with systems.bss(
        env["BSS_HOST"], client_key="sandbox-bss-client", client_secret="wr0ng", username="robot", password="pa55"
    ).client(transport=sandbox.transport()) as client:
        with pytest.raises(AuthenticationError) as caught:
            client.get("api/accounts/1")
    assert (caught.value.status, caught.value.error) == (401, "invalid_client")


def test_an_opaque_token_is_renewed_before_its_1799_seconds_are_over(sandbox: Sandbox) -> None:
    """An opaque token is renewed thirty seconds before it expires, and once more after it was refused."""
    crowd = Crowd(1)
    system = systems.bss(clock=crowd.clock)
    with system.client(transport=sandbox.transport()) as client:
        for passed, tokens in ((0, 1), (1768.9, 1), (0.2, 2), (1768.7, 2), (0.4, 3)):
            crowd.now += passed
            assert client.get("api/accounts/1").status_code == 200
            assert sandbox.count(kind="token") == tokens
        sandbox.revoke_tokens()
        assert client.get("api/accounts/1").status_code == 200
    assert sandbox.count(kind="token") == 4
    assert system.auth.claims == {}
    assert system.auth.held.life == 1799


def test_two_audiences_at_once_never_mix(sandbox: Sandbox) -> None:
    """If twenty threads call two audiences at once, each audience gets only its own token, with one
    token request each.
    """
    calls = {"Group": systems.cern(), "Grant": systems.cern("grants-portal-api", base_url=GRANTS_API)}
    clients = {path: system.client(transport=sandbox.transport()) for path, system in calls.items()}
    start = threading.Barrier(20)

    def call(number: int) -> set[int]:
        start.wait(30)
        paths = sorted(clients, reverse=number % 2 == 0) * 3
        return {clients[path].get(path).status_code for path in paths}

    with ThreadPoolExecutor(20) as pool:
        assert [*pool.map(call, range(20))] == [{200}] * 20
    for client in clients.values():
        client.close()
    seen = Counter(
        (entry.path.split("/")[2], entry.authorization) for entry in sandbox.requests if entry.kind == "cern"
    )
    assert sorted(seen.values()) == [60, 60]
    assert {target: claims_of(token)["aud"] for target, token in seen} == {
        "authorization-service-api": "authorization-service-api",
        "grants-portal-api": "grants-portal-api",
    }
    assert sandbox.count(kind="token") == 2


@pytest.mark.parametrize("make", [systems.bss, systems.cern])
async def test_many_threads_and_tasks_make_one_token_request_per_token_life(make: Any, sandbox: Sandbox) -> None:
    """Fifty threads and two hundred tasks make one token request at first, and one more when the token has expired."""
    path = "api/accounts/1" if make is systems.bss else "Group"
    sandbox.faults.add("delay", path="*/token", times=None, seconds=1)
    threads = Crowd(THREADS)
    system = make(clock=threads.clock)
    threads.auth = system.auth
    with system.client(transport=sandbox.transport(threads.wait)) as client:
        for tokens in (1, 2):
            assert threads.call(client, path) == [200] * THREADS
            assert sandbox.count(kind="token") == tokens
            threads.now += 2000
    tasks = Crowd(TASKS)
    async with make(clock=tasks.clock).async_client(transport=sandbox.async_transport(tasks.async_wait)) as client:
        for tokens in (3, 4):
            assert await tasks.async_call(client, path) == [200] * TASKS
            assert sandbox.count(kind="token") == tokens
            tasks.now += 2000


async def test_each_failure_of_the_login_server_is_raised_in_all_callers_after_one_request(sandbox: Sandbox) -> None:
    """If the login server fails, all waiting callers get their own error after one token request, and a later call
    succeeds.
    """
    sandbox.faults.add("delay", path="*/token", times=None, seconds=1)
    sandbox.faults.add("500_before", path="*/token", times=3)
    threads = Crowd(THREADS)
    system = systems.bss(clock=threads.clock)
    threads.auth = system.auth
    with system.client(transport=sandbox.transport(threads.wait)) as client:
        for number in (1, 2, 3):
            found = threads.call(client, "api/accounts/1")
            assert [type(error) for error in found] == [ServiceUnavailable] * THREADS
            assert len({id(error) for error in found}) == THREADS
            assert sandbox.count(kind="token") == number
        assert threads.call(client, "api/accounts/1") == [200] * THREADS
    sandbox.faults.add("500_before", path="*/token", times=3)
    tasks = Crowd(TASKS)
    async with systems.bss(clock=tasks.clock).async_client(
        transport=sandbox.async_transport(tasks.async_wait)
    ) as client:
        for number in (5, 6, 7):
            found = await tasks.async_call(client, "api/accounts/1")
            assert [type(error) for error in found] == [ServiceUnavailable] * TASKS
            assert sandbox.count(kind="token") == number
        assert await tasks.async_call(client, "api/accounts/1") == [200] * TASKS
    assert sandbox.count(kind="token") == 8


@pytest.mark.parametrize(
    "url", ["https://localhost/bss/bsssmapi/api/accounts/1", "http://localhost:81/", "http://elsewhere.example/x"]
)
async def test_an_address_of_another_origin_is_refused(url: str, sandbox: Sandbox) -> None:
    """A client of a system refuses an address of another origin before it requests a token."""
    with systems.bss().client(transport=sandbox.transport()) as client:
        with pytest.raises(ConfigurationError, match="because it may go only to"):
            client.get(url)
    async with systems.bss().async_client(transport=sandbox.async_transport()) as tasks:
        with pytest.raises(ConfigurationError, match="because it may go only to"):
            await tasks.get(url)
    assert sandbox.requests == []


def test_without_an_answer_to_a_token_request_the_error_is_one_of_css_sdk() -> None:
    """If the login server cannot be reached, `System.token` raises `ConnectionFailed`, which names the server."""
    given = {"client_key": "key", "client_secret": "s3cret", "username": "robot", "password": "pa55word"}
    with pytest.raises(ConnectionFailed, match="no connection to the login server at localhost:9"):
        systems.bss("http://localhost:9", **given).token()


def test_options_that_the_system_sets_are_refused() -> None:
    """The options `auth` and `base_url` are refused, because the system sets them, and so are unknown options."""
    for name in ("auth", "base_url"):
        for make in (systems.css().client, systems.css().async_client, systems.css().token):
            with pytest.raises(ConfigurationError, match=rf"^{name}= cannot be passed, because the system css sets it"):
                make(**{name: None})
    with pytest.raises(ConfigurationError, match="it has no option 'nonsense'"):
        systems.css().client(nonsense=None)


def test_several_audiences_are_refused() -> None:
    """A list of audiences is refused, because each audience needs its own system."""
    with pytest.raises(ConfigurationError, match=r"audience= must be a text, .* not \['a', 'b'\]"):
        systems.cern(["a", "b"], base_url="https://api.example")  # type: ignore[arg-type]


def test_a_system_and_its_auth_cannot_be_copied_or_pickled() -> None:
    """A system and its auth cannot be copied or pickled, because a copy would request its own tokens."""
    for again in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(
            ConfigurationError, match=r"^A ClientCredentials object cannot be copied or pickled, .* create a new object"
        ):
            again(systems.css().auth)
    with pytest.raises(ConfigurationError, match="cannot be copied or pickled"):
        pickle.dumps(systems.css())


def test_a_token_address_may_have_a_query(sandbox: Sandbox) -> None:
    """The query of a token address is sent and is not part of the issuer. The address may be an `httpx.URL`."""
    url = httpx.URL(os.environ["CSS_TOKEN_URL"] + "?tenant=a/")
    system = systems.css(token_url=url)  # type: ignore[arg-type]
    assert (system.token_url, system.issuer) == (str(url), systems.css().issuer)
    system.token(transport=sandbox.transport())
    assert sandbox.requests[-1].path.endswith("/token?tenant=a/")


def test_systems_have_default_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without variables and arguments a system uses its public addresses, and an audience without a known address is
    refused.
    """
    for name in ("CSS_TOKEN_URL", "CSS_API_URL", "CERN_TOKEN_URL", "CERN_API_URL"):
        monkeypatch.delenv(name)
    css, cern = systems.css(), systems.cern()
    assert (css.base_url, css.issuer) == (
        "https://api.loginproxy.gov.bc.ca/api/v1/",
        "https://loginproxy.gov.bc.ca/auth/realms/standard",
    )
    assert (cern.base_url, cern.token_url, cern.issuer) == (
        "https://authorization-service-api.web.cern.ch/api/v1.0/",
        "https://auth.cern.ch/auth/realms/cern/api-access/token",
        "https://auth.cern.ch/auth/realms/cern",
    )
    assert systems.cern(token_url="https://login.example/token").issuer is None
    for origin in ("HTTPS://Login.Example", "https://login.example:443"):
        named = f"{origin}/auth/realms/x/protocol/openid-connect/token"
        assert systems.css(token_url=named).issuer == "https://login.example/auth/realms/x"
    with pytest.raises(ConfigurationError, match="'my-api' is not known"):
        systems.cern("my-api")
    with pytest.raises(ConfigurationError, match="plain http"):
        systems.cern("my-api", base_url="http://api.example/")
    with pytest.raises(ConfigurationError, match="audience is empty"):
        systems.cern("", base_url="https://api.example/")


def test_addresses_in_arguments_come_before_variables() -> None:
    """Addresses in arguments come before those in variables, and credentials still come from variables."""
    found = {"token_url": "https://login.example/t", "base_url": "https://api.example/v1"}
    for make in (systems.css, systems.cern, systems.bss):
        system = make(**found)
        assert (system.token_url, system.base_url) == (found["token_url"], found["base_url"] + "/")
    assert systems.bss("https://bss.example/").token_url == "https://bss.example/bsssmapi/oauth/token"


def test_requests_to_this_machine_bypass_the_proxy_of_the_environment(sandbox: Sandbox, monkeypatch: Any) -> None:
    """Requests to this machine bypass a proxy that a variable names, but not a proxy that the caller passes."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with sandbox.serve() as server:
        with systems.bss(server.bss_environment()["BSS_HOST"]).client() as client:
            assert client.get("api/accounts/1").status_code == 200
        with systems.bss(server.bss_environment()["BSS_HOST"]).client(proxy="http://127.0.0.1:9") as client:
            with pytest.raises(httpx.ConnectError):
                client.get("api/accounts/1")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SSL_CERT_FILE", "/nowhere/hush.pem", r"certificates cannot be read \(No such file.*SSL_CERT_FILE"),
        ("SSL_CERT_FILE", __file__, r"certificates cannot be read .*SSL_CERT_FILE"),
        ("HTTPS_PROXY", "gopher://me:hush@proxy.example", r"a proxy's address is not usable\. Check HTTPS_PROXY"),
        ("all_proxy", "gopher://me:hush@proxy.example", r"a proxy's address is not usable\. Check .*all_proxy"),
    ],
)
def test_unusable_certificates_and_proxies_name_their_variable(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If certificates or a proxy in a variable cannot be used, the error names the variable, and not its value."""
    monkeypatch.setenv(variable, value)
    for make in (SYSTEM.client, SYSTEM.async_client, SYSTEM.token, Css.from_env, AsyncCss.from_env):
        with pytest.raises(ConfigurationError, match=said) as caught:
            make()
        assert "hush" not in str(caught.value)
        assert caught.value.__cause__ is None
    monkeypatch.undo()
    with pytest.raises(ValueError, match="Unknown scheme for proxy"):
        SYSTEM.client(proxy="gopher://proxy.example")


@pytest.fixture
def served(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve the sandbox on a socket, and set the variables that lead a script to it."""
    with sandbox.serve() as server:
        for variable, value in {**server.cern_environment(), **server.bss_environment()}.items():
            monkeypatch.setenv(variable, value)
        yield


@pytest.mark.parametrize(("name", "said"), [("cern", "harbour-operators"), ("bss", "Kettle Valley Cider")])
def test_the_example_of_each_system_runs(
    name: str, said: str, served: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example script runs in the sandbox and prints the expected name."""
    monkeypatch.setattr("sys.argv", [name])
    runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("name", ["cern", "bss"])
def test_an_example_without_credentials_fails_with_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials, an example fails with one line that says what to set."""
    for variable in [variable for variable in os.environ if variable.startswith(name.upper())]:
        monkeypatch.delenv(variable)
    monkeypatch.setattr("sys.argv", [name])
    with pytest.raises(SystemExit, match=rf"^{name}: There are no credentials\. Set [^\n]*$") as caught:
        runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
    assert isinstance(caught.value.code, str)  # Python prints it on stderr and exits with 1


@pytest.mark.parametrize(
    ("name", "variable", "said"),
    [
        ("cern", "CERN_TOKEN_URL", "No answer from the login server at localhost (ConnectError"),
        ("cern", "CERN_API_URL", "ConnectError"),
        ("bss", "", "invalid literal for int"),
    ],
)
def test_an_example_that_fails_prints_one_line(
    name: str, variable: str, said: str, served: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a server does not answer or the argument is invalid, an example fails with one line."""
    if variable:
        monkeypatch.setenv(variable, "http://localhost:9/token")
    monkeypatch.setattr("sys.argv", [name, "nonsense"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
    assert str(caught.value.code).startswith(f"{name}: ")
    assert "\n" not in str(caught.value.code)
    assert said in str(caught.value.code) or said == "ConnectError"


def test_the_documentation_runs(served: None) -> None:
    """The Python programs of `docs/tokens.md` that request tokens run one after the other."""
    names: dict[str, Any] = {}
    for program in readme.blocks("python", ROOT / "docs" / "tokens.md")[:2]:
        exec(compile(program, "tokens.md", "exec"), names)  # noqa: S102
    assert names["groups"][0]["groupIdentifier"] == "harbour-operators"
    assert names["account"]["name"] == "Kettle Valley Cider"
    names["client"].close()
