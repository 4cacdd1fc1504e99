"""Coordinates for the linear predictors of rows, from the statistics of the rows."""

from typing import NamedTuple

import numpy as np

from .._data.predictors import LinearPredictor
from .._linalg.factor import factorize
from .._linalg.triangular import column_norms, condition_bound, triangle

# Normal equations lose twice the digits of the condition number, which later steps
# make good while a good part of sixteen is left. Beyond, the rows are turned into
# coordinates in which they are orthonormal, at the cost of a product over them.
RAW_CONDITION = 2.0**10


class Part(NamedTuple):
    """The linear predictor of mean or log sigma, and what its columns are like."""

    predictor: LinearPredictor
    #: of the centred columns in these coordinates, ``A'A = sum w x x'``, plus the prior
    information_root: np.ndarray
    rank: int
    #: the same of the columns without a prior
    flat_rank: int
    #: logarithm of the determinant of the coordinates, times the roots of the prior
    #: precisions that are not zero
    log_volume: float


def part_of(statistics, columns, *, centred=True, precision=None):
    """The :class:`Part` of some columns, with an intercept if they are centred.

    With prior precisions (m,) of the slopes, directions that no row speaks of count,
    because another noise would pull the coefficients along them elsewhere.
    """
    size, p = statistics.sum_weights, statistics.n_features
    origin = statistics.mean if centred else np.zeros_like(statistics.origin)
    information_root = triangle(statistics.about(origin)[:, 1:][:, columns])
    norms = column_norms(information_root)
    raw_norms = np.sqrt(norms**2 + size * origin[columns] ** 2)
    factor = factorize(information_root, raw_norms, precision=precision)
    # Without a prior the rank, with one the directions that it pulls along as well.
    rank = len(factor.upper)
    coordinates, log_volume = None, factor.log_sqrt_precision
    if (
        factor.rank < len(columns)
        or condition_bound(information_root / norms) > RAW_CONDITION
    ):
        coordinates = np.sqrt(size) * factor.covariance_root()
        log_volume = 0.5 * rank * np.log(size) - factor.log_determinant()
        information_root = np.sqrt(size) * np.eye(rank)
    moved = statistics.origin[columns] - origin[columns]
    if coordinates is not None:
        moved = moved @ coordinates
    lift = np.vstack([moved, np.eye(rank)])
    if centred:
        lift = np.column_stack([np.eye(1 + rank)[:, 0], lift])
    predictor = LinearPredictor(columns, coordinates, lift, p)
    return Part(predictor, information_root, factor.rank, factor.flat_rank, log_volume)
