"""Find out why css-sdk does not work on this machine, and say what to do.

This package may import the synchronous client, `systems` and everything below them, but not the command line.
Start reading at `examination.diagnose`. `diagnosis` holds the result and its text. `machine` checks what is installed
and which variables are set. `judgements` decides whether addresses, answers and the clock are right.
"""
