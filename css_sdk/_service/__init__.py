"""Check the rules of the CSS API that its published document leaves out: names, lengths, environments, log windows.

Pure: this package imports only `errors`, `models` and `_text`. The rules are those of the running service. Start
reading at `identifiers`, which checks role names and usernames.
"""
