"""Every picture with the names that are hardest to draw."""

import msgspec
from found import CLASSES, NUMBERS

from gradum.show.pictures.coefficients import coefficient_dots
from gradum.show.pictures.confusion import confusion_matrix
from gradum.show.pictures.contributions import contribution_bars, contribution_swarm
from gradum.show.pictures.importance import importance_bars
from gradum.show.pictures.ranking import ranking
from gradum.show.pictures.reliability import reliability_curve
from gradum.show.pictures.residuals import residual_pictures
from gradum.show.pictures.segments import slices, weakest
from gradum.show.pictures.threshold import threshold_curve

NAMES = (
    *("constructor", "toString", "__proto__", "hasOwnProperty"),  # every object of JavaScript's has
    *("no\x00", "\x01", "\x1b[31m", "\x85", "\ufffe", "\uffff", "\ud800"),  # not in XML
    *("\u2028", "\u2029", "\u202e", ""),
    *("'", '"]', "\\", "a.b[c]", "x" * 10_000),
)


def pictures(names=NAMES):
    """Return every picture that shows a name of a column, class or level."""
    replace, first = msgspec.structs.replace, names[0]
    (one, *_), (dot, *_) = CLASSES.importance.columns, CLASSES.coefficients.rows
    columns = tuple(replace(one, column=name) for name in names)
    of_one = tuple(replace(dot, feature=name, class_=first) for name in names)
    of_many = tuple(replace(dot, class_=name) for name in names)
    counts = tuple((1,) * len(names) for _ in names)
    curves = tuple(replace(CLASSES.ranking[0], label=name) for name in names)
    parts = tuple(replace(CLASSES.segments.weakest[0], column=n, values=n) for n in names)
    moving = tuple(replace(CLASSES.explanation.overall.columns[0], column=name) for name in names)
    overall = replace(CLASSES.explanation.overall, columns=moving, answer=first, answers=3)
    segments = replace(CLASSES.segments, slices={first: parts}, weakest=parts)
    return [
        importance_bars(replace(CLASSES.importance, columns=columns), "mlp"),
        coefficient_dots(replace(CLASSES.coefficients, rows=of_one)),
        coefficient_dots(replace(CLASSES.coefficients, rows=of_many)),
        confusion_matrix(replace(CLASSES.confusion, labels=names, counts=counts)),
        *ranking(curves),
        weakest(segments),
        *slices(segments),
        reliability_curve(replace(CLASSES.reliability, label=first), number=False),
        threshold_curve(replace(CLASSES.threshold, positive=first, negative=names[1])),
        *residual_pictures(NUMBERS.residuals, first),
        contribution_bars(overall),
        contribution_swarm(overall),
    ]
