"""How Sphinx builds the documentation. `make docs` writes it to docs/_build/html."""

from __future__ import annotations

import re

from click import Context
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

import css_sdk
from css_sdk import __version__, errors

project = "css-sdk"
author = "css-sdk maintainers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]
exclude_patterns = ["_build"]
default_role = "code"
smartquotes = False
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
add_module_names = False

html_theme = "furo"
html_title = f"css-sdk {version}"
html_show_sphinx = False
html_copy_source = False
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["site.css"]


def plain(_: Sphinx, __: Context, lines: list[str]) -> None:
    """Escape what reStructuredText would read as markup: help texts are plain."""
    for number, line in enumerate(lines):
        start, text = ("| ", line[2:]) if line.startswith("| ") else ("", line)
        if not line.strip().startswith(("..", ":")):
            lines[number] = start + re.sub(r"([*_`|\\])", r"\\\1", text)


ON_PAGES_OF_THEIR_OWN = {"__version__", "AsyncCss", "AsyncEnvironmentClient", "AsyncIntegrationClient"}


def list_public_names(_: Sphinx, page: str, source: list[str]) -> None:
    """Document every public name that no other directive of the page documents, in alphabetical order."""
    if page != "reference/python":
        return
    names = [
        name
        for name in css_sdk.__all__
        if not hasattr(errors, name) and name not in ON_PAGES_OF_THEIR_OWN and f"css_sdk.{name}\n" not in source[0]
    ]
    directives = [
        f".. autoclass:: css_sdk.{name}\n   :members:\n"
        if isinstance(getattr(css_sdk, name), type)
        else f".. autofunction:: css_sdk.{name}\n"
        for name in names
    ]
    source[0] = source[0].replace(".. every other public name", "\n".join(directives))


def setup(app: Sphinx) -> None:
    """Show commands and CSV as plain text, and help texts as they are."""
    app.add_lexer("console", TextLexer)
    app.add_lexer("csv", TextLexer)
    app.connect("source-read", list_public_names)
    for part in ("description", "options", "arguments", "epilog"):
        app.connect(f"sphinx-click-process-{part}", plain)
