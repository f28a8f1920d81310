"""Report who has what: rows, CSV, Markdown and the HTML page with its graphs; and a plan as an HTML page.

Pure: it imports `people`, `plan.impact` and `state`. Start reading at `rows`.
"""
