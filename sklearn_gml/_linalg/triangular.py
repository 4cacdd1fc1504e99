"""Triangular factors: reduce rows to one, its condition, solve with it.

Everything here works on a root ``A`` of an information matrix ``A'A`` and never on the
matrix itself: a factor keeps the digits that the product loses.
"""

import numpy as np
from scipy import linalg
from scipy.linalg import blas, lapack

EPS = np.finfo(np.float64).eps

# sigma below this many times the rounding error of a residual is arithmetic, not
# noise: a prediction, a subtraction and a sum lose a few eps between them. Put there,
# the likelihood of a degenerate fit is still that of its predictions.
ROUNDING_MARGIN = 8.0

# Curvature, relative to a metric, that counts as none on the way from a saddle: a step
# there promises at most fifty times what a step by the metric alone promises.
FLATTEST = 0.02

# Each iteration squares what separates the extreme singular values from the rest.
POWER_ITERATIONS = 2


def triangle(rows):
    """Upper-trapezoidal R of shape (min(n, m), m) with ``R'R = rows'rows``.

    The diagonal is made non-negative, so that equal data give equal factors.
    """
    factor = np.linalg.qr(rows, mode="r")
    negative = np.diagonal(factor) < 0
    factor[: len(negative)][negative] *= -1.0
    return factor


def power_of_two(values):
    """Powers of two just above ``values``, 1 for zeros: scaling by them is exact."""
    _, exponent = np.frexp(values)
    return np.where(values > 0, np.ldexp(1.0, exponent), 1.0)


def column_norms(matrix):
    """Euclidean norms of the columns, without overflow on the way."""
    largest = np.abs(matrix).max(axis=0, initial=0.0)
    largest[largest == 0] = 1.0
    scaled = matrix / largest
    return largest * np.sqrt(np.einsum("ij,ij->j", scaled, scaled))


def condition_bound(upper):
    """Condition number of an upper-triangular matrix in the 1-norm, by LAPACK."""
    if not len(upper):
        return 1.0
    reciprocal, _ = lapack.dtrcon(np.asfortranarray(upper), norm="1", uplo="U")
    return 1.0 / reciprocal if reciprocal > 0 else np.inf


def condition(upper, enough):
    """Condition number in the 2-norm, estimated from below to a factor of two or so.

    The 1-norm decides alone when it is below ``enough``. It exceeds the 2-norm by up
    to the number of columns, which would send harmless wide designs a slow way.
    """
    bound = condition_bound(upper)
    if bound <= enough or bound > 1.0 / EPS:
        return bound
    upper = np.asfortranarray(upper)
    largest = smallest = np.random.default_rng(0).standard_normal(len(upper))
    for _ in range(POWER_ITERATIONS):
        largest = upper.T @ (upper @ (largest / np.linalg.norm(largest)))
        smallest = blas.dtrsv(upper, smallest / np.linalg.norm(smallest), trans=1)
        smallest = blas.dtrsv(upper, smallest)
    return float(np.sqrt(np.linalg.norm(largest) * np.linalg.norm(smallest)))


def solve_upper(upper, rhs, *, transposed=False):
    """``upper^-1 rhs`` or ``upper^-T rhs``; an empty system has an empty answer.

    LAPACK is called as it is: the wrapper around it costs more than small systems.
    """
    if not len(upper):
        return np.zeros_like(rhs)
    solution, _ = lapack.dtrtrs(upper, rhs, trans=transposed)
    return solution


def invert_upper(upper):
    """``upper^-1``, for where the inverse itself is what is wanted."""
    if not len(upper):
        return upper
    inverse, _ = lapack.dtrtri(upper)
    return inverse


def cholesky(matrix):
    """Upper factor, or None if the matrix is not positive definite."""
    upper, failed = lapack.dpotrf(matrix, clean=True)
    return None if failed else upper


def solve_semidefinite(matrix, rhs):
    """``matrix^-1 rhs`` of a semi-definite matrix; the shortest if it is singular."""
    if not len(rhs):
        return rhs
    upper = cholesky(matrix)
    if upper is not None:
        return linalg.cho_solve((upper, False), rhs)
    scaled, scale = _unit_diagonal(matrix)
    # Transposed, the scales are those of the last axis, of a vector and of a matrix.
    return ((linalg.pinvh(scaled) @ (rhs.T / scale).T).T / scale).T


def solve_uphill(matrix, rhs, metric):
    """``matrix^-1 rhs``, with curvatures made positive if they are not.

    Near a saddle Newton's step would lead to it. With the sizes of the curvatures
    it leads away, uphill in every direction. Curvatures are measured against the
    positive definite ``metric``, so that the step is the same in all coordinates:
    measured against a unit diagonal, rounding, which turns the coordinates, would
    choose among several maxima.
    """
    upper = cholesky(matrix)
    if upper is not None:
        return linalg.cho_solve((upper, False), rhs)
    unit = cholesky(metric)
    if unit is None:
        # Rounding has left it singular, but its scales are right.
        unit = np.diag(_unit_diagonal(metric)[1])
    inverse = invert_upper(unit)
    curvatures, directions = linalg.eigh(inverse.T @ matrix @ inverse)
    curvatures = np.maximum(np.abs(curvatures), FLATTEST)
    directions = inverse @ directions
    return directions @ (directions.T @ rhs / curvatures)


def _unit_diagonal(matrix):
    scale = np.sqrt(np.abs(np.diagonal(matrix)))
    scale = np.where(scale > 0, scale, 1.0)
    return matrix / np.multiply.outer(scale, scale), scale
