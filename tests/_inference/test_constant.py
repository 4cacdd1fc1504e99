"""Standard errors of the parameters of the mean."""

import warnings

import numpy as np
import pytest
import reference_fits as reference
import statsmodels.api as sm
from scipy import sparse
from sklearn.datasets import load_diabetes

from sklearn_gml import GaussianMLRegressor, RankDeficiencyWarning


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("name", reference.names("lm", "freq"))
def test_covariance_agrees_with_r(name, method):
    case = reference.load(name)
    truth, model = case["truth"], case["model"]
    X = reference.columns(case, model["mean_terms"])
    y = np.asarray(case["columns"][model["y"]], float)
    weight = case["columns"].get(model.get("freq"))
    fit = GaussianMLRegressor(method=method).fit(X, y, sample_weight=weight)
    covariance = fit.coef_covariance()
    errors = np.sqrt(np.diagonal(covariance))
    assert reference.digits(errors, truth["se"]) >= 11
    scale = np.outer(errors, errors)
    assert reference.digits(covariance, truth["vcov"], scale=scale) >= 11


def test_several_targets():
    for name in reference.names("multi"):
        case = reference.load(name)
        X = reference.columns(case, case["model"]["mean_terms"])
        Y = reference.columns(case, case["model"]["ys"])
        covariance = GaussianMLRegressor().fit(X, Y).coef_covariance()
        errors = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        assert reference.digits(errors, case["truth"]["se"]) >= 9


def test_posterior_of_a_ridge():
    for name in reference.names("ridge"):
        case = reference.load(name)
        X = reference.columns(case, case["model"]["penalised"])
        y = np.asarray(case["columns"][case["model"]["y"]], float)
        for truth in case["truth"]["fixed_alpha"]:
            fit = GaussianMLRegressor(alpha=truth["alpha"], method="reml").fit(X, y)
            errors = np.sqrt(np.diagonal(fit.coef_covariance()))
            expected = truth["posterior_sd_given_alpha_sigma_reml"]
            assert reference.digits(errors, expected) >= 9


def test_statsmodels_without_intercept():
    statsmodels = pytest.importorskip("statsmodels.api")
    X, y = load_diabetes(return_X_y=True, scaled=False)
    theirs = statsmodels.OLS(y, X).fit()
    ours = GaussianMLRegressor(fit_intercept=False).fit(X, y)
    # Its pseudo-inverse loses eps times the square of a condition number of 1e3.
    np.testing.assert_allclose(ours.coef_covariance(), theirs.cov_params(), rtol=1e-8)


def test_nothing_is_said_of_what_is_not_identified():
    rng = np.random.default_rng(0)
    X = rng.normal(loc=[0.0, 0.0, 5.0], size=(60, 3))
    y = X @ [1.0, 2.0, 3.0] + rng.standard_normal(60)
    full = np.diagonal(GaussianMLRegressor().fit(X, y).coef_covariance())
    with pytest.warns(RankDeficiencyWarning):
        twice = GaussianMLRegressor().fit(X[:, [0, 1, 2, 2]], y)
    errors = np.diagonal(twice.coef_covariance())
    # Both copies are lost; the intercept is that of their sum, and is not.
    np.testing.assert_allclose(errors[:3], full[:3], rtol=1e-10)
    assert np.isnan(errors[3:]).all()
    with pytest.warns(RankDeficiencyWarning):
        constant = GaussianMLRegressor().fit(np.column_stack([X, np.full(60, 4.0)]), y)
    errors = np.diagonal(constant.coef_covariance())
    np.testing.assert_allclose(errors[1:4], full[1:], rtol=1e-10)
    assert np.isnan(errors[[0, 4]]).all()


def test_refusals():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 2)), rng.standard_normal(50)
    with pytest.raises(ValueError, match="use positive=False"):
        GaussianMLRegressor(positive=True).fit(X, y).coef_covariance()
    wide = sparse.random_array((50, 5000), density=0.01, rng=rng, format="csr")
    with pytest.raises(ValueError, match="not formed for sparse X with 5000 columns"):
        GaussianMLRegressor(alpha=1.0).fit(wide, y).coef_covariance()


@pytest.mark.parametrize("offset", [0.0, 100.0])
@pytest.mark.parametrize("with_weights", [False, True])
def test_r_squared_without_an_intercept_is_that_of_statsmodels(offset, with_weights):
    rng = np.random.default_rng(1)
    levels, x = rng.integers(0, 3, 60), rng.normal(offset, 1.0, 60)
    y = 5.0 + levels + x - offset + rng.standard_normal(60)
    scale = rng.uniform(0.5, 2.0, 60) if with_weights else np.ones(60)
    dummies = np.eye(3)[levels]
    for X, about_mean in (
        (np.column_stack([x, np.ones(60)]), True),
        (np.column_stack([x, dummies]), True),
        (np.column_stack([x, 1e-3 * dummies, dummies]), True),
        (np.column_stack([x, dummies[:, 1:]]), False),
    ):
        model = GaussianMLRegressor(fit_intercept=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RankDeficiencyWarning)
            model.fit(X, y, noise_scale=scale)
        truth = sm.WLS(y, X, weights=scale**-2.0).fit()
        assert bool(truth.k_constant) is about_mean
        (figures,) = model.summary().targets
        assert figures.figures["R^2"] == f"{truth.rsquared:.3f}"
