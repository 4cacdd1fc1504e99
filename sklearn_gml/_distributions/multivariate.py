"""Joint distributions of several targets, a batch of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats
from scipy.linalg import solve_triangular
from sklearn.utils import check_random_state

from .._linalg.triangular import column_norms, triangle

Array = NDArray[np.float64]


class _Multivariate:
    """What the normal and Student's t have in common: location, scales, correlations.

    Rows differ in location and scales; their correlations are the same. They are kept
    as an upper-triangular root U with columns of length one, ``U'U`` their matrix.

    Parameters
    ----------
    loc : array-like of shape (n, t)
        Centre of each row.
    scale : array-like of shape (n, t)
        Scale of each target, positive.
    correlation_root : array-like of shape (t, t)
        U, with a positive diagonal.
    """

    def __init__(
        self, loc: ArrayLike, scale: ArrayLike, correlation_root: ArrayLike
    ) -> None:
        self.loc = np.asarray(loc, dtype=np.float64)
        if self.loc.ndim != 2:
            raise ValueError(
                f"loc must have shape (n, t), a row for each distribution, got "
                f"{self.loc.shape}."
            )
        self.scale = np.broadcast_to(np.asarray(scale, np.float64), self.loc.shape)
        self.correlation_root = np.asarray(correlation_root, dtype=np.float64)
        n_targets = self.loc.shape[1]
        if self.correlation_root.shape != (n_targets, n_targets):
            raise ValueError(
                f"correlation_root must have shape {(n_targets, n_targets)}, got "
                f"{self.correlation_root.shape}."
            )

    def _like(
        self, loc: Array, scale: Array, correlation_root: Array, growth: int = 0
    ) -> Self:
        """A distribution of the same family, after conditioning on some targets."""
        return type(self)(loc, scale, correlation_root)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and targets."""
        return self.loc.shape

    @property
    def by_target(self) -> Any:
        """scipy's distribution of each target by itself, of shape (n, t)."""
        raise NotImplementedError

    def mean(self) -> Array:
        """Means of the targets.

        Returns
        -------
        ndarray of shape (n, t)
            In units of y.
        """
        return self.by_target.mean()

    def median(self) -> Array:
        """Medians of the targets.

        Returns
        -------
        ndarray of shape (n, t)
            In units of y.
        """
        return self.by_target.median()

    def std(self) -> Array:
        """Standard deviations of the targets.

        Returns
        -------
        ndarray of shape (n, t)
            In units of y.
        """
        return self.by_target.std()

    def var(self) -> Array:
        """Variances of the targets.

        Returns
        -------
        ndarray of shape (n, t)
            Squares of the standard deviations.
        """
        return self.by_target.var()

    def correlation(self) -> Array:
        """Correlations of the targets.

        Returns
        -------
        ndarray of shape (t, t)
            The same in every row.
        """
        return self.correlation_root.T @ self.correlation_root

    def cov(self) -> Array:
        """Covariance matrices of the targets.

        Returns
        -------
        ndarray of shape (n, t, t)
            One for each row.
        """
        std = self.std()
        return std[:, :, None] * self.correlation() * std[:, None, :]

    def interval(self, confidence: float) -> tuple[Array, Array]:
        """Central intervals of each target by itself.

        Parameters
        ----------
        confidence : float
            Probability that the interval of one target holds it.

        Returns
        -------
        lower, upper : ndarray of shape (n, t)
            Limits in units of y.
        """
        return self.by_target.interval(confidence)

    def _squares(self, y: ArrayLike) -> Array:
        """Squared Mahalanobis distances to the centres."""
        standardised = (np.asarray(y, dtype=np.float64) - self.loc) / self.scale
        return np.sum(_whitened(self.correlation_root, standardised) ** 2, axis=-1)

    def _log_determinant(self) -> Array:
        """Half of it, of the scale matrices, shape (n,)."""
        root = np.log(np.diagonal(self.correlation_root)).sum()
        return root + np.log(self.scale).sum(axis=1)

    def logpdf(self, y: ArrayLike) -> Array:
        """Logarithm of the joint density.

        Parameters
        ----------
        y : array-like of shape (n, t)
            Outcomes of the rows; or (t,), the same for all; or (..., n, t).

        Returns
        -------
        ndarray of shape (n,) or (..., n)
            In nats.
        """
        raise NotImplementedError

    def pdf(self, y: ArrayLike) -> Array:
        """Joint density.

        Parameters
        ----------
        y : array-like of shape (n, t), (t,) or (..., n, t)
            As in :meth:`logpdf`.

        Returns
        -------
        ndarray of shape (n,) or (..., n)
            The exponential of :meth:`logpdf`.
        """
        return np.exp(self.logpdf(y))

    def _stretch(self, size: tuple, random: np.random.RandomState) -> Any:
        """Factors of the scales of draws."""
        return 1.0

    def rvs(self, size: int | None = None, random_state: Any = None) -> Array:
        """Random outcomes.

        Parameters
        ----------
        size : int, optional
            Number of draws for each row.
        random_state : int, RandomState or None, optional
            Source of randomness.

        Returns
        -------
        ndarray of shape (n, t) or (size, n, t)
            In units of y.
        """
        random = check_random_state(random_state)
        shape = self.shape if size is None else (size, *self.shape)
        draws = random.standard_normal(shape) @ self.correlation_root
        return self.loc + self.scale * draws * self._stretch(shape[:-1], random)

    def _positions(self, targets: Sequence[int]) -> NDArray[np.intp]:
        n_targets = self.shape[1]
        positions = np.asarray(targets)
        if (
            positions.dtype.kind not in "iu"
            or not positions.size
            or np.any((positions < -n_targets) | (positions >= n_targets))
        ):
            raise ValueError(
                f"targets are numbered from 0 to {n_targets - 1}, got {targets!r}."
            )
        positions = positions % n_targets
        if len(np.unique(positions)) < positions.size:
            raise ValueError(f"targets has one of them twice: {targets!r}.")
        return positions

    def marginal(self, targets: int | Sequence[int]) -> Any:
        """The distribution of some targets, whatever the others are.

        Parameters
        ----------
        targets : int or sequence of int
            Their positions.

        Returns
        -------
        distribution
            Of one target, given as an int, scipy's of shape (n,); of a sequence a
            joint one of the same family.
        """
        positions = self._positions(np.atleast_1d(targets))
        if np.ndim(targets) == 0:
            return self._of_one(int(positions[0]))
        root = triangle(self.correlation_root[:, positions])
        return self._like(self.loc[:, positions], self.scale[:, positions], root)

    def _of_one(self, position: int) -> Any:
        raise NotImplementedError

    def conditional(self, values: Mapping[int, ArrayLike]) -> Self:
        """The distribution of the other targets, given some.

        Parameters
        ----------
        values : mapping
            Position of a target to its value, a number or one for each row (n,).

        Returns
        -------
        distribution
            Joint, of the same family, of the other targets in their order.
        """
        given = self._positions(list(values))
        rest = np.setdiff1d(np.arange(self.shape[1]), given)
        if not len(rest):
            raise ValueError("values gives every target: nothing is left to predict.")
        y = np.column_stack(
            [np.broadcast_to(value, self.shape[:1]) for value in values.values()]
        )
        # The given ones first: the rows of the triangle below theirs are what they
        # leave of the others.
        root = triangle(self.correlation_root[:, [*given, *rest]])
        n_given = len(given)
        standardised = (y - self.loc[:, given]) / self.scale[:, given]
        whitened = _whitened(root[:n_given, :n_given], standardised)
        shift = whitened @ root[:n_given, n_given:]
        left = root[n_given:, n_given:]
        norms = column_norms(left)
        scale = self.scale[:, rest]
        stretch = self._stretch_given(np.sum(whitened**2, axis=1), n_given)
        return self._like(
            self.loc[:, rest] + scale * shift,
            scale * norms * np.reshape(stretch, (-1, 1)),
            left / norms,
            growth=n_given,
        )

    def _stretch_given(self, squares: Array, n_given: int) -> Any:
        """Factor of the scales where some targets are this far from their centres."""
        return 1.0


