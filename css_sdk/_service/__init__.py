"""Hold what the published document of the CSS API leaves out: rules for requests, and the meaning of error answers.

Pure: this package imports only `errors`, `models` and `_text`. The rules are those of the running service. Start
reading at `identifiers`, which checks role names and usernames, or at `error_answers`.
"""
