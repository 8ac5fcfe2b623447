"""Where Chromium is, and what the lab's toolbar tells in it."""

import shutil

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HOSTILE = '<img src=x onerror="document.title = 1">'
FAR = ".far:not(:empty)"


def told(page, words):
    """Wait until the toolbar tells something."""
    page.wait_for_selector(f'.far:has-text("{words}")')
