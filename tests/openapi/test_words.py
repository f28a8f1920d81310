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


@pytest.mark.parametrize("how", ["without", "full"])
def test_words_and_order_change_docstrings_only(published: Any, tmp_path: Path, how: str) -> None:
    """With no words at all, or with strange words everywhere, the generated code is the committed code."""
    other = tmp_path / "published.json"
    other.write_text(json.dumps(rewrite(published, how)), encoding="utf-8")
    _, package = generate.build(tmp_path, other)
    assert code(package) == code(generate.CLIENT)


def test_a_summary_becomes_a_docstring(published: Any, tmp_path: Path) -> None:
    """The summary of a call becomes the docstring of its function."""
    published["paths"]["/integrations"]["get"]["summary"] = "Every integration there is"
    other = tmp_path / "published.json"
    other.write_text(json.dumps(published), encoding="utf-8")
    _, package = generate.build(tmp_path, other)
    text = (package / "api" / "integrations" / "list_integrations.py").read_text(encoding="utf-8")
    assert '"""Every integration there is' in text


def test_the_rewritten_documents_keep_the_structure(published: Any, overlay: Any) -> None:
    """The rewritten documents of these tests differ from the published one, but the repairs give the same structure."""
    plain = prepare.prepare(published, overlay)
    for how in ("without", "full"):
        other = rewrite(published, how)
        assert other != published
        assert without(prepare.prepare(other, overlay)) == without(plain)
