"""The layout of the lab's page at two widths, in screenshots.

What hangs on fonts, the heights of texts and where their lines end, is another elsewhere, so no
picture is stored: columns have their places, and whatever is drawn lies in a part of the page.
"""

import io

import numpy as np
import pytest
from in_chromium import told
from PIL import Image

COLUMNS = {  # left edge and width, in pixels
    1280: {
        "choices": (20, 248),
        "middle": (297, 566),
        "answers": (892, 368),
        "settings": (20, 1240),
    },
    390: dict.fromkeys(["choices", "middle", "answers", "settings"], (14, 361)),
}
PARTS = {
    "settings": ["controls"],
    "choices": ["data"],
    "middle": ["network", "formulas", "compare", "program"],
    "answers": ["boundary", "curves", "surface", "scores"],
}
ON_A_PHONE = [
    *("data", "network", "boundary", "controls", "curves", "formulas"),
    *("scores", "surface", "compare", "program"),
]
NEAR = 3  # pixels
BOXES = """() => [...document.querySelectorAll(
    "header, lab-lessons, lab-toolbar, lab-lesson > :not(.passage, .tasks), .task, "
    + ".passage > div > *, .room > div > *"
)].filter((each) => each.checkVisibility() && !each.matches(".parts")).map((each) => {
    const { left, top, width, height } = each.getBoundingClientRect();
    return [each.localName.replace("lab-", ""), left, top + scrollY, width, height];
}).filter(([, , , width, height]) => width * height)"""
CUT = """() => [...document.querySelectorAll(
    "button, .formula, .line, .task, h2, h3, label, p, dd"
)]
    .filter((each) => each.checkVisibility() && each.clientWidth && !each.matches(".unseen"))
    .filter((each) => each.scrollWidth > each.clientWidth + 1)
    .map((each) => each.outerHTML.slice(0, 80))"""


def boxes(page):
    """Name, left, top, width and height of each part, from above."""
    return sorted(page.evaluate(BOXES), key=lambda box: box[2])


def check_screen(page, width):
    """Parts lie beside each other, each with something in it, and nothing lies between them."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []
    page.evaluate("scrollTo(0, 0)")
    found = boxes(page)
    shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    pixels = np.asarray(shot).astype(np.int16)
    ink = np.abs(pixels - pixels[-1, -1]).max(axis=2) > 8  # the last pixel is paper
    outside = ink.copy()
    covered = np.zeros(ink.shape, np.int8)
    for name, left, top, wide, high in found:
        across = slice(max(round(left) - NEAR, 0), round(left + wide) + NEAR)
        down = slice(max(round(top) - NEAR, 0), round(top + high) + NEAR)
        assert ink[down, across].any(), name
        outside[down, across] = False
        covered[round(top) + 1 : round(top + high) - 1, round(left) : round(left + wide)] += 1
    assert not outside.any(), np.argwhere(outside)[:5]
    assert covered.max() == 1


@pytest.mark.parametrize("width", [1280, 390])
def test_parts_have_their_columns_and_their_order(lab, width):
    page = lab("#data=penguins", width=width)
    page.click("#keep")
    page.wait_for_selector("lab-compare td")
    found = {name: (left, wide) for name, left, _, wide, _ in boxes(page)}
    order = [name for name, *_ in boxes(page)]
    for column, names in PARTS.items():
        for name in names:
            assert found[name] == pytest.approx(COLUMNS[width][column], abs=NEAR), name
        if width == 1280:
            assert [name for name in order if name in names] == names
    if width == 390:
        assert [name for name in order if name in ON_A_PHONE] == ON_A_PHONE
    check_screen(page, width)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_of_a_lesson_is_cut_or_out_of_place(lab, width):
    page = lab("#lesson=1", width=width)
    for lesson in range(1, 10):
        page.evaluate(f"document.getElementById('lesson-{lesson}').click()")
        page.wait_for_selector(f'lab-lesson h2:has-text("Lesson {lesson}:")')
        told(page, "Epoch 0,")
        check_screen(page, width)


FIRST_SCREEN = """() => [...document.querySelectorAll(
    "lab-toolbar, #set-data, lab-controls :is(select, input), .board, .room canvas, .room .legend"
)].filter((each) => each.checkVisibility() && !each.closest("lab-surface, lab-compare"))
    .map((each) => [each.id || each.localName, each.getBoundingClientRect().bottom])"""


@pytest.mark.parametrize("address", ["lab.html", "lab.html#lang=zh", "wide.html"])
def test_controls_network_plots_and_play_are_on_one_screen(lab, address):
    file, _, hash = address.partition("#")
    page = lab(f"#{hash}", file=file, height=800)
    bottoms = page.evaluate(FIRST_SCREEN)
    assert {"set-data", "set-rate", "set-seed", "div", "canvas"} <= {name for name, _ in bottoms}
    assert [(name, bottom) for name, bottom in bottoms if bottom > 800] == []


def test_on_a_phone_the_controls_stand_between_the_plots_that_they_change(lab):
    page = lab("#data=moons", width=390, height=844)
    box = {name: page.locator(f"lab-{name}").bounding_box() for name in ("controls", "curves")}
    assert box["controls"]["height"] < 300
    assert 0 < box["curves"]["y"] - box["controls"]["y"] - box["controls"]["height"] < 40
