"""An architecture with nothing but its compulsory parts, and a rung of it, asked every question.

The rung is added as CONTRIBUTING says, to a copy of the package: its folder, and a line.
"""

from pathlib import Path

import pytest

from edited_package import Edited
from forks import run_in_fork

TESTS = Path(__file__).parents[1]

SPEC = """
from gradum.rungs.number_ranges import FromOne, refuse_beyond_ranges
from gradum.rungs.rung_spec import Settings


class CosineSpec(Settings, frozen=True):
    waves: FromOne = 40

    def __post_init__(self):
        refuse_beyond_ranges(self)
"""

KIND = '''
from time import perf_counter

import jax.numpy as jnp
import msgspec
import numpy as np

from gradum.core.models.architecture import Architecture
from gradum.core.models.input_layer import InputLayer
from gradum.rungs.cosine.spec import CosineSpec
from gradum.rungs.kind import RungKind
from gradum.rungs.rung import Rung
from gradum.rungs.target_scale import TargetScale
from gradum.solvers.solution import Certificate, Status
from gradum.tables.split import Part


class CosineModel(Architecture, msgspec.Struct, frozen=True, tag="cosine"):
    """Logits = cos(x W + b) V + c."""

    inputs: int
    outputs: int
    waves: int

    def shapes(self):
        return {
            "frequency": (self.inputs, self.waves),
            "phase": (self.waves,),
            "weight": (self.waves, self.outputs),
            "constant": (self.outputs,),
        }

    def forward(self, params, inputs):
        return self._logits(params, inputs, np)

    def apply(self, params, inputs):
        return self._logits(params, inputs, jnp)

    def _logits(self, params, inputs, xp):
        waves = xp.cos(inputs["dense"] @ params["frequency"] + params["phase"])
        return waves @ params["weight"] + params["constant"]


class CosineKind(RungKind[CosineSpec]):
    """Random Fourier features: frequencies are drawn, weights are least squares."""

    name = "cosine"
    title = "cosine"
    in_words = "the cosines"
    architecture = CosineModel

    def fit(self, rows, spec, context):
        return learned(rows.take(Part.TRAIN, Part.VALIDATION), spec.settings.waves, context)

    def seconds(self, spec, fit):
        return 1e-8 * fit.rows


def learned(rows, waves, context):
    began = perf_counter()
    design = rows.design.encoded()
    levels = design.layout.level_counts
    layer = InputLayer.fit(design.dense, levels, ("one_hot",) * len(levels), style="standard")
    x = layer(design.arrays, dtype=np.float64)["dense"]
    rng = context.random("cosine")
    frequency = rng.normal(0, 0.3, (x.shape[1], waves))
    phase = rng.uniform(0, 2 * np.pi, waves)
    features = np.cos(x @ frequency + phase)
    scale = TargetScale.fit(rows.target, rows.weight, log=False)
    ridge = features.T @ features + np.eye(waves)
    weight = np.linalg.solve(ridge, features.T @ scale.forward(rows.target))
    return Rung(
        name="cosine",
        loss="squared_error",
        network=CosineModel(x.shape[1], 1, waves),
        params={
            "frequency": frequency,
            "phase": phase,
            "weight": weight[:, None],
            "constant": np.zeros(1),
        },
        input_layer=layer,
        target_scale=scale,
        clamp=False,
        status=Status.CONVERGED,
        certificate=Certificate("stationary"),
        seconds=perf_counter() - began,
    )
'''

