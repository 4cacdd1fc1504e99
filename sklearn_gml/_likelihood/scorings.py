r"""How well predictions of rows that were not fitted have come true.

A scoring turns held-out residuals into scores, higher is better, of each target:

- ``"loglik"``: log-likelihood per unit of weight with the fitted sigma as if it were
  known, :math:`\sum_i w_i \log p_i / \sum_i w_i`;
- ``"predictive"``: the same of the predictive distribution, Student t with the
  uncertainty of the parameters, for which the leverage of each row is needed;
- ``"neg_mean_squared_error"``: :math:`-\sum_i v_i r_i^2 / \sum_i v_i` with
  :math:`v_i = w_i / s_i^2`, s the noise scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .._data.rows import Rows
from .._data.statistics import LOG_2PI, GaussianStatistics, gaussian_loglik
from .shrinkage import RidgeFits

# Elements of the temporary arrays of a block.
BLOCK = 2**14


class ScoredRows:
    """Rows one by one: those of weight zero are gone, the others count once.

    Attributes
    ----------
    frequency : ndarray of shape (n,)
    scale : ndarray of shape (n,)
        Noise scale.
    rows : Rows
        All of them, with a weight of zero or one.
    """

    def __init__(self, rows: Rows):
        kept, mask = slice(None), None
        if rows.frequency is not None:
            kept = rows.frequency > 0
            mask = kept.astype(np.float64)
        ones = np.ones(rows.n_samples)
        self.frequency = (ones if mask is None else rows.frequency)[kept]
        self.scale = (ones if rows.noise_scale is None else rows.noise_scale)[kept]
        self.rows = Rows(rows.X, rows.y, mask, rows.noise_scale)

    def blocks(self, origin: NDArray, width: int):
        """``(slice, [1, X - origin, y - origin] over the scale)``, block by block.

        ``width`` is the number of results for each row.
        """
        start, size = 0, max(BLOCK // max(width, self.rows.n_columns), 64)
        for block in self.rows.weighted_blocks(origin, size):
            part = slice(start, start + len(block))
            start = part.stop
            yield part, block


class LogLikelihood:
    """Log-density with the fitted parameters."""

    #: Whether statistics do not suffice.
    needs_rows = False
    #: Several targets in one number.
    pool = staticmethod(np.sum)

    def of_fold(
        self, squares: NDArray, fits: RidgeFits, statistics: GaussianStatistics
    ) -> NDArray:
        """Scores (m, t) of the rows of some statistics."""
        total = statistics.sum_weights
        values = gaussian_loglik(squares, fits.sigma, total) - statistics.log_scale
        return values / total

    def of_rows(self, squares, variance, share, freedom, scale) -> NDArray:
        """Scores (n, m, t) of rows.

        Parameters
        ----------
        squares : ndarray of shape (n, m, t)
            Of the residuals over the noise scale.
        variance : ndarray that broadcasts to (n, m, t)
            sigma^2 of the noise by :meth:`divisor`.
        share : ndarray of shape (n, m), or None
            Variance of y about its predicted mean, over sigma^2. None where
            ``needs_rows`` is false.
        freedom : ndarray that broadcasts to (n, m)
            Degrees of freedom of Student's t.
        scale : ndarray of shape (n, 1, 1)
            Noise scale of the rows.
        """
        scores = squares / variance
        scores += np.log(variance * scale**2)
        scores += LOG_2PI
        scores *= -0.5
        return scores

    def divisor(self, fits: RidgeFits) -> NDArray:
        """What squares are divided by for sigma^2, shape (m,)."""
        return fits.divisor

    def weights(self, rows: ScoredRows) -> NDArray:
        """Weights (n,) of the scores of rows."""
        return rows.frequency


class PredictiveLogLikelihood(LogLikelihood):
    """Log-density with the uncertainty of the parameters."""

    needs_rows = True

    def of_rows(self, squares, variance, share, freedom, scale):
        freedom = np.asarray(freedom)[..., None]
        variance = variance * share[:, :, None]
        # Of log-gamma functions a difference would keep few digits.
        constant = np.log(special.poch(0.5 * freedom, 0.5) / np.sqrt(np.pi * freedom))
        tail = np.log1p(squares / (freedom * variance))
        logs = np.log(variance * scale**2)
        return constant - 0.5 * (logs + (freedom + 1.0) * tail)

    def divisor(self, fits):
        return fits.predictive_divisor


class NegativeMeanSquaredError(LogLikelihood):
    """Squared error, in which noise that is known to be large counts less."""

    pool = staticmethod(np.mean)

    def of_fold(self, squares, fits, statistics):
        # The first column of the factor has the length sqrt(sum w / s^2).
        return -squares / statistics.factor[0, 0] ** 2

    def of_rows(self, squares, variance, share, freedom, scale):
        return -squares * scale**2

    def weights(self, rows):
        return rows.frequency / rows.scale**2


SCORINGS = {
    "loglik": LogLikelihood(),
    "neg_mean_squared_error": NegativeMeanSquaredError(),
    "predictive": PredictiveLogLikelihood(),
}
