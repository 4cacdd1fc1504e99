"""Sufficient statistics of a Gaussian linear model: one triangular factor."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import blas, lapack

from ._blocks import Rows
from ._linalg import column_norms, condition, power_of_two, solve_upper, triangle
from ._validation import validate_training_data

LOG_2PI = np.log(2.0 * np.pi)


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

# Products about an origin that is far in units of the spread cancel when they
# are centred: a relative error of eps (mean / spread)^2, one digit here.
FAR_ORIGIN = 4.0

# Sums of squares outside may have lost digits to underflow, or will overflow.
SAFE_SQUARES = (1e-280, 1e280)


@dataclass(frozen=True, eq=False)
class GaussianStatistics:
    """Everything that a fit with constant noise needs to know of its rows.

    For any mean ``mu = b0 + X b`` and any sigma, the log-likelihood of weighted
    rows depends on them only through the triangular factor R of
    ``sqrt(w) [1, X, y]``, since

        sum_i w_i (y_i - b0 - x_i'b)^2 = | R [b0; b; -1] |^2

    R has at most (1 + p + t)^2 numbers, whatever the number of rows, and the
    factor of two sets of rows together is the factor of their stacked factors:
    statistics can be made anywhere and added up. A factor is kept rather than
    ``[1 X y]' W [1 X y]`` because the product squares the condition number.
    Nothing is ever subtracted from statistics: removing rows would cancel
    digits that adding the others keeps.

    To spare digits when means are large compared with the spread, the factor
    is one of ``sqrt(w) [1, X - origin, y - origin]``.

    Create with :meth:`from_data` and combine with ``+``.

    Attributes
    ----------
    factor : ndarray of shape (k, 1 + p + t), k <= 1 + p + t
        Upper trapezoidal, about ``origin``, with non-negative diagonal.
    origin : ndarray of shape (p + t,)
    sum_weights : float
        The effective number of rows, sum(w).
    n_samples : int
        Rows with positive weight.
    n_features : int
    vector_target : bool
        Whether y was one-dimensional.
    feature_names : tuple of str, or None

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gml import GaussianStatistics
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 2.0, 4.0])
    >>> first = GaussianStatistics.from_data(X[:1], y[:1])
    >>> rest = GaussianStatistics.from_data(X[1:], y[1:])
    >>> both = first + rest
    >>> both.n_samples
    3
    >>> round(both.loglik(coef=[1.5], intercept=0.5, sigma=1.0), 6)
    -3.006816
    """

    factor: np.ndarray
    origin: np.ndarray
    sum_weights: float
    n_samples: int
    n_features: int
    vector_target: bool
    feature_names: tuple | None = None

    @classmethod
    def from_data(cls, X, y, sample_weight=None):
        """Statistics of the rows ``(X, y)``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
        y : array-like of shape (n,) or (n, t)
        sample_weight : array-like of shape (n,), optional
            Frequencies: weight 2 is the row twice, weight 0 the row left out.

        Returns
        -------
        GaussianStatistics

        Raises
        ------
        ValueError
            For missing or infinite values, wrong lengths, negative weights or
            weights that are all zero.
        """
        data = validate_training_data(X, y, sample_weight)
        return summarise(
            Rows.of(data.X, data.y, data.sample_weight),
            vector_target=data.y.ndim == 1,
            feature_names=data.feature_names,
        )

    @property
    def n_targets(self):
        return len(self.origin) - self.n_features

    @property
    def mean(self):
        """Weighted means of the columns of ``[X y]``, shape (p + t,)."""
        return self.origin + self.factor[0, 1:] / self.factor[0, 0]

    def __add__(self, other):
        """The statistics of the rows of both."""
        if not isinstance(other, GaussianStatistics):
            return NotImplemented
        self._check_same_columns(other)
        moved = other.about(self.origin)
        return GaussianStatistics(
            triangle(np.vstack([self.factor, moved])),
            self.origin,
            self.sum_weights + other.sum_weights,
            self.n_samples + other.n_samples,
            self.n_features,
            self.vector_target,
            self.feature_names,
        )

    def __radd__(self, other):
        """``sum()`` starts from 0, the statistics of no rows."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def _check_same_columns(self, other):
        for what, mine, theirs in (
            ("features", self.n_features, other.n_features),
            ("targets", self.n_targets, other.n_targets),
            ("feature names", self.feature_names, other.feature_names),
        ):
            if mine != theirs:
                raise ValueError(
                    f"Statistics of different {what} cannot be added: "
                    f"{mine} on the left, {theirs} on the right."
                )

    def about(self, origin):
        """The factor about another origin (rows as they are, not yet triangular)."""
        # The first column of the factor is (sqrt(sum w), 0, ..., 0)', so that a
        # move of the origin touches the first row only.
        moved = self.factor.copy()
        moved[0, 1:] += moved[0, 0] * (self.origin - origin)
        return moved

    def loglik(self, coef, intercept, sigma):
        """Log-likelihood of the rows under any parameters.

        Parameters
        ----------
        coef : array-like of shape (p,) or (t, p)
        intercept : float or array-like of shape (t,)
        sigma : float or array-like of shape (t,)
            Standard deviation of the noise.

        Returns
        -------
        float
            ``-sum(w)/2 log(2 pi sigma^2) - RSS / (2 sigma^2)``, summed over the
            targets, in nats.

        Raises
        ------
        ValueError
            If a shape does not fit, or sigma is not positive.
        """
        shape = (self.n_targets, self.n_features)
        coef = _as_shape("coef", coef, shape)
        intercept = _as_shape("intercept", intercept, shape[:1])
        sigma = _as_shape("sigma", sigma, shape[:1])
        if not np.all(sigma > 0):
            raise ValueError(f"sigma must be positive, got {sigma}.")
        origin_x, origin_y = np.split(self.origin, [self.n_features])
        at_origin = intercept + coef @ origin_x - origin_y
        parameters = np.vstack([at_origin, coef.T])
        split = 1 + self.n_features
        residual = self.factor[:, split:] - self.factor[:, :split] @ parameters
        squares = np.sum(residual**2, axis=0)
        return float(gaussian_loglik(squares, sigma, self.sum_weights).sum())