USE = """
import html
import sys
import numpy as np
import polars as pl
import gradum
from gradum.errors import NotCertifiableError, SpecError

assert gradum.__file__.startswith(sys.argv[1])
rng = np.random.default_rng(0)
size, age = rng.normal(size=(2, 200))
colour = rng.choice(["red", "green", "blue"], 200)
amount = np.sin(size) + 0.5 * age + (colour == "red") + 0.1 * rng.normal(size=200)
frame = pl.DataFrame({"size": size, "age": age, "colour": colour, "amount": amount})
frame.write_csv("rows.csv")
few = frame.head(12)


def refused(error, about, ask, *given, **options):
    try:
        ask(*given, **options)
    except error as raised:
        assert about in str(raised), raised
    else:
        raise AssertionError(about)


once = {"split": {"small_table_rows": 0}, "learning_curve": False}
model = gradum.fit("rows.csv", "amount", model="cosine", cosine={"waves": 50}, **once)
assert model.fitted.rungs["cosine"].network.waves == 50
assert model.used == "cosine"
score = pl.col("rung") == "cosine", pl.col("metric") == "r2", pl.col("part") == "test"
assert model.scores.filter(*score)["value"].item() > 0.9
model.save("model")
again = gradum.load("model")
assert again.fitted.spec == model.fitted.spec
said = model.predict(frame)
np.testing.assert_array_equal(again.predict(frame), said)
np.testing.assert_allclose(again.predict([few.row(3, named=True)]), said[[3]], rtol=1e-9)
assert model.predict_interval(few, 0.8).shape[0] == 12
assert "cosine" in str(model.evaluate(frame))
assert model.watch(frame) is not None

assert "cosine" in model.report()
assert set(model.explain(few).found.players) == {("size",), ("age",), ("colour",)}
assert "size" in str(model.effects(columns=["size"]))
assert "R²" in str(model.surrogate())
assert "would be 2 if" in str(model.counterfactuals(few, rows=[3], towards=2.0))
assert "size" in str(model.inference())

# What an architecture lacks, the user reads.
unlike = "'cosine' has no last layer whose sum is its answer"
assert unlike in html.unescape(model.row_page(few, row=3))
refused(SpecError, unlike, model.alike, few, row=3)
refused(SpecError, unlike, model.influence, few, row=3)
unproved = "'cosine' is not certifiable: its architecture has no graph"
steady = "robust size ±1 within 1"
refused(NotCertifiableError, unproved, model.verify, steady, few)
asked = {"stress": {"rows": 2, "least_proved": 0.5}, "properties": {"ask": [steady]}}
trust = " ".join(str(model.trust(frame, thresholds=asked)).split())
assert trust.count(unproved) == 2, trust
refused(SpecError, "no linear model", lambda: model.coefficients)
refused(SpecError, "not a chain of layers", gradum.explain_step, model, few.row(3, named=True))
fit = {"target": "amount", "model": "cosine", **once}
refused(SpecError, "option cosine cannot be used", gradum.fit, frame, cosine={"waves": 0}, **fit)
refused(SpecError, "cosine cannot be held monotone", gradum.fit, frame, monotone="size+", **fit)
refused(SpecError, "cosine learns from rows in memory", gradum.fit, "rows.csv", blocks=True, **fit)
"""


@pytest.mark.slow
def test_with_its_compulsory_parts_alone_it_is_fitted_filed_and_asked(tmp_path):
    package = Edited(tmp_path)
    folder = package.path / "rungs/cosine"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "spec.py").write_text(SPEC)
    (folder / "kind.py").write_text(KIND)
    line = "from gradum.rungs.cosine.kind import CosineKind"
    package.add("rungs/registry.py", line, "from gradum.rungs.kind")
    package.add("rungs/registry.py", "        CosineKind(),", "        PackKind(),")
    line = "from gradum.rungs.cosine.spec import CosineSpec"
    package.add("rungs/settings.py", line, "from gradum.rungs.linear.spec")
    package.add("rungs/settings.py", '    "cosine": CosineSpec,', '    "pack": PackSpec,')
    entry = '    cosine: Annotated[Any, Option("cosine", "How.", "X", on_command_line=False)]'
    package.add("rungs/options.py", entry, "    pack: Annotated[")
    package.add("rungs/names.py", '    "cosine",', '    "pack",')
    used = run_in_fork(USE, tmp_path, folder=tmp_path, path=[tmp_path, TESTS])
    assert used.returncode == 0, used.stderr
