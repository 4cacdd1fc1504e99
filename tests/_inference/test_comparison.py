"""Likelihood-ratio tests by the restricted likelihood, against its definition."""

import numpy as np
import pytest
from scipy import stats

from sklearn_gml import GaussianMLRegressor, likelihood_ratio_test


def restricted_loglik(model, X, y):
    """Patterson and Thompson (1971), without the constants of X."""
    design = np.column_stack([np.ones(len(y)), X])
    mean, sigma = model.predict(X), model.predict_dist(X, kind="plugin").std()
    information = design.T @ (design / sigma[:, None] ** 2)
    return -0.5 * (
        2.0 * np.sum(np.log(sigma))
        + np.linalg.slogdet(information)[1]
        + np.sum(((y - mean) / sigma) ** 2)
    )


def test_restricted_likelihoods_tell_whether_noise_varies():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    y = X @ [1.0, -2.0, 0.5] + np.exp(0.2 * X[:, 0]) * rng.standard_normal(200)
    constant = GaussianMLRegressor(method="reml").fit(X, y)
    varying = GaussianMLRegressor(
        method="reml", noise="log-linear", noise_columns=[0, 2]
    ).fit(X, y)
    test = likelihood_ratio_test(constant, varying)
    expected = 2.0 * (
        restricted_loglik(varying, X, y) - restricted_loglik(constant, X, y)
    )
    assert test.statistic == pytest.approx(expected, rel=1e-9)
    assert test.degrees_of_freedom == (2,)
    assert test.pvalue == pytest.approx(stats.chi2.sf(expected, 2), rel=1e-8)


def test_restricted_likelihoods_of_different_means_are_refused():
    X, y = np.random.default_rng(0).standard_normal((30, 3)), np.arange(30.0)
    small, full = (
        GaussianMLRegressor(method="reml").fit(X[:, :columns], y) for columns in (2, 3)
    )
    with pytest.raises(ValueError, match="method='ml'"):
        likelihood_ratio_test(small, full)


def test_different_methods_are_refused():
    X, y = np.random.default_rng(0).standard_normal((30, 3)), np.arange(30.0)
    small = GaussianMLRegressor(method="reml").fit(X[:, :2], y)
    with pytest.raises(ValueError, match="fit both with the same method"):
        likelihood_ratio_test(small, GaussianMLRegressor().fit(X, y))
