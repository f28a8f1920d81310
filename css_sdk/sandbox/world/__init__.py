"""Hold what exists. The API can change roles and grants. It cannot change teams, integrations and people.

This package may import only the modules directly in `css_sdk.sandbox`. Start reading at `world`, which explains a world
file. `state` explains a state file, and `generator` makes up a world.
"""
