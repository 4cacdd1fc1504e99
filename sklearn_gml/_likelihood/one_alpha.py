r"""The evidence of one alpha: a curve made of singular values.

With :math:`Z = U D V'`, :math:`u = U'y` and the shrinkage factors
:math:`s_j = d_j^2 / (d_j^2 + \alpha)` the quantities of
:mod:`~sklearn_gml._likelihood.marginal` are

.. math::

    Q = Q_0 + \sum_j u_j^2 (1 - s_j), \qquad
    h = -\frac{\nu}{2} \log Q + \frac12 \sum_j \log(1 - s_j)

so that each point of the curve costs as much as there are directions. In
:math:`x = \log\alpha` the derivative of :math:`s` is :math:`-s (1 - s)`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .marginal import MarginalProblem

# The second derivative of h is made of s (1 - s), which change over one in log alpha
# and more: between points so near, h' changes its sign once at most.
GRID_STEP = 0.25

# How far the grid reaches beyond the last change of a term: h is its asymptote there,
# to exp(-16).
BEYOND = 16.0

# A root of the derivative, in log alpha. Halving the step of the grid reaches it too.
ROOT_TOLERANCE, MAX_STEPS = 1e-13, 60


class EvidenceCurve:
    """h over x = log alpha, with two derivatives."""

    def __init__(self, problem: MarginalProblem):
        left, values, _ = np.linalg.svd(problem.columns, full_matrices=False)
        along = (left.T @ problem.targets) ** 2
        rank = problem.rank
        # What lies along a direction without data is noise, whatever alpha.
        left = problem.left + along[rank:].sum(axis=0)
        self.left = np.where(left > problem.rounding, left, 0.0)
        self.squares, self.along = values[:rank] ** 2, along[:rank]
        self._log_squares = np.log(self.squares)
        self.degrees = problem.degrees

    @property
    def n_targets(self) -> int:
        return len(self.left)

    def value(self, x: float) -> float:
        _, rest = self._shrinkage(x)
        squares = self.left + rest @ self.along
        return float(
            -0.5 * self.degrees * np.sum(np.log(squares))
            - 0.5 * self.n_targets * np.sum(np.logaddexp(0.0, self._log_squares - x))
        )

    def derivatives(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """``(h', h'')`` at one point or at many."""
        shrinkage, rest = self._shrinkage(x)
        slope = shrinkage * rest
        squares = self.left + rest @ self.along
        first = slope @ self.along / squares
        second = (slope * (2.0 * shrinkage - 1.0)) @ self.along / squares - first**2
        return (
            0.5 * self.n_targets * np.sum(shrinkage, axis=-1)
            - 0.5 * self.degrees * np.sum(first, axis=-1),
            -0.5 * self.n_targets * np.sum(slope, axis=-1)
            - 0.5 * self.degrees * np.sum(second, axis=-1),
        )

    def _shrinkage(self, x):
        """``(s, 1 - s)`` of shape (..., r), each to all its digits."""
        log_ratio = self._log_squares - np.asarray(x)[..., None]
        ratio = np.exp(-np.abs(log_ratio))
        large, above = 1.0 / (1.0 + ratio), log_ratio > 0
        small = ratio * large
        return np.where(above, large, small), np.where(above, small, large)

    def at_infinity(self) -> float:
        """h where all slopes are zero."""
        squares = self.left + self.along.sum(axis=0)
        return float(-0.5 * self.degrees * np.sum(np.log(squares)))

    def at_zero(self) -> float:
        """h with a flat prior: finite only where it balances a perfect fit."""
        perfect = self.left == 0
        balance = 0.5 * (
            len(self.squares) * self.n_targets - self.degrees * perfect.sum()
        )
        if balance:
            return -np.inf if balance > 0 else np.inf
        squares = np.where(
            perfect, (self.along.T / self.squares).sum(axis=1), self.left
        )
        return float(
            -0.5 * self.degrees * np.sum(np.log(squares))
            - 0.5 * self.n_targets * np.sum(np.log(self.squares))
        )

    def grid(self) -> np.ndarray:
        """Points between which h' changes its sign once at most."""
        ends = [self.squares.min(), self.squares.max()]
        # Where the prior takes as many squares as no column explains.
        weight = (self.along.T / self.squares).sum(axis=1)
        ends += [q / w for q, w in zip(self.left, weight, strict=True) if q > 0 < w]
        low, high = np.log(min(ends)) - BEYOND, np.log(max(ends)) + BEYOND
        return np.linspace(low, high, int((high - low) / GRID_STEP) + 2)


def one_alpha(problem: MarginalProblem) -> tuple[float, bool]:
    """``(alpha, unbounded)``: where the evidence is highest, ends included.

    All its maxima are looked at. Where it grows without bound towards zero, the
    highest of the others is taken, if there is one, and ``unbounded`` says so.
    """
    if not problem.rank or not problem.targets.shape[1]:
        # Whatever alpha is, it changes nothing.
        return np.inf, False
    curve = EvidenceCurve(problem)
    candidates = [(curve.at_infinity(), np.inf)]
    at_zero = curve.at_zero()
    if np.isfinite(at_zero):
        candidates.append((at_zero, 0.0))
    maxima = [(curve.value(x), np.exp(x)) for x in stationary_maxima(curve)]
    unbounded = at_zero == np.inf
    if unbounded and not maxima:
        return 0.0, True
    return float(max(candidates + maxima)[1]), unbounded


def stationary_maxima(curve: EvidenceCurve) -> list[float]:
    """Every x at which h' falls through zero."""
    grid = curve.grid()
    slopes, _ = curve.derivatives(grid)
    falling = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    return [_root(curve, grid[i], grid[i + 1]) for i in falling]


def _root(curve, low, high):
    """The root of h' between two points, by Newton's method kept between them."""
    x = 0.5 * (low + high)
    for _ in range(MAX_STEPS):
        first, second = curve.derivatives(x)
        if first > 0:
            low = x
        else:
            high = x
        step = -first / second if second < 0 else np.inf
        before, x = x, x + step
        if not low <= x <= high:
            x = 0.5 * (low + high)
        if abs(x - before) <= ROOT_TOLERANCE * max(1.0, abs(x)):
            break
    return x
