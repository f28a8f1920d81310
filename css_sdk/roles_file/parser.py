"""Parse a roles file: return the wanted state, or all faults with their lines. Pure."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar, cast

from .._service import environment_checks, identifiers
from .._text.escaping import hidden_in, with_codes
from .._text.files import MOST_BYTES
from ..errors import Refused
from ..models import PROVIDERS, SERVICE_ACCOUNT_PREFIX
from ..people import cells
from ..people.cells import PERSON_COLUMNS, PersonBy
from ..people.identities import Person, identity_of
from ..plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
from .checks import Nodes, contradictions
from .yaml_nodes import Faults, Node, misread_as, read_nodes

VERSION: Final = 1
"""The version of the format of roles files."""

_MODES: Final = ("additive", "exact")
_WILDCARDS: Final = re.compile(r"[*?\[]")

Item = TypeVar("Item")


def read_desired(content: str | bytes, name: str, *, max_bytes: int | None = MOST_BYTES) -> Desired:
    """Read a roles file, and check it without a request.

    Args:
        content: the content of the file, YAML or JSON, as text or as bytes.
        name: the name of the file, for messages.
        max_bytes: the largest size that is accepted, by default 20 MiB; None for no limit.

    Raises:
        InvalidFile: the file has faults. The error lists each fault with its line. If there are more than 100, it lists
            the first 100 and gives their number.

    >>> text = "{version: 1, integrations: [{integration: 101, environments: {dev: {roles: [reviewer, admin]}}}]}"
    >>> [place] = read_desired(text, "roles.yaml").places
    >>> place.named, [role.name for role in place.roles.items]
    (('#101', 'dev'), ['reviewer', 'admin'])
    """
    faults = Faults(name)
    desired = _Reader(faults).file(read_nodes(content, name, faults, max_bytes))
    faults.stop_if_any()
    return desired


class _Reader:
    """Read one file. Note a fault for each part that cannot be read, and leave the part out."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._nodes: dict[tuple[str, ...], Node] = {}

    def file(self, root: Node) -> Desired:
        """Return the wanted state that the file describes."""
        fields = self._fields(root, "version", "integrations", optional=("protect",))
        version = fields.get("version")
        if version is not None and not (version.is_plain and version.value == str(VERSION)):
            self._faults.add(version, f"the version of the file must be the number {VERSION}")
        protect = self._protection(fields.get("protect"))
        places: dict[tuple[str, str], DesiredPlace] = {}
        lines: dict[tuple[str, str], int] = {}
        for item in self._items(fields.get("integrations")):
            for place, nodes, node in self._integration(item):
                if place.named in places:
                    self._faults.add(node, f"{' '.join(place.named)} is on line {lines[place.named]} already")
                    continue
                places[place.named], lines[place.named] = place, node.line
                for where, message in contradictions(place, nodes, protect):
                    self._faults.add(where, message)
        return Desired(tuple(places.values()), protect)

    def _protection(self, node: Node | None) -> Protection:
        fields = self._fields(node, optional=("roles", "users"))
        roles = self._texts(fields.get("roles"), _check_role_pattern)
        return Protection(roles, self._texts(fields.get("users"), _check_user_pattern))

    def _texts(self, node: Node | None, check: Callable[[str], object]) -> tuple[str, ...]:
        read = (self._checked(item, check) for item in self._items(node))
        return tuple(text for text in read if text is not None)

    def _integration(self, node: Node) -> list[tuple[DesiredPlace, Nodes, Node]]:
        fields = self._fields(node, "integration", "environments")
        integration = self._integration_named(fields.get("integration"))
        environments = fields.get("environments")
        found = self._fields(environments, optional=environment_checks.ENVIRONMENTS, what="environment")
        if environments is not None and environments.value == {}:
            self._faults.add(environments, f"name at least one of {', '.join(environment_checks.ENVIRONMENTS)}")
        # Read the environments even if the integration is not valid, to report their faults.
        places = [(*self._place(integration or "", name, inner), inner) for name, inner in found.items()]
        return places if integration is not None else []

    def _integration_named(self, node: Node | None) -> str | None:
        if node is not None and node.is_plain and re.fullmatch("[1-9][0-9]*", str(node.value)):
            return f"#{node.value}"
        return self._text(node)

    def _place(self, integration: str, environment: str, node: Node) -> tuple[DesiredPlace, Nodes]:
        self._nodes = {}
        fields = self._fields(node, optional=("roles", "users"))
        roles = self._collection(fields.get("roles"), self._role, lambda role: role.name, "role")
        users: dict[str, DesiredUser] = {}
        for item in self._items(fields.get("users")):
            user = self._user(item)
            if user is None:
                continue
            identity = identity_of(user.person)
            if identity in users:
                self._faults.add(item, f"the same user is on line {self._nodes['user', identity].line} already")
                continue
            users[identity] = user
            self._nodes["user", identity] = item
        return DesiredPlace(integration, environment, roles, tuple(users.values())), self._nodes

    def _role(self, node: Node) -> DesiredRole | None:
        if not isinstance(node.value, dict):
            name = self._role_name(node)
            return DesiredRole(name) if name is not None else None
        fields = self._fields(node, "name", optional=("was", "composites", "members"))
        name = self._role_name(fields.get("name"))
        was = self._role_name(fields.get("was"))
        if name is not None:
            self._nodes |= {(key, name): fields[key] for key in ("was", "members") if key in fields}
        of = name or ""
        composites = self._collection(fields.get("composites"), self._role_name, str, "child", of)
        members = self._collection(fields.get("members"), self._person, identity_of, "member", of)
        return DesiredRole(name, was, composites, members) if name is not None else None

    def _role_name(self, node: Node | None) -> str | None:
        return self._checked(node, identifiers.check_role_name)

    def _user(self, node: Node) -> DesiredUser | None:
        fields = self._fields(node, "roles", optional=(*PERSON_COLUMNS, "provider"))
        person = self._person_of(node, fields) if isinstance(node.value, dict) else None
        of = identity_of(person) if person is not None else ""
        roles = self._collection(fields.get("roles"), self._role_name, str, "user role", of)
        return DesiredUser(person, roles) if person is not None and roles is not None else None

    def _person(self, node: Node) -> Person | None:
        if isinstance(node.value, dict):
            fields = self._fields(node, optional=(*PERSON_COLUMNS, "provider"))
            return self._person_of(node, fields)
        username = self._cell(node, "username", None)
        return Person("username", username) if username is not None else None

    def _person_of(self, node: Node, fields: Mapping[str, Node]) -> Person | None:
        named = [by for by in PERSON_COLUMNS if by in fields]
        if len(named) != 1:
            self._faults.add(
                node, f"name the person by exactly one of {', '.join(PERSON_COLUMNS)}; this entry has {len(named)}"
            )
            return None
        [by] = named
        provider = fields.get("provider")
        if provider is not None and by not in ("guid", "email"):
            self._faults.add(provider, f"a provider belongs to a guid or an email; a {by} needs none")
            return None
        of = provider.value if provider is not None and provider.value in PROVIDERS else None
        value = self._cell(fields[by], by, of)
        checked = self._checked(provider, _check_provider)
        if value is None or (provider is not None and checked is None):
            return None
        return Person(by, value, checked)

    def _cell(self, node: Node, by: PersonBy, provider: str | None) -> str | None:
        """Return the text that names a person, cleaned and checked as in a roster. Note a fault if it is not valid."""
        text = self._raw_text(node)
        if text is None:
            return None
        cell = cells.cleaned(text)
        if fault := cells.fault_of(by, cell, provider):
            self._faults.add(node, fault)
            return None
        return cell

    def _collection(
        self, node: Node | None, read: Callable[[Node], Item | None], identity: Callable[[Item], str], *key: str
    ) -> Listed[Item] | None:
        """Return the items of a list in the roles file, and store the YAML node of each in `self._nodes`.

        Args:
            node: a list, or a mapping with one key: `additive` or `exact`.
            read: reads one item.
            identity: returns the identity of an item. Two items with the same identity are a fault.
            key: the first parts of the key of each item in `self._nodes`. The identity of the item is the last part.
        """
        if node is None:
            return None
        exact, inner = False, node
        if isinstance(node.value, dict):
            fields = self._fields(node, optional=_MODES)
            if len(fields) != 1:
                if len(fields) == len(node.value):
                    self._faults.add(node, f"write the list under exactly one of {' and '.join(_MODES)}")
                return None
            [(mode, inner)] = fields.items()
            exact = mode == "exact"
        items: dict[str, tuple[Item, Node]] = {}
        for each in self._items(inner):
            item = read(each)
            if item is None:
                continue
            same = items.setdefault(identity(item), (item, each))
            if same[1] is not each:
                self._faults.add(each, f"the same is on line {same[1].line} already")
        self._nodes |= {(*key, name): each for name, (_, each) in items.items()}
        return Listed(tuple(item for item, _ in items.values()), exact)

    def _items(self, node: Node | None) -> Sequence[Node]:
        if node is None or node.value is None:
            return ()
        if isinstance(node.value, list):
            return node.value
        self._faults.add(node, f"a list is expected here, not {_kind(node)}")
        return ()

    def _fields(
        self, node: Node | None, *required: str, optional: Sequence[str] = (), what: str = "key"
    ) -> dict[str, Node]:
        """Return the nodes of the known keys of a mapping. Note a fault for each key that is unknown or missing."""
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, dict):
            self._faults.add(node, f"a mapping is expected here, not {_kind(node)}")
            return {}
        known = (*required, *optional)
        for key, inner in node.value.items():
            if key not in known:
                near = difflib.get_close_matches(key.lower(), known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                self._faults.add(node, f"the {what} {key!r} is unknown; {hint}", inner.line)
        missing = [key for key in required if key not in node.value]
        if missing:
            self._faults.add(node, f"the {what} {' and '.join(map(repr, missing))} is missing")
        return {key: inner for key, inner in node.value.items() if key in known}

    def _checked(self, node: Node | None, check: Callable[[str], object]) -> str | None:
        """Return a text that passes a check. Otherwise, note a fault and return None."""
        text = self._text(node)
        if text is None:
            return None
        try:
            check(text)
        except (Refused, ValueError) as error:
            self._faults.add(cast(Node, node), str(error))
            return None
        return text

    def _text(self, node: Node | None) -> str | None:
        """Return a text that YAML cannot misread and that has no invisible characters. Otherwise, note a fault."""
        text = self._raw_text(node)
        if text is None or node is None:
            return None
        if text != text.strip():
            self._faults.add(node, f"{text!r} has blanks around it")
        elif hidden := hidden_in(text):
            fault = f"{with_codes(text)!r} holds the hidden character {with_codes(hidden)}: type it again without it"
            self._faults.add(node, fault)
        elif not text.isprintable() and any(unicodedata.category(character) == "Cc" for character in text):
            self._faults.add(node, f"{text!r} holds control characters")
        else:
            return text
        return None

    def _raw_text(self, node: Node | None) -> str | None:
        """Return a text that YAML cannot misread and that is not empty. Otherwise, note a fault."""
        if node is None or node.value is None:
            return None
        text = node.value
        misread = misread_as(text) if isinstance(text, str) and node.is_plain and text else None
        if not isinstance(text, str) or (node.is_plain and not text):
            self._faults.add(node, f"a text is expected here, not {_kind(node)}")
        elif misread is not None:
            self._faults.add(node, f"{text} without quotes is {misread} in YAML: write it in quotes if a text is meant")
        elif not text.strip():
            self._faults.add(node, "the text is empty")
        else:
            return text
        return None


def _kind(node: Node) -> str:
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    if node.is_plain and (not node.value or misread_as(node.value) == "nothing"):
        return "nothing: leave the key out, or write [] for an empty list"
    return "a text"


def _check_provider(text: str) -> None:
    if text not in PROVIDERS:
        raise ValueError(f"{text!r} is not a provider; use one of {', '.join(sorted(PROVIDERS))}")


def _check_role_pattern(text: str) -> None:
    if not _WILDCARDS.search(text):
        identifiers.check_role_name(text)


def _check_user_pattern(text: str) -> None:
    # A pattern without a wildcard protects only the user with exactly this username.
    if not _WILDCARDS.search(text):
        if "@" not in text and not text.startswith(SERVICE_ACCOUNT_PREFIX):
            raise ValueError(
                f"{text!r} is neither a username nor a pattern. The username of a person is <guid>@<provider>, and "
                f"that of a service account {SERVICE_ACCOUNT_PREFIX}{text}"
            )
        if fault := cells.fault_of("username", text):
            raise ValueError(fault)
