"""A smaller model that answers nearly as this one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradum.api.run_rows import run_dataset
from gradum.errors import SchemaError, SpecError
from gradum.forks import refuse_after_fork
from gradum.messages import listed, say
from gradum.run.dataset import Dataset
from gradum.run.options.argument_kinds import with_checked_arguments
from gradum.ship.layout import SPEC
from gradum.ship.run_spec import changed_files, moved, named, read_spec, refuse_other_content
from gradum.solvers.threads import turn
from gradum.tables.sources.open_stream import at_hand

if TYPE_CHECKING:
    from gradum.api.model import Model


@with_checked_arguments
def compress(self: Model, *, budget: float = 0.01, data: str | None = None) -> Model:
    """Distil the network ensemble in use into the smallest model that errs little more.

    A plain MLP learns from the ensemble's answers to mixed rows, and for real rows from those of
    its networks that had not learned from them. The smallest of four sizes is tried first, then
    fewer of the ensemble's own networks. The size is chosen on mixed rows; the rows that judged the
    ensemble judge the result, after a cross-validation fold by fold.

    Parameters
    ----------
    budget : float
        By how much the error (log loss, or RMSE) may grow: 0.01 is 1%.
    data : str, optional
        Where the table of the run lies now, if it was moved; its address, if it lies on another
        machine. Its content must be what it was.

    Returns
    -------
    Model
        With its run, like one that was fitted; ``fitted.provenance.compression`` has what it was
        distilled from and what that cost.

    Raises
    ------
    SpecError
        The model in use is no ensemble, no rows are at hand to judge, the budget is no share, or no
        smaller model keeps it.
    SchemaError
        The run's table has changed.
    """
    refuse_after_fork()
    from gradum.run.distillation.distil import distil

    if not 0 <= budget < float("inf"):
        raise SpecError(
            say("The budget is {budget}.", budget=budget),
            say("Give a share of the error, such as 0.01 (--budget 1%)."),
        )
    dataset = _rows(self, data)
    with turn():
        run = distil(self.fitted, dataset, self.judges, budget)
    return type(self)(run.fitted, run, self.source)


def _rows(model: Model, data: str | None) -> Dataset:
    """Return the rows of a model's run: those at hand, or read again."""
    if model.run is not None:
        if model.run.dataset.drawn_from is not None:
            raise _in_blocks()
        return model.run.dataset
    if model.folder is None:
        raise without_rows()
    run_spec = read_spec(model.folder / SPEC)
    if run_spec.spec.blocks:
        raise _in_blocks()
    run_spec = moved(run_spec, data)
    place = named(run_spec, data)
    if changed := changed_files(run_spec):
        raise SchemaError(
            say(
                "{folder} was made from other rows: {files} has changed or gone.",
                folder=model.folder,
                files=listed(changed),
            ),
            say("Bring the file back, say by --data where it lies now, or fit again."),
        )
    with at_hand(place, run_spec.spec.reading) as table:
        refuse_other_content(run_spec, table.sha256, model.folder)
        return run_dataset(run_spec, table, model.fitted.schema)


def without_rows() -> SpecError:
    """Return the error for a model without its run folder."""
    return SpecError(
        say("A model file does not hold the rows that the model learned from."),
        say("Compress its run folder."),
    )


def _in_blocks() -> SpecError:
    return SpecError(
        say("The run read its table in blocks, and holds some of its rows only."),
        say("Fit on rows that fit in memory."),
    )
