"""Read rosters, tables of who must have which role where, and say what became of each row.

Pure: it imports `people` and the guards of `plan`. Start reading at `rows`; `formats` reads CSV and JSON lines, and
`matching` says whom and where a row means.
"""