def _whitened(root: Array, standardised: Array) -> Array:
    """Rows z to U'^-1 z."""
    flat = standardised.reshape(-1, standardised.shape[-1])
    solved = solve_triangular(root, flat.T, trans="T", check_finite=False)
    return solved.T.reshape(standardised.shape)


class MultivariateNormal(_Multivariate):
    """Joint normal distributions of t targets, one for each of n rows.

    Parameters
    ----------
    loc : array-like of shape (n, t)
        Means.
    scale : array-like of shape (n, t) or (t,)
        Standard deviations.
    correlation_root : array-like of shape (t, t)
        Upper triangle U with positive diagonal; ``U'U`` are the correlations.

    Examples
    --------
    >>> from sklearn_gml import MultivariateNormal
    >>> cov = [[4.0, 1.0], [1.0, 1.0]]
    >>> joint = MultivariateNormal.from_covariance([[0.0, 1.0]], cov)
    >>> print(joint.logpdf([[0.0, 1.0]]).round(4))
    [-2.3872]
    >>> other = joint.conditional({1: 2.0})
    >>> print(other.mean().round(3), other.std().round(3))
    [[1.]] [[1.732]]
    """

    @classmethod
    def from_covariance(cls, mean: ArrayLike, cov: ArrayLike) -> Self:
        """From means of rows and one covariance matrix.

        Parameters
        ----------
        mean : array-like of shape (n, t)
            Means.
        cov : array-like of shape (t, t)
            Covariance matrix, positive definite.

        Returns
        -------
        MultivariateNormal
        """
        root = np.linalg.cholesky(np.asarray(cov, dtype=np.float64)).T
        std = column_norms(root)
        return cls(mean, std, root / std)

    @property
    def by_target(self) -> Any:
        """scipy's ``norm`` of each target by itself, of shape (n, t)."""
        return stats.norm(self.loc, self.scale)

    def _of_one(self, position: int) -> Any:
        return stats.norm(self.loc[:, position], self.scale[:, position])

    def logpdf(self, y: ArrayLike) -> Array:
        squares = self._squares(y)
        constant = -0.5 * self.shape[1] * np.log(2.0 * np.pi)
        return constant - self._log_determinant() - 0.5 * squares

    logpdf.__doc__ = _Multivariate.logpdf.__doc__


