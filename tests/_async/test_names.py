"""Unusual role names: css-sdk refuses a name before anything is sent, or every call affects exactly this role."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from css_sdk import AsyncCss, NotFound, Refused, Settings
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, examples, usernames

HOSTILE = st.text(st.sampled_from("./%#?\\ aA2Fe5+&;:\u00e9\U0001f389\n\x00\ud800\u200b"), max_size=24)


@settings(
    max_examples=examples(24, __name__), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.text(max_size=40) | HOSTILE)
@example(name="a%2Fb")
@example(name="%252E%252E")
@example(name="..%2F..")
@example(name="%2e%2e")
@example(name=". .")
@example(name="reviewer?max=1")
async def test_a_role_name_is_refused_or_works_in_every_call(name: str) -> None:
    """A role name is refused before anything is sent, or the role can be created, used, renamed and deleted.

    No other role changes.
    """
    sandbox = Sandbox()
    user = usernames(sandbox, 20)[-1]
    others = sandbox.roles(GRANTS_PORTAL, "dev")
    async with AsyncCss(Settings(**sandbox.credentials()), transport=sandbox.async_transport()) as css:
        dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
        before = asked(sandbox)
        try:
            await dev.roles.create(name)
        except Refused:
            assert asked(sandbox) == before
            return
        assert sandbox.roles(GRANTS_PORTAL, "dev") == others | {name}
        assert (await dev.roles.get(name)).name == name
        assert name in [role.name for role in await dev.roles.list()]
        await dev.users.assign(user, name)
        assert sandbox.members(GRANTS_PORTAL, "dev", name) == [user]
        assert [member.username async for member in dev.roles.members(name)] == [user]
        await dev.roles.composites("admin").add(name)
        await dev.roles.composites("admin").remove(name)
        await dev.users.unassign(user, name)
        await dev.roles.rename(name, "plain")
        await dev.roles.rename("plain", name)
        await dev.roles.delete(name)
        with pytest.raises(NotFound):
            await dev.roles.get(name)
    assert sandbox.roles(GRANTS_PORTAL, "dev") == others
    assert not sandbox.harm
