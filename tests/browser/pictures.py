"""Make the pictures of the documentation: the report of a fresh sandbox, as Chromium shows it.

usage: python -m tests.browser.pictures
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from tests import pages
from tests.browser import chromium

REPORT = pages.DOCS / "pictures" / "report.png"
WIDTH, HEIGHT = 1280, 660


def main() -> int:
    """Write the picture of a report."""
    with tempfile.TemporaryDirectory() as folder, pages.beside(pages.DOCS / "index.md", Path(folder)):
        code, printed = pages.run(pages.Command("css report --output report.html", ""))
        if code:
            sys.exit(printed)
        browser = chromium.start()
        try:
            size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            browser.get(Path("report.html").absolute().as_uri())
            shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        finally:
            browser.quit()
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_bytes(base64.b64decode(shot["data"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
