"""Write the page at `/`, which shows what the sandbox holds and which requests came.

The page loads nothing from elsewhere. Its script reads the page again every two seconds. The page shows no secrets and
no tokens. It escapes every text of the world or of a request.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from heapq import nsmallest
from importlib.resources import files
from itertools import islice
from typing import Final, Protocol

from ..http import READS, Request, Response, not_found_page
from ..javascript import date_text
from ..journal import Journal
from ..world.state import State
from ..world.store import Role
from ..world.world import ENVIRONMENTS, Integration, User, World
from .control import PATH as CONTROL_PATH
from .faults import Faults

MOST_REQUESTS: Final = 50
MOST_ROLES: Final = 200
MOST_MEMBERS: Final = 5  # of a role
MOST_PEOPLE: Final = 100
MOST_INTEGRATIONS: Final = 100
LONGEST: Final = 300  # characters of a text


class Shown(Protocol):
    """The attributes of `Sandbox` that the page uses."""

    world: World
    state: State
    faults: Faults
    journal: Journal

    @property
    def late_writes(self) -> list[str]: ...
    def now(self) -> float: ...


def answer(sandbox: Shown, request: Request) -> Response:
    """Answer a request for the page."""
    if request.method not in READS:
        return not_found_page(request)
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": _policy(),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return Response(200, headers, "\n".join(render(sandbox)).encode())


def render(sandbox: Shown) -> Iterator[str]:
    """Yield the lines of the page."""
    yield "<!DOCTYPE html>"
    yield '<html lang="en-CA">'
    yield '<head><meta charset="utf-8"><title>CSS sandbox</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="robots" content="noindex">'
    yield '<link rel="icon" href="data:,">'  # otherwise a browser requests one
    yield '<noscript><meta http-equiv="refresh" content="5"></noscript>'
    yield f"<style>{_source('css')}</style></head>"
    yield "<body><header><h1>CSS sandbox</h1>"
    yield "<p>A CSS API with its login servers, for tests. Nothing here reaches the real service.</p>"
    yield '<p id="lost" class="warning" role="status" hidden>The sandbox does not answer. It may have been stopped.</p>'
    yield "</header><main>"
    yield from _part("numbers", "", _numbers(sandbox))
    yield from _part("harm", "Harmful requests", _harm(sandbox.journal))
    yield from _part("faults", "Active faults", _faults(sandbox))
    yield from _part("requests", "Last requests", _requests(sandbox.journal))
    yield from _part("roles", "Roles", _roles(sandbox))
    yield from _part("integrations", "Integrations", _integrations(sandbox.world))
    yield from _part("people", "People", _people(sandbox.world))
    yield f"</main><script>{_source('js')}</script></body></html>"


def _part(name: str, title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield one part of the page. The page's script replaces a part when its content changes."""
    content = list(lines)
    heading = f"<h2>{title}</h2>" if title and content else ""
    yield f'<section id="{name}">{heading}{"".join(content)}</section>'


def _numbers(sandbox: Shown) -> Iterator[str]:
    clients = sandbox.state.clients.values()
    numbers = {
        "Integrations": len(sandbox.world.integrations),
        "Roles": sum(len(client.roles) for client in clients),
        "Roles given to people": sum(len(role.members) for client in clients for role in client.roles.values()),
        "Logins of people": len(sandbox.world.users),
        "Requests": len(sandbox.journal),
    }
    cells = (f"<div><dt>{name}</dt><dd>{number:,}</dd></div>" for name, number in numbers.items())
    yield f"<dl>{''.join(cells)}</dl>"


def _harm(journal: Journal) -> Iterator[str]:
    if journal.harm:
        yield '<p class="warning">These requests would destroy data on the real service or stop the service.</p>'
        yield from _table(
            ("Method", "Path", "What it does"),
            ((harm.method, harm.path, harm.why) for harm in journal.harm[: -MOST_REQUESTS - 1 : -1]),
        )


