"""States of a sandbox, and roles files for it, for the tests of commands that plan and undo."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from css_sdk.sandbox import Sandbox

State = dict[tuple[int, str], tuple[Any, ...]]


def everything(sandbox: Sandbox) -> State:
    """Return roles, composites and grants of every environment of the world."""
    return {
        (one.id, name): (
            sandbox.roles(one.id, name),
            sandbox.composites(one.id, name),
            {user: held for user, held in sandbox.grants(one.id, name).items() if held},
        )
        for one in sandbox.world.integrations.values()
        for name in one.environments
        if one.service_type == "gold" and one.status != "draft"
    }


def writes(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Return method and path of each request to the API that was not a read."""
    return [(entry.method, entry.path) for entry in sandbox.requests if entry.kind == "api" and entry.method != "GET"]


def secrets(sandbox: Sandbox) -> list[str]:
    """Return the texts that no file and no output may contain: the secrets of the world and every token
    that was sent.
    """
    owners = [*sandbox.world.teams.values(), *sandbox.world.integrations.values()]
    tokens = {entry.authorization.removeprefix("Bearer ") for entry in sandbox.requests if entry.kind == "api"}
    return [*(owner.client_secret for owner in owners if owner.client_secret), *tokens]


def file_of_roles(folder: Path, roles: str, environment: str = "dev") -> Path:
    """Write a roles file for the Grants Portal, where `roles` is YAML on one line, and return its path."""
    file = folder / "roles.yaml"
    text = f"{{version: 1, integrations: [{{integration: 101, environments: {{{environment}: {{roles: {roles}}}}}}}]}}"
    file.write_text(text, encoding="utf-8")
    return file


def journals() -> list[Path]:
    """Return the journals that commands kept by default, oldest first."""
    return sorted(Path(os.environ["CSS_STATE_FOLDER"]).glob("journals/*.jsonl"))
