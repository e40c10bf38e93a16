"""Takes the pictures of the documents anew, from the demo: `python -m docs.screens`.

Needs Chromium and the dev extra. Not checked against the code, as pictures of the same page differ
by the minute; take them again when a page has changed its looks.
"""

import io
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

IMAGES = Path(__file__).parent / "images"
PAGES = {"review": "/", "person": "/", "sources": "/sources", "digest": "/digests"}
OPENED = "app logged me out"  # words of the message that is looked at
ROOM = {"width": 1360, "height": 860}
COLOURS = 128
PAUSE_MS = 500
DEMO_FILLS_S = 45  # until the queue holds enough to look at


def main() -> None:
    with tempfile.TemporaryDirectory() as home, sync_playwright() as player:
        command = [sys.executable, "-m", "bot", "run", "--demo", "--home", home, "--port", "0"]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
        try:
            link = _link(running)
            time.sleep(DEMO_FILLS_S)
            _take_all(_browser(player), link)
        finally:
            running.terminate()
            running.wait()


def _browser(player: Playwright) -> Browser:
    """Open the machine's Chromium, or the one that playwright brought."""
    return player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


def _link(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    for line in running.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+/sign-in\?token=\S+", line):
            return found[0]
    raise SystemExit("the demo did not start")


def _take_all(browser: Browser, link: str) -> None:
    page = browser.new_page(viewport=ROOM)
    page.goto(link)
    page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    page.wait_for_url("**/")
    base = link.split("/sign-in", maxsplit=1)[0]
    for name, path in PAGES.items():
        page.goto(base + path)
        if path == "/":
            page.locator(".entry", has_text=OPENED).first.click()
            page.wait_for_timeout(PAUSE_MS)
        if name == "person":
            page.keyboard.press("p")
        page.wait_for_timeout(2 * PAUSE_MS)
        _keep(page, IMAGES / f"{name}.png")
    browser.close()


def _keep(page: Page, path: Path) -> None:
    """Write a small picture: few colours serve a page of text."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS).save(path, optimize=True)
    print(path.name, path.stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()
