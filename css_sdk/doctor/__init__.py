"""Find out why css-sdk does not work on this machine, and say what to do.

This package may import the synchronous client, `systems` and everything below them, but not the command line.
Start reading at `examination.diagnose`; `diagnosis` holds the result and its text, `machine` reads what is installed
and which variables are set, and `judgements` decides what an answer or a clock means.
"""
