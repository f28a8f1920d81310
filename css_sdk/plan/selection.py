"""Limit a wanted state to some of its places. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from attrs import evolve

from .._service.identifiers import is_named
from .._text.suggestions import similar
from ..errors import InvalidRequest, Remedy
from ..models import Integration
from .desired import Desired, DesiredPlace

_FEW: Final = 8
"""The largest number of places that an error lists."""


def select_places(
    desired: Desired, integrations: Sequence[Integration], environments: Collection[str]
) -> tuple[Desired, tuple[str, ...]]:
    """Return the wanted state with only the chosen places, and the names of the places that are left out.

    If `integrations` is empty, all integrations are chosen. The same applies to `environments`.

    Raises:
        InvalidRequest: the wanted state lacks a place that was chosen.

    >>> dev, test = (DesiredPlace("Grants Portal", name) for name in ("dev", "test"))
    >>> chosen, left_out = select_places(Desired((dev, test)), (), ["test"])
    >>> chosen.places == (test,), left_out
    (True, ('Grants Portal dev',))
    """
    chosen = [
        place
        for place in desired.places
        if (not integrations or any(is_named(one, place.integration) for one in integrations))
        and (not environments or place.environment in environments)
    ]
    missing = list(_missing(chosen, integrations, environments))
    named = [str(place) for place in desired.places]
    if missing:
        near = dict.fromkeys(name for one in missing for name in similar(one, named))
        few = named if len(named) <= _FEW else [*near, *(name for name in named if name not in near)][:_FEW]
        known = ", ".join([*few, *(["…"] if len(few) < len(named) else [])])
        raise InvalidRequest(
            f"The files lack {', '.join(missing)}. They have: {known or 'no places'}. Nothing was sent.",
            remedy=Remedy("Correct integrations= or environments=, or the files.", "Correct -i or -e, or the files."),
        )
    left_out = tuple(str(place) for place in desired.places if place not in chosen)
    return evolve(desired, places=tuple(chosen)), left_out


def _missing(
    chosen: Sequence[DesiredPlace], integrations: Sequence[Integration], environments: Collection[str]
) -> Iterator[str]:
    """Yield each chosen integration or environment for which the wanted state has no place."""
    for one in integrations:
        own = {place.environment for place in chosen if is_named(one, place.integration)}
        if not environments and not own:
            yield one.project_name
        yield from (f"{one.project_name} {name}" for name in environments if name not in own)
    if not integrations:
        own = {place.environment for place in chosen}
        yield from (name for name in environments if name not in own)
