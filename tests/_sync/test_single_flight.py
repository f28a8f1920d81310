# Written from tests/_async/test_single_flight.py by `make generate`; edit that one.
"""Single flight: callers that need the list of integrations at the same moment share one reading, and its error."""

from __future__ import annotations

from collections import Counter

import pytest

from css_sdk import AuthenticationError, Css, CssError, ServiceUnavailable, Settings
from css_sdk.sandbox import Sandbox
from tests.support import asked, at_once
from tests.together import together


@pytest.fixture
def slow(sandbox: Sandbox) -> Sandbox:
    """A sandbox that takes its time to list integrations, so that all callers come meanwhile."""
    sandbox.faults.add("delay", path="/integrations", seconds=0.2, times=None)
    return sandbox


def test_a_service_that_is_down_is_asked_by_one_caller(slow: Sandbox, settings: Settings) -> None:
    """Six callers during a disaster recovery make four requests, as one caller would; each gets the error."""
    slow.faults.add("disaster")
    with Css(settings, transport=slow.transport(), retry=at_once) as css:
        ends = together(6, css.integrations)
    assert [type(end) for end in ends] == [ServiceUnavailable] * 6
    assert len({id(end) for end in ends}) == 6
    assert asked(slow) == {"token": 1, "GET": 4}


def test_a_list_is_read_once_for_all(slow: Sandbox, settings: Settings) -> None:
    """Those who come while it is read, and those who come later, get the same list."""
    with Css(settings, transport=slow.transport()) as css:
        ends = together(6, css.integrations)
        ends += together(6, css.integrations)
    assert {len(end) for end in ends if not isinstance(end, CssError)} == {3}
    assert asked(slow) == {"token": 1, "GET": 1}


def test_a_refresh_accepts_nothing_that_was_asked_for_before_it(slow: Sandbox, settings: Settings) -> None:
    """The first caller reads; of the five who come meanwhile one reads again for all, since the list may be older."""
    with Css(settings, transport=slow.transport()) as css:
        ends = together(6, lambda: css.integrations(refresh=True))
    assert {len(end) for end in ends if not isinstance(end, CssError)} == {3}
    assert asked(slow) == {"token": 1, "GET": 2}


def test_after_an_error_the_next_call_asks_again(slow: Sandbox, settings: Settings) -> None:
    """An error is shared by those who waited for it, and not remembered."""
    slow.faults.add("disaster", times=4)
    with Css(settings, transport=slow.transport(), retry=at_once) as css:
        with pytest.raises(ServiceUnavailable):
            css.integrations()
        assert len(css.integrations()) == 3


def test_a_service_that_accepts_no_token_makes_no_storm(sandbox: Sandbox, settings: Settings) -> None:
    """Eight callers whose good tokens are answered 401 share one renewal, and each repeats its call once."""
    with Css(settings, transport=sandbox.transport(), retry=at_once) as css:
        dev = (css.integration("Grants Portal")).environment("dev")
        sandbox.faults.add("delay", path="/integrations/*", seconds=0.2, times=None)
        sandbox.faults.add("revoked_token", path="/integrations/*", times=None)
        before = asked(sandbox)
        ends = together(8, dev.roles.list)
    assert Counter(type(end) for end in ends) == {AuthenticationError: 8}
    assert asked(sandbox) - before == {"token": 1, "GET": 16}
