"""Serve the Swagger page, and the script that holds the published document of the API."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

from ..api.routing import BASE
from ..http import Request, Response, not_found_page, page
from ..login.login import origin

PATH: Final = "/openapi/swagger"
SCRIPT: Final = "swagger-ui-init.js"
PAGE: Final = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Swagger UI</title>
</head>
<body>
<div id="swagger-ui"></div>
<script src="./{SCRIPT}"></script>
</body>
</html>
"""


def answer(request: Request, path: str) -> Response:
    """Answer a request for the page or its script. Answer 404 to any other request."""
    if request.method not in ("GET", "HEAD"):
        return not_found_page(request)
    if not path:
        redirect = page(301, f"Redirecting to {PATH}/")
        return redirect.with_headers({"location": f"{PATH}/"})
    if path == "/":
        return Response(200, {"content-type": "text/html; charset=utf-8"}, PAGE.encode())
    if path == f"/{SCRIPT}":
        return Response(
            200, {"content-type": "application/javascript; charset=utf-8"}, script(origin(request)).encode()
        )
    return not_found_page(request)


def script(address: str) -> str:
    """Return the script of the page. Its JavaScript constant `options` holds the published document."""
    text = json.dumps(document(address), indent=2, ensure_ascii=False)
    options = f'{{\n"swaggerDoc": {text},\n"customOptions": {{}}\n}}'
    return f"window.onload = function () {{\n  const options = {options};\n}};\n"


def document(address: str) -> dict[str, Any]:
    """Return the published document, with the addresses of the sandbox instead of the service's."""
    found: dict[str, Any] = json.loads(files(__package__).joinpath("published.json").read_text(encoding="utf-8"))
    found["servers"] = [{"url": address + BASE}]
    schemes = found.get("components", {}).get("securitySchemes", {})
    for scheme in schemes.values():
        for flow in scheme.get("flows", {}).values():
            flow["tokenUrl"] = f"{address}{BASE}/token"
    return found
