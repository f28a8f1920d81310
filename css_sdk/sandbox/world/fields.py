"""Read the entries of a world file or a state file, and check their values; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from ..errors import SandboxError

Built = TypeVar("Built")
Key = TypeVar("Key")
Value = TypeVar("Value")
LARGEST_ID: Final = 2**31 - 1  # the service's database holds no larger number


@contextmanager
def reading(what: str, joint: str = " cannot be used: ") -> Iterator[None]:
    """Turn an error in a document into a `SandboxError` that names the document.

    If the error is a `SandboxError`, `joint` is the text between the document's name and the error's message.
    """
    try:
        yield
    except SandboxError as error:
        raise SandboxError(f"{what}{joint}{error}") from error
    except KeyError as error:
        raise SandboxError(f"{what} lacks {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SandboxError(f"{what} is not valid: {error}") from error


def each(document: Mapping[str, Any], name: str, build: Callable[[Mapping[str, Any]], Built]) -> Iterator[Built]:
    """Yield the object that `build` makes of each entry of the list `name`."""
    for number, entry in enumerate(checked_list(document[name], name), 1):
        with reading(f"entry {number} of {name}", ": "):
            found = build(checked_object(entry, "it"))
        yield found


def whole_number(entry: Mapping[str, Any], name: str) -> int:
    """Return a value of an entry. The value must be a valid id."""
    value = entry[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_ID:
        raise ValueError(f"{name} is {shorten(value)}, which is not a whole number from 1 to {LARGEST_ID}")
    return value


def text(entry: Mapping[str, Any], name: str) -> str:
    """Return a value of an entry. The value must be a string that is not empty."""
    return checked_text(entry[name], name)


def checked_text(value: Any, name: str) -> str:
    """Return a string that is not empty. Raise `ValueError` for any other value. `name` is for the message."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {shorten(value)}; it must be a text that is not empty")
    return value


def checked_list(value: Any, name: str) -> Sequence[Any]:
    """Return a list or a tuple. Raise `ValueError` for any other value. `name` is for the message."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} is {shorten(value)}, which is not a list")
    return value


def checked_object(value: Any, name: str) -> Mapping[str, Any]:
    """Return a mapping. Raise `ValueError` for any other value. `name` is for the message."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is {shorten(value)}, which is not an object")
    return value


def shorten(value: Any) -> str:
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
    if value not in values:
        raise ValueError(f"{name} is {shorten(value)}; it can be {', '.join(values)}")
    return str(value)


def by_key(what: str, pairs: Iterable[tuple[Key, Value]]) -> dict[Key, Value]:
    """Return pairs as a dictionary.

    Raises:
        ValueError: two pairs have the same key. `what` is the kind of thing that the key identifies.
    """
    found: dict[Key, Value] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{what} {key} is given twice")
        found[key] = value
    return found
