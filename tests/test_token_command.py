"""`css token` shows the claims and the life of a token, and the token itself only on request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest

from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox

Run = Callable[..., int]


@pytest.fixture
def run(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return a function that runs the command."""
    for name in ("CSS", "CERN", "BSS"):
        monkeypatch.delenv(f"{name}_CREDENTIALS_FILE", raising=False)
    with sandbox.serve() as server:
        css = {f"CSS_{name.upper()}": str(value) for name, value in server.credentials().items()}
        for name, value in {**css, **server.cern_environment(), **server.bss_environment()}.items():
            monkeypatch.setenv(name, value)
        yield lambda *arguments: exit_code(["token", *arguments])


@pytest.mark.parametrize(
    ("arguments", "kind", "life", "says"),
    [
        (["--system", "css"], "JWT", 300, {"team": "2016"}),
        (["--system", "cern"], "JWT", 1200, {"azp": "grants-portal", "aud": "authorization-service-api"}),
        (["--system", "cern", "--audience", "grants-portal-api"], "JWT", 1200, {"aud": "grants-portal-api"}),
        (["--system", "bss"], "opaque", 1799, {}),
    ],
)
def test_a_token_is_described_as_table_and_json(
    run: Run,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    kind: str,
    life: int,
    says: dict[str, str],
) -> None:
    """`css token` describes a token as a table and as JSON, with one token request each and no other call."""
    assert run(*arguments) == 0
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    table = {name: value for name, value in lines if name != "NAME"}
    assert table.items() >= {"system": arguments[1], "kind": kind, "expires_in": f"{life} s", **says}.items()
    assert run(*arguments, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["system"], printed["kind"], printed["expires_in"]) == (arguments[1], kind, life)
    assert printed["claims"].items() >= says.items()
    assert [entry.kind for entry in sandbox.requests] == ["token", "token"]


def test_raw_prints_only_the_token(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--raw`, css token prints only the token, for `$(…)`. Without it, the token is not printed."""
    assert run("--system", "css", "--raw") == 0
    out, err = capsys.readouterr()
    assert len(out.split()) == 1
    assert out.startswith("ey")
    assert err == ""
    assert run("--system", "css") == 0
    assert "eyJ" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 64, "Pass --system css"),
        (["--system", "ldap"], 64, "'ldap'"),
        (["--system", "bss", "--audience", "x"], 64, "--audience works only with --system cern"),
        (["--system", "css", "--raw", "--json"], 64, "--raw and --json cannot be used together"),
        (["--system", "css", "verify", "x"], 64, "after the subcommand: css token verify"),
        (["eyJhbGciOi.eyJzdWIi.c2ln"], 64, "The only subcommand of css token is verify"),
    ],
)
def test_each_mistake_has_a_clear_message_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    """A wrong option fails with its exit code and a clear message, prints nothing on stdout, and repeats no token."""
    assert exit_code(["token", *arguments]) == code
    out, err = capsys.readouterr()
    assert said in err
    assert out == ""
    assert "Traceback" not in err
    assert "eyJ" not in err


def test_the_login_server_that_fails_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the login server fails, the error repeats its message or names its host; without credentials it names the
    variables.
    """
    assert run("--system", "cern", "--audience", "nobody") == 1
    assert "invalid_client: Audience not found" in capsys.readouterr().err
    monkeypatch.setenv("CERN_TOKEN_URL", "http://127.0.0.1:9/token")
    assert run("--system", "cern") == 1
    assert "no connection to the login server at 127.0.0.1:9 (Connection refused)" in capsys.readouterr().err
    monkeypatch.delenv("CERN_CLIENT_ID")
    assert run("--system", "cern") == 64
    assert "CERN_CLIENT_ID is missing. CERN_CLIENT_ID and CERN_CLIENT_SECRET are needed" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["whoami"], ["token", "--system", "bss"]])
def test_unusable_proxies_and_certificates_are_usage_errors(
    run: Run, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unusable proxy or certificate file is a usage error that names the variable, without the password of the
    proxy.
    """
    for variable, value in (("HTTPS_PROXY", "gopher://me:hush@x.example"), ("SSL_CERT_FILE", "/nowhere.pem")):
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            assert exit_code(command) == 64
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert variable in err
        assert "hush" not in err


def test_the_examples_of_the_help_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The examples in the help of `css token` run in the sandbox without changes."""
    assert exit_code(["token", "--help"]) == 0
    examples = re.findall(r"^ +css token (--.*)$", capsys.readouterr().out, re.MULTILINE)
    assert len(examples) == 2
    for example in examples:
        assert run(*example.split()) == 0


def test_control_characters_of_a_claim_do_not_reach_the_terminal(
    run: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Claims come from outside, so their control characters are replaced before they reach the terminal."""
    from attrs import evolve

    applications = sandbox.world.cern.applications
    (first, *_), (target, *_) = applications, sandbox.world.cern.targets
    applications[first] = evolve(applications[first], roles={target: ["evil\x1b[2J"]})  # type: ignore[index]
    assert run("--system", "cern") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_verify_is_a_command_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """`css token verify` has its own help, and the help of `css token` names it."""
    assert exit_code(["token", "--help"]) == 0
    assert "verify" in capsys.readouterr().out
    assert exit_code(["token", "verify", "--help"]) == 0
    assert "css token verify" in capsys.readouterr().out
