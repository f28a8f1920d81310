"""Check arguments of public calls: one name or several, texts and whole numbers. Pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from .._text.tables import Tabular
from ..errors import ConfigurationError, CssError, InvalidRequest
from ..models import PROVIDERS, Grant, ServiceAccount, User, UserLike

Item = TypeVar("Item")
Names = str | Iterable[str]
"""One name, or several."""

_NOT_SEVERAL: Final = (str, bytes, Mapping, Tabular)
_ROWS_OF_A_TABLE: Final = ' For a table of pandas, pass: table[["user", "role"]].itertuples(index=False, name=None).'


def described(value: object) -> str:
    """Describe a wrong argument for an error message: numbers by type and value, anything else by type.

    >>> described(12345), described(float("nan")), described({"a": 1})
    ('the int 12345', 'the float nan', 'a value of type dict')
    """
    kind = type(value).__name__
    return f"the {kind} {value!s}" if isinstance(value, (int, float)) else f"a value of type {kind}"


def names(given: str | Iterable[str], what: str) -> tuple[str, ...]:
    """Return the names as a tuple, each once, in the given order. A text is one name.

    Tables and mappings are refused. `what` is the noun for messages, such as `role`.

    >>> names("idir", "provider"), names(["idir", "azureidir", "idir"], "provider")
    (('idir',), ('idir', 'azureidir'))
    """
    if isinstance(given, str):
        return (given,)
    found = tuple(_each(given, f"Pass one {what}, or several as a list of texts"))
    for name in found:
        if not isinstance(name, str):
            raise InvalidRequest(f"Each {what} must be text, not {described(name)}.")
    return tuple(dict.fromkeys(found))


def flattened(given: Iterable[str | Iterable[str]], what: str) -> tuple[str, ...]:
    """Return the names in several arguments as one tuple, each once. `names` checks each argument.

    >>> flattened(("reader", ["writer", "reader"]), "role")
    ('reader', 'writer')
    """
    return tuple(dict.fromkeys(name for each in given for name in names(each, what)))


def distinct(given: str | Iterable[str], what: str) -> tuple[str, ...]:
    """Return the names as `names` does, but refuse an empty collection."""
    found = names(given, what)
    if not found:
        raise InvalidRequest(f"No {what} was given. Pass at least one.")
    return found


def known_providers(given: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names of identity providers. Refuse an empty collection, and providers that do not exist.

    >>> known_providers("idir")
    ('idir',)
    """
    named = distinct(given, "provider")
    for provider in named:
        if provider not in PROVIDERS:
            raise InvalidRequest(f"There is no provider {provider!r}. Providers: {', '.join(PROVIDERS)}.")
    return named


def users(given: UserLike | Iterable[UserLike]) -> tuple[UserLike, ...]:
    """Return the users as a tuple. A single user needs no list. The users are not checked."""
    if isinstance(given, (str, User, ServiceAccount)):
        return (given,)
    return tuple(_each(given, "Pass users as a list of usernames, User objects or ServiceAccount objects"))


def grants(given: Grant | Iterable[Grant | tuple[UserLike, str]]) -> list[Grant]:
    """Return the grants as a list. A single `Grant` needs no list. A pair of a user and a role becomes a `Grant`.

    >>> grants([("0f3a@idir", "reviewer")])
    [Grant(user='0f3a@idir', role='reviewer')]
    """
    if isinstance(given, Grant):
        return [given]
    found: list[Grant] = []
    for each in _each(given, "Pass grants as a list of Grant objects or of pairs (user, role)", _ROWS_OF_A_TABLE):
        if isinstance(each, Grant):
            found.append(each)
        elif isinstance(each, (tuple, list)) and len(each) == 2:
            found.append(Grant(*each))
        else:
            raise InvalidRequest(
                f"Grant {len(found) + 1} must be a Grant or a pair (user, role), not {described(each)}. A single pair "
                f"goes in a list: [(user, role)]."
            )
    return found


