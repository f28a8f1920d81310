"""Fixtures of the generation tests: fresh copies of the committed inputs, and a web server."""

from __future__ import annotations

import functools
import json
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from openapi import prepare
from tests.openapi.swagger_site import Site


@functools.cache
def _inputs() -> tuple[bytes, bytes]:
    """Return both inputs pickled, because that is the fastest way to copy them."""
    published = json.loads(prepare.PUBLISHED.read_text("utf-8"))
    return pickle.dumps(published), pickle.dumps(yaml.safe_load(prepare.OVERLAY.read_text("utf-8")))


@pytest.fixture
def published() -> Any:
    """Return a copy of the committed published document."""
    return pickle.loads(_inputs()[0])  # noqa: S301


@pytest.fixture
def overlay() -> Any:
    """Return a copy of the committed overlay."""
    return pickle.loads(_inputs()[1])  # noqa: S301


@pytest.fixture
def site() -> Iterator[Site]:
    """Return a running web server that publishes DOCUMENT."""
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()
