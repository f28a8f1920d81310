"""Read journals: files that record what was written to the service, with a line before and after each write.

Pure: it imports `state` and lower layers. `_http.journal_writer` writes journals. Start reading at `entries`.
"""
