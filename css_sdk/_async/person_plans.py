"""Plan the removal of all roles of a person, or the copy of a person's roles to a second person. Write nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from attrs import evolve

from .._service import service_limits
from ..models import EMPLOYEE_PROVIDERS, Integration
from ..people.identification import is_identified
from ..people.identities import Person
from ..people.logins import UnreadPlace
from ..people.member_logins import MemberLogins, find_logins, not_among_members
from ..plan import person_plans
from ..plan.desired import Protection
from ..plan.person_plans import PersonPlan
from ..plan.planner import Plan
from ..report.rows import AccessReport, in_order
from .person_roles import read_all_places
from .plans import Integrations, make_plan
from .wire import AsyncWire


async def plan_removal(
    wire: AsyncWire,
    integrations: Sequence[Integration],
    person: Person,
    among: Collection[str] | None,
    protect: Protection,
    width: int,
) -> PersonPlan:
    """Return the plan that removes all roles of a person; see `AsyncCss.removal_plan`."""
    service_limits.check_width(width)
    report = await read_all_places(wire, integrations, width, settled=True)
    found = _logins_among(report, person, among)
    plan, left = person_plans.plan_removal(found.usernames, report.places, protect)
    return _person_plan(plan, found, report, left)


async def plan_copy(
    wire: AsyncWire,
    integration: Integrations,
    integrations: Sequence[Integration],
    source: Person,
    target: Person,
    among: Collection[str] | None,
    width: int,
) -> PersonPlan:
    """Return the plan that gives `target` the roles of `source`; see `AsyncCss.copy_plan`."""
    service_limits.check_width(width)
    report = await read_all_places(wire, integrations, width)
    found = _logins_among(report, source, among)
    desired, left = person_plans.roles_to_copy(found.usernames, report.places, target)
    plan = await make_plan(integration, desired, prune=False, providers=EMPLOYEE_PROVIDERS, width=width)
    return _person_plan(person_plans.without_unmanaged(plan), found, report, left)


def _logins_among(report: AccessReport, person: Person, among: Collection[str] | None) -> MemberLogins:
    """Return the logins of a person among the members in a report, in lower case.

    Raises:
        NotFound: all places were read, no member is this person, and the person is not named by one exact login.
        Ambiguous: two people have the address.
    """
    found = find_logins(person, report.users, among)
    if not (found.usernames or report.unread or is_identified(person, tuple(among or ()))):
        raise not_among_members(person)
    return evolve(found, usernames=frozenset(map(str.lower, found.usernames)))


def _person_plan(plan: Plan, found: MemberLogins, report: AccessReport, left: Sequence[UnreadPlace]) -> PersonPlan:
    incomplete = in_order((*report.unread, *left))
    return PersonPlan(plan, tuple(sorted(found.usernames)), incomplete, found.same_address)
