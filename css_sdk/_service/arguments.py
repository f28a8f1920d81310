"""Check arguments of public calls: one name or several, texts and whole numbers. Pure."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from .._text.tables import Tabular
from ..errors import CssError, InvalidRequest
from ..models import PROVIDERS, Grant, ServiceAccount, User, UserLike

Item = TypeVar("Item")

_NOT_SEVERAL: Final = (str, bytes, Mapping, Tabular)
_ROWS_OF_A_TABLE: Final = (
    ' The rows of a table of pandas are pairs so: table[["user", "role"]].itertuples(index=False, name=None).'
)


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
    found = tuple(_each(given, f"Give one {what}, or several as a list of texts"))
    for name in found:
        if not isinstance(name, str):
            raise InvalidRequest(f"Each {what} must be text, not {described(name)}.")
    return tuple(dict.fromkeys(found))


def flattened(given: Iterable[str | Iterable[str]], what: str) -> tuple[str, ...]:
    """Return the names in arguments that are each one name or a collection of names, as `names` does.

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
        raise InvalidRequest(f"No {what} was given. Pass at least one.")
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


def users(given: UserLike | Iterable[UserLike]) -> tuple[UserLike, ...]:
    """Return the users, of whom one may be given alone.

    Raises:
        InvalidRequest: for what is neither a user nor a collection, a table or a mapping included.
    """
    if isinstance(given, (str, User, ServiceAccount)):
        return (given,)
    return tuple(_each(given, "Users are usernames, Users or ServiceAccounts, in a list"))


def grants(given: Grant | Iterable[Grant | tuple[UserLike, str]]) -> list[Grant]:
    """Return the grants. A single `Grant` may be passed alone.

    Raises:
        InvalidRequest: for what is neither a `Grant` nor a pair of a user and a role, a table included.

    >>> grants([("0f3a@idir", "reviewer")])
    [Grant(user='0f3a@idir', role='reviewer')]
    """
    if isinstance(given, Grant):
        return [given]
    found: list[Grant] = []
    for each in _each(given, "Grants are Grant objects or pairs (user, role), in a list", _ROWS_OF_A_TABLE):
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
    """Return the objects of a class that a collection holds; one may be given alone.

    Args:
        given: one or several.
        kind: the class.
        what: they are called.
        source: where they come from, for the error message.

    Raises:
        InvalidRequest: for anything else, a text included.
    """
    if isinstance(given, kind):
        return (given,)
    found = tuple(_each(given, f"{what} are {kind.__name__} objects, in a list", f" {source}"))
    for each in found:
        check_kind(each, kind, f"Each of {what.lower()}", source)
    return found


def check_kind(
    given: object,
    kind: type | tuple[type, ...],
    what: str,
    source: str = "",
    error: type[CssError] = InvalidRequest,
) -> None:
    """Refuse what is not of a class.

    Args:
        given: the argument.
        kind: the class, or several.
        what: the argument is, to begin the error message.
        source: where such an object comes from, to end it.
        error: the class of the error.

    Raises:
        InvalidRequest: or what `error` names, with both classes and their packages.
    """
    if not isinstance(given, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(f"{each.__module__.partition('.')[0]}.{each.__name__}" for each in kinds)
        actual = type(given)
        raise error(
            f"{what} must be {expected}, not {actual.__module__.partition('.')[0]}.{actual.__name__}. {source}".rstrip()
        )


def whole_number(given: object, what: str) -> int:
    """Return a whole number, of Python or of numpy.

    Args:
        given: the argument.
        what: it is, to begin the error message.

    Raises:
        InvalidRequest: for anything else, True and 1.5 included.

    >>> whole_number(101, "The id")
    101
    """
    try:
        if not isinstance(given, bool):
            return operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        pass
    raise InvalidRequest(f"{what} must be a whole number, not {described(given)}.")


def integrations(given: object) -> tuple[int | str, ...]:
    """Return the ids and names of integrations. A single one may be passed alone.

    Raises:
        InvalidRequest: for what is neither.

    >>> integrations("Grants Portal"), integrations([101, "#102"])
    (('Grants Portal',), (101, '#102'))
    """
    is_one = isinstance(given, str) or not isinstance(given, Iterable)
    return tuple(
        each if isinstance(each, str) else whole_number(each, "The id of an integration")
        for each in ([given] if is_one else _each(given, "Integrations are ids or project names, in a list"))
    )


def _each(given: object, expected: str, hint: str = "") -> Iterable[Any]:
    """Return what a collection holds; a text, a mapping and a table of pandas, which gives its columns, are none."""
    if isinstance(given, _NOT_SEVERAL) or not isinstance(given, Iterable) or hasattr(given, "columns"):
        raise InvalidRequest(f"{expected}, not {described(given)}.{hint}")
    return given


def check_several(given: object, what: str) -> None:
    """Refuse what is not a collection: a text, which would be taken for its letters, or a single object.

    Args:
        given: the argument.
        what: it holds, to begin the error message.

    Raises:
        InvalidRequest: which asks for a tuple.
    """
    _each(given, f"{what} must be in a tuple, even if there is only one: (one,)")
