"""Headless Chromium over a folder of built pages: finding it, serving the pages, watching them."""

import contextlib
import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Path of an installed Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log line each."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a failed request is a finding of the page that made it."""


@contextlib.contextmanager
def serve(root: Path) -> Iterator[str]:
    """Address of a local server for ``root`` on a free port."""
    handler = functools.partial(QuietHandler, directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def launch(executable: str) -> Iterator[Any]:
    """A Chromium driven by playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """Collects what a page complains about: console errors, failed and foreign requests."""

    def __init__(self, page: Any, base: str) -> None:
        self.base = base
        self.findings: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.findings.append(f"script error: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.findings.append(f"console error: {message.text}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.findings.append(f"request outside the book: {request.url[:100]}")

    def _failed(self, request: Any) -> None:
        self.findings.append(f"failed request: {request.url[:100]} ({request.failure})")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.findings.append(f"failed request: {response.url[:100]} ({response.status})")

    def take(self) -> list[str]:
        """The findings since the last call."""
        taken, self.findings = self.findings, []
        return taken
