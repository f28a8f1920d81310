"""Read rosters, tables of who must have which role where, and report the result of each row.

Pure: it imports `people` and `plan`. Start reading at `rows`. `formats` reads all forms of rosters, such as CSV and
JSON. `exact` plans who gains and who loses each role of an exact roster.
"""
