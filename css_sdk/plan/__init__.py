"""Compare the wanted state with the observed one: the ordered steps, who loses what, the guards, plan files, undo.

Pure: it imports `people`, `journal` and `state`. Start reading at `planner`, then `diff` for one environment and
`preconditions` for the guards.
"""
