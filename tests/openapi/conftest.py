"""What the tests of the generation share: the committed inputs, fresh for each test."""

from __future__ import annotations

import copy
import functools
import json
from typing import Any

import pytest
import yaml

from openapi import prepare


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
