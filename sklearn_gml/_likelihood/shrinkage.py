r"""Ridge regressions of one set of statistics, for every alpha at once.

With the singular value decomposition :math:`A = U D V'` of the slopes' part of the
factor about the mean and the rotated targets :math:`c = U'y`, the coefficients are

.. math::

    b(\alpha) = V \frac{D}{D^2 + \alpha} c

for any alpha > 0: one decomposition serves them all. alpha = 0 is the least-squares
fit of :class:`~sklearn_gml._likelihood.constant.ConstantObjective`, with its decision
of rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .._data.rows import Rows
from .._data.span import outside
from .._data.statistics import GaussianStatistics
from .._linalg.factor import RANK_TOLERANCE
from .._linalg.triangular import EPS, column_norms, triangle
from .constant import ConstantObjective, rounding_sigma

# The grid of alphas: at the lower end the prior is worth this share of one row in the
# weakest direction, however many rows there are (a share of the whole would move
# coefficients by standard errors where rows are millions). At the upper end the
# strongest direction keeps this share of its least-squares coefficient.
HARDLY_ANY, NEARLY_ALL = 1e-2, 1e-3

# The weakest direction of the grid, relative to the strongest: beyond, the alphas of
# interest would lie between two points of a grid over so many decades.
WEAKEST = 1e-6

# Columns whose sizes differ by less lose no more than a digit to the largest.
UNLIKE = 16.0


@dataclass(frozen=True, eq=False)
class RidgeFits:
    """The fits of m alphas.

    Attributes
    ----------
    alphas : ndarray of shape (m,)
    slopes : ndarray of shape (p, m, t)
    squares : ndarray of shape (m, t)
        ``RSS + alpha |b|^2``.
    floor : ndarray of shape (m, t)
        sigma at the rounding level of the residuals.
    divisor : ndarray of shape (m,)
        What squares are divided by for the sigma^2 of the fit.
    freedom : ndarray of shape (m,)
        Degrees of freedom of the predictive Student t, NaN if there are none.
    predictive_divisor : ndarray of shape (m,)
        The same for the sigma^2 of predictive distributions: unbiased with alpha = 0.
    """

    alphas: NDArray
    slopes: NDArray
    squares: NDArray
    floor: NDArray
    divisor: NDArray
    freedom: NDArray
    predictive_divisor: NDArray

    @property
    def sigma(self) -> NDArray:
        """sigma (m, t) of the fits."""
        return np.sqrt(variance_of(self.squares, self.divisor[:, None], self.floor))

    @property
    def predictive_variance(self) -> NDArray:
        """sigma^2 (m, t) of predictive distributions."""
        return variance_of(self.squares, self.predictive_divisor[:, None], self.floor)


def variance_of(squares, divisor, floor):
    """``squares / divisor``, not below that of sigma at the rounding level."""
    return np.maximum(squares / divisor, floor**2)


def _decomposed(root, targets):
    """``(d, V, U'targets)`` of ``root = U diag(d) V'``.

    A decomposition knows columns to eps times the largest. That of a triangle whose
    columns are sorted by size, the largest first, knows each to eps times its own, as
    long as their directions differ (measured over twelve decades).
    """
    norms, width = column_norms(root), root.shape[1]
    order = np.arange(width)
    if norms.min(initial=np.inf) * UNLIKE < norms.max(initial=0.0):
        order = np.argsort(-norms)
        factor = triangle(np.hstack([root[:, order], targets]))
        root, targets = factor[: len(root), :width], factor[: len(root), width:]
    left, singular, right = np.linalg.svd(root, full_matrices=False)
    basis = np.empty_like(right.T)
    basis[order] = right.T
    return singular, basis, left.T @ targets


class RidgePath:
    """One decomposition, and what all alphas take from it.

    Parameters
    ----------
    statistics : GaussianStatistics
        Of the rows that are fitted.
    fit_intercept : bool
    restricted : bool
        Whether sigma has the divisor of the restricted likelihood.

    Attributes
    ----------
    origin : ndarray of shape (p + t,)
        The means of X and y, zeros without an intercept: with rows measured from
        there, the intercept is zero for every alpha.
    singular : ndarray of shape (r,)
        Singular values of the columns about the origin, the largest first.
    basis : ndarray of shape (p, r)
        Right singular vectors V.
    rotated : ndarray of shape (r, t)
        ``c = U'y``.
    """

    def __init__(
        self,
        statistics: GaussianStatistics,
        *,
        fit_intercept: bool = True,
        restricted: bool = False,
    ):
        self.objective = ConstantObjective(
            statistics, fit_intercept=fit_intercept, restricted=restricted
        )
        self.statistics = statistics
        self.fit_intercept = fit_intercept
        self.origin = np.append(self.objective.origin_x, self.objective.origin_y)
        #: What the intercept adds to every leverage.
        self.intercept_leverage = statistics.factor[0, 0] ** -2 * fit_intercept
        self._root = self.objective.information_root
        # About the means the first row of the targets is the intercept's, zero.
        slopes = self.objective.slopes
        self._explained = self.objective.target[slopes]
        rest = self.objective.target[slopes.stop :]
        self._unexplained = np.einsum("ij,ij->j", rest, rest)
        self.singular, self.basis, self.rotated = _decomposed(
            self._root, self._explained
        )

    @cached_property
    def rank(self) -> int:
        """Singular values that are not rounding errors."""
        if not len(self.singular):
            return 0
        width = len(self.basis)
        tolerance = RANK_TOLERANCE * np.sqrt(width) * EPS * self.singular[0]
        return int(np.sum(self.singular > tolerance))

    @property
    def saturated(self) -> bool:
        """Whether as many directions as rows make every residual vanish."""
        return self.rank + self.fit_intercept >= self.statistics.n_samples

    @property
    def least(self) -> float:
        """An alpha that hardly shrinks any direction."""
        singular = self.singular[: self.rank]
        if not len(singular):
            return HARDLY_ANY
        weakest = max(singular[-1], WEAKEST * singular[0])
        return HARDLY_ANY * weakest**2 / self.statistics.sum_weights

    def grid(self, number: int) -> NDArray:
        """So many alphas, from hardly any shrinkage to nearly all."""
        largest = self.singular[0] if self.rank else 1.0
        return np.geomspace(self.least, largest**2 / NEARLY_ALL, number)

    def kept(self, alphas: NDArray) -> NDArray:
        """``alpha / (d^2 + alpha)`` (r, m): the share that shrinkage takes away."""
        squares = self.singular[:, None] ** 2
        return alphas / np.where(squares + alphas > 0, squares + alphas, 1.0)

    def at(self, alphas: NDArray) -> RidgeFits:
        """The fits of these alphas, zero allowed."""
        slopes = self._slopes(np.where(alphas > 0, alphas, 1.0))
        if not alphas.all():
            slopes[:, alphas == 0] = self._least_squares()[:, None]
        residual = self._explained[:, None] - np.tensordot(self._root, slopes, 1)
        lengths = np.einsum("imt,imt->mt", slopes, slopes)
        squares = np.einsum("imt,imt->mt", residual, residual) + self._unexplained
        squares += alphas[:, None] * lengths
        objective, flat = self.objective, alphas == 0
        norms = objective.summed_norms_x[len(objective.summed_norms_x) - len(slopes) :]
        terms = np.tensordot(norms**2, slopes**2, 1)
        magnitude = np.sqrt(objective.norms_y**2 + terms)
        total = self.statistics.sum_weights
        lost = np.where(flat, objective.rank, self.fit_intercept)
        freedom = np.where(total > lost, total - lost, np.nan)
        divisor = np.full(len(alphas), total)
        if objective.restricted:
            divisor = np.where(total > lost, total - lost, total)
        return RidgeFits(
            alphas,
            slopes,
            squares,
            rounding_sigma(magnitude, total),
            divisor,
            freedom,
            np.where(flat, freedom, divisor),
        )

    def _slopes(self, alphas):
        """Coefficients (p, m, t) for positive alphas."""
        weight = self.singular[:, None] ** 2 + alphas
        shrunken = (self.singular[:, None] / weight)[:, :, None] * self.rotated[:, None]
        return np.tensordot(self.basis, shrunken, 1)

    def _least_squares(self):
        """Coefficients (p, t) for alpha = 0: the shortest, if there are several."""
        start = self.objective.start
        theta = start.theta + start.step
        return self.objective.shortest(theta[self.objective.slopes])

    def heldout_squares(self, statistics: GaussianStatistics, fits: RidgeFits):
        """Squared residuals (m, t) of other rows, from their statistics."""
        factor = statistics.about(self.origin)
        split = 1 + statistics.n_features
        predicted = np.tensordot(factor[:, 1:split], fits.slopes, 1)
        residual = factor[:, None, split:] - predicted
        return np.einsum("imt,imt->mt", residual, residual)

    def residual_and_leverage(self, block: NDArray, fits: RidgeFits):
        """``(n, m, t)`` and ``(n, m)`` of rows that were not fitted.

        Parameters
        ----------
        block : ndarray of shape (n, 1 + p + t)
            ``[1, X - origin, y - origin]``, over the noise scale.
        fits : RidgeFits
        """
        split = 1 + len(self.basis)
        columns, flat = block[:, 1:split], fits.alphas == 0
        residual = block[:, None, split:] - np.tensordot(columns, fits.slopes, 1)
        squares = (columns @ self.basis) ** 2
        alphas = np.where(flat, 1.0, fits.alphas)
        leverage = squares @ (1.0 / (self.singular[:, None] ** 2 + alphas))
        if self.basis.shape[1] < len(self.basis):
            # Directions without data have the variance of the prior.
            beyond = np.einsum("ij,ij->i", columns, columns) - squares.sum(axis=1)
            leverage += np.maximum(beyond, 0.0)[:, None] / alphas
        if flat.any():
            white = columns @ self.objective.factor.covariance_root()
            leverage[:, flat] = np.einsum("ij,ij->i", white, white)[:, None]
        return residual, leverage + self.intercept_leverage * block[:, :1] ** 2

    def unidentified(self, rows: Rows) -> NDArray:
        """Mask of rows whose mean least squares of the fitted rows does not know."""
        n_features = len(self.basis)
        rank = self.objective.rank - self.fit_intercept
        if rank == n_features:
            return np.zeros(rows.n_samples, dtype=bool)
        columns, means = np.arange(n_features), self.origin[:n_features]
        factor = self.statistics.about(self.origin)[self.fit_intercept :, 1 + columns]
        return outside(rows, factor, rank, columns, means)
