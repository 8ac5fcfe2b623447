"""Rivals by name: code of other libraries, named by whoever starts or repeats a run.

What a run folder or a model file records about rivals is shown, but never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from gradum.errors import SpecError
from gradum.messages import listed, say
from gradum.run.forecast.forecasters import Continue, Forecaster
from gradum.run.rivals import Contestant, Places, Rival, first_line
from gradum.tables.schema.schema import Target
from gradum.tables.wording import shortened


@dataclass(frozen=True)
class Library:
    """A library of tree ensembles: its estimators, and how each takes categories.

    ``objectives`` returns, by the name of a loss and for its number, the arguments under which the
    regressor minimises it; others it cannot minimise. ``settings`` returns the arguments of the
    estimator, and ``fit_options`` those of its ``fit``, for the places of the categories; ``rows``
    converts the matrix into what the library takes.
    """

    title: str
    package: str
    classifier: str
    regressor: str
    settings: Callable[[Places, int], dict[str, Any]]
    objectives: Callable[[float], dict[str, dict[str, Any]]]
    fit_options: Callable[[Places], dict[str, Any]] = lambda places: {}
    rows: Callable[[np.ndarray, Places], np.ndarray] = lambda matrix, places: matrix


def _whole_codes(matrix: np.ndarray, places: Places) -> np.ndarray:
    """Return a matrix whose codes are integers, -1 if missing, as CatBoost takes them."""
    rows = matrix.astype(object)
    for place in places:
        rows[:, place] = np.nan_to_num(matrix[:, place], nan=-1).astype(int)
    return rows


LIBRARIES = {
    "lightgbm": Library(
        "LightGBM",
        "lightgbm",
        "LGBMClassifier",
        "LGBMRegressor",
        lambda places, columns: {"verbosity": -1},
        lambda number: {
            "poisson": {"objective": "poisson"},
            "gamma": {"objective": "gamma"},
            "tweedie": {"objective": "tweedie", "tweedie_variance_power": number},
            "quantile": {"objective": "quantile", "alpha": number},
            "absolute_error": {"objective": "mae"},
        },
        lambda places: {"categorical_feature": list(places)} if places else {},
    ),
    "xgboost": Library(
        "XGBoost",
        "xgboost",
        "XGBClassifier",
        "XGBRegressor",
        lambda places, columns: {
            "verbosity": 0,
            "enable_categorical": True,
            "feature_types": ["c" if place in places else "q" for place in range(columns)],
        },
        lambda number: {
            "poisson": {"objective": "count:poisson"},
            "gamma": {"objective": "reg:gamma"},
            "tweedie": {"objective": "reg:tweedie", "tweedie_variance_power": number},
            "quantile": {"objective": "reg:quantileerror", "quantile_alpha": number},
            "absolute_error": {"objective": "reg:absoluteerror"},
        },
    ),
    "catboost": Library(
        "CatBoost",
        "catboost",
        "CatBoostClassifier",
        "CatBoostRegressor",
        lambda places, columns: {
            "verbose": False,
            "allow_writing_files": False,
            "cat_features": list(places),
        },
        lambda number: {
            "poisson": {"loss_function": "Poisson"},
            "tweedie": {"loss_function": f"Tweedie:variance_power={number:g}"},
            "quantile": {"loss_function": f"Quantile:alpha={number:g}"},
            "absolute_error": {"loss_function": "MAE"},
        },
        rows=_whole_codes,
    ),
}

STATSFORECAST, MEGABYTES = "statsforecast", 350
"""A library of forecasters, and the space on the disk that it adds, with what it needs."""

LONGEST_SEASON = 24
"""AutoETS follows no longer one; MSTL removes those before it."""


def rivals_of(against: Any) -> tuple[Contestant, ...]:
    """Return the rivals that words or estimators name, one or several.

    A word is ``lightgbm``, ``xgboost``, ``catboost``, ``statsforecast``, or ``module:Estimator``,
    which is imported.

    Raises
    ------
    SpecError
        A library is missing, a module cannot be imported, or what is named is no estimator.
    """
    rivals: list[Rival | Forecaster] = []
    for named in _several(against):
        for rival in _forecasters() if _is_forecasting(named) else [_estimator(named)]:
            same = sum(rival.title == other.title.partition(" (")[0] for other in rivals)
            rivals.append(replace(rival, title=f"{rival.title} ({same + 1})") if same else rival)
    return tuple(rivals)


def estimators_of(teacher: Any) -> tuple[Rival, ...]:
    """Return the estimators that words or estimators name, as `rivals_of` does.

    Raises
    ------
    SpecError
        As there; or a library is named that forecasts series.
    """
    if any(map(_is_forecasting, _several(teacher))):
        raise SpecError(
            "{library} continues series, and teaches no rows.",
            "Choose {rivals}.",
            library=STATSFORECAST,
            rivals=listed(list(LIBRARIES), "or"),
        )
    return tuple(_estimator(named) for named in _several(teacher))


def _several(named: Any) -> Sequence[Any]:
    if named is None:
        return ()
    return named if isinstance(named, list | tuple) else [named]


def _is_forecasting(named: Any) -> bool:
    return isinstance(named, str) and named == STATSFORECAST


def _estimator(named: Any) -> Rival:
    return _of_word(named) if isinstance(named, str) else _of_estimator(named, "estimator")


def _forecasters() -> list[Forecaster]:
    """Return AutoETS and Theta, under their defaults.

    Raises
    ------
    SpecError
        The library is missing or cannot be imported.
    """
    if find_spec(STATSFORECAST) is None:
        raise SpecError(
            "{library} is not installed.",
            "Install it: pip install {package} (with what it needs, about {size} MB)",
            library=STATSFORECAST,
            package=STATSFORECAST,
            size=MEGABYTES,
        )
    models = _imported(f"{STATSFORECAST}.models")

    def smoothed(season: int) -> Any:
        if season <= LONGEST_SEASON:
            return models.AutoETS(season_length=season)
        without_season = models.AutoETS(model="ZZN")
        return models.MSTL(season_length=season, trend_forecaster=without_season)

    def asked(make: Callable[[int], Any]) -> Continue:
        return lambda past, season, steps: make(season).forecast(y=past, h=steps)["mean"]

    return [
        Forecaster("AutoETS", asked(smoothed)),
        Forecaster("Theta", asked(lambda season: models.Theta(season_length=season))),
    ]


def _of_word(word: str) -> Rival:
    if word in LIBRARIES:
        return _of_library(LIBRARIES[word])
    module, _, name = word.partition(":")
    if not module or not name:
        raise SpecError(
            "There is no rival {word!r}.",
            "Choose {rivals}, or name an estimator as module:Estimator.",
            word=shortened(word),
            rivals=listed([*LIBRARIES, STATSFORECAST]),
        )
    named = getattr(_imported(module), name, None)
    if named is None:
        raise SpecError(
            "The module {module} has no {name!r}.",
            "Name one of its estimators.",
            module=module,
            name=shortened(name),
        )
    return _of_estimator(named, word)


def _imported(module: str) -> Any:
    try:
        return import_module(module)
    except (Exception, SystemExit) as error:  # the module may do anything while it is imported
        raise SpecError(
            "The module {module!r} cannot be imported: {cause}.",
            "Install it, or name its folder in PYTHONPATH.",
            module=shortened(module),
            cause=first_line(error),
        ) from error


def _of_library(library: Library) -> Rival:
    if find_spec(library.package) is None:
        raise SpecError(
            "{library} is not installed.",
            "Install it: pip install {package}",
            library=library.title,
            package=library.package,
        )
    module = _imported(library.package)

    def make(target: Target, places: Places, columns: int) -> Any:
        name = library.classifier if target.classes else library.regressor
        settings = library.settings(places, columns) | objective_of(library, target)
        return getattr(module, name)(**settings)

    return Rival(library.title, make, library.fit_options, library.rows)


def objective_of(library: Library, target: Target) -> dict[str, Any]:
    """Return the arguments under which a library minimises the loss that was asked for.

    Raises
    ------
    SpecError
        The library does not learn that loss.
    """
    if not target.loss or target.classes:
        return {}
    name, _, number = target.loss.partition(":")
    known = {"squared_error": {}} | library.objectives(float(number or 0.0))
    if name not in known:
        raise SpecError(
            "{library} does not learn the loss {loss}.",
            "Leave it out, or compare under another --loss.",
            library=library.title,
            loss=name,
        )
    return known[name]


def _of_estimator(given: Any, word: str) -> Rival:
    """Return the rival made of an estimator, or of a class of estimators with its defaults."""
    from sklearn.base import clone  # slow, and most runs have no rivals

    title = given.__name__ if isinstance(given, type) else type(given).__name__
    made: Any = None
    try:
        made = clone(given() if isinstance(given, type) else given)
        refused = not (callable(made.fit) and callable(made.predict))
    except Exception:
        refused = True
    if refused:
        raise SpecError(
            "{name!r} is no estimator that can be made without arguments ({word}).",
            "Name a class with fit, predict and get_params, as scikit-learn's have.",
            name=shortened(title),
            word=shortened(word),
        )

    def make(target: Target, places: Places, columns: int) -> Any:
        estimator = clone(made)
        _refuse_other_task(estimator, title, target)
        return estimator

    return Rival(title, make)


def _refuse_other_task(estimator: Any, title: str, target: Target) -> None:
    from sklearn.base import is_classifier, is_regressor

    suits = is_classifier if target.classes else is_regressor
    if not suits(estimator):
        message, remedy = _other_task(title, target)
        raise SpecError(message, remedy)
    if target.classes and not hasattr(estimator, "predict_proba"):
        raise SpecError(
            "{title} gives no probabilities (predict_proba), which the scores need.",
            "Name a classifier that does.",
            title=title,
        )


def _other_task(title: str, target: Target) -> tuple[str, str]:
    if target.classes:
        return (
            say(
                "{rival} is not a classifier, but {target!r} has classes.",
                rival=title,
                target=target.name,
            ),
            say("Name a classifier."),
        )
    return (
        say(
            "{rival} is not a regressor, but {target!r} is a number.",
            rival=title,
            target=target.name,
        ),
        say("Name a regressor."),
    )
