"""What the lab's toolbar tells in Chromium."""

HOSTILE = '<img src=x onerror="document.title = 1">'
FAR = ".far:not(:empty)"
SCREENS = [(1280, "light"), (390, "dark")]
"""A width, by which things have their places, and a scheme, by which they have their colours."""


def told(page, words):
    """Wait until the toolbar tells something."""
    page.wait_for_selector(f'.far:has-text("{words}")')
