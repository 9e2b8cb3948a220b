"""The picture of the report that the README shows: what was discovered, and the table of genes.

python -m tests.report.picture results/demo/report.html docs/images/report.png
"""

import argparse
import base64
import shutil
import sys
from pathlib import Path

from tests.report.browser import Browser

WIDTH, HEIGHT = 1280, 870 / 0.8  # of the part that is shown, in pixels of the page
# what lies between is of other sections
BETWEEN = """
const [from, to] = ["discoveries", "genes"].map((id) => document.getElementById(id));
for (const figure of from.querySelectorAll("h3, figure")) figure.remove();
from.scrollIntoView();
return from.getBoundingClientRect().top + scrollY;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("picture", type=Path)
    given = parser.parse_args()
    paths = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if None in paths:
        sys.exit("error: this takes chromium and chromedriver (Debian: chromium chromium-driver)")
    browser = Browser(*paths)
    browser.open(given.report.resolve(), WIDTH)
    clip = {"x": 24, "y": browser.ask(BETWEEN) + 8, "width": WIDTH - 48, "height": HEIGHT}
    shot = browser.driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {**clip, "scale": 0.8}}
    )
    given.picture.write_bytes(base64.b64decode(shot["data"]))
    browser.close()


if __name__ == "__main__":
    main()
