"""What the lab's toolbar tells in Chromium."""

HOSTILE = '<img src=x onerror="document.title = 1">'
FAR = ".far:not(:empty)"


def told(page, words):
    """Wait until the toolbar tells something."""
    page.wait_for_selector(f'.far:has-text("{words}")')