def objects(given: Any, kind: type[Item], what: str, source: str) -> tuple[Item, ...]:
    """Return objects of one class as a tuple, and refuse other objects. A single object needs no list.

    `what` names the objects, such as `Rows`. `source` is a sentence that says where such objects come from.
    """
    if isinstance(given, kind):
        return (given,)
    found = tuple(_each(given, f"{what} must be a list of {kind.__name__} objects", f" {source}"))
    for number, each in enumerate(found, start=1):
        check_kind(each, kind, f"Object {number} of the list", source)
    return found


def check_kind(
    given: object,
    kind: type | tuple[type, ...],
    what: str,
    source: str = "",
    error: type[CssError] = InvalidRequest,
) -> None:
    """Refuse an argument that is not an object of the expected class, or of one of the expected classes.

    The message begins with `what`, and names both classes and their packages. It ends with the sentence `source`, which
    says where such objects come from.
    """
    if not isinstance(given, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(map(_full_name, kinds))
        raise error(f"{what} must be {expected}, not {_full_name(type(given))}. {source}".rstrip())


def _full_name(kind: type) -> str:
    package = kind.__module__.partition(".")[0]
    return kind.__name__ if package == "builtins" else f"{package}.{kind.__name__}"


def check_options(given: Mapping[str, object], known: type, error: type[CssError] = InvalidRequest) -> None:
    """Refuse options that are not keys of the `TypedDict` `known`. The message lists the keys."""
    options = sorted(known.__annotations__)
    if unknown := sorted(given.keys() - options):
        raise error(f"There is no option {', '.join(unknown)}. The options are {', '.join(options)}.")


def whole_number(given: object, what: str) -> int:
    """Return an argument as an `int`, if it is a whole number of Python or numpy. Refuse True and False.

    >>> whole_number(101, "The id")
    101
    """
    try:
        if not isinstance(given, bool):
            return operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        pass
    raise InvalidRequest(f"{what} must be a whole number, not {described(given)}.")


def is_number(given: object, *, whole: bool = False, zero: bool = False) -> bool:
    """Return whether a value is a finite number greater than 0. True and False are not numbers.

    Args:
        given: the value.
        whole: whether the number must be an `int`.
        zero: whether 0 is allowed, too.
    """
    if isinstance(given, bool) or not isinstance(given, int if whole else (int, float)):
        return False
    return (given >= 0 if zero else given > 0) and given < math.inf


def check_number(given: object, name: str, unit: str, *, whole: bool = False, zero: bool = False) -> None:
    """Refuse an option that is not a finite number greater than 0.

    With `whole`, the option must be an `int`. With `zero`, 0 is allowed.

    >>> check_number(30, "timeout", "seconds")
    >>> check_number("30", "timeout", "seconds")
    Traceback (most recent call last):
    css_sdk.errors.ConfigurationError: timeout= must be a number of seconds greater than 0, not '30'.
    """
    if not is_number(given, whole=whole, zero=zero):
        kind, least = "whole number" if whole else "number", ", 0 or more" if zero else " greater than 0"
        raise ConfigurationError(f"{name}= must be a {kind} of {unit}{least}, not {given!r}.")


def integrations(given: object) -> tuple[int | str, ...]:
    """Return the ids and names of integrations as a tuple. A single id or name needs no list.

    >>> integrations("Grants Portal"), integrations([101, "#102"])
    (('Grants Portal',), (101, '#102'))
    """
    is_one = isinstance(given, str) or not isinstance(given, Iterable)
    return tuple(
        each if isinstance(each, str) else whole_number(each, "The id of an integration")
        for each in ([given] if is_one else _each(given, "Pass integrations as a list of ids or project names"))
    )


def _each(given: object, expected: str, hint: str = "") -> Iterable[Any]:
    """Return an argument, if it is a collection of separate items.

    A text, a mapping and a table of pandas are refused. The reason: a loop over them yields letters, keys and column
    names.
    """
    if isinstance(given, _NOT_SEVERAL) or not isinstance(given, Iterable) or hasattr(given, "columns"):
        raise InvalidRequest(f"{expected}, not {described(given)}.{hint}")
    return given


def check_several(given: object, what: str) -> None:
    """Refuse an argument that is not a collection, such as a single object or a text."""
    _each(given, f"{what} must be a tuple, such as (one,) for a single item")
