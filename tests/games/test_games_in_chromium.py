"""The report of a learned game in Chromium: an episode by keys, and a new one that is disturbed."""

from itertools import product

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.show.game.recordings import Recordings


@pytest.fixture
def opened(browser, pages):
    """Open a report; errors of the page and requests fail the test."""
    contexts, wrong = [], []

    def open_report(code="en", width=1280, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: asked.url[:5] in ("file:", "blob:") or wrong.append(asked))
        page.goto((pages / f"{code}.html").as_uri())
        page.wait_for_selector("#player-numbers tr")
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert wrong == []


def test_an_episode_moves_only_when_it_is_asked_to(opened, cartpole):
    page = opened()
    said = lambda: page.inner_text("#player-step")  # noqa: E731
    assert said().startswith("Step 1 of")
    page.wait_for_timeout(150)
    assert said().startswith("Step 1 of")
    page.press("#player-stage", "ArrowRight")
    assert said().startswith("Step 2 of")
    recordings = Recordings(cartpole.played, cartpole.played.environment.observations)
    episode = recordings.chosen[0][1]
    cells = page.locator("#player-numbers td.n").all_inner_texts()
    shown = [float(text.replace("−", "-")) for text in cells[:4]]
    np.testing.assert_allclose(shown, episode.observations[1], atol=6e-4)
    assert (
        page.inner_text("#player-numbers tr.chosen td.name")
        == (cartpole.played.environment.actions[episode.actions[1]])
    )
    page.press("#player-stage", "End")
    page.press("#player-stage", "Home")
    page.press("#player-stage", "Space")
    page.wait_for_function("Number(document.getElementById('player-slider').value) > 5")
    page.press("#player-stage", "Space")
    assert page.inner_text("#player-play") == "Play"


def test_a_new_episode_is_played_by_the_policy_and_pushed_by_the_reader(opened, cartpole):
    """What it does in the page is what the policy does there in Python."""
    page = opened(width=390, scheme="dark")
    page.check('input[value="live"]')
    for _ in range(12):
        page.click("#player-on")
    assert page.inner_text("#player-step") == "Step 13, return 13"
    cells = page.locator("#player-numbers td.n").all_inner_texts()
    seen = [float(text.replace("−", "-")) for text in cells[:4]]
    share = float(cells[5].rstrip("%")) / 100
    corners = np.array(list(product([-5e-4, 5e-4], repeat=4))) + seen  # as far as figures show
    rows = pl.DataFrame(corners, schema=list(cartpole.played.environment.observations))
    known = gradum.load(cartpole.folder / "policy.gradum").predict_proba(rows)[:, 1]
    assert known.min() - 6e-4 <= share <= known.max() + 6e-4
    page.click("#player-right")
    page.wait_for_function("Number(document.getElementById('player-slider').value) > 14")
    turned = float(page.locator("#player-numbers td.n").nth(3).inner_text().replace("−", "-"))
    assert abs(turned - seen[3]) > 0.05
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
