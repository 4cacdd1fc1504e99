"""Rows outside the directions of others."""

import numpy as np

from .._linalg.triangular import column_norms

# A row counts as outside the directions with data if more than this share of the
# terms of its component there fails to cancel.
OUTSIDE = 1e-7


def outside(rows, factor, rank, columns, means):
    """Mask (n,) of the rows of which the data say nothing.

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
