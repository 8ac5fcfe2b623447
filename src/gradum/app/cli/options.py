"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

TABLE = (
    "A CSV, TSV, JSON, Parquet or Arrow file, a quoted pattern such as 'part-*.csv', "
    "or - for standard input."
)

Numeric = Annotated[
    list[str] | None, typer.Option("--numeric", metavar="COL", help="Take COL as a number.")
]
Categorical = Annotated[
    list[str] | None, typer.Option("--categorical", metavar="COL", help="Take COL as categories.")
]
Text = Annotated[
    list[str] | None, typer.Option("--text", metavar="COL", help="Take COL as free text.")
]
Date = Annotated[
    list[str] | None, typer.Option("--date", metavar="COL", help="Take COL as a date or time.")
]
Drop = Annotated[list[str] | None, typer.Option("--drop", metavar="COL", help="Leave COL out.")]
Weight = Annotated[
    str | None, typer.Option("--weight", metavar="COL", help="Weigh each row by COL.")
]
Group = Annotated[
    str | None,
    typer.Option("--group", metavar="COL", help="Keep rows of equal COL on one side of a split."),
]
Time = Annotated[
    str | None,
    typer.Option("--time", metavar="COL", help="Train on the past of COL, judge on its future."),
]
Task = Annotated[
    str | None,
    typer.Option("--task", metavar="TASK", help="regression, binary or multiclass."),
]
DropRareClasses = Annotated[
    bool,
    typer.Option(
        "--drop-rare-classes", help="Leave out rows of classes with fewer than 3 rows, and say so."
    ),
]
LogTarget = Annotated[
    bool, typer.Option("--log-target", help="Learn the logarithm of a positive target.")
]
Slice = Annotated[
    list[str] | None, typer.Option("--slice", metavar="COL", help="Score by the values of COL.")
]
Cost = Annotated[
    str | None,
    typer.Option(
        "--cost", metavar="FP=1,FN=5", help="Find the threshold at which mistakes cost least."
    ),
]
Rows = Annotated[
    bool, typer.Option("--rows/--no-rows", help="Whether the report may show single rows.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one event a line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
CHECKPOINT_SECONDS = 30.0
CheckpointEvery = Annotated[
    float,
    typer.Option(
        "--checkpoint-every",
        metavar="SECONDS",
        help="How often to keep what gradum resume goes on from. Default: 30. 0: never.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")]
MaxMemory = Annotated[
    str | None,
    typer.Option(
        "--max-memory",
        metavar="SIZE",
        help="Read a table that takes more, such as 2GB, in blocks. Default: half of the free.",
    ),
]
Blocks = Annotated[
    bool | None,
    typer.Option(
        "--blocks/--no-blocks",
        help="Read the table in blocks, or as a whole. Default: as --max-memory demands.",
    ),
]
Effort = Annotated[
    str,
    typer.Option(
        "--effort",
        metavar="HOW",
        help="How large a pack is trained: quick, standard or best. Default: standard.",
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        metavar="SECONDS",
        help="Train packs for at most so long in all; the result then depends on the clock.",
    ),
]
