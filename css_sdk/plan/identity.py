"""The id of a plan: equal for plans that do the same to the same state, whenever they were made. Pure."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping

from ..state import Place, Step


def plan_id(
    api_url: str,
    team_id: int,
    fingerprints: Mapping[Place, str],
    steps: Iterable[Step],
    *,
    leads_back: bool = False,
    valid_until: tuple[str, datetime.date] | None = None,
) -> str:
    """Return the id of a plan: the SHA-256 of what it was made from and of what it does, as 64 hex digits.

    The time, the version of css-sdk and the names of projects and people are not part of it. Two plans of one roles
    file have the same id as long as nothing that they depend on changes. The numbers of people are not part of it
    either, because they can be computed from the state and the steps.

    Args:
        api_url: the service's base address.
        team_id: the team whose integrations the plan changes.
        fingerprints: the places that were read, each with its `PlaceState.fingerprint`.
        steps: the steps in the order of carrying out.
        leads_back: whether the plan is an undo. Fewer guards apply to an undo.
        valid_until: the time zone, and the last day on which the plan may be carried out, if there is one.

    >>> plan_id("https://example.org/api/v1", 2016, {}, [])[:12]
    '23187bf853c4'
    """
    content: dict[str, object] = {
        "api_url": api_url,
        "team_id": team_id,
        "places": [[*_where(place), fingerprint] for place, fingerprint in sorted(fingerprints.items())],
        "steps": [[step.kind, *_where(step.place), step.role, step.target] for step in steps],
        "leads_back": leads_back,
    }
    if valid_until is not None:
        content["valid_until"] = [valid_until[0], str(valid_until[1])]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _where(place: Place) -> tuple[int, str]:
    return place.integration, place.environment
