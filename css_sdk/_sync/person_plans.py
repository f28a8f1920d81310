# Written from css_sdk/_async/person_plans.py by `make generate`; edit that one.
"""Plan for one person: remove all roles, or give the roles of another person. Only reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .._service import service_limits
from ..models import Integration
from ..people.identification import is_identified
from ..people.identities import Person
from ..people.member_logins import find_logins, not_among_members
from ..plan import person_plans
from ..plan.desired import Protection
from ..plan.person_plans import PersonPlan
from ..report.rows import in_order
from .person_roles import read_all_places
from .wire import Wire


def plan_removal(
    wire: Wire,
    integrations: Sequence[Integration],
    person: Person,
    among: Collection[str] | None,
    protect: Protection,
    width: int,
) -> PersonPlan:
    """Return the plan that removes all roles of a person; see `Css.removal_plan`."""
    service_limits.check_width(width)
    report = read_all_places(wire, integrations, width, settled=True)
    found = find_logins(person, report.users, among)
    if not (found.usernames or report.unread or is_identified(person, tuple(among or ()))):
        raise not_among_members(person)
    logins = tuple(sorted(map(str.lower, found.usernames)))
    plan, left = person_plans.plan_removal(logins, report.places, protect)
    return PersonPlan(plan, logins, in_order((*report.unread, *left)), found.same_address)
