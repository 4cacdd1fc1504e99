"""Two fitted models of the same data, compared by their likelihoods."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from scipy import stats
from sklearn.utils.validation import check_is_fitted

from .._data.statistics import GaussianStatistics
from .._distributions.predict_dist import innermost
from .._linalg.triangular import column_norms
from .estimates import HypothesisTest
from .fit import Fit
from .nesting import Nesting, check_nested

# What is known of the same y differs by the rounding errors of two factors.
SAME_DATA = 1e-8

# A larger model may lose this much log-likelihood to rounding, relative to its size.
LOST_TO_ROUNDING = 1e-10


def likelihood_ratio_test(restricted: Any, full: Any) -> HypothesisTest:
    """Test of a model against a larger one that contains it.

    Twice the gain in log-likelihood is asymptotically chi-square if the smaller
    model is true, with as many degrees of freedom as the larger one has parameters
    more (Wilks 1938).

    Parameters
    ----------
    restricted, full : GaussianMLRegressor
        Fitted to the same rows with the same ``method``; pipelines, searches and
        transformed targets around one will do. ``full`` has the columns of
        ``restricted`` and more (up to units and, with an intercept, constants), and
        what drives the noise of ``restricted`` drives its own.

    Returns
    -------
    HypothesisTest
        ``statistic``, ``pvalue`` and ``degrees_of_freedom``.

    Raises
    ------
    TypeError
        For other models.
    ValueError
        With the reason, unless the statistics of the two fits prove that the models
        are of the same data and nested. Columns are recognised by their means, norms
        and products with y and each other, those of the same name first; combinations
        of columns of ``full``, however, are refused, as nothing tells of them without
        the rows. The data are told apart by number, weights, noise scales, mean and
        spread of y. Also for ``alpha > 0`` and ``positive=True``, a likelihood
        without a maximum, and rows at ``noise_floor``, where the gain is not
        chi-square. With ``method="reml"``, for different columns of the mean.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_gml import GaussianMLRegressor, likelihood_ratio_test
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> small = GaussianMLRegressor().fit(X[["bmi", "bp"]], y)
    >>> full = GaussianMLRegressor().fit(X[["bmi", "bp", "s5", "age"]], y)
    >>> print(likelihood_ratio_test(small, full))
    chi2(2) = 66.95, p = 2.9e-15
    """
    one, other = _fit_of("restricted", restricted), _fit_of("full", full)
    _check_comparable(one, other)
    freedom = other.n_parameters - one.n_parameters
    if freedom <= 0:
        raise ValueError(
            f"full must have more parameters than restricted, got {other.n_parameters} "
            f"and {one.n_parameters}: pass the smaller model first."
        )
    nesting = check_nested(one, other)
    if one.settings.restricted:
        gain = _restricted_gain(one, other, nesting)
    else:
        gain = other.loglik - one.loglik
    if gain < -LOST_TO_ROUNDING * abs(other.loglik):
        raise ValueError(
            f"full has a log-likelihood {-gain:.3g} lower than restricted, which it "
            "contains: it is not at its maximum. Increase max_iter or decrease tol."
        )
    statistic = 2.0 * max(gain, 0.0)
    pvalue = float(stats.chi2.sf(statistic, freedom))
    return HypothesisTest(statistic, pvalue, "chi2", (freedom,))


def _fit_of(name: str, model: Any) -> Fit:
    """The fit of a model, if it has a likelihood that can be compared."""
    if hasattr(model, "fit"):
        check_is_fitted(model)
    inner = innermost(model)
    fit = getattr(inner, "_fit", None)
    if not isinstance(fit, Fit):
        raise TypeError(
            f"{name} must be a fitted GaussianMLRegressor, or a pipeline, a search or "
            f"a transformed target around one, got {type(inner).__name__}."
        )
    has_prior = {"alpha": fit.prior.exists, "noise_alpha": fit.settings.noise_alpha}
    for parameter, allowed in (("alpha", 0), ("noise_alpha", 0), ("positive", False)):
        value = getattr(fit.settings, parameter)
        if has_prior.get(parameter, value):
            raise ValueError(
                f"{name} has {parameter}={value!r}, for which twice the gain in "
                f"log-likelihood is not chi-square: use {parameter}={allowed!r}."
            )
    if fit.statistics is None:
        raise ValueError(
            f"{name} has no statistics_ to tell which data it was fitted to: sparse X "
            "of so many columns is fitted without. Use fewer columns or dense X."
        )
    if fit.degenerate:
        raise ValueError(
            f"The likelihood of {name} has no maximum, as its fit has warned, and its "
            "value means nothing: use fewer columns of mean or noise, or more rows."
        )
    if fit.varies and fit.n_at_floor.any():
        raise ValueError(
            f"noise_floor holds the sigma of {fit.n_at_floor.sum():.10g} rows of "
            f"{name}: its maximum lies at a bound, where twice the gain in "
            "log-likelihood is not chi-square. Use fewer noise_columns, or compare the "
            "models by loglik_scorer in cross-validation."
        )
    return fit


def _check_comparable(restricted: Fit, full: Fit) -> None:
    """Raise for other methods, limits or data."""
    if restricted.settings.method != full.settings.method:
        raise ValueError(
            f"restricted has method={restricted.settings.method!r} and full "
            f"{full.settings.method!r}: fit both with the same method."
        )
    if (restricted.counts, restricted.settings.limits) != (
        full.counts,
        full.settings.limits,
    ):
        raise ValueError(
            "What is known of y differs between restricted and full (censoring, "
            "truncation, y_lower or y_upper): fit both with the same limits."
        )
    if restricted.n_targets != full.n_targets:
        raise ValueError("The models were fitted to different numbers of targets.")
    for (what, one, unit), (_, other, _) in zip(
        _data(restricted), _data(full), strict=True
    ):
        if np.any(np.abs(one - other) > SAME_DATA * unit):
            raise ValueError(
                f"The models were fitted to different data: the {what} is {one} for "
                f"restricted and {other} for full."
            )


def _restricted_gain(restricted: Fit, full: Fit, nesting: Nesting) -> float:
    """Gain in restricted log-likelihood, columns in the same units.

    It has minus half the log-determinant of the information of the mean, in which
    a factor of a column is one of the likelihood.
    """
    same_size = restricted.n_features == full.n_features
    same_intercept = restricted.settings.fit_intercept == full.settings.fit_intercept
    found = len(set(nesting.places) - {-1}) == np.sum(nesting.places >= 0)
    if not (same_size and same_intercept and found):
        raise ValueError(
            "Restricted likelihoods of different mean columns are likelihoods of "
            "different contrasts and cannot be compared: fit both with method='ml'."
        )
    n_columns = full.settings.fit_intercept + full.n_features
    if full.rank < n_columns and abs(nesting.log_scale) > SAME_DATA:
        raise ValueError(
            "Restricted likelihoods of collinear columns depend on their units, which "
            "differ: fit both models to the same columns."
        )
    log_scale = full.n_targets * nesting.log_scale
    one, other = (cast(float, fit.restricted_loglik) for fit in (restricted, full))
    return other - one + log_scale


def _data(fit: Fit) -> tuple[tuple[str, Any, Any], ...]:
    """What can be told of the rows without the columns of X: name, value, unit."""
    statistics = cast(GaussianStatistics, fit.statistics)
    weights, size = statistics.sum_weights, statistics.factor[0, 0]
    mean = statistics.mean[statistics.n_features :]
    spread = column_norms(statistics.factor[1:, 1 + statistics.n_features :])
    norm = np.hypot(spread, size * mean)
    return (
        ("number of rows", statistics.n_samples, 0.0),
        ("sum of sample_weight", weights, weights),
        ("sum of log(noise_scale)", statistics.log_scale, weights),
        ("mean of y", mean, norm / size),
        ("norm of y about its mean", spread, norm),
    )
