"""A split that flatters, as people see it: first in terminal and report, in verdict and trust."""

import html

import numpy as np
import polars as pl
import pytest

import gradum
from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.part import PartThresholds
from gradum.api.trust.split import PART
from gradum.run.split_check import SplitCheck
from gradum.show.report import report_html
from gradum.show.text import plain, verdict_parts
from pages import text_of
from synthetic import ONCE


def stores(*, walk):
    """Three stores over 250 days: random walks, or noise around their levels."""
    rng = np.random.default_rng(1)
    store, day = np.divmod(np.arange(750), 250)
    steps = rng.normal(0, 2, (3, 250))
    sales = np.cumsum(steps, axis=1) if walk else steps + np.array([[0], [5], [9]])
    date = (np.datetime64("2020-01-01") + day.astype("m8[D]")).astype("M8[us]")
    names = np.array(["north", "south", "west"])[store]
    return pl.DataFrame({"date": date, "store": names, "sales": sales.ravel()})


def fitted(frame, **options):
    options = {"model": "linear", "explain": False, "learning_curve": False, **ONCE, **options}
    return gradum.fit(frame, "sales", **options)


@pytest.fixture(scope="module")
def walks():
    return fitted(stores(walk=True))


@pytest.fixture(scope="module")
def still():
    return fitted(stores(walk=False))


def use(model):
    (check,) = PART.examine(ExaminedModel(model), PartThresholds()).finding.checks
    return check


def test_the_alarm_stands_first_with_the_option_and_the_verdict_says_what_to_expect(walks):
    judgement = walks.fitted.judgement
    (trial,) = judgement.split.shown
    assert judgement.alarms[0].sentence == trial.sentence
    assert judgement.headline[1] == trial.expectation
    said = {judgement.alarms[0].sentence}  # which was printed before the training
    parts = verdict_parts(judgement, said, schema=walks.fitted.schema)
    shown = " ".join(plain(*parts, width=200).split())
    assert (
        shown.index(trial.brief)
        < shown.index("→ fit with --time 'date'")
        < shown.index(trial.expectation)
    )
    page = html.unescape(report_html(walks.fitted))
    assert page.index(trial.brief) < page.index(judgement.headline[0])
    assert trial.sentence in text_of(page)


def test_without_walks_nothing_is_said_of_later_days(still):
    judgement = still.fitted.judgement
    assert judgement.alarms == ()
    assert judgement.split.looked_at == ("date",)
    assert "later" not in plain(*verdict_parts(judgement))


def test_trust_has_a_line_that_fails_holds_or_is_not_checked(walks, still):
    failed = use(walks)
    assert (failed.name, failed.status) == ("split.use", "failed")
    assert "give --time 'date'" in failed.reason
    assert "at random" in failed.figure
    assert use(still).status == "held"
    assert "'date'" in use(still).reason
    asked = use(fitted(stores(walk=True), time="date"))
    assert (asked.status, asked.figure) == ("held", "divided as asked")
    plainly = use(fitted(stores(walk=False).select("store", "sales")))
    assert plainly.status == "not checked"
    assert "No column tells how rows follow one another" in plainly.reason
    assert "--time COL or --group COL" in plainly.remedy


def test_a_sample_of_a_table_in_blocks_is_looked_at_and_no_find_is_no_proof():
    def blocks(walk):
        frame = stores(walk=walk).sample(fraction=1, shuffle=True, seed=3)
        return (frame[at : at + 250] for at in range(0, 750, 250))

    found = fitted(blocks(True))
    assert [trial.column for trial in found.fitted.judgement.split.shown] == ["date"]
    check = use(fitted(blocks(False)))
    assert check.status == "not checked"
    assert "read in blocks" in check.reason


def test_what_was_tried_survives_the_model_file(walks, tmp_path):
    walks.save(tmp_path / "model.gradum")
    again = gradum.load(tmp_path / "model.gradum")
    assert isinstance(again.fitted.judgement.split, SplitCheck)
    assert again.fitted.judgement.split == walks.fitted.judgement.split
    assert again.fitted.judgement.headline == walks.fitted.judgement.headline
