"""Replace the names in a path of the API by placeholders. Log lines and metrics then hold no personal data. Pure."""

from __future__ import annotations

from typing import Final

_FIXED: Final = frozenset(
    (
        *("integrations", "roles", "composite-roles", "users", "user-role-mappings", "logs"),
        *("bceid", "basic-bceid", "business-bceid", "basic-business-bceid"),
        *("idir", "azure-idir", "github-bcgov", "github-public"),
    )
)
"""The fixed parts of the API's paths, which name no integration, environment, role or user."""
_NAMED_AFTER: Final = {
    "integrations": "{integration_id}",
    "roles": "{role}",
    "composite-roles": "{role}",
    "users": "{username}",
}
"""The placeholder for the part after each of these fixed parts. After any other part, an environment follows."""


def path_template(path: str) -> str:
    """Return a path with placeholders for ids, environments and names.

    >>> path_template("/integrations/101/dev/users/0f3a%40idir/roles")
    '/integrations/{integration_id}/{environment}/users/{username}/roles'
    """
    parts, before = [], ""
    for part in path.removeprefix("/").split("/"):
        parts.append(part if part in _FIXED else _NAMED_AFTER.get(before, "{environment}"))
        before = part
    return "/" + "/".join(parts)
