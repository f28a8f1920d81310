"""Find the settings of a user: profiles in the user's own config file, and defaults of a project.

This package may import `settings`, `_service`, `_text` and `errors`. Start reading at `sources.find_settings`.
"""
