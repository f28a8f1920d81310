"""`css service-account` shows and changes the roles of an integration's service account."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, json_rows

Run = Callable[..., int]
PLACE = ("-i", "Grants Portal", "-e", "dev")
CLIENT_ID = "fisheries-service-102"


def test_roles_of_a_service_account_are_assigned_shown_and_removed(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """css assigns roles to a service account, shows which are direct and which come through composites, and removes
    them.
    """
    assert run_css("service-account", "assign", CLIENT_ID, "admin", "reviewer", *PLACE) == 0
    assert sandbox.grants(GRANTS_PORTAL, "dev")[f"service-account-{CLIENT_ID}"] == {"admin", "reviewer"}
    capsys.readouterr()
    assert run_css("service-account", "roles", CLIENT_ID, *PLACE, "--json") == 0
    rows = json_rows(capsys)
    assert {row["role"]: row["direct"] for row in rows} == {"admin": True, "approver": False, "reviewer": True}
    assert run_css("service-account", "unassign", CLIENT_ID, "admin", *PLACE) == 4
    assert f"1 user loses the role 'admin' in Grants Portal (#101) dev: {CLIENT_ID}" in capsys.readouterr().err
    assert asked(sandbox)["DELETE"] == 0
    assert run_css("service-account", "unassign", CLIENT_ID, "admin", *PLACE, "--yes") == 0
    assert sandbox.grants(GRANTS_PORTAL, "dev")[f"service-account-{CLIENT_ID}"] == {"reviewer"}


def test_each_mistake_has_its_exit_code(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown account or role gives exit code 1, one missing role of two 3, no role 64, and prod without
    `--allow-prod` 4.
    """
    expected = {
        "roles nobody-1": 1,
        f"assign {CLIENT_ID} nope": 1,
        f"assign {CLIENT_ID} nope reviewer": 3,
        f"assign {CLIENT_ID}": 64,
    }
    assert {words: run_css("service-account", *words.split(), *PLACE) for words in expected} == expected
    prod = ("-i", 101, "-e", "prod", "--yes")
    assert run_css("service-account", "unassign", CLIENT_ID, "x", *prod) == 1
    sandbox.create_role(GRANTS_PORTAL, "prod", "x")
    sandbox.grant(GRANTS_PORTAL, "prod", "x", f"service-account-{CLIENT_ID}")
    assert run_css("service-account", "unassign", CLIENT_ID, "x", *prod) == 4
    assert "pass --allow-prod" in capsys.readouterr().err
