"""The roles of a verified token, and whether it belongs to a service account."""

from __future__ import annotations

from typing import Any

import pytest

from css_sdk import MissingRole, VerifiedToken
from tests.signing import AUDIENCE, token, verifier


def verified(**claims: Any) -> VerifiedToken:
    """Return the content of a valid token with these claims."""
    return verifier().verify(token(**claims))


NO_LIST: list[Any] = ["reviewer", {"reviewer": True}, [["reviewer"]], ["reviewer", 5], 5, True, {}]


@pytest.mark.parametrize("odd", NO_LIST, ids=str)
def test_roles_of_another_type_are_ignored(odd: Any) -> None:
    """Only a list of texts counts as roles: the letters of a text are not roles."""
    assert verified(client_roles=odd).roles == frozenset()
    for access in (odd, {AUDIENCE: odd}, {AUDIENCE: {"roles": odd}}, {AUDIENCE: {"roles": {"roles": ["reviewer"]}}}):
        assert verified(client_roles=None, resource_access=access).roles == frozenset()


def test_roles_are_those_of_the_audience() -> None:
    """Only roles of the audience count: not those of other applications, nor `client_roles` of another
    client's token.
    """
    access = {AUDIENCE: {"roles": ["approver"]}, "other": {"roles": ["admin"]}, "account": {"roles": ["view"]}}
    both = verified(resource_access=access, realm_access={"roles": ["admin"]}, roles=["admin"])
    assert both.roles == {"approver", "reviewer"}
    elsewhere = verified(resource_access=access, azp="other", client_roles=["admin"], aud=["other", AUDIENCE])
    assert elsewhere.roles == {"approver"}
    assert verified(client_roles=None, azp="other").roles == frozenset()
    assert verified(azp=None, client_roles=["admin"]).roles == frozenset()


def test_a_role_can_be_required() -> None:
    """`require_role` raises an error that names the role if the token lacks it; case matters."""
    person = verified()
    person.require_role("reviewer")
    for role in ("Reviewer", "admin", ""):
        with pytest.raises(MissingRole) as caught:
            person.require_role(role)
        assert caught.value.role == role
    with pytest.raises(MissingRole, match=r"^The token is valid, but lacks the role 'admin'"):
        verified(azp=None).require_role("admin")


ROBOT = "service-account-Robot-7"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"azp": "Robot-7", "sub": ROBOT}, True),
        ({"azp": "Robot-7", "preferred_username": ROBOT.lower()}, True),
        ({"azp": None, "client_id": "Robot-7", "sub": ROBOT}, True),
        # The name alone does not show it.
        ({"preferred_username": ROBOT, "sub": ROBOT}, False),
        ({"azp": "Robot-7", "client_id": AUDIENCE, "preferred_username": f"service-account-{AUDIENCE}"}, False),
        ({"azp": None, "preferred_username": "service-account-None"}, False),
        ({"azp": "", "preferred_username": "service-account-"}, False),
        ({"azp": "service-account-x", "preferred_username": "service-account-x"}, False),
        # Two different letters, although Python lowers the first one to the second.
        ({"azp": "k-7", "preferred_username": "service-account-\N{KELVIN SIGN}-7"}, False),
        ({"azp": "\N{KELVIN SIGN}-7", "preferred_username": "service-account-k-7"}, False),
        ({"azp": "Élan-7", "preferred_username": "service-account-Élan-7"}, True),
        ({"azp": "Robot-7", "preferred_username": [ROBOT]}, False),
    ],
)
def test_a_service_account_is_named_after_its_client(claims: dict[str, Any], expected: bool) -> None:
    """A token belongs to a service account only if its subject or username is the full name of its own client's
    account.
    """
    assert verified(**claims).is_service_account is expected
