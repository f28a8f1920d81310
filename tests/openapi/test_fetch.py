"""fetch.py finds the published document behind a Swagger UI page, or leaves published.json unchanged."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from openapi import fetch
from tests.openapi.swagger_site import DOCUMENT, PAGE, Site, script


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """Return a published.json of an earlier fetch."""
    path = tmp_path / "published.json"
    path.write_text("former", encoding="utf-8")
    return path


def test_the_document_is_found_behind_the_redirect(site: Site, former: Path) -> None:
    """fetch follows the redirect, reads the script beside the page, and writes its document, indented and in UTF-8."""
    assert fetch.main([site.address, "--output", str(former)]) == 0
    assert site.asked == ["/openapi/swagger", "/openapi/swagger/", "/openapi/swagger/swagger-ui-init.js"]
    assert former.read_bytes() == (json.dumps(DOCUMENT, indent=2, ensure_ascii=False) + "\n").encode()
    assert list(former.parent.iterdir()) == [former]


@pytest.mark.parametrize(
    "text",
    [
        script(DOCUMENT, before='"customOptions": {"hint": "a \\"swaggerDoc\\": { in words", "brace": "}"}, '),
        script(DOCUMENT, before='"customOptions": {"swaggerDoc": {"openapi": "none"}}, '),
        script(DOCUMENT, before='"explorer": \'"swaggerDoc": {\', '),
        script(DOCUMENT).replace('"swaggerDoc": ', '"swaggerDoc":'),
        "/* ü */" + script(DOCUMENT).replace("var options = {", "const options={"),
    ],
)
def test_strings_may_contain_braces_quotes_and_the_key(text: str) -> None:
    """Braces, quotes and the key `swaggerDoc` within strings neither begin nor end the document."""
    assert fetch.extract(text) == DOCUMENT


@pytest.mark.parametrize(
    ("source", "address", "expected"),
    [
        ("./swagger-ui-init.js", "https://host/openapi/swagger/", "https://host/openapi/swagger/swagger-ui-init.js"),
        ("swagger-ui-init.js?v=1&amp;w=2", "https://host/a/b", "https://host/a/swagger-ui-init.js?v=1&w=2"),
        ("/docs/swagger-ui-init.js", "https://host/a/", "https://host/docs/swagger-ui-init.js"),
    ],
)
def test_the_address_of_the_script_is_relative_to_the_page(source: str, address: str, expected: str) -> None:
    """The address of the script is resolved against the page as in a browser, and other scripts are ignored."""
    page = f'<script src="./swagger-ui-bundle.js"></script><script>let x</script><SCRIPT src="{source}"></SCRIPT>'
    assert fetch.script_address(page, address) == expected


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        ("/openapi/swagger", (404, "text/html", PAGE), "status 404"),
        ("/openapi/swagger/", (500, "text/html", PAGE), "status 500"),
        ("/openapi/swagger/", (200, "text/html", "<html>hello</html>"), "no Swagger UI page"),
        ("/openapi/swagger/", (200, "application/json", "{}"), "no Swagger UI page"),
        ("/openapi/swagger/", (301, "/openapi/swagger/", ""), "no answer"),
        ("/openapi/swagger/swagger-ui-init.js", (404, "text/html", "<html>"), "status 404"),
        ("/openapi/swagger/swagger-ui-init.js", (200, "text/html", PAGE), "a page instead of a script"),
        ("/openapi/swagger/swagger-ui-init.js", (200, "text/javascript", " \n<!DOCTYPE html>"), "a page instead of"),
        ("/openapi/swagger/swagger-ui-init.js", (200, "text/javascript", ""), "no options"),
        ("/openapi/swagger/swagger-ui-init.js", (200, "text/javascript", script(1, name="other")), "no options"),
        ("/openapi/swagger/swagger-ui-init.js", (200, "text/javascript", "var options = {};"), "no document"),
        ("/openapi/swagger/swagger-ui-init.js", (200, "text/javascript", script(DOCUMENT)[:300]), "no document"),
        ("/openapi/swagger/swagger-ui-init.js", (200, "text/javascript", script({"swagger": "2.0"})), "not OpenAPI 3"),
        ("/openapi/swagger/swagger-ui-init.js", (200, "text/javascript", script([DOCUMENT])), "not OpenAPI 3"),
        ("/openapi/swagger/swagger-ui-init.js", (200, "text/javascript", script({"openapi": "3.0.0"})), "not OpenAPI"),
    ],
)
def test_a_wrong_page_script_or_document_is_reported_in_one_line(
    site: Site, former: Path, capsys: Any, path: str, answer: tuple[int, str, str], message: str
) -> None:
    """For a wrong page, script or document, fetch prints one line, fails with exit code 1 and writes nothing."""
    site.answers[path] = answer
    assert fetch.main([site.address, "--output", str(former)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert former.read_text(encoding="utf-8") == "former"
    assert list(former.parent.iterdir()) == [former]


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/", "nowhere", "ftp://host/x", "http://[half/", ""])
def test_a_host_that_does_not_answer_is_reported(former: Path, capsys: Any, address: str) -> None:
    """A refused connection and an invalid address are each reported in one line, and nothing is written."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert fetch.main([address.format(port=port), "--output", str(former)]) == 1
    error = capsys.readouterr().err
    assert "no answer" in error
    assert error.count("\n") == 1
    assert former.read_text(encoding="utf-8") == "former"


def test_a_silent_host_is_reported_after_the_timeout(former: Path, capsys: Any, monkeypatch: Any) -> None:
    """If a host accepts the connection and sends nothing, fetch stops after the timeout."""
    monkeypatch.setattr(fetch, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert fetch.main([f"http://127.0.0.1:{silent.getsockname()[1]}/", "--output", str(former)]) == 1
    assert "no answer (timed out)" in capsys.readouterr().err


def test_a_document_that_cannot_be_written_leaves_the_former_one(site: Site, former: Path, capsys: Any) -> None:
    """If the document contains a character that UTF-8 cannot encode, the former published.json stays."""
    site.answers["/openapi/swagger/swagger-ui-init.js"] = (
        200,
        "text/javascript",
        'var options = {"swaggerDoc": {"openapi": "3.0.0", "paths": {}, "x": "\\ud800"}};',
    )
    assert fetch.main([site.address, "--output", str(former)]) == 1
    assert capsys.readouterr().err.startswith("fetch: ")
    assert former.read_text(encoding="utf-8") == "former"
    assert list(former.parent.iterdir()) == [former]
