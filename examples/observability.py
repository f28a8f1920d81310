"""Feed OpenTelemetry and Prometheus from `on_request`: a span and a measurement for each request.

Install opentelemetry-sdk and prometheus-client. Then pass the function to the client:

    Css.from_env(on_request=observing(trace.get_tracer("my-app"), REGISTRY))
"""

from __future__ import annotations

import time
from collections.abc import Callable

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from prometheus_client import CollectorRegistry, Histogram

from css_sdk import SentRequest


def observing(tracer: Tracer, registry: CollectorRegistry) -> Callable[[SentRequest], None]:
    """Return a function for `on_request` that makes a span of each request and measures it.

    Args:
        tracer: of OpenTelemetry. A span belongs to the span in which the client was called, also in worker threads.
        registry: of Prometheus. It gets the histogram `css_request_seconds`.
    """
    seconds = Histogram(
        "css_request_seconds", "Requests to CSS and its login server.", ("method", "path", "status"), registry=registry
    )

    def observe(request: SentRequest) -> None:
        seconds.labels(request.method, request.path, str(request.status or request.error)).observe(request.seconds)
        now = time.time_ns()
        span = tracer.start_span(
            f"{request.method} {request.path}",
            kind=SpanKind.CLIENT,
            start_time=now - int(request.seconds * 1e9),
            attributes={
                "http.request.method": request.method,
                "url.template": request.path,
                "http.request.resend_count": request.attempt - 1,
            },
        )
        if request.status is not None:
            span.set_attribute("http.response.status_code", request.status)
        if request.error is not None or (request.status or 0) >= 400:
            span.set_attribute("error.type", request.error or str(request.status))
            span.set_status(Status(StatusCode.ERROR))
        span.end(now)

    return observe
