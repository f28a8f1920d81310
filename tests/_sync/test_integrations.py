# Written from tests/_async/test_integrations.py by `make generate`; edit that one.
"""Selecting an integration: how it is found, and which integrations and environments are refused."""

from __future__ import annotations

import logging

import attrs
import pytest

from css_sdk import Css, EnvironmentMissing, NotApplied, NotFound, NotGold, Settings, WrongTeam
from css_sdk.errors import Ambiguous
from css_sdk.sandbox import Sandbox
from tests.support import FISHERIES, GRANTS_PORTAL, asked


def test_an_integration_is_found_by_id_by_digits_and_by_exact_name(css: Css) -> None:
    """integration() finds an integration by its id, by the id as text, and by its exact project name."""
    for which in (GRANTS_PORTAL, str(GRANTS_PORTAL), "Grants Portal"):
        assert (css.integration(which)).info.id == GRANTS_PORTAL


def test_integrations_are_read_once_per_client(css: Css, sandbox: Sandbox) -> None:
    """A client reads the list of integrations once, and again only with refresh=True."""
    for _ in range(3):
        css.integration("Grants Portal")
    assert asked(sandbox) == {"token": 1, "GET": 1}
    css.integrations(refresh=True)
    assert asked(sandbox) == {"token": 1, "GET": 2}


def test_a_name_is_matched_exactly(css: Css) -> None:
    """A part of a project name, or the name in another case, does not find the integration."""
    for which in ("Grants", "grants portal", "Grants Portal "):
        with pytest.raises(NotFound, match="no Gold integration named") as caught:
            css.integration(which)
        assert caught.value.what == "integration"


def test_an_integration_that_is_not_gold_is_refused(css: Css, sandbox: Sandbox) -> None:
    """css-sdk refuses an integration that is not Gold, although the service would accept it."""
    silver = next(i.id for i in sandbox.world.integrations.values() if i.service_type == "silver")
    with pytest.raises(NotGold, match="not Gold"):
        css.integration(silver)


def test_a_foreign_or_unknown_id_names_the_team(css: Css) -> None:
    """For an unknown id, the error names the team, because the id may belong to another team."""
    with pytest.raises(NotFound, match=r"Team 2016 has no Gold integration #99999"):
        css.integration(99999)


def test_a_missing_environment_is_refused_before_anything_is_sent(css: Css, sandbox: Sandbox) -> None:
    """environment() refuses a missing environment before anything is sent.

    The service would answer a deletion with 204.
    """
    fisheries = css.integration("Fisheries Service")
    before = asked(sandbox)
    for environment in ("test", "DEV", "stage", ""):
        with pytest.raises(EnvironmentMissing):
            fisheries.environment(environment)
    assert asked(sandbox) == before


def test_a_draft_is_refused(draft_css: Css) -> None:
    """css-sdk refuses the environment of a draft, which the login server does not know yet."""
    with pytest.raises(NotApplied, match="draft"):
        (draft_css.integration("Draft App")).environment("dev")


def test_two_projects_with_one_name_are_ambiguous(draft_css: Css) -> None:
    """If two projects have one name, integration() raises Ambiguous with both ids."""
    with pytest.raises(Ambiguous) as caught:
        draft_css.integration("Twin")
    assert [candidate.id for candidate in caught.value.candidates] == [201, 202]
    assert (draft_css.integration(202)).info.id == 202


def test_digits_that_are_also_a_project_name_are_ambiguous(css: Css, sandbox: Sandbox) -> None:
    """If the id of one project is the name of another, the text is ambiguous. A number or `#102` is always an id."""
    integrations = sandbox.world.integrations
    integrations[FISHERIES] = attrs.evolve(integrations[FISHERIES], project_name=str(GRANTS_PORTAL))
    integrations[103] = attrs.evolve(integrations[103], project_name="#102")
    with pytest.raises(Ambiguous, match="Pass the id, such as '#102'") as caught:
        css.integration(str(GRANTS_PORTAL))
    assert {candidate.id for candidate in caught.value.candidates} == {GRANTS_PORTAL, FISHERIES}
    for which in (GRANTS_PORTAL, FISHERIES):
        assert (css.integration(which)).info.id == which
        assert (css.integration(f"#{which}")).info.id == which
    integrations[FISHERIES] = attrs.evolve(integrations[FISHERIES], project_name=str(FISHERIES))
    css.integrations(refresh=True)
    assert (css.integration(str(FISHERIES))).info.id == FISHERIES
    with pytest.raises(NotFound, match="no Gold integration #99999"):
        css.integration("#99999")


def test_an_integration_that_is_not_yet_applied_causes_a_warning(
    draft_css: Css, caplog: pytest.LogCaptureFixture
) -> None:
    """Selecting an environment of an integration that is not yet fully applied logs a warning."""
    with caplog.at_level(logging.WARNING, "css_sdk"):
        (draft_css.integration(202)).environment("dev")
    assert "has status planned" in caplog.text


def test_the_team_of_the_token_is_returned(css: Css, settings: Settings) -> None:
    """whoami() returns the team of the token's claim and the client id."""
    me = css.whoami()
    assert (me.team_id, me.client_id) == (2016, settings.client_id)


def test_credentials_of_another_team_are_refused_before_anything_is_sent(sandbox: Sandbox) -> None:
    """If the credentials belong to another team than team_id, no request reaches the API."""
    pinned = Settings(**sandbox.credentials(), team_id=4711)
    with Css(pinned, transport=sandbox.transport()) as css:
        with pytest.raises(WrongTeam, match="team 2016, not to team 4711"):
            css.integrations()
    assert asked(sandbox) == {"token": 1}
