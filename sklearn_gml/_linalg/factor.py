"""Factors of the information of a linear model: its rank and its solutions.

Which directions of the columns hold information is decided here, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from .triangular import (
    EPS,
    column_norms,
    condition_bound,
    invert_upper,
    power_of_two,
    solve_upper,
    triangle,
)

# With columns divided by their norms as given, a pivot of the triangle counts as zero
# below RANK_TOLERANCE * sqrt(p) * eps. Householder QR of blocks merged in pairs leaves
# up to 6 eps * sqrt(p) in place of an exact zero (measured on designs of 3 to 300
# columns and up to 300,000 rows); anything much larger would call polynomials of
# degree ten deficient, which they are not.
RANK_TOLERANCE = 16.0

# Above this the condition estimate (right to a factor of about three) cannot
# exclude a deficiency, and a pivoted factorisation has to decide.
CERTAIN_RANK_CONDITION = 1e10


@dataclass(frozen=True)
class InformationFactor:
    """A root of the information taken apart: ``[A Z; diag(sqrt(precision))] = Q R``.

    Coefficients are ``Z`` times the coordinates that a solution may use. ``Q`` has
    orthonormal columns and ``R`` is upper triangular. ``None`` for ``Z``, and without
    a prior for ``Q``, stands for an identity, which spares the ordinary fit two
    products.

    Attributes
    ----------
    upper : ndarray of shape (r, r)
        ``R``.
    left : ndarray of shape (k, r), or (k + r, r) with a prior, or None
        ``Q``.
    basis : ndarray of shape (p, r) or None
        ``Z``: orthonormal columns where all coefficients have one prior precision.
    spanned : ndarray of shape (k, r)
        ``A Z``.
    rank : int
        Rank of ``A`` itself, whatever a prior adds.
    flat_rank : int
        The same of the columns without a prior.
    precision : ndarray of shape (r,), or None
        Prior precision of each coordinate, None without a prior.
    dual : ndarray of shape (p, r) or None
        ``dual' b`` are the coordinates of coefficients ``b``, ``dual' Z = I``.
    """

    upper: np.ndarray
    left: np.ndarray | None
    basis: np.ndarray | None
    spanned: np.ndarray
    rank: int
    flat_rank: int
    precision: np.ndarray | None = None
    dual: np.ndarray | None = None

    def step(self, residual: np.ndarray, coef: np.ndarray) -> np.ndarray:
        """The d that minimises ``|A d - residual|^2`` plus the prior of ``coef + d``.

        The shortest of many. A least-squares solution with ``Q``, not a solution of
        the normal equations, whose condition number is the square.
        """
        rhs = residual
        if self.precision is not None:
            pull = coef if self.dual is None else self.dual.T @ coef
            rhs = np.vstack([residual, -np.sqrt(self.precision)[:, None] * pull])
        if self.left is not None:
            rhs = self.left.T @ rhs
        solution = solve_upper(self.upper, rhs[: len(self.upper)])
        if self.precision is not None:
            # A prior far above the data buries them in the rounding error of Q'rhs.
            # The normal equations, of a small condition number then, bring them back.
            left = residual - self.spanned @ solution
            gradient = self.spanned.T @ left
            gradient -= self.precision[:, None] * (pull + solution)
            half = solve_upper(self.upper, gradient, transposed=True)
            solution = solution + solve_upper(self.upper, half)
        return solution if self.basis is None else self.basis @ solution

    def shortest(self, coef: np.ndarray) -> np.ndarray:
        """The shortest coefficients of the same predictions.

        Lengths are those of the prior, ``sum(precision * coef**2)``, where it tells
        coefficients apart.
        """
        return coef if self.basis is None else self.basis @ (self.dual.T @ coef)

    def log_determinant(self) -> float:
        """Half the log-determinant of ``A'A``, over the directions that count.

        With a prior, of ``(A'A + P) / P`` where the precision P is not zero:
        directions without data add nothing.
        """
        logarithms = np.log(np.abs(np.diagonal(self.upper)))
        return float(np.sum(logarithms)) - self.log_sqrt_precision

    @property
    def log_sqrt_precision(self) -> float:
        """Half the sum of the logarithms of the precisions that are not zero."""
        if self.precision is None:
            return 0.0
        return float(0.5 * np.sum(np.log(self.precision[self.precision > 0])))

    def effective_rank(self) -> float:
        """Trace of the hat matrix ``A (A'A + P)^-1 A'``: the rank without a prior."""
        if self.precision is None:
            return float(self.rank)
        return float(np.sum(np.square(self.left[: len(self.spanned)])))

    def covariance_root(self) -> np.ndarray:
        """C of shape (p, r) with ``C C' = Z (Z'A'A Z + P)^-1 Z'``."""
        inverse = invert_upper(self.upper)
        return inverse if self.basis is None else self.basis @ inverse


def factorize(
    information_root: np.ndarray,
    sizes: np.ndarray,
    *,
    precision: np.ndarray | None = None,
) -> InformationFactor:
    """Take apart the root of a least-squares problem, with or without a prior.

    Parameters
    ----------
    information_root : ndarray of shape (k, p)
        Upper trapezoidal, as :func:`triangle` returns it.
    sizes : ndarray of shape (p,)
        Norms that the columns had as they were given, before anything was subtracted
        from them. Below eps times its size a column holds nothing but rounding errors.
    precision : ndarray of shape (p,), optional
        Prior precision of each coefficient in units of the noise: zero for a flat
        prior, infinite for a coefficient of zero, whose column has to be zero.

    Returns
    -------
    InformationFactor
    """
    if _has_full_rank(information_root, sizes):
        plain = _full_rank(information_root)
    else:
        plain = _factorize_deficient(information_root, sizes)
    if precision is None or not precision.any():
        return plain
    flat = precision == 0
    flat_factor = None
    if flat.any() and plain.rank < information_root.shape[1]:
        flat_root = triangle(information_root[:, flat])
        flat_factor = factorize(flat_root, sizes[flat])
    return _with_prior(plain, information_root, precision, flat_factor)


def _full_rank(information_root):
    rank = information_root.shape[1]
    return InformationFactor(information_root, None, None, information_root, rank, rank)


def _has_full_rank(information_root, sizes):
    """Whether the rank is full beyond doubt, by an estimate alone.

    Columns are measured by their size as given: the smallest singular value of
    the columns divided by it has to be far above eps.
    """
    if information_root.shape[0] < information_root.shape[1] or not np.all(sizes > 0):
        return False
    scaled = information_root / sizes
    largest = np.abs(scaled).sum(axis=0).max(initial=0.0)
    return condition_bound(scaled) < CERTAIN_RANK_CONDITION * largest


def _factorize_deficient(information_root, sizes):
    """Rank from scaled columns, then the shortest solution in the units given.

    The two need different scales: collinearity must not depend on units, while
    the minimum norm is by definition one of the coefficients as reported.
    """
    width = information_root.shape[1]
    tolerance = RANK_TOLERANCE * np.sqrt(width) * EPS
    alive = column_norms(information_root) > RANK_TOLERANCE * EPS * sizes
    columns = np.where(alive, information_root, 0.0)
    factorize_columns = (
        _factorize_wide if information_root.shape[0] < width else _factorize_tall
    )
    return factorize_columns(columns, information_root, sizes, tolerance)


def _factorize_tall(columns, information_root, sizes, tolerance):
    width, scale = columns.shape[1], power_of_two(sizes)
    left, upper, order = linalg.qr(
        columns / scale, mode="economic", pivoting=True, check_finite=False
    )
    pivots = np.abs(np.diagonal(upper))
    rank = int(np.sum(pivots > tolerance * (sizes / scale)[order]))
    if rank == width:
        # Full rank after all: the triangle as it came has been rounded less.
        return _full_rank(information_root)
    if not rank:
        return _without_directions(information_root)
    # What the other columns are in terms of those of the pivots. Rounding errors in
    # place of zeros would mix the coefficients of columns of unlike size.
    relation = solve_upper(upper[:rank, :rank], upper[:rank, rank:])
    relation[np.abs(relation) <= tolerance] = 0.0
    spanning = np.empty((rank, width))
    spanning[:, order] = np.hstack([np.eye(rank), relation])
    turned, basis = linalg.rq(spanning * scale, mode="economic", check_finite=False)
    basis = basis.T
    return InformationFactor(
        upper[:rank, :rank] @ turned,
        left[:, :rank],
        basis,
        information_root @ basis,
        rank,
        rank,
        dual=basis,
    )


def _factorize_wide(columns, information_root, sizes, tolerance):
    factor = _factorize_rows(columns, len(columns))
    if _is_certain(factor, sizes, tolerance):
        return factor
    scale = power_of_two(sizes)
    # Pivoting p columns of k rows is slow and the rank is in the small triangle of
    # the transpose already.
    small, rows = linalg.rq(columns / scale, mode="economic", check_finite=False)
    left, upper, order = linalg.qr(
        small, mode="economic", pivoting=True, check_finite=False
    )
    rank = int(np.sum(np.abs(np.diagonal(upper)) > tolerance))
    if not rank:
        return _without_directions(information_root)
    spanning = np.empty_like(upper[:rank])
    spanning[:, order] = upper[:rank]
    upper, basis = linalg.rq(
        spanning @ rows * scale, mode="economic", check_finite=False
    )
    left, basis = left[:, :rank], basis.T
    return InformationFactor(
        upper, left, basis, information_root @ basis, rank, rank, dual=basis
    )


def _is_certain(factor, sizes, tolerance):
    """Whether columns divided by their sizes have as many directions, surely.

    Divided by the largest size alone their singular values would be smaller still.
    The width allows for the norms that condition numbers are estimated in.
    """
    if not len(factor.upper):
        return False
    width = len(factor.basis)
    largest = np.abs(factor.upper).sum(axis=0).max()
    bound = condition_bound(factor.upper) * np.max(sizes) * tolerance
    return bound * 2.0 * width**1.5 < largest


def _without_directions(information_root):
    basis = np.empty((information_root.shape[1], 0))
    return InformationFactor(
        np.empty((0, 0)), None, basis, information_root @ basis, 0, 0, dual=basis
    )


def _factorize_rows(information_root, rank):
    """``information_root = L Z'`` of fewer rows than columns, by QR of the transpose.

    Turned upside down, L is upper triangular.
    """
    basis, upper = np.linalg.qr(information_root.T)
    basis, lower = basis[:, ::-1], upper.T
    turn = np.eye(len(information_root))[::-1]
    return InformationFactor(
        lower[::-1, ::-1], turn, basis, lower[:, ::-1], rank, rank, dual=basis
    )


def _with_prior(plain, information_root, precision, flat_factor):
    """``plain``, found without a prior, turned into the factor of the posterior."""
    basis = dual = None
    coordinates_precision, spanned = precision, information_root
    flat_rank = int(np.sum(precision == 0))
    wide = information_root.shape[0] < information_root.shape[1]
    if wide or flat_factor is not None or not np.isfinite(precision).all():
        if flat_factor is not None:
            flat_rank = flat_factor.rank
        basis, dual, coordinates_precision = _coordinates(
            information_root, precision, flat_rank, flat_factor
        )
        spanned = information_root @ basis
    left, upper = np.linalg.qr(
        np.vstack([spanned, np.diag(np.sqrt(coordinates_precision))])
    )
    return InformationFactor(
        upper,
        left,
        basis,
        spanned,
        plain.rank,
        flat_rank,
        coordinates_precision,
        dual,
    )


def _coordinates(information_root, precision, flat_rank, flat_factor):
    """``(basis, dual, precision)`` of the directions that a solution may use.

    First those of the columns without a prior, then those of the others: with each
    column divided by the root of its precision their solution lies in the span of the
    rows, which are k unknowns where there are more columns.
    """
    flat, pulled = precision == 0, np.isfinite(precision) & (precision > 0)
    n_pulled = int(np.sum(pulled))
    wide = len(information_root) < n_pulled
    n_coordinates = len(information_root) if wide else n_pulled
    basis = np.zeros((len(precision), flat_rank + n_coordinates))
    dual = np.zeros_like(basis)
    span = None if flat_factor is None else flat_factor.basis
    basis[flat, :flat_rank] = np.eye(flat_rank) if span is None else span
    dual[flat, :flat_rank] = basis[flat, :flat_rank]
    of_coordinates = np.zeros(basis.shape[1])
    if wide:
        largest = precision[pulled].max()
        scale = np.sqrt(precision[pulled] / largest)[:, None]
        rows = np.linalg.qr((information_root[:, pulled] / scale.T).T)[0]
        basis[pulled, flat_rank:], dual[pulled, flat_rank:] = rows / scale, rows * scale
        of_coordinates[flat_rank:] = largest
    else:
        basis[pulled, flat_rank:] = dual[pulled, flat_rank:] = np.eye(n_pulled)
        of_coordinates[flat_rank:] = precision[pulled]
    return basis, dual, of_coordinates
