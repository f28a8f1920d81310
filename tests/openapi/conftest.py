"""Fixtures of the generation tests: fresh copies of the committed inputs, and a web server."""

from __future__ import annotations

import copy
import functools
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from openapi import prepare
from tests.openapi.swagger_site import Site


@functools.cache
def _inputs() -> tuple[Any, Any]:
    return json.loads(prepare.PUBLISHED.read_text("utf-8")), yaml.safe_load(prepare.OVERLAY.read_text("utf-8"))


@pytest.fixture
def published() -> Any:
    """Return a copy of the committed published document."""
    return copy.deepcopy(_inputs()[0])


@pytest.fixture
def overlay() -> Any:
    """Return a copy of the committed overlay."""
    return copy.deepcopy(_inputs()[1])


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
