"""`css doctor` and `diagnose` report the faults of a setup first, and print no secret."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from css_sdk import diagnose
from css_sdk.cli import exit_code
from css_sdk.doctor.diagnosis import Check, Diagnosis
from css_sdk.sandbox import Sandbox
from tests.certificates import write_certificate
from tests.raw_server import RawServer, drip, read_request
from tests.support import asked, json_rows

SECRET = "sandbox-secret-2016"
PAGE = b"<!DOCTYPE html><html>Please log in to the guest network</html>"


@frozen
class Machine:
    """A machine with css-sdk that reaches a sandbox, until a test breaks something.

    Attributes:
        sandbox: answers the requests.
        origin: of the sandbox.
        environ: sets and removes environment variables.
        folder: a folder of the test.
        closing: closes servers at the end of the test.
        options: of the command.
    """

    sandbox: Sandbox
    origin: str
    environ: pytest.MonkeyPatch
    folder: Path
    closing: ExitStack
    options: list[str]

    def set(self, **variables: str) -> None:
        """Set environment variables."""
        for name, value in variables.items():
            self.environ.setenv(name, value)

    def serve(self, handle: Callable[[socket.socket], None]) -> RawServer:
        """Start a server that sends the bytes of the handler."""
        return self.closing.enter_context(RawServer(handle))


@pytest.fixture
def machine(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Machine]:
    """Yield a machine on which everything works."""
    for name in [name for name in os.environ if name.upper().endswith(("_PROXY", "_CA_BUNDLE"))]:
        monkeypatch.delenv(name)
    with ExitStack() as closing:
        server = closing.enter_context(sandbox.serve())
        found = Machine(sandbox, server.origin, monkeypatch, tmp_path, closing, [])
        found.set(**{f"CSS_{name.upper()}": str(value) for name, value in server.credentials().items()})
        yield found


def closed_port() -> str:
    """Return an origin on which no server listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def answering(status: str, body: bytes = b"", kind: str = "text/html") -> Callable[[socket.socket], None]:
    """Return a handler that gives each request the same answer."""

    def handle(connection: socket.socket) -> None:
        while read_request(connection):
            head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)

    return handle


def wrong_secret(machine: Machine) -> None:
    machine.set(CSS_CLIENT_SECRET="not-the-secret")


def wrong_address(machine: Machine) -> None:
    machine.set(CSS_API_URL=f"{machine.origin}/api/v2")


def clock_ten_minutes_off(machine: Machine) -> None:
    machine.sandbox.clock_skew = -600


def proxy_407(machine: Machine) -> None:
    proxy = machine.serve(answering("407 Proxy Authentication Required"))
    machine.set(
        CSS_API_URL="https://api.example/api/v1",
        CSS_TOKEN_URL="https://login.example/auth/realms/standard/protocol/openid-connect/token",
        HTTPS_PROXY=f"http://jane:pa55word@127.0.0.1:{proxy.port}",
    )


def private_certificate(machine: Machine) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*write_certificate(machine.folder))

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as safe:
            answering("200 OK", b"[]", "application/json")(safe)

    origin = machine.serve(handle).origin.replace("http:", "https:")
    machine.set(CSS_API_URL=f"{origin}/api/v1", CSS_TOKEN_URL=f"{origin}/auth/realms/standard")


def team_mismatch(machine: Machine) -> None:
    machine.options.extend(["--team", "7"])


def service_down(machine: Machine) -> None:
    machine.set(CSS_API_URL=f"{closed_port()}/api/v1")


def login_server_down(machine: Machine) -> None:
    machine.set(CSS_TOKEN_URL=f"{closed_port()}/auth/realms/standard/protocol/openid-connect/token")


def half_set_variables(machine: Machine) -> None:
    machine.environ.delenv("CSS_CLIENT_SECRET")


def missing_extra(machine: Machine) -> None:
    package = machine.folder / "css_sdk-1.0.dist-info"
    package.mkdir()
    requirement = 'Requires-Dist: a-package-that-is-not-there>=1; extra == "verify"'
    (package / "METADATA").write_text(f"Metadata-Version: 2.4\nName: css-sdk\nVersion: 1.0\n{requirement}\n")
    machine.environ.syspath_prepend(machine.folder)
    machine.options.extend(["--extra", "verify"])


def service_in_disaster_recovery(machine: Machine) -> None:
    machine.sandbox.faults.add("disaster")


def service_that_lost_its_keys(machine: Machine) -> None:
    machine.sandbox.faults.add("lost_keys")