class MultivariateT(_Multivariate):
    """Joint Student t distributions of t targets, one for each of n rows.

    Parameters
    ----------
    loc : array-like of shape (n, t)
        Centres.
    scale : array-like of shape (n, t) or (t,)
        Scales of the targets.
    correlation_root : array-like of shape (t, t)
        Upper triangle U with positive diagonal; ``U'U`` are the correlations.
    df : float or array-like of shape (n,)
        Degrees of freedom; infinite for the normal distribution.
    """

    def __init__(
        self,
        loc: ArrayLike,
        scale: ArrayLike,
        correlation_root: ArrayLike,
        df: ArrayLike,
    ) -> None:
        super().__init__(loc, scale, correlation_root)
        self.df = np.broadcast_to(np.asarray(df, np.float64), self.shape[:1])

    def _like(self, loc, scale, correlation_root, growth=0):
        return type(self)(loc, scale, correlation_root, self.df + growth)

    @property
    def by_target(self) -> Any:
        """scipy's ``t`` of each target by itself, of shape (n, t)."""
        return stats.t(self.df[:, None], self.loc, self.scale)

    def _of_one(self, position: int) -> Any:
        return stats.t(self.df, self.loc[:, position], self.scale[:, position])

    def logpdf(self, y: ArrayLike) -> Array:
        squares, n_targets, df = self._squares(y), self.shape[1], self.df
        normal = np.isinf(df)
        finite = np.where(normal, 1.0, df)
        constant = (
            special.gammaln((finite + n_targets) / 2.0)
            - special.gammaln(finite / 2.0)
            - 0.5 * n_targets * np.log(finite * np.pi)
        )
        heavy = constant - 0.5 * (finite + n_targets) * np.log1p(squares / finite)
        light = -0.5 * (n_targets * np.log(2.0 * np.pi) + squares)
        return np.where(normal, light, heavy) - self._log_determinant()

    logpdf.__doc__ = _Multivariate.logpdf.__doc__

    def _stretch(self, size, random):
        df = np.where(np.isinf(self.df), 1.0, self.df)
        stretch = np.sqrt(df / random.chisquare(df, size))
        return np.where(np.isinf(self.df), 1.0, stretch)[..., None]

    def _stretch_given(self, squares, n_given):
        df = np.where(np.isinf(self.df), 1.0, self.df)
        stretch = np.sqrt((df + squares) / (df + n_given))
        return np.where(np.isinf(self.df), 1.0, stretch)
