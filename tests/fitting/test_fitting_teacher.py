"""A teacher of the ladder's pack: fitted to training rows alone, named in the notes."""

import numpy as np
import pytest
from msgspec import structs
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier

import gradum
from gradum.errors import SpecError
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


def fit(**options):
    return gradum.fit(task("label", 300), "label", **{**ASKED, **options})


def test_rows_that_judge_are_neither_learned_from_nor_asked_for():
    """The sizes of the table are all different, and so tell its rows."""
    SEEN.clear()
    model = fit(teacher=Notes())
    sizes = task("label", 300)["size"].to_numpy()
    assert len(np.unique(sizes)) == len(sizes)
    seen = np.isin(sizes, [row[0] for row in SEEN])
    np.testing.assert_array_equal(seen, model.run.parts != Part.TEST)
    settings = model.fitted.rungs["pack"].settings
    assert settings["teacher"] == "Notes"
    assert any("Notes" in note for note in model.fitted.judgement.notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "linear", "teacher": Notes()}, "Only a pack learns from a teacher"),
        ({"teacher": [Notes(), DummyClassifier()]}, "There are 2 teachers"),
        ({"teacher": "nobody"}, "no rival 'nobody'"),
        ({"teacher": Notes(), "blocks": True}, "learns from rows in memory"),
    ],
)
def test_what_cannot_teach_is_refused(options, message):
    with pytest.raises(SpecError, match=message):
        fit(**options)
