"""Mean and variance of one target, fitted in turns."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing, check_array

from .._data.statistics import LOG_2PI
from .._linalg.triangular import EPS, ROUNDING_MARGIN
from ..exceptions import DegenerateFitWarning
from .fitter import Fitter

Array = NDArray[np.float64]

# From the warning out to the line that called fit: the functions here, fit and
# scikit-learn's wrapper around it.
STACKLEVEL = 6


@dataclass(frozen=True, eq=False)
class Task:
    """What a pair of regressors is fitted to.

    Attributes
    ----------
    X : array-like
        As the user gave it.
    y : ndarray of shape (n,)
    weight : ndarray of shape (n,), or None
        Frequencies of the rows.
    mean : Fitter
    variance : Fitter or None
        None for one sigma.
    splits : list of pairs of index arrays, or None
        Train and test rows of each fold; None for residuals in sample.
    prediction : ndarray of shape (n,), or None
        Of a mean that is fitted already.
    """

    X: Any
    y: Array
    weight: Array | None
    mean: Fitter
    variance: Fitter | None
    splits: list | None = None
    prediction: Array | None = None

    @cached_property
    def used(self) -> NDArray[np.intp]:
        """Rows that count: those of weight zero take no part, whatever they hold."""
        return self.counted(np.arange(len(self.y)))

    def counted(self, rows: ArrayLike) -> NDArray[np.intp]:
        """Those of some rows that count."""
        rows = np.arange(len(self.y))[rows]  # a mask of rows becomes their positions
        return rows if self.weight is None else rows[self.weight[rows] > 0]

    def average(self, values: Array, rows: NDArray[np.intp]) -> float:
        """Weighted mean over rows, whatever the unit of the weights."""
        if self.weight is None:
            return float(np.mean(values))
        weight = self.weight[rows]
        return float(np.average(values, weights=weight / weight.max()))


@dataclass(frozen=True, eq=False)
class Pair:
    """Fitted mean and variance of one target.

    Attributes
    ----------
    mean : regressor
    variance : regressor, or None
        Predicts squared residuals in units of ``scale ** 2``.
    scale : float
        Root mean square of the residuals.
    precision : ndarray of shape (n,)
        ``(geometric mean of sigma / sigma(x))^2`` of the training rows.
    sigma : float
        Geometric mean of sigma over the training rows.
    loglik_path : tuple of float
        Log-likelihood of the residuals after each round.
    """

    mean: BaseEstimator
    variance: BaseEstimator | None
    scale: float
    precision: Array
    sigma: float
    loglik_path: tuple


def fit_in_turns(task: Task, n_rounds: int) -> Pair:
    """The pair after so many rounds, or after the last that raised the likelihood.

    Each half of a round maximises the likelihood of the residuals, if the regressors
    minimise what they are said to. Penalised and greedy ones do not quite: the round
    that lowers the likelihood is not kept.
    """
    pair = _round(task)
    for _ in range(1, n_rounds):
        following = _round(task, pair.precision)
        if following.loglik_path[-1] < pair.loglik_path[-1]:
            break
        path = pair.loglik_path + following.loglik_path
        pair = replace(following, loglik_path=path)
    return pair


def _round(task: Task, precision: Array | None = None) -> Pair:
    mean, residual, rows = _mean_and_residuals(task, precision)
    unit, floor = _scale(task, residual, rows)
    variance = None
    if task.variance is not None:
        # A residual below the rounding error of y says no more than that, and the
        # gamma distribution has no zeros.
        squares = np.ones(len(task.y))
        squares[rows] = (np.maximum(np.abs(residual), floor) / unit) ** 2
        variance = task.variance.fit(task.X, squares, rows)
    sigma = np.ones(len(task.y))
    X_used = _safe_indexing(task.X, task.used)
    sigma[task.used] = predicted_sigma(variance, unit, X_used, len(task.used))
    mean_log_sigma = task.average(np.log(sigma[task.used]), task.used)
    density = -0.5 * (LOG_2PI + (residual / sigma[rows]) ** 2) - np.log(sigma[rows])
    loglik = density.sum() if task.weight is None else task.weight[rows] @ density
    return Pair(
        mean,
        variance,
        unit,
        (np.exp(mean_log_sigma) / sigma) ** 2,
        float(np.exp(mean_log_sigma)),
        (float(loglik),),
    )


def _mean_and_residuals(
    task: Task, precision: Array | None
) -> tuple[BaseEstimator, Array, NDArray[np.intp]]:
    """The mean fitted to all rows, and residuals with the rows that they are of."""
    if task.prediction is not None:
        residual = (task.y - task.prediction)[task.used]
        return task.mean.regressor, residual, task.used
    mean = task.mean.fit(task.X, task.y, task.used, precision)
    if task.splits is None:
        return mean, _residual(task, mean, task.used), task.used
    length, count = np.zeros(len(task.y)), np.zeros(len(task.y))
    for train, test in task.splits:
        test = task.counted(test)
        if len(test):
            fitted = task.mean.fit(task.X, task.y, task.counted(train), precision)
            length[test] = np.hypot(length[test], _residual(task, fitted, test))
            count[test] += 1
    rows = np.flatnonzero(count)
    if not len(rows):
        raise ValueError("cv has no row of positive weight in a test fold.")
    return mean, length[rows] / np.sqrt(count[rows]), rows


def _residual(task: Task, mean: BaseEstimator, rows: NDArray[np.intp]) -> Array:
    X = _safe_indexing(task.X, rows)
    return task.y[rows] - predicted_mean(mean, X, rows.shape)


def _scale(task: Task, residual: Array, rows: Array) -> tuple[float, float]:
    """Root mean square of the residuals, and the rounding error of one of them."""
    size = np.abs(task.y[rows]).max()
    floor = ROUNDING_MARGIN * EPS * (size if size > 0 else 1.0)
    largest = max(np.abs(residual).max(), floor)
    # Squares of tiny and huge units are no numbers.
    scale = largest * np.sqrt(task.average((residual / largest) ** 2, rows))
    if scale <= floor:
        warnings.warn(
            "There is no noise left to learn a variance from: the mean reproduces y to "
            "the last digit. The likelihood has no maximum; sigma_ is of the size of "
            "rounding errors. Use residuals out of fold (cv=5), a less flexible mean "
            "or more rows.",
            DegenerateFitWarning,
            stacklevel=STACKLEVEL,
        )
    return max(scale, floor), floor


def predicted_mean(mean: BaseEstimator, X: Any, shape: tuple) -> Array:
    """What a fitted mean predicts.

    Raises
    ------
    ValueError
        If that is not one finite number for each row and target.
    """
    return _checked("mean", mean, mean.predict(X), shape)


def predicted_sigma(
    variance: BaseEstimator | None, scale: float, X: Any, n_rows: int
) -> Array:
    """sigma(x) of shape (n,).

    Raises
    ------
    ValueError
        If a predicted variance is not positive.
    """
    if variance is None:
        return np.full(n_rows, scale)
    squares = _checked("variance", variance, variance.predict(X), (n_rows,))
    if np.any(squares <= 0):
        row = int(np.argmax(squares <= 0))
        raise ValueError(
            f"variance={variance!r} predicts {squares[row]:.3g} in row {row}, but a "
            "variance is positive: use a regressor that minimises the gamma deviance "
            "and predicts positive numbers, such as GammaRegressor or "
            'HistGradientBoostingRegressor(loss="gamma").'
        )
    return scale * np.sqrt(squares)


def _checked(role: str, regressor: BaseEstimator, values: Any, shape: tuple) -> Array:
    values = np.asarray(values, dtype=np.float64)
    if values.size != np.prod(shape):
        raise ValueError(
            f"{role}={regressor!r} predicts an array of shape {values.shape} where "
            f"{shape} was expected."
        )
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{role}={regressor!r} predicts values that are not finite.")
    return values.reshape(shape)


def checked_targets(y: ArrayLike, weight: Array | None) -> Array:
    """Targets as float64; those of weight zero may be missing."""
    y = check_array(
        y,
        ensure_2d=False,
        dtype=np.float64,
        ensure_all_finite=weight is None,
        input_name="y",
    )
    if weight is not None:
        check_array(y[weight > 0], ensure_2d=False, input_name="y")
    return y
