"""What is known of the parameters of a fit with constant noise."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .._data.span import estimable, outside, spans_constant
from .._data.statistics import GaussianStatistics
from .._likelihood.prior import CoefficientPrior
from .._linalg.triangular import EPS, column_norms
from .estimates import (
    Covariances,
    exact_sigma,
    information_sigma,
    prior_directions,
    profile_reach,
    profile_sigma,
)
from .influence import (
    POWERS,
    FittedRows,
    Influence,
    cluster_codes,
    influence,
)

ROBUST = (*POWERS, "cluster")

# Below it, cluster-robust standard errors are known to be too small: Cameron and
# Miller (2015) find some 10 to 20 groups too few even for balanced data.
FEW_CLUSTERS = 10
KINDS = ("classical", "posterior", "information", *ROBUST)

# Residuals of this share of y are rounding errors; fits put sigma at a few eps then.
PERFECT = 32 * EPS

# Alphas of groups that a note names.
SHOWN_ALPHAS = 6

# Residual squares of the same rows agree to far more digits than this, those of
# other rows to none.
SAME_ROWS = 1e-6


@dataclass(frozen=True, eq=False)
class ConstantInference(Covariances):
    """Covariances, intervals and distributions of a fit with constant noise.

    Another noise model has the same methods: ``values``, ``checked_kind``,
    ``degrees_of_freedom``, those of ``Covariances``, ``sigma_limits``,
    ``profile_limits``, ``sigma_profile_limits``, ``leverage``, ``influence``,
    ``freedom_and_scale``, ``title``, ``figures`` and ``notes`` are all that the methods
    of the estimator use.

    Attributes
    ----------
    statistics : GaussianStatistics
        Of the rows of the fit.
    mean : ndarray of shape (t, q)
        Parameters of the mean, the intercept first if there is one.
    data_covariance_root : ndarray of shape (q, r)
        Covariance root of the mean, sigma aside.
    sigma : ndarray of shape (t,)
    rank : int
    fit_intercept : bool
    prior : CoefficientPrior
    flat : int
        Identified parameters of the mean with a flat prior.
    restricted : bool
        Whether sigma has the divisor of the restricted likelihood.
    """

    statistics: GaussianStatistics
    mean: np.ndarray
    data_covariance_root: np.ndarray
    sigma: np.ndarray
    rank: int
    fit_intercept: bool
    prior: CoefficientPrior
    flat: int
    restricted: bool

    @property
    def values(self):
        """Parameters (t, k) in the order of their covariance."""
        return self.mean

    @property
    def freedom(self):
        """Degrees of freedom of ``squares``, NaN if there are none.

        Coefficients with a prior take none: what they explain is noise of known size
        to them.
        """
        freedom = self.statistics.sum_weights - self.flat
        return freedom if freedom > 0 else np.nan

    @property
    def determined(self):
        """Whether degrees of freedom are left to learn the noise from."""
        return bool(np.isfinite(self.freedom))

    @property
    def divisor(self):
        """What the squares were divided by for sigma^2."""
        return self.freedom if self.restricted else self.statistics.sum_weights

    @property
    def squares(self):
        """Residual sum of squares (t,), plus ``sum_j alpha_j b_j^2``."""
        return self.divisor * self.sigma**2

    @property
    def variance(self):
        """Variance (t,) of the noise, as predictions and standard errors take it.

        The unbiased one with alpha = 0, the fitted one with a prior.
        """
        known = np.isfinite(self.freedom)
        variance = self.sigma**2 if self.prior.exists else self.squares / self.freedom
        return variance if known else np.full_like(self.sigma, np.nan)

    @cached_property
    def centre(self):
        """A point (p,) whose mean is identified: zero without an intercept."""
        n_features = self.statistics.n_features
        if self.fit_intercept:
            return self.statistics.mean[:n_features]
        return np.zeros(n_features)

    @cached_property
    def covariance_root(self):
        """With the variance of the prior in directions without data."""
        root = self.data_covariance_root
        extra = prior_directions(root, self.prior.precision, self.flat, self.centre)
        return np.hstack([root, extra]) if extra.size else root

    def scaled_roots(self):
        """Covariance roots (q, r) of the parameters, sigma included, by target."""
        return [self.covariance_root * scale for scale in np.sqrt(self.variance)]

    def estimable(self, contrasts):
        """Mask (t, h) of the contrasts (h, q) that data or prior determine."""
        columns = np.flatnonzero(self.prior.flat)
        first = int(self.fit_intercept)
        known = estimable(
            contrasts[:, np.append(np.arange(first), first + columns)],
            self.statistics,
            columns,
            self.centre[columns],
            self.flat,
        )
        return np.tile(known, (len(self.sigma), 1))

    @property
    def explained(self):
        """R^2 (t,) of each target, about zero where the model has no constant.

        R has it about zero without an intercept, statsmodels about the mean if columns
        add up to a constant: then the model contains the mean, and R^2 about zero would
        credit it with that.
        """
        statistics, slopes = self.statistics, self.mean[:, int(self.fit_intercept) :]
        targets = slice(1 + statistics.n_features, None)
        factor = statistics.factor[1:, targets]
        if not (self.fit_intercept or spans_constant(statistics)):
            factor = statistics.about(np.zeros_like(statistics.origin))[:, targets]
        total = column_norms(factor) ** 2
        left = self.squares - slopes**2 @ self.prior.finite
        return 1.0 - left / np.where(total > 0, total, np.nan)

    def checked_kind(self, kind):
        """``kind``, or the default; raises for what is not defined."""
        if kind is None:
            return "posterior" if self.prior.exists else "classical"
        if kind not in KINDS:
            allowed = ", ".join(repr(known) for known in KINDS)
            raise ValueError(f"kind must be one of {allowed} or None, got {kind!r}.")
        if self.prior.exists and kind not in ("posterior", "information"):
            raise ValueError(
                f"kind={kind!r} describes least squares, not alpha={self.prior.alpha}: "
                "use kind='posterior' or alpha=0."
            )
        if kind == "posterior" and not self.prior.exists:
            raise ValueError(
                "kind='posterior' needs a prior on the coefficients: use "
                "kind='classical' or alpha > 0."
            )
        return kind

    def degrees_of_freedom(self, kind, groups=None):
        """Of Student's t; infinite for the normal distribution.

        Of G clusters it is G - 1: Cameron and Miller (2015), section VI.
        """
        if kind == "cluster":
            return cluster_codes(groups)[1] - 1.0
        return self.freedom if kind in ("classical", "posterior") else np.inf

    def full_covariances(self, kind, rows=None, groups=None):
        """Covariance (t, q, q) of the parameters of the mean.

        It holds for combinations that are :meth:`estimable`, and for no others.
        """
        if kind in ROBUST:
            return self._sandwich(kind, rows, groups)
        variance = self.sigma**2 if kind == "information" else self.variance
        if not self.determined:
            variance = np.full_like(variance, np.nan)
        return self.covariance_root @ self.covariance_root.T * variance[:, None, None]

    def _sandwich(self, kind, rows, groups):
        seen = self.seen(rows)
        self._check_rows(seen)
        n, adjustment = self.statistics.sum_weights, 1.0
        if kind == "cluster":
            codes, count = cluster_codes(groups)
            if count < 2:
                raise ValueError(
                    f"groups has {count} group: kind='cluster' needs two at least."
                )
            scores = seen.cluster_scores(codes, count)
            adjustment = count / (count - 1.0) * (n - 1.0) / self.freedom
        else:
            scores = seen.robust_scores(kind)
            if kind == "HC1":
                adjustment = n / self.freedom
        if not np.isfinite(self.freedom):
            adjustment = np.nan
        root = scores @ self.covariance_root.T
        return adjustment * (root.transpose(0, 2, 1) @ root)

    def _check_rows(self, seen):
        """Raise unless the rows are those of the fit."""
        weights, squares = seen.rows.sum_frequencies, seen.residual_squares()
        same = abs(weights - self.statistics.sum_weights) <= SAME_ROWS * weights
        # Residuals of a perfect fit are rounding errors, never twice the same.
        rounding = (PERFECT * self._norms[1 + self.statistics.n_features :]) ** 2
        allowed = SAME_ROWS * self.squares + rounding
        if not same or np.any(np.abs(squares - self.squares) > allowed):
            raise ValueError(
                "These are not the rows of the fit: pass the X, y, sample_weight and "
                "noise_scale that it was given. They have sum of weights "
                f"{weights:g} and residual squares {squares}, the fit "
                f"{self.statistics.sum_weights:g} and {self.squares}."
            )

    def sigma_limits(self, level, kind):
        """Limits (t, 2) of sigma, NaN without degrees of freedom."""
        if kind in ROBUST:
            raise ValueError(
                f"kind={kind!r} says nothing of sigma: use kind='classical' or "
                "'information'."
            )
        if not np.isfinite(self.freedom):
            return np.full((len(self.sigma), 2), np.nan)
        if kind == "information":
            return np.outer(self.sigma, information_sigma(level, self.divisor))
        return np.outer(np.sqrt(self.squares), exact_sigma(level, self.freedom))

    def profile_limits(self, level):
        """Limits (t, q, 2) of the parameters of the mean by likelihood ratios."""
        self._check_profile()
        if not np.isfinite(self.freedom):
            return np.full((*self.mean.shape, 2), np.nan)
        degrees = self.freedom + 1.0 if self.restricted else self.divisor
        variances = np.diagonal(self.covariances("classical"), axis1=1, axis2=2)
        reach = profile_reach(level, self.freedom, degrees) * np.sqrt(variances)
        return np.stack([self.mean - reach, self.mean + reach], axis=2)

    def sigma_profile_limits(self, level):
        """Limits (t, 2) of sigma by ratios of restricted likelihoods."""
        self._check_profile()
        if not np.isfinite(self.freedom):
            return np.full((len(self.sigma), 2), np.nan)
        return np.outer(np.sqrt(self.variance), profile_sigma(level, self.freedom))

    def _check_profile(self):
        if self.prior.exists:
            raise ValueError(
                f"method='profile' is defined by the likelihood alone, not with the "
                f"prior of alpha={self.prior.alpha}: use method='wald' or alpha=0."
            )

    def seen(self, rows):
        """The rows, those of the fit or others, through its factor."""
        mean = (
            self.mean.T if rows.y.shape[1] else np.empty((len(self.covariance_root), 0))
        )
        return FittedRows(rows, self.covariance_root, mean, self._cancellation)

    @cached_property
    def _cancellation(self):
        """How much larger than leverages and residuals the terms are."""
        norms, split = self._norms, 1 + self.statistics.n_features
        columns = norms[1 - self.fit_intercept : split]
        white = np.sqrt((columns**2 @ self.covariance_root**2).max(initial=0.0))
        residual = np.sqrt(self.statistics.sum_weights) * self.sigma
        return max(white, (norms[split:] / residual).max())

    @cached_property
    def _norms(self):
        """Norms of the columns of ``[1 X y]`` about zero."""
        return column_norms(
            self.statistics.about(np.zeros_like(self.statistics.origin))
        )

    @property
    def perfect(self):
        """Whether some target has no residuals beyond rounding errors."""
        norms = self._norms[1 + self.statistics.n_features :]
        residual = np.sqrt(self.statistics.sum_weights) * self.sigma
        return np.any(residual <= PERFECT * norms)

    def leverage(self, rows):
        """Leverage (n,) of rows, NaN where the data do not identify the mean."""
        leverage, _ = self.seen(rows).leverage_and_residuals()
        first, columns = int(self.fit_intercept), np.flatnonzero(self.prior.flat)
        if self.flat < first + len(columns):
            origin = np.zeros_like(self.statistics.origin)
            origin[columns] = self.centre[columns]
            factor = self.statistics.about(origin)[first:, 1 + columns]
            unknown = outside(
                rows, factor, self.flat - first, columns, self.centre[columns]
            )
            leverage[unknown] = np.nan
        return leverage

    def influence(self, rows):
        """The :class:`Influence` of rows of the fit."""
        leverage, residuals = self.seen(rows).leverage_and_residuals()
        measures = influence(
            leverage, residuals, self.squares, freedom=self.freedom, rank=self.rank
        )
        return Influence(leverage, *measures)

    def freedom_and_scale(self, rows, kind):
        """Of Student's t at rows, of y (``"predictive"``) or its mean (``"mean"``).

        One number of degrees of freedom and a scale (n, t), NaN where the data do not
        determine it.
        """
        # Of the mean: the noise of the row does not matter.
        share = self.leverage(replace(rows, noise_scale=None))
        if kind == "predictive":
            share += 1.0 if rows.noise_scale is None else rows.noise_scale**2
        return self.freedom, np.sqrt(np.multiply.outer(share, self.variance))

    @property
    def title(self):
        method = "reml" if self.restricted else "ml"
        return f"Gaussian linear regression, constant noise, method={method!r}"

    def figures(self, level, kind):
        """Figures of each target, ready to print."""
        robust = kind in ROBUST
        limits = self.sigma_limits(level, "classical" if robust else kind)
        for sigma, (low, high), s, share in zip(
            self.sigma, limits, np.sqrt(self.variance), self.explained, strict=True
        ):
            figures = {"sigma": f"{sigma:.3g}"}
            if np.isfinite(low) and not robust:
                figures["sigma"] += f" ({low:.3g} to {high:.3g})"
            if kind == "classical" and np.isfinite(s):
                figures["s"] = f"{s:.3g}"
            if np.isfinite(share):
                figures["R^2"] = f"{share:.3f}"
            yield figures

    def notes(self, kind, groups=None):
        """Sentences for the foot of a table."""
        if not np.isfinite(self.freedom):
            yield (
                "No rows are left to learn the noise from: nothing is known of how "
                "sure the estimates are."
            )
            return
        if self.perfect:
            yield (
                "The model reproduces y to the last digit: sigma and all that follows "
                "from it describe arithmetic, not noise."
            )
        if kind == "cluster":
            yield from _cluster_notes(cluster_codes(groups)[1], self.rank)
        else:
            yield self._kind_note(kind)
        n_flat = self.fit_intercept + int(np.sum(self.prior.flat))
        if n_flat > self.flat:
            yield (
                f"The columns of X are collinear: {n_flat - self.flat} of "
                f"{n_flat} directions are not "
                "identified, and parameters that depend on them "
                "have no standard error."
            )

    def _kind_note(self, kind):
        freedom = f"Student t with {self.freedom:g} degrees of freedom"
        return {
            "classical": "Standard errors: classical, s^2 (X'X)^-1 with "
            f"s^2 = RSS / (n - rank); {freedom}.",
            "posterior": "Posterior of the coefficients under their prior "
            f"N(0, sigma^2 / {_shown(self.prior.alpha)}), given alpha: mean, standard "
            f"deviation and credible interval, not a frequentist table; {freedom}.",
            "information": "Standard errors: inverse information at the maximum; "
            "normal.",
        }.get(kind, f"Standard errors: robust ({kind}); normal.")


def _cluster_notes(count, rank):
    """Sentences on standard errors of so many clusters."""
    yield (
        f"Standard errors: robust, summed within {count} groups; Student t with "
        f"{count - 1} degrees of freedom."
    )
    if count < FEW_CLUSTERS or count <= rank:
        yield (
            f"{count} groups are few for {rank} parameters of the mean: these standard "
            "errors tend to be too small."
        )


def _shown(alpha):
    """One alpha, or those of groups, as text."""
    if np.ndim(alpha) == 0:
        return f"{alpha:g}"
    first = ", ".join(f"{value:g}" for value in alpha[:SHOWN_ALPHAS])
    more = ", ..." if len(alpha) > SHOWN_ALPHAS else ""
    return f"alpha) with alpha = ({first}{more}"
