"""Report whether the service's live API document is still the one that css-sdk was built from.

    python -m openapi.spec_check https://api.loginproxy.gov.bc.ca/openapi/swagger

Exit code 0: nothing differs. 2: something differs. 1: the live document cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from css_sdk._text.escaping import shown
from openapi import fetch, prepare
from openapi.compare import Change, Kind, compare

MEANINGS: Final = {
    Kind.BREAKING: "css-sdk, as it is, may fail or do something wrong.",
    Kind.NEW: "css-sdk goes on working, and does not use it yet.",
    Kind.WORDING: "Texts for people, and parts that css-sdk does not use.",
}
_MOST_CALLS: Final = 4
_LONGEST: Final = 50_000
"""Characters of a report in Markdown. GitHub takes 65,536 for an issue."""


def repair_fault(document: Mapping[str, Any]) -> str:
    """Return why the overlay does not repair a document, or "" if it does."""
    try:
        prepare.prepare(dict(document), yaml.safe_load(prepare.OVERLAY.read_text(encoding="utf-8")))
    except prepare.PrepareError as error:
        return " ".join(shown(str(error)).split())[:300]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"its structure is not that of an OpenAPI document ({type(error).__name__})"
    return ""


def as_json(changes: list[Change], address: str, fault: str) -> str:
    """Return the report as JSON, with fixed keys."""
    report = {
        "address": address,
        "differs": bool(changes),
        "counts": {kind.name.lower(): sum(change.kind is kind for change in changes) for kind in Kind},
        "overlay_fault": fault or None,
        "changes": [
            {"class": change.kind.name.lower(), "place": change.place, "change": change.what, "calls": change.calls}
            for change in changes
        ],
    }
    return json.dumps(report, indent=2)


def as_text(changes: list[Change], address: str, fault: str) -> str:
    """Return the report as text for a terminal."""
    return "\n".join(_lines(changes, address, fault, heading="{}:", item="  {}", code=shown))


def as_markdown(changes: list[Change], address: str, fault: str) -> str:
    """Return the report as Markdown, short enough for an issue. No text of the document acts as markup."""
    text = ""
    for line in _lines(changes, address, fault, heading="## {}", item="- {}", code=_code):
        if len(text) > _LONGEST:
            return text + "\nThe report is cut here. Run `make spec-check` for all of it.\n"
        text += f"{line}\n"
    return text


def _lines(changes: list[Change], address: str, fault: str, heading: str, item: str, code: Any) -> Iterator[str]:
    if not changes:
        yield f"The document at {code(address)} is the one that css-sdk was built from."
        return
    yield f"The document at {code(address)} differs from the one that css-sdk was built from."
    for kind in Kind:
        if found := [change for change in changes if change.kind is kind]:
            yield ""
            yield heading.format(f"{kind.capitalize()} ({len(found)})")
            yield MEANINGS[kind]
            yield ""
            for change in found:
                yield item.format(f"{_calls(change, code)}{code(f'{change.place} {change.what}')}")
    yield ""
    yield (
        f"openapi/overlay.yaml does not repair this document: {code(fault)}."
        if fault
        else "openapi/overlay.yaml repairs this document."
    )
    yield "To take it over, run make spec and make generate, and look at each difference."


def _calls(change: Change, code: Any) -> str:
    calls = [code(call) for call in change.calls]
    if len(calls) > _MOST_CALLS:
        calls[_MOST_CALLS - 1 :] = [f"{len(calls) - _MOST_CALLS + 1} more calls"]
    return f"{', '.join(calls)}: " if calls else ""


def _code(text: str) -> str:
    # In inline code, Markdown has no links, mentions or HTML. Only a backtick ends the code, so it is replaced.
    return f"`{shown(text).replace('`', chr(39))[:300]}`"


FORMATS: Final = {"text": as_text, "markdown": as_markdown, "json": as_json}


def main(arguments: list[str] | None = None) -> int:
    """Fetch the live document and print the report, or print one line that says why not. Return the exit code."""
    parser = argparse.ArgumentParser(prog="spec-check", description="Compares the live OpenAPI document with ours.")
    parser.add_argument("address", help="of the Swagger UI page")
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument(
        "--against", type=Path, default=fetch.PUBLISHED, help="the document that css-sdk was built from"
    )
    options = parser.parse_args(arguments)
    try:
        ours = json.loads(options.against.read_text(encoding="utf-8"))
        with httpx.Client(follow_redirects=True, timeout=fetch.TIMEOUT) as client:
            live = fetch.fetch(options.address, client)
        changes = compare(ours, live)
        fault = repair_fault(live) if changes else ""
    except (fetch.FetchError, OSError, ValueError, RecursionError) as error:
        sys.stderr.write(f"spec-check: {' '.join(shown(str(error)).split())}\n")
        return 1
    sys.stdout.write(FORMATS[options.format](changes, options.address, fault).rstrip("\n") + "\n")
    return 2 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
