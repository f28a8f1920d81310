"""Read YAML and JSON as nodes that know their line. Pure.

Only lists, mappings and texts are accepted. Other features of YAML, such as anchors and tags, are refused, because they
hide from a reviewer what a file says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, NoReturn

from attrs import define, field

from .._text.files import FirstFaults, text_of
from .._text.json_text import parsed_json
from ..errors import InvalidFile

if TYPE_CHECKING:
    import yaml

_DEEPEST: Final = 24
"""The largest number of nested levels that is accepted. A valid roles file has at most 12."""

_CONTENT: Final = ("ScalarEvent", "SequenceStartEvent", "MappingStartEvent", "AliasEvent")
_ENDS: Final = ("SequenceEndEvent", "MappingEndEvent")

_NEVER_RAW: Final = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")
"""Matches a character that editors do not show: a control character or an unusual line end.

Such characters are refused in the whole file, also in comments.
"""

_SURROGATES: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
"""Matches a character that is escaped as two surrogates. JSON allows this, and YAML does not."""

_MISREAD: Final = {
    "a boolean": re.compile(r"(?i:y|yes|n|no|true|false|on|off)"),
    "nothing": re.compile(r"~|(?i:null)"),
    "a date": re.compile(r"\d{4}-\d\d?-\d\d?([Tt\s].*)?"),
    "a number": re.compile(
        r"[-+]?(0b[01_]+|0o[0-7_]+|0x[\da-fA-F_]+|\.(?i:inf)|\d[\d_]*(:[0-5]?\d)*(\.[\d_]*)?([eE][-+]?\d+)?|\.[\d_]+([eE][-+]?\d+)?)"
        r"|\.(?i:nan)",
        re.ASCII,
    ),
    "a special sign": re.compile(r"=|<<"),
}
"""Patterns of texts that need quotes. Each key says what YAML 1.1 or 1.2 reads if the quotes are missing."""

_HINTS: Final = {
    "mapping values are not allowed": "write a text with «: » in quotes, and indent all keys of a mapping alike",
    "could not find expected ':'": "is a colon missing, or the blank after a colon?",
    "did not find expected key": "is the line indented like the lines above? Is there a quote within the text?",
    "unexpected end of stream": "is a quote or a bracket not closed?",
    "nesting depth": f"a roles file has no more than {_DEEPEST} levels",
}


@define(eq=False)
class Node:
    """A text, a list or a mapping in a file.

    Attributes:
        value: the text, or the nodes in the list or mapping. It is None for an alias, a text on several lines or a text
            with a tag, because these are faults.
        line: the line on which the node begins, from 1. For the value of a key, it is the line of the key.
        parent: the list or mapping that contains the node; None for the root.
        key: the key or the position of the node in its parent; for the root, the name of the file.
        is_plain: True for a text without quotes.
    """

    value: str | list[Node] | dict[str, Node] | None
    line: int
    parent: Node | None = field(default=None, repr=False)
    key: str | int | None = None
    is_plain: bool = False

    @property
    def file(self) -> str:
        """Return the name of the file."""
        node = self
        while node.parent is not None:
            node = node.parent
        return str(node.key)

    def seen_from(self, other: Node) -> str:
        """Return the line of this node, for a message about another node. If the files differ, add the file before it.

        >>> one, two = Node("a", 3, key="a.yaml"), Node("b", 6, key="b.yaml")
        >>> one.seen_from(one), one.seen_from(two)
        ('line 3', 'a.yaml:3')
        """
        return f"line {self.line}" if self.file == other.file else f"{self.file}:{self.line}"

    @property
    def path(self) -> str:
        """Return the path of the node in the file, such as `integrations[0].environments.dev`; "" for the root."""
        parts: list[str] = []
        node = self
        while node.parent is not None:
            key = str(node.key)
            parts.append(f".{key}" if re.fullmatch(r"[A-Za-z_]\w*", key, re.ASCII) else f"[{node.key!r}]")
            node = node.parent
        return "".join(reversed(parts)).removeprefix(".")


class Faults:
    """Collect the faults of files, each with its line."""

    def __init__(self) -> None:
        self._by_file: dict[str, FirstFaults] = {}

    @property
    def exist(self) -> bool:
        """Return whether there are any faults."""
        return bool(self._by_file)

    def add(self, node: Node, message: str, line: int | None = None) -> None:
        """Add a fault in a node. The path of the node is put before the message.

        `line` is the line of the fault, if it is not the line of the node.
        """
        at = ": ".join(filter(None, [node.path, message]))
        self.add_line(node.file, node.line if line is None else line, at)

    def add_line(self, file: str, line: int, message: str) -> None:
        """Add a fault on a line of a file."""
        self._by_file.setdefault(file, FirstFaults(file)).add(line, message)

    def stop(self, file: str, faults: Iterable[tuple[int, str]]) -> NoReturn:
        """Add the last faults of a file, and raise the error with all its faults, because reading cannot continue.

        There must be at least one fault.
        """
        for line, message in faults:
            self.add_line(file, line, message)
        raise self._by_file[file].error() from None

    def error_of(self, file: str) -> InvalidFile | None:
        """Return the error with the faults of a file, in the order of their lines; None if the file has no faults."""
        return self._by_file[file].error() if file in self._by_file else None


def misread_as(text: str) -> str | None:
    """Return what YAML takes an unquoted text for, such as "a number"; None if YAML reads it as a text.

    >>> [misread_as(text) for text in ("no", "012", "admin")]
    ['a boolean', 'a number', None]
    """
    return next((kind for kind, pattern in _MISREAD.items() if pattern.fullmatch(text)), None)


def read_nodes(content: str | bytes, name: str, faults: Faults, max_bytes: int | None) -> Node:
    """Read a file of YAML or JSON, and return its root node.

    `faults` collects the faults after which reading can continue, such as a repeated key. If reading cannot continue,
    raise `InvalidFile`.
    """
    import yaml  # noqa: PLC0415 - commands that read no roles file start faster without it

    text = _shown_text(text_of(content, name, max_bytes), name, faults)
    try:
        root = _Builder(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), name, faults).root()
    except yaml.YAMLError as error:
        line, message = _explained(error, text)
        faults.stop(name, [(line, f"this is not YAML: {message}")])
    if root is None:
        faults.stop(name, [(1, "the file is empty; css export writes a roles file to begin with")])
    return root


def _shown_text(text: str, name: str, faults: Faults) -> str:
    """Return the text. If it is JSON, replace each pair of escaped surrogates by an escape that YAML can read.

    A text with characters that an editor does not show is refused.
    """
    if _NEVER_RAW.search(text):
        hidden = enumerate(map(_NEVER_RAW.search, _lines(text)), start=1)
        why = "cannot be seen: remove it, or escape it in double quotes"
        faults.stop(name, ((line, f"the character {found[0]!a} {why}") for line, found in hidden if found))
    return _SURROGATES.sub(_joined, text) if _SURROGATES.search(text) and parsed_json(text) is not None else text


def _joined(match: re.Match[str]) -> str:
    """Return the YAML escape, such as `\\U0001f600`, of a character that JSON escapes as two surrogates."""
    high, low = int(match[2], 16), int(match[3], 16)
    return f"{match[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _lines(text: str) -> list[str]:
    return re.split("\r\n|\r|\n", text)


def _explained(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """Return the line of a syntax error, and a message. If the cause is a common one, the message has a hint."""
    mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or type(error).__name__)
    if mark is None:
        return 1, problem
    context, began = getattr(error, "context", None), getattr(error, "context_mark", None)
    sentence = f"{problem}, {context}" if context else problem
    if began is not None and began.line != mark.line:
        sentence += f" that begins on line {began.line + 1}"
    here = (*_lines(text), "")[mark.line][mark.column : mark.column + 1]
    if here == "\t":
        hint = "indent with blanks, not with tabs"
    elif "cannot start any token" in problem:
        hint = f"write a text that begins with {here} in quotes"
    else:
        hint = next((hint for words, hint in _HINTS.items() if words in problem), "")
    return mark.line + 1, f"{sentence}; {hint}" if hint else sentence


class _Builder:
    """Build nodes from the events of a YAML parser."""

    def __init__(self, events: Iterator[Any], name: str, faults: Faults) -> None:
        self._events = events
        self._name = name
        self._faults = faults

    def root(self) -> Node | None:
        """Return the root of the file, or None if the file is empty."""
        root = None
        for event in self._events:
            if type(event).__name__ in _CONTENT:
                root = self._filled(Node(None, _line(event), key=self._name), event)
            elif root is not None and type(event).__name__ == "DocumentStartEvent":
                self._stop(event, "a second document begins; a file can contain only one document")
        return root

    def _filled(self, node: Node, event: Any, depth: int = 0) -> Node:
        """Fill in the value of a node, and return the node.

        `event` is the first event of the value. The further events are taken from the parser.
        """
        kind = type(event).__name__
        if kind == "ScalarEvent":
            node.value, node.is_plain = event.value, not event.style
            if event.end_mark.line != event.start_mark.line:
                node.value = None
                self._faults.add(node, "a text must be on one line; is a colon or a dash missing on the next line?")
        elif kind != "AliasEvent":
            if depth >= _DEEPEST:
                self._stop(event, f"a roles file has no more than {_DEEPEST} levels")
            node.value = [] if kind == "SequenceStartEvent" else {}
        self._check_plainness(event, node)
        if isinstance(node.value, list):
            for inner in self._within():
                node.value.append(self._filled(Node(None, _line(inner), node, len(node.value)), inner, depth + 1))
        elif isinstance(node.value, dict):
            for key in self._within():
                self._filled(self._value_of(key, node, node.value), next(self._events), depth + 1)
        return node

    def _within(self) -> Iterator[Any]:
        """Yield the first event of each item of the current list, or of each key of the current mapping.

        All events come from one stream. Before the caller continues the loop, it must read the rest of the item, or the
        value of the key.
        """
        return takewhile(lambda event: type(event).__name__ not in _ENDS, self._events)

    def _value_of(self, key: Any, above: Node, siblings: dict[str, Node]) -> Node:
        """Return a new node for the value of a key, and add it to the mapping.

        If the mapping has the key already, add a fault. The new node is then not in the mapping.
        """
        if type(key).__name__ != "ScalarEvent":
            self._stop(key, "a key must be a text")
        if key.value == "<<" and not key.style:
            self._stop(key, "merge keys (<<) are not supported: write out what belongs here")
        node = Node(None, _line(key), above, key.value)
        self._check_plainness(key, node)
        first = siblings.setdefault(key.value, node)
        if first is not node:
            self._faults.add(node, f"the key {key.value!r} is on line {first.line} already")
        return node

    def _check_plainness(self, event: Any, node: Node) -> None:
        """Add a fault for an alias, an anchor or a tag, because a reviewer may not see what it means.

        A text with a tag loses its value.
        """
        line = _line(event)
        if type(event).__name__ == "AliasEvent":
            fault = f"*{event.anchor} is an alias: write out its value, or put the whole text in quotes"
            self._faults.add(node, fault, line)
        elif event.anchor is not None:
            fault = f"&{event.anchor} is an anchor, which is not supported: remove it, or put the whole text in quotes"
            self._faults.add(node, fault, line)
        if getattr(event, "tag", None) is not None:
            self._faults.add(
                node, f"the tag {event.tag!r} is not supported: remove it, or put the whole text in quotes", line
            )
            if isinstance(node.value, str):
                node.value = None

    def _stop(self, event: Any, message: str) -> NoReturn:
        self._faults.stop(self._name, [(_line(event), message)])


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
