"""Make texts safe to show and files safe to read: escaping for terminals, decoding, tables.

Pure: this package imports only `errors`. Start reading at `escaping`.
"""
