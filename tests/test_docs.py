"""The documents say what the code does: every key of metrics.json, every command, every choice."""

import re
from pathlib import Path

import msgspec

from gradum.api import make_spec, save_run
from gradum.app.cli import app
from gradum.fitting.spec import LinearSpec, MLPSpec, SplitSpec
from gradum.scores.metrics import METRICS
from gradum.ship.run_folder import RunSpec

ROOT = Path(__file__).parent.parent
CODE = re.compile(r"`([a-z_0-9]+)`")


def test_every_key_of_metrics_json_is_documented(classifier, tmp_path):
    save_run(classifier, tmp_path, RunSpec("t.csv", classifier.fitted.spec))
    said = msgspec.json.decode((tmp_path / "metrics.json").read_bytes())
    documented = set(CODE.findall((ROOT / "docs/metrics.md").read_text()))
    judgement, rung = said["judgement"], said["rungs"]["mlp"]
    keys = {*said, *judgement, *judgement["verdict"], *rung, *said["provenance"], *METRICS}
    known = {*rung["certificate"]}
    assert keys | known <= documented


def test_the_readme_names_every_command():
    readme = (ROOT / "README.md").read_text()
    for command in app.registered_commands:
        assert f"gradum {command.name} " in readme


def test_the_numbers_in_the_guide_to_choices_are_the_defaults():
    guide = " ".join((ROOT / "docs/choices.md").read_text().split())
    split, linear, mlp = SplitSpec(), LinearSpec(), MLPSpec()
    for said in (
        f"Fewer than {split.small_table_rows:,} rows**: 5-fold cross-validation",
        f"{split.test:.0%} of the rows are held out for judging, "
        f"{split.validation:.0%} of the rest",
        f"on a path of {len(linear.strengths)} strengths",
        f"by {linear.folds}-fold cross-validation up to {linear.folds_up_to_rows:,} rows",
        f"two hidden layers of {mlp.hidden_layer_sizes[0]} ReLU units",
        f"from {mlp.learning_rate} to 0 over at most {mlp.max_epochs} epochs",
        f"an L2 penalty of {mlp.strength:g} / n",
        f"has not improved for {mlp.patience}",
        f"an embedding of {mlp.embedding_size} numbers",
    ):
        assert said in guide, said


def test_the_readme_python_runs(tmp_path, monkeypatch):
    """The code block as printed, with a short fit in the place of the whole ladder."""
    block = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    code = block[1].replace('target="species")', 'target="species", model="linear")')
    table = ROOT / "examples/penguins.csv"
    monkeypatch.chdir(tmp_path)
    exec(compile(code.replace("examples/penguins.csv", str(table)), "README.md", "exec"), {})
    assert (tmp_path / "penguins.gradum").stat().st_size > 1000
    assert make_spec("species", model="linear").rungs == ("baseline", "linear")
