"""The part on the split: whether rows were judged under the conditions of later predictions."""

from __future__ import annotations

from gradum.api.trust.examined import ExaminedModel, ExaminedPredictions
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.messages import listed, marked, say, sentences
from gradum.run.split_check import SplitCheck
from gradum.show.document.trust_section import PartFinding
from gradum.study.trust import Check, Line, Obstacle

USE = Line("split.use", marked("The split suits the use"))
SHOWN = 5  # columns


def _of_model(examined: ExaminedModel, thresholds: PartThresholds) -> PartFinding:
    judgement = examined.model.fitted.judgement
    if judgement is None:
        return PartFinding((USE.blocked(examined.no_judgement),))
    check = judgement.split
    return PartFinding(
        (_use(check, judgement.how),), details={} if check is None else {"split": check}
    )


def _use(check: SplitCheck | None, how: str) -> Check:
    """Say whether a random split flatters the model, for every column that could tell."""
    remedy = say("If later rows or new groups are to come, fit with --time COL or --group COL.")
    if check is None:
        return USE.not_checked(say("The fit was made by an earlier version."), say("Fit again."))
    if check.asked:
        return USE.judged(True, how, figure=say("divided as asked"), threshold=say("as asked"))
    if check.shown:
        return USE.judged(
            False,
            sentences(trial.sentence for trial in check.shown),
            figure=listed([trial.figures for trial in check.shown]),
            threshold=say("no worse beyond chance"),
        )
    if check.unchecked:
        return USE.not_checked(sentences([check.unchecked, check.neighbours]), remedy)
    return USE.judged(
        True,
        sentences(
            [
                say(
                    "With a split by {columns}, a quick model does not err more, beyond chance, "
                    "on later rows or on new groups than on rows drawn at random.",
                    columns=listed([repr(name) for name in check.looked_at[:SHOWN]], "and"),
                ),
                check.neighbours,
            ]
        ),
        figure=say("no worse beyond chance"),
        threshold=say("no worse beyond chance"),
    )


def _of_predictions(examined: ExaminedPredictions, thresholds: PartThresholds) -> PartFinding:
    return PartFinding((USE.blocked(_elsewhere()),))


def _elsewhere() -> Obstacle:
    return Obstacle(
        say("Predictions from elsewhere do not show how their rows were chosen."),
        say("Ask whoever made them whether later rows or new groups were judged."),
    )


PART = TrustPart(
    "split", marked("Does the split suit the use?"), (USE,), _of_model, _of_predictions
)
