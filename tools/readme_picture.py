"""The README's picture: the front page of the built book in headless Chromium, as a small PNG.

python tools/readme_picture.py _build/html
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

TARGET = Path(__file__).resolve().parent.parent / "book" / "picture.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(html: str) -> int:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"needs one of {', '.join(BROWSERS)}; install Debian's chromium")
        return 1
    page_file = Path(html).resolve() / "book" / "index.html"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = chromium.new_page(viewport={"width": 1200, "height": 1180})
        page.goto(page_file.as_uri())
        page.wait_for_selector("mjx-container")
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        chromium.close()
    picture.quantize(192).save(TARGET, optimize=True)
    print(f"wrote {TARGET.name}, {TARGET.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: readme_picture.py BUILT_HTML_FOLDER")
    sys.exit(main(sys.argv[1]))
