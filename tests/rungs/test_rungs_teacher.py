"""A teacher of the ladder's pack: fitted to training rows alone, named in the notes."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from msgspec import structs
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier

import gradum
from gradum.errors import SpecError
from gradum.run.ladder.fit_notes import transformation_notes
from gradum.show.page.page import render
from gradum.show.repeat import teacher
from gradum.show.words.file_names import Source
from gradum.tables.split import Part
from synthetic import FEW, ONCE, task

ASKED = {**ONCE, "model": "pack", "pack": structs.replace(FEW, members=6, folds=3)}
SEEN = []


class Notes(ClassifierMixin, BaseEstimator):
    """Says how often each class occurs, and notes the rows that it is fitted to and asked for."""

    def fit(self, rows, target):
        self.classes_, counts = np.unique(target, return_counts=True)
        self.shares_ = counts / counts.sum()
        SEEN.extend(map(tuple, rows.tolist()))
        return self

    def predict(self, rows):
        return np.repeat(self.classes_[:1], len(rows))

    def predict_proba(self, rows):
        SEEN.extend(map(tuple, rows.tolist()))
        return np.tile(self.shares_, (len(rows), 1))


def table():
    """Numbers and categories, a text, weights, and labels."""
    words = [f"the words of row {row * 7919 % 1000}, which are many" for row in range(300)]
    return task("label", 300).with_columns(
        note=pl.Series(words), weight=pl.Series(np.arange(300) % 2 + 1.0)
    )


def fit(**options):
    asked = {"weight": "weight", "text": ["note"], **ASKED}
    return gradum.fit(table(), "label", **{**asked, **options})


@pytest.fixture(scope="module")
def taught():
    SEEN.clear()
    return fit(teacher=Notes())


def test_rows_that_judge_are_neither_learned_from_nor_asked_for(taught):
    """The sizes of the table are all different, and so tell its rows."""
    sizes = table()["size"].to_numpy()
    assert len(np.unique(sizes)) == len(sizes)
    seen = np.isin(sizes, [row[0] for row in SEEN])
    np.testing.assert_array_equal(seen, taught.run.parts != Part.TEST)
    assert taught.fitted.rungs["pack"].settings["teacher"] == "Notes"


def test_the_notes_say_what_the_teacher_is_not_told(taught):
    notes = taught.fitted.judgement.notes
    assert "Notes teaches without the text in 'note'." in notes
    assert any("Notes takes no weights" in note for note in notes)


def test_the_report_says_that_the_teacher_must_be_given_again(taught):
    fitted = taught.fitted
    page = render(
        "sections/repeat.html",
        fitted=fitted,
        source=Source(),
        command="",
        python="",
        teacher=teacher(fitted),
    )
    assert "teacher, <code>Notes</code>, which is not saved" in page


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"heard": True, "teaching": [0.0, 0.42, 0.9]}, "Notes, whose answers make up 42% to 90%"),
        ({"heard": True, "teaching": [0.0, 0.0]}, "did not listen to Notes: on held-out rows"),
        ({"heard": False, "teaching": [0.0, 0.0]}, "There was no time to tell whether"),
    ],
)
def test_the_notes_say_whether_the_pack_listened(taught, settings, sentence):
    rung = taught.fitted.rungs["pack"]
    rung = replace(rung, settings=rung.settings | settings)
    assert any(sentence in note for note in transformation_notes({"pack": rung}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "linear", "teacher": Notes()}, "Only a network ensemble learns from a teacher"),
        ({"teacher": [Notes(), DummyClassifier()]}, "There are 2 teachers"),
        ({"teacher": "nobody"}, "no rival 'nobody'"),
        ({"teacher": Notes(), "blocks": True}, "learns from rows in memory"),
    ],
)
def test_what_cannot_teach_is_refused(options, message):
    with pytest.raises(SpecError, match=message):
        fit(**options)
