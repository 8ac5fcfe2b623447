"""A model that is saved as soon as it has learned, whatever fails after that."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradum.errors import AfterLearningError, GradumError
from gradum.run.fitted import Fitted
from gradum.ship import run_folder, unfinished
from gradum.ship.layout import MODEL
from gradum.tables.wording import shortened

MOST_CHARACTERS = 200  # of a cause


class KeptModel:
    """The model file of a run folder, while the run goes on.

    Parameters
    ----------
    folder : path
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.saved = folder, False

    def save(self, fitted: Fitted) -> None:
        """Write a model, and what its folder needs to be used.

        Raises
        ------
        OutputError
            A file cannot be written.
        """
        run_folder.write_model(self.folder, fitted, unfinished.read(self.folder).run)
        self.saved = True

    @contextmanager
    def survives_failures(self) -> Iterator[None]:
        """End the run if the block fails after the model was saved, and say how to go on with it.

        A failure of the machine, after which the run can be resumed, is left as it is.

        Raises
        ------
        AfterLearningError
        """
        try:
            yield
        except (OSError, MemoryError):
            raise
        except Exception as error:
            if not self.saved or (isinstance(error, GradumError) and error.exit_code != 2):
                raise
            unfinished.end(self.folder)
            raise AfterLearningError(
                "The run failed after the model had learned: {cause}.",
                "The model is whole, in {model}; go on with it (gradum predict {folder}), or "
                "fit again without what failed.",
                cause=_cause_of(error),
                model=self.folder / MODEL,
                folder=self.folder,
            ) from error


def _cause_of(error: Exception) -> str:
    """Return what failed in one line: gradum's own words, or the error and its place in gradum."""
    if isinstance(error, GradumError):
        return error.message.rstrip(".。")
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{shortened(text, MOST_CHARACTERS)} ({Path(place.filename).name}:{place.lineno})"
