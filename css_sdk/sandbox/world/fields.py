"""Read JSON that a caller wrote, such as a world file or the body of a control call, and check its values; pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from ..errors import SandboxError

Built = TypeVar("Built")
Key = TypeVar("Key")
Value = TypeVar("Value")
LARGEST_ID: Final = 2**31 - 1  # the service's database holds no larger number
_AN_ID: Final = f"a whole number from 1 to {LARGEST_ID}"


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Begin the message of an error in a document with the place of the error."""
    try:
        yield
    except SandboxError as error:
        raise SandboxError(f"{where}: {error}") from error
    except KeyError as error:
        raise SandboxError(f"{where}: it lacks {error}") from error


def json_object(content: bytes, name: str) -> Mapping[str, Any]:
    """Return the JSON object in a text. `name` is for the message."""
    try:
        found = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise SandboxError(f"{name} is not JSON: {error}") from error
    return checked_object(found, name)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def each(document: Mapping[str, Any], name: str, build: Callable[[Mapping[str, Any]], Built]) -> Iterator[Built]:
    """Yield the object that `build` makes of each entry of the list `name`."""
    for number, entry in enumerate(checked_list(document[name], name), 1):
        yield built(entry, f"entry {number} of {name}", build)


def built(value: Any, name: str, build: Callable[[Mapping[str, Any]], Built]) -> Built:
    """Return the object that `build` makes of a mapping. Messages begin with `name`."""
    entry = checked_object(value, name)
    with reading(name):
        return build(entry)


def check(name: str, value: object, is_right: bool, rule: str) -> None:
    """Raise `SandboxError` if a value is not right. `rule` says what it must be."""
    if not is_right:
        raise SandboxError(f"{name} is {_shortened(value)}; it must be {rule}")


def check_keys(given: Iterable[str], known: Iterable[str], owner: str) -> None:
    """Raise `SandboxError` if `given` contains a key that `owner` does not have."""
    names = list(known)
    for name in given:
        if name not in names:
            close = get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"its keys are {', '.join(names)}"
            raise SandboxError(f"{owner} has no key {name!r}; {hint}")


def whole_number(entry: Mapping[str, Any], name: str) -> int:
    """Return a value of an entry. The value must be a valid id."""
    value: int = entry[name]
    check(name, value, type(value) is int and 1 <= value <= LARGEST_ID, _AN_ID)
    return value


def text(entry: Mapping[str, Any], name: str) -> str:
    """Return a value of an entry. The value must be a string that is not empty."""
    return checked_text(entry[name], name)


def checked_text(value: Any, name: str) -> str:
    """Return a string that is not empty. Refuse any other value. `name` is for the message."""
    check(name, value, isinstance(value, str) and value != "", "a text that is not empty")
    return str(value)


def checked_list(value: Any, name: str) -> Sequence[Any]:
    """Return a list or a tuple. Refuse any other value. `name` is for the message."""
    check(name, value, isinstance(value, list | tuple), "a list")
    found: Sequence[Any] = value
    return found


def checked_object(value: Any, name: str) -> Mapping[str, Any]:
    """Return a mapping. Refuse any other value. `name` is for the message."""
    check(name, value, isinstance(value, Mapping), "an object")
    found: Mapping[str, Any] = value
    return found


def _shortened(value: object) -> str:
    """Return a value for an error message. Cut a long value."""
    if isinstance(value, int) and abs(value) > LARGEST_ID:
        return "a huge number"
    words = repr(value)
    return words if len(words) <= 60 else f"{words[:60]}…"


def text_or_none(entry: Mapping[str, Any], name: str) -> str | None:
    """Return a value of an entry as `text` does. Return None if the value is missing or null."""
    return None if entry.get(name) is None else text(entry, name)


def one_of(entry: Mapping[str, Any], name: str, values: tuple[str, ...]) -> str:
    """Return a value of an entry. The value must be one of `values`."""
    value = entry[name]
    check(name, value, value in values, f"one of {', '.join(values)}")
    return str(value)


def by_key(what: str, pairs: Iterable[tuple[Key, Value]]) -> dict[Key, Value]:
    """Return pairs as a dictionary.

    Raises:
        SandboxError: two pairs have the same key. `what` is the kind of thing that the key identifies.
    """
    found: dict[Key, Value] = {}
    for key, value in pairs:
        if key in found:
            raise SandboxError(f"{what} {key} is given twice")
        found[key] = value
    return found
