"""A command imports only the modules that it needs, because each import makes every run slower."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, usernames

PROGRAM = """
import sys
from css_sdk.cli import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
EVENT_LOOPS = {"asyncio", "anyio.lowlevel", "css_sdk._async"}
OTHER_COMMANDS = {
    "css_sdk._sync.bulk",
    "css_sdk._sync.directory",
    "css_sdk._sync.keys",
    "css_sdk._sync.logs",
    "css_sdk._sync.people",
    "css_sdk._sync.plans",
    "css_sdk._sync.reporting",
    "css_sdk.auth.verification",
    "css_sdk.people.logins",
    "css_sdk.plan.desired",
    "css_sdk.plan.planner",
    "css_sdk.plan.preconditions",
    "css_sdk.plan.serialization",
    "css_sdk.report.rows",
    "css_sdk.roster.exact",
    "css_sdk.roster.formats",
    "css_sdk.sandbox",
    "css_sdk_openapi.models.logs",
    "css_sdk_openapi.models.user",
    "jwt",
    "yaml",
}


def loaded(*arguments: str, environ: dict[str, str] | None = None) -> set[str]:
    """Return the modules that a command has loaded when it ends."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=os.environ | (environ or {}),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return set(run.stderr.splitlines()[-1].split())


def test_help_loads_click_and_no_client() -> None:
    """`css --help` loads neither an HTTP client nor attrs, nor the module of any command."""
    modules = loaded("--help")
    assert modules >= {"click", "css_sdk.cli"}
    assert not modules & (EVENT_LOOPS | {"attr", "css_sdk.errors", "css_sdk_openapi", "httpx", "json"})
    assert not [name for name in modules if name.startswith("css_sdk.cli.commands.")]


@pytest.fixture
def environ(sandbox: Sandbox) -> Iterator[dict[str, str]]:
    """Yield the environment variables that lead a process to the sandbox."""
    with sandbox.serve() as server:
        yield {f"CSS_{name.upper()}": str(value) for name, value in server.credentials().items()}


def test_assign_loads_only_the_modules_that_it_needs(sandbox: Sandbox, environ: dict[str, str]) -> None:
    """`css assign` loads no event loop, no plan, no report, no directory, and no model that it does not use."""
    [user] = usernames(sandbox, 1)
    modules = loaded("assign", user, "-r", "approver", "-i", str(GRANTS_PORTAL), "-e", "dev", environ=environ)
    assert user in sandbox.members(GRANTS_PORTAL, "dev", "approver")
    assert modules >= {"css_sdk._sync.rosters", "css_sdk_openapi.models.role"}
    assert not modules & (EVENT_LOOPS | OTHER_COMMANDS)
