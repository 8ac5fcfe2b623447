"""The models at work: each under a name, exchanged for a newer file while requests are answered."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gradum.api.runs import load
from gradum.errors import GradumError, ModelFileError, SpecError
from gradum.messages import listed, say
from gradum.questions.rows.run_rows import run_of
from gradum.serve.served_model import ServedModel
from gradum.ship.layout import MODEL
from gradum.ship.run_folder import locate_model
from gradum.tables.wording import quoted

LOG = logging.getLogger("gradum.serve")

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class NamedModel:
    """A model file or run folder under a name."""

    name: str
    path: Path

    @classmethod
    def of(cls, written: str) -> NamedModel:
        """Read ``NAME=PATH``, or a path whose last part, without its ending, is the name."""
        name, equals, path = written.partition("=")
        if equals and name and path:
            return cls(name, Path(path))
        path = Path(written)
        return cls(path.name if path.is_dir() else path.stem, path)


class Slot:
    """The file of one model, and the model in it that answers.

    Parameters
    ----------
    named : NamedModel
    others : set of str
        Columns that callers may name: those of its models, which are added, and others'.
    allow_missing : bool
        See `ServedModel`.

    Raises
    ------
    ModelFileError
        The file is no model that can be put to work.
    """

    def __init__(self, named: NamedModel, others: set[str], *, allow_missing: bool = False) -> None:
        self.named, self._others, self._allow_missing = named, others, allow_missing
        self._stamp = self._look()
        self.served = self._put_to_work(self._opened())
        self.failures = 0

    def renew(self) -> bool:
        """Put the file's model to work if the file has changed; return whether it was.

        A file that is no model, of another target, or needs more columns, leaves the old one.
        """
        stamp = self._look()
        if stamp is None or stamp == self._stamp:
            return False
        self._stamp = stamp  # a bad file is tried once, until it changes again
        try:
            newer = self._opened()
            _refuse_other(self.served, newer)
        except GradumError as error:
            self.failures += 1
            LOG.error("reload-refused", extra={"model": self.named.name, "cause": str(error)})
            return False
        # One assignment: a request has the old model or the new one.
        self.served = self._put_to_work(newer)
        LOG.info("reloaded", extra={"model": self.named.name, "version": newer.version})
        return True

    def _put_to_work(self, served: ServedModel) -> ServedModel:
        """Let callers name its columns from now on, whatever the models after it know."""
        self._others |= served.known
        return served

    def _look(self) -> Stamp | None:
        """Return what changes when the file is replaced; None while there is none."""
        path = self.named.path
        try:
            found = (path / MODEL if path.is_dir() else path).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _opened(self) -> ServedModel:
        path = self.named.path
        model = load(locate_model(path))
        model.folder = run_of(path, model.fitted)
        if model.fitted.spec.is_forecast:
            raise ModelFileError(
                "{path} continues series, and answers no single rows.",
                "Write its forecasts with gradum predict, and serve those.",
                path=path,
            )
        served = ServedModel(self.named.name, model, self._allow_missing, self._others)
        try:
            served.test()
        except GradumError as error:
            cause = say("{path} cannot be put to work: {cause}", path=path, cause=error.message)
            raise ModelFileError(cause, error.remedy) from error
        return served


class Shelf:
    """Every model at work.

    Parameters
    ----------
    models : sequence of NamedModel
        The first one answers where no name is given.
    shadows : sequence of NamedModel
        Models that are asked the same as the one of their name; their answers are counted, and
        never given.
    allow_missing : bool
        See `ServedModel`.

    Raises
    ------
    SpecError
        Two have one name, or a shadow has no model.
    ModelFileError
        A file is no model that can be put to work.
    """

    def __init__(
        self,
        models: Sequence[NamedModel],
        shadows: Sequence[NamedModel] = (),
        *,
        allow_missing: bool = False,
    ) -> None:
        _refuse_names(models, shadows)
        others = {named.name: set[str]() for named in models}
        self.slots, self.shadows = (
            {
                named.name: Slot(named, others[named.name], allow_missing=allow_missing)
                for named in several
            }
            for several in (models, shadows)
        )
        for name, shadow in self.shadows.items():
            _refuse_other(self.slots[name].served, shadow.served)

    @property
    def served(self) -> list[ServedModel]:
        """The models that answer, the first one where no name is given."""
        return [slot.served for slot in self.slots.values()]

    def renew(self) -> None:
        """Put changed files to work."""
        for slot in (*self.slots.values(), *self.shadows.values()):
            slot.renew()


def _refuse_names(models: Sequence[NamedModel], shadows: Sequence[NamedModel]) -> None:
    names = [named.name for named in models]
    if not names:
        raise SpecError("There is no model to serve.", "Name a model file.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SpecError(
            "Two models are called {names}.", "Give each a name: NAME=PATH.", names=listed(twice)
        )
    alone = [named.name for named in shadows if named.name not in names]
    if alone:
        raise SpecError(
            "No model is called {names}, whose shadow is given.",
            "Write --shadow NAME=PATH with the name of a model that is served.",
            names=listed(alone),
        )


def _refuse_other(old: ServedModel, new: ServedModel) -> None:
    """Refuse a model of another target than the one at work, or one that needs more columns."""
    was, now = ((each.model.target, each.model.task) for each in (old, new))
    if was != now:
        raise ModelFileError(
            "The new file predicts {now!r} ({task}), and the model at work {was!r} ({was_task}).",
            "Serve it under another name.",
            now=now[0],
            task=now[1],
            was=was[0],
            was_task=was[1],
        )
    _refuse_more_columns(old, new)


def _refuse_more_columns(old: ServedModel, new: ServedModel) -> None:
    """Refuse a model that needs columns which requests for the one at work need not bring."""
    more = (new.asks_for - old.asks_for) | (new.required - old.required)
    if more:
        raise ModelFileError(
            "The new file needs {columns}, which the model at work does not.",
            "Serve it under another name, or start the server anew once callers send them.",
            columns=quoted(sorted(more)),
        )
