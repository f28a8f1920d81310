# Written from tests/_async/test_faults.py by `make generate`; edit that one.
"""For every fault, the outcome that the client reports agrees with the state of the sandbox."""

from __future__ import annotations

from itertools import product

import pytest

from css_sdk import (
    AuthenticationError,
    ConnectionFailed,
    Css,
    CssError,
    MalformedAnswer,
    OutcomeUnknown,
    RateLimited,
    ServiceUnavailable,
    Settings,
)
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.every_write import WRITES, carry_out, is_done, prepared_for_writes
from tests.support import GRANTS_PORTAL, asked, at_once, some, usernames

FAULTS = ["drop_before", "lose_after", "500_before", "500_after", "422_before", "422_after", "empty_success"]


# The service reports faults of these calls as 422, so css-sdk trusts their 204.
BELIEVED = {"unassign", "remove composite"}
STRUCK = [
    (write, fault) for write in WRITES for fault in FAULTS if not (write in BELIEVED and fault == "empty_success")
]


@pytest.fixture
def user(sandbox: Sandbox) -> str:
    """Return a user with the role `held`."""
    return prepared_for_writes(sandbox)


@pytest.mark.parametrize(
    ("write", "fault", "times"),
    some([(*struck, times) for struck in STRUCK for times in (1, 2, 3)], __name__),
)
def test_a_fault_that_passes_is_overcome(
    dev: EnvironmentClient, sandbox: Sandbox, user: str, write: str, fault: str, times: int
) -> None:
    """If up to three attempts of a write fail, the write is done and confirmed in the end."""
    sandbox.faults.add(fault, method=WRITES[write], times=times)
    carry_out(dev, write, user)
    assert is_done(sandbox, write, user)


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("write", WRITES)
def test_a_success_is_verified_while_the_login_server_fails(
    dev: EnvironmentClient, sandbox: Sandbox, user: str, write: str, done: bool
) -> None:
    """css-sdk verifies a success without content by a read, because the login server behind the service may fail."""
    sandbox.faults.add("login_server", method=WRITES[write], times=1, done=done)
    carry_out(dev, write, user)
    assert is_done(sandbox, write, user)


@pytest.mark.parametrize(("write", "fault"), some(STRUCK, __name__))
def test_a_lasting_fault_ends_with_a_true_outcome(
    dev: EnvironmentClient, sandbox: Sandbox, user: str, write: str, fault: str
) -> None:
    """If a fault lasts, either the write is done, or css-sdk raises an error that says it is not done."""
    sandbox.faults.add(fault, method=WRITES[write], times=None)
    try:
        carry_out(dev, write, user)
    except CssError as error:
        assert isinstance(error, OutcomeUnknown) is (fault == "drop_before")
        assert "not done" in str(error)
        assert not is_done(sandbox, write, user)
    else:
        assert is_done(sandbox, write, user)


@pytest.mark.parametrize(
    ("fault", "write"),
    some(list(product(["lose_after", "drop_before", "500_after", "500_before"], WRITES)), __name__),
)
def test_a_write_is_unknown_if_no_read_succeeds(
    dev: EnvironmentClient, sandbox: Sandbox, user: str, write: str, fault: str
) -> None:
    """If a write is in doubt and the reads fail, css-sdk raises OutcomeUnknown."""
    sandbox.faults.add(fault, method=WRITES[write], times=None)
    # Before these writes css-sdk reads what each of the two new children contains, or checks that the old role exists.
    before = {"add composites": 2, "rename": 1}.get(write, 0)
    sandbox.faults.add("500_before", method="GET", times=None, after=before)
    with pytest.raises(OutcomeUnknown, match="cannot know"):
        carry_out(dev, write, user)


def test_a_read_is_repeated_after_unknown_exception(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """css-sdk repeats a read up to three times after `unknown exception`, which is usually a passing fault."""
    before = asked(sandbox)
    sandbox.faults.add("422_before", method="GET", times=3)
    dev.roles.list()
    assert (asked(sandbox) - before) == {"GET": 4}
    sandbox.faults.add("422_before", method="GET", times=4)
    with pytest.raises(ServiceUnavailable, match="unknown exception"):
        dev.roles.list()


def test_a_long_retry_after_raises_instead_of_waiting(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If Retry-After exceeds the time budget, css-sdk raises RateLimited instead of waiting, and writes nothing."""
    sandbox.faults.add("429", method="POST", retry_after=3600)
    settings_before = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as patient:
        place = (patient.integration(GRANTS_PORTAL)).environment("dev")
        with pytest.raises(RateLimited) as caught:
            place.users.assign(usernames(sandbox, 20)[-1], "reviewer")
    assert caught.value.retry_after == 3600
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == settings_before


def test_a_token_that_expires_early_is_renewed_once(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If the service refuses a token, css-sdk requests one new token and repeats the call."""
    sandbox.revoke_tokens()
    dev.roles.list()
    assert asked(sandbox)["token"] == 2


def test_a_token_that_is_always_refused_raises_an_error(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If the service also refuses the new token, css-sdk raises AuthenticationError and requests no third token."""
    sandbox.faults.add("revoked_token", path="/integrations/*", times=None)
    with pytest.raises(AuthenticationError, match="did not accept the token"):
        dev.roles.list()
    assert asked(sandbox)["token"] == 2


def test_a_fault_of_the_token_endpoint_does_not_leave_a_write_in_doubt(sandbox: Sandbox) -> None:
    """If a token request fails, css-sdk does not read the state, because no write was sent."""
    settings = Settings(**sandbox.credentials())
    with Css(settings, transport=sandbox.transport(), retry=at_once) as css:
        place = (css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.revoke_tokens()
        sandbox.faults.add("500_before", path="*/token", times=1)
        place.users.assign(usernames(sandbox, 20)[-1], "reviewer")
        assert asked(sandbox)["GET"] == 1
        sandbox.revoke_tokens()
        sandbox.faults.add("drop_before", path="*/token", times=None)
        with pytest.raises(ConnectionFailed, match="login server"):
            place.users.assign(usernames(sandbox, 20)[-2], "reviewer")


def test_a_disaster_of_the_service_raises_a_readable_error(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """During a disaster of the service, whose 503 is plain text, the error says to try again later."""
    sandbox.faults.add("disaster")
    with pytest.raises(ServiceUnavailable, match="Try again later"):
        dev.roles.list()


def test_a_wrong_api_address_raises_an_error_that_names_its_variable(sandbox: Sandbox) -> None:
    """If an HTML page is returned instead of JSON, the error names CSS_API_URL."""
    credentials = sandbox.credentials()
    credentials["api_url"] = str(credentials["api_url"]).replace("/api/v1", "/api/v2")
    with Css(Settings(**credentials), transport=sandbox.transport()) as css:
        with pytest.raises(MalformedAnswer, match="CSS_API_URL"):
            css.integrations()
