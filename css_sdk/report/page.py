"""Write a report as one HTML page without external resources. JavaScript only searches, filters and sorts."""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

from .._text.escaping import with_codes
from .._text.words import counted
from .graph import MOST_ROLES, as_html, graph_as_svg
from .rows import AccessReport, AccessRow, AccessSummary
from .text import heading, narrowing, reason_of, unread_in_words

_COLUMNS: Final = ("Integration", "Environment", "Role", "Person", "E-mail", "Provider", "Held")

_FIRST: Final = 'document.documentElement.classList.add("waiting");'
"""A script that hides the rows until the last script runs, because the layout of thousands of rows takes seconds."""

_PROD: Final = ' class="prod"'

_MORE: Final = """<p id="more" hidden><button id="next" type="button">Show more</button>
<button id="all" type="button">Show all</button></p>"""


def report_as_html(report: AccessReport, at: datetime.datetime) -> Iterator[str]:
    """Yield the lines of an HTML page with a report that can be searched, filtered, sorted and printed.

    The page contains everything it needs. Its content security policy forbids loading and sending. Without JavaScript,
    the page shows a plain table.

    Args:
        report: the report.
        at: when the report was read. The page shows this time.

    >>> page = list(report_as_html(css.report(environments=["dev"]), datetime.datetime(2026, 11, 2, 8, 30)))
    >>> page[4]
    '<title>Who has what in team 2016, 2026-11-02 08:30</title>'
    """
    time = f"{at:%Y-%m-%d %H:%M %Z}".strip()
    summary = report.summary()
    yield from page_head(f"{heading(report)}, {time}", _FIRST, _source("js"))
    yield f"<script>{_FIRST}</script>"
    yield f"<header><h1>{as_html(heading(report))}</h1>"
    yield f'<p class="soft">Read <time datetime="{as_html(at.isoformat())}">{as_html(time)}</time></p>'
    yield from (f"<p>{as_html(sentence)}</p>" for sentence in narrowing(report))
    yield from _summary(summary)
    yield "</header>"
    yield "<main>"
    yield from _unread(report)
    yield _source("html").strip()
    yield f'<p id="count" class="soft" role="status">{counted(summary.rows, "row")}</p>'
    yield '<p id="filters" class="printed" hidden></p>'
    heads = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    yield f'<table id="list"><thead><tr>{heads}</tr></thead><tbody>'
    yield from map(_row, report.rows())
    yield "</tbody></table>"
    yield _MORE
    yield '<section id="matrix" hidden></section>'
    yield from _graphs(report)
    yield "</main>"
    yield f"<script>{_source('js')}</script>"
    yield "</html>"


def page_head(title: str, *scripts: str) -> Iterator[str]:
    """Yield the first lines of a page: its title, its style, and a content security policy.

    The policy allows no scripts except `scripts`.
    """
    style = _source("css")
    allowed = " ".join(f"'{_hash(script)}'" for script in scripts) or "'none'"
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src {allowed}; img-src data:; base-uri 'none'; "
        f"form-action 'none'"
    )
    yield "<!DOCTYPE html>"
    yield '<html lang="en-CA">'
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<title>{as_html(title)}</title>"
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield '<meta name="robots" content="noindex">'
    yield '<link rel="icon" href="data:,">'  # otherwise a browser requests one
    yield f"<style>{style}</style>"


def _summary(summary: AccessSummary) -> Iterator[str]:
    numbers = {
        "Places read": summary.places,
        "Roles": summary.roles,
        "People": summary.people,
        "Service accounts": summary.service_accounts,
    }
    cells = (f"<div><dt>{name}</dt><dd>{number:,}</dd></div>" for name, number in numbers.items())
    yield f"<dl>{''.join(cells)}</dl>"


def _unread(report: AccessReport) -> Iterator[str]:
    if report.unread:
        yield f'<section class="unread"><h2>{as_html(unread_in_words(report))}</h2><ul>'
        yield from (f"<li>{as_html(reason_of(unread))}</li>" for unread in report.unread)
        yield "</ul></section>"


def _graphs(report: AccessReport) -> Iterator[str]:
    """Yield a section with a graph of the composite roles of each place. If there are none, yield nothing."""
    places = [(each, {role: names for role, names in each.children.items() if names}) for each in report.places]
    if not any(children for _, children in places):
        return
    yield '<section id="graphs"><h2>Composite roles</h2>'
    yield '<p class="soft">An arrow leads from a composite role to a role that it contains.</p>'
    for each, children in places:
        if not children:
            continue
        integration = as_html(f"{with_codes(each.project_name)} #{each.place.integration}")
        yield f'<figure data-integration="{integration}" data-environment="{each.place.environment}">'
        yield f"<figcaption>{as_html(with_codes(str(each.place)))}</figcaption>"
        if (count := len(children.keys() | set().union(*children.values()))) > MOST_ROLES:
            yield f"<p>{count:,} roles are too many to draw. To list them, run: css roles tree</p>"
        else:
            yield '<div class="wide">'
            yield from graph_as_svg(f"Composite roles of {each.place}", children)
            yield "</div>"
        yield "</figure>"
    yield "</section>"


def _row(row: AccessRow) -> str:
    username = f"<small>{as_html(row.user.username)}</small>"
    environment = f"<td{_PROD if row.place.environment == 'prod' else ''}>{as_html(row.place.environment)}</td>"
    return (
        f"<tr><td>{as_html(with_codes(row.project_name))}<small>#{row.place.integration}</small></td>"
        f"{environment}<td>{as_html(with_codes(row.role))}</td><td>{as_html(row.user.name)}{username}</td><td>{as_html(row.user.email)}</td>"
        f"<td>{as_html(row.user.provider or 'service account')}</td><td>{as_html(with_codes(row.held))}</td></tr>"
    )


@cache
def _source(kind: str) -> str:
    """Return the file `page.{kind}` beside this module: the style `css`, the script `js`, or the controls `html`."""
    return f"\n{files(__package__).joinpath(f'page.{kind}').read_text(encoding='utf-8')}"


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
