"""Make plans: the ordered steps from the observed to the wanted state. Check plans, save them, and read them.

Pure: apart from lower layers, it imports only `people`, `journal` and `state`. Start reading at `planner`, then
read `diff` for one environment and `preconditions` for the guards.
"""
