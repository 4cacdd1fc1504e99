"""Rows to one triangular factor: the only sum that a constant-noise fit makes.

Three ways, each used where the one before would lose digits: Cholesky of the Gram
matrix (one product over the rows), the same again for rows whitened by that factor,
and Householder QR.
"""

import math
from functools import reduce
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import blas, lapack

from .._linalg.triangular import condition, invert_upper, power_of_two, triangle
from .pairwise import with_part
from .rows import NARROW


class Quality(NamedTuple):
    """What decides how many digits the factor of a Gram matrix has.

    It loses twice the digits of the condition number of the columns, and its
    sigma those of the share of y that they leave unexplained.
    """

    condition: float
    unexplained: float

    def within(self, limits):
        return (
            self.condition <= limits.condition
            and self.unexplained >= limits.unexplained
        )


# Fourteen digits of the coefficients and thirteen of sigma remain. Beyond, the rows
# are whitened by that factor and their Gram matrix, now near the identity, corrects
# it (Cholesky QR twice), which loses the digits of the condition number once.
GRAM_LIMITS = Quality(2.0**3, 2.0**-11)

# Near 2**26 and 2**-52 a Gram matrix has no factor at all; well before, Householder
# QR takes over.
WHITENING_LIMITS = Quality(2.0**20, 2.0**-40)

# Products about an origin that is far in units of the spread cancel when they are
# centred: a relative error of eps (mean / spread)^2, one digit here.
FAR_ORIGIN = 4.0

# Rows of a block for Householder QR, unless twice the columns are more.
SHORT_BLOCK = 256

# Beyond, squares overflow on the way to a likelihood.
LARGEST = 1e152

# Below, squares of what is a rounding error beside it vanish, and with them the sigma
# of an exact fit.
SMALLEST = 1e-130

# Sums of squares outside may have lost digits to underflow, or will overflow.
SAFE_SQUARES = (1e-280, 1e280)


def reduce_rows(rows):
    """``(origin, factor)``: the triangle of ``sqrt(w) [1, X - origin, y - origin]``.

    Raises
    ------
    ValueError
        If X has missing or infinite values, or squares that overflow or vanish.
    """
    rows, unit = rows.per_unit_of_weight()
    # Infinite values and overflow are looked for once the sums are complete.
    with np.errstate(invalid="ignore", over="ignore"):
        if rows.n_samples > rows.n_features:
            origin, gram = _gram_about_centre(rows)
        else:
            origin, gram = rows.centre(), None
        if gram is None:
            rows.check_finite()
    factor, quality = None, None
    if gram is not None:
        factor, quality = _cholesky(gram, rows.n_features)
    if quality is None or not quality.within(WHITENING_LIMITS):
        factor = _householder(rows, origin)
    elif not quality.within(GRAM_LIMITS):
        factor = _whiten_again(rows, origin, factor)
    _check_norms(factor, origin, rows.n_features)
    return origin, math.sqrt(unit) * factor


def _check_norms(factor, origin, n_features):
    """Raise for columns whose squares overflow or vanish."""
    norms = np.abs(factor[:, 1:]).max(axis=0)
    norms = np.maximum(norms, factor[0, 0] * np.abs(origin))
    largest = norms.max()
    if not largest < LARGEST:
        raise ValueError(
            "X or y has columns that are not finite or whose squares overflow (the "
            f"largest norm is {largest:.3g}, allowed are norms below {LARGEST:g}): "
            "remove NaN and infinity, or rescale them."
        )
    vanishing = np.flatnonzero((norms > 0) & (norms < SMALLEST))
    if len(vanishing):
        name = "y" if vanishing[0] >= n_features else f"Column {vanishing[0]} of X"
        raise ValueError(
            f"{name} is so small that its squares vanish: its norm is "
            f"{norms[vanishing[0]]:.3g}, allowed are norms above {SMALLEST:g} and "
            "zero. Rescale it."
        )


def _gram_about_centre(rows):
    """``(origin, gram)``, the origin zero but for columns that lie far from it.

    The first block decides, because a second pass over it costs nothing; should
    the rest lie elsewhere, the sums show it. The Gram matrix is None if it is not
    finite.
    """
    origin, gram = np.zeros(rows.n_columns), None
    for part in rows.head_and_all():
        gram = _gram(part, origin)
        if not np.isfinite(gram).all():
            return origin, None
        mean = gram[0, 1:] / gram[0, 0]
        squared = mean * mean
        variance = np.diagonal(gram)[1:] / gram[0, 0] - squared
        far = squared > FAR_ORIGIN**2 * variance
        if far.any():
            origin = np.where(far, origin + mean, origin)
            gram = None
    return origin, _gram(rows, origin) if gram is None else gram


