"""A model written in a form that runs without gradum, after both have answered the same rows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import msgspec
import polars as pl

from gradum.errors import OutputError
from gradum.files.atomic import check_writable, write_bytes
from gradum.messages import listed, say
from gradum.run.compression import Compression
from gradum.run.fitted import Fitted
from gradum.run.intervals.conformal.statement import Statement
from gradum.run.intervals.predictor import ConformalPredictor
from gradum.ship.forms.javascript.file import JavaScriptForm
from gradum.ship.forms.onnx.file import OnnxForm
from gradum.ship.forms.parity import Parity, Runner, parity
from gradum.ship.forms.sql.file import SqlForm
from gradum.ship.prediction_files import refuse_existing
from gradum.ship.recording.model import RecordedModel, recorded_model


class Form(Protocol):
    """A form of models outside of gradum."""

    title: str
    """The program that runs it."""
    endings: tuple[str, ...]
    """Of the names of its files; the first is the usual one."""

    def data(self, model: RecordedModel) -> bytes:
        """Return the file of a model."""
        ...

    def runner(self, data: bytes, model: RecordedModel) -> Runner | None:
        """Return what answers raw rows by the file; None where its program is not installed."""
        ...


FORMS: dict[str, Form] = {"onnx": OnnxForm(), "javascript": JavaScriptForm(), "sql": SqlForm()}
"""Every form, by the name that users ask for it."""


class Exported(msgspec.Struct, frozen=True):
    """A model's file in another form."""

    path: str
    """The file."""
    rung: str
    """The model that it holds."""
    bytes: int
    """The size of the file."""
    inputs: tuple[str, ...]
    """The columns that it takes."""
    outputs: tuple[str, ...]
    """Its answers."""
    runtime: str
    """The program that runs it."""
    parity: Parity | None
    """How far its answers differ from the model's own; None where this was not checked."""
    unchecked: str = ""
    """Why it was not checked; empty where it was."""
    promise: Statement | None = None
    """What is promised of its intervals or sets; None where it has none."""
    compression: Compression | None = None
    """What the model lost when it was distilled from a larger one; None where it was not."""


def form_of(path: str | os.PathLike, to: str | None = None, *, force: bool) -> Form:
    """Return the form asked for, or that a file name stands for; refuse a file that is there.

    Raises
    ------
    OutputError
    """
    ending = Path(path).suffix.lower()
    if to is None:
        forms = [form for form in FORMS.values() if ending in form.endings]
        endings = [ending for form in FORMS.values() for ending in form.endings]
        cause = say("{path} names no form in which models are exported.", path=path)
        remedy = say("End the name in {endings}.", endings=listed(endings, "or"))
    else:
        forms = [FORMS[to]] if to in FORMS else []
        cause = say("Models are not exported to {form!r} (--to).", form=to)
        remedy = say("Choose among {choices}.", choices=listed(list(FORMS)))
    if not forms:
        raise OutputError(cause, remedy)
    refuse_existing(Path(path), force=force)
    check_writable(path)
    return forms[0]


def export(
    fitted: Fitted,
    path: str | os.PathLike,
    rows: pl.DataFrame | str,
    *,
    to: str | None = None,
    rung: str | None = None,
    promise: ConformalPredictor | None = None,
    force: bool = False,
) -> Exported:
    """Write a rung of a model to a file, if the file's answers can be computed where it runs.

    Parameters
    ----------
    path : path
        Its ending says which form, if ``to`` does not.
    rows : DataFrame or str
        Typed rows on which the file is held against the model; or why there are none.
    to : str, optional
        A name in `FORMS`.
    rung : str, optional
        The one in use if left out.
    promise : ConformalPredictor, optional
        What makes intervals or sets, if there are to be any.
    force : bool
        Whether to replace a file.

    Raises
    ------
    ExportError
        The model, or a column, has no such form.
    OutputError
        There is no such form, there is such a file already, or it cannot be written.
    """
    form = form_of(path, to, force=force)
    model = recorded_model(fitted, rung, promise)
    data = form.data(model)
    found, reason = None, rows if isinstance(rows, str) else ""
    if not isinstance(rows, str):
        runner = form.runner(data, model)
        if runner is None:
            reason = say("{runtime} is not installed.", runtime=form.title)
        else:
            found = parity(model, rows, runner)
    refuse_existing(Path(path), force=force)  # it may have appeared in the meantime
    write_bytes(path, data)
    inputs = tuple(column.name for column in model.columns)
    outputs = tuple(model.answers.values())
    return Exported(
        str(path),
        model.rung.name,
        len(data),
        inputs,
        outputs,
        form.title,
        found,
        reason,
        promise and promise.statement,
        fitted.provenance.compression,
    )
