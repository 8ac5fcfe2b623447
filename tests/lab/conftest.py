"""The lab's page, opened in Chromium."""

import numpy as np
import pytest
from in_chromium import FAR, HOSTILE

from gradum.lab.page import lab_page
from gradum.lab.table import lab_table


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The page with its own tables, and one with a table that has hostile names."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "lab.html").write_text(lab_page(), encoding="utf-8")
    x = np.random.default_rng(0).normal(size=40)
    level = np.where(x > 0, "<b>high</b>", "low")
    table = lab_table({HOSTILE: x, "level": level, "y": np.where(x > 0.5, HOSTILE, "no")}, "y")
    (folder / "hostile.html").write_text(lab_page(table), encoding="utf-8")
    return folder


@pytest.fixture
def lab(browser, files):
    """Open a page at an address; its errors and requests fail the test."""
    contexts, wrong = [], []

    def open_page(hash="", file="lab.html", width=1280, **more):
        context = browser.new_context(viewport={"width": width, "height": 900}, **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on(
            "request",
            lambda asked: (
                None if asked.url.startswith(("file:", "blob:")) else wrong.append(asked.url)
            ),
        )
        page.goto((files / file).as_uri() + hash)
        page.wait_for_selector(FAR)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
