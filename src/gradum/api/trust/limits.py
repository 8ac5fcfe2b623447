"""The part on limits: what no line of the report can say."""

from __future__ import annotations

from collections.abc import Iterator

from gradum.api.trust.examined import ExaminedModel, ExaminedPredictions
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.messages import marked, say
from gradum.show.document.trust_section import PartFinding


def _of_any(
    examined: ExaminedModel | ExaminedPredictions, thresholds: PartThresholds
) -> PartFinding:
    return PartFinding(sentences=list(_sentences()))


def _sentences() -> Iterator[str]:
    yield say(
        "What held did so on the rows that were looked at: a gap smaller than the size that a "
        "line says it would find may still be there."
    )
    yield say(
        "No line says that the target measures what matters, that the rows are a fair sample of "
        "those to come, or that the world will stay as it was."
    )
    yield say(
        "Coefficients, importances, Shapley values and counterfactuals describe the model. That a "
        "column moves an answer does not say that changing it changes the world."
    )
    yield say(
        "The model may have learned from confidential rows. It was not checked whether the "
        "answers give them away."
    )


PART = TrustPart("limits", marked("What can no check show?"), (), _of_any, _of_any)
