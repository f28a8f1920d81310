"""Check rules of the CSS API that its document leaves out: names, lengths, environments, log windows.

Pure: it imports `errors` and `models` alone. The facts are those of the running service. Start reading at
`identifiers`, which checks role names and usernames.
"""
