"""Records of results: the same keys for the same things in the JSON of every command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from .output import columns_of

if TYPE_CHECKING:
    from ... import EnvironmentClient
    from ...errors import CssError
    from ...state import Step, StepKind

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
"""What a step does, in the word that commands and rosters have for it."""
REMOVALS: Final = ("delete", "remove", "revoke")
"""The actions that remove something."""


def of_place(integration_id: int | None, integration: str, environment: str) -> Record:
    """Return the keys of one environment; the id is None if the integration was not found."""
    return {"integration_id": integration_id, "integration": integration, "environment": environment}


def of_client(dev: EnvironmentClient) -> Record:
    """Return the keys of the environment of a client."""
    return of_place(dev.integration.id, dev.integration.project_name, dev.name)


def of_person(username: str, name: str = "", email: str = "") -> Record:
    """Return the keys of one login."""
    return {"username": username, "name": name, "email": email, "provider": username.partition("@")[2]}


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
        state: what became of it.
        action: what it does.
        place: where, as `of_place` returns it.
        role: the role that it changes.
        target: the child of a composite role, or the new name of a role.
        username: who gains or loses the role.
        name: the person's name, if it is known.
        error: why it was not done.
    """
    person = {"username": username, "name": name, "provider": username.partition("@")[2]}
    return {"state": state, "action": action, **place, "role": role, "target": target, **person, **columns_of(error)}


def of_step(
    state: str, step: Step, project_name: str, names: Mapping[str, str], error: CssError | None = None
) -> Record:
    """Return the record of one step of a plan.

    Args:
        state: what became of it.
        step: the step.
        project_name: of its integration.
        names: of people, by username.
        error: why it was not done.
    """
    place = of_place(step.place.integration, project_name, step.place.environment)
    who = {"username": step.target, "name": names.get(step.target, "")} if step.changes_member else {}
    target = "" if step.changes_member else step.target
    return of_change(state, ACTIONS[step.kind], place, step.role, target=target, **who, error=error)
