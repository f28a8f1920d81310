"""One write of each kind, for tests of what a fault makes of it: how it is sent, and whether the state shows it."""

from __future__ import annotations

from typing import Any, Final

from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, usernames

WRITES: Final = {
    "create": "POST",
    "rename": "PUT",
    "delete": "DELETE",
    "assign": "POST",
    "unassign": "DELETE",
    "add composites": "POST",
    "remove composite": "DELETE",
}
"""The method of each."""


def prepared_for_writes(sandbox: Sandbox) -> str:
    """Return somebody who holds the role `held`; `old` is there to be given, renamed or deleted."""
    user = usernames(sandbox, 20)[-1]
    for name in ("old", "held"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    sandbox.grant(GRANTS_PORTAL, "dev", "held", user)
    return user


def carry_out(dev: Any, write: str, user: str) -> Any:
    """Carry out a write in `dev`, the client of an environment. For an asynchronous one, await the result."""
    match write:
        case "create":
            return dev.roles.create("fresh")
        case "rename":
            return dev.roles.rename("old", "newer")
        case "delete":
            return dev.roles.delete("old")
        case "assign":
            return dev.users.assign(user, "old", "reviewer")
        case "unassign":
            return dev.users.unassign(user, "held")
        case "add composites":
            return dev.roles.composites("old").add("held", "reviewer")
        case _:
            return dev.roles.composites("admin").remove("reviewer")


def is_done(sandbox: Sandbox, write: str, user: str) -> bool:
    """Return whether the state shows a write."""
    roles = sandbox.roles(GRANTS_PORTAL, "dev")
    composites = sandbox.composites(GRANTS_PORTAL, "dev")
    held = sandbox.grants(GRANTS_PORTAL, "dev").get(user, set())
    return {
        "create": "fresh" in roles,
        "rename": "newer" in roles and "old" not in roles,
        "delete": "old" not in roles,
        "assign": {"old", "reviewer"} <= held,
        "unassign": "held" not in held,
        "add composites": composites.get("old") == {"held", "reviewer"},
        "remove composite": "reviewer" not in composites["admin"],
    }[write]
