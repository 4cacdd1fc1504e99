"""What a fit has learned, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from math import log
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._data.limits import Pair, checked_pair
from .._data.predictors import NoiseLink, prior_positions
from .._data.statistics import GaussianStatistics
from .._likelihood.estimate import Estimate
from .._likelihood.prior import CoefficientPrior
from .censored import RowCounts


@dataclass(frozen=True)
class FitSettings:
    """Parameters of the estimator at the time of the fit, whatever was set since."""

    fit_intercept: bool
    alpha: float | str | ArrayLike
    prior_groups: Any
    noise: str
    noise_alpha: float
    noise_floor: float
    covariance: str
    censoring: Any
    truncation: Any
    method: str
    positive: bool
    solver: str
    max_iter: int
    tol: float
    #: parameters that another makes meaningless: name, value, and that other
    ignored: tuple[tuple[str, Any, str], ...] = ()

    @classmethod
    def of(cls, estimator: Any) -> FitSettings:
        """The parameters of an estimator; those of noise that it has not are zero."""
        names = [field.name for field in fields(cls) if field.name != "ignored"]
        values = {name: getattr(estimator, name) for name in names}
        ignored = []
        if values["noise"] == "constant":
            noise_columns = getattr(estimator, "noise_columns", None)
            if noise_columns is not None:
                ignored.append(("noise_columns", noise_columns, "noise='constant'"))
            if values["noise_alpha"]:
                value = values["noise_alpha"]
                ignored.append(("noise_alpha", value, "noise='constant'"))
            values["noise_alpha"] = values["noise_floor"] = 0.0
        if values["prior_groups"] is not None and np.all(values["alpha"] == 0):
            ignored.append(("prior_groups", values["prior_groups"], "alpha=0"))
        return cls(**values, ignored=tuple(ignored))

    def of_columns(self, X: Any) -> FitSettings:
        """The same with ``prior_groups`` as positions of columns.

        ``X`` is what the user gave to ``fit``, or statistics.
        """
        return replace(self, prior_groups=prior_positions(self.prior_groups, X))

    @property
    def by_evidence(self) -> bool:
        """Whether alpha is to be found."""
        return isinstance(self.alpha, str)

    @property
    def limits(self) -> tuple[Pair, Pair]:
        """Those of ``censoring`` and of ``truncation``."""
        return (
            checked_pair("censoring", self.censoring),
            checked_pair("truncation", self.truncation),
        )

    @property
    def restricted(self) -> bool:
        """Whether the restricted likelihood is maximised."""
        return self.method == "reml"


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model: parameters, their covariance roots, and counts.

    ``fit``, ``partial_fit``, ``fit_statistics`` and Dask produce it alike. The public
    attributes of the estimator are set from it, and everything that is reported of
    the fit is read from it.

    Attributes
    ----------
    settings : FitSettings
    statistics : GaussianStatistics, or None
        None for wide sparse rows.
    n_features : int
    feature_names : tuple of str, or None
    vector_target : bool
        Whether y was one-dimensional.
    estimates : tuple of Estimate
        One for all targets with constant noise, one for each with log-linear noise
        and where y is known in part.
    noise_positions : ndarray of int, or None
        Columns that drive log-linear noise. None with constant noise.
    prior : CoefficientPrior
        Of the slopes of the mean.
    rank : int
        Identified parameters of the mean, the intercept included.
    flat : int
        Those of them that have a flat prior.
    effective_degrees : ndarray of shape (t,)
        Of the mean: the trace of the hat matrix.
    n_parameters : float
        Parameters of all targets as AIC and BIC count them.
    sum_weights : float
    loglik : float
    restricted_loglik : float, or None
    log_evidence : float, or None
        Where the coefficients have a prior and the noise is constant.
    n_iter : int
    counts : tuple of RowCounts, or None
        Rows of each target by what is known of y, where it is not always known.
    degenerate : bool
        Whether the likelihood has no maximum.
    messages : tuple of (warning class, str)
        What the user is warned of.
    apart : tuple of Fit
        The fits of single targets, where each has an alpha of its own.
    target_names : tuple of str, or None
        Columns of y, where it was a data frame.
    """

    settings: FitSettings
    statistics: GaussianStatistics | None
    n_features: int
    feature_names: tuple[str, ...] | None
    vector_target: bool
    estimates: tuple[Estimate, ...]
    noise_positions: NDArray[np.intp] | None
    prior: CoefficientPrior
    rank: int
    flat: int
    effective_degrees: NDArray[np.float64]
    n_parameters: float
    sum_weights: float
    loglik: float
    restricted_loglik: float | None
    log_evidence: float | None
    n_iter: int
    counts: tuple[RowCounts, ...] | None = None
    degenerate: bool = False
    messages: tuple[tuple[type[Warning], str], ...] = ()
    apart: tuple[Fit, ...] = ()
    target_names: tuple[str, ...] | None = None

    @classmethod
    def of_targets(cls, fits: Sequence[Fit], statistics: GaussianStatistics) -> Fit:
        """One fit of several targets whose settings differ in alpha."""
        first = fits[0]
        restricted = None
        if first.settings.restricted:
            restricted = sum(fit.restricted_loglik for fit in fits)
        return replace(
            first,
            settings=replace(
                first.settings, alpha=tuple(fit.settings.alpha for fit in fits)
            ),
            statistics=statistics,
            vector_target=statistics.vector_target,
            estimates=tuple(one for fit in fits for one in fit.estimates),
            # Whether there is one at all.
            prior=max((fit.prior for fit in fits), key=lambda prior: prior.exists),
            effective_degrees=np.concatenate([fit.effective_degrees for fit in fits]),
            log_evidence=_sum_if_all(fit.log_evidence for fit in fits),
            n_parameters=sum(fit.n_parameters for fit in fits),
            loglik=sum(fit.loglik for fit in fits),
            restricted_loglik=restricted,
            n_iter=max(fit.n_iter for fit in fits),
            degenerate=any(fit.degenerate for fit in fits),
            messages=tuple(dict.fromkeys(m for fit in fits for m in fit.messages)),
            apart=tuple(fits),
        )

    def _of_targets(self, name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(estimate, name) for estimate in self.estimates])

    @cached_property
    def coef(self) -> NDArray[np.float64]:
        """Slopes of the mean, shape (t, p)."""
        return self._of_targets("coef")

    @cached_property
    def intercept(self) -> NDArray[np.float64]:
        """Shape (t,), zero without an intercept."""
        return self._of_targets("intercept")

    @cached_property
    def sigma(self) -> NDArray[np.float64]:
        """Shape (t,); the geometric mean over the rows with log-linear noise."""
        return self._of_targets("sigma")

    @property
    def n_targets(self) -> int:
        return len(self.sigma)

    @property
    def varies(self) -> bool:
        """Whether some column drives the noise."""
        return self.noise_positions is not None and len(self.noise_positions) > 0

    @cached_property
    def noise_coef(self) -> NDArray[np.float64]:
        """Slopes of log sigma, shape (t, m)."""
        if not self.varies:
            return np.zeros((self.n_targets, 0))
        return self._of_targets("noise_coef")

    @cached_property
    def noise_intercept(self) -> NDArray[np.float64]:
        """Intercepts of log sigma, shape (t,)."""
        return (
            self._of_targets("noise_intercept") if self.varies else np.log(self.sigma)
        )

    @cached_property
    def noise_link(self) -> NoiseLink:
        """From linear predictors of log sigma, shape (n, t), to log sigma."""
        return NoiseLink(self._of_targets("log_noise_floor"))

    @cached_property
    def n_at_floor(self) -> NDArray[np.float64]:
        """Rows that the floor of sigma holds, by frequency, shape (t,)."""
        return self._of_targets("n_at_floor")

    @cached_property
    def undetermined(self) -> NDArray[np.bool_]:
        """Parameters of log sigma that move nothing but such rows, (t, 1 + m)."""
        return self._of_targets("undetermined")

    @property
    def joint(self) -> bool:
        """Whether predictions are joint distributions of several targets."""
        return self.settings.covariance == "full" and not self.vector_target

    @cached_property
    def correlation_root(self) -> NDArray[np.float64]:
        """Upper triangle, its product with itself the correlations of the noise."""
        return self.estimates[0].correlation_root

    @property
    def noise_covariance(self) -> NDArray[np.float64] | None:
        """Covariance matrix of the noise, (t, t); None where it is diagonal."""
        if self.settings.covariance == "diagonal":
            return None
        root = self.correlation_root * self.sigma
        return root.T @ root

    @property
    def mean(self) -> NDArray[np.float64]:
        """Parameters of the mean, shape (t, q), the intercept first if there is one."""
        if self.settings.fit_intercept:
            return np.column_stack([self.intercept, self.coef])
        return self.coef

    @property
    def noise(self) -> NDArray[np.float64]:
        """Parameters of log sigma, shape (t, 1 + m)."""
        return np.column_stack([self.noise_intercept, self.noise_coef])

    @property
    def covariance_roots(self) -> list[NDArray[np.float64] | None]:
        """Those of the estimates."""
        return [estimate.covariance_root for estimate in self.estimates]

    @property
    def aic(self) -> float:
        return -2.0 * self.loglik + 2.0 * self.n_parameters

    @property
    def bic(self) -> float:
        return -2.0 * self.loglik + self.n_parameters * log(self.sum_weights)

    def shown(self, values: NDArray[np.float64]) -> Any:
        """A copy of an array of targets as the user sees it.

        Without its first axis if y was one-dimensional, where a scalar is
        ``numpy.float64``, as in ``LinearRegression``.
        """
        return np.array(values, order="C")[0 if self.vector_target else slice(None)]

    def attributes(self) -> dict[str, Any]:
        """The fitted attributes of the estimator; None for those it has not."""
        varying = self.noise_positions is not None
        names = self.feature_names
        return {
            "coef_": self.shown(self.coef),
            "intercept_": (
                self.shown(self.intercept)
                if self.settings.fit_intercept
                else np.float64(0.0)
            ),
            "sigma_": self.shown(self.sigma),
            "covariance_": self.noise_covariance,
            "noise_coef_": self.shown(self.noise_coef) if varying else None,
            "noise_intercept_": self.shown(self.noise_intercept) if varying else None,
            "noise_features_in_": self.noise_positions,
            "alpha_": self.prior.alpha,
            "edf_": self.effective_degrees[0]
            if self.vector_target or not (self.varies or self.apart)
            else self.effective_degrees,
            "log_evidence_": self.log_evidence,
            "loglik_": self.loglik,
            "restricted_loglik_": self.restricted_loglik,
            "aic_": self.aic,
            "bic_": self.bic,
            "rank_": self.rank,
            "n_iter_": self.n_iter,
            "statistics_": self.statistics,
            "n_features_in_": self.n_features,
            "feature_names_in_": None if names is None else np.array(names, object),
        }

    def parameter_names(
        self, feature_names: Sequence[str] | None = None
    ) -> tuple[str, ...]:
        """Names of the parameters of the mean, then of log sigma."""
        if feature_names is None:
            default = tuple(f"x{column}" for column in range(self.n_features))
            feature_names = self.feature_names or default
        if len(feature_names) != self.n_features:
            raise ValueError(
                f"feature_names has {len(feature_names)} names, but the model was "
                f"fitted to {self.n_features} features."
            )
        names = tuple(str(name) for name in feature_names)
        mean = ("intercept", *names) if self.settings.fit_intercept else names
        if not self.varies and self.counts is None:
            return mean
        columns = self.noise_positions if self.varies else ()
        noise = ("intercept", *(names[position] for position in columns))
        return (*mean, *(f"log sigma: {name}" for name in noise))


def _sum_if_all(values):
    """The sum, or None if one is None."""
    values = list(values)
    return None if any(value is None for value in values) else sum(values)
