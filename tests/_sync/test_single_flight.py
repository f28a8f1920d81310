# Written from tests/_async/test_single_flight.py by `make generate`; edit that one.
"""Single flight: concurrent callers share one reading of the list of integrations, and its error."""

from __future__ import annotations

from collections import Counter

import pytest

from css_sdk import AuthenticationError, Css, CssError, ServiceUnavailable, Settings
from css_sdk.sandbox import Sandbox
from tests.support import asked, at_once
from tests.together import together


@pytest.fixture
def slow(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox that lists integrations so slowly that all callers ask before the answer."""
    sandbox.faults.add("delay", path="/integrations", seconds=0.2, times=None)
    return sandbox


def test_concurrent_callers_share_the_attempts_during_an_outage(slow: Sandbox, settings: Settings) -> None:
    """Six callers during an outage send four requests together, as one caller would, and each gets its own error."""
    slow.faults.add("disaster")
    with Css(settings, transport=slow.transport(), retry=at_once) as css:
        ends = together(6, css.integrations)
    assert [type(end) for end in ends] == [ServiceUnavailable] * 6
    assert len({id(end) for end in ends}) == 6
    assert asked(slow) == {"token": 1, "GET": 4}


def test_the_list_of_integrations_is_read_once_for_all_callers(slow: Sandbox, settings: Settings) -> None:
    """Concurrent and later callers get the same list of integrations from one request."""
    with Css(settings, transport=slow.transport()) as css:
        ends = together(6, css.integrations)
        ends += together(6, css.integrations)
    assert {len(end) for end in ends if not isinstance(end, CssError)} == {3}
    assert asked(slow) == {"token": 1, "GET": 1}


def test_a_refresh_uses_no_answer_that_was_requested_before_it(slow: Sandbox, settings: Settings) -> None:
    """A refresh does not use an answer requested before it. Six concurrent refreshes therefore send two requests."""
    with Css(settings, transport=slow.transport()) as css:
        ends = together(6, lambda: css.integrations(refresh=True))
    assert {len(end) for end in ends if not isinstance(end, CssError)} == {3}
    assert asked(slow) == {"token": 1, "GET": 2}


def test_after_an_error_the_next_call_asks_again(slow: Sandbox, settings: Settings) -> None:
    """An error is shared by the callers that waited for it, and the next call asks the service again."""
    slow.faults.add("disaster", times=4)
    with Css(settings, transport=slow.transport(), retry=at_once) as css:
        with pytest.raises(ServiceUnavailable):
            css.integrations()
        assert len(css.integrations()) == 3


def test_callers_with_refused_tokens_share_one_renewal(sandbox: Sandbox, settings: Settings) -> None:
    """If the service refuses the tokens of eight callers, they share one renewal, and each repeats its call once."""
    with Css(settings, transport=sandbox.transport(), retry=at_once) as css:
        dev = (css.integration("Grants Portal")).environment("dev")
        sandbox.faults.add("delay", path="/integrations/*", seconds=0.2, times=None)
        sandbox.faults.add("revoked_token", path="/integrations/*", times=None)
        before = asked(sandbox)
        ends = together(8, dev.roles.list)
    assert Counter(type(end) for end in ends) == {AuthenticationError: 8}
    assert asked(sandbox) - before == {"token": 1, "GET": 16}
