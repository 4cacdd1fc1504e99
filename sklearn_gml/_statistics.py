"""Sufficient statistics of a Gaussian linear model: one triangular factor."""

from dataclasses import dataclass

import numpy as np

from ._blocks import Rows
from ._linalg import triangle
from ._reduction import reduce_rows
from ._validation import validate_training_data

LOG_2PI = np.log(2.0 * np.pi)


@dataclass(frozen=True, eq=False)
class GaussianStatistics:
    """Everything that a fit with constant noise needs to know of its rows.

    For any mean ``mu = b0 + X b`` and any sigma, the log-likelihood of weighted
    rows depends on them only through the triangular factor R of
    ``sqrt(w) [1, X, y]``, since

        sum_i w_i (y_i - b0 - x_i'b)^2 = | R [b0; b; -1] |^2

    (rows of a known ``noise_scale`` are divided by it).

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
    log_scale : float
        ``sum(w log(noise_scale))``, zero without noise scales.
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
    log_scale: float = 0.0

    @classmethod
    def from_data(cls, X, y, sample_weight=None, noise_scale=None):
        """Statistics of the rows ``(X, y)``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
        y : array-like of shape (n,) or (n, t)
        sample_weight : array-like of shape (n,), optional
            Frequencies: weight 2 is the row twice, weight 0 the row left out.
        noise_scale : array-like of shape (n,), optional
            What is known of the noise of each row: its standard deviation is
            ``noise_scale * sigma``.

        Returns
        -------
        GaussianStatistics

        Raises
        ------
        ValueError
            For missing or infinite values, wrong lengths, negative weights or
            weights that are all zero.
        """
        data = validate_training_data(X, y, sample_weight, noise_scale)
        return summarise(
            Rows.of(data.X, data.y, data.sample_weight, data.noise_scale),
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
        # The heavier part knows better where the rows lie.
        heavier = self if self.sum_weights >= other.sum_weights else other
        origin = heavier.origin
        return GaussianStatistics(
            triangle(np.vstack([self.about(origin), other.about(origin)])),
            origin,
            self.sum_weights + other.sum_weights,
            self.n_samples + other.n_samples,
            self.n_features,
            self.vector_target,
            self.feature_names,
            self.log_scale + other.log_scale,
        )

    def __radd__(self, other):
        """``sum()`` starts from 0, the statistics of no rows."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def _check_same_columns(self, other):
        for what, mine, theirs in (
            ("features", self.n_features, other.n_features),
            ("targets", self.n_targets, other.n_targets),
            ("dimensions of y", 2 - self.vector_target, 2 - other.vector_target),
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
            ``-sum(w)/2 log(2 pi sigma^2) - RSS / (2 sigma^2) - log_scale``, summed
            over the targets, in nats.

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
        values = gaussian_loglik(squares, sigma, self.sum_weights) - self.log_scale
        return float(values.sum())


def gaussian_loglik(squares, sigma, sum_weights):
    """Log-likelihood (t,) of residuals with these weighted sums of squares (t,)."""
    return -sum_weights * (0.5 * LOG_2PI + np.log(sigma)) - 0.5 * squares / sigma**2


def _as_shape(name, values, shape):
    array = np.asarray(values, dtype=np.float64)
    if array.size != np.prod(shape):
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}.")
    return array.reshape(shape)


def summarise(rows, vector_target=True, feature_names=None):
    """Statistics of validated :class:`~sklearn_gml._blocks.Rows`."""
    origin, factor = reduce_rows(rows)
    return GaussianStatistics(
        factor,
        origin,
        rows.sum_frequencies,
        rows.n_positive,
        rows.n_features,
        vector_target,
        feature_names,
        rows.log_scale,
    )
