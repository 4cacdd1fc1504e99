"""What is known of the parameters of a fit with log-linear noise."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse

from .._data.predictors import NoiseLink, sigma_at
from .._data.span import estimable, outside
from .._data.statistics import GaussianStatistics
from .._likelihood.prior import CoefficientPrior
from .estimates import Covariances, prior_directions

# A variance of log sigma below this is one of a million million rows: normal.
SMALLEST_VARIANCE = 1e-15
# Degrees of freedom, 1 / (2 v), have to be positive where this variance overflows too.
LARGEST_VARIANCE = 1e15


@dataclass(frozen=True, eq=False)
class LogLinearInference(Covariances):
    """Covariances, intervals and distributions of a fit with log-linear noise.

    The methods of :class:`~sklearn_gml._inference.constant.ConstantInference`, from
    the observed information of mean and log sigma together.

    Attributes
    ----------
    statistics : GaussianStatistics
        Of the rows of the fit.
    mean : ndarray of shape (t, q)
        Parameters of the mean, the intercept first if there is one.
    noise : ndarray of shape (t, 1 + m)
        Intercept and coefficients of log sigma.
    data_covariance_roots : ndarray of shape (t, q + 1 + m, r)
        Roots of the inverse information, of the directions that the data determine.
        Where only rows at the floor determine them, of the expected information.
    spans : tuple of ndarray
        Those directions, of the mean and of log sigma.
    positions : ndarray of shape (m,)
        Columns that drive the noise.
    link : NoiseLink
        With the floors of all targets.
    undetermined : ndarray of bool, shape (t, 1 + m)
        Parameters of log sigma that move nothing but rows on the floor.
    n_at_floor : ndarray of shape (t,)
        Rows that the floor holds, by frequency.
    sigma : ndarray of shape (t,)
    fit_intercept : bool
    prior : CoefficientPrior
    flat : int
        Identified parameters of the mean with a flat prior.
    noise_alpha : float
    restricted : bool
    """

    statistics: GaussianStatistics
    mean: np.ndarray
    noise: np.ndarray
    data_covariance_roots: np.ndarray
    spans: tuple
    positions: np.ndarray
    link: NoiseLink
    undetermined: np.ndarray
    n_at_floor: np.ndarray
    sigma: np.ndarray
    fit_intercept: bool
    prior: CoefficientPrior
    flat: int
    noise_alpha: float
    restricted: bool

    @property
    def values(self):
        """Parameters (t, k) in the order of their covariance."""
        return np.hstack([self.mean, self.noise])

    @property
    def determined(self):
        """Whether the information at the fit is positive definite."""
        return not np.isnan(self.data_covariance_roots).any()

    def checked_kind(self, kind):
        """The kind of covariance, or its default; raise if there is no such kind."""
        has_prior = self.prior.exists or self.noise_alpha
        expected = "posterior" if has_prior else "information"
        if kind is None or kind == expected:
            return expected
        raise ValueError(
            f"kind={kind!r} is not available with noise='log-linear' and "
            f"{'a prior' if has_prior else 'no prior'}: use kind={expected!r}, "
            "or noise='constant', whose robust kinds allow for noise of any form."
        )

    def degrees_of_freedom(self, kind, groups=None):
        """Infinite: the normal distribution."""
        return np.inf

    def full_covariances(self, kind, rows=None, groups=None):
        """Covariance (t, k, k) of the parameters of mean and log sigma.

        It holds for combinations that are :meth:`estimable`, and for no others.
        """
        return np.stack(
            [
                covariance_root @ covariance_root.T
                for covariance_root in self.covariance_roots
            ]
        )

    @cached_property
    def covariance_roots(self):
        """Those of the data and the priors' variance of other directions, by target."""
        covariance_roots = []
        for covariance_root, sigma in zip(
            self.data_covariance_roots, self.sigma, strict=True
        ):
            precisions = self._precisions
            extra = linalg.block_diag(
                self._prior_directions(0, precisions[0] / sigma**2),
                self._prior_directions(1, precisions[1]),
            )
            covariance_roots.append(np.hstack([covariance_root, extra]))
        return covariance_roots

    def scaled_roots(self):
        """Covariance roots (k, r) of the parameters, by target."""
        return self.covariance_roots

    @property
    def _precisions(self):
        """Prior precisions of the slopes of mean and log sigma."""
        return self.prior.precision, np.full(len(self.positions), self.noise_alpha)

    @property
    def _n_flat(self):
        """Identified parameters of mean and log sigma with a flat prior."""
        return self.flat, 1 if self.noise_alpha else self.spans[1].shape[1]

    def _prior_directions(self, part, precision):
        span, _, means = self._parts[part]
        return prior_directions(span, precision, self._n_flat[part], means)

    @cached_property
    def _parts(self):
        """Span, columns and their means, of the mean and of log sigma."""
        p = self.statistics.n_features
        means = self.statistics.mean[:p]
        centre = means if self.fit_intercept else np.zeros(p)
        return (
            (self.spans[0], np.arange(p), centre),
            (self.spans[1], self.positions, means[self.positions]),
        )

    def estimable(self, contrasts):
        """Mask (t, h) of the contrasts (h, k) that data or prior determine."""
        q = self.mean.shape[1]
        of_data = self._told(0, contrasts[:, :q]) & self._told(1, contrasts[:, q:])
        at_floor = self.undetermined.astype(float) @ (contrasts[:, q:] != 0).T > 0
        return of_data & ~at_floor

    def _told(self, part, contrasts):
        """Mask (h,) of contrasts of the mean (part 0) or of log sigma (1)."""
        span, columns, means = self._parts[part]
        first = len(span) - len(columns)
        flat = np.flatnonzero(self._precisions[part] == 0)
        return estimable(
            contrasts[:, np.append(np.arange(first), first + flat)],
            self.statistics,
            columns[flat],
            means[flat],
            self._n_flat[part],
        )

    def _outside(self, rows, part):
        """Mask (n,) of the rows whose mean (part 0) or sigma (1) is not identified."""
        span, columns, means = self._parts[part]
        first, flat = len(span) - len(columns), self._precisions[part] == 0
        if self._n_flat[part] == first + np.sum(flat):
            return np.zeros(rows.n_samples, dtype=bool)
        columns, means = columns[flat], means[flat]
        origin = np.zeros_like(self.statistics.origin)
        origin[columns] = means
        factor = self.statistics.about(origin)[first:, 1 + columns]
        return outside(rows, factor, self._n_flat[part] - first, columns, means)

    def sigma_limits(self, level, kind):
        raise ValueError(
            "sigma is no parameter with noise='log-linear': conf_int has those of log "
            "sigma."
        )

    def sigma_profile_limits(self, level):
        return self.sigma_limits(level, None)

    def profile_limits(self, level):
        raise ValueError(
            "method='profile' would have to maximise over the rows again with "
            "noise='log-linear': use method='wald', or likelihood_ratio_test of two "
            "fits."
        )

    def leverage(self, rows):
        """Leverage (n,) or (n, t) of rows, given their sigma."""
        sigma = self._sigma(rows)
        leverage = self._variance_at(rows, 0, self._given_noise()) / sigma**2
        leverage[self._outside(rows, 0) | self._outside(rows, 1)] = np.nan
        return leverage[:, 0] if leverage.shape[1] == 1 else leverage

    def _given_noise(self):
        """Roots of the covariance of the mean for known sigma."""
        q, covariance_roots = self.mean.shape[1], []
        for covariance_root in self.covariance_roots:
            mean, noise = covariance_root[:q], covariance_root[q:]
            if np.isnan(covariance_root).any():
                covariance_roots.append(mean)
                continue
            # What remains of the mean across the directions of the noise.
            directions = linalg.orth(noise.T)
            covariance_roots.append(mean - mean @ directions @ directions.T)
        return covariance_roots

    def influence(self, rows):
        raise ValueError(
            "Standardised residuals and Cook's distance are those of least squares, "
            "not of noise='log-linear': use noise='constant', or leverage."
        )

    def freedom_and_scale(self, rows, kind):
        r"""Of Student's t at rows, both of shape (n, t).

        Of the mean (``"mean"``) it is normal. Of y (``"predictive"``) it has
        :math:`1 / (2 v)` degrees of freedom, v the variance of the linear predictor of
        log sigma(x): with constant noise v is :math:`1 / (2 (n - rank))` under the
        restricted likelihood, and the distribution the exact one.

        Near ``noise_floor`` v is not multiplied by the slope of the link. The slope is
        zero where the floor holds sigma(x), and the smallest sigma of the fit would
        pass for known exactly.
        """
        variance = self._variance_at(rows, 0, self._parts_of_roots(0))
        unknown = self._outside(rows, 0)
        freedom = np.full(variance.shape, np.inf)
        if kind == "predictive":
            unknown |= self._outside(rows, 1)
            variance += self._sigma(rows) ** 2
            log_variance = self._variance_at(rows, 1, self._parts_of_roots(1))
            freedom = 0.5 / np.clip(log_variance, SMALLEST_VARIANCE, LARGEST_VARIANCE)
        variance[unknown] = np.nan
        return freedom, np.sqrt(variance)

    def _parts_of_roots(self, part):
        """Covariance roots of the parameters of the mean (0) or of log sigma (1)."""
        q = self.mean.shape[1]
        return [root[:q] if part == 0 else root[q:] for root in self.covariance_roots]

    def _sigma(self, rows):
        """Sigma (n, t) of rows."""
        sigma = sigma_at(
            rows.X, self.noise[:, 1:], self.noise[:, 0], self.positions, self.link
        )
        return sigma if rows.noise_scale is None else sigma * rows.noise_scale[:, None]

    def _variance_at(self, rows, part, covariance_roots):
        """Variance (n, t) of the mean (part 0) or of log sigma (1) at rows."""
        span, columns, centre = self._parts[part]
        first = len(span) - len(columns)
        variance = np.empty((rows.n_samples, len(covariance_roots)))
        for block in rows.slices(rows.block_rows):
            X = rows.X[block]
            X = (X.toarray() if sparse.issparse(X) else X)[:, columns] - centre
            for target, covariance_root in enumerate(covariance_roots):
                along = X @ covariance_root[first:]
                if first:
                    along += covariance_root[0] + centre @ covariance_root[1:]
                variance[block, target] = np.square(along).sum(axis=1)
        return variance

    @property
    def title(self):
        method = "reml" if self.restricted else "ml"
        return f"Gaussian linear regression, log-linear noise, method={method!r}"

    def figures(self, level, kind):
        """Figures of each target, ready to print."""
        for sigma, n_at_floor in zip(self.sigma, self.n_at_floor, strict=True):
            figures = {"sigma (geometric mean)": f"{sigma:.3g}"}
            if n_at_floor:
                figures["rows at noise_floor"] = f"{n_at_floor:.10g}"
            yield figures

    def notes(self, kind, groups=None):
        """Sentences for the foot of a table."""
        if self.n_at_floor.any():
            yield (
                "Rows at noise_floor: exp(z'c) is below twice the floor of sigma, "
                "which holds sigma(x) above it."
            )
        if self.undetermined.any():
            yield (
                "Parameters of log sigma that move nothing but rows at noise_floor "
                "have no standard error."
            )
        if not self.determined:
            yield (
                "The information at the fit is not positive definite: nothing is known "
                "of how sure the estimates are."
            )
            return
        yield {
            "information": "Standard errors: inverse observed information of mean and "
            "log sigma together; normal.",
            "posterior": "Posterior under the priors of the coefficients, given alpha "
            "and noise_alpha: mode, standard deviation and credible interval by the "
            "curvature at the mode, not a frequentist table; normal.",
        }[kind]
        q = self.mean.shape[1]
        if not (
            self._told(0, np.eye(q)).all()
            and self._told(1, np.eye(self.noise.shape[1])).all()
        ):
            yield (
                "The columns of X are collinear: parameters that depend on directions "
                "which are not identified have no standard error."
            )
