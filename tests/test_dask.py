"""With dask, a roster goes to many workers, and the service still gets no more calls at once than it can bear."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from css_sdk import ConfigurationError, Css, Settings, read_roster
from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.serving import server
from tests.support import asked

pytestmark = pytest.mark.notebooks

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "many_machines.py"
PEOPLE = [f"{number:032x}@idir" for number in range(2000)]
SECRET = "known-to-the-environment-alone"
WORLD = {
    "teams": [
        {"id": 7, "name": "Harbour", "api_account": {"id": 70, "client_id": "account-70", "client_secret": SECRET}}
    ],
    "integrations": [
        {
            "id": 700,
            "team": 7,
            "project_name": "Berths",
            "client_id": "berths-700",
            "client_secret": "another",
            "auth_type": "browser-login",
            "environments": ["dev"],
            "service_type": "gold",
            "status": "applied",
        }
    ],
    "users": [{"username": username} for username in PEOPLE],
    "roles": [{"integration": 700, "environment": "dev", "name": "pilot"}],
}
ROSTER = "username,role,integration,environment\n" + "".join(f"{person},pilot,Berths,dev\n" for person in PEOPLE)
SECONDS = 120
"""The number of seconds after which the work counts as hanging; it takes about ten."""


class InFlight:
    """Count the requests that a served sandbox has not answered yet.

    The first writes wait until as many requests as `meeting` are in flight, at most for a minute. So the calls overlap
    however slowly threads start.
    """

    def __init__(self, meeting: int) -> None:
        self.now = self.most = 0
        self._meeting, self._met = meeting, asyncio.Event()

    def around(self, make: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that makes an application whose requests are counted."""

        def counted(*given: Any) -> Callable[..., Awaitable[None]]:
            inner = make(*given)

            async def application(scope: Any, receive: Any, send: Any) -> None:
                self.now += 1
                self.most = max(self.most, self.now)
                if self.now >= self._meeting:
                    self._met.set()
                try:
                    if scope.get("method") == "POST" and scope["path"].endswith("/roles"):
                        with suppress(TimeoutError):
                            await asyncio.wait_for(self._met.wait(), 60)
                        self._met.set()
                    await inner(scope, receive, send)
                finally:
                    self.now -= 1

            return application

        return counted


def test_two_processes_give_two_thousand_roles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The example gives 2,000 roles once each, with one client in each process and never more calls at once than its
    width.

    The processes have eight threads, and some answers are late, so that calls overlap again and again.
    """
    in_flight = InFlight(meeting=4)
    monkeypatch.setattr(server, "application", in_flight.around(server.application))
    sandbox = Sandbox(WORLD)
    sandbox.faults.add("delay", method="POST", path="*/users/*/roles", probability=0.1, seconds=0.02)
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTER, encoding="utf-8")
    with sandbox.serve() as served:
        given = {f"CSS_{name.upper()}": str(value) for name, value in served.credentials().items()}
        command = [sys.executable, str(EXAMPLE), str(roster)]
        run = subprocess.run(
            command, env=os.environ | given, timeout=SECONDS, capture_output=True, check=False, encoding="utf-8"
        )
    assert (run.returncode, run.stdout) == (0, "2000 done\n"), run.stderr
    assert SECRET not in run.stderr
    assert sandbox.members(700, "dev", "pilot") == PEOPLE
    assert asked(sandbox) == Counter(POST=2000, GET=2, token=3)  # the list of integrations and the role's members
    assert in_flight.most == 4


def test_a_total_width_of_more_than_eight_is_refused() -> None:
    """The example refuses a width of more than eight calls at once for all workers together, and sends nothing."""
    spec = importlib.util.spec_from_file_location("many_machines", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    sandbox = Sandbox(WORLD)
    rows = read_roster(ROSTER, "roster.csv")
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css, ThreadPoolExecutor(1) as pool:
        with pytest.raises(ConfigurationError, match="1 to 8"):
            example.give(css, rows, pool, width=9)
    assert asked(sandbox) == Counter(GET=1, token=1)  # the list of integrations
