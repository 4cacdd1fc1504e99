"""Two fitted models of the same data, compared by their likelihoods."""

import numpy as np
from scipy import stats
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._linalg.triangular import column_norms
from .estimates import HypothesisTest
from .fit import Fit

# What is known of the same y differs by the rounding errors of two factors.
SAME_DATA = 1e-8

# A larger model may lose this much log-likelihood to rounding, relative to its size.
LOST_TO_ROUNDING = 1e-10


def likelihood_ratio_test(restricted, full):
    """Test of a model against a larger one that contains it.

    Twice the gain in log-likelihood is asymptotically chi-square if the smaller
    model is true, with as many degrees of freedom as the larger one has parameters
    more (Wilks 1938).

    Parameters
    ----------
    restricted, full : GaussianMLRegressor, or Pipeline that ends in one
        Fitted to the same rows with the same ``method``. The columns of ``restricted``
        have to be a subset, or combinations, of those of ``full``.

    Returns
    -------
    HypothesisTest
        ``statistic``, ``pvalue`` and ``degrees_of_freedom``. NaN if a model has no
        likelihood to speak of, because it has as many parameters as rows.

    Raises
    ------
    ValueError
        For models of different data or different ``method``, for ``alpha > 0`` and
        ``positive=True``, and for models that are not nested. The data are told apart
        by number, weights, noise scales, mean and spread of y; the same y with other
        rows of X goes unnoticed.

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
    restricted, full = _fit_of("restricted", restricted), _fit_of("full", full)
    _check_comparable(restricted, full)
    freedom = full.n_parameters - restricted.n_parameters
    if freedom <= 0:
        raise ValueError(
            f"full must have more parameters than restricted, got {full.n_parameters} "
            f"and {restricted.n_parameters}: pass the smaller model first."
        )
    if full.settings.method == "reml":
        gain = full.restricted_loglik - restricted.restricted_loglik
    else:
        gain = full.loglik - restricted.loglik
    if gain < -LOST_TO_ROUNDING * abs(full.loglik):
        raise ValueError(
            f"full has a log-likelihood {-gain:.3g} lower than restricted: the columns "
            "of restricted are not contained in those of full."
        )
    statistic = 2.0 * max(gain, 0.0)
    if full.sum_weights <= full.rank:
        statistic = np.nan
    pvalue = float(stats.chi2.sf(statistic, freedom))
    return HypothesisTest(statistic, pvalue, "chi2", (freedom,))


def _fit_of(name, model):
    if isinstance(model, Pipeline):
        model = model[-1]
    check_is_fitted(model)
    fit = getattr(model, "_fit", None)
    if not isinstance(fit, Fit):
        raise TypeError(
            f"{name} must be a fitted GaussianMLRegressor or a pipeline that ends in "
            f"one, got {type(model).__name__}."
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
    return fit


def _check_comparable(restricted, full):
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
    if full.settings.method == "reml" and not _same_mean(restricted, full):
        raise ValueError(
            "Restricted likelihoods of different mean columns are likelihoods of "
            "different contrasts and cannot be compared: fit both with method='ml'."
        )


def _data(fit):
    """What can be told of the rows without the columns of X: name, value, unit."""
    statistics = fit.statistics
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


def _same_mean(restricted, full):
    one, other = restricted.statistics, full.statistics
    return (
        restricted.settings.fit_intercept == full.settings.fit_intercept
        and one.n_features == other.n_features
        and one.feature_names == other.feature_names
        and np.allclose(one.mean, other.mean, rtol=SAME_DATA)
    )
