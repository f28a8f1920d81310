"""Report who has what: rows, CSV, Markdown and the HTML page with its graphs.

Pure: it imports `people`, `plan.impact` and `state`. Start reading at `rows`.
"""
