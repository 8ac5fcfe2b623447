"""Questions about learned rows that a run cannot answer if it read its table in blocks."""

import pytest

from gradum.errors import SpecError
from streamed_fits import make_small, streamed
from synthetic import mixed


def test_single_rows_are_refused_but_a_tree_is_grown(monkeypatch):
    make_small(monkeypatch)
    model = streamed(mixed(3000).drop("label", "grade"), "amount", model="linear")
    for ask in (model.alike, model.influence):
        with pytest.raises(SpecError, match="read its table in blocks"):
            ask(mixed(1))
    found = model.surrogate().found
    assert found.grown + found.judged == len(model.run.dataset) < 3000
