"""Compare two versions of the published API document, and sort the differences by what they mean for css-sdk. Pure.

`compare` is the function to call. It walks through both documents at once, follows references, and does not compare
servers and token addresses, because these name the host that served the document.

The class of a difference follows these rules. If something is removed or changed, the difference breaks css-sdk. If
something is added, it is new; but if requests must then contain it, or answers may then be a success that css-sdk does
not know, it breaks css-sdk. A changed text for people is wording. A difference without a rule breaks css-sdk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
JSON: Final = "application/json"
"""The one media type that css-sdk sends and reads."""

_WORDS: Final = frozenset({"title", "summary", "description", "example", "examples", "externalDocs", "xml", "tags"})
_ROOT_WORDS: Final = ("info", "contact", "tags", "externalDocs")
_LIMITS: Final = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern"}
    | {"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"}
)
_NOT_SET: Final = object()


class Kind(StrEnum):
    """The classes of differences, the most important first."""

    BREAKING = "breaks us"
    NEW = "new"
    WORDING = "wording only"


@dataclass(frozen=True)
class Change:
    """One difference between the documents, and the calls that it concerns; no calls means the whole document."""

    kind: Kind
    place: str
    what: str
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Side:
    """Whether css-sdk sends or receives the data: the same difference may break one direction and not the other."""

    sent: bool

    def added(self, demanded: bool = False) -> Kind:
        return Kind.BREAKING if self.sent and demanded else Kind.NEW


_SENT: Final = _Side(True)
_RECEIVED: Final = _Side(False)


@dataclass(frozen=True)
class _Operation:
    call: str
    content: Mapping[str, Any]
    parameters: Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass
class _Found:
    """Differences with their calls. A difference in a schema that calls share is reported once, for all of them."""

    separate: list[Change] = field(default_factory=list)
    calls_of: dict[tuple[Kind, str, str], dict[str, None]] = field(default_factory=dict)

    def add(self, differences: Iterable[tuple[Kind, str, str]], call: str = "") -> None:
        for difference in differences:
            self.calls_of.setdefault(difference, {}).update({call: None} if call else {})

    def add_endpoint(self, kind: Kind, what: str, call: str) -> None:
        self.separate.append(Change(kind, "endpoint", what, (call,)))

    def changes(self) -> list[Change]:
        order = list(Kind)
        found = [*self.separate, *(Change(*each, tuple(calls)) for each, calls in self.calls_of.items())]
        return sorted(found, key=lambda change: (order.index(change.kind), change.calls, change.place, change.what))


Differences = Iterator[tuple[Kind, str, str]]


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return the differences between two published documents, those that break css-sdk first.

    Args:
        old: the document that css-sdk was built from.
        new: the document as it is now. It may hold anything.

    >>> old = {"paths": {"/integrations": {"get": {"responses": {"200": {}}}}}}
    >>> compare(old, {"paths": {}})
    [Change(kind=<Kind.BREAKING: 'breaks us'>, place='endpoint', what='is gone', calls=('GET /integrations',))]
    """
    walk = _Walk(old, new)
    found = _Found()
    before, after = _operations(old), _operations(new)
    gone = {key: operation for key, operation in before.items() if key not in after}
    added = {key: operation for key, operation in after.items() if key not in before}
    for key, operation in gone.items():
        successor = next((each for each in added if each[0] == key[0] and walk.is_same(operation, added[each])), None)
        if successor is None:
            found.add_endpoint(Kind.BREAKING, "is gone", operation.call)
        else:
            renamed = added.pop(successor)
            found.add_endpoint(Kind.BREAKING, f"is now {renamed.call}", operation.call)
    for operation in added.values():
        found.add_endpoint(Kind.NEW, "is new", operation.call)
    for key, operation in before.items():
        if key in after:
            found.add(walk.operations(operation, after[key]), operation.call)
    found.add(walk.document())
    if not found.changes() and _comparable(old) != _comparable(new):
        found.add([(Kind.WORDING, "document", "is written differently, but css-sdk uses nothing of that")])
    return found.changes()


