"""The three commands to go on with, where ``gradum`` is called without one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from gradum.messages import say
from gradum.ship.layout import MODEL
from gradum.show.words.visible import visible

TABLES = {
    *(".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".feather", ".arrow", ".xlsx"),
    *(".sqlite", ".db", ".dta", ".sav", ".sas7bdat"),
}
"""The endings of files that are likely tables; others are read, too."""
RUNS = "runs"
"""The folder in which a fit leaves its run, if it is not told where."""


def next_steps(folder: Path) -> str:
    """Return what to do next in a folder: with its newest run, with a table, or with neither."""
    table, run = _table(folder), _run(folder)
    if run is not None:
        first = say("{run} is a run. Three commands to go on with:", run=visible(str(run)))
        steps = _with_run(shlex.quote(str(run)), table)
    elif table is not None:
        first = say("{table} may be a table. Three commands to go on with:", table=visible(table))
        steps = _with_table(shlex.quote(table))
    else:
        first = say("There is neither a table nor a run here. Three commands to go on with:")
        steps = _with_table(say("TABLE"))
    lines = [(visible(command), purpose) for command, purpose in steps]
    longest = max(len(command) for command, _ in lines)
    shown = (f"  {command.ljust(longest)}  {purpose}" for command, purpose in lines)
    return "\n".join([first, "", *shown, "", say("gradum --help lists all commands.")])


def _with_table(table: str) -> Iterator[tuple[str, str]]:
    yield f"gradum inspect {table}", say("what each column is taken for")
    yield f"gradum fit {table} --target {say('COLUMN')}", say("models of a column, judged")
    yield f"gradum lab {table} --target {say('COLUMN')}", say("watch one learn in a browser")


def _with_run(run: str, table: str | None) -> Iterator[tuple[str, str]]:
    rows = say("TABLE") if table is None else shlex.quote(table)
    yield f"gradum predict {run} {rows} -o predictions.csv", say("predictions for new rows")
    yield f"gradum explain {run} --row 1", say("why a row is answered so")
    yield f"gradum trust {run}", say("what holds of the model, and what was not checked")


def _table(folder: Path) -> str | None:
    """Return the first file that is likely a table."""
    names = sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix.lower() in TABLES and not path.name.startswith(".") and path.is_file()
    )
    return names[0] if names else None


def _run(folder: Path) -> Path | None:
    """Return the folder itself if it is a run, or else the newest run in ``runs/``."""
    if (folder / MODEL).is_file():
        return Path()
    models = [*(folder / RUNS).glob(f"*/{MODEL}")]
    newest = max(models, key=lambda path: (path.stat().st_mtime_ns, path), default=None)
    return None if newest is None else newest.parent.relative_to(folder)
