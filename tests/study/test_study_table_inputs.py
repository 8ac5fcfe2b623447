"""What the inputs of a graph mean, where a table has grids, which have no such inputs."""

from types import SimpleNamespace

import numpy as np

from gradum.study.certified.table_inputs import TableInputs
from gradum.tables.kinds.blocks import cells_of
from gradum.tables.kinds.design import CodedColumn, Design, Feature, GridColumn, Layout


def test_grids_have_no_inputs_of_their_own():
    colour = CodedColumn("colour", ("red", "green"))
    layout = Layout(
        (Feature("x", "x", "value"), Feature("photo 1", "photo", "grid")),
        (colour,),
        grids=(GridColumn("photo", 2, 2, 1),),
    )
    arrays = {
        "dense": np.zeros((3, 2)),
        "codes": np.zeros((3, 1), np.int32),
        "grids": cells_of([np.zeros((3, 2, 2, 1), np.uint8)]),
    }
    inputs = TableInputs(SimpleNamespace(encoder=SimpleNamespace(layout=layout)))
    assert inputs.count == len(inputs.sources) == Design(arrays, layout).flat().shape[1] == 5
    assert inputs.by_levels[colour].tolist() == [2, 3, 4]
