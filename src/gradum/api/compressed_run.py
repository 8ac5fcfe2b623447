"""The run folder of a model that was distilled from another one's."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path

from msgspec import structs

from gradum.api.compress import compress, over_budget, without_rows
from gradum.api.model import Model
from gradum.api.runs import save_run
from gradum.errors import OutputError, OverBudgetError
from gradum.files.atomic import claim_folder, make_first, missing_folders
from gradum.messages import say
from gradum.ship.layout import SPEC
from gradum.ship.run_spec import moved, read_spec


def compress_run(
    model: Model,
    folder: Path,
    *,
    budget: float,
    data: str | None = None,
    force: bool = False,
    cache: Path | None = None,
) -> Model:
    """Write the run folder of a smaller model, as `compress` makes it of a run folder's model.

    One that errs more than the budget allows goes into a folder beside, see `kept_beside`.

    Raises
    ------
    GradumError
        As in `compress`; or the folder is not empty (allowed with ``force``), is the run's own, or
        cannot be written. But for `OverBudgetError`, nothing is written then.
    """
    if model.folder is None:
        raise without_rows()
    if folder.exists() and folder.samefile(model.folder):
        raise OutputError(
            "{folder} holds the model that is to be compressed.",
            "Choose another folder.",
            folder=folder,
        )
    made = missing_folders(folder)
    claim_folder(folder, force=force)
    try:
        small = compress(model, budget=budget, data=data)
    except BaseException as error:
        for empty in made:
            with suppress(OSError):
                empty.rmdir()
        if isinstance(error, OverBudgetError):
            raise kept_beside(error, model, folder, data=data, cache=cache) from None
        raise
    _save(small, model, folder, data, cache)
    return small


def kept_beside(
    error: OverBudgetError,
    model: Model,
    place: Path,
    *,
    data: str | None = None,
    cache: Path | None = None,
) -> OverBudgetError:
    """Write the run folder of a smaller model over its budget, and return the error that says so.

    The folder is the first free one of PLACE-over-budget, PLACE-over-budget-2, and so on.
    """
    stem = f"{place}-over-budget"
    folder = make_first(Path(stem if k == 1 else f"{stem}-{k}") for k in count(1))
    _save(error.model, model, folder, data, cache)
    return over_budget(error.model, say("It was written to {folder}.", folder=folder))


def _save(small: Model, model: Model, folder: Path, data: str | None, cache: Path | None) -> None:
    """Write the run folder of a smaller model of another one's run."""
    assert model.folder is not None
    of_run = moved(read_spec(model.folder / SPEC), data)
    of = model.fitted.provenance.fingerprint
    own = structs.replace(of_run, spec=small.fitted.spec, against=(), distilled_from=of)
    save_run(small, folder, own, cache=cache)
