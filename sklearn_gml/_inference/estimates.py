"""Covariances, tests and intervals of parameters.

Nothing here depends on an estimator or on rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

# Smaller p-values are shown as being smaller: the digits of numbers near the end of
# the range, or a zero, would tell nothing.
TINY = 1e-300


@dataclass(frozen=True, eq=False)
class ParameterEstimates:
    """Parameters of one target, with their covariance.

    Intervals, tests and tables of every noise model and every kind of covariance are
    made from it.

    Attributes
    ----------
    names : tuple of str
    values : ndarray of shape (k,)
    covariance : ndarray of shape (k, k)
        NaN for parameters that are not identified.
    degrees_of_freedom : float
        Of Student's t; infinity stands for the normal distribution.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    degrees_of_freedom: float = np.inf

    @cached_property
    def standard_errors(self) -> NDArray[np.float64]:
        # Variances of zero may be negative by rounding.
        return np.sqrt(np.maximum(np.diagonal(self.covariance), 0.0))

    @property
    def distribution(self) -> Any:
        """Distribution of the standardised parameters."""
        if np.isinf(self.degrees_of_freedom):
            return stats.norm()
        return stats.t(self.degrees_of_freedom)

    @property
    def statistics(self) -> NDArray[np.float64]:
        """Estimate over standard error."""
        # Estimates of no variance are infinitely far from zero.
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.values / self.standard_errors

    @property
    def pvalues(self) -> NDArray[np.float64]:
        """Of the hypotheses that the parameters are zero, one by one, two-sided."""
        return 2.0 * self.distribution.sf(np.abs(self.statistics))

    def interval(self, level: float) -> NDArray[np.float64]:
        """Confidence limits, shape (k, 2)."""
        reach = self.distribution.isf(0.5 * (1.0 - level)) * self.standard_errors
        return np.column_stack([self.values - reach, self.values + reach])


