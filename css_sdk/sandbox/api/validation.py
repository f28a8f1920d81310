"""Check bodies and queries as the service does before any work; pure.

Like the service, these functions convert some values of a wrong type. They report only the first mistake.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ..http import Refusal, Request
from ..javascript import form, number, number_text

Query = Mapping[str, str | list[str]]


class MalformedBody(ValueError):
    """The content type is JSON, but the body is not a JSON object or list."""


def body_of(request: Request) -> Any:
    """Return the body as the service parses it: an empty object if the content type is neither JSON nor a form.

    Raises:
        MalformedBody: the content type is JSON, but the body is not a JSON object or list.
    """
    if not request.body:
        return {}
    if request.media_type == "application/x-www-form-urlencoded":
        return form(request.body.decode("utf-8", "replace"))
    if request.media_type != "application/json":
        return {}
    text = request.body.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_int=float)
    except (ValueError, RecursionError) as error:
        raise MalformedBody(str(error)) from error
    if not isinstance(value, dict | list):
        raise MalformedBody("neither an object nor a list")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def role_name(body: Any) -> str:
    """Return the name of the role that a body describes."""
    if not isinstance(body, dict):
        raise Refusal(400, "must be object")
    problem = _text_problem(body)
    if problem:
        raise Refusal(400, problem)
    name = _coerced(body["name"])
    refuse_blank(name)
    return name


def role_names(body: Any) -> list[str]:
    """Return the names in a list of roles.

    The caller must check for blank names, because the service does this later, after it has found the integration.
    """
    if not isinstance(body, list) or not body:
        raise Refusal(400, "invalid list of roles")
    problems = [problem for problem in (_item_problem(item) for item in body) if problem]
    if problems:
        reported = [problem for problem in problems if problem not in ("must be string", "must be object")]
        raise Refusal(400, reported[0] if reported else "invalid list of roles")
    return [_coerced(item["name"]) for item in body]


def refuse_blank(name: str) -> None:
    """Refuse with 400 a name that is empty or holds only blanks."""
    if not name.strip():
        raise Refusal(400, "invalid role")


def _item_problem(item: Any) -> str | None:
    return _text_problem(item) if isinstance(item, dict) else "must be object"


def _text_problem(body: dict[str, Any]) -> str | None:
    if isinstance(body.get("name"), dict | list):
        return "must be string"
    if body.keys() - {"name"}:
        return "only name is supported"
    if "name" not in body:
        return "name is required"
    return None


def _coerced(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    return str(value)


def refuse_query(query: Query) -> None:
    """Refuse any query parameter with 400."""
    if query:
        raise Refusal(400, "invalid request")


def page_and_max(query: Query) -> tuple[float, float]:
    """Return the number of the page (1 or more) and its length (1 to 50). Both may be fractions."""
    page = _count(query.get("page"), 1, math.inf, 1.0, "page should be a number greater than 0")
    length = _count(query.get("max"), 1, 50, 50.0, "max count should be a number within range 1 - 50")
    if query.keys() - {"page", "max"}:
        raise Refusal(400, "only page and max are supported")
    return page, length


def _count(value: str | list[str] | None, least: float, most: float, default: float, problem: str) -> float:
    if value is None:
        return default
    found = number(value) if isinstance(value, str) and value else math.nan
    if not least <= found <= most:
        raise Refusal(400, problem)
    return found


def search_terms(query: Query, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the terms of a user search.

    `fields` maps the name of each parameter to its name in error messages.
    """
    if not query.keys() & fields.keys():
        first = next(iter(fields))
        if len(fields) > 1 or not query:
            raise Refusal(400, f"{first} is required")
        raise Refusal(400, f"only {first} is supported")
    terms = _long_enough(query, fields)
    if query.keys() - fields.keys():
        *most, last = fields
        raise Refusal(400, f"only {', '.join(most)} and {last} are supported" if most else f"only {last} is supported")
    return terms


def bceid_terms(query: Query) -> tuple[str, dict[str, str]]:
    """Return the type and the terms of a BCeID search.

    If the type is given twice, the service joins both with a comma and does not check the terms.
    """
    kind = query.get("bceidType")
    if kind is None:
        raise Refusal(400, "bceidType is required")
    fields = {name: name for name in ("displayName", "username", "email", "guid")}
    if not isinstance(kind, str):
        return ",".join(kind), {name: _joined(query[name]) for name in fields if query.get(name)}
    if not query.keys() & fields.keys():
        raise Refusal(400, "One of displayName, username, email and guid are required")
    return kind, _long_enough(query, fields)


def _joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _long_enough(query: Query, fields: Mapping[str, str]) -> dict[str, str]:
    terms = {}
    for name, label in fields.items():
        value = query.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or len(value) < 2:
            raise Refusal(400, f"{label} should be string with length >= 2")
        terms[name] = value
    return terms
