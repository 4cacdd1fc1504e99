"""Triangular factors: reduce rows to one, decide its rank, solve with it.

Everything here works on a root ``A`` of an information matrix ``A'A`` and never on the
matrix itself: a factor keeps the digits that the product loses.
"""

from dataclasses import dataclass

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

# A pivot of the column-scaled triangle counts as zero below
# RANK_TOLERANCE * sqrt(p) * (rounding level of the columns). Householder QR of a
# tournament of blocks leaves up to 6 eps * sqrt(p) in place of an exact zero
# (measured on designs of 3 to 300 columns and up to 300,000 rows); anything much
# larger would call polynomials of degree ten deficient, which they are not.
RANK_TOLERANCE = 16.0

# Above this the condition estimate (right to a factor of about three) cannot
# exclude a deficiency, and a pivoted factorisation has to decide.
CERTAIN_RANK_CONDITION = 1e10


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


@dataclass(frozen=True)
class InformationFactor:
    """A root of the information taken apart: ``[A; sqrt(penalty) Z'] = Q R Z'``.

    ``Q`` and ``Z`` have orthonormal columns and ``R`` is upper triangular with
    r rows; r is the number of directions that a solution may use. ``None``
    stands for an identity, which spares the ordinary fit two products.

    Attributes
    ----------
    upper : ndarray of shape (r, r)
        ``R``.
    left : ndarray of shape (k, r), or (k + r, r) with a penalty, or None
        ``Q``.
    basis : ndarray of shape (p, r) or None
        ``Z``.
    penalty : float
    spanned : ndarray of shape (k, r)
        ``A Z``.
    rank : int
        Rank of ``A`` itself, whatever the penalty adds.
    """

    upper: np.ndarray
    left: np.ndarray | None
    basis: np.ndarray | None
    penalty: float
    spanned: np.ndarray
    rank: int

    def step(self, residual, coef):
        """The shortest d that minimises ``|A d - residual|^2 + penalty |coef + d|^2``.

        A least-squares solution with ``Q``, not a solution of the normal
        equations, whose condition number is the square.
        """
        rhs = residual
        if self.penalty:
            pull = coef if self.basis is None else self.basis.T @ coef
            rhs = np.vstack([residual, -np.sqrt(self.penalty) * pull])
        if self.left is not None:
            rhs = self.left.T @ rhs
        solution = solve_upper(self.upper, rhs[: len(self.upper)])
        if self.penalty:
            # A penalty far above the data buries them in the rounding error of Q'rhs.
            # The normal equations, of a small condition number then, bring them back.
            left = residual - self.spanned @ solution
            gradient = self.spanned.T @ left - self.penalty * (pull + solution)
            half = solve_upper(self.upper, gradient, transposed=True)
            solution = solution + solve_upper(self.upper, half)
        return solution if self.basis is None else self.basis @ solution

    def log_determinant(self):
        """Half the log-determinant of ``A'A``, over the directions that count.

        With a penalty, of ``A'A / penalty + I``: directions without data add
        nothing.
        """
        diagonal = np.abs(np.diagonal(self.upper))
        return float(np.sum(np.log(diagonal / np.sqrt(self.penalty or 1.0))))

    def covariance_root(self):
        """C of shape (p, r) with ``C C' = (A'A + penalty I)^+``."""
        inverse = invert_upper(self.upper)
        return inverse if self.basis is None else self.basis @ inverse


def factorize(information_root, norms, rounding, *, penalty=0.0):
    """Take apart the root of a least-squares problem, with or without a ridge.

    Parameters
    ----------
    information_root : ndarray of shape (k, p)
        Upper trapezoidal, as :func:`triangle` returns it.
    norms : ndarray of shape (p,)
        Norms of its columns.
    rounding : ndarray of shape (p,)
        Norm below which a column is rounding error: eps times the norm that the
        column had before anything was subtracted from it.
    penalty : float
        Precision added to every coefficient.

    Returns
    -------
    InformationFactor
    """
    if _scaled_condition(information_root, norms, rounding) < CERTAIN_RANK_CONDITION:
        plain = InformationFactor(
            information_root,
            None,
            None,
            0.0,
            information_root,
            information_root.shape[1],
        )
    else:
        plain = _factorize_deficient(information_root, norms, rounding)
    return _add_penalty(plain, information_root, penalty) if penalty else plain


