"""Fetch the published API document from the service's Swagger UI page. Only this step needs the network.

    python -m openapi.fetch https://api.loginproxy.gov.bc.ca/openapi/swagger

The page loads a script whose object literal ``options`` holds the document under ``"swaggerDoc"``. The document is
written to ``published.json``. If anything is not as expected, the file is not changed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

PUBLISHED = Path(__file__).resolve().parent / "published.json"
SCRIPT = "swagger-ui-init.js"
TIMEOUT = 30.0  # seconds for each step of a request

_OPTIONS = re.compile(r"\boptions\s*=\s*\{")
_KEY = re.compile(r'"swaggerDoc"\s*:\s*')


class FetchError(Exception):
    """The address does not lead to an OpenAPI document; the text says in one line why."""


class _Scripts(HTMLParser):
    """Collect the addresses of the scripts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = dict(attrs).get("src")
        if tag == "script" and source:
            self.sources.append(source)


def script_address(page: str, address: str) -> str:
    """Return the absolute address of the script that contains the document.

    Args:
        page: the HTML of the page.
        address: the address of the page.

    >>> script_address('<script src="./swagger-ui-init.js"></script>', "https://host/openapi/swagger/")
    'https://host/openapi/swagger/swagger-ui-init.js'
    """
    scripts = _Scripts()
    scripts.feed(page)
    for source in scripts.sources:
        if source.partition("?")[0].rpartition("/")[2] == SCRIPT:
            return str(httpx.URL(address).join(source))
    raise FetchError(f"{address}: no Swagger UI page, it loads no {SCRIPT}")


def extract(script: str) -> dict[str, Any]:
    """Return the document inside the script.

    The JSON decoder finds the end of the document. So its strings may contain braces, quotes and the key itself.

    >>> extract('var options = {"swaggerDoc": {"openapi": "3.0.0", "paths": {}}, "customOptions": {}};')
    {'openapi': '3.0.0', 'paths': {}}
    """
    start = _OPTIONS.search(script)
    if start is None:
        raise FetchError("the script has no options")
    found, position = False, start.end()
    while key := _KEY.search(script, position):
        position = key.end()
        try:
            document, position = json.JSONDecoder().raw_decode(script, position)
        except (ValueError, RecursionError):
            continue
        found = True
        if is_openapi(document):
            return dict(document)
    raise FetchError("its document is not OpenAPI 3" if found else "the script has no document")


def is_openapi(document: Any) -> bool:
    """Return whether a JSON value looks like an OpenAPI 3 document."""
    return (
        isinstance(document, dict)
        and str(document.get("openapi")).startswith("3.")
        and isinstance(document.get("paths"), dict)
    )


def fetch(address: str, client: httpx.Client) -> dict[str, Any]:
    """Return the document of a Swagger UI page."""
    page = _get(client, address)
    # The script's address is relative to the address at which the redirects end.
    script = _get(client, script_address(page.text, str(page.url)))
    if "html" in script.headers.get("content-type", "") or script.text.lstrip().startswith("<"):
        raise FetchError(f"{script.url}: a page instead of a script")
    try:
        return extract(script.text)
    except FetchError as error:
        raise FetchError(f"{script.url}: {error}") from error


def _get(client: httpx.Client, address: str) -> httpx.Response:
    try:
        response = client.get(address)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError(f"{address}: no answer ({str(error) or type(error).__name__})") from error
    if response.status_code != httpx.codes.OK:
        raise FetchError(f"{response.url}: status {response.status_code}")
    return response


def write(document: dict[str, Any], path: Path) -> None:
    """Write the document to a temporary file, then rename it, so that a partial file never replaces a complete one."""
    text = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
    handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        beside.chmod(path.stat().st_mode if path.exists() else 0o644)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def main(arguments: list[str] | None = None) -> int:
    """Fetch and write the document, or print one line that says why not. Return the exit code."""
    parser = argparse.ArgumentParser(prog="fetch", description="Fetches the published OpenAPI document.")
    parser.add_argument("address", help="of the Swagger UI page")
    parser.add_argument("--output", type=Path, default=PUBLISHED, help="where to write it")
    options = parser.parse_args(arguments)
    try:
        with httpx.Client(follow_redirects=True, timeout=TIMEOUT) as client:
            document = fetch(options.address, client)
        write(document, options.output)
    except (FetchError, OSError, ValueError) as error:
        sys.stderr.write(f"fetch: {' '.join(str(error).split())}\n")
        return 1
    sys.stdout.write(f"{options.output}: {len(document['paths'])} paths\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
