"""The JSON schemas of the objects that `--json` prints. A key has the same meaning in every command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

Schema = dict[str, Any]


def _of(kind: str | list[str], description: str) -> Schema:
    return {"type": kind, "description": description}


_text, _flag, _number = partial(_of, "string"), partial(_of, "boolean"), partial(_of, "integer")


def _texts(description: str) -> Schema:
    return {"type": "array", "items": {"type": "string"}, "description": description}


KEYS: Final[Mapping[str, Schema]] = {
    "@timestamp": _text("When the login server wrote a line of its log, as an ISO 8601 time."),
    "action": _text("What was done: create, rename, delete, add, remove, grant or revoke."),
    "api_url": _text("The address of the API."),
    "at": _text("When the change was made or the journal was begun, as an ISO 8601 time."),
    "auth_type": _text("How the integration logs in."),
    "chains": {
        "type": "array",
        "items": {"type": "array"},
        "description": "The chains of composite roles through which the user has the role.",
    },
    "changes": _text("The number of changes in each state, such as `2 done, 1 failed`."),
    "check": _text("What css doctor checked."),
    "children": _texts("The children of a composite role."),
    "claims": _of("object", "The claims of the token."),
    "client_id": _of(["string", "null"], "The client id of a service account."),
    "command": _text("The command that wrote the journal."),
    "complete": _flag("Whether the service returned everybody who matches."),
    "composite": _flag("Whether the role contains other roles."),
    "credentials": _text("Where the credentials come from."),
    "descendants": _texts("All roles that a role contains."),
    "differs": _flag("Whether only some of the environments have the role, child or member."),
    "direct": _flag("Whether the role was given directly, not only through a composite role."),
    "email": _text("The e-mail address, or an empty text."),
    "environment": _text("dev, test or prod."),
    "environments": _texts("The environments of an integration."),
    "error": _text("The class of the error, or an empty text."),
    "expires_at": _text("When the token ends, as an ISO 8601 time."),
    "expires_in": _of(["number", "null"], "Seconds until the token ends."),
    "fault_count": _number("How many faults the file has, if `faults` does not list all."),
    "faults": _texts("What is wrong with a file."),
    "file": _text("The name of a file."),
    "grants": _number("How many grants the file has."),
    "guid": _text("The GUID, which all logins of a person share."),
    "integration": _text("The project name of an integration, or the text that names it if it was not found."),
    "integration_id": {"type": ["integer", "null"], "description": "The id of an integration; null if not found."},
    "issued_at": _text("When the token was issued, as an ISO 8601 time."),
    "journal": _text("The name of a journal."),
    "kind": _text("What the object describes: a role, a composite or a member. For a token: `JWT` or `opaque`."),
    "known_in": _texts("The environments where the person has logged in with this login."),
    "lacks": _text("The username of the login that lacks roles."),
    "line": _number("The line of a roster or list; 0 for a removal that no line asks for."),
    "logins": {
        "type": "array",
        "description": "The logins of a person, and where each login was used or never used.",
        "items": {"type": "object", "required": ["username", "provider", "email", "known_in", "never_in"]},
    },
    "message": _text("What happened and what to do, or an empty text."),
    "name": _text("The name of a person or of a setting, or an empty text if it is not known."),
    "person": _text("The text that names a person in the roster, list or command."),
    "places": _number("How many environments the file names."),
    "present": {
        "type": "array",
        "description": "For each environment, whether it has the role, child or member; null if that is not known.",
        "items": {"type": "object", "required": ["integration_id", "integration", "environment", "present"]},
    },
    "provider": _text("The login provider, such as idir, or an empty text."),
    "reason": _text("The reason for the changes, as `--reason` gave it, or an empty text."),
    "role": _text("The name of a role."),
    "roles": {"type": ["array", "integer"], "description": "The names of roles, or how many roles the file has."},
    "rows": _number("How many rows the file has."),
    "service_account": _flag("Whether the user is a service account."),
    "source": _text("Where a setting is set."),
    "state": _text("The state of a change, a check or a difference, such as done, failed, unknown or skipped."),
    "status": _text("The status of an integration."),
    "subject": _text("The claim `sub` of the token, which identifies its user."),
    "system": _text("The system that issued the token."),
    "target": _text("The child of a composite role, or the new name of a role, or an empty text."),
    "team_id": {"type": ["integer", "null"], "description": "The id of the team."},
    "through": _texts("The composite roles through which the person has the role."),
    "undoes": _text("The journal that this one undoes, or an empty text."),
    "undone_by": _text("The journal that undid this one, or an empty text."),
    "user": _text("The local user name of the person who ran the command, or an empty text."),
    "username": _text("The username of a login, or an empty text if it is not known."),
    "value": {"description": "The value of a setting."},
    "write": _number("The number of the write in its journal. One write can make several changes."),
}
"""The schema of each key."""

_PLACE: Final = ("integration_id", "integration", "environment")
_PERSON: Final = ("username", "name", "provider")
_CHANGE: Final = ("state", "action", *_PLACE, "role", "target", *_PERSON, "error", "message")


class Shape(NamedTuple):
    """A description of one object that `--json` prints, the keys that it always has, and the keys that it can have."""

    description: str
    required: Sequence[str]
    optional: Sequence[str] = ()


RECORDS: Final[Mapping[str, Shape]] = {
    "changes": Shape(
        "One change, in the output of commands that change roles or members, such as `css assign` and `css apply`.",
        _CHANGE,
    ),
    "checks": Shape("One check, in the output of `css doctor`.", ("check", "state", "message")),
    "comparison": Shape("One row in the output of `css compare`.", ("kind", "role", "target", "differs", "present")),
    "config": Shape("One setting, in the output of `css config show`.", ("name", "value", "source")),
    "differences": Shape(
        "One login that lacks roles, in the output of `css people mirror`.",
        ("state", *_PLACE, *_PERSON, "email", "lacks", "roles"),
    ),
    "drift": Shape(
        "One difference, in the output of `css drift`.", ("state", "kind", *_PLACE, "role", "target", *_PERSON)
    ),
    "files": Shape(
        "One checked file, in the output of `css validate` and `css roster check`.",
        ("file",),
        ("faults", "fault_count", "places", "roles", "grants", "rows", "state"),
    ),
    "grants": Shape("One grant, in the output of `css roster export`.", (*_PLACE, "role", "username", "name", "email")),
    "integrations": Shape(
        "One integration, in the output of `css integrations`.",
        ("integration_id", "integration", "environments", "auth_type", "status"),
    ),
    "journal-changes": Shape(
        "One change in a journal, in the output of `css show` and `css journal show`.", ("write", "at", *_CHANGE)
    ),
    "journals": Shape(
        "One journal, in the output of `css journal list`.",
        ("journal", "at", "command", "client_id", "api_url", "user", "reason", "changes", "undoes", "undone_by"),
    ),
    "log-lines": Shape(
        "One line of the log, with all fields of the login server, in the output of `css logs`.",
        (),
        ("@timestamp", "message"),
    ),
    "members": Shape("One member, in the output of `css members list`.", (*_PLACE, "role", *_PERSON, "email")),
    "people": Shape("One person, in the output of `css people find`.", ("guid", "name", "email", "logins", "complete")),
    "people-listed": Shape(
        "One login of a person in the file, or one person without a login, in the output of `css people find --file`.",
        ("line", "person", "state", *_PERSON, "email", "known_in", "error", "message"),
    ),
    "person-roles": Shape(
        "One role of a person, in the output of `css people roles`.", (*_PLACE, "username", "role", "direct", "through")
    ),
    "report": Shape(
        "One role of one person, in the output of `css report`.",
        (*_PLACE, "role", *_PERSON, "email", "service_account", "direct", "chains"),
    ),
    "role-tree": Shape(
        "One role with all roles that it contains, in the output of `css roles tree`.",
        (*_PLACE, "role", "composite", "children", "descendants"),
    ),
    "roles": Shape(
        "One role, in the output of `css roles list` and `css composites list`.", (*_PLACE, "role", "composite")
    ),
    "roster": Shape(
        "One row of a roster, in the output of `css roster apply` and `css roster check --online`.",
        ("line", *_CHANGE, "person"),
    ),
    "service-account-roles": Shape(
        "One role of a service account, in the output of `css service-account roles`.",
        (*_PLACE, "role", "composite", "direct"),
    ),
    "token": Shape("A token, in the output of `css token`.", ("system", "kind", "expires_in", "claims")),
    "verified-token": Shape(
        "A verified token, in the output of `css token verify`.",
        ("subject", "client_id", "service_account", "roles", "issued_at", "expires_at", "expires_in"),
    ),
    "whoami": Shape("The account, in the output of `css whoami`.", ("team_id", "client_id", "api_url", "credentials")),
}
"""The shapes of all objects that `--json` prints, by the name that `css schema` takes."""

FILES: Final[Mapping[str, str]] = {
    "journal": "css_sdk.journal",
    "plan": "css_sdk.plan",
    "roles-file": "css_sdk.roles_file",
}
"""For each kind of file, the package that holds its JSON schema."""


def schema_of(name: str) -> Schema:
    """Return the JSON schema of an object that `--json` prints, or of a file. Its name is in `RECORDS` or `FILES`.

    >>> schema_of("roles")["required"]
    ['integration_id', 'integration', 'environment', 'role', 'composite']
    """
    if name in FILES:
        import json
        from importlib.resources import files

        found: Schema = json.loads(files(FILES[name]).joinpath("schema.json").read_text(encoding="utf-8"))
        return found
    description, required, optional = RECORDS[name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"css-sdk:{name}",
        "title": f"css-sdk: {name}",
        "description": description,
        "type": "object",
        "properties": {key: KEYS[key] for key in (*required, *optional)},
        "required": list(required),
        "additionalProperties": name == "log-lines",
    }
