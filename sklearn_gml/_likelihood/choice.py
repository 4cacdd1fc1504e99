"""A curve of scores over alpha, and the alpha that is chosen on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from scipy.stats import rankdata

# Chebyshev points of an interpolation. Over a factor of e in alpha to either side the
# curve is analytic enough to leave an error of pi**-17; wider brackets shrink first.
DEGREE = 16

# Last coefficients below this share of the variation, or of the rounding error of the
# scores, add nothing to the place of the maximum.
RESOLVED, ROUNDING = 1e-10, 16 * np.finfo(np.float64).eps

# Brackets of log alpha are no longer worth another pass over the rows below this.
NARROWEST = 1e-6


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of m alphas, for one quantity to choose by or several (u).

    Attributes
    ----------
    mean : ndarray of shape (m, u)
        Over the folds, or over the rows with each left out in turn.
    deviation : ndarray of shape (m, u)
        Standard deviation over the same.
    count : float
        Number of folds, or effective number of rows.
    by_fold : ndarray of shape (m, k, u), or None
        None where each row is a fold.
    seconds : ndarray of shape (k,) or (1,)
        Time that the scores took, of each fold or of all.
    """

    mean: NDArray
    deviation: NDArray
    count: float
    seconds: NDArray
    by_fold: NDArray | None = None

    @classmethod
    def of_folds(cls, by_fold: NDArray, seconds: NDArray) -> Scores:
        """From the scores (m, k, u) of each fold."""
        mean, deviation = by_fold.mean(axis=1), by_fold.std(axis=1)
        return cls(mean, deviation, float(by_fold.shape[1]), seconds, by_fold)

    @property
    def standard_error(self) -> NDArray:
        """Of the mean, NaN for a single fold."""
        others = self.count - 1.0 if self.count > 1.0 else np.nan
        return self.deviation / np.sqrt(others)


@dataclass(frozen=True, eq=False)
class Choice:
    """The alpha that was chosen for one quantity.

    Attributes
    ----------
    alpha : float
    score : float
        What the curve is there.
    index : int
        The point of the grid that the choice is at or beside.
    """

    alpha: float
    score: float
    index: int


Curve = Callable[[NDArray], Scores]


