"""Report who has what: rows, CSV, Markdown and the HTML page.

Pure: it imports `people`, `plan.impact` and `state`. Start reading at `rows`.
"""
