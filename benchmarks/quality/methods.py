"""The methods by name, and the packages that each needs besides those of the split."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from gradum.errors import SpecError

GRADUM = "gradum-"  # followed by an effort
METHODS: dict[str, tuple[str, ...]] = {
    f"{GRADUM}quick": ("gradum", "jax"),
    f"{GRADUM}standard": ("gradum", "jax"),
    f"{GRADUM}best": ("gradum", "jax"),
    "linear": (),
    "sklearn_mlp": (),
    "random_forest": (),
    "extra_trees": (),
    "hist_gradient_boosting": (),
    "lightgbm": ("lightgbm",),
    "xgboost": ("xgboost",),
    "catboost": ("catboost",),
    "bagged_lightgbm": ("lightgbm",),
    "bagged_xgboost": ("xgboost",),
    "bagged_catboost": ("catboost",),
    "tuned_lightgbm": ("lightgbm",),
    "tuned_catboost": ("catboost",),
    "realmlp": ("pytabkit", "torch"),
}
# Their pinned versions conflict with others': they are fitted only when named and if installed.
APART: dict[str, tuple[str, ...]] = {
    "autogluon_60": ("autogluon.tabular", "torch"),
    "autogluon_300": ("autogluon.tabular", "torch"),
}
COMMON = ("numpy", "pandas", "pyarrow", "scikit-learn")


def packages(method: str) -> tuple[str, ...]:
    """Return the distributions that a fit of the method uses."""
    return (*(METHODS | APART)[method], *COMMON)


def check_known(methods: Iterable[str], known: Iterable[str] = (*METHODS, *APART)) -> None:
    """Refuse names that are not those of methods.

    Raises
    ------
    SpecError
    """
    known = list(known)
    for method in methods:
        if method not in known:
            raise SpecError(f"There is no method {method!r}.", f"There are {', '.join(known)}.")


def check_installed(methods: Iterable[str]) -> None:
    """Refuse methods whose packages are not installed.

    Raises
    ------
    SpecError
    """
    for method in methods:
        missing = [name for name in packages(method) if installed(name) is None]
        if missing:
            raise SpecError(
                f"The method {method} needs {' and '.join(missing)}, which is not installed.",
                "Give it an environment of its own, with gradum beside it."
                if method in APART
                else "Run pip install 'gradum[bench]', or leave it out by --methods.",
            )


def installed(package: str) -> str | None:
    """Return the version of an installed distribution."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
