"""Read journals: what was written to the service, a line before each write and one after it.

Pure: it imports `state` and `errors`. `_http.journal_writer` writes them. Start reading at `entries`.
"""
