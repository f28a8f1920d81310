"""Do all input and output, written once, for `AsyncCss`. `css_sdk._sync` is generated from it for `Css`.

It may import everything but `cli` and `testing`, and no library that serves only one of the two clients. Start reading
at `client`, then `wire`, through which every request goes.
"""
