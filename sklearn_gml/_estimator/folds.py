"""What ``alphas``, ``cv`` and folds of statistics stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import check_cv
from sklearn.utils import indexable

from .._data.statistics import GaussianStatistics
from .._likelihood.cross_validation import Split, consecutive_splits
from .._likelihood.scorings import SCORINGS
from .._likelihood.shrinkage import RidgePath

# Alphas of the grid, unless a number is given.
N_ALPHAS = 25


def grid_of(alphas: int | ArrayLike | None, path: RidgePath) -> NDArray:
    """The alphas of the grid, in the order given."""
    if alphas is None or isinstance(alphas, Integral):
        return path.grid(N_ALPHAS if alphas is None else int(alphas))
    grid = np.asarray(alphas, dtype=np.float64)
    if grid.ndim != 1 or not len(grid):
        raise ValueError(
            f"alphas={alphas!r} must be a list of numbers, a number of alphas or None."
        )
    if not (np.isfinite(grid).all() and grid.min() >= 0):
        raise ValueError(f"alphas={alphas!r} must be finite and not negative.")
    return grid


def splits_of(cv: Any, X: Any, y: Any, routed: Mapping) -> list[Split] | None:
    """The splits of the rows, None for leave-one-out."""
    if cv is None:
        return None
    X, y = indexable(X, y)
    n_samples = X.shape[0] if hasattr(X, "shape") else len(X)
    if isinstance(cv, Integral):
        if cv > n_samples:
            raise ValueError(
                f"Cannot have number of splits cv={cv} greater than the number of "
                f"samples: n_samples={n_samples}."
            )
        return consecutive_splits(n_samples, int(cv))
    pairs = check_cv(cv).split(X, y, **routed)
    splits = [Split.of(*pair, n_samples) for pair in pairs]
    if not splits:
        raise ValueError(f"cv={cv!r} has no splits.")
    return splits


def checked_folds(
    folds: Sequence[GaussianStatistics], cv: Any, scoring: str
) -> list[GaussianStatistics]:
    """Statistics of folds as a list; raise for what is none, or cannot be scored."""
    if isinstance(folds, GaussianStatistics):
        raise TypeError(
            "folds must be a sequence of GaussianStatistics, one for each fold, got a "
            "single one: it does not say which rows to hold out."
        )
    folds = list(folds)
    for fold in folds:
        if not isinstance(fold, GaussianStatistics):
            raise TypeError(
                "folds must be a sequence of GaussianStatistics, got "
                f"{type(fold).__name__} in it. To fit rows, use fit(X, y)."
            )
    if len(folds) < 2:
        raise ValueError(f"folds must have two statistics at least, got {len(folds)}.")
    for number, fold in enumerate(folds):
        if not fold.n_samples:
            raise ValueError(f"Fold {number} of folds has no rows.")
    if SCORINGS[scoring].needs_rows:
        raise ValueError(
            f"scoring={scoring!r} needs the leverages of the rows, which statistics "
            "have not kept: use scoring='loglik', or fit(X, y)."
        )
    if cv is not None and not (isinstance(cv, Integral) and cv == len(folds)):
        raise ValueError(
            f"cv={cv!r} does not go with the {len(folds)} folds of statistics that are "
            "given: use cv=None."
        )
    return folds