@dataclass(frozen=True, eq=False)
class Selection:
    """How an alpha is chosen.

    Attributes
    ----------
    curve : callable
        ``curve(alphas)`` is their :class:`Scores`.
    alphas : ndarray of shape (m,)
        The grid, in any order.
    scores : Scores
        Of the grid.
    least : float
        An alpha that hardly shrinks: where the grid has 0, the curve is looked at
        down to here.
    refine : bool
        Whether to look between the points of the grid.
    """

    curve: Curve
    alphas: NDArray
    scores: Scores
    least: float
    refine: bool

    def best(self, quantity: int = 0) -> Choice:
        """The alpha of the highest score.

        Raises
        ------
        ValueError
            If no alpha has a finite score.
        """
        choice = self._best_point(quantity)
        if not self.refine:
            return choice
        low, high = self._bracket(choice.alpha)
        if not low < high:
            return choice
        alpha = np.exp(self._maximum(np.log(low), np.log(high), quantity))
        score = self.curve(np.array([alpha])).mean[0, quantity]
        if not score > choice.score:
            return choice
        return Choice(float(alpha), float(score), choice.index)

    def one_standard_error(self, quantity: int = 0) -> Choice:
        """The largest alpha that is not worse than the best by a standard error.

        The error is that of the best: Hastie, Tibshirani and Friedman (2009), The
        Elements of Statistical Learning, section 7.10.
        """
        best = self.best(quantity)
        error = self.curve(np.array([best.alpha])).standard_error[0, quantity]
        if not np.isfinite(error):
            return best
        enough = best.score - error
        means = self.scores.mean[:, quantity]
        within = np.flatnonzero((means >= enough) & (self.alphas >= best.alpha))
        choice = best
        if len(within):
            index = within[np.argmax(self.alphas[within])]
            choice = Choice(float(self.alphas[index]), float(means[index]), int(index))
        if not self.refine:
            return choice
        return self._crossing(choice, enough, quantity)

    def _best_point(self, quantity):
        means = self.scores.mean[:, quantity]
        if not np.isfinite(means).any():
            raise ValueError(
                "No alpha has a finite score: the rows that are held out are not "
                "predicted by the others. Use positive alphas or other folds."
            )
        index = int(np.nanargmax(means))
        return Choice(float(self.alphas[index]), float(means[index]), index)

    def _bracket(self, alpha):
        """The neighbours of a point of the grid, or itself at the ends."""
        low = self.alphas[self.alphas < alpha].max(initial=-np.inf)
        high = self.alphas[self.alphas > alpha].min(initial=np.inf)
        low = low if np.isfinite(low) else alpha
        high = high if np.isfinite(high) else alpha
        return max(low, min(self.least, high)) if low == 0 else low, high

    def _maximum(self, low, high, quantity):
        """log alpha of the highest point of the curve between two."""
        while True:
            series, resolved = self._interpolated(low, high, quantity)
            places = np.append(_real_roots(chebyshev.chebder(series)), [-1.0, 1.0])
            values = chebyshev.chebval(places, series)
            middle, half = (low + high) / 2.0, (high - low) / 2.0
            best = middle + half * places[np.argmax(values)]
            if resolved or high - low < NARROWEST:
                return best
            reach = half / 4.0
            low, high = max(low, best - reach), min(high, best + reach)

    def _crossing(self, choice, enough, quantity):
        """The last point from a choice to the next of the grid that is good enough."""
        above = self.alphas[self.alphas > choice.alpha]
        if not len(above) or not choice.alpha > 0:
            return choice
        low, high = np.log(choice.alpha), np.log(above.min())
        while True:
            series, resolved = self._interpolated(low, high, quantity)
            series[0] -= enough
            places = np.append(_real_roots(series), -1.0)
            middle, half = (low + high) / 2.0, (high - low) / 2.0
            last = middle + half * places.max()
            if resolved or high - low < NARROWEST:
                break
            low, high = max(low, last - half / 4.0), min(high, last + half / 4.0)
        alpha = np.exp(last)
        score = self.curve(np.array([alpha])).mean[0, quantity]
        return Choice(float(alpha), float(score), choice.index)

    def _interpolated(self, low, high, quantity):
        """Chebyshev series of the curve on ``[low, high]``, and if it is resolved."""
        points = chebyshev.chebpts1(DEGREE + 1)
        alphas = np.exp((low + high) / 2.0 + (high - low) / 2.0 * points)
        values = self.curve(alphas).mean[:, quantity]
        # At these points the columns of the matrix are orthogonal.
        series = chebyshev.chebvander(points, DEGREE).T @ values * 2.0 / len(points)
        series[0] /= 2.0
        negligible = max(
            RESOLVED * np.ptp(values), ROUNDING * np.abs(values).max(initial=0.0)
        )
        return series, bool(np.all(np.abs(series[-3:]) <= negligible))


def _real_roots(series):
    """Real roots of a Chebyshev series within [-1, 1]."""
    roots = chebyshev.chebroots(chebyshev.chebtrim(series))
    real = roots[np.abs(roots.imag) < 1e-8].real if np.iscomplexobj(roots) else roots
    return real[np.abs(real) <= 1.0]


def results(alphas: NDArray, scores: Scores, fit_seconds: NDArray) -> dict:
    """Scores as scikit-learn's searches have them in ``cv_results_``.

    Parameters
    ----------
    alphas : ndarray of shape (m,)
    scores : Scores
    fit_seconds : ndarray of shape (k,) or (1,)
        The time of a fold is shared by its alphas.
    """
    table = {}
    for name, times in (("fit", fit_seconds), ("score", scores.seconds)):
        table[f"mean_{name}_time"] = np.full(len(alphas), np.mean(times) / len(alphas))
        table[f"std_{name}_time"] = np.full(len(alphas), np.std(times) / len(alphas))
    table["param_alpha"] = np.ma.array(alphas, mask=np.zeros(len(alphas), dtype=bool))
    table["params"] = [{"alpha": float(alpha)} for alpha in alphas]
    if scores.by_fold is not None:
        for fold in range(scores.by_fold.shape[1]):
            table[f"split{fold}_test_score"] = _squeezed(scores.by_fold[:, fold])
    table["mean_test_score"] = _squeezed(scores.mean)
    table["std_test_score"] = _squeezed(scores.deviation)
    # What is not finite comes last, as in scikit-learn.
    least = np.nanmin(scores.mean, axis=0, initial=np.inf) - 1.0
    filled = np.where(np.isnan(scores.mean), least, scores.mean)
    ranks = rankdata(-filled, method="min", axis=0).astype(np.int32)
    table["rank_test_score"] = _squeezed(ranks)
    return table


def _squeezed(values):
    return values[:, 0] if values.shape[1] == 1 else values
