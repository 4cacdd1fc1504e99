"""A fit is one value: nothing that happens to the estimator later changes it."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_gml import GaussianMLRegressor, GaussianStatistics
from sklearn_gml._inference.fit import Fit
from sklearn_gml.displays import LikelihoodDisplay

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 2))
Y = 1.0 + X @ [1.0, -2.0] + np.exp(0.4 * X[:, 0]) * RNG.standard_normal(60)

SETTINGS = [
    {},
    {"method": "reml"},
    {"alpha": 2.0},
    {"fit_intercept": False},
    {"noise": "log-linear"},
    {"noise": "log-linear", "noise_columns": [0], "noise_alpha": 1.0},
]
OTHER = {
    "fit_intercept": False,
    "alpha": 7.0,
    "noise": "constant",
    "noise_alpha": 3.0,
    "method": "ml",
    "solver": "lbfgs",
}


def reported(model):
    """All that is reported of a fit, as text and numbers."""
    return [
        str(model.summary()),
        model.parameter_names(),
        model.coef_covariance().tolist(),
        model.conf_int().tolist(),
        model.leverage(X).tolist(),
        model.predict(X, return_std=True)[1].tolist(),
        model.predict_dist(X, kind="predictive").std().tolist(),
        model.predict_dist(X, kind="mean").std().tolist(),
        model.loglik_samples(X, Y).tolist(),
    ]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_parameters_set_after_the_fit_change_nothing(settings):
    model = GaussianMLRegressor(**settings).fit(X, Y)
    before = reported(model)
    assert reported(model.set_params(**OTHER)) == before
    assert reported(pickle.loads(pickle.dumps(model))) == before


def test_a_profile_is_that_of_the_fit():
    """The display once asked the parameters of now."""
    model = GaussianMLRegressor(method="reml").fit(X, Y)
    pytest.importorskip("matplotlib")
    before = LikelihoodDisplay.from_estimator(model, "sigma").interval
    model.set_params(method="ml", fit_intercept=False, alpha=3.0, noise="log-linear")
    assert LikelihoodDisplay.from_estimator(model, "sigma").interval == before


def test_changing_an_attribute_in_place_does_not_change_the_fit():
    model = GaussianMLRegressor().fit(X, Y)
    before = reported(model)
    model.coef_ *= 2.0
    assert reported(model) == before


def test_rows_batches_and_statistics_give_the_same_value():
    statistics = GaussianStatistics.from_data(X, Y)
    fits = [
        GaussianMLRegressor().fit(X, Y)._fit,
        GaussianMLRegressor().fit_statistics(statistics)._fit,
        GaussianMLRegressor()
        .partial_fit(X[:20], Y[:20])
        .partial_fit(X[20:], Y[20:])
        ._fit,
    ]
    first, *others = fits
    for other in others:
        assert isinstance(other, Fit)
        assert other.settings == first.settings
        assert other.parameter_names() == first.parameter_names()
        assert (other.rank, other.n_parameters) == (first.rank, first.n_parameters)
        np.testing.assert_allclose(other.mean, first.mean, rtol=1e-12)
        np.testing.assert_allclose(other.loglik, first.loglik, rtol=1e-12)
        assert other.attributes().keys() == first.attributes().keys()


def test_a_failed_fit_keeps_the_value():
    model = GaussianMLRegressor().fit(X, Y)
    fit = model._fit
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, Y[:-1])
    assert model._fit is fit
    assert not hasattr(clone(model), "_fit")


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("noise", ["constant", "log-linear"])
def test_scalars_are_those_of_numpy(fit_intercept, noise):
    model = GaussianMLRegressor(fit_intercept=fit_intercept, noise=noise).fit(X, Y)
    names = ["intercept_", "sigma_"]
    names += ["noise_intercept_"] if noise == "log-linear" else []
    for name in names:
        value = getattr(model, name)
        assert value.shape == ()
        assert value.dtype == np.float64
