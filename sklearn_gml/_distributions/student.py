"""Student's t at rows, as predictions with uncertain parameters have it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .standard import StudentT

_Frozen = type(stats.t(1.0))


class FrozenT(_Frozen):  # type: ignore[valid-type, misc]
    """scipy's frozen ``t`` of rows, with quantiles in one piece.

    scipy finds a quantile for each row. With one number of degrees of freedom the
    quantiles of all rows are those of the standard distribution, moved and scaled.
    Infinite degrees of freedom are the normal distribution, of which numpy's
    generator of t has no random numbers.

    Parameters
    ----------
    freedom : float or array broadcast with ``loc``
    loc, scale : ndarray of shape (n,) or (n, t)
        A scale of NaN stands for an unknown distribution.
    """

    def __init__(self, freedom: ArrayLike, loc: ArrayLike, scale: ArrayLike) -> None:
        super().__init__(stats.t, freedom, loc=loc, scale=scale)

    def _quantile(self, standard: Any) -> NDArray[np.float64]:
        scale = np.where(np.asarray(self.kwds["scale"]) > 0, self.kwds["scale"], np.nan)
        return self.kwds["loc"] + scale * standard

    def ppf(self, q: ArrayLike) -> NDArray[np.float64]:
        """Quantiles of lower-tail probabilities."""
        return self._quantile(stats.t.ppf(q, *self.args))

    def isf(self, q: ArrayLike) -> NDArray[np.float64]:
        """Quantiles of upper-tail probabilities."""
        return self._quantile(stats.t.isf(q, *self.args))

    def _standardised(self, x: ArrayLike) -> tuple[StudentT, Any]:
        scale = np.where(np.asarray(self.kwds["scale"]) > 0, self.kwds["scale"], np.nan)
        return StudentT(self.args[0]), (np.asarray(x) - self.kwds["loc"]) / scale

    def logcdf(self, x: ArrayLike) -> NDArray[np.float64]:
        """Logarithm of the probability below x, where scipy's is -inf as well."""
        standard, z = self._standardised(x)
        return standard.log_below(z)

    def logsf(self, x: ArrayLike) -> NDArray[np.float64]:
        """Logarithm of the probability above x."""
        standard, z = self._standardised(x)
        return standard.log_above(z)

    def median(self) -> NDArray[np.float64]:
        """The location."""
        return self._quantile(0.0)

    def interval(
        self, confidence: ArrayLike = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ends of the central interval."""
        tail = 0.5 * (1.0 - np.asarray(confidence))
        return self.ppf(tail), self.isf(tail)

    def rvs(self, size: Any = None, random_state: Any = None) -> NDArray[np.float64]:
        """Random numbers."""
        (freedom,) = self.args
        normal = np.isinf(freedom)
        if not np.any(normal):
            return super().rvs(size, random_state)
        where = {**self.kwds, "size": size, "random_state": random_state}
        return np.where(
            normal,
            stats.norm.rvs(**where),
            stats.t.rvs(np.where(normal, 1.0, freedom), **where),
        )
