"""Pages whose code runs: the program that runs them, and what they print beside what they show."""

import html
import importlib.util
import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
NUMBER = re.compile(r"[-−]?\d+(?:[.,]\d+)*(?:e[-−+]?\d+)?")

TAG = re.compile(r"<[^>]+>")


def text_of(page):
    """What a reader of a page sees: without its tags."""
    return html.unescape(TAG.sub("", page))


def script(name):
    """A program of the docs folder, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_says_the_same(printed, shown):
    """Word for word, and number for number up to what another processor's rounding may change."""
    words = [NUMBER.sub("0", text).split() for text in (printed, shown)]
    assert words[0] == words[1], "run python docs/chapters.py"
    both = [
        [float(each.replace("−", "-").replace(",", "")) for each in NUMBER.findall(text)]
        for text in (printed, shown)
    ]
    np.testing.assert_allclose(*both, rtol=0.05, atol=0.02)


def assert_page_shows(printed, shown):
    """Each block's output; the entry of the largest disagreement is a matter of the last bit."""
    for pair in zip(printed, shown, strict=True):
        lines = [
            "\n".join(line for line in text.splitlines() if "largest disagreement" not in line)
            for text in pair
        ]
        assert_says_the_same(*lines)
