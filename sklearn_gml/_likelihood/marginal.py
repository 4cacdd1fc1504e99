r"""The likelihood with the coefficients of a prior integrated out, in few numbers.

About the columns of a flat prior, whatever these explain taken away, the columns Z of
the prior and y leave for any precisions :math:`A = \mathrm{diag}(\alpha)`

.. math::

    Q = \min_b |y - Z b|^2 + b'Ab, \qquad
    h = -\frac{\nu}{2} \log Q - \frac12 \log\det(I + A^{-1} Z'Z)

up to a constant, sigma at its maximum :math:`\sqrt{Q/\nu}`. The restricted likelihood
(REML) has :math:`\nu = n - k`, where k counts the parameters of a flat prior, which are
integrated out as well. With :math:`\nu = n` (ML) they are at their maximum. Of several
targets h is the sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._data.statistics import GaussianStatistics
from .._linalg.factor import factorize
from .._linalg.triangular import EPS, ROUNDING_MARGIN, column_norms, triangle


@dataclass(frozen=True, eq=False)
class MarginalProblem:
    """Columns and targets without what the columns of a flat prior explain.

    Attributes
    ----------
    columns : ndarray of shape (m, p)
        Z, up to a rotation of the rows, p columns in the order asked for.
    targets : ndarray of shape (m, t)
        Those of the targets that are not constant.
    left : ndarray of shape (t,)
        Squares of the targets that no column can explain.
    degrees : float
        nu.
    rank : int
        Of Z.
    rounding : ndarray of shape (t,)
        Squares of the targets that are rounding errors.
    """

    columns: np.ndarray
    targets: np.ndarray
    left: np.ndarray
    degrees: float
    rank: int
    rounding: np.ndarray

    @classmethod
    def of(
        cls,
        statistics: GaussianStatistics,
        pulled: np.ndarray,
        *,
        fit_intercept: bool,
        restricted: bool,
    ) -> MarginalProblem:
        """From statistics and the positions of the columns that have a prior."""
        p, first = statistics.n_features, int(fit_intercept)
        origin = statistics.mean if fit_intercept else np.zeros_like(statistics.origin)
        rows = triangle(statistics.about(origin)[first:, 1:])
        norms = column_norms(rows)
        rounding = EPS * np.hypot(norms, np.sqrt(statistics.sum_weights) * origin)
        flat = np.setdiff1d(np.arange(p), pulled)
        rows, flat_rank = _across(rows, flat, rounding)
        order = np.append(pulled, np.arange(p, rows.shape[1]))
        root, split = triangle(rows[:, order]), len(pulled)
        upper, norms, rounding = root[:split], column_norms(root), rounding[order]
        factor = factorize(upper[:, :split], rounding[:split] / EPS)
        varies = norms[split:] > ROUNDING_MARGIN * rounding[split:]
        left = np.sum(root[split:, split:] ** 2, axis=0)
        lost = first + flat_rank if restricted else 0
        return cls(
            upper[:, :split],
            upper[:, split:][:, varies],
            left[varies],
            statistics.sum_weights - lost,
            factor.rank,
            (ROUNDING_MARGIN * (rounding + EPS * norms))[split:][varies] ** 2,
        )


def _across(rows, flat, rounding):
    """``(rows, rank)``: without the span of some columns, and its dimension."""
    if not len(flat):
        return rows, 0
    root = triangle(rows[:, flat])
    factor = factorize(root, rounding[flat] / EPS)
    span = rows[:, flat]
    if factor.basis is not None:
        span = span @ factor.basis
    rotation, _ = np.linalg.qr(span, mode="complete")
    return rotation[:, factor.rank :].T @ rows, factor.rank
