"""Secrets and tokens leave the process only to their own address, even if `httpx` is another HTTP library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_no_secret_or_token_leaves(library: str) -> None:
    """No secret or token leaks to another host, a log, an error, a pickle or a local variable, in any of the attempts.

    Under `httpx2.alias_httpx()`, `import httpx` gives another library, whose modules and loggers have other names.
    """
    run = subprocess.run(
        [sys.executable, "-m", "tests.leak_probe", library],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["leaks"] == []
    assert found["library"] == library
    seen = found["seen"]
    # Every way to call was used: 7 in threads and 6 in tasks.
    assert seen["a redirect in a thread ended with AuthenticationError"] == 2 * 7
    assert seen["a redirect in a task ended with AuthenticationError"] == 2 * 6
    # A transport and the request for a token alone have no hooks, so they succeed.
    assert seen["a hook in a thread ended with ConfigurationError"] == 2 * 7 - 3
    assert seen["a hook in a task ended with ConfigurationError"] == 2 * 6 - 2
    # All but the transport, which has no proxy.
    assert seen["went through the proxy"] == 6 + 5
    assert seen["searched for an e-mail address"] == 4
    assert seen["log lines of the caller's own requests"] == 1
    assert seen["a cancellation ended with CancelledError"] == 4
    assert seen["refused to be pickled"] == 7
    if sys.platform != "win32":
        assert seen["an interrupt ended with KeyboardInterrupt"] == 10