def _scaled_condition(information_root, norms, rounding):
    if information_root.shape[0] < information_root.shape[1] or np.any(
        norms <= RANK_TOLERANCE * rounding
    ):
        return np.inf
    return condition_bound(information_root / norms)


def _factorize_deficient(information_root, norms, rounding):
    """Rank from scaled columns, then the shortest solution in the units given.

    The two need different scales: collinearity must not depend on units, while
    the minimum norm is by definition one of the coefficients as reported.
    """
    width = information_root.shape[1]
    alive = norms > RANK_TOLERANCE * rounding
    if not alive.any():
        return _without_directions(information_root)
    relative_rounding = np.max(rounding / np.where(alive, norms, np.inf), initial=EPS)
    tolerance = RANK_TOLERANCE * np.sqrt(width) * relative_rounding
    wide = information_root.shape[0] < width
    if wide:
        factor = _factorize_rows(
            np.where(alive, information_root, 0.0), len(information_root)
        )
        if _is_certain(factor, tolerance):
            return factor
    scale = power_of_two(norms)
    small = np.where(alive, information_root / scale, 0.0)
    if wide:
        # Pivoting p columns of k rows is slow and the rank is in the small
        # triangle of the transpose already.
        small, rows = linalg.rq(small, mode="economic", check_finite=False)
    left, upper, order = linalg.qr(
        small, mode="economic", pivoting=True, check_finite=False
    )
    pivots = np.abs(np.diagonal(upper))
    rank = int(np.sum(pivots > tolerance * pivots[:1]))
    if rank == width:
        # Full rank after all: the triangle as it came has been rounded less.
        return InformationFactor(
            information_root, None, None, 0.0, information_root, rank
        )
    spanning = np.empty_like(upper[:rank])
    spanning[:, order] = upper[:rank]
    if wide:
        spanning = spanning @ rows
    if not rank:
        return _without_directions(information_root)
    upper, basis = linalg.rq(spanning * scale, mode="economic", check_finite=False)
    left, basis = left[:, :rank], basis.T
    return InformationFactor(upper, left, basis, 0.0, information_root @ basis, rank)


def _is_certain(factor, tolerance):
    """Whether columns scaled to one size would have as many directions, surely.

    Their smallest singular value is smaller, relative to the largest, by no more than
    2 sqrt(p); the rest is for the norms that condition numbers are estimated in.
    """
    width = len(factor.basis)
    return condition_bound(factor.upper) * 2.0 * width**1.5 * tolerance < 1.0


def _without_directions(information_root):
    basis = np.empty((information_root.shape[1], 0))
    return InformationFactor(
        np.empty((0, 0)), None, basis, 0.0, information_root @ basis, 0
    )


def _factorize_rows(information_root, rank):
    """``information_root = L Z'`` of fewer rows than columns, by QR of the transpose.

    Turned upside down, L is upper triangular.
    """
    basis, upper = np.linalg.qr(information_root.T)
    basis, lower = basis[:, ::-1], upper.T
    turn = np.eye(len(information_root))[::-1]
    return InformationFactor(lower[::-1, ::-1], turn, basis, 0.0, lower[:, ::-1], rank)


def _add_penalty(plain, information_root, penalty):
    """``plain``, found without a penalty, turned into the factor of the ridge."""
    basis = None
    if information_root.shape[0] < information_root.shape[1]:
        # The ridge solution lies in the span of the rows: k unknowns, not p.
        if plain.rank < len(information_root):
            plain = _factorize_rows(information_root, plain.rank)
        information_root, basis = plain.spanned, plain.basis
    ridge = np.sqrt(penalty) * np.eye(information_root.shape[1])
    left, upper = np.linalg.qr(np.vstack([information_root, ridge]))
    return InformationFactor(upper, left, basis, penalty, information_root, plain.rank)
