"""What a question is asked of: a fitted model, and the rows that are known of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from gradum.run.fitted import Fitted
    from gradum.run.judge import Judge
    from gradum.run.run import Run
    from gradum.show.words.file_names import Source
    from gradum.study.certified.table_graph import TableGraph
    from gradum.study.findings.findings import Findings
    from gradum.tables.check.differences import Difference
    from gradum.tables.columns import Task


class Subject(Protocol):
    """A fitted model. `questions/rows` finds its rows, or says why there are none.

    Attributes
    ----------
    fitted : Fitted
        The schema, the encoder, every rung and the judgement.
    run : Run or None
        The run that fitted it, with its rows; None for a loaded model.
    folder : path or None
        The run folder from which it was loaded, whose table may be read again.
    source : Source
        The names of the run's files.
    """

    fitted: Fitted
    run: Run | None
    folder: Path | None
    source: Source

    @property
    def target(self) -> str:
        """The column that is predicted."""
        ...

    @property
    def used(self) -> str:
        """The rung that predicts unless another rung is asked for."""
        ...

    @property
    def findings(self) -> Findings | None:
        """What the judged rows show; None without the run that judged them."""
        ...

    def graph(self, rung: str | None = None) -> TableGraph:
        """Return a rung as graphs on which bounds are computed over boxes of the table's rows."""
        ...

    def with_run(self, run: Run) -> Self:
        """Return the model that another run of the same files fitted."""
        ...

    def remember(self, differences: tuple[Difference, ...]) -> None:
        """Keep how the table that was predicted differs from the training rows."""
        ...

    @property
    def task(self) -> Task:
        """regression, binary or multiclass."""
        ...

    @property
    def classes(self) -> tuple:
        """The labels; empty for regression."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that the model uses."""
        ...

    @property
    def judges(self) -> tuple[Judge, ...]:
        """The models of a cross-validation, on which its guarantee rests."""
        ...
