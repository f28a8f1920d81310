"""Find the settings of a user: profiles in the user's own config file, and defaults of a project.

This package may import `settings`, `_service`, `_text` and `errors`. It reads files, and runs the command of a profile.
Start reading at `sources.find_settings`; `profiles` says what the files may hold, `files` finds and reads them, and
`process` runs the command that prints credentials.
"""
