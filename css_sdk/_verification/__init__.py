"""Decide which answers verify a write, and what an attempt without an answer may still do. Pure.

Start reading at `verdicts`. Its table decides about every write.
"""
