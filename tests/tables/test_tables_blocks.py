"""The operations that all blocks of a design share, against plain arrays of the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from gradum.tables.kinds.blocks import FORMS
from gradum.tables.kinds.design import CodedColumn, Design, Feature, Layout

RNG = np.random.default_rng(0)
ROWS = 7
DENSE = np.asfortranarray(RNG.normal(size=(ROWS, 3)))
CODES = np.asfortranarray(RNG.integers(0, [4, 3], (ROWS, 2)).astype(np.int32))
WORDS = RNG.random((ROWS, 5)).astype(np.float32) * (RNG.random((ROWS, 5)) < 0.4)
LAYOUT = Layout(
    tuple(Feature(f"x{k}", f"x{k}", "value") for k in range(3)),
    (CodedColumn("g", ("a", "b", "c")), CodedColumn("h", ("u", "v"))),
    tuple(Feature(f"w{k}", "first" if k < 2 else "second", "words") for k in range(5)),
)
WHOLE = Design({"dense": DENSE, "codes": CODES, "sparse": sparse.csr_array(WORDS)}, LAYOUT)
TEXTLESS = Design({"dense": DENSE, "codes": CODES}, Layout(LAYOUT.dense, LAYOUT.codes))


def assert_equal(one: Design, other: Design) -> None:
    assert list(one.arrays) == list(other.arrays)
    for name, block in one.arrays.items():
        same = other.arrays[name]
        assert block.dtype == same.dtype
        if sparse.issparse(block):
            block, same = block.toarray(), same.toarray()
        np.testing.assert_array_equal(block, same)


@pytest.mark.parametrize("design", [WHOLE, TEXTLESS])
def test_a_design_laid_flat_has_one_1_a_code_and_becomes_the_same_again(design):
    flat, width = design.flat(), len(design.layout.columns) + 5
    assert flat.shape == (ROWS, width)
    assert flat.dtype == np.float64
    np.testing.assert_array_equal(flat[:, :3], DENSE)
    np.testing.assert_array_equal(flat[:, 3:7].argmax(axis=1), CODES[:, 0])
    np.testing.assert_array_equal(flat[:, 7:10].argmax(axis=1), CODES[:, 1])
    assert (flat[:, 3:10].sum(axis=1) == 2).all()
    names = [name for column in design.layout.columns for name in column.flat_names]
    assert (len(names), names[5]) == (width, "g=b")
    assert_equal(Design.of_flat(flat, design.layout), design)


def test_without_coded_columns_there_are_no_codes():
    layout = Layout(LAYOUT.dense)
    design = Design.of_flat(DENSE, layout)
    assert design.codes.shape == (ROWS, 0)
    np.testing.assert_array_equal(design.flat(), DENSE)


def test_every_column_of_a_mixture_has_the_rows_of_its_choice():
    rows = RNG.integers(0, ROWS, (4, 3))
    of = {"dense": np.array([0, 2, 1]), "codes": np.array([1, 1]), "sparse": np.repeat([2, 0], 2)}
    of["sparse"] = np.append(of["sparse"], 0)
    found = WHOLE.mixed(rows, of)
    for name, plain in (("dense", DENSE), ("codes", CODES), ("sparse", WORDS)):
        block = found.arrays[name]
        block = block.toarray() if name == "sparse" else block
        for k, choice in enumerate(of[name]):
            np.testing.assert_array_equal(block[:, k], plain[rows[:, choice], k])


def test_a_mixture_of_whole_texts_is_their_rows():
    rows = RNG.integers(0, ROWS, (4, 2))
    found = FORMS["sparse"].mixed(WHOLE.sparse, rows, np.ones(5, int))
    np.testing.assert_array_equal(found.toarray(), WORDS[rows[:, 1]])


def test_rows_of_values_become_the_block_that_holds_them():
    for name, plain in (("dense", DENSE), ("codes", CODES), ("sparse", WORDS)):
        block = FORMS[name].of_rows(plain.ravel().tolist(), *plain.shape)
        assert block.dtype == WHOLE.arrays[name].dtype
        np.testing.assert_array_equal(block.toarray() if name == "sparse" else block, plain)
