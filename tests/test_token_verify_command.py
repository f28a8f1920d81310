"""`css token verify` reads a token and prints its subject and roles."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request
from tests.signing import token

CLIENT = "fisheries-service-102"
Run = Callable[..., int]


@pytest.fixture
def origin(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the address of the sandbox, to which CSS_TOKEN_URL leads."""
    with sandbox.serve() as server:
        monkeypatch.setenv("CSS_TOKEN_URL", server.credentials()["token_url"])
        yield server.origin


@pytest.fixture
def signed(sandbox: Sandbox, origin: str) -> str:
    """Return the token of a service account in prod with the role `operator`."""
    sandbox.create_role(102, "prod", "operator")
    sandbox.grant(102, "prod", "operator", f"service-account-{CLIENT}")
    return sandbox.token_for(CLIENT, 102, "prod", request=seen_at(origin))


def seen_at(origin: str) -> Request:
    """Return a request that shows the sandbox its own address."""
    return Request("GET", "/", {"host": origin.removeprefix("http://")}, b"")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command."""

    def run(text: str, *arguments: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
        return exit_code(["token", "verify", *arguments])

    return run


def test_a_valid_token_is_described(run: Run, signed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A valid token is described as a table and as JSON, with client, roles and times, and is not printed itself."""
    assert run(f"{signed}\n", "--audience", CLIENT) == 0
    shown = capsys.readouterr()
    assert "operator" in shown.out
    assert signed.split(".")[2] not in shown.out + shown.err
    assert run(signed, "-", "--audience", CLIENT, "--role", "operator", "--json") == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["client_id"], row["service_account"], row["roles"]) == (CLIENT, True, ["operator"])
    assert 0 < row["expires_in"] <= 300


def test_a_token_can_be_read_from_a_file(
    run: Run, signed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--file` reads a token. A missing file fails with exit code 64, and invalid content with exit code 1."""
    file = tmp_path / "token.txt"
    file.write_text(signed, encoding="utf-8")
    assert run("", "--file", str(file), "--audience", CLIENT) == 0
    assert run("", "--file", str(tmp_path / "other.txt"), "--audience", CLIENT) == 64
    file.write_bytes(b"\xff" * 1_000_000)
    assert run("", "--file", str(file), "--audience", CLIENT) == 1
    assert "too long" in capsys.readouterr().err


def test_a_token_of_another_environment_needs_its_issuer(
    run: Run, sandbox: Sandbox, origin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token of dev is valid for the issuer of dev, and has an unknown key otherwise."""
    signed = sandbox.token_for(CLIENT, 102, "dev", request=seen_at(origin))
    dev = f"{origin}/auth/dev/realms/standard"
    assert run(signed, "--audience", CLIENT, "--issuer", dev) == 0
    assert run(signed, "--audience", CLIENT) == 1
    shown = capsys.readouterr().err
    assert "unknown key" in shown and "--issuer" in shown
    assert f"{origin}/auth/realms/standard" in shown


def test_each_refusal_names_its_reason_and_has_an_exit_code(
    run: Run, signed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refusal has its exit code and reason on stderr, an empty stdout, and does not repeat the token."""
    monkeypatch.delenv("CSS_DEBUG", raising=False)
    for code, words, text, arguments in [
        (1, "audience", signed, ["--audience", "grants-portal-101"]),
        (1, "signature", signed[:-2], ["--audience", CLIENT]),
        (1, "malformed", "rubbish", ["--audience", CLIENT]),
        (64, "no token on standard input", " \n", ["--audience", CLIENT]),
        (1, "Bearer", f"Bearer {signed}", ["--audience", CLIENT]),
        (1, "cannot be fetched", signed, ["--audience", CLIENT, "--issuer", "http://localhost:9/x"]),
        (4, "lacks the role 'admin'", signed, ["--audience", CLIENT, "--role", "admin"]),
        (64, "--audience", signed, []),
        (64, "--file", "", ["--audience", CLIENT, "--file", signed]),
        (64, "--file", "", ["--audience", CLIENT, "--file", "x" * 5000]),
        (64, "plain http", signed, ["--audience", CLIENT, "--issuer", "http://login.example/x"]),
        (64, "Do not pass a token as an argument", "", ["--audience", CLIENT, signed]),
    ]:
        assert run(text, *arguments) == code, words
        shown = capsys.readouterr()
        assert words in shown.err
        assert shown.out == ""
        assert signed.split(".")[1] not in shown.err


def test_the_token_address_of_a_credentials_file_gives_the_issuer(
    run: Run, sandbox: Sandbox, origin: str, signed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a credentials file, its token address gives the issuer, and a variable beside it is refused."""
    file = tmp_path / "account.json"
    content = {"tokenUrl": os.environ["CSS_TOKEN_URL"], "clientId": "me", "clientSecret": "s3cret"}
    file.write_text(json.dumps(content), encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("CSS_API_URL", f"{origin}/api/v1")
    monkeypatch.delenv("CSS_TOKEN_URL")
    monkeypatch.setenv("CSS_CREDENTIALS_FILE", str(file))
    assert run(signed, "--audience", CLIENT) == 0
    monkeypatch.setenv("CSS_TOKEN_URL", content["tokenUrl"])
    assert run(signed, "--audience", CLIENT) == 64


def test_keys_that_cannot_be_fetched_are_reported_once(tmp_path: Path) -> None:
    """If the keys cannot be fetched, the whole process prints exactly one line about it."""
    file = tmp_path / "token.txt"
    file.write_text(token(), encoding="utf-8")
    command = ["token", "verify", "--audience", CLIENT, "--issuer", "http://localhost:9/x", "--file", str(file)]
    ended = subprocess.run([sys.executable, "-m", "css_sdk.cli", *command], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.count("cannot be fetched") == 1


@pytest.mark.parametrize("is_default", [False, True])
def test_the_profile_gives_the_issuer(
    run: Run, origin: str, signed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_default: bool
) -> None:
    """With a profile in --profile, or a default profile, its token address gives the issuer."""
    account = {"tokenUrl": os.environ["CSS_TOKEN_URL"], "clientId": "me", "clientSecret": "s3cret"}
    (tmp_path / "account.json").write_text(json.dumps(account), encoding="utf-8")
    (tmp_path / "account.json").chmod(0o600)
    name = "default" if is_default else "work"
    config = tmp_path / "config.toml"
    config.write_text(f'[profiles.{name}]\ncredentials_file = "account.json"\napi_url = "{origin}/api/v1"\n')
    config.chmod(0o600)
    for variable in ("CLIENT_ID", "CLIENT_SECRET", "API_URL", "TOKEN_URL"):
        monkeypatch.delenv(f"CSS_{variable}", raising=False)
    monkeypatch.setenv("CSS_CONFIG_FILE", str(config))
    options = () if is_default else ("--profile", "work")
    assert run(signed, "--audience", CLIENT, *options) == 0


def test_an_issuer_that_cannot_be_derived_must_be_passed(
    run: Run, signed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the token address does not show the issuer, css asks for `--issuer` instead of guessing."""
    monkeypatch.setenv("CSS_TOKEN_URL", "https://login.example/token")
    assert run(signed, "--audience", CLIENT) == 64
    assert "--issuer" in capsys.readouterr().err
