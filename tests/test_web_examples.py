"""The web applications in the examples and in `docs/` admit the right callers, and give others the reason."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from css_sdk import AsyncTokenVerifier, TokenVerifier
from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox
from tests import readme
from tests.support import GRANTS_PORTAL

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
ISSUER = "http://localhost/auth/dev/realms/standard"
CERN = "http://localhost/auth/realms/cern"
PORTAL = "grants-portal-101"
REVIEWER = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
OTHER = "5167d622cb14de629107a324433cffaf@idir"

Ask = Callable[..., httpx.Response]


def example(name: str) -> ModuleType:
    """Return an example as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_fastapi(sandbox: Sandbox, issuer: str, audience: str) -> Ask:
    """Return a function that sends a request to the FastAPI example."""
    verifier = AsyncTokenVerifier(issuer, audience, transport=sandbox.async_transport(), clock=sandbox.now)
    transport = httpx.ASGITransport(example("fastapi_app").make_app(verifier))

    def ask(**headers: str) -> httpx.Response:
        async def get() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://app") as http:
                return await http.get("/applications", headers=headers)

        return asyncio.run(get())

    return ask


def by_flask(sandbox: Sandbox, issuer: str, audience: str) -> Ask:
    """Return a function that sends a request to the Flask example."""
    verifier = TokenVerifier(issuer, audience, transport=sandbox.transport(), clock=sandbox.now)
    transport = httpx.WSGITransport(example("flask_app").make_app(verifier))

    def ask(**headers: str) -> httpx.Response:
        with httpx.Client(transport=transport, base_url="http://app") as http:
            return http.get("/applications", headers=headers)

    return ask


@functools.cache
def django_example() -> ModuleType:
    """Return the Django example, which finds its views by the name of their module, once for a process."""
    pytest.importorskip("django", reason="make setup installs it")
    module = example("django_app")
    sys.modules["django_app"] = module
    return module


def by_django(sandbox: Sandbox, issuer: str, audience: str) -> Ask:
    """Return a function that sends a request to the Django example."""
    verifier = TokenVerifier(issuer, audience, transport=sandbox.transport(), clock=sandbox.now)
    transport = httpx.WSGITransport(django_example().make_app(verifier, ALLOWED_HOSTS=["app"]))

    def ask(**headers: str) -> httpx.Response:
        with httpx.Client(transport=transport, base_url="http://app") as http:
            return http.get("/applications", headers=headers)

    return ask


EACH = pytest.mark.parametrize("by", [by_fastapi, by_flask, by_django])


def bearer(token: str) -> dict[str, str]:
    """Return the header with a token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox where one person is a reviewer and another is not."""
    sandbox.revoke(GRANTS_PORTAL, "dev", "reviewer", OTHER)
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", REVIEWER)
    return sandbox


@EACH
def test_a_caller_with_the_role_is_admitted_and_others_get_403(by: Callable[..., Ask], sandbox: Sandbox) -> None:
    """A caller with the role is admitted, and a caller without it gets 403 with the name of the role."""
    ask = by(sandbox, ISSUER, PORTAL)
    answer = ask(**bearer(sandbox.token_for(REVIEWER, GRANTS_PORTAL, "dev")))
    assert (answer.status_code, answer.json()["client"]) == (200, PORTAL)
    answer = ask(**bearer(sandbox.token_for(OTHER, GRANTS_PORTAL, "dev")))
    assert (answer.status_code, answer.json()) == (403, {"error": "needs the role reviewer"})


@EACH
def test_a_caller_without_a_valid_token_gets_401_with_the_reason(by: Callable[..., Ask], sandbox: Sandbox) -> None:
    """Without a valid token, the answer is 401 with the reason and a challenge."""
    ask = by(sandbox, ISSUER, PORTAL)
    elsewhere = sandbox.token_for("fisheries-service-102", 102, "dev")
    good = sandbox.token_for(REVIEWER, GRANTS_PORTAL, "dev")
    for headers, reason in [
        ({}, "malformed"),
        ({"Authorization": "Basic YTpi"}, "malformed"),
        (bearer("rubbish"), "malformed"),
        (bearer(good[:-2]), "signature"),
        (bearer(elsewhere), "audience"),
        (bearer(sandbox.token_for(REVIEWER, GRANTS_PORTAL, "test")), "unknown key"),
    ]:
        answer = ask(**headers)
        assert (answer.status_code, answer.json()) == (401, {"error": reason})
        assert answer.headers["WWW-Authenticate"] == ('Bearer error="invalid_token"' if headers else "Bearer")
    sandbox.clock_skew = 400
    answer = ask(**bearer(good))
    assert (answer.status_code, answer.json()) == (401, {"error": "expired"})


