"""Checks that the parts of a model from a file do not contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from gradum.core.losses import resolve
from gradum.core.models.architecture import Link
from gradum.errors import SchemaError
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.run.monotone_columns import monotone_by_signs
from gradum.rungs.registry import KINDS
from gradum.rungs.rung import Rung
from gradum.rungs.target_scale import TargetScale
from gradum.scores.metrics import metrics_of
from gradum.tables.columns import Column, Target
from gradum.tables.kinds import STEPS
from gradum.tables.kinds.design import Layout
from gradum.tables.kinds.step import Step
from gradum.tables.schema.contradictions import refuse_contradictions
from gradum.tables.schema.target import MOST_CLASSES
from gradum.tables.split import Part

MOST_SENTENCES = 100_000
MOST_RIVALS = 1000
ROOM = 16  # margin for sums that are split in halves and rejoined, and for rounding


def contradiction(fitted: Fitted) -> str | None:
    """Return the first contradiction as a clause; None if all parts fit each other.

    Each check relies on what the checks before it have established.
    """
    checks = (_schema, _encoder, _rungs, _judgement, _guarantee, _reference)
    return next((cause for check in checks for cause in check(fitted)), None)


def _schema(fitted: Fitted) -> Iterator[str]:
    spec, schema, target = fitted.spec, fitted.schema, fitted.schema.target
    try:
        refuse_contradictions(schema.version, schema.columns, target)
    except SchemaError as error:
        yield error.message.removesuffix(".")
    if target is None:
        yield say("the schema has no target")
    if not schema.features:
        yield say("the schema has no column to learn from")
    target = _target(fitted)
    if len(target.classes) > MOST_CLASSES:
        yield say("the schema has more than {most:,} classes", most=MOST_CLASSES)
    types = {type(label) for label in target.classes}
    if len(types) > 1 or not types <= {*schema.column(target.name).traits.labels}:
        yield say("the classes are not of one type, that of the target's column")
    if int in types and min(target.classes) < 0 and max(target.classes) >= 2**63:  # type: ignore
        yield say("no 64 bits hold all classes")
    if (spec.target, spec.log_target, spec.loss or "") != (target.name, target.log, target.loss):
        yield say("the spec asks for another target than the schema has")


def _encoder(fitted: Fitted) -> Iterator[str]:
    steps = [(step.source, type(step)) for step in fitted.encoder.steps]
    if steps != [(column.name, STEPS.get(column.kind)) for column in fitted.schema.features]:
        yield say("the encoder does not take the columns that the schema names")
    for column, step in zip(fitted.schema.features, fitted.encoder.steps, strict=True):
        if column.parse.fold_case and not _are_read_so(column, step):
            yield say("column {name!r} has a level that is never read", name=column.name)


def _are_read_so(column: Column, step: Step) -> bool:
    """Whether the levels of a column are those that its spellings are read as."""
    levels = pl.Series([*(step.every_level or step.choices)], dtype=pl.String)
    return column.traits.parse(levels, column.parse).equals(levels)


def _rungs(fitted: Fitted) -> Iterator[str]:
    rungs, target = fitted.rungs, _target(fitted)
    if not rungs or list(rungs) != [name for name in fitted.spec.rungs if name in rungs]:
        yield say("the models are not those that the spec asks for, simplest first")
    outputs = len(target.classes) if len(target.classes) > 2 else 1
    classes = len(target.classes) or None
    for name, rung in rungs.items():
        if rung.loss != KINDS[name].loss(fitted.spec.of_rung(name), classes) or (
            rung.target_scale is None
        ) != bool(target.classes):
            yield say("model {name!r} does not predict what the target is", name=name)
        if rung.target_scale is not None and not _is_sound(rung.target_scale, target):
            yield say("the target scale of model {name!r} is not valid", name=name)
        if len(rung.post) > len(rung.calibration) and not _weighs(rung, fitted):
            yield say("the class weights of model {name!r} are not valid", name=name)
        if rung.calibration and not _is_calibrated(rung):
            yield say("the calibration of model {name!r} is not valid", name=name)
        if rung.network.outputs != outputs or not has_its_shapes(rung):
            yield say("the weights of model {name!r} have other shapes than its network", name=name)
        if not _takes(rung, fitted.encoder.layout):
            yield say("model {name!r} does not take what the encoder yields", name=name)
        if rung.spread is not None and not _spreads(rung, fitted.encoder.layout):
            yield say("the spread of model {name!r} is not valid", name=name)
        if not rung.network.is_sound(rung.params) or not _stays_finite(rung, fitted.encoder.layout):
            yield say(
                "the weights of model {name!r} can give predictions that are no numbers", name=name
            )
        if not _is_monotone(rung, fitted):
            yield say(
                "the weights of model {name!r} are not monotone in the columns that the spec names",
                name=name,
            )
        if not _has_its_course(rung):
            yield say(
                "the history or the settings of model {name!r} belong to another model", name=name
            )


def _is_monotone(rung: Rung, fitted: Fitted) -> bool:
    """Whether the signs of the weights prove the directions that the spec asks for."""
    return all(
        monotone_by_signs(rung, fitted.encoder.layout, column, sign)
        for column, sign in fitted.spec.directions.items()
    )


def _judgement(fitted: Fitted) -> Iterator[str]:
    judgement, target = fitted.judgement, _target(fitted)
    if judgement is None:
        return
    verdict, scores, rows = judgement.verdict, judgement.scores, judgement.rows
    compared = {
        name for comparison in verdict.comparisons for name in (comparison.rung, comparison.against)
    }
    judged = {verdict.used, verdict.enough, *compared}
    # A refit leaves one rung: the others that the judgement names may be gone.
    if verdict.used not in fitted.rungs or not judged <= scores.keys() <= set(KINDS):
        yield say("the verdict names a model that is not there")
    if not {"test"} <= rows.keys() <= {part.name.lower() for part in Part}:
        yield say("the judgement's rows are of unknown parts")
    if any(not {"test"} <= parts.keys() <= rows.keys() for parts in scores.values()):
        yield say("the judgement's scores are of other parts than its rows")
    own = resolve(target.loss).own_metric if target.loss else ""
    known = {metric.name for metric in metrics_of(target.task, own)}
    if not set(judgement.cut_short) <= scores.keys():
        yield say("the judgement names a model that it does not score")
    named = {frozenset(parts["test"]) for parts in scores.values()}
    if len(named) > 1 or not all(verdict.metric in test for test in named):
        yield say(
            "the judgement does not score every model by the same metrics, including the verdict's"
        )
    if any(not metrics.keys() <= known for parts in scores.values() for metrics in parts.values()):
        yield say("the judgement has a metric that is not of this task")
    trials = judgement.split.trials if judgement.split else ()
    columns = {column.name for column in fitted.schema.columns}
    if any(trial.metric not in known or trial.column not in columns for trial in trials):
        yield say("the judgement tries a split by a column or a metric that is not there")
    for rival in judgement.rivals:
        if frozenset(rival.scores) not in named or rival.against != verdict.used:
            yield say("the judgement does not score a rival as it scores the model in use")
    if len(judgement.rivals) > MOST_RIVALS:
        yield say("the judgement has more than {most:,} rivals", most=MOST_RIVALS)
    sentences = (*judgement.notes, *judgement.alarms, *verdict.sentences, *verdict.comparisons)
    sentences = (*sentences, *trials)
    if len(sentences) + len(judgement.by_class) > MOST_SENTENCES:
        yield say("the judgement holds more than {most:,} sentences", most=MOST_SENTENCES)
    if not judgement.prevalence.keys() <= {str(label) for label in target.classes}:
        yield say("the judgement speaks of other classes than the schema")


def _guarantee(fitted: Fitted) -> Iterator[str]:
    if fitted.guarantee is None:
        return
    terms, scores = fitted.guarantee.terms, fitted.guarantee.scores
    if not fitted.rungs.keys() <= scores.by_rung.keys() <= set(KINDS):
        yield say("the scores of judged rows are of other models than the file's")
    least = 0.0 if _target(fitted).classes else -np.inf
    if not all((score >= least).all() for score in scores.by_rung.values()):
        yield say("a score of a judged row is less than 0, or no number")
    if (terms.name == "cross") != (terms.folds > 1) or not len(scores) <= terms.rows:
        yield say("the guarantee does not have as many rows or models as it says")
    if terms.name == "adaptive" and scores.moment is None:
        yield say("the guarantee follows time, but no judged row has one")
    known = fitted.schema.forecast
    codes = (
        (scores.series, 0 if known is None else len(known.keys)),
        (scores.fold, max(terms.folds, 1) if terms.name == "cross" else len(scores)),
        (scores.group, 2**31),
        (scores.label, len(_target(fitted).classes)),
        (scores.level, len(terms.levels)),
    )
    if any(code is not None and not ((code >= 0) & (code < most)).all() for code, most in codes):
        yield say(
            "a judged row has a fold, a group, a class, a level or a series that does not exist"
        )
    if (terms.by is None) != (scores.level is None) or terms.by != fitted.spec.interval_by:
        yield say("the guarantee uses different levels from those in the spec")
    if (scores.label is None) != (not _target(fitted).classes):
        yield say("the judged rows' classes are not those of the target")
    if scores.weight is not None and not (scores.weight > 0).all():
        yield say("a judged row weighs nothing")


def _reference(fitted: Fitted) -> Iterator[str]:
    reference = fitted.reference
    if reference is None:
        return
    columns = {column.name: column for column in fitted.schema.features}
    if reference.columns.keys() != columns.keys():
        yield say("the summary of its rows is of other columns than the schema names")
    summaries = list(reference.columns.values())
    if any(
        summary.values.levelled != columns[name].traits.has_levels
        for name, summary in reference.columns.items()
    ):
        yield say("the summary of its rows is of columns of other kinds")
    counted = [summary.missing + summary.values.rows == reference.rows for summary in summaries]
    if reference.target is not None:
        summaries.append(reference.target)
    distributions = [summary.values for summary in summaries]
    distributions += [answer.values for answer in reference.answers]
    if (
        reference.rows < 1
        or not all(counted)
        or not all(values.is_sound for values in distributions)
    ):
        yield say("the summary of its rows counts others than there are")
    places = [answer.place for answer in reference.answers]
    classes = len(_target(fitted).classes)
    if places != sorted(set(places)) or not set(places) <= set(range(max(classes, 1))):
        yield say("the summary of its answers is of other answers than the model gives")
    if reference.judged is not None and fitted.judgement is not None:  # a judge has none
        most = fitted.judgement.rows["test"]
        if not reference.judged.is_sound(classes, most):
            yield say("the summary of its judged rows is of other answers than the model gives")
    if reference.errors is not None and not reference.errors.is_sound(classes):
        yield say("its judged errors are more, or of others, than there can be")


def _target(fitted: Fitted) -> Target:
    return fitted.schema.learned_target


def _is_sound(scale: TargetScale, target: Target) -> bool:
    """Whether a target scale can turn outputs back into the target's units."""
    positive = min(scale.scale, scale.smearing, scale.low if scale.log else 1.0) > 0
    sound = scale.spread is None or (scale.log and scale.spread.is_sound)
    return positive and sound and scale.low <= scale.high and scale.log == target.log