def login_server_with_a_fault(machine: Machine) -> None:
    machine.sandbox.faults.add("500_before", target="keys")


def guest_network(machine: Machine) -> None:
    machine.set(CSS_API_URL=f"{machine.serve(answering('200 OK', PAGE)).origin}/api/v1")


def endless_answer(machine: Machine) -> None:
    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        drip(connection, lambda number: b" " * 65536, server, pause=0.0)

    server = machine.serve(handle)
    machine.set(CSS_API_URL=f"{server.origin}/api/v1")


def secret_and_id_exchanged(machine: Machine) -> None:
    machine.set(CSS_CLIENT_ID=SECRET, CSS_CLIENT_SECRET=os.environ["CSS_CLIENT_ID"])


def login_server_of_dev(machine: Machine) -> None:
    machine.set(
        CSS_API_URL="https://api.loginproxy.gov.bc.ca/api/v1",
        CSS_TOKEN_URL="https://dev.loginproxy.gov.bc.ca/auth/realms/standard/protocol/openid-connect/token",
        HTTPS_PROXY=closed_port(),
    )


def half_set_api_address(machine: Machine) -> None:
    machine.environ.delenv("CSS_API_URL")
    machine.set(HTTPS_PROXY=closed_port())


def half_set_token_address(machine: Machine) -> None:
    machine.environ.delenv("CSS_TOKEN_URL")
    machine.set(HTTPS_PROXY=closed_port())


def missing_certificate_file(machine: Machine) -> None:
    machine.set(SSL_CERT_FILE=str(machine.folder / "ministry.pem"))


def proxy_without_an_address(machine: Machine) -> None:
    machine.set(HTTPS_PROXY="http://jane:pa55word@[half")


def socks_proxy_without_its_package(machine: Machine) -> None:
    machine.set(HTTPS_PROXY="socks5://127.0.0.1:1080")


def config_that_others_can_change(machine: Machine) -> None:
    path = machine.folder / "config.toml"
    path.write_text('[profiles.grants]\ncredential_process = ["vault-print"]\n', encoding="utf-8")
    path.chmod(0o622)
    machine.set(CSS_CONFIG_FILE=str(path), CSS_PROFILE="grants")


def planted_project(machine: Machine) -> None:
    machine.environ.delenv("CSS_CONFIG_FILE")
    machine.environ.chdir(machine.folder)
    (machine.folder / "css.toml").write_text("allow_prod = true\n", encoding="utf-8")


def missing_profile(machine: Machine) -> None:
    path = machine.folder / "config.toml"
    path.touch(0o600)
    machine.set(CSS_CONFIG_FILE=str(path))
    machine.options.extend(["--profile", "grants"])


def adapter_file(machine: Machine) -> None:
    file = machine.folder / "keycloak.json"
    file.write_text('{"resource": "a", "auth-server-url": "https://login.example"}', encoding="utf-8")
    file.chmod(0o600)
    for name in ("CSS_CLIENT_ID", "CSS_CLIENT_SECRET"):
        machine.environ.delenv(name)
    machine.set(CSS_CREDENTIALS_FILE=str(file))


def mistyped_integration(machine: Machine) -> None:
    machine.set(CSS_INTEGRATION="Grants Prtal")


def environment_that_the_integration_lacks(machine: Machine) -> None:
    machine.set(CSS_INTEGRATION="103", CSS_ENVIRONMENT="prod")


posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
BROKEN: list[Any] = [
    (wrong_secret, "token", "refused the credentials (unauthorized_client"),
    (wrong_address, "service", "Check the address of the API (CSS_API_URL)"),
    (clock_ten_minutes_off, "clock", "seconds ahead of the servers' clock"),
    (proxy_407, "proxy", "407 Proxy Authentication Required. Check the proxy's address and credentials in HTTPS_PROXY"),
    (private_certificate, "certificates", "set SSL_CERT_FILE to the file"),
    (team_mismatch, "team", "belong to team 2016, not to team 7"),
    (service_down, "service", "no connection to the service at 127.0.0.1"),
    (login_server_down, "login server (prod)", "no connection to the login server of prod at 127.0.0.1"),
    (half_set_variables, "credentials", "CSS_CLIENT_SECRET is missing"),
    (
        missing_extra,
        "extras",
        'The extra verify (a-package-that-is-not-there) is not installed. Run: pip install "css-sdk[verify]"',
    ),
    (service_in_disaster_recovery, "account", "The service has a fault"),
    (service_that_lost_its_keys, "account", "This is probably a fault of the service"),
    (login_server_with_a_fault, "login server (prod)", "the answer is 500. This is a fault of the login server"),
    (guest_network, "service", "the answer does not come from the CSS API"),
    (endless_answer, "service", "more than 65,536 bytes"),
    (secret_and_id_exchanged, "token", "refused the credentials"),
    (login_server_of_dev, "addresses", "API accounts log in at the prod login server"),
    (
        half_set_api_address,
        "addresses",
        "CSS_TOKEN_URL is an address of this machine (127.0.0.1), but CSS_API_URL is the",
    ),
    (
        half_set_token_address,
        "addresses",
        "CSS_API_URL is an address of this machine (127.0.0.1), but CSS_TOKEN_URL is the",
    ),
    (missing_certificate_file, "certificate variables", "ministry.pem, which does not exist"),
    (proxy_without_an_address, "proxy variables", "HTTPS_PROXY is not the address of a proxy"),
    (socks_proxy_without_its_package, "proxy and certificates", "the 'socksio' package is not installed"),
    (planted_project, "defaults", "css.toml: a project cannot set allow_prod"),
    (
        mistyped_integration,
        "defaults",
        "Did you mean 'Grants Portal'? The default integration is set by CSS_INTEGRATION",
    ),
    (
        environment_that_the_integration_lacks,
        "defaults",
        "It has: dev. The default environment is set by CSS_ENVIRONMENT",
    ),
    (missing_profile, "credentials", "You chose the profile 'grants'"),
    pytest.param(config_that_others_can_change, "credentials", "Run: chmod go-w", marks=posix),
    (adapter_file, "credentials", "It is the adapter file of an integration"),
]


