"""Do all input and output of `AsyncCss`. The package `css_sdk._sync`, for `Css`, is generated from this package.

This package may import everything except `cli` and `testing`. It imports no library that only one of the two clients
can use, such as asyncio. Start reading at `client`, then `wire`, through which every request goes.
"""
