"""Write a plan as one HTML page for reviewers, without scripts or external resources. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from .._text.escaping import shown
from ..plan.planner import Plan
from ..plan.text import Rendering
from .graph import as_html
from .page import page_head

_KINDS: Final = {"+": "adds", "-": "removes"}
_MEANINGS: Final = {
    "+": "adds",
    "-": "removes",
    "~": "renames",
    "!": "would remove, but is not part of the plan",
    "=": "is protected, so it is not part of the plan",
    "?": "could not be identified",
}


def plan_as_html(plan: Plan, names: Mapping[str, str] | None = None, mask: bool = False) -> Iterator[str]:
    """Yield the lines of an HTML page with a plan, for a reviewer who does not use css-sdk.

    The page contains everything it needs. Its content security policy forbids scripts, loading and sending.

    Args:
        plan: the plan to render.
        names: the names of people by username. The page shows each name after the username. By default, these are the
            names in the file from which the plan was read.
        mask: whether to leave out names and shorten usernames.

    >>> from css_sdk import Plan, Place, Step
    >>> page = list(plan_as_html(Plan(steps=(Step("create_role", Place(101, "dev"), "auditor"),))))
    >>> [line for line in page if "auditor" in line]
    ['<tr class="adds"><td>+</td><td>create role <code>auditor</code></td></tr>']
    """
    rendering = Rendering(plan, names, _as_code, mask=mask)
    yield from page_head("Plan")
    yield '<header><h1>Plan</h1><dl class="facts">'
    facts = {
        "Plan id": plan.id if plan.steps else "",
        "Service": plan.api_url,
        "Team": str(plan.team_id or ""),
        "Made": plan.created_at,
    }
    yield from (f"<div><dt>{name}</dt><dd>{as_html(value)}</dd></div>" for name, value in facts.items() if value)
    yield f"</dl><p><strong>{as_html(rendering.sum())}</strong></p>"
    signs = {sign for place in rendering.places for sign, _ in rendering.of(place)}
    meanings = "; ".join(f"{sign} {meaning}" for sign, meaning in _MEANINGS.items() if sign in signs)
    yield f'<p class="soft">{meanings}</p></header>'
    yield "<main>"
    for place in rendering.places:
        in_prod = ' class="prod"' if place.environment == "prod" else ""
        yield f"<h2{in_prod}>{as_html(rendering.title(place))}</h2>"
        yield '<table class="plan"><tbody>'
        for sign, words in rendering.of(place):
            kind = f' class="{_KINDS[sign]}"' if sign in _KINDS else ""
            yield f"<tr{kind}><td>{sign}</td><td>{words}</td></tr>"
        yield "</tbody></table>"
        if left := rendering.left_alone(place):
            yield f'<p class="soft">Not in the file, and left alone: {left}</p>'
    for title, endings in rendering.endings:
        items = "".join(f"<li>{ending}</li>" for ending in endings)
        yield f"<h2>{as_html(title.removesuffix(':'))}</h2><ul>{items}</ul>"
    if plan.left_out:
        places = "".join(f"<li>{as_html(place)}</li>" for place in plan.left_out)
        yield f"<h2>Left out of this plan</h2><ul>{places}</ul>"
    if plan.notes:
        yield f"<h2>Notes</h2><ul>{''.join(f'<li>{as_html(note)}</li>' for note in rendering.plan.notes)}</ul>"
    if plan.steps and plan.id:
        yield f"<p>To carry out exactly this plan, run: <code>css apply FILE --plan-id {plan.id}</code></p>"
    yield "</main>"
    yield "</html>"


def _as_code(text: str) -> str:
    return f"<code>{as_html(shown(text))}</code>"
