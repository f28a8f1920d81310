"""For tests of several faults in a row: facts about the sandbox, and writes and faults drawn at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from css_sdk import GrantResult, RoleResult
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames

Fact = tuple[str, ...]
Write = tuple[Any, ...]

HERE = "/integrations/101/dev"
ROLES = st.sampled_from("aabbccddef")
"""Names of one character, so that a path pattern matches a role but nothing below it; `e` and `f` do not exist."""

FIRST, SECOND, THIRD = PEOPLE = usernames(Sandbox(), 20)[-3:]
HELD = {FIRST: "bc", SECOND: "c"}
"""The roles that each person has at the beginning."""


def seeded() -> Sandbox:
    """Return a sandbox with the roles `a` to `d`, where `a` has the children `b` and `c` and some people have roles."""
    sandbox = Sandbox()
    for name in "bcd":
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    sandbox.create_role(GRANTS_PORTAL, "dev", "a", ["b", "c"])
    for user, names in HELD.items():
        for name in names:
            sandbox.grant(GRANTS_PORTAL, "dev", name, user)
    return sandbox


def facts(sandbox: Sandbox, integration: int = GRANTS_PORTAL, environment: str = "dev") -> frozenset[Fact]:
    """Return the roles, the children of composite roles and the grants of one environment."""
    roles = sandbox.roles(integration, environment)
    composites = sandbox.composites(integration, environment)
    grants = sandbox.grants(integration, environment)
    return frozenset(
        {("role", name) for name in roles}
        | {("child", parent, child) for parent, children in composites.items() for child in children}
        | {("grant", user, name) for user, names in grants.items() for name in names}
    )


def elsewhere(sandbox: Sandbox) -> dict[tuple[int, str], frozenset[Fact]]:
    """Return the same facts of all other environments."""
    return {
        (found.id, environment): facts(sandbox, found.id, environment)
        for found in sandbox.world.integrations.values()
        for environment in found.environments
        if (found.id, environment) != (GRANTS_PORTAL, "dev")
    }


def wanted(write: Write, before: frozenset[Fact]) -> frozenset[Fact]:
    """Return the facts that a write leads to once it is done."""
    match write:
        case "create" | "ensure", name:
            return before | {("role", name)}
        case "delete", name:
            return frozenset(fact for fact in before if name not in fact)
        case "rename", name, new:
            if ("role", name) not in before or ("role", new) in before:
                return before
            return frozenset(tuple(new if word == name else word for word in fact) for fact in before)
        case "assign", user, names:
            return before | {("grant", user, name) for name in names}
        case "unassign", user, names:
            return before - {("grant", user, name) for name in names}
        case "add", parent, names:
            return before | {("child", parent, name) for name in names}
        case "remove", parent, names:
            return before - {("child", parent, name) for name in names}
        case "set children", parent, names:
            kept = {fact for fact in before if fact[:2] != ("child", parent)}
            return frozenset(kept | {("child", parent, name) for name in names})
        case "set roles", user, names:
            kept = {fact for fact in before if fact[:2] != ("grant", user)}
            return frozenset(kept | {("grant", user, name) for name in names})
        case "set members", name, users:
            kept = {fact for fact in before if (fact[0], fact[-1]) != ("grant", name)}
            return frozenset(kept | {("grant", user, name) for user in users})
        case "assign many", grants, *_:
            return before | {("grant", user, name) for user, name in grants}
        case "unassign many", grants, *_:
            return before - {("grant", user, name) for user, name in grants}
        case _:
            return before | {("role", name) for name in write[1]}


def fact_of(result: GrantResult | RoleResult) -> Fact:
    """Return the fact that a result of a bulk call is about."""
    if isinstance(result, RoleResult):
        return ("role", result.name)
    return ("grant", str(result.grant.user), result.grant.role)


def struck_reads(sandbox: Sandbox) -> int:
    """Return how often a fault hit a read, or the token request for a read."""
    return sum(fault.struck for fault in sandbox.faults if fault.method == "GET" or fault.target == "token")


def sent_writes(sandbox: Sandbox) -> int:
    """Return how many writes the sandbox received."""
    return sum(asked(sandbox)[method] for method in ("POST", "PUT", "DELETE"))


def truth(sandbox: Sandbox, what: str, name: str, user: str) -> object:
    """Return the sandbox's own answer to a read, or None for something that does not exist."""
    roles, children = sandbox.roles(GRANTS_PORTAL, "dev"), sandbox.composites(GRANTS_PORTAL, "dev")
    if what in ("role", "members", "settled members", "children") and name not in roles:
        return None
    held = sandbox.grants(GRANTS_PORTAL, "dev").get(user, set())
    match what:
        case "roles":
            return roles
        case "role":
            return name in children
        case "members" | "settled members":
            return sandbox.members(GRANTS_PORTAL, "dev", name)
        case "children":
            return children.get(name, set())
        case "tree":
            return children
        case "roles of a user":
            return held
        case "effective roles":
            return held | {child for parent in held for child in children.get(parent, ())}
        case "search":
            return [user]
        case _:
            return user


