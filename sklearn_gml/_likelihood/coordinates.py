"""Coordinates for the linear predictors of rows, from the statistics of the rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._data.predictors import LinearPredictor
from .._linalg.factor import factorize
from .._linalg.triangular import column_norms, condition_bound, triangle

# Normal equations lose twice the digits of the condition number, which later steps
# make good while a good part of sixteen is left. Beyond, the rows are turned into
# coordinates in which they are orthonormal, at the cost of a product over them.
RAW_CONDITION = 2.0**10


# Beyond this loss of digits (a factor of rounding errors), sums over the columns would
# lose the last steps to a maximum along nearly constant combinations. Rows are then
# turned into the coordinates before they are summed.
BY_ROW_LOSS = 2.0**12

# Combinations of columns vary so many times less than the columns. Beyond, sums about
# another origin than the means cancel when they are centred; below, the copy of X is
# spared.
ABOUT_MEANS_CONDITION = 2.0**6


class Part(NamedTuple):
    """Mean or log sigma: coordinates of its columns, and what they are like there."""

    columns: np.ndarray
    #: where the parameters of the slopes do not move the intercept
    centre: np.ndarray
    coordinates: np.ndarray | None
    centred: bool
    #: how much sums over the columns lose, in units of rounding errors
    loss: float
    #: of the centred columns in these coordinates, ``A'A = sum w x x'``, plus the prior
    information_root: np.ndarray
    #: directions of the coefficients
    n_directions: int
    rank: int
    #: the same of the columns without a prior
    flat_rank: int
    #: logarithm of the determinant of the coordinates, times the roots of the prior
    #: precisions that are not zero
    log_volume: float
    #: whether rows have to be taken about their means
    about_means: bool

    def predictor(self, origin: np.ndarray, n_features: int) -> LinearPredictor:
        """The linear predictor of rows about an origin (p + t,)."""
        moved = origin[self.columns] - self.centre
        if self.coordinates is not None:
            moved = moved @ self.coordinates
        lift = np.vstack([moved, np.eye(self.n_directions)])
        if self.centred:
            lift = np.column_stack([np.eye(1 + self.n_directions)[:, 0], lift])
        return LinearPredictor(
            self.columns, self.coordinates, lift, n_features, self.loss > BY_ROW_LOSS
        )


def part_of(statistics, columns, *, centred=True, precision=None) -> Part:
    """The :class:`Part` of some columns, with an intercept if they are centred.

    With prior precisions (m,) of the slopes, directions that no row determines
    count, because other noise would change the coefficients along them.
    """
    size = statistics.sum_weights
    origin = statistics.mean if centred else np.zeros_like(statistics.origin)
    information_root = triangle(statistics.about(origin)[:, 1:][:, columns])
    norms = column_norms(information_root)
    raw_norms = np.sqrt(norms**2 + size * origin[columns] ** 2)
    factor = factorize(information_root, raw_norms, precision=precision)
    # Without a prior the rank, with one the directions that it pulls along as well.
    rank = len(factor.upper)
    coordinates, log_volume, loss = None, factor.log_sqrt_precision, 1.0
    condition = np.inf
    if factor.rank == len(columns):
        condition = condition_bound(information_root / norms)
    if condition > RAW_CONDITION:
        coordinates = np.sqrt(size) * factor.covariance_root()
        log_volume = 0.5 * rank * np.log(size) - factor.log_determinant()
        information_root = np.sqrt(size) * np.eye(rank)
        terms = norms @ np.abs(coordinates) / np.sqrt(size)
        loss = float(terms.max(initial=1.0))
    return Part(
        columns,
        origin[columns],
        coordinates,
        centred,
        loss,
        information_root,
        rank,
        factor.rank,
        factor.flat_rank,
        log_volume,
        condition > ABOUT_MEANS_CONDITION,
    )
