"""Write plans to files for a later run, and read them back, with every fault reported. Pure."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar, get_args

from .._service import environment_checks, identifiers
from .._text.files import MOST_BYTES, text_of
from ..errors import InvalidFile, InvalidRequest, Refused
from ..people.cells import PersonBy
from ..people.identification import Unresolved
from ..people.identities import Person
from ..state import Place, Step
from .checks import find_repeated, find_unread_members
from .diff import Unmanaged
from .planner import Plan, PlannedPlace
from .text import masked

VERSION: Final = 1

_FIELDS: Final = (
    "version",
    "css_sdk",
    "created_at",
    "plan_id",
    "api_url",
    "team_id",
    "prune",
    "leads_back",
    "masked",
    "places",
    "steps",
    "withheld",
    "protected",
    "unresolved",
    "notes",
)
_COUNTS: Final = ("roles", "composites", "members")
_PLACE_FIELDS: Final = ("integration", "project_name", "environment", "members_read", "fingerprint", "unmanaged")
_UNRESOLVED_FIELDS: Final = ("integration", "environment", "by", "value", "state", "candidates", "roles")

Value = TypeVar("Value")


def plan_as_json(plan: Plan, mask: bool = False) -> str:
    """Return the plan as JSON, as docs/plan.schema.json describes it, with an end of line.

    Args:
        plan: as `Css.plan` or `Css.undo_plan` returned it.
        mask: whether to leave out who people are. Such a plan can be looked at, and never carried out.

    Raises:
        InvalidRequest: for a plan made by hand, which does not say for which service it was made.
    """
    if not plan.api_url:
        raise InvalidRequest(
            "This plan was made by hand, and does not say for which service and team. Write a plan that css.plan(…) "
            "or css.undo_plan(…) returned."
        )
    shown = masked(plan) if mask else plan
    record = {
        "version": VERSION,
        "css_sdk": plan.version,
        "created_at": plan.created_at,
        "plan_id": plan.id,
        "api_url": plan.api_url,
        "team_id": plan.team_id,
        "prune": plan.prune,
        "leads_back": plan.leads_back,
        "masked": mask,
        "places": [_place_record(one) for one in shown.places],
        "steps": [step.as_record() for step in shown.steps],
        "withheld": [step.as_record() for step in shown.withheld],
        "protected": [step.as_record() for step in shown.protected],
        "unresolved": [_unresolved_record(one) for one in shown.unresolved],
        "notes": list(shown.notes),
    }
    return json.dumps(record, indent=1) + "\n"


def _place_record(one: PlannedPlace) -> dict[str, Any]:
    return {
        "integration": one.place.integration,
        "project_name": one.project_name,
        "environment": one.place.environment,
        "members_read": list(one.members_read),
        "fingerprint": one.fingerprint,
        "unmanaged": {name: getattr(one.unmanaged, name) for name in _COUNTS},
    }


def _unresolved_record(one: Unresolved) -> dict[str, Any]:
    return {
        "integration": one.place.integration,
        "environment": one.place.environment,
        "by": one.person.by,
        "value": one.person.value,
        **({"provider": one.person.provider} if one.person.provider else {}),
        "state": one.state,
        "candidates": list(one.candidates),
        "roles": list(one.roles),
    }


def read_plan(content: str | bytes, name: str, *, max_bytes: int | None = MOST_BYTES) -> Plan:
    """Read a plan that `plan_as_json` wrote, and check all of it.

    Args:
        content: of the file.
        name: of the file, for messages.
        max_bytes: size beyond which it is refused, by default 20 MiB; None for no limit.

    Raises:
        InvalidFile: for anything else, with every fault; for a plan of another version, and for a masked one.

    >>> read_plan("{}", "plan.json")
    Traceback (most recent call last):
        ...
    css_sdk.errors.InvalidFile: plan.json is not a plan of version 1, ...
    """
    try:
        record = json.loads(text_of(content, name, max_bytes), object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"{name} is not JSON that css-sdk wrote: {str(error) or 'it is too deep'}.") from None
    if not isinstance(record, dict) or type(record.get("version")) is not int or record["version"] != VERSION:
        raise InvalidFile(f"{name} is not a plan of version {VERSION}, the version that this css-sdk reads.")
    if record.get("masked") is True:
        raise InvalidFile(f"{name} is a masked plan. It contains no usernames, so it cannot be carried out.")
    reading = _Reading()
    plan = reading.plan(record)
    if plan is None:
        raise InvalidFile.with_faults(name, reading.faults, " Make the plan again.")
    return plan


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return record


class _Reading:
    """Reads the JSON of a plan, and collects its faults."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._known: set[Place] = set()

    def plan(self, record: dict[str, Any]) -> Plan | None:
        """Return the plan, or None where there are faults."""
        self._one({"the plan": record}, "the plan", lambda whole: _object(whole, _FIELDS))
        facts: dict[str, Any] = {
            "api_url": self._one(record, "api_url", _address),
            "team_id": self._one(record, "team_id", _number),
            "version": self._one(record, "css_sdk", _text),
            "created_at": self._one(record, "created_at", _time),
            "prune": self._one(record, "prune", _flag),
            "leads_back": self._one(record, "leads_back", _flag),
        }
        plan_id = self._one(record, "plan_id", _text)
        self._one(record, "masked", _flag)
        places = self._each(record, "places", self._place)
        steps, withheld, protected = (self._each(record, key, self._step) for key in ("steps", "withheld", "protected"))
        if not self.faults:
            read = {one.place: one.members_read for one in places}
            self.faults += [*find_unread_members(steps, read), *find_repeated(steps)]
        unresolved = self._each(record, "unresolved", self._unresolved)
        notes = self._each(record, "notes", _text)
        if self.faults:
            return None
        plan = Plan(steps, withheld, protected, unresolved, places, notes, **facts)
        if plan.id != plan_id:
            self.faults.append(f"plan_id: it is not the id of this plan, {plan.id}: the plan was changed")
            return None
        return plan

    def _one(self, record: Mapping[str, Any], key: str, decode: Callable[[Any], Value]) -> Value | None:
        try:
            return decode(record[key])
        except KeyError:
            self.faults.append(f"{key} is missing")
        except (ValueError, Refused) as error:
            self.faults.append(f"{key}: {error}")
        return None

    def _each(self, record: Mapping[str, Any], key: str, decode: Callable[[Any], Value]) -> tuple[Value, ...]:
        listed = self._one(record, key, _list)
        found = []
        for number, item in enumerate(listed or (), start=1):
            try:
                found.append(decode(item))
            except KeyError as error:
                self.faults.append(f"{key}, number {number}: {error} is missing")
            except (ValueError, Refused) as error:
                self.faults.append(f"{key}, number {number}: {error}")
        return tuple(found)

    def _place(self, value: Any) -> PlannedPlace:
        record = _object(value, _PLACE_FIELDS)
        place = Place(_number(record["integration"]), _text(record["environment"]))
        environment_checks.check_known_environment(place.environment)
        if place in self._known:
            raise ValueError(f"{place} appears twice")
        self._known.add(place)
        counts = _object(record["unmanaged"], _COUNTS)
        return PlannedPlace(
            place,
            _text(record["project_name"]),
            tuple(map(_text, _list(record["members_read"]))),
            _matching(record["fingerprint"], r"[0-9a-f]{64}", "a fingerprint"),
            Unmanaged(*(_number(counts[name]) for name in _COUNTS)),
        )

    def _step(self, value: Any) -> Step:
        step = Step.from_record(value)
        self._check_place(step.place)
        identifiers.check_role_name(step.role)
        if step.kind in ("add_member", "remove_member"):
            if identifiers.username_of(step.target) != step.target:
                raise ValueError(f"{step.target!r} is not in lower case")
        elif step.target:
            identifiers.check_role_name(step.target)
        return step

    def _unresolved(self, value: Any) -> Unresolved:
        record = _object(value, _UNRESOLVED_FIELDS, optional=("provider",))
        place = Place(_number(record["integration"]), _text(record["environment"]))
        self._check_place(place)
        by = next((known for known in get_args(PersonBy) if known == record["by"]), None)
        if by is None:
            raise ValueError(f"people are not named by {record['by']!r}")
        provider = _text(record["provider"]) if "provider" in record else None
        person = Person(by, _text(record["value"]), provider)
        candidates, roles = (tuple(map(_text, _list(record[key]))) for key in ("candidates", "roles"))
        return Unresolved(place, person, _text(record["state"]), candidates, roles)

    def _check_place(self, place: Place) -> None:
        if place not in self._known:
            raise ValueError(f"{place} is not among the places of the plan")


def _object(value: Any, fields: Iterable[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("this is not an object")
    unknown = sorted(value.keys() - {*fields, *optional})
    if unknown:
        raise ValueError(f"the key {', '.join(map(repr, unknown))} is unknown")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("this is not a list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("this is not a text")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("this is neither true nor false")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("this is not a whole number")
    return value


def _matching(value: Any, pattern: str, what: str) -> str:
    if not re.fullmatch(pattern, _text(value)):
        raise ValueError(f"{value!r} is not {what}")
    return str(value)


def _address(value: Any) -> str:
    return _matching(value, r"https?://[!-~]+", "an address")


def _time(value: Any) -> str:
    if datetime.datetime.fromisoformat(_text(value)).tzinfo is None:
        raise ValueError(f"{value!r} lacks the time zone")
    return str(value)
