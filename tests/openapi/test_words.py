"""Words, addresses and the order of the published document change only docstrings of the generated code."""

from __future__ import annotations

import ast
import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from openapi import generate, prepare

NASTY = (
    'It\'s "quoted", \\back\\slashed, {{ braced }} {% tagged %} and """tripled"""\nüber 🎉 zwei Zeilen\r\n\tand more '
    * 3
)
# An example may look like anything, even like something that the repairs search for.
TRAP = {
    "xml": {"name": "trap"},
    "type": "number",
    "application/xml": {},
    "$ref": "#/components/schemas/nowhere",
    "properties": {"message": {"type": "string"}, "data": {"type": "array"}},
    "schema": {"type": "number"},
    "enum": [],
}
NAMES = ("properties", "schemas", "responses", "paths", "content", "securitySchemes")


def without(node: Any, names: bool = False) -> Any:
    """Return a copy without the words, addresses and contacts that OpenAPI does not require."""
    if isinstance(node, list):
        return [without(item) for item in node]
    if not isinstance(node, dict):
        return node
    words = {"title", "summary", "description", "example", "examples", "contact", "servers", "tags"}
    return {k: without(v, not names and k in NAMES) for k, v in node.items() if names or k not in words}


def full(node: Any, chance: random.Random, names: bool = False) -> Any:
    """Return a copy with another order of keys, and with other words wherever words are allowed."""
    if isinstance(node, list):
        return [full(item, chance) for item in node]
    if not isinstance(node, dict):
        return node
    new = {k: full(v, chance, not names and k in NAMES) for k, v in node.items()}
    if not names:
        new |= {"title": NASTY, "description": NASTY, "summary": NASTY, "example": copy.deepcopy(TRAP)}
        new |= {"examples": {"title": {"value": copy.deepcopy(TRAP)}}, "externalDocs": {"url": "https://docs.example"}}
        new |= {"servers": [{"url": "https://else.example/api", "description": NASTY}], "contact": {"name": NASTY}}
    keys = list(new)
    chance.shuffle(keys)
    return {key: new[key] for key in keys}


def code(package: Path) -> dict[str, str]:
    """Return the code of each file without its docstrings."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0] if node.body else None
                if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
                    del node.body[0]
        found[path.relative_to(package).as_posix()] = ast.dump(tree)
    return found


def rewrite(published: Any, how: str) -> Any:
    new = without(published) if how == "without" else full(published, random.Random(7))  # noqa: S311
    new["info"] = {"title": "Another title", "version": "1.0.0"} if how == "without" else new["info"]
    if how == "full":  # these are not words, so they must stay unchanged
        new["security"] = published["security"]
        flow = new["components"]["securitySchemes"]["oAuth2ClientCredentials"]["flows"]["clientCredentials"]
        flow["scopes"] = {}
        flow["tokenUrl"] = "https://else.example/token"
    return new


def generated(folder: Path, published: Any) -> tuple[Any, Path]:
    """Return the repaired document and the package that are generated from a published document."""
    other = folder / "published.json"
    other.write_text(json.dumps(published), encoding="utf-8")
    document, package = generate.build(folder, other)
    return json.loads(document.read_text(encoding="utf-8")), package


@pytest.mark.parametrize("how", ["without", "full"])
def test_words_and_order_change_docstrings_only(published: Any, overlay: Any, tmp_path: Path, how: str) -> None:
    """With no words at all, or with strange words everywhere, the generated code is the committed code.

    The rewritten document differs from the published one, but the repairs give the same structure. The summary of a
    call becomes the docstring of its function.
    """
    other = rewrite(published, how)
    assert other != published
    if how == "full":
        other["paths"]["/integrations"]["get"]["summary"] = "Every integration there is"
    document, package = generated(tmp_path, other)
    assert without(document) == without(prepare.prepare(published, overlay))
    assert code(package) == code(generate.CLIENT)
    text = (package / "api" / "integrations" / "list_integrations.py").read_text(encoding="utf-8")
    assert ('"""Every integration there is' in text) == (how == "full")
