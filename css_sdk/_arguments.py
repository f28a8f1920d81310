"""Arguments of public calls: one name or several, texts and whole numbers; anything else is refused in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .errors import InvalidRequest
from .models import PROVIDERS


def described(value: object) -> str:
    """Return what a wrong argument is, for an error message: a number itself, of everything else the type.

    >>> described(12345), described(float("nan")), described({"a": 1})
    ('the int 12345', 'the float nan', 'a value of type dict')
    """
    kind = type(value).__name__
    return f"the {kind} {value!s}" if isinstance(value, (int, float)) else f"a value of type {kind}"


def names(given: str | Iterable[str], what: str) -> tuple[str, ...]:
    """Return the names, without repetition, in their order. A text is one name, not a collection of letters.

    Args:
        given: one name, or a collection of names.
        what: a name stands for, for the error message.

    Raises:
        InvalidRequest: for what is neither, a table or a mapping included.

    >>> names("idir", "provider"), names(["idir", "azureidir", "idir"], "provider")
    (('idir',), ('idir', 'azureidir'))
    """
    if isinstance(given, str):
        return (given,)
    # A table of pandas would give the names of its columns.
    if isinstance(given, (bytes, Mapping)) or not isinstance(given, Iterable) or hasattr(given, "columns"):
        raise InvalidRequest(f"Give one {what}, or several as a list of texts, not {described(given)}.")
    found = tuple(given)
    for name in found:
        if not isinstance(name, str):
            raise InvalidRequest(f"Each {what} must be text, not {described(name)}.")
    return tuple(dict.fromkeys(found))


def flattened(given: Iterable[str | Iterable[str]], what: str) -> tuple[str, ...]:
    """Return the names in arguments of which each is one name or a collection of names, as `names` does.

    >>> flattened(("reader", ["writer", "reader"]), "role")
    ('reader', 'writer')
    """
    return tuple(dict.fromkeys(name for each in given for name in names(each, what)))


def distinct(given: str | Iterable[str], what: str) -> tuple[str, ...]:
    """Return the names, as `names` does, at least one.

    Raises:
        InvalidRequest: for none at all, and as `names`.
    """
    found = names(given, what)
    if not found:
        raise InvalidRequest(f"No {what} was named.")
    return found


def known_providers(given: str | Iterable[str]) -> tuple[str, ...]:
    """Return the identity providers that are named, at least one.

    Raises:
        InvalidRequest: for an unknown one, or none.

    >>> known_providers("idir")
    ('idir',)
    """
    named = distinct(given, "provider")
    for provider in named:
        if provider not in PROVIDERS:
            raise InvalidRequest(f"There is no provider {provider!r}. Providers: {', '.join(PROVIDERS)}.")
    return named
