"""Hold what exists: teams, integrations and people, which the API cannot change, and roles and grants, which it can.

It may import only the modules directly in `css_sdk.sandbox`. Start reading at `world`, which explains a world file.
`state` explains a state file, and `generator` makes up a world.
"""