@EACH
def test_without_keys_the_answer_is_503_with_retry_after(by: Callable[..., Ask], sandbox: Sandbox) -> None:
    """If the keys cannot be fetched, nothing is known about the token, so the answer is 503 and says
    when to try again.
    """
    sandbox.faults.add("drop_before", target="keys", times=None)
    answer = by(sandbox, ISSUER, PORTAL)(**bearer(sandbox.token_for(REVIEWER, GRANTS_PORTAL, "dev")))
    assert answer.status_code == 503
    assert 0 < int(answer.headers["Retry-After"]) <= 30


@EACH
def test_the_examples_accept_tokens_of_cern(by: Callable[..., Ask], sandbox: Sandbox) -> None:
    """The examples verify tokens of CERN, whose roles are in another place, and refuse them for another audience."""
    account = sandbox.cern_environment()
    form = {
        "grant_type": "client_credentials",
        "client_id": account["CERN_CLIENT_ID"],
        "client_secret": account["CERN_CLIENT_SECRET"],
        "audience": "grants-portal-api",
    }
    with httpx.Client(transport=sandbox.transport()) as http:
        token = http.post(account["CERN_TOKEN_URL"], data=form).json()["access_token"]
    answer = by(sandbox, CERN, "grants-portal-api")(**bearer(token))
    assert (answer.status_code, answer.json()) == (403, {"error": "needs the role reviewer"})
    assert by(sandbox, CERN, "authorization-service-api")(**bearer(token)).status_code == 401


def test_the_program_of_the_documentation_checks_tokens(sandbox: Sandbox) -> None:
    """The program in `docs/tokens.md` that checks tokens gives the answers that the page names."""
    programs = readme.blocks("python", EXAMPLES.parent / "docs" / "tokens.md")
    names: dict[str, Any] = {}
    exec(next(program for program in programs if "TokenVerifier" in program), names)  # noqa: S102
    names["verifier"] = TokenVerifier(ISSUER, PORTAL, transport=sandbox.transport(), clock=sandbox.now)
    may, good = names["who_may_review"], sandbox.token_for(REVIEWER, GRANTS_PORTAL, "dev")
    assert may(good) == "200: grants-portal-101 ['reviewer']"
    assert may(sandbox.token_for(OTHER, GRANTS_PORTAL, "dev")) == "403: needs reviewer"
    assert may("rubbish") == "401: malformed"
    sandbox.faults.add("500_before", target="keys", times=None)
    names["verifier"] = TokenVerifier(ISSUER, PORTAL, transport=sandbox.transport(), clock=lambda: sandbox.clock_skew)
    assert may(good) == "503: try again in 30 s"


@pytest.mark.parametrize("name", ["flask_app", "fastapi_app", "django_app"])
def test_an_example_without_an_issuer_fails_with_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the variable ISSUER is missing, an example fails at its start with one line that names it."""
    pytest.importorskip(name.removesuffix("_app"), reason="make setup installs it")
    monkeypatch.setenv("AUDIENCE", PORTAL)
    monkeypatch.delenv("ISSUER", raising=False)
    with pytest.raises(SystemExit, match=r"^Set ISSUER: "):
        example(name).from_environment()


def test_the_walkthrough_of_the_documentation_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines of `docs/tokens.md` run one after the other, and the application admits a service account."""
    block = next(block for block in readme.blocks("sh", EXAMPLES.parent / "docs" / "tokens.md") if "flask" in block)
    with Sandbox().serve() as server:
        origin = server.credentials()["token_url"].partition("/auth/")[0]
        for name, value in server.credentials().items():
            monkeypatch.setenv(f"CSS_{name.upper()}", str(value))
        lines = block.replace("http://127.0.0.1:9080", origin).replace("\\\n", "").splitlines()
        realm = next(line for line in lines if line.startswith("realm=")).partition("=")[2]
        called = None
        for line in lines:
            found = [word.replace("$realm", realm).partition("=") for word in shlex.split(line.partition("|")[0])]
            variables = {name: value for name, mark, value in found if mark and name.isupper()}
            words = [name for name, mark, _ in found if not mark]
            with monkeypatch.context() as patch:
                for name, value in variables.items():
                    patch.setenv(name, value)
                if words[:1] == ["css"]:
                    assert exit_code(words[1:]) == 0, line
                elif words[:1] == ["flask"]:
                    called = example("flask_app").from_environment()
        token = capsys.readouterr().out.split()[-1]
        with httpx.Client(transport=httpx.WSGITransport(called), base_url="http://app") as http:
            answer = http.get("/applications", headers=bearer(token))
        assert (answer.status_code, answer.json()["client"]) == (200, "fisheries-service-102")
