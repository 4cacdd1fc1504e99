"""The Gaussian prior on the coefficients of the mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class CoefficientPrior:
    r"""Independent normal priors, :math:`b_j \sim N(0, \sigma^2 / \alpha_j)`.

    Attributes
    ----------
    precision : ndarray of shape (p,)
        The :math:`\alpha_j`, in units of the noise. Zero: a flat prior. Infinite: a
        coefficient of zero.
    """

    precision: np.ndarray

    @classmethod
    def of(cls, alpha: ArrayLike, n_features: int) -> CoefficientPrior:
        """From one alpha, or one for each of the columns."""
        return cls(np.broadcast_to(np.asarray(alpha, dtype=float), n_features))

    @property
    def exists(self) -> bool:
        """Whether any coefficient has one."""
        return bool(self.precision.any())

    @property
    def flat(self) -> np.ndarray:
        """Mask (p,) of the coefficients without one."""
        return self.precision == 0

    @property
    def dropped(self) -> np.ndarray:
        """Mask (p,) of the coefficients that it leaves at zero."""
        return np.isinf(self.precision)

    @property
    def finite(self) -> np.ndarray:
        """The precisions (p,), zero where infinite: what zero coefficients cost."""
        return np.where(self.dropped, 0.0, self.precision)

    def penalty(self, fit_intercept: bool) -> np.ndarray:
        """Precision (q, 1) of the parameters of the mean; the intercept has none."""
        return np.append(np.zeros(int(fit_intercept)), self.finite)[:, None]
