"""The questions that are stated once: commands, tools and methods of `Model` are made of these."""

from gradum.questions.alike.question import alike
from gradum.questions.counterfactual.question import counterfactuals
from gradum.questions.effects.question import effects
from gradum.questions.explain.question import explain
from gradum.questions.influence.question import influence
from gradum.questions.statement import Statement, statement_of
from gradum.questions.stress.question import stress
from gradum.questions.watch.question import watch

_ASKED = (
    explain,
    stress,
    watch,
    counterfactuals,
    effects,
    alike,
    influence,
)
QUESTIONS: tuple[Statement, ...] = tuple(map(statement_of, _ASKED))
