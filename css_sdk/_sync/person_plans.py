# Written from css_sdk/_async/person_plans.py by `make generate`; edit that one.
"""Plan the removal of all roles of a person, or the copy of a person's roles to a second person. Write nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from .._service import arguments, service_limits
from .._service.arguments import Names
from ..models import EMPLOYEE_PROVIDERS, PROVIDER_FAMILIES, UserLike
from ..people.identification import is_identified
from ..people.identities import Person
from ..people.logins import UnreadPlace, checked_person, family_and_guid
from ..people.member_logins import MemberLogins, find_logins, not_among_members
from ..plan import person_plans
from ..plan.desired import Protection
from ..plan.person_plans import PersonPlan
from ..plan.planner import Plan
from ..report.rows import AccessReport, in_order
from .directory import known_logins
from .plans import completed, make_plan
from .reporting import read_all_places
from .wire import Wire

if TYPE_CHECKING:
    from .client import Css


def plan_removal(
    css: Css, person: UserLike | Person, providers: Names | None, protect: Protection | None, width: int
) -> PersonPlan:
    """Return the plan that removes all roles of a person; see `Css.removal_plan`."""
    service_limits.check_width(width)
    protect = Protection() if protect is None else protect
    arguments.check_kind(protect, Protection, "protect=")
    meant, among = checked_person(person, providers)
    report = read_all_places(css, width, settled=True)
    found = _logins_of(css._wire, report, meant, among, width)
    plan, left = person_plans.plan_removal(found.usernames, report.places, protect)
    return _person_plan(completed(css, plan), found, report, left)


def plan_copy(
    css: Css, source: UserLike | Person, target: UserLike | Person, providers: Names | None, width: int
) -> PersonPlan:
    """Return the plan that gives `target` the roles of `source`; see `Css.copy_plan`."""
    service_limits.check_width(width)
    meant, among = checked_person(source, providers)
    to, _ = checked_person(target)
    report = read_all_places(css, width)
    found = _logins_of(css._wire, report, meant, among, width)
    desired, left = person_plans.roles_to_copy(found.usernames, report.places, to)
    plan = make_plan(css, desired, prune=False, providers=EMPLOYEE_PROVIDERS, width=width)
    return _person_plan(person_plans.without_unmanaged(plan), found, report, left)


def _logins_of(
    wire: Wire, report: AccessReport, person: Person, among: Collection[str] | None, width: int
) -> MemberLogins:
    """Return the person's usernames among the members in a report, in lower case. A person without roles has none.

    If no member is the person, search the login servers to find out whether the person exists. If the person is named
    by e-mail address, always search the login servers, because a second person without roles may have the same address.

    Raises:
        NotFound: all places were read, and neither the members nor the login servers have the person.
        Ambiguous: two people have the address.
        IncompleteSearch: a search did not return all people who match.
    """
    found = find_logins(person, report.users, among)
    is_open = not (found.usernames or report.unread or is_identified(person, tuple(among or ())))
    if is_open or (person.by == "email" and found.usernames):
        families = {family_and_guid(username)[0] for username in found.usernames} or PROVIDER_FAMILIES
        providers = [each for name in families if name in PROVIDER_FAMILIES for each in PROVIDER_FAMILIES[name]]
        known = known_logins(wire, person, report.environments, among or providers, width)
        found = find_logins(person, [*report.users, *known], among)
        if not found.usernames:
            raise not_among_members(person, report.users, among)
    return evolve(found, usernames=frozenset(map(str.lower, found.usernames)))


def _person_plan(plan: Plan, found: MemberLogins, report: AccessReport, left: Sequence[UnreadPlace]) -> PersonPlan:
    incomplete = in_order((*report.unread, *left))
    return PersonPlan(plan, tuple(sorted(found.usernames)), incomplete, found.same_address)
