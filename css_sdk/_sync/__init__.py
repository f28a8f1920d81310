# Written from css_sdk/_async/__init__.py by `make generate`; edit that one.
"""All input and output, written here, once; `_sync` is its mirror."""
