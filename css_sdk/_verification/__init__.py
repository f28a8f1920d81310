"""Decide which answers verify a write, and what an attempt without an answer may still do.

Pure: this package imports only `state`. Start reading at `verdicts`. Its table decides about every write.
"""
