"""Plans as files: written for a later run, and read back with every fault told. Pure."""

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
    """The plan that `plan_as_json` wrote, checked whole before anything is believed.

    Args:
        content: of the file.
        name: of the file, for messages.
        max_bytes: size beyond which it is refused, by default 20 MiB; None for no limit.

    Raises:
        InvalidFile: for anything else, with every fault; for a plan of another version, and for a masked one.

    >>> read_plan("{}", "plan.json")
    Traceback (most recent call last):
        ...
    css_sdk.errors.InvalidFile: plan.json is no plan of version 1 ...
    """
    try:
        told = json.loads(text_of(content, name, max_bytes), object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"{name} is no JSON that css-sdk wrote: {str(error) or 'it is too deep'}.") from None
    if not isinstance(told, dict) or type(told.get("version")) is not int or told["version"] != VERSION:
        raise InvalidFile(f"{name} is no plan of version {VERSION} of this form, the one that this css-sdk reads.")
    if told.get("masked") is True:
        raise InvalidFile(f"{name} does not say who people are: it was written masked, and cannot be carried out.")
    reading = _Reading()
    plan = reading.plan(told)
    if plan is None:
        raise InvalidFile.with_faults(name, reading.faults, " Make the plan anew.")
    return plan


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a key appears twice in one object")
    return told


class _Reading:
    """A plan's JSON on its way into a plan."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._known: set[Place] = set()

    def plan(self, told: dict[str, Any]) -> Plan | None:
        """Return the plan, or None where there are faults."""
        self._one({"the plan": told}, "the plan", lambda whole: _object(whole, _FIELDS))
        facts: dict[str, Any] = {
            "api_url": self._one(told, "api_url", _address),
            "team_id": self._one(told, "team_id", _number),
            "version": self._one(told, "css_sdk", _text),
            "created_at": self._one(told, "created_at", _time),
            "prune": self._one(told, "prune", _flag),
            "leads_back": self._one(told, "leads_back", _flag),
        }
        plan_id = self._one(told, "plan_id", _text)
        self._one(told, "masked", _flag)
        places = self._each(told, "places", self._place)
        steps, withheld, protected = (self._each(told, key, self._step) for key in ("steps", "withheld", "protected"))
        if not self.faults:
            read = {one.place: one.members_read for one in places}
            self.faults += [*find_unread_members(steps, read), *find_repeated(steps)]
        unresolved = self._each(told, "unresolved", self._unresolved)
        notes = self._each(told, "notes", _text)
        if self.faults:
            return None
        plan = Plan(steps, withheld, protected, unresolved, places, notes, **facts)
        if plan.id != plan_id:
            self.faults.append(f"plan_id: it is not the id of this plan, {plan.id}: the plan was changed")
            return None
        return plan

    def _one(self, told: Mapping[str, Any], key: str, decode: Callable[[Any], Value]) -> Value | None:
        try:
            return decode(told[key])
        except KeyError:
            self.faults.append(f"{key} is missing")
        except (ValueError, Refused) as error:
            self.faults.append(f"{key}: {error}")
        return None

    def _each(self, told: Mapping[str, Any], key: str, decode: Callable[[Any], Value]) -> tuple[Value, ...]:
        listed = self._one(told, key, _list)
        found = []
        for number, item in enumerate(listed or (), start=1):
            try:
                found.append(decode(item))
            except KeyError as error:
                self.faults.append(f"{key}, number {number}: {error} is missing")
            except (ValueError, Refused) as error:
                self.faults.append(f"{key}, number {number}: {error}")
        return tuple(found)

    def _place(self, told: Any) -> PlannedPlace:
        record = _object(told, _PLACE_FIELDS)
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

    def _step(self, told: Any) -> Step:
        step = Step.from_record(told)
        self._check_place(step.place)
        identifiers.check_role_name(step.role)
        if step.kind in ("add_member", "remove_member"):
            if identifiers.username_of(step.target) != step.target:
                raise ValueError(f"{step.target!r} is not in lower case")
        elif step.target:
            identifiers.check_role_name(step.target)
        return step

    def _unresolved(self, told: Any) -> Unresolved:
        record = _object(told, _UNRESOLVED_FIELDS, optional=("provider",))
        place = Place(_number(record["integration"]), _text(record["environment"]))
        self._check_place(place)
        by = next((known for known in get_args(PersonBy) if known == record["by"]), None)
        if by is None:
            raise ValueError(f"nobody is named by {record['by']!r}")
        provider = _text(record["provider"]) if "provider" in record else None
        person = Person(by, _text(record["value"]), provider)
        candidates, roles = (tuple(map(_text, _list(record[key]))) for key in ("candidates", "roles"))
        return Unresolved(place, person, _text(record["state"]), candidates, roles)

    def _check_place(self, place: Place) -> None:
        if place not in self._known:
            raise ValueError(f"{place} is none of the plan's places")


def _object(told: Any, fields: Iterable[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise ValueError("this is no object")
    unknown = sorted(told.keys() - {*fields, *optional})
    if unknown:
        raise ValueError(f"it has no {', '.join(map(repr, unknown))}")
    return told


def _list(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise ValueError("this is no list")
    return told


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise ValueError("this is no text")
    return told


def _flag(told: Any) -> bool:
    if not isinstance(told, bool):
        raise ValueError("this is neither true nor false")
    return told


def _number(told: Any) -> int:
    if not isinstance(told, int) or isinstance(told, bool) or told < 0:
        raise ValueError("this is no whole number")
    return told


def _matching(told: Any, pattern: str, what: str) -> str:
    if not re.fullmatch(pattern, _text(told)):
        raise ValueError(f"{told!r} is not {what}")
    return str(told)


def _address(told: Any) -> str:
    return _matching(told, r"https?://[!-~]+", "an address")


def _time(told: Any) -> str:
    if datetime.datetime.fromisoformat(_text(told)).tzinfo is None:
        raise ValueError(f"{told!r} does not say which time zone it means")
    return str(told)
