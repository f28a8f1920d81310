"""What the tests of the generation share: the committed inputs, fresh for each test."""

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
    """The committed published document."""
    return copy.deepcopy(_inputs()[0])


@pytest.fixture
def overlay() -> Any:
    """The committed overlay."""
    return copy.deepcopy(_inputs()[1])


@pytest.fixture
def site() -> Iterator[Site]:
    """A running site that publishes DOCUMENT."""
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()
