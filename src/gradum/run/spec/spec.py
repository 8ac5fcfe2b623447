"""The spec of a run: frozen values with a JSON and a TOML form, checked when built."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import msgspec

from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.spec.metric import metric_named
from gradum.rungs.names import BASELINE, CLASSICAL, FORECAST_LADDER, LADDER, ModelName
from gradum.rungs.number_ranges import (
    LARGEST,
    MOST,
    FromNone,
    FromOne,
    ProperShare,
    refuse_beyond_ranges,
    refuse_time_limit,
)
from gradum.rungs.rung_spec import Effort, RungSpec, refuse_effort
from gradum.rungs.settings import SETTINGS
from gradum.tables.forecast.facet import STEP
from gradum.tables.formats.reading_options import ReadingOptions
from gradum.tables.schema.schema import Overrides
from gradum.tables.wording import shortened, size

LEAST_MEMORY = 500_000_000  # bytes, most of which the software itself takes

SIGNS = {"+": 1, "-": -1}  # of a monotone column
SMALLER: dict[Effort, Effort] = {"quick": "quick", "standard": "quick", "best": "standard"}
"""The effort of networks in a forecast, by the effort that is asked for."""


class SplitSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows judge. ``folds`` = 0 lets the number of rows decide.

    A small table of fewer than ``repeated_below_rows`` rows is cross-validated ``repeats`` times
    over. With more rows, a second time moves a score by a tenth of its interval's half-width, and
    doubles the time.
    """

    test: ProperShare = 0.2
    validation: ProperShare = 0.15
    folds: Annotated[int, msgspec.Meta(ge=0, le=MOST, title="cv")] = 0
    repeats: FromOne = 2
    repeated_below_rows: FromNone = 500
    small_table_rows: FromNone = 1000

    def __post_init__(self) -> None:
        """Refuse numbers by which no table can be divided."""
        if self.folds == 1:
            raise SpecError(
                "Cross-validation with 1 fold cannot hold rows out.", "Give --cv 2 or more."
            )
        refuse_beyond_ranges(self)


class ForecastSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is forecast: nothing if ``horizon`` is 0, and rows are then rows of the table."""

    horizon: FromNone = 0
    """How many steps ahead series are forecast."""
    series: tuple[str, ...] = ()
    """The columns whose values name a series; none if there is a single one."""
    known: tuple[str, ...] = ()
    """The columns that are known beforehand, such as holidays or prices."""
    holidays: str = ""
    """The country whose public holidays are told of the stamps; none if it is empty."""

    def __post_init__(self) -> None:
        """Refuse a horizon that leads nowhere."""
        refuse_beyond_ranges(self)


class Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the mistakes of a two-class model cost, in any unit.

    A false positive is a row of the first class for which the second is predicted.
    """

    false_positive: float
    false_negative: float

    def __post_init__(self) -> None:
        """Refuse costs with which no threshold can be found."""
        for cost in (self.false_positive, self.false_negative):
            if isinstance(cost, bool) or not (isinstance(cost, Real) and 0 < cost <= LARGEST):
                raise SpecError(
                    "A cost is {cost}.",
                    "Give costs above 0 and up to 1e30, such as FP=1,FN=5.",
                    cost=shortened(cost),
                )


class ReportSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the report shows besides the verdict; none of it changes the models."""

    slices: tuple[str, ...] = ()
    """The columns by whose values scores are split."""
    cost: Cost | None = None
    """What mistakes cost, to find the threshold that costs least; only for two classes."""
    rows: bool = True
    """Whether single rows of the table may be shown."""
    explain: bool = True
    """Whether some of the judged rows are explained."""
    learning_curve: bool | None = None
    """Whether to fit on parts of the rows, to tell what more rows would bring; None does so if it
    takes less time than the training did."""
    what_if: bool = False
    """Whether the report has a form for one row, whose answer changes as one types."""
    refit_count: Annotated[int, msgspec.Meta(ge=2, le=MOST, title="refits")] | None = None
    """How many tables are drawn anew and learned from, to tell how much that changes."""

    def __post_init__(self) -> None:
        """Refuse a number that no report can use."""
        refuse_beyond_ranges(self)


class _OfTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of a spec that come before the settings of its rungs."""

    target: str
    task: str | None = None
    ordered: tuple[str, ...] = ()
    model: ModelName = "ladder"
    loss: str | None = None
    metric: str | None = None
    class_weight: Literal["balanced"] | None = None
    drop_rare_classes: bool = False
    drop_duplicates: bool = False
    log_target: bool = False
    refit: bool = False
    seed: int = 0
    reading: ReadingOptions = ReadingOptions()
    overrides: Overrides = Overrides()
    split: SplitSpec = SplitSpec()