REFUSING = ["drop_before", "500_before", "422_before", "expired_token", "revoked_token", "disaster"]
LOSING = ["lose_after", "500_after", "422_after"]
UNANSWERED = {"drop_before", "lose_after", "delay", "disaster", "late_write"}
"""Faults after which a write may still be on its way, as far as a client can see."""


def unanswered_writes(sandbox: Sandbox) -> int:
    """Return how often a fault left a write without an answer of the service."""
    return sum(fault.struck for fault in sandbox.faults if fault.kind in UNANSWERED and fault.method != "GET")


@st.composite
def faults(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a fault that the service can have, for one method or for the token endpoint."""
    fault: dict[str, Any] = {
        "times": draw(st.sampled_from([1, 1, 2, 3, 4, None])),
        "after": draw(st.integers(0, 4)),
        "probability": draw(st.sampled_from([1.0, 1.0, 0.5])),
        "seed": draw(st.integers(0, 9)),
    }
    if draw(st.integers(0, 5)) == 0:
        kinds = ["drop_before", "lose_after", "500_before", "500_after", "429", "delay"]
        fault |= {"kind": draw(st.sampled_from(kinds)), "target": "token"}
    else:
        kinds = [*REFUSING, *LOSING, "empty_success", "delay", "429", "login_server"]
        fault |= {
            "kind": draw(st.sampled_from(kinds)),
            "method": draw(st.sampled_from(["GET", "POST", "PUT", "DELETE"])),
        }
    match fault["kind"]:
        case "delay":
            fault["seconds"] = 5
        case "429":
            fault["retry_after"] = draw(st.sampled_from([None, 0, 1]))
        case "login_server":
            fault["done"] = draw(st.booleans())
            fault["first_look_up"] = not fault["done"] and draw(st.booleans())
        case "empty_success":
            fault["done"] = draw(st.booleans())
            if fault["method"] == "DELETE":
                # A 204 verifies every write except the deletion of a role.
                fault["path"] = f"{HERE}/roles/?"
    return fault


@st.composite
def late_faults(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a fault that delays a write until after a read, or until the very end."""
    return {
        "kind": "late_write",
        "method": draw(st.sampled_from(["POST", "PUT", "DELETE"])),
        "times": draw(st.sampled_from([1, 1, 2, 4])),
        "after": draw(st.integers(0, 2)),
        "answer": draw(st.sampled_from(["lost", "timeout", 502, 503, 504])),
        "reads": draw(st.sampled_from([1, 1, 2, None])),
    }


@st.composite
def writes(draw: st.DrawFn) -> Write:
    """Draw a write of one request or of several."""
    user = st.sampled_from(PEOPLE)
    names = st.lists(ROLES, min_size=1, max_size=3, unique=True)
    some = st.lists(ROLES, max_size=3, unique=True)
    many = (st.booleans(), st.sampled_from([1, 4]))
    grants = st.lists(st.tuples(user, ROLES), min_size=1, max_size=5)
    kinds: dict[str, tuple[st.SearchStrategy[Any], ...]] = {
        "create": (ROLES,),
        "ensure": (ROLES,),
        "delete": (ROLES,),
        "rename": (ROLES, ROLES),
        "assign": (user, names),
        "unassign": (user, names),
        "add": (ROLES, names),
        "remove": (ROLES, names),
        "set children": (ROLES, some),
        "set roles": (user, some),
        "set members": (ROLES, st.lists(user, max_size=3, unique=True)),
        "assign many": (grants, *many),
        "unassign many": (grants, *many),
        "create many": (names, *many),
    }
    kind = draw(st.sampled_from(sorted(kinds)))
    return (kind, *[draw(strategy) for strategy in kinds[kind]])
