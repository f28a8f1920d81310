"""Make plans, the ordered steps from the observed to the wanted state. Check plans, and write and read their files.

Pure: beside lower layers, it imports only `people`, `journal` and `state`. Start reading at `planner`, then `diff` for
one environment and `preconditions` for the guards.
"""
