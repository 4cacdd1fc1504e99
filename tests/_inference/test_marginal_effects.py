"""Marginal effects against numerical derivatives of the recorded distribution."""

import numpy as np
import pytest

from sklearn_gml import GaussianMLRegressor
from sklearn_gml._distributions.recorded import Recorded

WHOLE = (-np.inf, np.inf)


def quantity(of, mean, sigma, clip):
    recorded = Recorded(mean, sigma, clip, WHOLE)
    if of == "recorded":
        return recorded.mean()
    if of == "latent":
        return mean
    return 1.0 - sum(recorded.limit_probabilities())


def effects_by_differences(of, parameters, X, weight, clip, positions, scale):
    """Mean derivative of the quantity by each column, by central differences."""
    p, h = X.shape[1], 1e-5

    def at(X):
        mean = parameters[0] + X @ parameters[1 : 1 + p]
        log_sigma = parameters[1 + p] + X[:, positions] @ parameters[2 + p :]
        return quantity(of, mean, np.exp(log_sigma) * scale, clip)

    return np.array(
        [
            np.average((at(X + move) - at(X - move)) / (2.0 * h), weights=weight)
            for move in h * np.eye(p)
        ]
    )


@pytest.mark.parametrize("of", ["recorded", "probability", "latent"])
@pytest.mark.parametrize("censoring", [(0.0, None), (None, 2.0), (0.0, 2.0)])
@pytest.mark.parametrize("positions", [[], [0, 2]])
def test_effects_and_errors_are_those_of_differences(of, censoring, positions):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = 1.0 + X @ [1.0, -0.5, 0.3]
    y += np.exp(0.3 * X[:, 0] * bool(positions)) * rng.normal(size=300)
    weight = rng.integers(1, 4, size=300)
    scale = rng.uniform(0.8, 1.2, size=300)
    noise = {"noise": "log-linear", "noise_columns": positions} if positions else {}
    model = GaussianMLRegressor(censoring=censoring, **noise).fit(X, y)
    found = model.marginal_effects(X, of, weight, noise_scale=scale)
    clip = tuple(
        side if limit is None else limit
        for limit, side in zip(censoring, WHOLE, strict=True)
    )
    parameters = np.concatenate(
        [
            [model.intercept_],
            model.coef_,
            [getattr(model, "noise_intercept_", np.log(model.sigma_))],
            getattr(model, "noise_coef_", []),
        ]
    )

    def effects(parameters):
        return effects_by_differences(of, parameters, X, weight, clip, positions, scale)

    np.testing.assert_allclose(found.effect, effects(parameters), rtol=1e-6, atol=1e-8)
    moves = 1e-4 * np.eye(len(parameters))
    jacobian = np.transpose(
        [(effects(parameters + m) - effects(parameters - m)) / 2e-4 for m in moves]
    )
    variance = np.diagonal(jacobian @ model.coef_covariance() @ jacobian.T)
    np.testing.assert_allclose(found.std_error, np.sqrt(variance), rtol=1e-4)
    low, high = found.conf_int(0.9).T
    np.testing.assert_allclose(0.5 * (low + high), found.effect)
    if of == "latent":
        np.testing.assert_allclose(found.effect, model.coef_, rtol=1e-12)
        errors = np.sqrt(np.diagonal(model.coef_covariance()))[1:4]
        np.testing.assert_allclose(found.std_error, errors, rtol=1e-12)


def test_targets_have_their_own_effects_and_others_are_refused():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 2))
    Y = X @ np.array([[1.0, 0.5], [0.2, -1.0]]) + rng.normal(size=(200, 2))
    both = GaussianMLRegressor(censoring=(0, None)).fit(X, Y).marginal_effects(X)
    one = GaussianMLRegressor(censoring=(0, None)).fit(X, Y[:, 1]).marginal_effects(X)
    assert both.effect.shape == (2, 2)
    assert both.names == ("x0", "x1")
    np.testing.assert_allclose(both.effect[1], one.effect, rtol=1e-8)
    np.testing.assert_allclose(both.std_error[1], one.std_error, rtol=1e-8)
    for settings in ({}, {"truncation": (-9, 9)}):
        model = GaussianMLRegressor(**settings).fit(X, Y)
        with pytest.raises(ValueError, match="marginal_effects are those of"):
            model.marginal_effects(X)
    model = GaussianMLRegressor(censoring=(0, None)).fit(X, Y)
    with pytest.raises(ValueError, match="of must be one of"):
        model.marginal_effects(X, "mean")