def gaussian_loglik(squares, sigma, sum_weights):
    """Log-likelihood (t,) of residuals with these weighted sums of squares (t,)."""
    return -sum_weights * (0.5 * LOG_2PI + np.log(sigma)) - 0.5 * squares / sigma**2


def _as_shape(name, values, shape):
    array = np.asarray(values, dtype=np.float64)
    if array.size != np.prod(shape):
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}.")
    return array.reshape(shape)


def summarise(rows, *, vector_target=True, feature_names=None):
    """Statistics of validated :class:`~sklearn_gml._blocks.Rows`.

    The Gram matrix is tried first, because it costs one product over the rows.
    Its own numbers tell when its factor is short of digits: the rows are then
    whitened by it and gone over again, or factored by Householder QR.

    Raises
    ------
    ValueError
        If X has missing or infinite values.
    """
    # Infinite values and overflow are looked for once the sums are complete.
    with np.errstate(invalid="ignore", over="ignore"):
        if rows.n_samples > rows.n_features:
            origin, gram = _gram_about_centre(rows)
        else:
            origin, gram = rows.centre(), None
        if gram is None:
            rows.check_finite()
    factor = None if gram is None else _cholesky(gram)
    quality = None if factor is None else _quality(factor, rows.n_features)
    if quality is None or not quality.within(WHITENING_LIMITS):
        factor = _householder(rows, origin)
    elif not quality.within(GRAM_LIMITS):
        factor = _whiten_again(rows, origin, factor)
    weight = rows.weight
    return GaussianStatistics(
        factor,
        origin,
        float(rows.n_samples if weight is None else weight.sum()),
        int(rows.n_samples if weight is None else np.count_nonzero(weight)),
        rows.n_features,
        vector_target,
        feature_names,
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
        variance = np.diagonal(gram)[1:] / gram[0, 0] - mean**2
        far = mean**2 > FAR_ORIGIN**2 * variance
        if far.any():
            origin = np.where(far, origin + mean, origin)
            gram = None
    return origin, _gram(rows, origin) if gram is None else gram


def _gram(rows, origin):
    """Upper triangle of ``[1 X y]' W [1 X y]`` about the origin."""
    if rows.lies_ready and not origin[: rows.n_features].any():
        return _gram_in_place(rows, origin[rows.n_features :])
    size = 1 + rows.n_columns
    gram = np.zeros((size, size), order="F")
    for block in rows.weighted_blocks(origin):
        gram = blas.dsyrk(1.0, block.T, beta=1.0, c=gram, overwrite_c=True)
    return gram


def _gram_in_place(rows, origin_y):
    """The same from rows that BLAS reads where they lie: X is never copied."""
    n_features = rows.n_features
    products = np.zeros((n_features, n_features), order="F")
    n_sides = 1 + rows.y.shape[1]
    sides = np.empty((rows.block_rows, n_sides))
    sides[:, 0] = 1.0
    side_products = np.zeros((n_sides, n_features))
    side_gram = np.zeros((n_sides, n_sides))
    for X, y in rows.direct_blocks():
        products = blas.dsyrk(1.0, X.T, beta=1.0, c=products, overwrite_c=True)
        side = sides[: len(y)]
        side[:, 1:] = y - origin_y
        side_products += side.T @ X
        side_gram += side.T @ side
    gram = np.zeros((n_features + n_sides, n_features + n_sides))
    gram[1 : 1 + n_features, 1 : 1 + n_features] = products
    gram[0, 1 : 1 + n_features] = side_products[0]
    gram[1 : 1 + n_features, 1 + n_features :] = side_products[1:].T
    gram[0, 0] = side_gram[0, 0]
    gram[0, 1 + n_features :] = side_gram[0, 1:]
    gram[1 + n_features :, 1 + n_features :] = side_gram[1:, 1:]
    return gram


def _cholesky(gram):
    """The factor of a Gram matrix, None if rounding or overflow forbid it."""
    total = gram[0, 0]
    first_row = gram[0] / np.sqrt(total)
    centred = gram[1:, 1:] - np.outer(first_row[1:], first_row[1:])
    squares = np.diagonal(centred)
    if not np.all((squares > SAFE_SQUARES[0]) & (squares < SAFE_SQUARES[1])):
        return None
    scale = power_of_two(np.sqrt(squares))
    upper, failed = lapack.dpotrf(centred / np.outer(scale, scale), clean=True)
    if failed:
        return None
    factor = np.zeros_like(gram, order="C")
    factor[0] = first_row
    factor[1:, 1:] = upper * scale
    return factor


def _quality(factor, n_features):
    split = 1 + n_features
    features, targets = factor[1:split, 1:split], factor[1:, split:]
    scaled = features / power_of_two(column_norms(features))
    left = (targets[n_features:] ** 2).sum(axis=0)
    unexplained = left / (targets**2).sum(axis=0)
    return Quality(condition(scaled), float(unexplained.min()))


def _whiten_again(rows, origin, factor):
    """``chol(W'W) factor`` with the whitened rows ``W = sqrt(w) [1 X y] factor^-1``."""
    # An explicit inverse is as good as solves here: whatever it is, it is only
    # the map into coordinates in which the columns are nearly orthonormal.
    inverse = solve_upper(factor, np.eye(len(factor)))
    gram = np.zeros(factor.shape, order="F")
    for block in rows.weighted_blocks(origin):
        white = block @ inverse
        gram = blas.dsyrk(1.0, white.T, beta=1.0, c=gram, overwrite_c=True)
    upper, failed = lapack.dpotrf(gram, clean=True)
    return _householder(rows, origin) if failed else upper @ factor


def _householder(rows, origin):
    """The factor by QR of one block after another, merged as triangles."""
    size = 1 + rows.n_columns
    factor = np.empty((0, size))
    # At least twice as many new rows as rows carried along.
    for block in rows.weighted_blocks(origin, max(rows.block_rows, 2 * size)):
        factor = triangle(np.vstack([factor, block]))
    return factor
