"""If a connection fails, the error says what to check, and css-sdk does not repeat attempts in vain."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from css_sdk import AsyncCss, ConnectionFailed, Css, CssError, OutcomeUnknown, Settings
from css_sdk.cli import exit_code
from tests.raw_server import RawServer, read_request
from tests.scripted import ASSIGN, CALLERS, Service, answer, holding
from tests.support import at_once

CREDENTIALS = {"client_id": "me", "client_secret": "s3cret"}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the proxies from the environment of the tests."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def refusing(status: bytes, seen: list[str]) -> Callable[[socket.socket], None]:
    """Return a handler of a proxy that refuses every request."""

    def handle(connection: socket.socket) -> None:
        while (request := read_request(connection)) is not None:
            seen.append(f"{request[0]} {request[1]}")
            connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    return handle


@pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"403 Forbidden"])
def test_a_refusal_by_a_proxy_is_not_retried(monkeypatch: pytest.MonkeyPatch, status: bytes) -> None:
    """A refusal by a proxy is not retried, so that no account is locked. The error names variable and address, no
    password.
    """
    seen: list[str] = []
    with RawServer(refusing(status, seen)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin.replace("://", "://me:hush-5a1f@"))
        settings = Settings(**CREDENTIALS, api_url="https://api.example/api", token_url="https://login.example/token")
        with Css(settings, retry=at_once) as css, pytest.raises(ConnectionFailed) as caught:
            css.integrations()
    assert f"the proxy refused the connection: {status.decode()}." in str(caught.value)
    assert f"HTTPS_PROXY ({proxy.origin})" in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "NO_PROXY" in str(caught.value)
    assert seen == ["CONNECT login.example:443"]


@pytest.mark.parametrize("command", [["whoami"], ["token", "--system", "css"]], ids=" ".join)
def test_every_command_names_a_proxy_that_refuses(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a proxy refuses, `css whoami` and `css token` print the same advice, without the password."""
    monkeypatch.setattr("random.random", lambda: 0.0)  # no wait between attempts
    addresses = {"api_url": "https://api.example/api", "token_url": "https://login.example/token"}
    with RawServer(refusing(b"403 Forbidden", [])) as proxy:
        for name, value in {**CREDENTIALS, **addresses}.items():
            monkeypatch.setenv(f"CSS_{name.upper()}", value)
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin.replace("://", "://me:hush-5a1f@"))
        assert exit_code(command) == 1
    err = capsys.readouterr().err
    advice = f"Check the proxy's address and credentials in HTTPS_PROXY ({proxy.origin})."
    assert f"the proxy refused the connection: 403 Forbidden. {advice}" in err
    assert "hush" not in err


@pytest.mark.parametrize("threads", CALLERS)
def test_a_write_that_a_proxy_refuses_has_failed_for_certain(threads: str) -> None:
    """If a proxy answers a write with 407, nothing reached the service, so the write failed and no read follows."""
    service = Service(read=holding(), write=answer(407, html="<h1>Authenticate</h1>"))
    with pytest.raises(ConnectionFailed, match="407 Proxy Authentication Required") as caught:
        CALLERS[threads](service, *ASSIGN)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert service.methods == ["POST"]


async def test_a_connection_that_is_refused_names_the_variables() -> None:
    """The error for a refused connection names the variables for proxies, since one may be missing or wrong.

    It gives the reason in words of the operating system, also in a task.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    settings = Settings(**CREDENTIALS, api_url=f"{address}/api", token_url=f"{address}/token")
    words = rf"at 127\.0\.0\.1:{port} \(Connection refused\)\. .*set HTTPS_PROXY\. NO_PROXY"
    with Css(settings, retry=at_once) as css, pytest.raises(ConnectionFailed, match=words):
        css.integrations()
    async with AsyncCss(settings, retry=at_once) as async_css:
        with pytest.raises(ConnectionFailed, match=words):
            await async_css.integrations()


@pytest.fixture
def own_certificate(tmp_path: Path) -> Path:
    """Return a file with a key and a self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "own.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_a_failure_of_tls_names_the_variable_for_certificates(own_certificate: Path) -> None:
    """An error of TLS is not retried, names SSL_CERT_FILE, and says that REQUESTS_CA_BUNDLE is not read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate)
    seen = []

    def handle(connection: socket.socket) -> None:
        seen.append(1)
        context.wrap_socket(connection, server_side=True).recv(1)

    with RawServer(handle) as server:
        address = server.origin.replace("http:", "https:")
        settings = Settings(**CREDENTIALS, api_url=f"{address}/api", token_url=f"{address}/token")
        with Css(settings, retry=at_once) as css, pytest.raises(ConnectionFailed) as caught:
            css.integrations()
    assert "TLS" in str(caught.value)
    assert "SSL_CERT_FILE" in str(caught.value)
    assert "REQUESTS_CA_BUNDLE is not read" in str(caught.value)
    assert len(seen) == 1


def test_only_ssl_cert_file_makes_a_certificate_trusted(own_certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With SSL_CERT_FILE the certificate is accepted, with REQUESTS_CA_BUNDLE it is not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate)

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1000)
            secured.sendall(b"HTTP/1.1 403 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with RawServer(handle) as server:
        address = server.origin.replace("http:", "https:")
        settings = Settings(**CREDENTIALS, api_url=f"{address}/api", token_url=f"{address}/token")
        for variable, is_read in (("REQUESTS_CA_BUNDLE", False), ("SSL_CERT_FILE", True)):
            monkeypatch.setenv(variable, str(own_certificate))
            with Css(settings, retry=lambda *_: None) as css, pytest.raises(CssError) as caught:
                css.integrations()
            assert ("TLS" not in str(caught.value)) is is_read
