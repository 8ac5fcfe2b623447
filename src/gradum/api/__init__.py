"""The Python surface: `gradum.fit` and `gradum.load` return a `Model`, `gradum.infer` a table."""

from gradum.api.fit import fit, fit_spec
from gradum.api.inference import infer
from gradum.api.model import Model
from gradum.api.resume import finish_run, resume
from gradum.api.runs import compare_runs, load, load_run, report_run, save_run
from gradum.run.options.options import make_spec

__all__ = [
    "Model",
    "compare_runs",
    "finish_run",
    "fit",
    "fit_spec",
    "infer",
    "load",
    "load_run",
    "make_spec",
    "report_run",
    "resume",
    "save_run",
]