class _Walk:
    """Compare the same parts of both documents. Every method yields class, place and words of differences."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old, new

    def document(self) -> Differences:
        """Compare the parts of the documents that belong to no call and no schema."""
        old, new = self._old, self._new
        if old.get("security") != new.get("security") or _schemes(old) != _schemes(new):
            yield Kind.BREAKING, "authentication", "differs"
        if str(old.get("openapi"))[:3] != str(new.get("openapi"))[:3]:
            yield Kind.BREAKING, "version of OpenAPI", f"was {old.get('openapi')} and is {new.get('openapi')}"
        for key in _ROOT_WORDS:
            if old.get(key) != new.get(key):
                yield Kind.WORDING, key, "differs"

    def is_same(self, old: _Operation, new: _Operation) -> bool:
        """Return whether two calls differ in nothing but wording and their paths."""
        return all(kind is Kind.WORDING for kind, _, _ in self.operations(old, new))

    def operations(self, old: _Operation, new: _Operation) -> Differences:
        """Compare two calls: parameters, body, answers and authentication."""
        if old.call != new.call:
            yield Kind.WORDING, "path", f"its parameters have other names: {new.call}"
        yield from _words(old.content, new.content, "endpoint", _WORDS | {"operationId", "servers"})
        yield from _flag(old.content, new.content, "deprecated", "endpoint")
        if old.content.get("security") != new.content.get("security"):
            yield Kind.BREAKING, "authentication", "differs"
        known = {"parameters", "requestBody", "responses", "deprecated", "security", "operationId", "servers"}
        yield from _others(old.content, new.content, "endpoint", known)
        for key in [*old.parameters, *(key for key in new.parameters if key not in old.parameters)]:
            yield from self._parameters(key, old.parameters.get(key), new.parameters.get(key))
        yield from self._bodies(*self._both(old.content.get("requestBody"), new.content.get("requestBody")))
        yield from self._answers(_map(old.content.get("responses")), _map(new.content.get("responses")))

    def _parameters(
        self, key: tuple[str, str], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
    ) -> Differences:
        place = f"parameter {_map(old or new).get('name')} ({key[0]})"
        if new is None or old is None:
            yield _gone_or_new(new, place)
            return
        yield from _need(old, new, place)
        yield from _words(old, new, place)
        yield from _flag(old, new, "deprecated", place)
        yield from _others(old, new, place, {"name", "in", "required", "deprecated", "schema", "default"})
        # A default beside the schema means the same as a default inside the schema.
        before, name = _resolve(self._old, old.get("schema"))
        after, other = _resolve(self._new, new.get("schema"))
        shared = name if name == other else ""
        yield from self._schemas({**before, **_default_of(old)}, {**after, **_default_of(new)}, shared or place, _SENT)

    def _bodies(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Differences:
        place = "body of the request"
        if bool(old) != bool(new):
            yield _gone_or_new(new, place)
            return
        yield from _need(old, new, place)
        yield from _words(old, new, place)
        yield from _others(old, new, place, {"required", "content"})
        yield from self._contents(old, new, place, _SENT)

    def _answers(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Differences:
        for status in old:
            place = f"answer {status}"
            if status not in new:
                yield Kind.BREAKING, place, "is gone"
                continue
            before, after = self._both(old[status], new[status])
            yield from _words(before, after, place)
            yield from _others(before, after, place, {"content"})
            yield from self._contents(before, after, place, _RECEIVED)
        for status in new:
            if status not in old:
                # css-sdk expects certain successes, so a new one breaks it. It handles a new error like known errors.
                is_error = str(status)[:1] in ("4", "5", "d")
                yield (Kind.NEW if is_error else Kind.BREAKING), f"answer {status}", "is new"

    def _contents(self, old: Mapping[str, Any], new: Mapping[str, Any], place: str, side: _Side) -> Differences:
        before, after = _map(old.get("content")), _map(new.get("content"))
        for kind in sorted(before.keys() ^ after.keys()):
            change = "is gone" if kind in before else "is new"
            if kind != JSON:
                yield Kind.WORDING, place, f"media type {kind} {change}, which css-sdk does not use"
            else:
                yield (Kind.BREAKING if kind in before else side.added(True)), place, f"media type {kind} {change}"
        if JSON in before and JSON in after:
            media = _map(before[JSON]), _map(after[JSON])
            yield from _words(*media, place)
            yield from _others(*media, place, {"schema"})
            yield from self._follow(media[0].get("schema"), media[1].get("schema"), place, side, "")

    def _follow(
        self, old: Any, new: Any, place: str, side: _Side, path: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Differences:
        (before, name), (after, other) = _resolve(self._old, old), _resolve(self._new, new)
        if name and other:
            if (name, other) in seen:
                return
            seen |= {(name, other)}
        if name and name == other:
            place, path = name, ""
        yield from self._schemas(before, after, place, side, path, seen)

    def _schemas(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        base: str,
        side: _Side,
        path: str = "",
        seen: frozenset[tuple[str, str]] = frozenset(),
    ) -> Differences:
        place = f"{base}, field {path}" if path else base
        for key in ("type", "format"):
            if old.get(key) != new.get(key):
                yield Kind.BREAKING, place, f"its {key} was {_name(old.get(key))} and is {_name(new.get(key))}"
        yield from _enums(old, new, place, side)
        yield from _defaults(old, new, place, side)
        yield from _flag(old, new, "deprecated", place)
        if _is_set(old, "nullable") != _is_set(new, "nullable"):
            kind = Kind.BREAKING if _is_set(new, "nullable") != side.sent else Kind.NEW
            yield kind, place, "may now be null" if _is_set(new, "nullable") else "may no longer be null"
        for key in sorted(_LIMITS):
            if old.get(key) != new.get(key):
                kind = Kind.BREAKING if side.sent else Kind.NEW
                yield kind, place, f"its {key} was {_name(old.get(key))} and is {_name(new.get(key))}"
        yield from _words(old, new, place)
        known = _LIMITS | {"type", "format", "enum", "default", "deprecated", "nullable"}
        yield from _others(old, new, place, known | {"required", "properties", "items"})
        yield from self._fields(old, new, base, side, path, seen)
        if "items" in old and "items" in new:
            yield from self._follow(old["items"], new["items"], base, side, f"{path}[]", seen)
        elif ("items" in old) != ("items" in new):
            yield Kind.BREAKING, place, "what the list holds is declared differently"

    def _fields(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        base: str,
        side: _Side,
        path: str,
        seen: frozenset[tuple[str, str]],
    ) -> Differences:
        before, after = _map(old.get("properties")), _map(new.get("properties"))
        needed_before, needed_after = _texts(old.get("required")), _texts(new.get("required"))
        for name in [*before, *(name for name in after if name not in before)]:
            inner = f"{path}.{name}" if path else str(name)
            place, needed = f"{base}, field {inner}", name in needed_after
            if name not in after:
                yield Kind.BREAKING, place, "is gone"
            elif name not in before:
                yield side.added(needed), place, f"is new and {_required(needed)}" if side.sent else "is new"
            else:
                if (name in needed_before) != needed:
                    kind = Kind.BREAKING if needed == side.sent else Kind.NEW
                    yield kind, place, f"is now {_required(needed)}"
                yield from self._follow(before[name], after[name], base, side, inner, seen)
        for name in (needed_before ^ needed_after) - before.keys() - after.keys():
            kind = Kind.BREAKING if (name in needed_after) == side.sent else Kind.NEW
            yield (
                kind,
                f"{base}, field {path}.{name}" if path else f"{base}, field {name}",
                (f"is now {_required(name in needed_after)}"),
            )

    def _both(self, old: Any, new: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return _resolve(self._old, old)[0], _resolve(self._new, new)[0]


def _resolve(document: Mapping[str, Any], node: Any) -> tuple[Mapping[str, Any], str]:
    """Return the node that a reference leads to, and its name, such as `schema user`; "" if it is no reference."""
    name = ""
    for _ in range(20):  # references that lead in a circle end here
        reference = _map(node).get("$ref")
        if not isinstance(reference, str):
            break
        parts = [part.replace("~1", "/").replace("~0", "~") for part in reference.split("/")]
        name = f"{parts[-2].removesuffix('s')} {parts[-1]}" if len(parts) > 1 else reference
        node = document
        for part in parts[1:]:
            node = _map(node).get(part)
    return _map(node), name


def _operations(document: Mapping[str, Any]) -> dict[tuple[str, str], _Operation]:
    """Return the calls of a document, by method and by the path without the names of its parameters."""
    found = {}
    for path, item in _map(document.get("paths")).items():
        shared = _parameters_of(document, _map(item).get("parameters"))
        for method in METHODS:
            if method in _map(item):
                content = _map(_map(item)[method])
                own = _parameters_of(document, content.get("parameters"))
                key = method, re.sub(r"\{[^}]*\}", "{}", str(path))
                found[key] = _Operation(f"{method.upper()} {path}", content, _by_position(str(path), {**shared, **own}))
    return found


def _parameters_of(document: Mapping[str, Any], listed: Any) -> dict[tuple[str, str], Mapping[str, Any]]:
    parameters = [_resolve(document, each)[0] for each in listed] if isinstance(listed, list) else []
    return {(str(each.get("in")), str(each.get("name"))): each for each in parameters}


def _by_position(
    path: str, parameters: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Name the parameters of the path by their position, because requests do not contain their names."""
    names = re.findall(r"\{([^}]*)\}", path)
    return {
        (place, str(names.index(name)) if place == "path" and name in names else name): parameter
        for (place, name), parameter in parameters.items()
    }