if TYPE_CHECKING:
    _OfRungs = _OfTable
else:
    _OfRungs = msgspec.defstruct(
        "_OfRungs",
        [
            (name, kind, kind()) if kind.of_every_effort else (name, kind | None, None)
            for name, kind in SETTINGS.items()
        ],
        bases=(_OfTable,),
        frozen=True,
    )


class Spec(_OfRungs, frozen=True, forbid_unknown_fields=True):
    """Everything that decides a run's result, except the rows themselves and the software.

    ``reading`` says which table holds the rows, and how its text is written. A table whose fit
    would take more than ``max_memory`` bytes is read in blocks; ``blocks`` says whether it is, once
    `gradum.run.memory.memory_bound` or the user has decided. Each rung that can be set has a field
    (`SETTINGS`) that says how it is fitted, or is None if ``effort`` decides. ``time_limit`` is the
    most seconds from reading the table to the verdict; the fits share them, and a fit that runs out
    of its share ends with what it has. Each level of the column ``interval_by`` has intervals of
    its own. ``monotone`` names numeric columns, each with a sign behind its name: as such a column
    rises and all else stays, the predicted number, or the probability of the second of two classes,
    never falls (``age+``) or never rises (``income-``). ``forecast`` says how far ahead series are
    forecast, if they are.
    """

    effort: Effort = "standard"
    time_limit: float | None = None
    report: ReportSpec = ReportSpec()
    max_memory: int | None = None
    blocks: bool | None = None
    interval_by: str | None = None
    monotone: tuple[str, ...] = ()
    forecast: ForecastSpec = ForecastSpec()

    def __post_init__(self) -> None:
        """Refuse values that no run can use."""
        if type(self.seed) is not int or not 0 <= self.seed < 2**63:
            raise SpecError(
                "The seed is {seed}.",
                "Give a whole number from 0 to 2^63 - 1.",
                seed=shortened(self.seed),
            )
        if self.model not in get_args(ModelName):
            raise SpecError(
                "There is no model {model!r}.",
                "Choose {names}.",
                model=self.model,
                names=say(" or ").join(get_args(ModelName)),
            )
        if self.class_weight not in (None, "balanced"):
            raise SpecError(
                "There is no class weight {class_weight!r}.",
                "Give balanced, or leave it out.",
                class_weight=self.class_weight,
            )
        if self.loss is not None:
            self._spell_loss()
        if self.metric is not None:
            metric_named(self.metric)
        self._refuse_directions()
        self._refuse_memory()
        refuse_effort(self.effort)
        refuse_time_limit(self.time_limit)
        if self.task not in (None, "regression", "binary", "multiclass"):
            raise SpecError(
                "There is no task {task!r}.",
                "Choose regression, binary or multiclass.",
                task=self.task,
            )

    def refuse_beside_forecast(self) -> None:
        """Refuse a forecast without a time, and what rows of a table have but series have not.

        Raises
        ------
        SpecError
        """
        if not self.is_forecast:
            beside = ("series", "known", "holidays")
            option = next((name for name in beside if getattr(self.forecast, name)), None)
            if option is not None:
                raise SpecError(
                    "--{option} is for forecasts, and no --horizon is given.",
                    "Give --horizon, the number of steps ahead, or leave it out.",
                    option=option,
                )
            if self.model in CLASSICAL:
                raise SpecError(
                    "--model {model} is for forecasts, and no --horizon is given.",
                    "Give --horizon, the number of steps ahead, or leave it out.",
                    model=self.model,
                )
            return
        if self.overrides.time is None:
            raise SpecError("A forecast needs the column of stamps.", "Name it with --time.")
        for option, given in (
            ("group", self.overrides.group),
            ("weight", self.overrides.weight),
            ("exposure", self.overrides.exposure),
            ("ordered", self.ordered),
            ("log-target", self.log_target),
            ("monotone", self.monotone),
            ("slice", self.report.slices),
            ("interval-by", self.interval_by not in (None, STEP)),
            ("task", self.task not in (None, "regression")),
        ):
            if given:
                raise SpecError(
                    "--{option} is for rows of a table, not for a forecast.",
                    "Leave it out, or leave out --horizon.",
                    option=option,
                )

    def _refuse_memory(self) -> None:
        """Refuse a limit on memory that is too low for any run, or higher than any machine has."""
        most = self.max_memory
        if most is None or (type(most) is int and LEAST_MEMORY <= most < 2**63):
            return
        shown = size(most) if type(most) is int and 0 < most < 2**63 else shortened(most)
        raise SpecError(
            "{max_memory} of memory is too little for any run.",
            "Give --max-memory {size} or more.",
            max_memory=shown,
            size=size(LEAST_MEMORY).replace(" ", ""),
        )

    def _refuse_directions(self) -> None:
        """Refuse columns without a direction, or with two."""
        for column in self.monotone:
            if column[-1:] not in SIGNS or len(column) < 2:
                raise SpecError(
                    "The direction of {column!r} is missing.",
                    "Put + or - behind the column's name, such as --monotone age+.",
                    column=shortened(column),
                )
        names = [column[:-1] for column in self.monotone]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise SpecError(
                "Column {column!r} has more than one direction.",
                "Give each column of --monotone once.",
                column=shortened(twice),
            )
        asked = [self.of_rung(name).settings for name in self.rungs] if self.monotone else []
        for settings in filter(None, asked):
            settings.refuse_without_directions()

    def _spell_loss(self) -> None:
        """Write the loss as files do; refuse one that no run can learn by."""
        from gradum.core.losses import resolve  # with JAX, which few specs need

        assert self.loss is not None
        loss = resolve(self.loss)
        if loss.link != "logit" and loss.outputs() > 1:
            raise SpecError(
                "The loss {loss} predicts several numbers.",
                "Name one quantile, such as quantile:0.9; a fit for each gives several.",
                loss=self.loss,
            )
        msgspec.structs.force_setattr(self, "loss", loss.spelled)

    @property
    def directions(self) -> dict[str, int]:
        """The direction of each of the `monotone` columns, 1 or -1."""
        return {column[:-1]: SIGNS[column[-1]] for column in self.monotone}

    @property
    def rungs(self) -> tuple[str, ...]:
        """The rungs to climb; the baseline is always there to be compared with."""
        if self.model != "ladder":
            return (BASELINE, self.model)
        return FORECAST_LADDER if self.is_forecast else LADDER

    @property
    def also(self) -> tuple[str, ...]:
        """The columns that are kept besides those that the models use."""
        by = () if self.interval_by is None else (self.interval_by,)
        return (*self.report.slices, *by)

    @property
    def is_forecast(self) -> bool:
        """Whether series are continued, rather than rows predicted."""
        return self.forecast.horizon > 0

    def of_rung(self, name: str) -> RungSpec[Any]:
        """Return the spec of a rung, with the settings given, or else those of the effort.

        Rows of a forecast overlap, and the classical forecasts among their columns leave little to
        learn: a smaller ensemble learns it as well.
        """
        settings = None
        if name in SETTINGS:
            effort = SMALLER[self.effort] if self.is_forecast else self.effort
            settings = getattr(self, name) or SETTINGS[name].of_effort(effort)
        of = self.target if self.is_forecast else ""
        return RungSpec(settings, self.metric, self.log_target, self.time_limit, of, self.loss)

    def with_settings(self, name: str, settings: Any) -> Spec:
        """Return the spec with only this rung, under other settings."""
        changed = {} if settings is None else {name: settings}
        return msgspec.structs.replace(self, model=name, **changed)
