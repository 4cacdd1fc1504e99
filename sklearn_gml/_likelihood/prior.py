"""The Gaussian prior on the coefficients of the mean."""

from __future__ import annotations

from collections.abc import Sequence
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
    alpha : float or ndarray of shape (g,)
        The same as the user sees it: of all coefficients, or of each group.
    """

    precision: np.ndarray
    alpha: np.float64 | np.ndarray

    @classmethod
    def of(
        cls, alpha: ArrayLike | CoefficientPrior, n_features: int
    ) -> CoefficientPrior:
        """From one alpha, or one for each of the columns; a prior as it is."""
        if isinstance(alpha, CoefficientPrior):
            return alpha
        values = np.asarray(alpha, dtype=float)
        return cls(np.broadcast_to(values, n_features), values[()])

    @classmethod
    def of_groups(
        cls, alpha: ArrayLike, groups: Sequence[np.ndarray] | None, n_features: int
    ) -> CoefficientPrior:
        """From one alpha, or one for each group of columns.

        ``groups`` are positions of columns, None for one group of all of them;
        columns of no group have a flat prior.
        """
        if groups is None:
            return cls.of(alpha, n_features)
        values = np.broadcast_to(np.asarray(alpha, dtype=float), len(groups)).copy()
        precision = np.zeros(n_features)
        for group, value in zip(groups, values, strict=True):
            precision[group] = value
        return cls(precision, values)

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
