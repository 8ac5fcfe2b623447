"""A rung's two ways to predict: NumPy for few rows, a compiled program for many."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from gradum.core.models.compiled import _logits
from gradum.rungs import rung as module
from gradum.rungs.rung import Prediction
from gradum.solvers import threads
from synthetic import FEATURES, mixed

BLOCK = 64
ROUNDING = 64 * np.finfo(np.float32).eps  # of sums of up to 64 products, of numbers near 1


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_ROWS", BLOCK)


@pytest.fixture
def always_compiled(monkeypatch, small_blocks):
    monkeypatch.setattr(module, "WORTH_COMPILING", 1)


def new(model, name):
    """A rung that remembers nothing of an earlier use."""
    return replace(model.fitted.rungs[name])


def design(model, rows, seed=7):
    return model.fitted.encoder.transform(mixed(rows, seed).select(FEATURES))


@pytest.mark.parametrize("rows", [1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
@pytest.mark.parametrize("name", ["regressor", "classifier", "grader"])
def test_both_ways_say_the_same(name, rows, always_compiled, request):
    model = request.getfixturevalue(name)
    given, rung = design(model, rows), new(model, "mlp")
    assert rung.compiles(rows)
    by_numpy = np.concatenate([rung._of_many(block) for block in given.blocks(7)])
    logits = rung.logits(given)
    assert logits.dtype == np.float64
    assert logits.shape == by_numpy.shape
    np.testing.assert_allclose(logits, by_numpy, rtol=ROUNDING, atol=ROUNDING)
    said, expected = rung.predict(given), rung.prediction(logits)
    np.testing.assert_array_equal(said.value, expected.value)
    if expected.probability is not None:
        np.testing.assert_array_equal(said.probability, expected.probability)


@pytest.mark.parametrize("name", ["mlp", "pack"])
def test_rows_have_the_same_bits_on_any_number_of_cores(classifier, name, monkeypatch):
    given, rung = design(classifier, 150), new(classifier, name)
    whole = rung._of_many(given)
    monkeypatch.setattr(module, "WORTH_STRIPS", 0)
    monkeypatch.setattr(module, "STRIP_ROWS", 40)
    said = []
    for count in (1, 2, 3):
        with ThreadPoolExecutor(count) as staying:
            monkeypatch.setattr(threads, "_staying", lambda staying=staying: staying)
            said.append(rung._of_many(given))
    np.testing.assert_array_equal(said[1], said[0])
    np.testing.assert_array_equal(said[2], said[0])
    np.testing.assert_allclose(said[0], whole, rtol=ROUNDING, atol=ROUNDING)


def test_one_program_serves_every_number_of_rows(classifier, always_compiled):
    rung = new(classifier, "mlp")
    rung.predict(design(classifier, BLOCK))
    compiled = _logits._cache_size()
    for rows in (1, 5, BLOCK, 4 * BLOCK + 3):
        rung.predict(design(classifier, rows))
    assert _logits._cache_size() == compiled


@pytest.mark.parametrize("name", ["mlp", "pack"])
def test_the_same_rows_have_the_same_bits_however_many_cores_there_are(
    name, regressor, always_compiled, monkeypatch
):
    given, rung = design(regressor, 3 * BLOCK + 5), new(regressor, name)
    logits = rung.logits(given).tobytes()
    for cores in (1, 2, 5):
        monkeypatch.setattr(threads, "cores", lambda cores=cores: cores)
        monkeypatch.setattr(module, "cores", lambda cores=cores: cores)
        assert rung.logits(given).tobytes() == logits


@pytest.mark.parametrize("name", ["mlp", "pack"])
def test_the_same_rows_have_the_same_bits_in_blocks_of_any_size(
    name, regressor, always_compiled, monkeypatch
):
    given = design(regressor, 3 * BLOCK + 5)
    logits = new(regressor, name).logits(given).tobytes()
    for rows in (BLOCK // 4, 2 * BLOCK, 1_000):
        monkeypatch.setattr(module, "BLOCK_ROWS", rows)
        assert new(regressor, name).logits(given).tobytes() == logits


def test_many_rows_in_numpy_have_one_thread_of_blas(regressor):
    rung, seen = new(regressor, "mlp"), []
    given, forward = design(regressor, 40), rung._rows

    def rows(inputs):
        seen.append({each["num_threads"] for each in threadpool_info() if is_blas(each)})
        return forward(inputs)

    vars(rung)["_rows"] = rows
    with threadpool_limits(2, "blas"):
        rung.logits(given)
    assert seen == [{1}]


def is_blas(library):
    return library["user_api"] == "blas"


def test_an_error_in_a_block_is_raised_as_it_is(classifier, always_compiled):
    def designs():
        yield design(classifier, BLOCK)
        raise OSError("the file has gone")

    with pytest.raises(OSError, match="the file has gone"):
        list(new(classifier, "mlp").predict_blocks(designs(), 2 * BLOCK))


def test_what_is_worth_compiling_is_counted_in_products_and_in_float32_alone(regressor):
    """8 hidden units on size, age, its gaps, 3 colours, member and 8 numbers a city; 1 output."""
    products = 8 * (2 + 1 + 3 + 1 + 8) + 8
    most = (module.WORTH_COMPILING - 1) // products
    assert not new(regressor, "mlp").compiles(most)
    assert new(regressor, "mlp").compiles(most + 1)
    for name in ("baseline", "linear"):
        assert not new(regressor, name).compiles(10**12)


def test_few_rows_compile_nothing(classifier):
    compiled = _logits._cache_size()
    classifier.predict(mixed(500, 3).select(FEATURES))
    classifier.predict(mixed(1, 3).select(FEATURES).row(0, named=True))
    assert _logits._cache_size() == compiled


def test_blocks_are_made_while_those_before_are_predicted(classifier, always_compiled, monkeypatch):
    monkeypatch.setattr(module, "cores", lambda: 2)
    rung, events = new(classifier, "mlp"), []

    def designs():
        for place in range(5):
            events.append(f"made {place}")
            yield design(classifier, BLOCK, seed=place)

    for place, said in enumerate(rung.predict_blocks(designs(), 5 * BLOCK)):
        events.append(f"predicted {place}")
        alone = rung.predict(design(classifier, BLOCK, seed=place))
        np.testing.assert_array_equal(said.probability, alone.probability)
    assert events == [
        *("made 0", "made 1", "made 2", "predicted 0", "made 3", "predicted 1", "made 4"),
        *("predicted 2", "predicted 3", "predicted 4"),
    ]


def test_a_wide_layer_makes_blocks_small(classifier, monkeypatch):
    assert new(classifier, "mlp").block_rows == module.BLOCK_ROWS
    monkeypatch.setattr(module, "BLOCK_NUMBERS", 100)
    widest = max(classifier.fitted.rungs["mlp"].network.widths)
    assert new(classifier, "mlp").block_rows == 100 // widest


def test_predictions_are_joined_in_order():
    shares = np.array([[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]])
    whole = Prediction.of_classes(shares)
    joined = Prediction.join(whole.take(np.array([row])) for row in range(3))
    np.testing.assert_array_equal(joined.value, [1, 0, 0])
    np.testing.assert_array_equal(joined.probability, shares)
    numbers = Prediction.join(
        [Prediction(np.array([1.0]), None), Prediction(np.array([2.0]), None)]
    )
    assert numbers.value.tolist() == [1.0, 2.0]
    assert numbers.probability is None
