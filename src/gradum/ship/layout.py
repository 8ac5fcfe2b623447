"""The names of the files in a run folder."""

from __future__ import annotations

MODEL, METRICS, PREDICTIONS = "model.gradum", "metrics.json", "predictions.parquet"
HISTORY, SPEC, SCHEMA = "history.jsonl", "spec.toml", "schema.json"
FINDINGS, REPORT, BACKGROUND = "findings.json", "report.html", "background.parquet"
JUDGES = "judges.gradum"  # only of a cross-validation
FILES = (REPORT, MODEL, JUDGES, PREDICTIONS, METRICS, FINDINGS, BACKGROUND, HISTORY, SPEC, SCHEMA)

STATE = ".gradum-run"  # while the run is unfinished; see `gradum.ship.state_folder`

POLICY, EPISODES = "policy.gradum", "episodes.parquet"  # of a game that was learned
LEARNING = "learning.gradum"  # of a game while it is learned; see `gradum.ship.play_folder`
PLAY_FILES = (REPORT, POLICY, METRICS, EPISODES, HISTORY, SPEC)
