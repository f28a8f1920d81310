"""A web server on loopback with a Swagger UI page, whose answers a test can change."""

from __future__ import annotations

import http.server
import json
from typing import Any

PAGE = '<!DOCTYPE html><html><head></head><body><script src="./swagger-ui-init.js"> </script></body></html>'
DOCUMENT = {
    "openapi": "3.0.0",
    "info": {"title": 'A "quoted" {title}', "description": '}; "swaggerDoc": {"openapi": 1} </script> \\" ü 🎉'},
    "paths": {"/integrations": {"get": {"description": "'};\n  url = options.swaggerUrl || url"}}},
}


def script(document: Any, before: str = "", name: str = "options") -> str:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return (
        'window.onload = function() {\n  // "swaggerDoc": stands below\n  var url = window.location.search;\n'
        f'  var {name} = {{\n  {before}"swaggerDoc": {text},\n  "customOptions": {{}}\n}};\n'
        "  url = options.swaggerUrl || url\n  var ui = SwaggerUIBundle(options)\n}\n"
    )


class Site:
    """A web server on loopback that answers from a table of path to status, type or location, and body."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str, str]] = {
            "/openapi/swagger": (301, "/openapi/swagger/", ""),
            "/openapi/swagger/": (200, "text/html; charset=utf-8", PAGE),
            "/openapi/swagger/swagger-ui-init.js": (200, "application/javascript", script(DOCUMENT)),
        }
        self.asked: list[str] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                status, kind, body = site.answers.get(self.path, (404, "text/html", "<html>"))
                self.send_response(status)
                self.send_header("Location" if status == 301 else "Content-Type", kind)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/openapi/swagger"
