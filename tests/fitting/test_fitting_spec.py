import msgspec
import pytest
import tomli_w

from gradum.errors import SpecError
from gradum.fitting.spec import LADDER, Cost, LinearSpec, MLPSpec, ReportSpec, Spec, SplitSpec
from gradum.tables.schema import Overrides


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
        ("split", SplitSpec(folds=1), "1 fold"),
        ("split", SplitSpec(folds=-3), "-3 fold"),
        ("split", SplitSpec(validation=0.0), "validation"),
        ("split", SplitSpec(validation=1.0), "validation"),
    ],
)
def test_a_value_that_no_run_can_use_is_refused_by_name(option, value, named):
    with pytest.raises(SpecError, match=named):
        Spec("y", **{option: value})


FULL = Spec(
    "y",
    task="binary",
    model="mlp",
    metric="auc",
    class_weight="balanced",
    refit=True,
    seed=7,
    overrides=Overrides(drop=("a", "b"), group="g"),
    split=SplitSpec(test=0.3, folds=4),
    linear=LinearSpec(strengths=(2.0, 1.0)),
    mlp=MLPSpec(hidden_layer_sizes=(3,), learning_rate=0.1),
    report=ReportSpec(slices=("a",), cost=Cost(1.0, 5.0), rows=False, learning_curve=True),
)


@pytest.mark.parametrize("cost", [0.0, -1.0, float("nan"), float("inf")])
def test_a_cost_that_no_threshold_can_weigh_is_refused(cost):
    with pytest.raises(SpecError, match="above 0"):
        Cost(false_positive=1.0, false_negative=cost)


def test_json_and_toml_keep_every_value():
    assert msgspec.json.decode(msgspec.json.encode(FULL), type=Spec) == FULL
    said = {k: v for k, v in msgspec.to_builtins(FULL).items() if v is not None}
    said["overrides"] = {k: v for k, v in said["overrides"].items() if v is not None}
    assert msgspec.toml.decode(tomli_w.dumps(said), type=Spec) == FULL


def test_a_file_with_an_unknown_word_or_a_refused_value_does_not_decode():
    for text in ('{"target": "y", "sead": 1}', '{"target": "y", "seed": -1}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=Spec)


@pytest.mark.parametrize(
    ("model", "rungs"),
    [("ladder", LADDER), ("linear", ("baseline", "linear")), ("mlp", ("baseline", "mlp"))],
)
def test_the_baseline_is_always_climbed(model, rungs):
    assert Spec("y", model=model).rungs == rungs


def test_batches_grow_with_the_table_and_leave_an_epoch_many_steps():
    sizes = [MLPSpec().batch_size(rows) for rows in (20, 1_000, 2_000, 5_000, 30_000, 10**6)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (32, 256)
    assert 5_000 / sizes[3] > 25