@pytest.mark.parametrize(("breaks", "name", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_broken_setup_is_reported_first_with_what_to_do(
    machine: Machine, capsys: Any, breaks: Callable[[Machine], None], name: str, words: str
) -> None:
    """css doctor reports a broken setup in its first line with what to do, fails with exit code 1, and prints no
    secret.
    """
    breaks(machine)
    assert exit_code(["doctor", *machine.options]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    summary, blank, first = out.splitlines()[:3]
    assert summary.endswith("found something wrong.")
    assert blank == ""
    assert first.startswith(f"wrong    {name}  ")
    assert words in first
    for secret in (SECRET, "not-the-secret", "pa55word", "jane"):
        assert secret not in out


def test_a_working_setup_needs_few_requests_and_exits_with_0(machine: Machine, capsys: Any) -> None:
    """If everything works, the exit code is 0, few requests are sent, and none of them writes."""
    assert exit_code(["doctor", "--team", "2016"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Nothing is wrong.\n")
    assert "Python 3." in out
    assert "service-account-team-2016-9001" in out
    assert "It belongs to team 2016, which has 3 Gold integrations." in out
    assert SECRET not in out
    assert asked(machine.sandbox) == {"token": 2, "GET": 2, "keys": 1}


def test_json_has_a_line_for_each_check(machine: Machine, capsys: Any) -> None:
    """With `--json`, css doctor prints one object for each check with its state, wrong ones first."""
    assert exit_code(["doctor", "--json"]) == 0
    rows = json_rows(capsys)
    assert {tuple(row) for row in rows} == {("check", "state", "message")}
    assert {"credentials", "token", "account", "clock", "versions"} <= {row["check"] for row in rows}
    wrong_secret(machine)
    assert exit_code(["doctor", "--json"]) == 1
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["check"], first["state"]) == ("token", "wrong")


@pytest.mark.parametrize(("seconds", "direction"), [(600, "ahead of"), (-600, "behind")])
def test_a_wrong_clock_is_found_from_the_answers_of_the_servers(machine: Machine, seconds: int, direction: str) -> None:
    """A clock that is ten minutes ahead or behind is found from the answers of the servers alone."""
    diagnosis = diagnose(clock=lambda: time.time() + seconds)
    assert not diagnosis.is_good
    assert diagnosis.checks[0].name == "clock"
    assert re.search(rf"is (59|60)[0-9] seconds {direction} the servers' clock", diagnosis.checks[0].message)


def test_the_login_server_of_each_environment(machine: Machine) -> None:
    """The login servers of dev and test are checked too, each under its own name."""
    realm = "realms/standard"
    servers = {"dev": f"{machine.origin}/auth/dev/{realm}", "test": f"{closed_port()}/auth/{realm}"}
    diagnosis = diagnose(login_servers=servers)
    states = {check.name: check.state for check in diagnosis.checks}
    assert states["login server (dev)"] == "ok"
    assert diagnosis.checks[0].name == "login server (test)"


def test_invalid_addresses_of_login_servers_are_reported(machine: Machine) -> None:
    """An invalid address of a login server is reported as wrong, for each environment."""
    servers = {"dev": "nowhere", "test": "ftp://login.example", "uat": "http://127.0.0.1:99999/realms/x"}
    wrong = [check for check in diagnose(login_servers=servers).checks if check.state == "wrong"]
    assert [check.name for check in wrong] == [f"login server ({environment})" for environment in servers]
    assert "the address of the login server of dev is not valid. The address must begin with https." in wrong[0].message


@pytest.mark.parametrize("variable", ["CSS_API_URL", "CSS_TOKEN_URL"])
def test_a_server_whose_answer_never_ends_is_abandoned_in_time(machine: Machine, variable: str) -> None:
    """If an answer never ends, css doctor stops reading it after the timeout and reports this."""

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        drip(connection, lambda number: b" ", server)

    server = machine.serve(handle)
    machine.set(**{variable: server.origin})
    started = time.monotonic()
    first = diagnose(timeout=0.3).checks[0]
    assert time.monotonic() - started < 5
    assert first.state == "wrong"
    assert "no answer in time" in first.message


def test_a_missing_extra_alone_is_a_warning(machine: Machine, capsys: Any) -> None:
    """If an extra is missing that nobody asked for, css doctor prints a warning with exit code 0."""
    missing_extra(machine)
    assert exit_code(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines()[2].startswith("warning  extras  ")


def test_an_unknown_extra_is_reported_with_the_list_of_extras(machine: Machine, capsys: Any) -> None:
    """If an extra does not exist, css doctor reports this and lists the extras of css-sdk."""
    assert exit_code(["doctor", "--extra", "verfy"]) == 1
    assert "There is no extra 'verfy'. The extras of css-sdk are: " in capsys.readouterr().out


def test_variables_of_other_libraries_and_unusual_client_ids_are_warnings(machine: Machine) -> None:
    """A variable of another library and an unusual client id lead to warnings, which do not repeat the client id."""
    machine.set(REQUESTS_CA_BUNDLE="/etc/ministry.pem", CSS_CLIENT_ID="0f3a-looks-like-a-secret")
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        machine.environ.delenv(name, raising=False)
    checks = {check.name: check for check in diagnose().checks}
    assert checks["certificate variables"].state == "warning"
    assert "Set SSL_CERT_FILE to /etc/ministry.pem" in checks["certificate variables"].message
    assert checks["credentials"].state == "warning"
    assert not [check for check in checks.values() if "0f3a" in check.message]


@posix
def test_a_file_that_others_can_read(machine: Machine) -> None:
    """A credentials file that others can read is a warning, and its path does not show the home folder."""
    home = machine.folder / "jane"
    home.mkdir()
    file = home / "team.json"
    keys = {"clientId": "CSS_CLIENT_ID", "clientSecret": "CSS_CLIENT_SECRET", "tokenUrl": "CSS_TOKEN_URL"}
    file.write_text(json.dumps({key: os.environ[variable] for key, variable in keys.items()}), encoding="utf-8")
    file.chmod(0o644)
    machine.set(CSS_CREDENTIALS_FILE=str(file), HOME=str(home))
    for variable in keys.values():
        machine.environ.delenv(variable)
    diagnosis = diagnose()
    assert diagnosis.is_good
    assert diagnosis.checks[0] == Check(
        "credentials", "warning", "Other users can read the credentials file. Run: chmod 600 ~/team.json"
    )
    assert "jane" not in diagnosis.text()


def test_advice_names_arguments_in_python_and_options_on_the_command_line(machine: Machine) -> None:
    """The advice names arguments for readers of the Python API, and not for readers of the command line."""
    machine.set(CSS_API_URL="http://api.example/api/v1")
    assert "allow_http=True" in diagnose().checks[0].message
    assert "allow_http=True" not in diagnose(reader="command_line").checks[0].message


def test_checks_are_ordered_by_their_state() -> None:
    """A diagnosis lists its checks in the order wrong, warning, ok, skipped."""
    states = ["skipped", "ok", "warning", "wrong"]
    diagnosis = Diagnosis([Check(state, state, "…") for state in states])  # type: ignore[arg-type]
    assert [check.state for check in diagnosis.checks] == states[::-1]
