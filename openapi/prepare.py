"""Turn the published document into the one that the client is generated from.

    python -m openapi.prepare

reads ``published.json`` and ``overlay.yaml`` and writes ``css-api.json``. It takes three steps, all pure functions:

1. `tidy` removes texts and addresses (titles, examples, contacts, servers), so that none of them can reach the
   generated code. Descriptions and summaries stay where OpenAPI has them. They become docstrings.
2. `name_operations` gives every operation the id and the tag that `x-operations` of the overlay contains for it.
3. `apply_overlay` carries out the repairs. A repair that finds nothing to repair is an error, which names the repair.
   Then `lone_references` removes the keys that stand beside a `$ref`.
"""

from __future__ import annotations

import copy
import json
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jsonpath_rfc9535 as jsonpath
import yaml

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE / "published.json"
OVERLAY = HERE / "overlay.yaml"
PREPARED = HERE / "css-api.json"

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

# Keywords of texts and addresses. They are removed where they are keywords. A property of the same name stays.
_NOISE = {"title", "example", "examples", "externalDocs", "contact", "license", "termsOfService", "servers"}
# Kind of object -> (its texts that become docstrings, the kinds of its children). "{x}" is a map to x, "[x]" a list.
_KINDS: dict[str, tuple[set[str], dict[str, str]]] = {
    "document": (set(), {"paths": "{path}", "components": "components"}),
    "components": (
        set(),
        {
            "schemas": "{schema}",
            "responses": "{response}",
            "parameters": "{parameter}",
            "requestBodies": "{body}",
            "headers": "{parameter}",
            "securitySchemes": "{scheme}",
        },
    ),
    "path": ({"summary", "description"}, {"parameters": "[parameter]"} | dict.fromkeys(METHODS, "operation")),
    "operation": (
        {"summary", "description"},
        {"parameters": "[parameter]", "requestBody": "body", "responses": "{response}"},
    ),
    "parameter": ({"description"}, {"schema": "schema", "content": "{media}"}),
    "body": ({"description"}, {"content": "{media}"}),
    "response": ({"description"}, {"headers": "{parameter}", "content": "{media}"}),
    "media": (set(), {"schema": "schema"}),
    "scheme": ({"description"}, {"flows": "flows"}),
    "flows": (set(), dict.fromkeys(("implicit", "password", "clientCredentials", "authorizationCode"), "flow")),
    "flow": (set(), {}),
    "schema": (
        {"description"},
        {"properties": "{schema}", "items": "schema", "additionalProperties": "schema", "not": "schema"}
        | dict.fromkeys(("allOf", "anyOf", "oneOf"), "[schema]"),
    ),
}


class PrepareError(Exception):
    """The published document, the overlay and the table of operations do not fit together."""


