"""For tests of the ready-made systems: the way to their stand-ins, and a call for each."""

from __future__ import annotations

import pytest

from css_sdk import systems
from css_sdk.sandbox import Sandbox

CALLS = {
    "css": (systems.css, "integrations", "Basic"),
    "cern": (systems.cern, "Group", ""),
    "bss": (systems.bss, "api/accounts/1", "Basic"),
}
"""How each is made, what can be called there, and how its token requests are authenticated."""


def lead_to(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the variables that lead to a sandbox in process."""
    for variable in ("CSS_CREDENTIALS_FILE", "CERN_CREDENTIALS_FILE", "BSS_CREDENTIALS_FILE"):
        monkeypatch.delenv(variable, raising=False)
    css = {f"CSS_{name.upper()}": str(value) for name, value in sandbox.credentials().items()}
    for name, value in {**css, **sandbox.cern_environment(), **sandbox.bss_environment()}.items():
        monkeypatch.setenv(name, value)
