"""Metrics of a server for Prometheus; no value of a row is ever a label."""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gradum.serve.served_model import Answered
from gradum.tables.check.differences import Difference

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Telemetry:
    """The figures of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._of = cache(self._of_model)  # each is looked for once, not for every request
        of_model = {"labelnames": ("model",), "registry": self.registry}
        self.seconds = Histogram(
            "gradum_request_seconds", "Time to answer a request", buckets=SECONDS, **of_model
        )
        self.rows = Counter("gradum_rows", "Rows that were predicted", **of_model)
        self.unlike = Counter(
            "gradum_unlike_rows",
            "Rows unlike those of training, by what is unlike",
            labelnames=("model", "kind"),
            registry=self.registry,
        )
        self.refusals = Counter(
            "gradum_refusals",
            "Requests that were refused",
            labelnames=("status",),
            registry=self.registry,
        )
        self.reload_failures = Gauge(
            "gradum_reload_failures", "New files that could not be put to work", **of_model
        )
        self.shadow_rows = Counter(
            "gradum_shadow_rows", "Rows that the shadow answered too", **of_model
        )
        self.shadow_others = Counter(
            "gradum_shadow_other_answers", "Rows that the shadow answered otherwise", **of_model
        )
        self.shadow_failures = Counter(
            "gradum_shadow_failures", "Requests that the shadow could not answer", **of_model
        )
        self.drift = Gauge("gradum_drift_alarm", "1 while recent rows have drifted", **of_model)
        self.drifted = Gauge("gradum_drifted_columns", "Recent columns that drifted", **of_model)
        self.labels = Counter("gradum_labels", "Outcomes that were joined", **of_model)
        self.unknown_labels = Counter(
            "gradum_unknown_labels", "Outcomes of rows that are not known", **of_model
        )
        self.errors = Counter("gradum_errors", "Joined outcomes that were mispredicted", **of_model)
        self.error_alarm = Gauge(
            "gradum_error_rate_alarm", "1 once errors are shown to be above their bound", **of_model
        )

    def count(self, model: str, answered: Answered, seconds: float) -> None:
        """Count a request that was answered."""
        seconds_of, rows_of = self._of(model)
        seconds_of.observe(seconds)
        rows_of.inc(len(answered.answers))
        for difference in answered.differences:
            self._count_difference(model, difference)

    def _of_model(self, model: str) -> tuple[Histogram, Counter]:
        return self.seconds.labels(model), self.rows.labels(model)

    def _count_difference(self, model: str, difference: Difference) -> None:
        self.unlike.labels(model, difference.kind).inc(max(difference.count, 1))

    @property
    def text(self) -> bytes:
        """The figures in Prometheus's text format."""
        return generate_latest(self.registry)