def tidy(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without the texts and addresses that no code may depend on.

    >>> tidy({"openapi": "3.0.0", "contact": {"name": "we"}, "paths": {}, "info": {"title": "T", "version": "2"}})
    {'openapi': '3.0.0', 'paths': {}, 'info': {'title': 'CSS API', 'version': '2'}}
    """
    tidied: dict[str, Any] = _tidy(document, "document")
    info = document.get("info") or {}
    tidied["info"] = {"title": "CSS API", "version": str(info.get("version", "1"))}
    if isinstance(info.get("description"), str):
        tidied["info"]["description"] = info["description"]
    return tidied


def _tidy(node: Any, kind: str) -> Any:
    if kind.startswith("{") and isinstance(node, dict):
        named = {key: _tidy(value, kind[1:-1]) for key, value in node.items()}
        if kind == "{response}":  # OpenAPI requires a description only in responses
            for code, response in named.items():
                if isinstance(response, dict) and "$ref" not in response:
                    response.setdefault("description", _phrase(code))
        return named
    if kind.startswith("[") and isinstance(node, list):
        return [_tidy(value, kind[1:-1]) for value in node]
    if not isinstance(node, dict):
        return node
    docstrings, children = _KINDS.get(kind, (set(), {}))
    noise = (_NOISE | {"summary", "description"}) - docstrings
    return {
        key: _tidy(value, children[key]) if key in children else copy.deepcopy(value)
        for key, value in node.items()
        if key not in noise and not (key in docstrings and not isinstance(value, str))
    }


def _phrase(code: str) -> str:
    try:
        return HTTPStatus(int(code)).phrase
    except ValueError:
        return str(code)


def name_operations(document: dict[str, Any], table: dict[str, list[str]]) -> dict[str, Any]:
    """Return the document with the operation ids and tags of a table that holds exactly its operations.

    Args:
        document: the tidied document.
        table: a tag and an operation id for each call, such as `GET /integrations`.

    Raises:
        PrepareError: the table lacks a call, or contains one that the document lacks.
    """
    named = copy.deepcopy(document)
    found = {
        f"{method.upper()} {path}": operation
        for path, item in named["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }
    unlike = [
        f"{what}: {', '.join(sorted(keys))}"
        for what, keys in (
            ("calls without an entry in x-operations", found.keys() - table.keys()),
            ("entries in x-operations without a call", table.keys() - found.keys()),
        )
        if keys
    ]
    if unlike:
        raise PrepareError("; ".join(unlike))
    for call, operation in found.items():
        tag, operation["operationId"] = table[call]
        operation["tags"] = [tag]
    named["tags"] = [{"name": tag} for tag in sorted({tag for tag, _ in table.values()})]
    return named


def apply_overlay(document: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Return the document after all actions of an Overlay 1.0 document, in their order.

    There are two extensions. ``x-name`` is the name of the action in errors. Every place that ``x-among`` selects must
    be among those of ``target``, so that a target with a filter cannot repair only 17 of 18 places.

    Raises:
        PrepareError: an action is not valid, or finds nothing to repair, or leaves out a place. The message names it.
    """
    repaired = copy.deepcopy(document)
    for action in overlay["actions"]:
        name = action.get("x-name", action.get("description", action["target"]))
        try:
            _apply(repaired, action)
        except (PrepareError, jsonpath.JSONPathError) as error:
            raise PrepareError(f'overlay action "{name}": {error}') from error
    return repaired


def _apply(document: dict[str, Any], action: dict[str, Any]) -> None:
    unknown = {key for key in action if not key.startswith("x-")} - {"target", "description", "update", "remove"}
    if unknown or ("update" in action) == bool(action.get("remove")):
        raise PrepareError("an action has a target and either an update or remove: true, and no other keys")
    places = {node.location: node.value for node in jsonpath.find(action["target"], document)}
    if not places:
        raise PrepareError(f"its target matches nothing: {action['target']}")
    if "x-among" in action:
        among = jsonpath.find(action["x-among"], document)
        if not among:
            raise PrepareError(f"its x-among matches nothing: {action['x-among']}")
        if missed := [node.path() for node in among if node.location not in places]:
            raise PrepareError(f"its target leaves out {', '.join(missed)}")
    if action.get("remove"):
        # Later items and deeper places come first, so that no removal moves what is still to be removed.
        for location in sorted(places, key=lambda place: [(isinstance(key, int), key) for key in place], reverse=True):
            parent: Any = document
            for key in location[:-1]:
                parent = parent[key]
            del parent[location[-1]]
        return
    for location, value in places.items():
        if isinstance(value, list):
            value.append(copy.deepcopy(action["update"]))
        elif isinstance(value, dict) and isinstance(action["update"], dict):
            merge(value, action["update"])
        else:
            raise PrepareError(f"cannot merge its update into {json.dumps(location)}")


def merge(target: dict[str, Any], update: dict[str, Any]) -> None:
    """Merge as Overlay 1.0 requires: objects key by key, lists one after the other. Everything else is replaced.

    >>> target = {"a": {"b": 1, "c": [1]}, "d": 1}
    >>> merge(target, {"a": {"c": [2]}, "d": {"e": 1}})
    >>> target
    {'a': {'b': 1, 'c': [1, 2]}, 'd': {'e': 1}}
    """
    for key, value in update.items():
        old = target.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            old.extend(copy.deepcopy(value))
        else:
            target[key] = copy.deepcopy(value)


def lone_references(node: Any) -> Any:
    """Return the document with nothing beside a ``$ref``. OpenAPI 3.0 ignores what is there, but not every generator.

    >>> lone_references({"schema": {"$ref": "#/a", "xml": {}}, "properties": {"$ref": {"type": "string"}}})
    {'schema': {'$ref': '#/a'}, 'properties': {'$ref': {'type': 'string'}}}
    """
    if isinstance(node, list):
        return [lone_references(item) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        return {"$ref": node["$ref"]}
    return {key: lone_references(value) for key, value in node.items()}


def prepare(published: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Return the repaired document, which is valid OpenAPI 3.0.

    Raises:
        PrepareError: the document is of another version, or the overlay does not fit it.
    """
    if not isinstance(published, dict) or not str(published.get("openapi")).startswith("3.0."):
        raise PrepareError("the published document is not OpenAPI 3.0")
    document: dict[str, Any] = lone_references(
        apply_overlay(name_operations(tidy(published), overlay["x-operations"]), overlay)
    )
    # Imported here, because it takes longer than all other imports, and a comparison of documents does not need it.
    from openapi_spec_validator import OpenAPIV30SpecValidator  # noqa: PLC0415

    errors = sorted(OpenAPIV30SpecValidator(document).iter_errors(), key=str)
    if errors:
        where = "/".join(str(key) for key in errors[0].absolute_path)
        raise PrepareError(f"the repaired document is not valid at {where or 'its root'}: {errors[0].message[:200]}")
    return document


def canonical(document: dict[str, Any]) -> str:
    """Return the document as text, in an order that does not depend on how it was written before."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read(published: Path = PUBLISHED, overlay: Path = OVERLAY) -> str:
    """Return the text of the repaired document.

    Args:
        published: the file with the published document.
        overlay: the file with the repairs.

    Raises:
        PrepareError: a file cannot be read, or the two do not fit together.
    """
    try:
        document = json.loads(published.read_text(encoding="utf-8"))
        repairs = yaml.safe_load(overlay.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise PrepareError(str(error)) from error
    return canonical(prepare(document, repairs))


def main() -> int:
    """Write css-api.json, or print one line that says what does not fit."""
    try:
        text = read()
    except PrepareError as error:
        sys.stderr.write(f"prepare: {error}\n")
        return 1
    PREPARED.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