class Covariances(ABC):
    """Covariances of parameters and of contrasts, NaN for what is not estimable."""

    @property
    @abstractmethod
    def values(self) -> NDArray[np.float64]:
        """Parameters (t, k)."""

    @abstractmethod
    def full_covariances(
        self, kind: str, rows: Any = None, groups: Any = None
    ) -> NDArray[np.float64]:
        """Covariances (t, k, k), which hold for estimable contrasts only."""

    @abstractmethod
    def estimable(self, contrasts: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mask (t, h) of the contrasts (h, k) that data or prior determine."""

    def covariances(
        self, kind: str, rows: Any = None, groups: Any = None
    ) -> NDArray[np.float64]:
        """Covariances (t, k, k) of the parameters."""
        matrices = self.full_covariances(kind, rows, groups)
        return _masked(matrices, self.estimable(np.eye(self.values.shape[1])))

    def contrast_covariances(
        self,
        contrasts: NDArray[np.float64],
        kind: str,
        rows: Any = None,
        groups: Any = None,
    ) -> NDArray[np.float64]:
        """Covariances (t, h, h) of contrasts (h, k) of the parameters."""
        matrices = self.full_covariances(kind, rows, groups)
        used = contrasts.any(axis=0)
        part = contrasts[:, used]
        return _masked(
            part @ matrices[:, used][:, :, used] @ part.T, self.estimable(contrasts)
        )


def _masked(
    matrices: NDArray[np.float64], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    return np.where(known[:, :, None] & known[:, None], matrices, np.nan)


@dataclass(frozen=True, eq=False)
class HypothesisTest:
    """Result of a test.

    Attributes
    ----------
    statistic : float or ndarray of shape (t,)
    pvalue : float or ndarray of shape (t,)
        Probability of a larger statistic under the hypothesis.
    distribution : {"F", "chi2"}
        What the statistic is compared with.
    degrees_of_freedom : tuple of float
        Of that distribution: two for F, one for chi2.
    """

    statistic: float | NDArray[np.float64]
    pvalue: float | NDArray[np.float64]
    distribution: str
    degrees_of_freedom: tuple[float, ...]

    def __str__(self) -> str:
        freedom = ", ".join(f"{value:g}" for value in self.degrees_of_freedom)
        pairs = zip(
            np.atleast_1d(self.statistic), np.atleast_1d(self.pvalue), strict=True
        )
        return "\n".join(
            f"{self.distribution}({freedom}) = {statistic:.4g}, "
            + (f"p < {TINY:g}" if pvalue < TINY else f"p = {pvalue:.2g}")
            for statistic, pvalue in pairs
        )


def is_profile(method: str, kind: str | None) -> bool:
    """Whether an interval is one of the profile likelihood; raise for others."""
    if method == "wald":
        return False
    if method != "profile":
        raise ValueError(f"method must be 'wald' or 'profile', got {method!r}.")
    if kind is not None:
        raise ValueError(
            f"kind={kind!r} belongs to method='wald': a profile needs no "
            "covariance. Use kind=None."
        )
    return True


def check_level(level: float) -> None:
    """Raise unless ``level`` is the probability of an interval."""
    if not 0.0 < level < 1.0:
        raise ValueError(
            f"level must lie between 0 and 1, got {level!r}; 0.95 is usual."
        )


def prior_directions(
    covariance_root: NDArray[np.float64],
    precision: NDArray[np.float64],
    n_flat: int,
    centre: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Covariance root of the directions that only the prior determines.

    Of more columns than rows, the factor of a posterior has only the directions that
    rows determine: those of the columns of a flat prior, then those of the others,
    divided by the root of their precision. The rest has the variance of the prior.

    Parameters
    ----------
    covariance_root : ndarray of shape (q, r)
    precision : ndarray of shape (p,)
        Of the prior, zero where it is flat.
    n_flat : int
        Columns of the root that belong to flat priors, the intercept's included.
    centre : ndarray of shape (p,)
        Where the mean does not depend on those directions.

    Returns
    -------
    ndarray of shape (q, k)
        More columns of the covariance root; none where there are no such directions.
    """
    q, p = len(covariance_root), len(precision)
    pulled = np.isfinite(precision) & (precision > 0)
    if covariance_root.shape[1] == n_flat + np.sum(pulled) or not pulled.any():
        return np.empty((q, 0))
    scale = np.sqrt(precision[pulled])[:, None]
    basis, _ = np.linalg.qr(scale * covariance_root[q - p :][pulled, n_flat:])
    empty = np.zeros((p, len(basis)))
    empty[pulled] = (np.eye(len(basis)) - basis @ basis.T) / scale
    return np.vstack([-centre @ empty, empty])[-q:]


def profile_reach(level: float, freedom: float, degrees: float) -> float:
    r"""Half the length of a profile-likelihood interval, in standard errors.

    With sigma (and the other coefficients) at its maximum for every value of a
    coefficient, twice the log-likelihood falls by
    :math:`m \log(1 + t^2 / \nu)` at t standard errors (classical ones, of
    :math:`\nu` degrees of freedom) from the estimate, and the interval ends where that
    is the quantile of chi2(1). m is n; with the other coefficients integrated out, as
    the restricted likelihood does, it is :math:`\nu + 1`.
    """
    quantile = stats.chi2.ppf(level, 1)
    return np.sqrt(freedom * np.expm1(quantile / degrees))


def profile_sigma(level: float, freedom: float) -> NDArray[np.float64]:
    r"""Limits of a profile-likelihood interval for sigma, over s.

    The coefficients integrated out, twice the restricted log-likelihood falls by
    :math:`\nu (\log(\sigma^2 / s^2) + s^2 / \sigma^2 - 1)` from its maximum at s. In
    :math:`q = s^2 / \sigma^2` the end is :math:`q - 1 - \log q = c / \nu`, which the
    two real branches of Lambert's W solve.
    """
    quantile = stats.chi2.ppf(level, 1)
    argument = -np.exp(-1.0 - quantile / freedom)
    ratio = -special.lambertw(argument, [-1, 0]).real
    return 1.0 / np.sqrt(ratio)


def exact_sigma(level: float, freedom: float) -> NDArray[np.float64]:
    """Limits for sigma over ``sqrt(squares)``, as squares / sigma^2 is chi-square."""
    tail = 0.5 * (1.0 - level)
    quantiles = stats.chi2.isf([tail, 1.0 - tail], freedom)
    return 1.0 / np.sqrt(quantiles)


def information_sigma(level: float, degrees: float) -> NDArray[np.float64]:
    """Limits for sigma over its estimate: log sigma is normal, variance 1 / (2 m)."""
    reach = stats.norm.isf(0.5 * (1.0 - level)) / np.sqrt(2.0 * degrees)
    return np.exp([-reach, reach])
