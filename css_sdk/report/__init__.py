"""Report who has what: rows, CSV, Markdown and the HTML page with its graphs; and a plan as an HTML page.

Pure: it imports `people`, `plan`, `state` and lower layers. Start reading at `rows`.
"""
