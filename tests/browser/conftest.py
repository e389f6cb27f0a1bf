"""`show`: a report's page in Debian's headless Chromium. Without the browser: a failure when CI is set, else a skip
that says what to type.

The driver keeps an event loop running in this thread as long as it is open, so it lives for one module only and all its
tests stay on one worker (tests/conftest.py).
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
TOOLS = ("pdftotext", "pdfinfo")
Show = Callable[..., Any]


def lacking() -> list[str]:
    found = [] if any(shutil.which(name) for name in NAMES) else [NAMES[0]]
    return found + [tool for tool in TOOLS if not shutil.which(tool)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if gaps := lacking():
        text = f"NO BROWSER: missing {', '.join(gaps)}; as root: tests/browser/install.sh (Debian), then make test"
        if os.environ.get("CI"):
            pytest.fail(text, pytrace=False)
        pytest.skip(text)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        path = next(path for name in NAMES if (path := shutil.which(name)))
        one = driver.chromium.launch(executable_path=path, timeout=0)  # a busy machine is late; pytest has the deadline
        yield one
        one.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Show]:
    """show(source, fragment="", **options of the context) -> the page. What it loads, logs or asks beyond itself stands
    in `page.trouble`."""
    contexts = []

    def opened(source: str, fragment: str = "", **options: Any) -> Any:
        file = tmp_path / f"report-{len(contexts)}.html"
        file.write_text(source, encoding="utf-8")
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        context.set_default_timeout(0)
        page = context.new_page()
        page.trouble = []
        page.on("console", lambda message: page.trouble.append(message.text))
        page.on("pageerror", lambda error: page.trouble.append(str(error)))
        page.on("dialog", lambda dialog: (page.trouble.append(dialog.message), dialog.dismiss()))
        page.on(
            "request",
            lambda request: (
                page.trouble.append(request.url) if request.url.partition("#")[0] != file.as_uri() else None
            ),
        )
        page.goto(file.as_uri() + fragment)
        return page

    yield opened
    for context in contexts:
        context.close()


def printed(page: Any, folder: Path) -> tuple[int, str]:
    """(pages, text) of the page on A4 paper, as another program reads it."""
    file = folder / "report.pdf"
    page.emulate_media(media="print")
    page.pdf(path=str(file), prefer_css_page_size=True, print_background=True)
    told = subprocess.run(["pdfinfo", str(file)], capture_output=True, text=True, check=True).stdout
    assert "(A4)" in told, told
    text = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True).stdout
    return int(told.partition("Pages:")[2].split()[0]), text
