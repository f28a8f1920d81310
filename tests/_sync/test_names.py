# Written from tests/_async/test_names.py by `make generate`; edit that one.
"""Unusual role names: css-sdk refuses a name before anything is sent, or every call affects exactly this role."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from css_sdk import Css, NotFound, Refused, Settings
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
def test_a_role_name_is_refused_or_works_in_every_call(name: str) -> None:
    """A role name is refused before anything is sent, or the role can be created, used, renamed and deleted.

    No other role changes.
    """
    sandbox = Sandbox()
    user = usernames(sandbox, 20)[-1]
    others = sandbox.roles(GRANTS_PORTAL, "dev")
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        before = asked(sandbox)
        try:
            dev.roles.create(name)
        except Refused:
            assert asked(sandbox) == before
            return
        assert sandbox.roles(GRANTS_PORTAL, "dev") == others | {name}
        assert (dev.roles.get(name)).name == name
        assert name in [role.name for role in dev.roles.list()]
        dev.users.assign(user, name)
        assert sandbox.members(GRANTS_PORTAL, "dev", name) == [user]
        assert [member.username for member in dev.roles.members(name)] == [user]
        dev.roles.composites("admin").add(name)
        dev.roles.composites("admin").remove(name)
        dev.users.unassign(user, name)
        dev.roles.rename(name, "plain")
        dev.roles.rename("plain", name)
        dev.roles.delete(name)
        with pytest.raises(NotFound):
            dev.roles.get(name)
    assert sandbox.roles(GRANTS_PORTAL, "dev") == others
    assert not sandbox.harm
