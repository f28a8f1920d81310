"""Read, check and write roles files: YAML files that describe roles, composites and members ("roles as code").

Pure: it makes no requests, and may import `people` and `plan`. Start reading at `parser`, which converts a text to a
wanted state (`plan.desired.Desired`), or reports all faults of the text.
"""
