"""Chromium, in which pages are opened; without it, what asks for it is skipped."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser():
    driven = pytest.importorskip(
        "playwright.sync_api", reason="No playwright: see .ci/run for how to install it."
    )
    if CHROMIUM is None:
        pytest.skip("No Chromium: see .ci/run.")
    with driven.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
