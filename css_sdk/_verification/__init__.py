"""Decide which answers verify a write, and what an attempt without an answer may still do.

Pure: it imports `state` and `errors`. Start reading at `verdicts`, the table that every write is judged by.
"""
