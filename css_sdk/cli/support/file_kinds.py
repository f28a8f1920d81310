"""Recognize the kind of a file, and name the right command if a user passes a file to the wrong one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..._text.json_text import parsed_json
from ..._text.shells import quote

_PURPOSES: Final = {
    "plan": ("carry it out", "apply"),
    "journal": ("undo it", "undo"),
    "roster": ("apply it", "roster apply"),
    "roles file": ("see what it would change", "plan"),
}
"""For each kind of file, what the user can do with it, and the command that does this."""
_ROLES_FILE: Final = re.compile(rb"(\xef\xbb\xbf)?(\s|#.*\n|---)*^(version|integrations|groups)[ \t]*:", re.MULTILINE)
"""The beginning of a roles file, possibly after comments. Each comment matches in only one way, so matching is fast."""


def check_kind(content: bytes, name: str, *wanted: str) -> None:
    """Raise an error if a file is of another kind than a command needs. If the kind is not clear, do nothing.

    Args:
        name: the name of the file, or "stdin".
        wanted: the kinds that the command can use, such as "roles file".

    Raises:
        InvalidFile: when the file is of another kind. The error names the command for the file.
    """
    from ...errors import InvalidFile, Remedy

    kind = _kind_of(content, name)
    if not kind or kind in wanted:
        return
    purpose, command = _PURPOSES[kind]
    remedy = Remedy("", f"To {purpose}, run: css {command} {'-' if name == 'stdin' else quote(name)}")
    raise InvalidFile(f"{name} is a {kind}, not a {' or a '.join(wanted)}.", remedy=remedy)


def is_journal(content: bytes) -> bool:
    """Return whether the content begins like a journal."""
    return "journal" in _object_in(content.partition(b"\n")[0])


def is_saved_plan(content: bytes) -> bool:
    """Return whether the content is a plan. A roles file in JSON is not a plan."""
    return "steps" in _object_in(content)


def is_plan_of_ours(content: bytes) -> bool:
    """Return whether css-sdk wrote the content as a plan, in any version of the format."""
    return {"css_sdk", "places", "steps"} <= _object_in(content).keys()


def _kind_of(content: bytes, name: str) -> str:
    """Return "plan", "journal", "roster", "roles file", or "" if the kind is not clear.

    A roster is recognized only by the ending of its name.
    """
    ending = name.lower().rpartition(".")[2]
    found = _object_in(content)
    if is_journal(content):
        return "journal"
    if "steps" in found:
        return "plan"
    if ending in ("csv", "tsv", "xlsx"):
        return "roster"
    is_roles_file = ending in ("yaml", "yml") or _ROLES_FILE.match(content) or "integrations" in found
    return "roles file" if is_roles_file else ""


def _object_in(content: bytes) -> Mapping[str, Any]:
    """Return the content as a JSON object. If the content is anything else, return an empty object."""
    found = parsed_json(content)
    return found if isinstance(found, dict) else {}
