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
        ValueError: the text is not JSON, an object repeats a key, or the text holds NaN or Infinity.
        RecursionError: the text is too deeply nested.

    >>> strict_json('{"role": "reviewer", "role": "admin"}')
    Traceback (most recent call last):
    ValueError: a key appears twice in one object
    """
    return _STRICT.decode(text)


def _once_each(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a key appears twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_STRICT: Final = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_once_each)
