"""Connections that do not come about: the message says what to check, and nothing is sent twice in vain."""

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

from css_sdk import ConnectionFailed, Css, CssError, OutcomeUnknown, Settings
from css_sdk.cli import exit_code
from tests.raw_server import RawServer, read_request
from tests.scripted import ASSIGN, CALLERS, Service, answer, holding
from tests.support import at_once

CREDENTIALS = {"client_id": "me", "client_secret": "s3cret"}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the tests names none."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def refusing(status: bytes, seen: list[str]) -> Callable[[socket.socket], None]:
    """A proxy that refuses."""

    def handle(connection: socket.socket) -> None:
        while (request := read_request(connection)) is not None:
            seen.append(f"{request[0]} {request[1]}")
            connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    return handle


@pytest.mark.parametrize("status", [b"407 Proxy Authentication Required", b"403 Forbidden"])
def test_a_refusal_by_a_proxy_is_asked_for_once(monkeypatch: pytest.MonkeyPatch, status: bytes) -> None:
    """An account is not locked by attempts. The message names the proxy's variable and address, never its password."""
    seen: list[str] = []
    with RawServer(refusing(status, seen)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin.replace("://", "://me:hush-5a1f@"))
        settings = Settings(**CREDENTIALS, api_url="https://api.example/api", token_url="https://login.example/token")
        with Css(settings, retry=at_once) as css, pytest.raises(ConnectionFailed) as told:
            css.integrations()
    assert f"the proxy refused: {status.decode()}." in str(told.value)
    assert f"HTTPS_PROXY ({proxy.origin})" in str(told.value)
    assert "hush" not in str(told.value)
    assert "NO_PROXY" in str(told.value)
    assert seen == ["CONNECT login.example:443"]


@pytest.mark.parametrize("command", [["whoami"], ["token", "--system", "css"]], ids=" ".join)
def test_every_command_names_a_proxy_that_refuses(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The words are the same for the token alone and for a call."""
    monkeypatch.setattr("random.random", lambda: 0.0)  # no wait between attempts
    addresses = {"api_url": "https://api.example/api", "token_url": "https://login.example/token"}
    with RawServer(refusing(b"403 Forbidden", [])) as proxy:
        for name, value in {**CREDENTIALS, **addresses}.items():
            monkeypatch.setenv(f"CSS_{name.upper()}", value)
        monkeypatch.setenv("HTTPS_PROXY", proxy.origin.replace("://", "://me:hush-5a1f@"))
        assert exit_code(command) == 1
    err = capsys.readouterr().err
    advice = f"Check the proxy's address and credentials in HTTPS_PROXY ({proxy.origin})."
    assert f"the proxy refused: 403 Forbidden. {advice}" in err
    assert "hush" not in err


@pytest.mark.parametrize("threads", CALLERS)
def test_a_proxys_refusal_of_plain_http_is_no_doubtful_write(threads: str) -> None:
    """It arrives as an answer. Nothing reached the service, so that nothing has to be read, and the write failed."""
    service = Service(read=holding(), write=answer(407, html="<h1>Authenticate</h1>"))
    with pytest.raises(ConnectionFailed, match="407 Proxy Authentication Required") as told:
        CALLERS[threads](service, *ASSIGN)
    assert not isinstance(told.value, OutcomeUnknown)
    assert service.methods == ["POST"]


def test_a_connection_that_is_refused_names_the_variables() -> None:
    """A proxy may be missing, or one too many."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with Css(Settings(**CREDENTIALS, api_url=f"{address}/api", token_url=f"{address}/token"), retry=at_once) as css:
        with pytest.raises(ConnectionFailed, match=r"HTTPS_PROXY names a proxy, and NO_PROXY") as told:
            css.integrations()
    assert "refused" in str(told.value)


@pytest.fixture
def own_certificate(tmp_path: Path) -> Path:
    """A key and a certificate that nobody vouches for."""
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
    """Once, since another attempt meets the same certificate; and it says which variable is not read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate)
    seen = []

    def handle(connection: socket.socket) -> None:
        seen.append(1)
        context.wrap_socket(connection, server_side=True).recv(1)

    with RawServer(handle) as server:
        address = server.origin.replace("http:", "https:")
        settings = Settings(**CREDENTIALS, api_url=f"{address}/api", token_url=f"{address}/token")
        with Css(settings, retry=at_once) as css, pytest.raises(ConnectionFailed) as told:
            css.integrations()
    assert "TLS" in str(told.value)
    assert "SSL_CERT_FILE" in str(told.value)
    assert "REQUESTS_CA_BUNDLE is not read" in str(told.value)
    assert len(seen) == 1


def test_the_other_variable_is_not_read(own_certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
            with Css(settings, retry=lambda *_: None) as css, pytest.raises(CssError) as told:
                css.integrations()
            assert ("TLS" not in str(told.value)) is is_read
