"""The spec of a run: values that no run can use, and every value kept by JSON and TOML."""

import msgspec
import pytest
import tomli_w

from gradum.errors import SpecError
from gradum.run.options.option_values import read_size
from gradum.run.options.options import make_spec
from gradum.run.spec.spec import LEAST_MEMORY, Cost, ReportSpec, Spec, SplitSpec
from gradum.rungs.linear.spec import LinearSpec
from gradum.rungs.mlp.spec import MLPSpec
from gradum.rungs.names import LADDER
from gradum.rungs.pack.spec import PackSpec
from gradum.ship.run_spec import without_none
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.schema.schema import Overrides


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("seed", -1, "-1"),
        ("seed", "seven", "seven"),
        ("seed", 1.5, "1.5"),
        ("model", "forest", "forest"),
        ("metric", "rsme", "rmse"),
        ("class_weight", "heavy", "balanced"),
        ("task", "ranking", "regression"),
        ("max_memory", LEAST_MEMORY - 1, "--max-memory 500MB"),
    ],
)
def test_a_value_that_no_run_can_use_is_refused_by_name(option, value, named):
    with pytest.raises(SpecError, match=named):
        Spec("y", **{option: value})


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("folds", 1, "1 fold"),
        ("folds", -3, "cv is -3"),
        ("validation", 0.0, "validation is 0.0"),
        ("validation", 1.0, "above 0 and below 1"),
    ],
)
def test_a_split_that_holds_no_rows_out_is_refused_by_name(option, value, named):
    with pytest.raises(SpecError, match=named):
        SplitSpec(**{option: value})


def test_an_unknown_metric_is_answered_with_those_of_either_kind_of_target():
    with pytest.raises(SpecError, match=r"a number among rmse, .*; for classes among log_loss, "):
        Spec("y", metric="xyz")
    with pytest.raises(SpecError, match="Did you mean 'macro_f1'"):
        Spec("y", metric="macrof1")


FULL = Spec(
    "y",
    task="binary",
    model="mlp",
    metric="auc",
    class_weight="balanced",
    refit=True,
    seed=7,
    reading=ReadingOptions(sheet="Sales"),
    overrides=Overrides(drop=("a", "b"), group="g"),
    split=SplitSpec(test=0.3, folds=4),
    linear=LinearSpec(strengths=(2.0, 1.0)),
    mlp=MLPSpec(hidden_layer_sizes=(3,), learning_rate=0.1),
    pack=PackSpec(members=9, hidden_layer_sizes=(3,), decay=(0.1, 0.2)),
    effort="quick",
    time_limit=60.0,
    report=ReportSpec(slices=("a",), cost=Cost(1.0, 5.0), rows=False, learning_curve=True),
)


@pytest.mark.parametrize("cost", [0.0, -1.0, float("nan"), float("inf")])
def test_a_cost_that_no_threshold_can_weigh_is_refused(cost):
    with pytest.raises(SpecError, match="above 0"):
        Cost(false_positive=1.0, false_negative=cost)


def test_json_and_toml_keep_every_value():
    assert msgspec.json.decode(msgspec.json.encode(FULL), type=Spec) == FULL
    said = tomli_w.dumps(without_none(msgspec.to_builtins(FULL)))
    assert msgspec.toml.decode(said, type=Spec) == FULL


def test_a_file_with_an_unknown_word_or_a_refused_value_does_not_decode():
    for text in ('{"target": "y", "sead": 1}', '{"target": "y", "seed": -1}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=Spec)


@pytest.mark.parametrize(
    ("model", "rungs"),
    [
        ("ladder", LADDER),
        *((name, ("baseline", name)) for name in ("linear", "mlp", "pack")),
    ],
)
def test_the_baseline_is_always_climbed(model, rungs):
    assert Spec("y", model=model).rungs == rungs


def test_batches_grow_with_the_table_and_leave_an_epoch_many_steps():
    sizes = [MLPSpec().batch_size(rows) for rows in (20, 1_000, 2_000, 5_000, 30_000, 10**6)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (32, 256)
    assert 5_000 / sizes[3] > 25


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (123, 123),
        ("123", 123),
        ("123b", 123),
        ("1500MB", 1_500_000_000),
        ("2 GiB", 2 * 2**30),
        (" 1.5gb ", 1_500_000_000),
        ("4G", 4_000_000_000),
        ("0.5 tib", 2**39),
        ("1k", 1_000),
    ],
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert read_size(text) == size
    if size >= LEAST_MEMORY:
        assert make_spec("y", max_memory=text).max_memory == size


@pytest.mark.parametrize("text", ["", "lots", "2 GBit", "-1GB", "1,5GB", "1e9", "GB", True])
def test_other_words_are_no_sizes(text):
    with pytest.raises(SpecError, match="cannot be read"):
        read_size(text)


def test_rows_beyond_memory_are_visited_so_often_as_time_allows():
    spec = MLPSpec(max_epochs=64, most_visits=1_000_000)
    assert [spec.epochs(rows) for rows in (1, 15_000, 20_000, 999_999, 10**9)] == [64, 64, 50, 1, 1]
