"""A question is added as CONTRIBUTING says, to a copy of the package: a method and a command."""

import json
from pathlib import Path

from edited_package import Edited
from forks import run_in_fork

TESTS = Path(__file__).parents[1]

STUDY = """
import msgspec
import numpy as np
from gradum.run.predicting import predict_typed


class Extremes(msgspec.Struct, frozen=True):
    rows: int
    largest: float


def extremes(fitted, features, numbers) -> Extremes:
    answers = predict_typed(fitted, features).value
    return Extremes(len(numbers), float(np.max(answers)))
"""

SHOWN = """
import polars as pl
from gradum.show.document import Shown, lines


class ExtremeAnswers(Shown):
    def __init__(self, found):
        self.found = found

    @property
    def frame(self):
        return pl.DataFrame({"largest": [self.found.largest]})

    def _parts(self):
        yield from lines([f"The largest of {self.found.rows} answers is {self.found.largest:.3f}."])
"""

ASKED = """
from gradum.api.asked_rows import asked_rows


def extremes(self, data=None):
    from gradum.show.extremes import ExtremeAnswers
    from gradum.study.extremes import extremes

    return ExtremeAnswers(extremes(self.fitted, *asked_rows(self, data, None)))
"""

COMMAND = """
from gradum.app.cli import options
from gradum.app.cli.console import load_model, write, write_json


def command(model: options.Model, data: options.Table, as_json: options.Json = False) -> None:
    \"\"\"Say what a model answers at most.\"\"\"
    answer = load_model(model).extremes(data)
    write_json(answer.found) if as_json else write(answer)
"""

ASK = """
import sys
import gradum
from gradum.app.cli import main
from synthetic import ONCE, task

assert gradum.__file__.startswith(sys.argv[1])
table = task("amount", 120)
model = gradum.fit(table, "amount", model="linear", learning_curve=False, **ONCE)
model.save("m.gradum")
table.write_csv("t.csv")
assert model.extremes(table).frame["largest"].item() == model.predict(table).max()
for way in ([], ["--json"]):
    sys.argv = ["gradum", "extremes", "m.gradum", "t.csv", *way]
    try:
        main()
    except SystemExit as end:
        assert not end.code, end.code
"""


def test_a_toy_question_is_a_method_and_a_command(tmp_path):
    package = Edited(tmp_path)
    for file, text in (
        ("study/extremes.py", STUDY),
        ("show/extremes.py", SHOWN),
        ("api/extremes.py", ASKED),
        ("app/cli/extremes.py", COMMAND),
    ):
        (package.path / file).write_text(text)
    package.add("api/model.py", "from gradum.api.extremes import extremes", "from gradum.api.infer")
    package.add("api/model.py", "    extremes = extremes", "    row_page = row_page")
    package.add("app/cli/__init__.py", "    extremes,", "    failures,")
    package.add("app/cli/__init__.py", "    extremes,", "    fit,\n    resume,")
    asked = run_in_fork(ASK, tmp_path, folder=tmp_path, path=[tmp_path, TESTS])
    assert asked.returncode == 0, asked.stderr
    text, _, found = asked.stdout.partition("\n")
    largest = json.loads(found)["largest"]
    assert json.loads(found) == {"rows": 120, "largest": largest}
    assert text == f"The largest of 120 answers is {largest:.3f}."
