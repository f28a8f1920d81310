"""Convert plans to JSON for a later run, and read them back. Report every fault of the JSON. Pure."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar, cast, get_args

from attrs import asdict, evolve

from .._service import environment_checks, identifiers
from .._text.days import read_day
from .._text.escaping import cut_name
from .._text.files import MOST_BYTES, text_of
from .._text.json_text import strict_json
from ..errors import InvalidFile, InvalidRequest, Refused, Remedy
from ..people.cells import PersonBy
from ..people.identification import Unresolved
from ..people.identities import Person
from ..state import Place, Step
from .dates import Dates, Ending
from .diff import Unmanaged
from .planner import Plan, PlannedPlace
from .text import masked

VERSION: Final = 1
_MAKE_AGAIN: Final = "Nothing was sent. Make the plan again, or name a file that holds a plan."

Value = TypeVar("Value")
Decode = Callable[[Any], Value]


def plan_as_json(plan: Plan, mask: bool = False, names: Mapping[str, str] | None = None) -> str:
    """Return the plan as JSON that ends with a newline. `schema.json` beside this module describes the JSON.

    Args:
        plan: a plan that `Css.plan` or `Css.undo_plan` returned.
        mask: whether to shorten usernames and addresses, and to leave out names. A masked plan can be shown, but not
            carried out.
        names: the names of people, by username. The JSON holds those of the people in the plan, so that `css show` can
            print them. By default, the JSON holds the names in the file from which the plan was read.

    Raises:
        InvalidRequest: the plan was made by hand, and does not say for which service it was made.
    """
    if not plan.api_url:
        raise InvalidRequest(
            "This plan was made by hand, and does not say for which service and team. Write a plan that css.plan(…) "
            "or css.undo_plan(…) returned."
        )
    shown = masked(plan) if mask else plan
    named = shown.names if mask or names is None else names
    record = {
        "version": VERSION,
        "css_sdk": plan.version,
        "created_at": plan.created_at,
        "plan_id": plan.id,
        "api_url": plan.api_url,
        "team_id": plan.team_id,
        "prune": plan.prune,
        "left_out": plan.left_out,
        "dates": shown.dates,
        "leads_back": plan.leads_back,
        "masked": mask,
        "places": shown.places,
        "steps": shown.steps,
        "withheld": shown.withheld,
        "protected": shown.protected,
        "unresolved": shown.unresolved,
        "notes": shown.notes,
        "names": {username: cut_name(named[username]) for username in shown.people if named.get(username)},
    }
    return json.dumps(record, indent=1, default=_as_json) + "\n"


def _as_json(part: Any) -> Any:
    """Return a part of a plan in a form for JSON. If the part has a place or a person, put its keys into the part."""
    if isinstance(part, Step):
        return part.as_record()
    if isinstance(part, datetime.date):
        return str(part)
    record: dict[str, Any] = {}
    for name, value in asdict(part, recurse=False, filter=lambda field, _: bool(field.eq)).items():
        if isinstance(value, Place):
            record |= {"integration": value.integration, "environment": value.environment}
        elif isinstance(value, Person):
            record |= asdict(value, filter=lambda _, given: given is not None)
        else:
            record[name] = value
    return record


def read_plan(
    content: str | bytes, name: str, *, max_bytes: int | None = MOST_BYTES, allow_masked: bool = False
) -> Plan:
    """Read a plan that `plan_as_json` wrote, and check all of it.

    Args:
        content: the content of the file.
        name: the name of the file, for messages.
        max_bytes: the largest size that is accepted, by default 20 MiB; `None` for no limit.
        allow_masked: whether a masked plan is accepted, too. A masked plan has no id, and cannot be carried out.

    Raises:
        InvalidFile: the file is not a plan of this version, has faults, or is a masked plan although `allow_masked` is
            not set. If the file has faults, the error lists all of them.

    >>> read_plan("{}", "plan.json")
    Traceback (most recent call last):
        ...
    css_sdk.errors.InvalidFile: plan.json is not a plan of version 1, ...
    """
    try:
        record = strict_json(text_of(content, name, max_bytes))
    except ValueError as error:
        raise InvalidFile(f"{name} is not a plan, because it is not valid JSON ({error}). {_MAKE_AGAIN}") from None
    if not isinstance(record, dict) or type(record.get("version")) is not int or record["version"] != VERSION:
        raise InvalidFile(f"{name} is not a plan of version {VERSION}, which this css-sdk can read. {_MAKE_AGAIN}")
    is_masked = record.get("masked") is True
    if is_masked and not allow_masked:
        raise InvalidFile(
            f"{name} is a masked plan. Its usernames are shortened, so it cannot be carried out. Make the plan "
            f"again, without a mask."
        )
    reading = _Reading(is_masked)
    plan = reading.plan(record)
    if plan is None:
        raise InvalidFile.with_faults(name, reading.faults, Remedy("Make the plan again."))
    return plan


class _Reading:
    """Read the JSON of a plan, and collect its faults."""

    def __init__(self, is_masked: bool) -> None:
        self.faults: list[str] = []
        self._is_masked = is_masked
        self._known: dict[Place, Place] = {}

    def plan(self, record: dict[str, Any]) -> Plan | None:
        """Return the plan. If there are faults, add them to `faults` and return `None`."""
        fields: dict[str, Decode[Any]] = {
            "version": _number,
            "css_sdk": _text,
            "created_at": _time,
            "plan_id": _text,
            "api_url": lambda text: _matching(text, r"https?://[!-~]+", "an address"),
            "team_id": _number,
            "prune": _flag,
            "left_out": _texts,
            "leads_back": _flag,
            "masked": _flag,
            "places": self._each("places", self._place),
            "steps": self._each("steps", self._step),
            "withheld": self._each("withheld", self._step),
            "protected": self._each("protected", self._step),
            "unresolved": self._each("unresolved", self._unresolved),
            "dates": lambda value: None if value is None else self._dates(value),
            "notes": self._each("notes", _text),
            "names": _names,
        }
        record = {"names": {}, **record}  # somebody may have removed the names to pass the plan on
        self._note_faults("the plan", lambda _: _check_keys(record, fields), None)
        read: dict[str, Any] = {}
        for key, decode in fields.items():
            if key in record:
                read[key] = self._note_faults(key, decode, record[key])
            else:
                self.faults.append(f"{key} is missing")
        if self.faults:
            return None
        plan_id, read["version"] = read.pop("plan_id"), read.pop("css_sdk")
        del read["masked"]
        plan = Plan(**read)
        if self._is_masked:
            return evolve(plan, api_url="")  # the id cannot be computed without the usernames
        if plan.id != plan_id:
            self.faults.append(
                f"plan_id: somebody changed the plan. Its content has the id {plan.id}, and not {plan_id!r}"
            )
            return None
        return plan

    def _note_faults(self, what: str, decode: Decode[Value], value: Any) -> Value | None:
        try:
            return decode(value)
        except (ValueError, Refused) as error:
            self.faults.append(f"{what}: {error}")
        return None

    def _each(self, key: str, decode: Decode[Value]) -> Decode[tuple[Value | None, ...]]:
        """Return a function that decodes each item of a list. If an item is not valid, note the fault."""
        return lambda value: tuple(
            self._note_faults(f"{key}, number {number}", decode, item) for number, item in enumerate(_list(value), 1)
        )

    def _place(self, value: Any) -> PlannedPlace:
        read = _decoded(
            value,
            **_PLACE,
            project_name=_text,
            members_read=_texts,
            fingerprint=lambda text: _matching(text, r"[0-9a-f]{64}", "a fingerprint"),
            unmanaged=lambda counts: Unmanaged(**_decoded(counts, roles=_number, composites=_number, members=_number)),
        )
        place = Place(read.pop("integration"), read.pop("environment"), cut_name(read["project_name"]))
        environment_checks.check_known_environment(place.environment)
        if place in self._known:
            raise ValueError(f"{place} appears twice")
        self._known[place] = place
        return PlannedPlace(place, **read)

    def _dates(self, value: Any) -> Dates:
        return Dates(
            **_decoded(
                value,
                timezone=_text,
                day=_day,
                last_day=lambda last: None if last is None else _day(last),
                endings=lambda endings: tuple(map(self._ending, _list(endings))),
            )
        )

    def _ending(self, value: Any) -> Ending:
        return Ending(**self._decoded_in_place(value, role=_text, username=_text, until=_day))

    def _step(self, value: Any) -> Step:
        step = Step.from_record(value)
        step = evolve(step, place=self._known_place(step.place))
        for name in step.roles:
            identifiers.check_role_name(name)
        if step.changes_member and not self._is_masked and identifiers.username_of(step.target) != step.target:
            raise ValueError(f"{step.target!r} is not in lower case")
        return step

    def _unresolved(self, value: Any) -> Unresolved:
        read = self._decoded_in_place(
            {"provider": "", **value} if isinstance(value, dict) else value,
            by=_person_by,
            value=_text,
            provider=_text,
            state=_text,
            candidates=_texts,
            roles=_texts,
        )
        person = Person(read.pop("by"), read.pop("value"), read.pop("provider") or None)
        return Unresolved(person=person, **read)

    def _decoded_in_place(self, value: Any, /, **fields: Decode[Any]) -> dict[str, Any]:
        """Return the decoded values of an object in a place of the plan, with this place as `place`."""
        read = _decoded(value, **_PLACE, **fields)
        return {"place": self._known_place(Place(read.pop("integration"), read.pop("environment"))), **read}

    def _known_place(self, place: Place) -> Place:
        if place not in self._known:
            raise ValueError(f"{place} is not among the places of the plan")
        return self._known[place]


def _check_keys(record: Mapping[str, Any], known: Iterable[str]) -> None:
    if unknown := sorted(record.keys() - set(known)):
        raise ValueError(f"unknown keys: {', '.join(map(repr, unknown))}")


def _decoded(record: Any, /, **fields: Decode[Any]) -> dict[str, Any]:
    """Return the decoded values of an object. Its keys must be exactly those of `fields`."""
    _check_keys(_object(record), fields)
    if missing := [key for key in fields if key not in record]:
        raise ValueError(f"missing keys: {', '.join(map(repr, missing))}")
    return {key: decode(record[key]) for key, decode in fields.items()}


def _is(kind: type[Value], what: str) -> Decode[Value]:
    """Return a function that returns values of exactly the type `kind`, and refuses all others.

    `what` says in the message what a refused value is, such as "not an object".
    """

    def decode(value: Any) -> Value:
        if type(value) is not kind:
            raise ValueError(f"this is {what}")
        return value

    return decode


_object: Final = _is(dict, "not an object")
_list: Final = _is(list, "not a list")
_text: Final = _is(str, "not a text")
_flag: Final = _is(bool, "neither true nor false")


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("this is not a whole number")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, _list(value)))


def _names(value: Any) -> Mapping[str, str]:
    return {username: cut_name(_text(name)) for username, name in _object(value).items()}


def _person_by(value: Any) -> PersonBy:
    return cast(PersonBy, _matching(value, "|".join(get_args(PersonBy)), "a way to name people"))


def _matching(value: Any, pattern: str, what: str) -> str:
    if not re.fullmatch(pattern, _text(value)):
        raise ValueError(f"{value!r} is not {what}")
    return str(value)


_PLACE: Final[Mapping[str, Decode[Any]]] = {"integration": _number, "environment": _text}


def _day(value: Any) -> datetime.date:
    return read_day(_text(value))


def _time(value: Any) -> str:
    if datetime.datetime.fromisoformat(_text(value)).tzinfo is None:
        raise ValueError(f"{value!r} lacks the time zone")
    return str(value)