def _enums(old: Mapping[str, Any], new: Mapping[str, Any], place: str, side: _Side) -> Differences:
    if old.get("enum") == new.get("enum"):
        return
    if not isinstance(old.get("enum"), list) or not isinstance(new.get("enum"), list):
        kind = Kind.BREAKING if side.sent and "enum" in new else Kind.NEW
        yield kind, place, "now has fixed values" if "enum" in new else "no longer has fixed values"
        return
    before, after = [_name(value) for value in old["enum"]], [_name(value) for value in new["enum"]]
    for value in before:
        if value not in after:
            yield Kind.BREAKING, place, f"the value {value} is gone"
    for value in after:
        if value not in before:
            yield Kind.NEW, place, f"the value {value} is new"
    if sorted(before) == sorted(after):
        yield Kind.WORDING, place, "its values have another order"


def _defaults(old: Mapping[str, Any], new: Mapping[str, Any], place: str, side: _Side) -> Differences:
    before, after = old.get("default", _NOT_SET), new.get("default", _NOT_SET)
    if before == after and type(before) is type(after):
        return
    words = f"its default was {_name(before)} and is {_name(after)}"
    same_text = str(before) == str(after)
    yield (Kind.WORDING if same_text else Kind.BREAKING if side.sent else Kind.NEW), place, words