def _spreads(rung: Rung, layout: Layout) -> bool:
    """Whether a rung predicts a number, and its spread takes the rung's inputs."""
    layer = rung.input_layer
    inputs = 0 if layer is None else len(layer.columns(layout)[0])
    assert rung.spread is not None
    return rung.target_scale is not None and rung.spread.is_sound(inputs)


def _weighs(rung: Rung, fitted: Fitted) -> bool:
    """Whether class weights are asked for, fit the classes, and are undone by the last step."""
    *before, last = rung.post
    asked = fitted.spec.class_weight is not None and rung.input_layer is not None
    of_classes = bool(_target(fitted).classes) and last.is_sound(rung.network.outputs)
    return asked and of_classes and tuple(before) == rung.calibration


def _is_calibrated(rung: Rung) -> bool:
    """Whether a rung predicts classes, looks at columns, and has exactly one calibration."""
    of_classes = rung.target_scale is None and rung.input_layer is not None
    sound = all(step.is_sound(rung.network.outputs) for step in rung.calibration)
    return of_classes and sound and len(rung.calibration) == 1


def has_its_shapes(rung: Rung) -> bool:
    """Whether the parameters have the shapes that the network states."""
    return rung.network.has_shapes(rung.params)


def _takes(rung: Rung, layout: Layout) -> bool:
    """Whether a rung's network accepts what the encoder and its input layer yield."""
    layer, network, embedding = rung.input_layer, rung.network, rung.network.embedding
    if not KINDS[rung.name].holds(rung):
        return False
    if layer is None:
        return True
    if _link(rung) not in network.links:
        return False
    if layer.levels != layout.level_counts or len(layer.treatments) != len(layer.levels):
        return False
    if not all(0 <= place < len(layout.sparse) for place in layer.ngrams or ()):
        return False
    coded = zip(layer.levels, layer.treatments, strict=True)
    if any(treatment == "sign" and levels != 2 for levels, treatment in coded):
        return False
    if layer.grids and layer.grids != tuple(column.shape for column in layout.grids):
        return False
    dense = len(layout.dense)
    if any(array.shape != (dense,) for array in (layer.centre, layer.scale, layer.spread)):
        return False
    if not ((layer.scale > 0).all() and (layer.spread > 0).all()):
        return False
    if not network.takes(layer, rung.params, dense=dense, text=len(layout.sparse)):
        return False
    if embedding is None:
        return layer.embedded_columns == 0
    shape = (embedding.rows, embedding.columns)
    return (
        shape == (layer.embedding_rows, layer.embedded_columns) and min(*shape, embedding.size) > 0
    )


