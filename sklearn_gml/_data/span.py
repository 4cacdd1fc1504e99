"""Directions that rows tell of: which other rows and contrasts lie in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._linalg.triangular import EPS, column_norms

# A row counts as outside the directions with data if more than this share of the
# terms of its component there fails to cancel.
OUTSIDE = 1e-7

# A contrast counts as estimable if at most this share of its length lies in directions
# without data; what rounding leaves there is far less.
UNTOLD = 1e-5

# Columns that leave a smaller share of the constant unexplained span it.
SPANNED = 1e-10

# A column that differs from its mean by less, relative to its size, is constant.
CONSTANT = 1e-14


def outside(rows, factor, rank, columns, means):
    """Mask (n,) of the rows outside the span of the data.

    Parameters
    ----------
    rows : Rows
    factor : ndarray of shape (k, m)
        Factor of the columns about ``means``, of the rows of the fit.
    rank : int
    columns : ndarray of int, shape (m,)
        Their positions in X.
    means : ndarray of shape (m,)
    """
    norms = column_norms(factor)
    unit = np.where(norms > 0, norms, 1.0)
    # Of columns of one size, or their units decide what counts as rounding.
    _, _, directions = np.linalg.svd(factor / unit)
    empty = directions[rank:].T
    masks = []
    for block, _ in rows.exact_blocks():
        moved = (block[:, 1 + columns] - means) / unit
        rest, terms = np.abs(moved @ empty), np.abs(moved) @ np.abs(empty)
        masks.append(np.any(rest > OUTSIDE * terms, axis=1))
    return np.concatenate(masks)


def estimable(contrasts, statistics, columns, centre, rank) -> NDArray[np.bool_]:
    """Mask (h,) of the contrasts of parameters that the data determine.

    A contrast is estimable if it is a combination of rows (Scheffe 1959, section 1.4).
    Columns are taken in units of their spread, so that units decide nothing.

    Parameters
    ----------
    contrasts : ndarray of shape (h, q)
        Of the intercept, if there is one, and the coefficients of ``columns``.
    statistics : GaussianStatistics
        Of the rows of the fit.
    columns : ndarray of int, shape (m,)
    centre : ndarray of shape (m,)
        The means of the columns, or zeros without an intercept.
    rank : int
        Identified parameters among these, the intercept included.
    """
    first = contrasts.shape[1] - len(columns)
    if rank == first + len(columns):
        return np.ones(len(contrasts), dtype=bool)
    origin = np.zeros_like(statistics.origin)
    sizes = column_norms(statistics.about(origin))[1 + columns]
    origin[columns] = centre
    factor = statistics.about(origin)[first:, 1 + columns]
    spreads = column_norms(factor)
    constant = spreads <= CONSTANT * sizes
    unit = np.where(constant, np.where(sizes > 0, sizes, 1.0), spreads)
    directions = np.linalg.svd(
        np.where(constant, 0.0, factor / unit), full_matrices=False
    )[2][: rank - first]
    slopes = contrasts[:, first:] / unit
    size = np.linalg.norm(slopes, axis=1)
    if first:
        # The intercept is the mean at the centre less what the slopes add up to there.
        slopes = slopes - contrasts[:, :1] * (centre / unit)
        size += np.abs(contrasts[:, 0]) * np.linalg.norm(centre / unit)
    rest = slopes - slopes @ directions.T @ directions
    return np.linalg.norm(rest, axis=1) <= UNTOLD * size


def spans_constant(statistics) -> bool:
    """Whether a combination of the columns of X is one and the same in all rows."""
    factor = statistics.about(np.zeros_like(statistics.origin))
    constant, columns = factor[:, 0], factor[:, 1 : 1 + statistics.n_features]
    return bool(spanned(constant[:, None], columns, SPANNED).all())


def spanned(vectors, columns, share) -> NDArray[np.bool_]:
    """Mask (m,) of the vectors that combinations of columns give.

    Up to this share of their length. Columns are taken in units of their norms.
    """
    norms = column_norms(columns)
    unit = columns / np.where(norms > 0, norms, 1.0)
    left, values, _ = np.linalg.svd(unit, full_matrices=False)
    rank = np.sum(values > max(unit.shape) * EPS * values.max(initial=0.0))
    basis = left[:, :rank]
    rest = vectors - basis @ (basis.T @ vectors)
    return column_norms(rest) <= share * column_norms(vectors)
