"""Answer the calls of the CSS API as the service does.

This package may import `login`, `world` and the modules directly in `css_sdk.sandbox`. Start reading at `api`, which
turns a request into a call. `routing` lists the calls. `roles`, `members`, `searches`, `logs` and `integrations` answer
them.

The docstrings shorten paths: `I` is `/integrations/{integration}`, `E` an environment, `R` and `C` the names of roles,
and `U` a username.
"""
