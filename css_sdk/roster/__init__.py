"""Read rosters, tables of who must have which role where, and say what became of each row.

Pure: it imports `people` and `plan`. Start reading at `rows`; `formats` reads CSV and JSON lines, and `exact` plans
what a roster that names everybody does to each role.
"""
