"""The lab's page, opened in Chromium."""

import numpy as np
import pytest
from in_chromium import FAR, HOSTILE

from gradum.lab.page import lab_page
from gradum.lab.table import lab_table


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The page with its own tables, one with hostile names, and one with many inputs."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "lab.html").write_text(lab_page(), encoding="utf-8")
    x = np.random.default_rng(0).normal(size=40)
    level = np.where(x > 0, "<b>high</b>", "low")
    table = lab_table({HOSTILE: x, "level": level, "y": np.where(x > 0.5, HOSTILE, "no")}, "y")
    (folder / "hostile.html").write_text(lab_page(table), encoding="utf-8")
    (folder / "wide.html").write_text(lab_page(lab_table(wide(), "y")), encoding="utf-8")
    return folder


def wide():
    """Twelve columns, 16 inputs: the last column is the strongest, two columns lack values."""
    random = np.random.default_rng(0)
    columns = {f"weak {k}": random.normal(size=120) for k in range(9)}
    strong, age = random.normal(size=120), random.integers(20, 70, 120).astype(float)
    columns["weak 0"][::7] = age[::9] = np.nan
    group = np.array(["a", "b", "c"])[np.arange(120) % 3]
    return {
        **columns,
        "group": group,
        "年龄": age,
        "strong": strong,
        "y": 3 * strong + np.arange(120) % 3,
    }


@pytest.fixture
def lab(browser, files):
    """Open a page at an address; its errors and requests fail the test."""
    contexts, wrong = [], []

    def open_page(hash="", file="lab.html", width=1280, height=900, **more):
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
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
