r"""Leave-one-out: what the fit without a row says of the row, in closed form.

With the leverage h of a row (over its noise scale), its residual e and the minimum S
of the (penalised) squares, taking a copies of the row away leaves

.. math::

    e' = \frac{e}{1 - a h}, \qquad S' = S - \frac{a e^2}{1 - a h}, \qquad
    h' = \frac{h}{1 - a h},

all exact, with a prior too, because both follow from the inverse of a matrix that
differs by one rank (Cook and Weisberg 1982, section 2.2; Allen 1974 for :math:`e'`).
sigma is then that of S' and of n - a rows.

A row of weight 2 is two rows: one of them is left out. A row of weight below 1 is left
out altogether. So a = min(w, 1).
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from .._data.rows import Rows
from .choice import Scores
from .scorings import ScoredRows
from .shrinkage import RidgePath, variance_of

# 1 - a h of a row that alone decides its own prediction is the rounding error of h, at
# most about this; its residual is one as well, and their ratio means nothing.
OWN_PREDICTION = 1e-10


def without_row(residual, rest, squares, copies):
    """``(e'^2, S')`` of rows, NaN where the others do not know the row's prediction.

    Parameters
    ----------
    residual : ndarray of shape (n, ..., t)
        Over the noise scale.
    rest : ndarray of shape (n, ...)
        ``1 - a h``.
    squares : ndarray of shape (..., t)
        Of the fit, the prior's share included.
    copies : ndarray of shape (n,)
        a, what is left out of each row.
    """
    rest = np.where(rest > 0, rest, np.nan)[..., None]
    removed = residual * residual / rest
    left = squares - copies.reshape(-1, *[1] * (residual.ndim - 1)) * removed
    removed /= rest
    return removed, left


def left_out(frequency):
    """a, the copies of each row that are left out, shape (n,)."""
    return np.minimum(frequency, 1.0)


class LeaveOneOutCurve:
    """Scores over alpha, each row left out in turn.

    The rows are rotated once for every pass, O(n p^2); each alpha then costs O(n p).

    Parameters
    ----------
    rows : Rows
    path : RidgePath
        Of the same rows.
    scoring : object
        One of :data:`~sklearn_gml._likelihood.scorings.SCORINGS`.
    apart : bool
        Whether targets are scored one by one.
    """

    def __init__(self, rows: Rows, path: RidgePath, scoring, *, apart: bool = False):
        if rows.n_positive < 2:
            raise ValueError(
                f"Leave-one-out needs two rows at least, got {rows.n_positive} (rows "
                "with n_samples=1 leave no row to fit)."
            )
        self.path, self.scoring, self.apart = path, scoring, apart
        self.rows = ScoredRows(rows)
        self.copies = left_out(self.rows.frequency)
        self._weights = scoring.weights(self.rows)

    def __call__(self, alphas: NDArray) -> Scores:
        """The :class:`Scores` of these alphas."""
        alphas = np.asarray(alphas, dtype=np.float64)
        start = perf_counter()
        fits, moments = self.path.at(alphas), Moments()
        divisor = self.scoring.divisor(fits)
        for part, residual, rest in self._blocks(fits):
            copies = self.copies[part]
            removed, squares = without_row(residual, rest, fits.squares, copies)
            left = divisor - copies[:, None]
            left = np.where(left > 0, left, divisor)[:, :, None]
            scores = self.scoring.of_rows(
                removed,
                variance_of(squares, left, fits.floor),
                *self._uncertainty(fits, rest, copies[:, None]),
                self.rows.scale[part, None, None],
            )
            if not self.apart:
                scores = self.scoring.pool(scores, axis=2, keepdims=True)
            moments.add(scores, self._weights[part])
        deviation = np.sqrt(moments.squares / moments.weight)
        seconds = np.array([perf_counter() - start])
        count = self.path.statistics.sum_weights
        return Scores(moments.mean, deviation, count, seconds)

    def _uncertainty(self, fits, rest, copies):
        """``(1 + h', degrees of freedom)``, None where they do not matter."""
        if not self.scoring.needs_rows:
            return None, None
        freedom = fits.freedom - copies
        return (
            1.0 + (1.0 - rest) / (copies * rest),
            np.where(freedom > 0, freedom, np.nan),
        )

    def _blocks(self, fits):
        """``(slice, residuals (n, m, t), 1 - a h (n, m))`` of rows, block by block."""
        path, alphas = self.path, fits.alphas
        n_features, rank = len(path.basis), path.rank
        whitening = path.basis[:, :rank] / path.singular[:rank]
        rotated, kept = path.rotated[:rank], path.kept(alphas)[:rank]
        moved = (kept[:, :, None] * rotated[:, None]).reshape(rank, -1)
        zero = alphas == 0
        plain = self._plain(fits) if zero.any() else None
        for part, block in self.rows.blocks(path.origin, fits.squares.size):
            copies = self.copies[part]
            white = block[:, 1 : 1 + n_features] @ whitening
            fitted = block[:, 1 + n_features :] - white @ rotated
            squares = white * white
            least = path.intercept_leverage * block[:, 0] ** 2 + squares.sum(axis=1)
            least = 1.0 - copies * least
            if path.saturated:
                least = 1.0 - copies / self.rows.frequency[part]
            # Least squares reproduces these rows: what is left is rounding error.
            own = least < OWN_PREDICTION
            fitted[own], least[own] = 0.0, 0.0
            residual = (white @ moved).reshape(len(block), len(alphas), -1)
            residual += fitted[:, None]
            rest = copies[:, None] * (squares @ kept) + least[:, None]
            if plain is not None:
                residual[:, zero], rest[:, zero] = plain(block, copies)
            yield part, residual, rest

    def _plain(self, fits):
        """What gives the residuals and ``1 - a h`` of alpha = 0, by its own factor."""
        path, slopes = self.path, fits.slopes[:, fits.alphas == 0][:, :1]
        covariance_root = path.objective.factor.covariance_root()
        n_features = len(path.basis)

        def terms(block, copies):
            columns = block[:, 1 : 1 + n_features]
            fitted = np.tensordot(columns, slopes, 1)
            leverage = np.sum((columns @ covariance_root) ** 2, axis=1)
            leverage += path.intercept_leverage * block[:, 0] ** 2
            rest = 1.0 - copies * leverage
            rest[rest < OWN_PREDICTION] = np.nan
            return block[:, None, 1 + n_features :] - fitted, rest[:, None]

        return terms


class Moments:
    """Weighted mean and squares about it, summed block by block.

    The mean is moved as blocks come (Chan, Golub and LeVeque 1983): sums of squares
    about zero would cancel.
    """

    def __init__(self):
        self.weight, self.mean, self.squares = 0.0, 0.0, 0.0

    def add(self, values, weights):
        """Values of shape (n, ...) with weights (n,)."""
        weight = weights.sum()
        mean = np.tensordot(weights, values, 1) / weight
        squares = np.tensordot(weights, (values - mean) ** 2, 1)
        total = self.weight + weight
        apart = mean - self.mean
        self.squares = (
            self.squares + squares + apart**2 * (self.weight * weight / total)
        )
        self.mean = self.mean + apart * (weight / total)
        self.weight = total
