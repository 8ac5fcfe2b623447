"""The run folder of a model that was distilled from another one's."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from msgspec import structs

from gradum.api.compress import compress, without_rows
from gradum.api.model import Model
from gradum.api.runs import save_run
from gradum.errors import OutputError
from gradum.files.atomic import claim_folder, missing_folders
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

    Raises
    ------
    GradumError
        As in `compress`; or the folder is not empty (allowed with ``force``), is the run's own, or
        cannot be written. Nothing is written then.
    """
    if model.folder is None:
        raise without_rows()
    if folder.exists() and folder.samefile(model.folder):
        raise OutputError(
            say("{folder} holds the model that is to be compressed.", folder=folder),
            say("Choose another folder."),
        )
    made = missing_folders(folder)
    claim_folder(folder, force=force)
    try:
        small = compress(model, budget=budget, data=data)
    except BaseException:
        for empty in made:
            with suppress(OSError):
                empty.rmdir()
        raise
    of_run = moved(read_spec(model.folder / SPEC), data)
    of = model.fitted.provenance.fingerprint
    own = structs.replace(of_run, spec=small.fitted.spec, against=(), distilled_from=of)
    save_run(small, folder, own, cache=cache)
    return small
