"""A real browser: Debian's Chromium, without a window, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class There:
    """Be an object of another thread: what is called here runs there, and what comes back stays there.

    Playwright keeps an event loop running in its thread for as long as it is started; no test that needs one of its own
    could run beside it.
    """

    def __init__(self, thing: Any, thread: ThreadPoolExecutor) -> None:
        self.thing = thing
        self.thread = thread

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            result = self.thread.submit(getattr(self.thing, name), *args, **options).result()
            return There(result, self.thread) if type(result).__module__.startswith("playwright") else result

        return call


@contextmanager
def chromium() -> Iterator[Any]:
    """Start it.

    Raises:
        LookupError: It cannot be started here; the message says why.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise LookupError("playwright is not installed (extra: dev)") from None
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if program is None:
        raise LookupError("Chromium is not installed (Debian: apt-get install chromium)")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with ThreadPoolExecutor(1) as thread:
        playwright = thread.submit(sync_playwright().start).result()
        try:
            try:
                browser = thread.submit(playwright.chromium.launch, executable_path=program, args=as_root).result()
            except Error as exc:
                raise LookupError(f"Chromium does not start: {exc.message.splitlines()[0]}") from None
            yield There(browser, thread)
            thread.submit(browser.close).result()
        finally:
            thread.submit(playwright.stop).result()


def close_tabs(browser: Any) -> None:
    """Close all tabs: each is a process, and draws on."""
    browser.thread.submit(lambda: [context.close() for context in browser.thing.contexts]).result()


def opened(browser: Any, page: Path, *, scheme: str, width: int = 1100) -> tuple[Any, list[str]]:
    """Open a file as a person does who double-clicks it; returns the tab, and everything it complained about."""
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: said.append(request.url) if not request.url.startswith("file:") else None)
    tab.goto(page.as_uri())
    return tab, said
