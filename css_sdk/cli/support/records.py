"""Make the records that `--json` prints. A key has the same meaning in every command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from .output import columns_of

if TYPE_CHECKING:
    from ... import EnvironmentClient
    from ...errors import CssError
    from ...models import User
    from ...state import Place, Step, StepKind

Record = dict[str, Any]

ACTIONS: Final[Mapping[StepKind, str]] = {
    "create_role": "create",
    "rename_role": "rename",
    "add_composite": "add",
    "add_member": "grant",
    "remove_member": "revoke",
    "remove_composite": "remove",
    "delete_role": "delete",
}
"""For each kind of step, the word for it in records, such as `grant` for `add_member`."""


def of_place(integration_id: int | None, integration: str, environment: str) -> Record:
    """Return the keys and values that name an environment. If the integration was not found, the id is None."""
    return {"integration_id": integration_id, "integration": integration, "environment": environment}


def of(place: Place) -> Record:
    """Return the keys and values that name the environment of a place."""
    return of_place(place.integration, place.project_name, place.environment)


def of_client(dev: EnvironmentClient) -> Record:
    """Return the keys and values that name the environment of a client."""
    return of(dev.roles.place)


def of_user(user: User | None) -> Record:
    """Return the username, name, email and provider of a user. Without a user, all values are ""."""
    return {key: getattr(user, key, "") or "" for key in ("username", "name", "email", "provider")}


def of_change(
    state: str,
    action: str,
    place: Record,
    role: str,
    *,
    target: str = "",
    username: str = "",
    name: str = "",
    error: CssError | None = None,
) -> Record:
    """Return the record of one change.

    Args:
        state: the state of the change, such as "done" or "failed".
        action: what the change does, such as "grant".
        place: the keys and values that name the environment, from `of_place`.
        target: the child of a composite role, or the new name of a role.
        username: the username of the person who gains or loses the role.
        error: the error of a change that was not made.
    """
    person = {"username": username, "name": name, "provider": username.partition("@")[2]}
    return {"state": state, "action": action, **place, "role": role, "target": target, **person, **columns_of(error)}


def of_step(state: str, step: Step, names: Mapping[str, str], error: CssError | None = None) -> Record:
    """Return the record of one step of a plan. `names` has the names of people, by username."""
    who = {"username": step.target, "name": names.get(step.target, "")} if step.changes_member else {}
    target = "" if step.changes_member else step.target
    return of_change(state, ACTIONS[step.kind], of(step.place), step.role, target=target, **who, error=error)
