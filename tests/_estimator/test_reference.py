"""Against R and exact arithmetic."""

import numpy as np
import pytest
import reference_fits as reference
from sklearn.datasets import load_diabetes

from sklearn_gml import GaussianMLRegressor

# The closed-form fits of the reference set lose two or three digits to the
# condition of their designs (below 1e3); ten is what the least accurate of R's own
# quantities there leaves room for.
DIGITS = 11


def mean_parameters(model):
    return np.column_stack([model.intercept_, np.atleast_2d(model.coef_)]).squeeze()


@pytest.mark.parametrize("name", reference.names("lm", "freq", "wlm"))
def test_constant_noise_agrees_with_r(name):
    case = reference.load(name)
    truth, model = case["truth"], case["model"]
    X = reference.columns(case, model["mean_terms"])
    y = np.asarray(case["columns"][model["y"]], float)
    weights = {"sample_weight": case["columns"].get(model.get("freq"))}
    if "weights" in model:
        weights["noise_scale"] = np.power(case["columns"][model["weights"]], -0.5)

    fit = GaussianMLRegressor().fit(X, y, **weights)
    assert reference.digits(mean_parameters(fit), truth["coef"]) >= DIGITS
    assert reference.digits(fit.sigma_, truth["sigma_ml"]) >= DIGITS
    assert reference.digits(fit.loglik_, truth["loglik_ml"]) >= DIGITS
    assert reference.digits(fit.aic_, truth["aic"]) >= DIGITS
    assert reference.digits(fit.bic_, truth["bic"]) >= DIGITS

    restricted = GaussianMLRegressor(method="reml").fit(X, y, **weights)
    assert reference.digits(restricted.sigma_, truth["sigma"]) >= DIGITS
    likelihood = restricted.restricted_loglik_
    assert reference.digits(likelihood, truth["loglik_reml"]) >= DIGITS
    np.testing.assert_array_equal(restricted.coef_, fit.coef_)


@pytest.mark.parametrize("name", reference.names("ridge"))
def test_ridge_at_fixed_alpha(name):
    case = reference.load(name)
    X = reference.columns(case, case["model"]["penalised"])
    y = np.asarray(case["columns"][case["model"]["y"]], float)
    for truth in case["truth"]["fixed_alpha"]:
        fit = GaussianMLRegressor(alpha=truth["alpha"]).fit(X, y)
        assert reference.digits(mean_parameters(fit), truth["coef"]) >= 9
        assert reference.digits(fit.sigma_, truth["sigma_ml_given_alpha"]) >= 9

        marginal = GaussianMLRegressor(alpha=truth["alpha"], method="reml").fit(X, y)
        assert reference.digits(marginal.sigma_, truth["sigma_reml_given_alpha"]) >= 9
        likelihood = truth["marginal_loglik_reml"]
        assert reference.digits(marginal.restricted_loglik_, likelihood) >= 9


@pytest.mark.parametrize("name", reference.names("multi"))
def test_several_targets(name):
    case = reference.load(name)
    truth, model = case["truth"], case["model"]
    X = reference.columns(case, model["mean_terms"])
    Y = reference.columns(case, model["ys"])
    for method, key in (("ml", "sigma_ml"), ("reml", "sigma_reml")):
        fit = GaussianMLRegressor(method=method).fit(X, Y)
        assert reference.digits(mean_parameters(fit), truth["coef"]) >= 9
        assert reference.digits(fit.sigma_**2, np.diagonal(truth[key])) >= 9
    fit = GaussianMLRegressor().fit(X, Y)
    independent = truth["loglik_ml_if_outputs_independent"]
    assert reference.digits(fit.loglik_, independent) >= 9


def test_statsmodels_confirms_diabetes():
    statsmodels = pytest.importorskip("statsmodels.api")
    X, y = load_diabetes(return_X_y=True, scaled=False)
    theirs = statsmodels.OLS(y, statsmodels.add_constant(X)).fit()
    ours = GaussianMLRegressor(method="reml").fit(X, y)
    # statsmodels solves by pseudo-inverse: its own error is eps times a
    # condition number of about 1e4.
    np.testing.assert_allclose(mean_parameters(ours), theirs.params, rtol=1e-9)
    np.testing.assert_allclose(ours.sigma_**2, theirs.scale, rtol=1e-11)
    np.testing.assert_allclose(
        GaussianMLRegressor().fit(X, y).loglik_, theirs.llf, rtol=1e-12
    )
