"""Make texts safe to show and files safe to read: escaping for terminals, decoding, tables.

Pure: it imports `errors` alone. Start reading at `escaping`.
"""
