"""Charts where Python leaves docstrings out."""

import subprocess
import sys

CHART = """
import gradum.show.pictures
import altair
assert gradum.show.pictures.__doc__ is None
print(altair.Chart(altair.Data(values=[])).mark_bar().to_dict()["mark"]["type"])
"""


def test_charts_can_be_drawn_where_python_leaves_docstrings_out():
    drawn = subprocess.run([sys.executable, "-OO", "-c", CHART], capture_output=True, text=True)
    assert (drawn.stdout, drawn.stderr) == ("bar\n", "")
