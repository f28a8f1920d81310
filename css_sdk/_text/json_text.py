"""Parse JSON from sources that are not trusted. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NoReturn


def parsed_json(text: str | bytes) -> Any:
    """Return the value in a JSON text; None if the text is not JSON, or too deeply nested.

    The function raises no error, because errors of the parser contain the text. The text may be secret.

    >>> parsed_json(b'{"role": "reviewer"}'), parsed_json("<html>")
    ({'role': 'reviewer'}, None)
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def strict_json(text: str) -> Any:
    """Return the value in a JSON text, if no object in the text repeats a key.

    A repeated key is refused, because programs differ in which of its values they read.

    Raises:
        ValueError: the text is not JSON, or css-sdk accepts no such JSON: it repeats a key of an object, holds NaN or
            Infinity, is too deeply nested, or has a number with too many digits. The message says why.

    >>> strict_json('{"role": "reviewer", "role": "admin"}')
    Traceback (most recent call last):
    ValueError: a key appears twice in one object
    """
    try:
        return _STRICT.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("it is too deeply nested") from None


def _once_each(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a key appears twice in one object")
    return found


def _whole_number(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError(f"a number has {len(digits):,} digits") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_STRICT: Final = json.JSONDecoder(parse_int=_whole_number, parse_constant=_no_constant, object_pairs_hook=_once_each)
