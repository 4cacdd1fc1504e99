"""Joint distributions of targets of which monotone transformations were modelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._linalg.triangular import column_norms, triangle
from .multivariate import MultivariateNormal, MultivariateT
from .parameters import parameters_of
from .transformed import inverse_transformed

Array = NDArray[np.float64]


def jointly_inverse_transformed(distribution: Any, transformer: Any) -> Any:
    """The joint distribution of y, given that of ``transformer.transform(y)``.

    Parameters
    ----------
    distribution : MultivariateNormal, MultivariateT or TransformedMultivariate
    transformer : fitted scikit-learn transformer
        Acting on each target by itself, as in
        :func:`~sklearn_gml._distributions.transformed.inverse_transformed`.

    Returns
    -------
    distribution
        Of the same family where the transformation is affine, as that of
        ``StandardScaler``; otherwise a :class:`TransformedMultivariate`.
    """
    by_target = inverse_transformed(distribution.by_target, transformer)
    family = getattr(getattr(by_target, "dist", None), "name", None)
    if family not in ("norm", "t") or isinstance(distribution, TransformedMultivariate):
        return TransformedMultivariate(distribution, by_target, transformer)
    _, loc, scale = parameters_of(by_target)
    # A target that is turned round has correlations of the other sign.
    rise = transformer.transform(loc[:1] + scale[:1]) - transformer.transform(loc[:1])
    root = triangle(distribution.correlation_root * np.sign(rise))
    root /= column_norms(root)
    if family == "norm":
        return MultivariateNormal(loc, scale, root)
    return MultivariateT(loc, scale, root, distribution.df)


class TransformedMultivariate:
    r"""The joint distribution of y, where :math:`z_j = g_j(y_j)` have a known one.

    Each target has its own Jacobian,
    :math:`p_y(y) = p_z(g(y)) \prod_j |g_j'(y_j)|`. Where a transformation reaches only
    part of the line, each target is renormalised by itself, as its marginal
    distribution is: exact where the targets are independent or little probability is
    lost.

    Parameters
    ----------
    base : joint distribution
        That of z.
    by_target : distribution of shape (n, t)
        Of each y by itself.
    transformer : fitted scikit-learn transformer
        From y to z.
    """

    def __init__(self, base: Any, by_target: Any, transformer: Any) -> None:
        self.base = base
        self.by_target = by_target
        self.transformer = transformer

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and targets."""
        return self.base.shape

    def _to_z(self, y: Array) -> Array:
        flat = y.reshape(-1, y.shape[-1])
        return np.asarray(self.transformer.transform(flat)).reshape(y.shape)

    def _to_y(self, z: Array) -> Array:
        flat = z.reshape(-1, z.shape[-1])
        y = np.asarray(self.transformer.inverse_transform(flat))
        return y.reshape(z.shape)

    def logpdf(self, y: ArrayLike) -> Array:
        """Logarithm of the joint density, -inf where no z belongs to y.

        Parameters
        ----------
        y : array-like of shape (n, t) or (..., n, t)
            Outcomes of the rows.

        Returns
        -------
        ndarray of shape (n,) or (..., n)
        """
        y = np.broadcast_arrays(
            np.asarray(y, dtype=np.float64), self.by_target.median()
        )
        y, centre = y
        densities = self.by_target.logpdf(y)
        possible = np.all(np.isfinite(densities), axis=-1)
        z = self._to_z(np.where(possible[..., None], y, centre))
        # What the joint density has beyond those of the targets does not change with
        # the units of the targets: their Jacobians are in the densities of y.
        dependence = self.base.logpdf(z) - self.base.by_target.logpdf(z).sum(axis=-1)
        total = densities.sum(axis=-1)
        return np.where(possible, total + dependence, total)

    def pdf(self, y: ArrayLike) -> Array:
        """Joint density; parameters as in :meth:`logpdf`."""
        return np.exp(self.logpdf(y))

    def mean(self) -> Array:
        """Means, shape (n, t)."""
        return self.by_target.mean()

    def median(self) -> Array:
        """Medians of the targets, shape (n, t)."""
        return self.by_target.median()

    def std(self) -> Array:
        """Standard deviations of the targets, shape (n, t)."""
        return self.by_target.std()

    def interval(self, confidence: float) -> tuple[Array, Array]:
        """Central intervals of each target by itself, each of shape (n, t)."""
        return self.by_target.interval(confidence)

    def rvs(self, size: int | None = None, random_state: Any = None) -> Array:
        """Random outcomes of shape (n, t) or (size, n, t).

        NaN where the transformation does not reach the draw.
        """
        return self._to_y(self.base.rvs(size, random_state))

    def conditional(self, values: Mapping[int, ArrayLike]) -> Any:
        """Not defined for columns that are transformed together.

        Raises
        ------
        NotImplementedError
            Always: a fitted transformer has no part for some targets. Condition the
            distribution of the transformed targets, ``self.base``.
        """
        raise NotImplementedError(
            "A fitted transformer has no part for some targets: condition base, the "
            "distribution of the transformed targets, on transformed values."
        )

    def marginal(self, targets: int | Sequence[int]) -> Any:
        """Not defined for the same reason; see ``by_target``.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError(
            "A fitted transformer has no part for some targets: by_target has the "
            "distribution of each target, base.marginal that of the transformed ones."
        )