def _link(rung: Rung) -> Link:
    of_shares = rung.target_scale is None and not rung.learned_by.one_score
    return "logit" if of_shares else "identity"


def _has_its_course(rung: Rung) -> bool:
    """Whether the history, and the penalty chosen by it, can be drawn."""
    named, alpha = KINDS[rung.name].course, rung.settings.get("alpha")
    if "alpha" in named and (isinstance(alpha, bool) or not isinstance(alpha, int | float)):
        return False
    return all(
        entry.keys() >= set(named) and all(entry[name] is not None for name in named[:1])
        for entry in rung.history
    )


def _stays_finite(rung: Rung, layout: Layout) -> bool:
    """Tell whether bounds on all sums in a rung's forward pass are within its type.

    They are for all rows that the encoder can yield. Finite weights can have infinite sums, and
    these can lead to NaN; no fit leaves such weights, but an altered file can hold them. The rung's
    shapes must have been checked.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        raw = np.array([feature.traits.largest for feature in layout.dense])
        dense = np.zeros(0) if rung.input_layer is None else rung.input_layer.largest(raw)
        logits = np.zeros(1)
        for logits in rung.network.sizes(rung.params, dense):
            if not (logits <= np.finfo(logits.dtype).max / ROOM).all():  # also true if it is NaN
                return False
        scale = rung.target_scale
        return scale is None or bool(np.isfinite(scale.largest(float(logits.max()))))
