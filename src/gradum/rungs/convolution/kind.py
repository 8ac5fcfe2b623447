"""The rung of convolutional networks, for tables with pictures, sounds or series."""

from __future__ import annotations

from dataclasses import replace

from gradum.core.models.convolution import ConvolutionNetwork, GridLayers
from gradum.core.models.input_blocks import is_flat
from gradum.messages import marked, say
from gradum.rungs.context import Context
from gradum.rungs.convolution.fit import fit_convolution
from gradum.rungs.convolution.inputs import layers_for
from gradum.rungs.convolution.spec import ConvolutionSpec
from gradum.rungs.cost import COMPILING, LEARNED, Fit, Taken
from gradum.rungs.kind import RungKind
from gradum.rungs.learning_rows import InMemory
from gradum.rungs.post import steps_for
from gradum.rungs.robust_layer import MOST_NGRAMS
from gradum.rungs.rung import Rung
from gradum.rungs.rung_spec import RungSpec
from gradum.tables.kinds.design import Layout
from gradum.tables.split import Part

IN_CONVOLUTION = 2.4e-10  # seconds of training for each multiplication of a row's forward pass


class ConvolutionKind(RungKind[ConvolutionSpec]):
    """The kind of rung that is a few convolutional networks."""

    name = "convolution"
    title = marked("convolutional network")
    in_words = marked("the convolutional network")
    architecture = ConvolutionNetwork
    has_filters = True
    against_overfitting = marked("--effort best averages more networks")
    course = ("epoch", "objective", "validation_loss")
    compiling = COMPILING

    def lacks(self, grids: bool) -> str:
        """Return that there is nothing for its filters to look at."""
        return "" if grids else say("there are no pictures, sounds or series in it")

    def taken(self, settings: ConvolutionSpec) -> Taken:
        """Return the bytes that its rows and its steps take."""
        return replace(LEARNED, level=4, fixed=250e6)

    def epochs(
        self, settings: ConvolutionSpec, rows: int, layout: Layout, *, in_blocks: bool
    ) -> int:
        """Return the epochs of all networks."""
        series = any(is_flat(column.shape) for column in layout.grids)
        return settings.members * settings.epochs_for(rows, series=series)

    def fit(self, rows: InMemory, spec: RungSpec[ConvolutionSpec], context: Context) -> Rung:
        """Train the networks until the context ends the fit."""
        return fit_convolution(
            rows.take(Part.TRAIN, Part.VALIDATION),
            rows.validation,
            spec.settings,
            context,
            log_target=spec.log_target,
        )

    def refit(
        self, rows: InMemory, spec: RungSpec[ConvolutionSpec], judged: Rung, context: Context
    ) -> Rung:
        """Train other networks on all rows; they keep the calibration of those that were judged."""
        rung = self.fit(rows, spec, context)
        return replace(rung, post=steps_for(rung.class_weight, judged.calibration))

    def seconds(self, spec: RungSpec[ConvolutionSpec], fit: Fit) -> float:
        """Return the seconds that training takes."""
        settings = spec.settings
        shapes = [column.shape for column in fit.layout.grids]
        columns = [GridLayers(*shape, layers_for(shape, settings)) for shape in shapes]
        hidden = (
            sum(column.features for column in columns) + fit.numbers + min(fit.ngrams, MOST_NGRAMS)
        )
        products = sum(column.products for column in columns) + hidden * settings.hidden_units
        epochs = self.epochs(settings, fit.rows, fit.layout, in_blocks=False)
        return epochs * fit.rows * products * IN_CONVOLUTION