def _faults(sandbox: Shown) -> Iterator[str]:
    active = [fault for fault in sandbox.faults if fault.times is None or fault.struck < fault.times]
    if active:
        yield from _table(
            ("Fault", "Target", "Method", "Path", "Requests hit", "Requests left"),
            (
                (
                    f"{fault.kind}, {fault.seconds:g} s" if fault.seconds else fault.kind,
                    fault.target,
                    fault.method or "any",
                    fault.path,
                    f"{fault.struck:,}",
                    "all" if fault.times is None else f"{fault.times - fault.struck:,}",
                )
                for fault in active
            ),
        )
    else:
        yield f"<p>None. <code>POST {CONTROL_PATH}/faults</code> adds one.</p>"
    if sandbox.late_writes:
        yield "<p>These writes were sent and are carried out later:</p>"
        yield f"<ul>{''.join(f'<li><code>{_text(write)}</code></li>' for write in sandbox.late_writes)}</ul>"


def _requests(journal: Journal) -> Iterator[str]:
    entries = list(islice(reversed(journal), MOST_REQUESTS))
    if not entries:
        yield "<p>None so far.</p>"
        return
    yield from _table(
        ("Time (UTC)", "Kind", "Method", "Path", "Status"),
        (
            (
                date_text(entry.time)[11:19],
                entry.kind,
                entry.method,
                entry.path,
                "no answer" if entry.status is None else str(entry.status),
            )
            for entry in entries
        ),
    )
    yield from _more(len(journal), MOST_REQUESTS, "earlier requests")


def _roles(sandbox: Shown) -> Iterator[str]:
    places = [
        (sandbox.world.integrations[integration], environment, role)
        for (integration, environment), client in sandbox.state.clients.items()
        for role in client.roles.values()
    ]
    if not places:
        yield "<p>None.</p>"
        return
    yield from _table(
        ("Integration", "Environment", "Role", "Includes", "Members"),
        (
            (
                _name_of(integration),
                environment,
                role.name,
                ", ".join(sorted(child.name for child in role.children)),
                _members(sandbox.world, role),
            )
            for integration, environment, role in places[:MOST_ROLES]
        ),
    )
    yield from _more(len(places), MOST_ROLES, "more roles")


def _members(world: World, role: Role) -> str:
    names = [_person(world.users.get(username, {}), username) for username in nsmallest(MOST_MEMBERS, role.members)]
    more = len(role.members) - len(names)
    return ", ".join([*names, *([f"and {more:,} more"] if more else [])]) or "nobody"


def _integrations(world: World) -> Iterator[str]:
    found = world.integrations.values()
    yield from _table(
        ("Integration", "Client id", "Environments", "Login", "Service", "Status"),
        (
            (
                _name_of(integration),
                integration.client_id or "none",
                ", ".join(integration.environments),
                integration.auth_type,
                integration.service_type,
                "archived" if integration.archived else integration.status,
            )
            for integration in islice(found, MOST_INTEGRATIONS)
        ),
    )
    yield from _more(len(found), MOST_INTEGRATIONS, "more integrations")


def _people(world: World) -> Iterator[str]:
    yield from _table(
        ("Name", "Username", "E-mail", "Known in"),
        (
            (_person(user), username, user.get("email") or "", ", ".join(user.get("environments", ENVIRONMENTS)))
            for username, user in islice(world.users.items(), MOST_PEOPLE)
        ),
    )
    yield from _more(len(world.users), MOST_PEOPLE, "more logins")


def _name_of(integration: Integration) -> str:
    return f"{integration.project_name} #{integration.id}"


def _person(user: User, otherwise: str = "") -> str:
    return " ".join(filter(None, (user.get("firstName"), user.get("lastName")))) or otherwise


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table of texts. On a narrow screen each cell shows the head of its column."""
    yield f"<table><thead><tr>{''.join(f'<th scope=col>{head}</th>' for head in heads)}</tr></thead><tbody>"
    for row in rows:
        cells = (f'<td data-head="{head}">{_text(cell)}</td>' for head, cell in zip(heads, row, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"


def _more(count: int, most: int, what: str) -> Iterator[str]:
    if count > most:
        yield f"<p>And {count - most:,} {what}.</p>"


def _text(text: str) -> str:
    """Return a text escaped, and cut if it is long. Show invisible characters as codes."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return html.escape("".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in cut))


@cache
def _source(kind: str) -> str:
    """Return the style or the script of the page."""
    return f"\n{files(__package__).joinpath(f'page.{kind}').read_text(encoding='utf-8')}"


@cache
def _policy() -> str:
    style, script = (_hash(_source(kind)) for kind in ("css", "js"))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; connect-src 'self'; img-src data:; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
