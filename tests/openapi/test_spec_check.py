"""`make spec-check` reports how the live document differs from the one that css-sdk was built from."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import pytest
from markdown_it import MarkdownIt

from css_sdk.sandbox import Sandbox
from openapi import fetch, spec_check
from openapi.compare import Kind
from tests.openapi.swagger_site import Site, script

SCRIPT = "/openapi/swagger/swagger-ui-init.js"


def publish(site: Site, document: Any) -> None:
    """Make the site publish a document."""
    site.answers[SCRIPT] = (200, "text/javascript", script(document))


def changed(published: Any) -> Any:
    """Return the document with one breaking, one new and one wording change."""
    live = copy.deepcopy(published)
    live["components"]["schemas"]["user"]["properties"].pop("email")
    live["components"]["schemas"]["status"]["enum"].append("archived")
    live["paths"]["/integrations"]["get"]["summary"] = "Other words"
    return live


def test_the_sandbox_publishes_the_same_document(capsys: Any) -> None:
    """If nothing differs, spec_check exits with code 0, for any host that serves the document."""
    with Sandbox().serve() as server:
        address = server.credentials()["api_url"].removesuffix("/api/v1") + "/openapi/swagger"
        assert spec_check.main([address]) == 0
    assert capsys.readouterr().out == f"The document at {address} is the one that css-sdk was built from.\n"


def test_differences_are_listed_by_class(site: Site, published: Any, capsys: Any) -> None:
    """If the document differs, spec_check exits with code 2 and lists breaking changes first."""
    publish(site, changed(published))
    assert spec_check.main([site.address]) == 2
    text = capsys.readouterr().out
    assert text.index("Breaks us (1):") < text.index("New (1):") < text.index("Wording only (1):")
    assert "schema user, field email is gone" in text
    assert "GET /integrations: endpoint its summary differs" in text
    assert "openapi/overlay.yaml" in text


def test_the_json_report_contains_class_place_and_calls(site: Site, published: Any, capsys: Any) -> None:
    """The report in JSON contains class, place and calls of each difference."""
    publish(site, changed(published))
    assert spec_check.main([site.address, "--format", "json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {"breaking": 1, "new": 1, "wording": 1}
    assert report["differs"] is True
    assert [change["class"] for change in report["changes"]] == ["breaking", "new", "wording"]
    assert report["changes"][2]["calls"] == ["GET /integrations"]
    publish(site, published)
    assert spec_check.main([site.address, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []


def test_the_report_says_whether_the_overlay_fits(site: Site, published: Any, capsys: Any) -> None:
    """If the overlay does not fit the live document, the report contains the error of the overlay."""
    publish(site, {**published, "paths": {}})
    assert spec_check.main([site.address, "--format", "json"]) == 2
    assert "entries in x-operations without a call" in json.loads(capsys.readouterr().out)["overlay_fault"]


def test_texts_of_the_document_are_escaped_in_markdown(site: Site, published: Any, capsys: Any) -> None:
    """Names with HTML, links, mentions, line breaks and invisible characters remain text in the Markdown report."""
    live = copy.deepcopy(published)
    nasty = "`x` <script>alert(1)</script> @everyone [a](http://evil)\n# heading\u202e\x1b[31m"
    live["paths"][f"/{nasty}"] = {"get": {"responses": {}}}
    live["components"]["schemas"]["status"]["enum"].append(nasty)
    publish(site, live)
    assert spec_check.main([site.address, "--format", "markdown"]) == 2
    report = capsys.readouterr().out
    tokens = [inner for token in MarkdownIt().parse(report) for inner in [token, *(token.children or [])]]
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_inline", "html_block", "link_open"}
    assert "\x1b" not in report
    assert "\u202e" not in report
    assert all("everyone" not in token.content for token in tokens if token.type == "text")
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h2"]


def test_a_long_report_is_shortened_to_fit_into_an_issue(site: Site, published: Any, capsys: Any) -> None:
    """A report of thousands of differences is shortened, and says so."""
    live = copy.deepcopy(published)
    live["paths"].update({f"/new/{number}/{'x' * 100}": {"get": {}} for number in range(2000)})
    publish(site, live)
    assert spec_check.main([site.address, "--format", "markdown"]) == 2
    report = capsys.readouterr().out
    assert len(report) < 65_536
    assert report.endswith("The report is cut here. Run `make spec-check` for all of it.\n")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((503, "text/plain", "in disaster recovery"), "status 503"),
        ((200, "text/html", "<html>login</html>"), "a page instead of a script"),
        ((200, "text/javascript", "var options = {};"), "the script has no document"),
        ((200, "text/javascript", script({"swagger": "2.0"})), "its document is not OpenAPI 3"),
        ((200, "text/javascript", f'var options = {{"swaggerDoc": {"[" * 9000}'), "the script has no document"),
    ],
)
def test_a_document_that_cannot_be_fetched_is_reported_in_one_line(
    site: Site, capsys: Any, answer: tuple[int, str, str], message: str
) -> None:
    """If the document cannot be fetched, spec_check prints the reason in one line and exits with code 1."""
    site.answers[SCRIPT] = answer
    assert spec_check.main([site.address]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_a_document_of_another_structure_differs(site: Site, capsys: Any) -> None:
    """Parts of the document with an unexpected type are reported as differences and cause no failure."""
    publish(site, {"openapi": "3.0.0", "paths": {"/integrations": 5, "/x": {"get": [1], "parameters": {"a": 1}}}})
    assert spec_check.main([site.address, "--format", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["counts"]["breaking"] > 10


def test_the_script_runs_by_its_path(site: Site, published: Any) -> None:
    """The file that the Makefile and the workflow run returns the exit code."""
    publish(site, changed(published))
    command = [sys.executable, "openapi/spec_check.py", site.address]
    assert subprocess.run(command, capture_output=True, cwd=fetch.PUBLISHED.parent.parent, check=False).returncode == 2


def test_every_class_of_differences_is_explained() -> None:
    """The report has an explanation for each class of differences."""
    assert set(spec_check.MEANINGS) == set(Kind)
