"""The repaired document is valid and complete, and describes the real behaviour of the service."""

from __future__ import annotations

import doctest
import json
from types import ModuleType
from typing import Any

import pytest

from openapi import fetch, generate, prepare

ERROR = "#/components/schemas/error"


@pytest.fixture
def prepared(published: Any, overlay: Any) -> Any:
    """Return the repaired document, made from the committed inputs."""
    return prepare.prepare(published, overlay)


def operations(document: Any) -> dict[str, Any]:
    return {o["operationId"]: o for item in document["paths"].values() for m, o in item.items() if m in prepare.METHODS}


@pytest.mark.parametrize("module", [fetch, generate, prepare])
def test_the_examples_in_the_docstrings_are_right(module: ModuleType) -> None:
    """The examples in the docstrings of the modules print what they show."""
    assert doctest.testmod(module).failed == 0


def test_an_operation_without_an_entry_is_named(published: Any, overlay: Any) -> None:
    """A call of the published document that has no operation id in the overlay raises an error that names it."""
    published["paths"]["/integrations"]["post"] = {"responses": {"200": {"description": "New"}}}
    with pytest.raises(prepare.PrepareError, match=r"^calls without an entry in x-operations: POST /integrations$"):
        prepare.prepare(published, overlay)


def test_an_entry_without_an_operation_is_named(published: Any, overlay: Any) -> None:
    """An operation id in the overlay whose call no longer exists raises an error that names it."""
    del published["paths"]["/integrations/{integrationId}"]
    with pytest.raises(
        prepare.PrepareError, match=r"^entries in x-operations without a call: GET /integrations/\{integrationId\}$"
    ):
        prepare.prepare(published, overlay)


def test_a_renamed_path_is_reported_with_both_names(published: Any, overlay: Any) -> None:
    """If a path was renamed, the error contains both names."""
    published["paths"]["/projects"] = published["paths"].pop("/{environment}/idir/users")
    with pytest.raises(prepare.PrepareError, match=r"GET /projects; .*: GET /\{environment\}/idir/users$"):
        prepare.prepare(published, overlay)


def test_a_missing_method_of_a_path_is_reported(published: Any, overlay: Any) -> None:
    """If one method of a path disappears, the error names it, even if every repair still matches."""
    del published["paths"]["/integrations/{integrationId}/{environment}/roles/{roleName}"]["delete"]
    with pytest.raises(prepare.PrepareError, match=r"^entries in x-operations without a call: DELETE "):
        prepare.prepare(published, overlay)


def test_another_version_of_openapi_is_refused(published: Any, overlay: Any) -> None:
    """A document that is not OpenAPI 3.0 is refused, because the repairs are written for this version."""
    with pytest.raises(prepare.PrepareError, match=r"not OpenAPI 3\.0"):
        prepare.prepare({**published, "openapi": "3.1.0"}, overlay)


def test_an_invalid_result_is_refused(published: Any, overlay: Any) -> None:
    """If the repairs leave the document invalid, the error names the place."""
    published["paths"]["/integrations"]["get"]["parameters"] = [{"name": "x", "in": "elsewhere", "schema": {}}]
    with pytest.raises(prepare.PrepareError, match="not valid at paths//integrations/get"):
        prepare.prepare(published, overlay)


def test_every_operation_has_its_id_and_tag(prepared: Any, overlay: Any) -> None:
    """All operations have the id and the tag of the overlay's table."""
    named = [[operation["tags"][0], name] for name, operation in operations(prepared).items()]
    assert sorted(named) == sorted(overlay["x-operations"].values())


def test_every_json_body_refers_to_a_named_schema(prepared: Any) -> None:
    """No JSON body of a request or an answer is inline, so each generated class has a chosen name."""
    for operation in operations(prepared).values():
        answers = [*operation["responses"].values(), operation.get("requestBody", {})]
        for schema in [a["content"]["application/json"]["schema"] for a in answers if "application/json" in str(a)]:
            assert set(schema) == {"$ref"} or set(schema["items"]) == {"$ref"}


def test_refusals_are_declared_everywhere(prepared: Any) -> None:
    """Each call declares 401 in its own form, 422, and 503 in plain text."""
    for operation in operations(prepared).values():
        answers = {code: answer.get("content", {}) for code, answer in operation["responses"].items()}
        assert answers["401"] == {"application/json": {"schema": {"$ref": "#/components/schemas/unauthorized"}}}
        assert answers["422"] == {"application/json": {"schema": {"$ref": ERROR}}}
        assert list(answers["503"]) == ["text/plain"]


def test_html_pages_are_declared(prepared: Any) -> None:
    """The 404 of calls with path parameters, the 400 of calls with a body, and 429 may be an HTML page."""
    for name, operation in operations(prepared).items():
        answers = operation["responses"]
        assert ("404" in answers) == (name != "list_integrations")
        assert "404" not in answers or set(answers["404"]["content"]) == {"application/json", "text/html"}
        if "requestBody" in operation:
            assert set(answers["400"]["content"]) == {"application/json", "text/html"}
        if "429" in answers:
            assert set(answers["429"]["content"]) == {"text/html"}
    assert "429" in operations(prepared)["get_logs"]["responses"]


def test_the_mistakes_of_the_document_are_repaired(prepared: Any) -> None:
    """The result contains no XML, no shared status key, no conflict that is never sent, and no misplaced key."""
    text = json.dumps(prepared)
    assert not any(word in text for word in ("xml", "500,504", '"contact"', '"number"', '"default"', '"example"'))
    assert {n for n, o in operations(prepared).items() if "409" in o["responses"]} == {"create_role", "rename_role"}
    assert prepared["components"]["schemas"]["integration"]["properties"]["environments"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/environment"},
    }


def test_a_property_may_have_the_name_of_a_keyword(published: Any) -> None:
    """tidy() removes keywords, but keeps properties, schemas and answers that have the same names."""
    words = ("title", "description", "summary", "example", "examples", "servers", "contact", "properties")
    schema = {"type": "object", "title": "T", "example": {}, "properties": {w: {"type": "string"} for w in words}}
    published["components"]["schemas"] |= {"example": schema, "title": {"type": "string"}}
    schemas = prepare.tidy(published)["components"]["schemas"]
    assert schemas["example"] == {"type": "object", "properties": {w: {"type": "string"} for w in words}}
    assert schemas["title"] == {"type": "string"}


def test_the_order_of_keys_does_not_matter() -> None:
    """The written document is sorted and indented, and does not depend on the order of keys."""
    assert prepare.canonical({"b": {"d": 1, "c": "é"}, "a": []}) == prepare.canonical(
        {"a": [], "b": {"c": "é", "d": 1}}
    )
    assert prepare.canonical({"b": "é", "a": 1}) == '{\n  "a": 1,\n  "b": "é"\n}\n'


def test_a_broken_input_is_reported_in_one_line(tmp_path: Any, monkeypatch: Any, capsys: Any) -> None:
    """If an input is broken, the command prints one line, fails with exit code 1 and writes no document."""
    broken = tmp_path / "published.json"
    broken.write_text("{", encoding="utf-8")
    monkeypatch.setattr(prepare.read, "__defaults__", (broken, prepare.OVERLAY))
    monkeypatch.setattr(prepare, "PREPARED", tmp_path / "css-api.json")
    assert prepare.main() == 1
    assert capsys.readouterr().err.startswith("prepare: ")
    assert not (tmp_path / "css-api.json").exists()
