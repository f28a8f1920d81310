"""Check this machine: versions, extras, and the variables for proxies and certificates."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Final
from urllib.parse import unquote, urlsplit

from .._version import __version__
from ..settings import Secret
from .diagnosis import Check

_PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OF_OTHER_LIBRARIES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_EXTRA: Final = re.compile(r"""\s*([\w.-]+)[^;]*;.*\bextra\s*==\s*['"]([\w.-]+)['"]""")


def check_versions() -> Check:
    """Return the versions of css-sdk, Python, the libraries that matter, and the operating system."""
    libraries = ", ".join(f"{name} {_version(name)}" for name in ("httpx", "anyio", "click"))
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Check("versions", "ok", f"css-sdk {__version__}, Python {platform.python_version()}, {libraries}, {system}")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(version unknown)"


def check_extras(needed: Iterable[str] = ()) -> Iterator[Check]:
    """Check that the packages of the extras are installed.

    A missing package is wrong if its extra is needed. Otherwise it is a warning.

    Args:
        needed: names of extras.
    """
    try:
        requirements = metadata.requires("css-sdk") or []
    except metadata.PackageNotFoundError:
        requirements = []
    extras: dict[str, list[str]] = {}
    for package, extra in (found.groups() for found in map(_EXTRA.match, requirements) if found):
        if extra != "all":  # the extra `all` contains the packages of the other extras
            extras.setdefault(extra, []).append(package)
    missing = {extra: [each for each in packages if not _is_installed(each)] for extra, packages in extras.items()}
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


def _is_installed(package: str) -> bool:
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def check_variables(environ: Mapping[str, str]) -> Iterator[Check]:
    """Check the variables that httpx reads: for proxies and for certificates.

    Args:
        environ: the variables of the process.
    """
    described = []
    for name, value in _set(_PROXIES, environ).items():
        address = _without_user(value)
        if not address:
            message = f"{name} is not the address of a proxy. A valid address looks like http://proxy.example:8080."
            yield Check("proxy variables", "wrong", message)
        described.append(f"{name} is {address or 'not valid'}")
    described += [f"{name} is {value}" for name, value in _set(("NO_PROXY",), environ).items()]
    yield Check("proxy variables", "ok", "; ".join(described) or "None are set.")
    certificates = _set(_CERTIFICATES, environ)
    for name, value in certificates.items():
        if not os.path.exists(value):  # noqa: PTH110 - a path may be too long for Path
            yield Check(
                "certificate variables", "wrong", f"{name} is {value}, which does not exist. Correct it or unset it."
            )
    unread = _set(_OF_OTHER_LIBRARIES, environ)
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
    """Return the users and passwords in addresses of proxies."""
    secrets = []
    for value in _set(_PROXIES, environ).values():
        user, at, _ = value.rpartition("@")
        if at:
            parts = user.rpartition("//")[2].split(":", 1)
            secrets += [Secret(text) for part in parts for text in (part, unquote(part)) if text]
    return secrets


def _set(names: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set, under their names in capital or small letters."""
    both = [each for name in names for each in (name, name.lower())]
    return {name: environ[name] for name in both if environ.get(name)}


def _without_user(address: str) -> str:
    """Return the address of a proxy without user and password; "" if it is not valid."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if not host or parts.scheme not in _SCHEMES:
        return ""
    shown = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    return f"{shown} (with user and password)" if parts.username else shown
