"""Carry requests to the servers, let faults affect them, and offer the sandbox's own calls.

This package may import `api`, `login`, `world` and the modules directly in `css_sdk.sandbox`. Start reading at
`dispatch`. `fault_effects` is the only module that interprets faults. `control` lists the sandbox's own calls. `page`
shows the sandbox in a browser. `hosts` decides which names a server answers to.
"""
