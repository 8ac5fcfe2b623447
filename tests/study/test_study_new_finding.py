"""A finding is added as CONTRIBUTING.md says, to a copy of the package; the report shows it."""

from pathlib import Path

import pytest

from edited_package import Edited
from forks import run_in_fork

TESTS = Path(__file__).parents[1]

FINDING = """
import msgspec
import numpy as np
from gradum.study.evidence import Evidence


class Toy(msgspec.Struct, frozen=True):
    rows: int
    largest: float


def toy(evidence: Evidence) -> Toy:
    error = np.abs(evidence.target - evidence.prediction.value)
    return Toy(len(evidence), float(error.max()))
"""

PICTURE = """
import altair as alt
from gradum.show.pictures.picture import Picture, data
from gradum.study.findings.toy import Toy


def pictures_of(findings, fitted) -> list[Picture]:
    return [toy_picture(findings.toy)]


def toy_picture(found: Toy) -> Picture:
    chart = alt.Chart(data([{"largest": found.largest}])).mark_bar().encode(x="largest:Q")
    said = f"The largest error of {found.rows} rows is a toy."
    return Picture("toy", "A toy", chart, said, header=("largest",), rows=((f"{found.largest}",),))
"""

FIT = """
import sys
import gradum
from synthetic import ONCE, task

model = gradum.fit(task("amount", 120), "amount", model="linear", learning_curve=False, **ONCE)
assert gradum.__file__.startswith(sys.argv[1])
assert model.findings.toy.rows == len(model.run.judged.rows)
page = model.report()
assert f"The largest error of {model.findings.toy.rows} rows is a toy." in page
"""


@pytest.mark.slow
def test_a_toy_finding_reaches_the_report(tmp_path):
    package = Edited(tmp_path)
    (package.path / "study/findings/toy.py").write_text(FINDING)
    (package.path / "show/pictures/toy.py").write_text(PICTURE)
    package.add(
        "study/findings/findings.py",
        "from gradum.study.findings.toy import Toy, toy",
        "from gradum.study.uncert",
    )
    package.add(
        "study/findings/findings.py", "    toy: Toy | None = None", "    worst: tuple[WorstRow"
    )
    package.add(
        "study/findings/findings.py", "        toy=toy(evidence),", "        worst=worst_rows("
    )
    package.add("show/report.py", "from gradum.show.pictures import toy", "from gradum.show.repeat")
    package.add("show/report.py", '    ("errors", toy),', '    ("errors", ranking),')
    fitted = run_in_fork(FIT, tmp_path, folder=tmp_path, path=[tmp_path, TESTS])
    assert fitted.returncode == 0, fitted.stderr
