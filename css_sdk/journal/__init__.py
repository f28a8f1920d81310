"""Read journals: files that record all writes to the service, with a line before each write and one after it.

Pure: it imports `state` and lower layers. `_http.journal_writer` writes journals. Start reading at `entries`.
"""
