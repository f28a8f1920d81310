"""Check this machine: versions, extras, and the variables for proxies and certificates."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Final
from urllib.parse import unquote

from .._http.clients import set_variables
from .._http.exchanges import shown_proxy
from .._version import __version__
from ..settings import Secret
from .diagnosis import Check

_PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OF_OTHER_LIBRARIES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_EXTRA: Final = re.compile(r"""\s*([\w.-]+)[^;]*;.*\bextra\s*==\s*['"]([\w.-]+)['"]""")


def check_versions() -> Check:
    """Return a check that lists the versions of css-sdk, Python, some libraries and the operating system."""
    libraries = ", ".join(f"{name} {_version(name) or '(version unknown)'}" for name in ("httpx", "anyio", "click"))
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Check("versions", "ok", f"css-sdk {__version__}, Python {platform.python_version()}, {libraries}, {system}")


def _version(package: str) -> str | None:
    """Return the version of a package; None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def check_extras(needed: Iterable[str] = ()) -> Iterator[Check]:
    """Yield checks whether the packages of the extras are installed.

    A needed extra that is missing or unknown is `wrong`. All other missing extras share one warning.
    """
    try:
        requirements = metadata.requires("css-sdk") or []
    except metadata.PackageNotFoundError:
        requirements = []
    extras: dict[str, list[str]] = {}
    for package, extra in (found.groups() for found in map(_EXTRA.match, requirements) if found):
        if extra != "all":  # the extra `all` contains the packages of the other extras
            extras.setdefault(extra, []).append(package)
    missing = {extra: [each for each in packages if _version(each) is None] for extra, packages in extras.items()}
    for extra in dict.fromkeys(needed):
        if extra not in extras:
            known = ", ".join(sorted(extras)) or "none"
            yield Check("extras", "wrong", f"There is no extra {extra!r}. The extras of css-sdk are: {known}.")
    absent = {extra: f"{extra} ({', '.join(packages)})" for extra, packages in missing.items() if packages}
    for extra in absent.keys() & {*needed}:
        command = f'pip install "css-sdk[{extra}]"'
        yield Check("extras", "wrong", f"The extra {absent.pop(extra)} is not installed. Run: {command}")
    if absent:
        command = f'pip install "css-sdk[{next(iter(absent))}]"'
        message = f"Not installed: {', '.join(absent.values())}. If you need one, install it, for example: {command}"
        yield Check("extras", "warning", message)
    if not any(missing.values()):
        yield Check("extras", "ok", f"Installed: {', '.join(sorted(extras)) or 'css-sdk without extras'}")


def check_variables(environ: Mapping[str, str]) -> Iterator[Check]:
    """Yield checks of the variables for proxies and certificates that httpx reads."""
    described = []
    for name, value in set_variables(_PROXIES, environ).items():
        address = shown_proxy(value)
        if not address:
            message = f"{name} is not the address of a proxy. A valid address looks like http://proxy.example:8080."
            yield Check("proxy variables", "wrong", message)
        secret = " (with user and password)" if address and "@" in value else ""
        described.append(f"{name} is {address or 'not valid'}{secret}")
    described += [f"{name} is {value}" for name, value in set_variables(("NO_PROXY",), environ).items()]
    yield Check("proxy variables", "ok", "; ".join(described) or "None are set.")
    certificates = set_variables(_CERTIFICATES, environ)
    for name, value in certificates.items():
        if not os.path.exists(value):  # noqa: PTH110 - a path may be too long for Path
            yield Check(
                "certificate variables", "wrong", f"{name} is {value}, which does not exist. Correct it or unset it."
            )
    unread = set_variables(_OF_OTHER_LIBRARIES, environ)
    if unread and not certificates:
        name, value = next(iter(unread.items()))
        yield Check(
            "certificate variables",
            "warning",
            f"{name} is set, but css-sdk does not read it. Set SSL_CERT_FILE to {value}.",
        )
    else:
        shown = "; ".join(f"{name} is {value}" for name, value in certificates.items())
        yield Check("certificate variables", "ok", shown or "None are set: css-sdk trusts the usual authorities.")


def proxy_secrets(environ: Mapping[str, str]) -> list[Secret]:
    """Return the users and passwords in the addresses of proxies, as written and percent-decoded."""
    secrets = []
    for value in set_variables(_PROXIES, environ).values():
        user, at, _ = value.rpartition("@")
        if at:
            parts = user.rpartition("//")[2].split(":", 1)
            secrets += [Secret(text) for part in parts for text in (part, unquote(part)) if text]
    return secrets
