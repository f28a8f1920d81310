"""The repaired document is valid, complete and says what the service does."""

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
    """The repaired document, made from the committed inputs."""
    return prepare.prepare(published, overlay)


def operations(document: Any) -> dict[str, Any]:
    return {o["operationId"]: o for item in document["paths"].values() for m, o in item.items() if m in prepare.METHODS}


@pytest.mark.parametrize("module", [fetch, generate, prepare])
def test_examples_in_docstrings_hold(module: ModuleType) -> None:
    """The examples in the modules' docstrings are true."""
    assert doctest.testmod(module).failed == 0


def test_an_operation_without_an_entry_is_named(published: Any, overlay: Any) -> None:
    """A new call in the published document needs an operation id before anything is generated."""
    published["paths"]["/integrations"]["post"] = {"responses": {"200": {"description": "New"}}}
    with pytest.raises(prepare.PrepareError, match=r"^calls without an entry in x-operations: POST /integrations$"):
        prepare.prepare(published, overlay)


def test_an_entry_without_an_operation_is_named(published: Any, overlay: Any) -> None:
    """A call that is gone from the published document is gone from the table too, or an error."""
    del published["paths"]["/integrations/{integrationId}"]
    with pytest.raises(
        prepare.PrepareError, match=r"^entries in x-operations without a call: GET /integrations/\{integrationId\}$"
    ):
        prepare.prepare(published, overlay)


def test_a_renamed_path_is_named_in_both_directions(published: Any, overlay: Any) -> None:
    """A path under another name is reported with both names."""
    published["paths"]["/projects"] = published["paths"].pop("/{environment}/idir/users")
    with pytest.raises(prepare.PrepareError, match=r"GET /projects; .*: GET /\{environment\}/idir/users$"):
        prepare.prepare(published, overlay)


def test_a_published_path_without_a_repair_still_needs_its_entry(published: Any, overlay: Any) -> None:
    """Dropping one method of a path is noticed although every repair still finds something."""
    del published["paths"]["/integrations/{integrationId}/{environment}/roles/{roleName}"]["delete"]
    with pytest.raises(prepare.PrepareError, match=r"^entries in x-operations without a call: DELETE "):
        prepare.prepare(published, overlay)


def test_another_version_of_openapi_is_refused(published: Any, overlay: Any) -> None:
    """The repairs are written for OpenAPI 3.0 and are not tried on anything else."""
    with pytest.raises(prepare.PrepareError, match=r"not OpenAPI 3\.0"):
        prepare.prepare({**published, "openapi": "3.1.0"}, overlay)


def test_an_invalid_result_is_refused(published: Any, overlay: Any) -> None:
    """If the repairs leave the document invalid, the error names the place."""
    published["paths"]["/integrations"]["get"]["parameters"] = [{"name": "x", "in": "elsewhere", "schema": {}}]
    with pytest.raises(prepare.PrepareError, match="not valid at paths//integrations/get"):
        prepare.prepare(published, overlay)


def test_every_operation_has_its_id_and_tag(prepared: Any, overlay: Any) -> None:
    """All operations have the id and the tag from the table, not those of the document."""
    named = [[operation["tags"][0], name] for name, operation in operations(prepared).items()]
    assert sorted(named) == sorted(overlay["x-operations"].values())


def test_every_answer_refers_to_a_schema_with_a_name(prepared: Any) -> None:
    """No JSON answer or request is inline, so no class has a made-up name."""
    for operation in operations(prepared).values():
        answers = [*operation["responses"].values(), operation.get("requestBody", {})]
        for schema in [a["content"]["application/json"]["schema"] for a in answers if "application/json" in str(a)]:
            assert set(schema) == {"$ref"} or set(schema["items"]) == {"$ref"}


def test_refusals_are_declared_everywhere(prepared: Any) -> None:
    """Each call declares 401 in its own shape, 422, and 503 in plain text."""
    for operation in operations(prepared).values():
        answers = {code: answer.get("content", {}) for code, answer in operation["responses"].items()}
        assert answers["401"] == {"application/json": {"schema": {"$ref": "#/components/schemas/unauthorized"}}}
        assert answers["422"] == {"application/json": {"schema": {"$ref": ERROR}}}
        assert list(answers["503"]) == ["text/plain"]


def test_pages_of_html_are_declared(prepared: Any) -> None:
    """404 of a call with a path parameter, 400 of a call with a body, and 429 may be a page."""
    for name, operation in operations(prepared).items():
        answers = operation["responses"]
        assert ("404" in answers) == (name != "list_integrations")
        assert "404" not in answers or set(answers["404"]["content"]) == {"application/json", "text/html"}
        if "requestBody" in operation:
            assert set(answers["400"]["content"]) == {"application/json", "text/html"}
        if "429" in answers:
            assert set(answers["429"]["content"]) == {"text/html"}
    assert "429" in operations(prepared)["get_logs"]["responses"]


def test_what_the_document_gets_wrong_is_gone(prepared: Any) -> None:
    """XML, the shared status key, the conflict that is never sent and misplaced keys are not in the result."""
    text = json.dumps(prepared)
    assert not any(word in text for word in ("xml", "500,504", '"contact"', '"number"', '"default"', '"example"'))
    assert {n for n, o in operations(prepared).items() if "409" in o["responses"]} == {"create_role", "rename_role"}
    assert prepared["components"]["schemas"]["integration"]["properties"]["environments"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/environment"},
    }


def test_a_property_may_be_called_like_a_keyword(published: Any) -> None:
    """Only keywords are taken for words: properties, schemas and answers of the same names stay."""
    words = ("title", "description", "summary", "example", "examples", "servers", "contact", "properties")
    schema = {"type": "object", "title": "T", "example": {}, "properties": {w: {"type": "string"} for w in words}}
    published["components"]["schemas"] |= {"example": schema, "title": {"type": "string"}}
    schemas = prepare.tidy(published)["components"]["schemas"]
    assert schemas["example"] == {"type": "object", "properties": {w: {"type": "string"} for w in words}}
    assert schemas["title"] == {"type": "string"}


def test_the_order_of_keys_does_not_matter() -> None:
    """The written form is sorted, indented, unescaped and ends with a newline."""
    assert prepare.canonical({"b": {"d": 1, "c": "é"}, "a": []}) == prepare.canonical(
        {"a": [], "b": {"c": "é", "d": 1}}
    )
    assert prepare.canonical({"b": "é", "a": 1}) == '{\n  "a": 1,\n  "b": "é"\n}\n'


def test_an_error_is_one_line_and_an_exit_code(tmp_path: Any, monkeypatch: Any, capsys: Any) -> None:
    """The command says what does not fit and leaves the document alone."""
    broken = tmp_path / "published.json"
    broken.write_text("{", encoding="utf-8")
    monkeypatch.setattr(prepare.read, "__defaults__", (broken, prepare.OVERLAY))
    monkeypatch.setattr(prepare, "PREPARED", tmp_path / "css-api.json")
    assert prepare.main() == 1
    assert capsys.readouterr().err.startswith("prepare: ")
    assert not (tmp_path / "css-api.json").exists()
