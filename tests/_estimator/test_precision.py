"""Digits that predictions lose, and what is said of them."""

import warnings

import exact
import numpy as np
import pytest

from sklearn_gml import (
    DegenerateFitWarning,
    GaussianMLRegressor,
    GaussianStatistics,
    PrecisionWarning,
    RankDeficiencyWarning,
)


def far_away(constant, seed=0, n_samples=40):
    rng = np.random.default_rng(seed)
    x, z = rng.standard_normal((2, n_samples))
    y = 2.0 * x - z + 1e-3 * rng.standard_normal(n_samples)
    return np.column_stack([z, x + constant]), y


def test_names_the_columns_and_the_cure():
    X, y = far_away(1e12)
    frame = {"z": X[:, 0], "seconds": X[:, 1]}
    pandas = pytest.importorskip("pandas")
    with pytest.warns(PrecisionWarning, match="in 'seconds' take .* subtract") as seen:
        model = GaussianMLRegressor().fit(pandas.DataFrame(frame), y)
    assert "'z'" not in str(seen[0].message)
    # The fit itself has all digits of the rows as they are.
    truth, _, rss = exact.least_squares(X, y)
    assert model.sigma_ == pytest.approx(np.sqrt(rss / len(y)), rel=1e-12)
    np.testing.assert_allclose(model.coef_, truth[1:], rtol=1e-12)
    # And the cure cures: no warning, which would be an error here.
    X[:, 1] -= 1e12
    cured = GaussianMLRegressor().fit(X, y)
    assert cured.sigma_ == pytest.approx(model.sigma_, rel=1e-9)
    assert cured.score_loglik(X, y) == pytest.approx(cured.loglik_, rel=1e-12)


@pytest.mark.parametrize("way", ["fit", "partial_fit", "fit_statistics"])
@pytest.mark.parametrize("targets", [1, 2])
def test_in_every_way_of_fitting(way, targets):
    X, y = far_away(1e12)
    if targets == 2:
        y = np.column_stack([X[:, 0] + np.sin(np.arange(40.0)), y])
    model = GaussianMLRegressor()
    with pytest.warns(PrecisionWarning, match="column 1"):
        if way == "fit_statistics":
            model.fit_statistics(GaussianStatistics.from_data(X, y))
        else:
            getattr(model, way)(X, y)


@pytest.mark.parametrize("seed", range(30))
def test_a_contradiction_is_never_silent(seed):
    """Either the two log-likelihoods agree to a millionth, or there is a warning."""
    constant = 10.0 ** np.random.default_rng(seed).uniform(0, 15)
    X, y = far_away(constant, seed)
    expected = (PrecisionWarning, RankDeficiencyWarning, DegenerateFitWarning)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = GaussianMLRegressor().fit(X, y)
    difference = abs(model.score_loglik(X, y) - model.loglik_)
    if difference > 1e-4 * len(y):
        assert any(issubclass(warning.category, expected) for warning in caught)
    if constant < 1e6:
        assert not caught


def test_large_y_is_named():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 1))
    y = 1e15 + np.round(32.0 * rng.standard_normal(50)) / 8.0
    with pytest.warns(PrecisionWarning, match="constants in y take"):
        GaussianMLRegressor().fit(x, y)


def test_powers_far_from_zero_have_noise():
    """M12: what is lost is predictions; the likelihood has a maximum."""
    x = 1e14 + 1e3 * np.arange(20)
    y = np.random.default_rng(0).standard_normal(20) + np.arange(20)
    with pytest.warns(RankDeficiencyWarning) as seen:
        model = GaussianMLRegressor().fit(np.column_stack([x, x**2]), y)
    assert not [w for w in seen if issubclass(w.category, DegenerateFitWarning)]
    _, _, rss = exact.least_squares(np.arange(20.0)[:, None], y)
    assert model.sigma_ == pytest.approx(np.sqrt(rss / 20), rel=1e-6)


@pytest.mark.parametrize("constant", [1e6, 1e9, 1e12])
def test_noise_beside_large_terms_is_noise(constant):
    """Degenerate is what y and the triangle cannot tell from rounding, no more."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal(30)
    y = np.round(rng.standard_normal(30), 6)
    X = np.column_stack([x + constant])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = GaussianMLRegressor().fit(X, 1e6 * x + y)
    assert not [w for w in caught if issubclass(w.category, DegenerateFitWarning)]
    _, _, rss = exact.least_squares(X, 1e6 * x + y)
    assert model.sigma_ == pytest.approx(np.sqrt(rss / 30), rel=1e-9)


def test_weights_that_sum_to_one_and_restricted_likelihood():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 2)), rng.standard_normal(20)
    with pytest.warns(DegenerateFitWarning, match="sample_weight are frequencies"):
        model = GaussianMLRegressor(method="reml").fit(X, y, np.full(20, 0.05))
    assert model.sigma_ == pytest.approx(GaussianMLRegressor().fit(X, y).sigma_)


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 1e3])
def test_constant_targets_have_the_sigma_of_their_rounding(alpha):
    X = np.random.default_rng(0).standard_normal((20, 2))
    with pytest.warns(DegenerateFitWarning):
        model = GaussianMLRegressor(alpha=alpha).fit(X, np.full(20, 1e9 + 0.1))
    eps = np.finfo(float).eps
    assert eps * 1e9 <= model.sigma_ <= 100 * eps * 1e9
