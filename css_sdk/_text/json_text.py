"""Read JSON that anybody may have written. Pure."""

from __future__ import annotations

import json
from typing import Any


def parsed_json(text: str | bytes) -> Any:
    """Return the value in a JSON text; None if the text is not JSON, or too deeply nested.

    The error of the parser contains the text, which may be secret, so no error is raised.

    >>> parsed_json(b'{"role": "reviewer"}'), parsed_json("<html>")
    ({'role': 'reviewer'}, None)
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
