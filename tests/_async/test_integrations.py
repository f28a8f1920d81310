"""Selecting an integration: how it is found, and which integrations and environments are refused."""

from __future__ import annotations

import logging

import attrs
import pytest

from css_sdk import AsyncCss, EnvironmentMissing, NotApplied, NotFound, NotGold, Settings, WrongTeam
from css_sdk.errors import Ambiguous
from css_sdk.sandbox import Sandbox
from tests.support import FISHERIES, GRANTS_PORTAL, asked


async def test_an_integration_is_found_by_id_by_digits_and_by_exact_name(css: AsyncCss) -> None:
    """integration() finds an integration by its id, by the id as text, and by its exact project name."""
    for which in (GRANTS_PORTAL, str(GRANTS_PORTAL), "Grants Portal"):
        assert (await css.integration(which)).info.id == GRANTS_PORTAL


async def test_integrations_are_read_once_per_client(css: AsyncCss, sandbox: Sandbox) -> None:
    """A client reads the list of integrations once, and again only with refresh=True."""
    for _ in range(3):
        await css.integration("Grants Portal")
    assert asked(sandbox) == {"token": 1, "GET": 1}
    await css.integrations(refresh=True)
    assert asked(sandbox) == {"token": 1, "GET": 2}


async def test_a_name_is_matched_exactly(css: AsyncCss) -> None:
    """A part of a project name, or the name in another case, does not find the integration."""
    for which in ("Grants", "grants portal", "Grants Portal "):
        with pytest.raises(NotFound, match="no Gold integration named") as caught:
            await css.integration(which)
        assert caught.value.what == "integration"


async def test_an_integration_that_is_not_gold_is_refused(css: AsyncCss, sandbox: Sandbox) -> None:
    """css-sdk refuses an integration that is not Gold, although the service would accept it."""
    silver = next(i.id for i in sandbox.world.integrations.values() if i.service_type == "silver")
    with pytest.raises(NotGold, match="not Gold"):
        await css.integration(silver)


async def test_a_foreign_or_unknown_id_names_the_team(css: AsyncCss) -> None:
    """For an unknown id, the error names the team, because the id may belong to another team."""
    with pytest.raises(NotFound, match=r"Team 2016 has no Gold integration #99999"):
        await css.integration(99999)


async def test_a_missing_environment_is_refused_before_anything_is_sent(css: AsyncCss, sandbox: Sandbox) -> None:
    """environment() refuses a missing environment before anything is sent.

    The service would answer a deletion with 204.
    """
    fisheries = await css.integration("Fisheries Service")
    before = asked(sandbox)
    for environment in ("test", "DEV", "stage", ""):
        with pytest.raises(EnvironmentMissing):
            fisheries.environment(environment)
    assert asked(sandbox) == before


async def test_a_draft_is_refused(draft_css: AsyncCss) -> None:
    """css-sdk refuses the environment of a draft, which the login server does not know yet."""
    with pytest.raises(NotApplied, match="draft"):
        (await draft_css.integration("Draft App")).environment("dev")


async def test_two_projects_with_one_name_are_ambiguous(draft_css: AsyncCss) -> None:
    """If two projects have one name, integration() raises Ambiguous with both ids."""
    with pytest.raises(Ambiguous) as caught:
        await draft_css.integration("Twin")
    assert [candidate.id for candidate in caught.value.candidates] == [201, 202]
    assert (await draft_css.integration(202)).info.id == 202


async def test_digits_that_are_also_a_project_name_are_ambiguous(css: AsyncCss, sandbox: Sandbox) -> None:
    """If the id of one project is the name of another, the text is ambiguous. A number or `#102` is always an id."""
    integrations = sandbox.world.integrations
    integrations[FISHERIES] = attrs.evolve(integrations[FISHERIES], project_name=str(GRANTS_PORTAL))
    integrations[103] = attrs.evolve(integrations[103], project_name="#102")
    with pytest.raises(Ambiguous, match="Pass the id, such as '#102'") as caught:
        await css.integration(str(GRANTS_PORTAL))
    assert {candidate.id for candidate in caught.value.candidates} == {GRANTS_PORTAL, FISHERIES}
    for which in (GRANTS_PORTAL, FISHERIES):
        assert (await css.integration(which)).info.id == which
        assert (await css.integration(f"#{which}")).info.id == which
    integrations[FISHERIES] = attrs.evolve(integrations[FISHERIES], project_name=str(FISHERIES))
    await css.integrations(refresh=True)
    assert (await css.integration(str(FISHERIES))).info.id == FISHERIES
    with pytest.raises(NotFound, match="no Gold integration #99999"):
        await css.integration("#99999")


async def test_an_integration_that_is_not_yet_applied_causes_a_warning(
    draft_css: AsyncCss, caplog: pytest.LogCaptureFixture
) -> None:
    """Selecting an environment of an integration that is not yet fully applied logs a warning."""
    with caplog.at_level(logging.WARNING, "css_sdk"):
        (await draft_css.integration(202)).environment("dev")
    assert "has status planned" in caplog.text


async def test_the_team_of_the_token_is_returned(css: AsyncCss, settings: Settings) -> None:
    """whoami() returns the team of the token's claim and the client id."""
    me = await css.whoami()
    assert (me.team_id, me.client_id) == (2016, settings.client_id)


async def test_credentials_of_another_team_are_refused_before_anything_is_sent(sandbox: Sandbox) -> None:
    """If the credentials belong to another team than team_id, no request reaches the API."""
    pinned = Settings(**sandbox.credentials(), team_id=4711)
    async with AsyncCss(pinned, transport=sandbox.async_transport()) as css:
        with pytest.raises(WrongTeam, match="team 2016, not to team 4711"):
            await css.integrations()
    assert asked(sandbox) == {"token": 1}