def _gone_or_new(new: Mapping[str, Any] | None, place: str) -> tuple[Kind, str, str]:
    """Return the difference for a parameter or a body that only one document has."""
    if not new:
        return Kind.BREAKING, place, "is gone"
    needed = _is_set(new, "required")
    return _SENT.added(needed), place, f"is new and {_required(needed)}"


def _need(old: Mapping[str, Any], new: Mapping[str, Any], place: str) -> Differences:
    needed = _is_set(new, "required")
    if _is_set(old, "required") != needed:
        yield _SENT.added(needed), place, f"is now {_required(needed)}"


def _words(old: Mapping[str, Any], new: Mapping[str, Any], place: str, keys: Iterable[str] = _WORDS) -> Differences:
    for key in sorted({*keys, *(key for key in {*old, *new} if str(key).startswith("x-"))}):
        if old.get(key, _NOT_SET) != new.get(key, _NOT_SET):
            yield Kind.WORDING, place, f"its {key} differs"


def _flag(old: Mapping[str, Any], new: Mapping[str, Any], key: str, place: str) -> Differences:
    if _is_set(old, key) != _is_set(new, key):
        yield Kind.NEW, place, f"is now {key}" if _is_set(new, key) else f"is no longer {key}"


def _others(old: Mapping[str, Any], new: Mapping[str, Any], place: str, known: Iterable[str]) -> Differences:
    """Compare the parts that no rule is about: each difference may break css-sdk."""
    for key in sorted({*map(str, old), *map(str, new)} - {*known, *_WORDS, "$ref"}):
        if not key.startswith("x-") and old.get(key, _NOT_SET) != new.get(key, _NOT_SET):
            yield Kind.BREAKING, place, f"its {key} differs"


def _schemes(document: Mapping[str, Any]) -> Any:
    return _comparable(_map(document.get("components")).get("securitySchemes"), _WORDS)


def _comparable(node: Any, without: frozenset[str] = frozenset()) -> Any:
    """Return a copy without servers and token addresses, which name the host that served the document."""
    if isinstance(node, list):
        return [_comparable(item, without) for item in node]
    if not isinstance(node, dict):
        return node
    leave = without | {"servers", "tokenUrl"}
    return {key: _comparable(value, without) for key, value in node.items() if key not in leave}


def _map(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}


def _default_of(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {"default": parameter["default"]} if "default" in parameter else {}


def _texts(node: Any) -> frozenset[str]:
    return frozenset(map(str, node)) if isinstance(node, list) else frozenset()


def _is_set(node: Mapping[str, Any], key: str) -> bool:
    return node.get(key) is True


def _required(needed: bool) -> str:
    return "required" if needed else "optional"


def _name(value: Any) -> str:
    return "not set" if value is None or value is _NOT_SET else repr(value)
