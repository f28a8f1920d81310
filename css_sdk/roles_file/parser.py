"""Parse roles files: return the wanted state, or all faults with their lines. Pure.

The wanted state has no groups: the people of a group are members of each role that lists the group.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from attrs import evolve, frozen

from .._service import environment_checks, identifiers
from .._text.days import read_day
from .._text.escaping import hidden_in, with_codes
from .._text.files import MOST_BYTES, too_large
from .._text.suggestions import similar
from .._text.words import joined
from ..errors import InvalidFile, Refused
from ..models import PROVIDERS, SERVICE_ACCOUNT_PREFIX
from ..people import cells
from ..people.cells import PERSON_COLUMNS, PersonBy
from ..people.identities import Person, identity_of
from ..plan.dates import check_timezone
from ..plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
from .checks import Nodes, contradictions
from .yaml_nodes import Faults, Node, misread_as, read_nodes

VERSION: Final = 1
"""The version of the format of roles files."""

_FILE: Final = ("version", "integrations", "timezone", "groups", "protect")
_INTEGRATION: Final = ("integration", "environments")
_MODES: Final = ("additive", "exact")
_WILDCARDS: Final = re.compile(r"[*?\[]")
_GROUP_NAME: Final = re.compile(r"\w[\w.-]*( [\w.-]+)*")

Item = TypeVar("Item")
Key = TypeVar("Key")


def read_desired(content: str | bytes, name: str, *, max_bytes: int | None = MOST_BYTES) -> Desired:
    """Return the wanted state that a roles file describes, after checking the file without a request.

    Args:
        content: the content of the file, YAML or JSON, as text or as bytes.
        name: the name of the file, for messages.
        max_bytes: the largest size that is accepted, by default 20 MiB; None for no limit.

    Raises:
        InvalidFile: the file has faults, is not text, or is too large. The error lists each fault with its line. If
            there are more than 100, it lists the first 100 and gives the number of all faults.

    >>> text = "{version: 1, integrations: [{integration: 101, environments: {dev: {roles: [reviewer, admin]}}}]}"
    >>> [place] = read_desired(text, "roles.yaml").places
    >>> place.named, [role.name for role in place.roles.items]
    (('#101', 'dev'), ['reviewer', 'admin'])
    """
    return read_together({name: content}, max_bytes=max_bytes)


def read_together(files: Mapping[str, str | bytes], *, max_bytes: int | None = MOST_BYTES) -> Desired:
    """Return the wanted state that several roles files describe together, after checking them without a request.

    Several files can describe the same place, and each file can use the groups of all files. But only one file can
    define a role or a user of a place, or a group.

    >>> people = "{version: 1, groups: {readers: [0f3ac87806aa7f215a7c0d4cc4d9e799@idir]}}"
    >>> role = "{name: reviewer, members: [group: readers]}"
    >>> text = "{version: 1, integrations: [{integration: 101, environments: {dev: {roles: [%s]}}}]}" % role
    >>> [place] = read_together({"groups.yaml": people, "portal.yaml": text}).places
    >>> place.grants
    ((Person(by='username', value='0f3ac87806aa7f215a7c0d4cc4d9e799@idir', provider=None), 'reviewer'),)
    """
    read = read_each(files, max_bytes=max_bytes)
    errors = [each.error for each in read.files if each.error is not None]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        count = sum(error.fault_count for error in errors)
        faults = [fault for error in errors for fault in error.faults or (str(error),)]
        raise InvalidFile(f"{len(errors)} files have faults. Nothing was sent.", faults=faults, fault_count=count)
    return read.desired


@frozen
class FileRead:
    """The result of reading one of several roles files.

    Attributes:
        desired: the wanted state that the file describes, without the parts that have faults.
        error: the error that lists the faults of the file; None if it has none.
    """

    name: str
    desired: Desired
    error: InvalidFile | None


@frozen
class FilesRead:
    """The result of reading several roles files together.

    Attributes:
        files: the result for each file, in the order of the files.
        desired: the wanted state of all files together. It is complete if no file has an error.
    """

    files: tuple[FileRead, ...]
    desired: Desired


def read_each(
    files: Mapping[str, str | bytes], *, max_bytes: int | None = MOST_BYTES, is_complete: bool = True
) -> FilesRead:
    """Read several roles files together, and return the faults of each file separately.

    Args:
        max_bytes: the largest size of all files together that is accepted; None for no limit.
        is_complete: False if other roles files exist. An unknown group is then not a fault, because another file may
            define it.

    Raises:
        InvalidFile: several files together are too large. All other faults are returned.
    """
    if max_bytes is not None and len(files) > 1 and sum(map(len, files.values())) > max_bytes:
        raise too_large(f"The sum of {len(files)} roles files", max_bytes)
    faults = Faults()
    roots: dict[str, Node] = {}
    errors: dict[str, InvalidFile] = {}
    for name, content in files.items():
        try:
            roots[name] = read_nodes(content, name, faults, max_bytes)
        except InvalidFile as error:
            errors[name] = error
    parts, desired = _Reader(faults, is_complete=is_complete and len(roots) == len(files)).read(roots.values())
    read = dict.fromkeys(files, Desired(())) | dict(zip(roots, parts, strict=True))
    found = (FileRead(name, part, errors.get(name) or faults.error_of(name)) for name, part in read.items())
    return FilesRead(tuple(found), desired)


class _Entry(NamedTuple):
    """A person in a list of people.

    `until` is the last day on which the person counts as listed, or None. `node` is the item of the list that names the
    person or the person's group.
    """

    person: Person
    until: datetime.date | None
    node: Node


@frozen
class _PlaceRead:
    """A place that one or several files describe.

    `nodes` are the YAML nodes of the parts of the place. `node` is the whole place in the first of these files.
    """

    place: DesiredPlace
    nodes: Nodes
    node: Node


class _Reader:
    """Read several roles files together. Add a fault for each part that is not valid, and leave the part out.

    If `is_complete` is False, an unknown group is not a fault, because another file may define it.
    """

    def __init__(self, faults: Faults, *, is_complete: bool) -> None:
        self._faults = faults
        self._is_complete = is_complete
        self._nodes: dict[tuple[str, ...], Node] = {}
        self._groups: dict[str, tuple[Node, Mapping[str, _Entry]]] = {}
        self._used: set[str] = set()
        self._last_days: dict[str, Node] = {}
        """The YAML node of the first `until` in each file, by the name of the file."""
        self._warnings: dict[str, None] = {}

    def read(self, roots: Iterable[Node]) -> tuple[list[Desired], Desired]:
        """Return the wanted state of each file, and the wanted state of all files together.

        Only the wanted state of all files together has the time zone and the warnings.
        """
        files = {root.file: self._header(root) for root in roots}
        for fields in files.values():
            self._read_groups(fields.get("groups"))
        places: dict[tuple[str, str], _PlaceRead] = {}
        parts = []
        for fields in files.values():
            read = [place for item in self._items(fields.get("integrations")) for place in self._integration(item)]
            self._add_places(places, read)
            protect = self._protection(fields.get("protect"))
            parts.append(Desired(tuple(each.place for each in read), protect))
        protect = Protection(
            [pattern for part in parts for pattern in part.protect.roles],
            [pattern for part in parts for pattern in part.protect.users],
        )
        for each in places.values():
            for where, message in contradictions(each.place, each.nodes, protect):
                self._faults.add(where, message)
        timezone = self._timezone({name: fields["timezone"] for name, fields in files.items() if "timezone" in fields})
        # If a part of the files was left out because of a fault, this part may use the group.
        is_whole = self._is_complete and not self._faults.exist
        for name in sorted(self._groups.keys() - self._used) if is_whole else ():
            self._warn(self._groups[name][0], f"no role uses the group {name!r}")
        found = tuple(each.place for each in places.values())
        return parts, Desired(found, protect, timezone, tuple(self._warnings))

    def _header(self, root: Node) -> dict[str, Node]:
        """Return the nodes of the keys at the top of a file. Add a fault for a wrong version or a missing key.

        The key `integrations` may be missing if the file has groups.
        """
        has_groups = isinstance(root.value, dict) and "groups" in root.value
        fields = self._fields(root, _FILE, required=_FILE[:1] if has_groups else _FILE[:2])
        version = fields.get("version")
        if version is not None and not (version.is_plain and version.value == str(VERSION)):
            self._faults.add(version, f"the version of the file must be the number {VERSION}")
        return fields

    def _warn(self, node: Node, message: str) -> None:
        self._warnings[f"{node.file}:{node.line}: {message}"] = None

    # Places of several files

    def _add_places(self, places: dict[tuple[str, str], _PlaceRead], read: Iterable[_PlaceRead]) -> None:
        """Add the places of one file to the places of the earlier files.

        If an earlier file describes the same place, join the two descriptions. But if this file has a place twice, add
        a fault.
        """
        own: dict[tuple[str, str], Node] = {}
        for each in read:
            named = each.place.named
            if self._is_first(own, named, each.node, " ".join(named)):
                places[named] = self._joined(places[named], each) if named in places else each

    def _joined(self, first: _PlaceRead, more: _PlaceRead) -> _PlaceRead:
        """Return a place that two files describe, with the roles and users of both.

        Add a fault for each role or user that both files have. Add a fault if only one of the two lists of roles is
        exact.
        """
        for key, node in more.nodes.items():
            if key[0] in ("role", "user") and key in first.nodes:
                what = f"the role {key[1]!r}" if key[0] == "role" else "the same user"
                self._note_repeated(node, first.nodes[key], what)
        one, other = first.place.roles, more.place.roles
        if one is not None and other is not None and one.exact is not other.exact:
            node, before = more.nodes["roles",], first.nodes["roles",]
            self._faults.add(
                node,
                f"this list of roles is {_MODES[other.exact]}, but the one on {before.seen_from(node)} is "
                f"{_MODES[one.exact]}: make both lists exact, or none",
            )
        roles = Listed((*one.items, *other.items), one.exact) if one and other else one or other
        place = evolve(
            first.place,
            roles=roles,
            users=(*first.place.users, *more.place.users),
            where=(*first.place.where, *more.place.where),
        )
        return _PlaceRead(place, {**more.nodes, **first.nodes}, first.node)

    # Groups and last days

    def _read_groups(self, node: Node | None) -> None:
        if node is not None and node.value is not None and not isinstance(node.value, dict):
            self._faults.add(node, f"a mapping is expected here, not {_kind(node)}")
        for name, inner in node.value.items() if node is not None and isinstance(node.value, dict) else ():
            if fault := _fault_of_group_name(name):
                self._faults.add(inner, fault)
            elif inner.value == []:
                self._faults.add(inner, "the group is empty: list its people, or remove it")
            elif name in self._groups:
                self._note_repeated(inner, self._groups[name][0], f"the group {name!r}")
            else:
                self._groups[name] = inner, self._entries(inner, self._person_entry)

    def _members(self, node: Node | None, role: str) -> tuple[Listed[Person] | None, Mapping[Person, datetime.date]]:
        """Return the people in a role's list of members, and the last day of each person who has one.

        The people of groups are included. If the role does not list its members, or if it is not clear whether the list
        is exact, return None in place of the people.
        """
        found = self._mode_and_list(node)
        if found is None:
            return None, {}
        exact, inner = found
        entries = self._entries(inner, self._member_entries)
        self._nodes |= {("member", role, identity): entry.node for identity, entry in entries.items()}
        people = tuple(entry.person for entry in entries.values())
        return Listed(people, exact), {one.person: one.until for one in entries.values() if one.until is not None}

    def _entries(self, node: Node, read: Callable[[Node], Mapping[str, _Entry]]) -> dict[str, _Entry]:
        """Return the people of a list, by identity (see `identity_of`).

        If the list itself names a person or a group twice, add a fault. If a person appears twice because of a group,
        the later last day counts, and an entry without a last day counts as the latest. If the last days differ, add a
        warning.
        """
        found: dict[str, _Entry] = {}
        used: dict[str, Node] = {}
        for item in self._items(node):
            entries = read(item)
            group = _group_in(item)
            if group and not self._is_first(used, group, item, f"the group {group!r}"):
                continue
            for identity, entry in entries.items():
                first = found.setdefault(identity, entry)
                if first is entry:
                    continue
                if not group and not _group_in(first.node):
                    self._note_repeated(item, first.node, "the same person")
                elif first.until != entry.until:
                    lasts = None if first.until is None or entry.until is None else max(first.until, entry.until)
                    found[identity] = first._replace(until=lasts)
                    this, other = _until_in_words(entry), _until_in_words(first)
                    where = first.node.seen_from(item)
                    which = "the entry without a last day" if lasts is None else "the later day"
                    self._warn(item, f"{entry.person.value} is listed {this}, but on {where} {other}: {which} counts")
        return found

    def _member_entries(self, node: Node) -> Mapping[str, _Entry]:
        """Return the people whom an item means, by identity: one person, or the people of a group.

        If both the item and a person of the group have a last day, the earlier day counts. If the item is not valid,
        add a fault.
        """
        if not isinstance(node.value, dict) or "group" not in node.value:
            return self._person_entry(node)
        fields = self._fields(node, ("group", "until"), required=("group",))
        name, until = self._checked(fields["group"]), self._last_day(fields.get("until"))
        if name is None:
            return {}
        if name not in self._groups:
            if self._is_complete:
                self._faults.add(fields["group"], f"the group {name!r} is unknown; {_hint(name, self._groups)}")
            return {}
        self._used.add(name)
        _, entries = self._groups[name]
        return {
            identity: _Entry(entry.person, min(filter(None, (entry.until, until)), default=None), node)
            for identity, entry in entries.items()
        }

    def _person_entry(self, node: Node) -> Mapping[str, _Entry]:
        """Return the person whom an item names, by identity (see `identity_of`).

        If the item is not valid, add a fault, and return nobody.
        """
        until = None
        if isinstance(node.value, dict) and "group" in node.value:
            self._faults.add(node, "a group cannot contain a group: list the people")
            return {}
        if isinstance(node.value, dict):
            fields = self._fields(node, (*PERSON_COLUMNS, "provider", "until"))
            until, person = self._last_day(fields.get("until")), self._person_of(node, fields)
        elif isinstance(node.value, str) and node.value in self._groups:
            self._faults.add(node, f"{node.value!r} is a group: write «group: {node.value}»")
            return {}
        else:
            person = self._named(node, "username")
        return {identity_of(person): _Entry(person, until, node)} if person is not None else {}

    def _last_day(self, node: Node | None) -> datetime.date | None:
        if node is None or node.value is None:
            return None
        self._last_days.setdefault(node.file, node)
        if not isinstance(node.value, str) or not node.value:
            self._faults.add(node, f"a day such as 2027-03-31 is expected here, not {_kind(node)}")
        else:
            try:
                return read_day(node.value)
            except ValueError as error:
                self._faults.add(node, str(error))
        return None

    def _timezone(self, nodes: Mapping[str, Node]) -> str | None:
        """Return the time zone of the files; None if no file names one.

        Add a fault if two files name different time zones, or if a file with a last day (`until`) names none.
        """
        named: dict[str, Node] = {}
        for node in nodes.values():
            zone = self._checked(node, check_timezone)
            if zone is None:
                continue
            first = next(iter(named), zone)
            if zone != first:
                where = named[first].seen_from(node)
                self._faults.add(node, f"the time zone is {first!r} on {where}: use the same time zone in all files")
            named.setdefault(zone, node)
        for file, node in self._last_days.items():
            if file not in nodes:
                self._faults.add(
                    node, "a last day needs a time zone: write «timezone: America/Vancouver» at the top of this file"
                )
        return next(iter(named), None)

    def _protection(self, node: Node | None) -> Protection:
        fields = self._fields(node, ("roles", "users"))
        roles = self._texts(fields.get("roles"), _check_role_pattern)
        return Protection(roles, self._texts(fields.get("users"), _check_user_pattern))

    def _texts(self, node: Node | None, check: Callable[[str], object]) -> tuple[str, ...]:
        read = (self._checked(item, check) for item in self._items(node))
        return tuple(text for text in read if text is not None)

    def _integration(self, node: Node) -> list[_PlaceRead]:
        fields = self._fields(node, _INTEGRATION, required=_INTEGRATION)
        named = fields.get("integration")
        integration = self._integration_named(named)
        where = () if named is None else (f"{named.file}:{named.line}",)
        environments = fields.get("environments")
        found = self._fields(environments, environment_checks.ENVIRONMENTS, what="environment")
        if environments is not None and environments.value == {}:
            self._faults.add(environments, f"name at least one of {', '.join(environment_checks.ENVIRONMENTS)}")
        # Read the environments even if the integration is not valid, to report their faults.
        places = [self._place(integration or "", name, inner, where) for name, inner in found.items()]
        return places if integration is not None else []

    def _integration_named(self, node: Node | None) -> str | None:
        if node is not None and node.is_plain and re.fullmatch("[1-9][0-9]*", str(node.value)):
            return f"#{node.value}"
        return self._checked(node)

    def _place(self, integration: str, environment: str, node: Node, where: tuple[str, ...]) -> _PlaceRead:
        fields = self._fields(node, ("roles", "users"))
        self._nodes = {("roles",): fields["roles"]} if "roles" in fields else {}
        roles = self._collection(fields.get("roles"), self._role, lambda role: role.name, "role")
        users = self._distinct(
            fields.get("users"), self._user, lambda user: identity_of(user.person), ("user",), "the same user"
        )
        place = DesiredPlace(integration, environment, roles, users, where=where)
        return _PlaceRead(place, self._nodes, node)

    def _role(self, node: Node) -> DesiredRole | None:
        if not isinstance(node.value, dict):
            name = self._role_name(node)
            return DesiredRole(name) if name is not None else None
        fields = self._fields(node, ("name", "was", "composites", "members"), required=("name",))
        name = self._role_name(fields.get("name"))
        was = self._role_name(fields.get("was"))
        if name is not None:
            self._nodes |= {(key, name): fields[key] for key in ("was", "members") if key in fields}
        of = name or ""
        composites = self._collection(fields.get("composites"), self._role_name, str, "child", of)
        members, until = self._members(fields.get("members"), of)
        return DesiredRole(name, was, composites, members, until) if name is not None else None

    def _role_name(self, node: Node | None) -> str | None:
        return self._checked(node, identifiers.check_role_name)

    def _user(self, node: Node) -> DesiredUser | None:
        fields = self._fields(node, ("roles", *PERSON_COLUMNS, "provider"), required=("roles",))
        person = self._person_of(node, fields) if isinstance(node.value, dict) else None
        of = identity_of(person) if person is not None else ""
        roles = self._collection(fields.get("roles"), self._role_name, str, "user role", of)
        return DesiredUser(person, roles) if person is not None and roles is not None else None

    def _person_of(self, node: Node, fields: Mapping[str, Node]) -> Person | None:
        named = [by for by in PERSON_COLUMNS if by in fields]
        if len(named) != 1:
            self._faults.add(
                node,
                f"name the person by exactly one of {', '.join(PERSON_COLUMNS)}; this entry has {len(named)} of them",
            )
            return None
        [by] = named
        provider = fields.get("provider")
        if provider is not None and by not in ("guid", "email"):
            self._faults.add(provider, "leave the provider out: only a guid or an email can have one")
            return None
        of = str(provider.value) if provider is not None and provider.value in PROVIDERS else None
        person = self._named(fields[by], by, of)
        return person if provider is None or self._checked(provider, _check_provider) else None

    def _named(self, node: Node, by: PersonBy, provider: str | None = None) -> Person | None:
        """Return the person whom the text of a node names. The text is cleaned and checked as in a roster.

        If the text cannot name a person, add a fault, and return None.
        """

        def person(text: str) -> Person:
            cell = cells.cleaned(text)
            if fault := cells.fault_of(by, cell, provider):
                raise ValueError(fault)
            return Person(by, cell, provider)

        return self._converted(node, person)

    def _collection(
        self, node: Node | None, read: Callable[[Node], Item | None], identity: Callable[[Item], str], *key: str
    ) -> Listed[Item] | None:
        """Return the items of a list in the roles file, and store the YAML node of each item in `self._nodes`.

        Return None if there is no list, or if it is not clear whether the list is exact.

        Args:
            read: converts the node of an item to the item. It returns None after adding a fault.
            identity: returns the identity of an item. Two items with the same identity are a fault.
            key: the first parts of the key of each item in `self._nodes`. The identity of the item is the last part.
        """
        found = self._mode_and_list(node)
        return None if found is None else Listed(self._distinct(found[1], read, identity, key), found[0])

    def _distinct(
        self,
        node: Node | None,
        read: Callable[[Node], Item | None],
        identity: Callable[[Item], str],
        key: tuple[str, ...],
        what: str = "the same role",
    ) -> tuple[Item, ...]:
        """Return the items of a list, and store their nodes, as `_collection` does. Leave out repeated items.

        The fault of a repeated item begins with `what`.
        """
        nodes: dict[str, Node] = {}
        read_items = ((read(each), each) for each in self._items(node))
        items = tuple(
            item for item, each in read_items if item is not None and self._is_first(nodes, identity(item), each, what)
        )
        self._nodes |= {(*key, name): each for name, each in nodes.items()}
        return items

    def _is_first(self, seen: dict[Key, Node], key: Key, node: Node, what: str) -> bool:
        """Return whether `seen` does not have the key yet. If so, add the key with the node to `seen`.

        If `seen` has the key already, add a fault that begins with `what`.
        """
        first = seen.setdefault(key, node)
        if first is not node:
            self._note_repeated(node, first, what)
        return first is node

    def _note_repeated(self, node: Node, first: Node, what: str) -> None:
        self._faults.add(node, f"{what} is on {first.seen_from(node)} already")

    def _mode_and_list(self, node: Node | None) -> tuple[bool, Node] | None:
        """Return whether a list is exact, and the node of the list; None if there is no list.

        The list can be under a key, `additive` or `exact`. If a mapping has both keys or neither, add a fault, and
        return None.
        """
        if node is None or not isinstance(node.value, dict):
            return None if node is None else (False, node)
        fields = self._fields(node, _MODES)
        if len(fields) != 1:
            if len(fields) == len(node.value):
                self._faults.add(node, f"write the list under exactly one of {' and '.join(_MODES)}")
            return None
        [(mode, inner)] = fields.items()
        return mode == "exact", inner

    def _items(self, node: Node | None) -> Sequence[Node]:
        if node is None or node.value is None:
            return ()
        if isinstance(node.value, list):
            return node.value
        self._faults.add(node, f"a list is expected here, not {_kind(node)}")
        return ()

    def _fields(
        self, node: Node | None, known: Sequence[str], *, required: Iterable[str] = (), what: str = "key"
    ) -> dict[str, Node]:
        """Return the nodes of the known keys of a mapping.

        Add a fault for each unknown key, for missing keys, and for a node that is not a mapping. Messages call a key
        `what`.
        """
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, dict):
            self._faults.add(node, f"a mapping is expected here, not {_kind(node)}")
            return {}
        for key, inner in node.value.items():
            if key not in known:
                self._faults.add(node, f"the {what} {key!r} is unknown; {_hint(key, known)}", inner.line)
        missing = [key for key in required if key not in node.value]
        if missing:
            verb = "is" if len(missing) == 1 else "are"
            self._faults.add(node, f"the {what} {joined(map(repr, missing))} {verb} missing")
        return {key: inner for key, inner in node.value.items() if key in known}

    def _checked(self, node: Node | None, *checks: Callable[[str], object]) -> str | None:
        """Return the text of a node if it passes the checks and has no invisible characters.

        Otherwise, add a fault, and return None.
        """

        def checked(text: str) -> str:
            for check in (_check_visible, *checks):
                check(text)
            return text

        return self._converted(node, checked)

    def _converted(self, node: Node | None, convert: Callable[[str], Item]) -> Item | None:
        """Convert the text of a node with `convert`, and return the result.

        If there is no text, if YAML may misread the text, or if `convert` refuses it, add a fault and return None.
        """
        if node is None or node.value is None:
            return None
        text = node.value
        misread = misread_as(text) if isinstance(text, str) and node.is_plain and text else None
        if not isinstance(text, str) or (node.is_plain and not text):
            self._faults.add(node, f"a text is expected here, not {_kind(node)}")
        elif misread is not None:
            self._faults.add(
                node, f"without quotes, YAML reads {text!r} as {misread}: write it in quotes if a text is meant"
            )
        elif not text.strip():
            self._faults.add(node, "the text is empty")
        else:
            try:
                return convert(text)
            except (Refused, ValueError) as error:
                self._faults.add(node, str(error))
        return None


def _kind(node: Node) -> str:
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list"
    if node.is_plain and (not node.value or misread_as(node.value) == "nothing"):
        return "nothing: leave the key out, or write [] for an empty list"
    return "a text"


def _hint(name: str, known: Collection[str]) -> str:
    """Return a hint about an unknown name: the known name that is most similar, or else all known names."""
    near = similar(name, known)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(known)}" if known else "no file defines a group"


def _group_in(node: Node) -> str:
    """Return the name of the group that an item of a list means; "" if the item is a person."""
    group = node.value.get("group") if isinstance(node.value, dict) else None
    return str(group.value) if group is not None else ""


def _until_in_words(entry: _Entry) -> str:
    return "without a last day" if entry.until is None else f"until {entry.until}"


def _fault_of_group_name(name: str) -> str | None:
    if "@" in name or name.startswith(SERVICE_ACCOUNT_PREFIX) or identifiers.is_guid(identifiers.guid_of(name)):
        return f"a group cannot be named {name!r}, which looks like a person: choose another name"
    if misread := misread_as(name):
        return f"a group cannot be named {name!r}, which is {misread} in YAML: choose another name"
    if not _GROUP_NAME.fullmatch(name) or hidden_in(name):
        return f"a group cannot be named {with_codes(name)!r}: use letters, digits, single blanks and the signs _ . -"
    return None


def _check_visible(text: str) -> None:
    if text != text.strip():
        raise ValueError(f"{text!r} has blanks around it")
    if hidden := hidden_in(text):
        raise ValueError(
            f"{with_codes(text)!r} holds the hidden character {with_codes(hidden)}: type it again without it"
        )
    if not text.isprintable() and any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError(f"{text!r} holds control characters: remove them")


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
                f"{text!r} is neither a username nor a pattern. For a person, write <guid>@<provider>. For a service "
                f"account, write {SERVICE_ACCOUNT_PREFIX}{text}"
            )
        if fault := cells.fault_of("username", text):
            raise ValueError(fault)
