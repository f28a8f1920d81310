"""Read, check and write roles files: the YAML of roles as code.

Pure: it imports `people` and the wanted state in `plan.desired`. Start reading at `parser`, which turns a text into
a `Desired` or into all of its faults.
"""
