"""What NumPy computes is recorded as it computes it, in the same precision."""

import numpy as np
import pytest
import scipy.special

from gradum.errors import ExportError
from gradum.ship.recording.program import OPERATIONS, ROWS_AXIS, RecordedProgram
from gradum.ship.recording.recorded import FUNCTIONS, Recorded
from gradum.tables.kinds.raw import Tokens

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 1))
WEIGHT = RNG.normal(size=(2, 5)).astype(np.float32)
TABLE = RNG.normal(size=(3, 4, 5))


def both(x):
    return np.concatenate([x, 2 * x], axis=1)


def in_place(x):
    z = both(x).astype(np.float32) @ WEIGHT
    z += np.float64(1.5)
    np.clip(z, -1, 1, out=z)
    return z


def replaced(x):
    several = np.broadcast_to(x[None], (3, len(x), 1)) * np.arange(3.0)[:, None, None]
    several[np.array([0, 2])] = several[np.array([1, 1])] + 1
    return several.sum(axis=0)


COMPUTED = {
    "halves": lambda x: both(x)[:, 1:] / 3,
    "one column": lambda x: both(x)[:, 0],
    "a new axis": lambda x: (x[:, 0][:, None, None] * np.ones((1, 2, 3))).reshape(len(x), -1),
    "chosen columns": lambda x: both(x)[..., np.array([1, 0, 1])],
    "float32 stays": lambda x: x.astype(np.float32) * 0.1 + 1,
    "float32 grows": lambda x: x.astype(np.float32) * np.float64(0.1),
    "integers": lambda x: np.floor(x).astype(np.int32) + np.int64(3),
    "truths": lambda x: (x > 0).astype(np.float32) - (x <= 0.5),
    "two indices": lambda x: (Recorded.constant(TABLE) if isinstance(x, Recorded) else TABLE)[
        np.arange(3)[:, None], (x > 0).astype(np.int64)[:, 0] + np.zeros((3, 1), np.int64)
    ][1],
    "in place": in_place,
    "replaced rows": replaced,
    "a product of stacks": lambda x: (x[None] @ TABLE[:, :1]).sum(axis=0),
    "turned": lambda x: (WEIGHT.T.astype(float) @ both(x).T).swapaxes(0, 1),
    "sorted": lambda x: np.sort(both(x), axis=1),
    "the middle": lambda x: np.median(np.concatenate([x, x * x, 0 * x], axis=1), axis=1),
    "the middle of two": lambda x: np.median(both(x), axis=1),
    "a curve": lambda x: np.interp(x[:, 0], [-1.0, 0.2, 1.0], [2.0, -1.0, 4.0]),
    "a level curve": lambda x: np.interp(x[:, 0], [0.5], [2.0]),
    "sums of powers": lambda x: np.logaddexp(0, -3 * x),
    "the normal law": lambda x: scipy.special.ndtr(x),
    "the mean": lambda x: both(x) - both(x).mean(axis=1, keepdims=True),
    "the place": lambda x: both(x).argmax(axis=1),
    "not finite": lambda x: np.where(np.isfinite(1 / np.where(x > 0, x, np.inf)), x, 0.0),
    "side by side": lambda x: np.column_stack([x[:, 0], both(x)]),
    "a stack": lambda x: np.stack([x, -x], axis=1)[:, :, 0],
}


@pytest.mark.parametrize("name", COMPUTED)
def test_a_recorded_computation_gives_the_same(name):
    compute, raw = COMPUTED[name], Recorded.input(np.float64)
    result = compute(raw)
    program = RecordedProgram({"x": raw.node}, {"y": result.node})
    found, expected = program({"x": X})["y"], compute(X)
    assert found.dtype == expected.dtype == result.dtype
    assert found.shape == expected.shape
    assert result.shape == tuple(ROWS_AXIS if k == len(X) else k for k in expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-6 if found.dtype == np.float32 else 1e-13)


def test_what_depends_on_no_column_is_computed_at_once():
    constant = Recorded.constant(np.arange(6.0).reshape(2, 3))
    for value in (constant * 2, np.sort(-constant), constant[1], constant.max(axis=0)):
        assert value.known is not None
    assert float(constant[1, 2]) == 5.0
    assert len(np.flatnonzero(constant > 3)) == 2


def test_constants_that_are_the_same_for_all_rows_are_kept_once():
    raw = Recorded.input(np.float64)
    result = raw + np.full((ROWS_AXIS, 2), 3.0)
    assert result.node.parents[1].shape == (1, 2)
    with pytest.raises(ExportError):
        raw + np.arange(float(ROWS_AXIS))[:, None]


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: x if x.max() > 0 else -x,
        lambda x: 1 if x > 0 else 2,
        lambda x: np.linalg.norm(x, axis=1),
        lambda x: np.add.reduce(x),
        lambda x: np.asarray(x),
        lambda x: scipy.special.gamma(x),
        lambda x: x[x > 0],
    ],
)
def test_what_looks_at_numbers_or_has_no_name_is_refused(compute):
    with pytest.raises(ExportError):
        compute(Recorded.input(np.float64))


def test_texts_are_looked_up_joined_and_split():
    raw = Recorded.input(object)
    results = {
        "code": raw.looked_up({"a b": 1, "": 2}, 0),
        "in any case": raw.looked_up_folded({"a b": 1, "c d": 2}),
        "is": raw.matches("[ab ]*"),
        "second": raw.followed_by(" y z").split("", 1),
        "twice": raw.followed_by("-").followed_by(raw),
        "words": raw.tokens(Tokens("[a-z]"), ("a", "a b", "c")),
    }
    program = RecordedProgram(
        {"x": raw.node}, {name: value.node for name, value in results.items()}
    )
    found = program({"x": np.array([["a b"], [""], ["c d"]], object)})
    assert found["words"].tolist() == [[2, 1, 1, 0], [0, 0, 0, 0], [2, 0, 0, 1]]
    assert found["code"].ravel().tolist() == [1, 2, 0]
    assert found["in any case"].ravel().tolist() == [1, 0, 2]
    assert found["is"].ravel().tolist() == [True, True, False]
    assert found["second"].ravel().tolist() == ["b", "z", "d"]
    assert found["twice"].ravel().tolist() == ["a b-a b", "-", "c d-c d"]


def test_only_operations_of_the_list_are_recorded():
    raw = Recorded.input(np.float64)
    for compute in COMPUTED.values():
        program = RecordedProgram({"x": raw.node}, {"y": compute(raw).node})
        assert {node.operation for node in program.nodes} <= {*OPERATIONS, "input"}
    assert all(callable(function) for function in FUNCTIONS)
