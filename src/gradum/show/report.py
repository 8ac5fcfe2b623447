"""The report: one self-contained HTML page."""

from __future__ import annotations

import jinja2

from gradum.fitting.fitted import Fitted
from gradum.fitting.spec import TITLES
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS
from gradum.show.charts import learning_curves, penalty_path


def report_html(fitted: Fitted) -> str:
    """Render what the run found: verdict, ladder, columns, learning curves, how to repeat it."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gradum.show"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = figure
    judgement = fitted.judgement
    scored = next(iter(judgement.scores.values())) if judgement else {}
    metrics = [name for name in METRICS if any(name in part for part in scored.values())]
    return environment.get_template("report.html").render(
        fitted=fitted,
        judgement=judgement,
        schema=fitted.schema,
        titles=TITLES,
        metric_titles={name: METRICS[name].title for name in metrics},
        learning_curves=learning_curves(fitted),
        penalty_path=penalty_path(fitted),
    )
