"""The subject of a trust report: a model with its run and perhaps a table, or only predictions."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from gradum.messages import say
from gradum.questions.rows.groups import judged_evidence
from gradum.questions.rows.run_rows import known_rows
from gradum.questions.subject import Subject
from gradum.study.evaluation.evaluate import Evaluation, new_rows_evidence
from gradum.study.evaluation.run_rows import RunRows
from gradum.study.evidence import Evidence
from gradum.study.properties.network_pairs import ForeignNetwork
from gradum.study.trust import Obstacle
from gradum.tables.table import Table

if TYPE_CHECKING:
    from gradum.show.answers.verification import PropertyReport


class AskedModel(Subject, Protocol):
    """A model, and the questions of it that a trust report asks by name."""

    def evaluate(self, data: Any = None) -> Evaluation:
        """Score every rung on rows that hold the target."""
        ...

    def verify(
        self, properties: Sequence[str] = (), data: Any = None, *, seconds: float = 300.0
    ) -> PropertyReport:
        """Prove properties of the model, or find counterexamples."""
        ...


@dataclass(frozen=True, eq=False)
class ExaminedModel:
    """A model of gradum, with what was given to examine it."""

    model: AskedModel
    """With its run, if that is at hand or in a folder."""
    table: Table | None = None
    """New rows, perhaps with the target."""
    by: tuple[str, ...] = ()
    """Columns by whose groups it should be scored."""
    rerun: bool = False
    """Whether to fit the model again."""

    @property
    def name(self) -> str:
        """What the model is called in the report."""
        folder = self.model.folder
        if folder is None:
            return say("the model of {target!r}", target=self.model.target)
        return folder.resolve().name

    @property
    def run_name(self) -> str:
        """The model's name in commands, for remedies."""
        folder = self.model.folder
        return "RUN" if folder is None else shlex.quote(str(folder))

    @property
    def learned(self) -> int | None:
        """How many rows the model learned from; None if its run does not say so."""
        judgement = self.model.fitted.judgement
        return None if judgement is None else judgement.rows.get("train", judgement.rows["test"])

    @property
    def table_name(self) -> str:
        """What the table of new rows is called."""
        return "" if self.table is None else self.table.source

    def without(self, question: str) -> Obstacle | None:
        """Why a question cannot be asked because this gradum lacks it; None if gradum has it."""
        if hasattr(self.model, question):
            return None
        return Obstacle(
            say("This gradum is without {question}, which would tell.", question=question),
            say("Install all of gradum."),
        )

    @property
    def no_table(self) -> Obstacle:
        """Why nothing is said about new rows if there are none."""
        return Obstacle(
            say("No table of new rows was given."),
            say("To check it: gradum trust {run} TABLE", run=self.run_name),
        )

    @property
    def no_judged_rows(self) -> Obstacle:
        """Why nothing is said about the judged rows of a model file alone."""
        return Obstacle(
            say("A model file alone does not hold the rows that judged it."),
            say("Name its run folder."),
        )

    @property
    def no_judgement(self) -> Obstacle:
        """Why nothing is said about a run that was interrupted early."""
        return Obstacle(
            say("The run was interrupted before any model could be judged."), say("Fit again.")
        )

    @cached_property
    def no_answers(self) -> Obstacle | None:
        """Why the model cannot be compared with the answers in a table; None if it can."""
        if self.table is None:
            return self.no_table
        if self.model.target not in self.table.frame.columns:
            return Obstacle(
                say(
                    "{source} has no column {target!r} to hold answers against.",
                    source=self.table.source,
                    target=self.model.target,
                ),
                say("Give a table that has it."),
            )
        return None

    @cached_property
    def evaluation(self) -> Evaluation | Obstacle:
        """The scores on the table, beside those of the run."""
        blocked = self.no_answers or self.without("evaluate")
        return blocked or self.model.evaluate(self.table)

    @cached_property
    def new_rows(self) -> Evidence | Obstacle:
        """The rows of the table that are new to the run, with the model's answers."""
        if self.no_answers is not None:
            return self.no_answers
        assert self.table is not None
        model = self.model
        known = known_rows(model.run, model.folder, model.fitted)
        known = known if isinstance(known, RunRows) else None
        evidence = new_rows_evidence(model.fitted, self.table, self.by, known)
        if evidence is None:
            return Obstacle(
                say("No row of {source} is new to the run.", source=self.table.source),
                say("Give others."),
            )
        return evidence

    @cached_property
    def grouped_rows(self) -> Evidence | Obstacle:
        """The rows that are grouped: new rows if there are any, else the judged ones."""
        if isinstance(self.new_rows, Evidence):
            return self.new_rows
        model = self.model
        if model.run is None and model.folder is None:
            return Obstacle(
                say("A model file alone does not hold the rows that judged it."),
                say("Name its run folder, or a table."),
            )
        return judged_evidence(model, self.by)


@dataclass(frozen=True, eq=False)
class ExaminedPredictions:
    """Predictions of a model from elsewhere, beside the true values."""

    name: str
    """The name of the file."""
    evidence: Evidence
    """All rows with their predictions."""
    only_ranked: bool
    """Whether the scores of two classes are not probabilities, so that only their order counts."""
    how: str
    """How the file was read, in whole sentences."""
    by: tuple[str, ...] = ()
    """Columns by whose groups it should be scored."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """The hashes of the files that were read."""
    network: Callable[[], ForeignNetwork] | None = None
    """Reads the network as a graph, with the ranges of its columns; raises ModelFileError if no
    bounds can be computed for it. None if there is no network."""

    @property
    def target(self) -> str:
        """The column that is predicted."""
        assert self.evidence.schema.target is not None
        return self.evidence.schema.target.name

    @property
    def unknown(self) -> Obstacle:
        """Why most parts have nothing to examine."""
        return Obstacle(
            say("Predictions from elsewhere do not show it."),
            say("Only a run of gradum can be asked: gradum fit TABLE --target COL"),
        )

    @property
    def no_probabilities(self) -> Obstacle:
        """Why nothing is said about probabilities and decisions."""
        return Obstacle(
            say("The scores are no probabilities: they rank the rows, and decide nothing."),
            say("Give probabilities between 0 and 1."),
        )