def _gram(rows, origin):
    """Upper triangle of ``[1 X y]' W [1 X y]`` about the origin."""
    if rows.n_features >= NARROW or rows.readable_in_place(origin):
        return _gram_in_parts(rows, origin)
    gram = np.zeros((1 + rows.n_columns,) * 2, order="F")
    for block in rows.weighted_blocks(origin):
        matrix, transposed = _for_blas(block)
        gram = blas.dsyrk(1.0, matrix, 1.0, gram, transposed, overwrite_c=True)
    return gram


def _gram_in_parts(rows, origin):
    """The same in parts, where to put X beside y would cost more than they do."""
    p, n_sides = rows.n_features, 1 + rows.y.shape[1]
    products = np.zeros((p, p), order="F")
    cross = np.zeros((p, n_sides), order="F")
    corner = np.zeros((n_sides, n_sides))
    for X, sides in rows.blocks_apart(origin):
        products, cross = _add_products(products, cross, X, sides)
        corner[0] += sides[:, 0] @ sides
        corner[1:, 1:] += sides[:, 1:].T @ sides[:, 1:]
    gram = np.zeros((p + n_sides, p + n_sides))
    gram[0, 0] = corner[0, 0]
    gram[0, 1 : 1 + p] = cross[:, 0]
    gram[0, 1 + p :] = corner[0, 1:]
    gram[1 : 1 + p, 1 : 1 + p] = products
    gram[1 : 1 + p, 1 + p :] = cross[:, 1:]
    gram[1 + p :, 1 + p :] = corner[1:, 1:]
    return gram


def _add_products(products, cross, X, sides):
    """``(products + X'X, cross + X'sides)``, both in place, X never copied."""
    if sparse.issparse(X):
        products += (X.T @ X).toarray()
        cross += X.T @ sides
    elif X.flags.c_contiguous or X.flags.f_contiguous:
        # scipy's BLAS for both: numpy's has threads of its own, and two pools that
        # take turns get in each other's way.
        rows, transposed = _for_blas(X)
        products = blas.dsyrk(1.0, rows, 1.0, products, transposed, overwrite_c=True)
        cross = blas.dgemm(1.0, rows, sides, 1.0, cross, transposed, overwrite_c=True)
    else:
        # Only numpy takes the strided blocks of Fortran-ordered rows as they are.
        products += X.T @ X
        cross += X.T @ sides
    return products, cross


def _for_blas(rows):
    """``(matrix, transposed)``: ``rows'`` as Fortran reads it, without a copy."""
    return (rows.T, False) if rows.flags.c_contiguous else (rows, True)


def _cholesky(gram, n_features):
    """``(factor, quality)``; both None if rounding or overflow forbid them."""
    first_row = gram[0] / np.sqrt(gram[0, 0])
    centred = gram[1:, 1:] - np.multiply.outer(first_row[1:], first_row[1:])
    squares = np.diagonal(centred)
    if not (SAFE_SQUARES[0] < squares.min() and squares.max() < SAFE_SQUARES[1]):
        return None, None
    scale = power_of_two(np.sqrt(squares))
    centred /= np.multiply.outer(scale, scale)
    upper, failed = lapack.dpotrf(centred, clean=True)
    if failed:
        return None, None
    left = upper[n_features:, n_features:]
    unexplained = (left * left).sum(axis=0) / np.diagonal(centred)[n_features:]
    quality = Quality(
        condition(upper[:n_features, :n_features], GRAM_LIMITS.condition),
        float(unexplained.min()),
    )
    factor = np.zeros_like(gram, order="C")
    factor[0] = first_row
    np.multiply(upper, scale, out=factor[1:, 1:])
    return factor, quality


def _whiten_again(rows, origin, factor):
    """``chol(W'W) factor`` with the whitened rows ``W = sqrt(w) [1 X y] factor^-1``."""
    # An explicit inverse is as good as solves here: whatever it is, it is only
    # the map into coordinates in which the columns are nearly orthonormal.
    inverse = np.ascontiguousarray(invert_upper(factor))
    gram = np.zeros(factor.shape, order="F")
    for block in rows.weighted_blocks(origin):
        matrix, transposed = _for_blas(block)
        white = blas.dgemm(1.0, inverse.T, matrix, trans_b=transposed)
        gram = blas.dsyrk(1.0, white, 1.0, gram, overwrite_c=True)
    upper, failed = lapack.dpotrf(gram, clean=True)
    return _householder(rows, origin) if failed else upper @ factor


def _householder(rows, origin):
    """The factor by QR of short blocks, merged in pairs."""
    sums = ()
    for block in rows.weighted_blocks(origin, max(SHORT_BLOCK, 2 * rows.n_columns)):
        sums = with_part(sums, triangle(block), _merged)
    factors = [one.value for one in reversed(sums)]
    return reduce(lambda later, earlier: _merged(earlier, later), factors)


def _merged(earlier, later):
    return triangle(np.vstack([earlier, later]))
