"""Read rosters, and report the result of each row. A roster is a table of people who must have or lose roles.

Pure: it makes no requests, and may import `people`, `plan` and `state`. Start reading at `rows`, which defines a row.
`reading` reads rosters into rows, and `formats` knows the file formats. `exact` plans who gains and who loses each role
of an exact roster.
"""
