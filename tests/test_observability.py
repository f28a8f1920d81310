"""The example that feeds OpenTelemetry and Prometheus, and the placeholders in the paths of requests."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from css_sdk import AsyncCss, ConfigurationError, Css, Grant, SentRequest, Settings
from css_sdk._service.path_templates import path_template
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, at_once, usernames

ROOT = Path(__file__).resolve().parent.parent
ROLES = "/integrations/{integration_id}/{environment}/users/{username}/roles"


def example() -> ModuleType:
    """Return the example as a module."""
    spec = importlib.util.spec_from_file_location("observability", ROOT / "examples" / "observability.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_makes_spans_and_measurements(sandbox: Sandbox, settings: Settings) -> None:
    """The example makes a span for each request below the caller's span, and measurements, without usernames."""
    pytest.importorskip("opentelemetry.sdk", reason="make setup installs it")
    pytest.importorskip("prometheus_client", reason="make setup installs it")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from prometheus_client import CollectorRegistry, generate_latest

    spans, registry, provider = InMemorySpanExporter(), CollectorRegistry(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracer = provider.get_tracer("test")
    observe = example().observing(tracer, registry)
    people = usernames(sandbox, 6)
    with Css(settings, transport=sandbox.transport(), on_request=observe, retry=at_once) as css:
        sandbox.faults.add("500_before", path="/integrations", times=1)
        with tracer.start_as_current_span("the caller") as caller:
            dev = css.integration(GRANTS_PORTAL).environment("dev")
            dev.bulk.assign_many([Grant(person, "approver") for person in people])
    found = {span.name: span for span in spans.get_finished_spans()}
    requests = [span for span in spans.get_finished_spans() if span.name != "the caller"]
    assert len(requests) == len(sandbox.requests)
    assert {span.parent and span.parent.span_id for span in requests} == {caller.get_span_context().span_id}
    assert found[f"POST {ROLES}"].attributes == {
        "http.request.method": "POST",
        "url.template": ROLES,
        "http.request.resend_count": 0,
        "http.response.status_code": 201,
    }
    failed = [span for span in requests if not span.status.is_ok and span.status.status_code.name == "ERROR"]
    assert [(span.attributes or {})["error.type"] for span in failed] == ["500"]
    measured = generate_latest(registry).decode()
    assert f'css_request_seconds_count{{method="POST",path="{ROLES}",status="201"}} 6.0' in measured
    everything = measured + "".join(span.to_json() for span in requests)
    assert not [person for person in people if person.partition("@")[0] in everything]


@pytest.mark.parametrize("kind", [Css, AsyncCss])
def test_a_hook_that_would_not_be_awaited_is_refused(kind: Any, settings: Settings) -> None:
    """A coroutine function as `on_request=` would never run, so a client refuses it when it is made."""

    async def see(request: SentRequest) -> None: ...

    with pytest.raises(ConfigurationError, match=r"on_request= is a coroutine function, which is never awaited\."):
        kind(settings, on_request=see)
    with pytest.raises(ConfigurationError, match=r"on_request= must be a function"):
        kind(settings, on_request=5)


def documented_paths() -> list[str]:
    """Return the paths in the published document."""
    return list(json.loads((ROOT / "openapi" / "css-api.json").read_text(encoding="utf-8"))["paths"])


@pytest.mark.parametrize("documented", documented_paths())
def test_path_templates_have_the_placeholders_of_the_document(documented: str) -> None:
    """The template of a path has its placeholders exactly where the published document has them."""
    values = {"{integrationId}": "101", "{environment}": "prod"}
    path = re.sub(r"\{\w+\}", lambda found: values.get(found[0], "someone%40idir"), documented)
    assert re.sub(r"\{\w+\}", "{}", path_template(path)) == re.sub(r"\{\w+\}", "{}", documented)
