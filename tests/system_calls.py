"""For tests of the preset systems: variables that lead to their sandboxes, and one call for each system."""

from __future__ import annotations

import pytest

from css_sdk import systems
from css_sdk.sandbox import Sandbox

CALLS = {
    "css": (systems.css, "integrations", "Basic"),
    "cern": (systems.cern, "Group", ""),
    "bss": (systems.bss, "api/accounts/1", "Basic"),
}
"""For each system: its constructor, a path to call, and the scheme that authenticates its token requests."""


def lead_to(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment variables that lead each system to the sandbox."""
    for variable in ("CSS_CREDENTIALS_FILE", "CERN_CREDENTIALS_FILE", "BSS_CREDENTIALS_FILE"):
        monkeypatch.delenv(variable, raising=False)
    css = {f"CSS_{name.upper()}": str(value) for name, value in sandbox.credentials().items()}
    for name, value in {**css, **sandbox.cern_environment(), **sandbox.bss_environment()}.items():
        monkeypatch.setenv(name, value)
