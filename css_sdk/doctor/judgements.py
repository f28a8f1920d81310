"""Decide whether addresses, answers and the clock are right, and say what to do if they are not. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from .._service.addresses import API_URL, TOKEN_URL
from .._text.json_text import parsed_json
from ..settings import Settings
from .diagnosis import Check

MOST_SECONDS: Final = 60.0
"""The largest accepted difference between the clocks of this machine and of a server, in seconds."""
_ACCOUNT: Final = re.compile(r"service-account-team-\d+-\d+")
_TOKEN_PATH: Final = "/protocol/openid-connect/token"  # noqa: S105
_ENVIRONMENTS: Final = ("dev", "test")


def is_account(client_id: str) -> bool:
    """Return whether a client id looks like that of an API account.

    >>> is_account("service-account-team-2016-9001"), is_account("grants-portal-101")
    (True, False)
    """
    return _ACCOUNT.fullmatch(client_id) is not None


def judge_credentials(settings: Settings) -> Check:
    """Return the check of complete credentials: where they are set, and a warning if the client id looks wrong."""
    if settings.file:
        where = f"The file {settings.file} holds the credentials"
    elif settings.source == "process":
        where = "The command in credential_process printed the credentials"
    else:
        where = f"{settings.name_of('client_id')} and {settings.name_of('client_secret')} are set"
    if settings.profile is not None:
        where = f"Profile {settings.profile!r} is used. {where}"
    if is_account(settings.client_id):
        return Check("credentials", "ok", f"{where}. The client id is {settings.client_id}.")
    return Check(
        "credentials",
        "warning",
        f"{where}, but the client id does not look like one of an API account (service-account-team-…), so it is not "
        f"shown. Check that you did not swap the client id and the secret, and that they are not those of an "
        f"integration.",
    )


def judge_addresses(settings: Settings) -> Check:
    """Return the check of the addresses: whether the service and the login server can belong together."""
    api, token = (urlsplit(address) for address in (settings.api_url, settings.token_url))
    public_api, public_login = (str(urlsplit(address).hostname) for address in (API_URL, TOKEN_URL))
    name = settings.name_of("token_url")
    if token.hostname in [f"{environment}.{public_login}" for environment in _ENVIRONMENTS]:
        message = (
            f"The token address ({name}) is at {token.hostname}. API accounts log in at the prod login server "
            f"({public_login}), also to manage dev and test. Set the token address to {TOKEN_URL}."
        )
        return Check("addresses", "wrong", message)
    if (api.hostname == public_api) != (token.hostname == public_login):
        message = (
            f"The service is at {api.hostname}, the login server at {token.hostname}. Check that "
            f"{settings.name_of('api_url')} and {name} belong together."
        )
        return Check("addresses", "warning", message)
    return Check("addresses", "ok", f"Service: {settings.api_url}. Login server: {issuer_of(settings.token_url)}.")


def issuer_of(token_url: str) -> str:
    """Return the address of the realm to which a token address belongs.

    If the token address is not one of Keycloak, return it without its query.

    >>> issuer_of("https://loginproxy.gov.bc.ca/auth/realms/standard/protocol/openid-connect/token")
    'https://loginproxy.gov.bc.ca/auth/realms/standard'
    """
    return token_url.partition("?")[0].removesuffix(_TOKEN_PATH)


def discovery_of(issuer: str) -> str:
    """Return the address of an issuer's discovery document, in which the login server describes itself."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def other_login_servers(token_url: str) -> dict[str, str]:
    """Return the issuers of dev and test by environment. For a login server that is not public, return none.

    >>> other_login_servers(TOKEN_URL)["dev"]
    'https://dev.loginproxy.gov.bc.ca/auth/realms/standard'
    """
    if token_url != TOKEN_URL:
        return {}
    return {environment: issuer_of(TOKEN_URL).replace("//", f"//{environment}.") for environment in _ENVIRONMENTS}


def fault_of_discovery(status: int, content: bytes) -> str:
    """Return what is wrong with an answer that should hold a discovery document; "" if nothing is wrong.

    The result is the end of a sentence, without its full stop.

    >>> fault_of_discovery(200, b'{"issuer": "https://login.example"}')
    ''
    """
    if status >= 500:
        return f"the answer is {status}. This is a fault of the login server. Try again later"
    if status == 404:
        return "the server does not know this realm (404). Check the address"
    found = parsed_json(content)
    if status == 200 and isinstance(found, Mapping) and "issuer" in found:
        return ""
    return (
        f"the answer ({status}) is not from a login server. A proxy or a firewall may have sent it. "
        f"Check the address and the proxy variables"
    )


def is_heartbeat(content: bytes) -> bool:
    """Return whether an answer is that of the CSS API to `GET /heartbeat`.

    >>> is_heartbeat(b'[{"now": "2026-11-28T22:00:00.000Z"}]'), is_heartbeat(b"<html>")
    (True, False)
    """
    found = parsed_json(content)
    return isinstance(found, list) and bool(found) and isinstance(found[0], Mapping) and "now" in found[0]


def judge_clock(ahead: float | None) -> Check:
    """Return the check whether the clocks of this machine and of the servers differ by at most 60 seconds.

    `ahead` is negative if this machine's clock is behind. It is None if no server sent a time.

    >>> judge_clock(-600.0).state, judge_clock(2.0).state
    ('wrong', 'ok')
    """
    if ahead is None:
        return Check("clock", "skipped", "No server sent its time.")
    if abs(ahead) <= MOST_SECONDS:
        return Check("clock", "ok", "It agrees with the servers' clock.")
    direction = "ahead of" if ahead > 0 else "behind"
    return Check(
        "clock",
        "wrong",
        f"The clock of this machine is {abs(ahead):.0f} seconds {direction} the servers' clock. Because of "
        f"this, tokens can be refused as expired or not yet valid. Set the clock, best by time synchronization (NTP).",
    )
