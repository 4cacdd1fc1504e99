"""Columns that repeat others but for a large constant: rank and residuals."""

import warnings

import exact
import numpy as np
import pytest

from sklearn_gml import GaussianMLRegressor, GaussianStatistics, RankDeficiencyWarning

WAYS = ("fit", "one batch", "one row at a time", "statistics")


def fitted(way, X, y, weight=None, **parameters):
    """The model of these rows, whatever the fit warns of."""
    model = GaussianMLRegressor(**parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if way == "fit":
            return model.fit(X, y, weight)
        if way == "statistics":
            halves = np.array_split(np.arange(len(y)), 2)
            parts = (
                GaussianStatistics.from_data(
                    X[rows], y[rows], None if weight is None else weight[rows]
                )
                for rows in halves
            )
            return model.fit_statistics(sum(parts))
        size = 1 if way == "one row at a time" else len(y)
        for start in range(0, len(y), size):
            rows = slice(start, start + size)
            model.partial_fit(
                X[rows], y[rows], None if weight is None else weight[rows]
            )
    return model


def residual_squares(model, X, y, weight=None):
    weight = np.ones(len(y)) if weight is None else weight
    residual = (y - model.predict(X)).reshape(len(y), -1)
    return np.sum(weight[:, None] * residual**2, axis=0)


def test_coefficients_are_those_of_sigma():
    """H1: a copy at a distance of 1e9 differs from its column by rounding alone."""
    rng = np.random.default_rng(1)
    x, y = rng.random(8), rng.random(8)
    X = np.column_stack([x, x + 1e9])
    with pytest.warns(RankDeficiencyWarning, match="1 of 3"):
        model = GaussianMLRegressor().fit(X, y)
    _, _, rss = exact.least_squares(x[:, None], y)
    assert model.sigma_ == pytest.approx(np.sqrt(rss / 8), rel=1e-6)
    assert model.score_loglik(X, y) == pytest.approx(model.loglik_, rel=1e-6)
    # The shortest: half of the slope for each.
    slope = exact.least_squares(x[:, None], y)[0][1]
    np.testing.assert_allclose(model.coef_, slope / 2, rtol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_rounding_errors_are_no_direction(way):
    """H2: u alone explains as much as u and u + 1e8, however they are fitted."""
    u = np.sin(np.arange(12))
    y = np.cos(np.arange(12) ** 2.0)
    X = np.column_stack([u, u + 1e8])
    model = fitted(way, X, y)
    _, _, rss = exact.least_squares(u[:, None], y)
    assert model.rank_ == 2
    assert model.sigma_ == pytest.approx(np.sqrt(rss / 12), rel=1e-7)
    assert model.score_loglik(X, y) == pytest.approx(model.loglik_, rel=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_epoch_seconds_beside_elapsed_seconds(way):
    rng = np.random.default_rng(0)
    elapsed = np.sort(rng.uniform(0, 600, 60))
    X = np.column_stack([elapsed, 1.7e9 + elapsed])
    y = 3.0 + 0.01 * elapsed + 0.5 * rng.standard_normal(60)
    model = fitted(way, X, y)
    _, _, rss = exact.least_squares(elapsed[:, None], y)
    assert model.rank_ == 2
    assert model.sigma_ == pytest.approx(np.sqrt(rss / 60), rel=1e-6)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(24))
def test_generated_copies(way, seed):
    """No worse than the columns without their copies; residuals are those of sigma."""
    rng = np.random.default_rng(seed)
    n_samples, n_features = int(rng.integers(8, 30)), int(rng.integers(1, 4))
    base = rng.standard_normal((n_samples, n_features))
    offset = 10.0 ** rng.uniform(0, 10)
    X = np.hstack([base, base[:, :1] + offset])[:, rng.permutation(n_features + 1)]
    Y = rng.standard_normal((n_samples, 2 if seed % 4 == 1 else 1))
    y = Y if Y.shape[1] > 1 else Y[:, 0]
    weight = rng.uniform(0.5, 2.0, n_samples) if seed % 4 == 2 else None
    options = {"fit_intercept": seed % 4 != 3}
    smaller = fitted("fit", base, y, weight, **options)
    model = fitted(way, X, y, weight, **options)
    squares = residual_squares(model, X, y, weight)
    least = residual_squares(smaller, base, y, weight)
    assert np.all(squares <= 1.01 * least)
    size = np.sum(np.ones(n_samples) if weight is None else weight)
    np.testing.assert_allclose(squares, size * np.square(model.sigma_), rtol=1e-6)
    score = model.score_loglik(X, y, weight)
    assert score == pytest.approx(model.loglik_, rel=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn_gml.PrecisionWarning")
@pytest.mark.parametrize("offset", [1e3, 1e6, 1e9])
def test_a_copy_with_a_digit_of_its_own_is_a_direction(offset):
    """What a column says beyond its rounding errors counts, however far it lies."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal(50)
    other = rng.standard_normal(50)
    X = np.column_stack([x, x + offset + 1e-3 * other])
    y = x + 2.0 * other + 0.1 * rng.standard_normal(50)
    model = GaussianMLRegressor().fit(X, y)
    truth, _, rss = exact.least_squares(X, y)
    assert model.rank_ == 3
    assert model.sigma_ == pytest.approx(np.sqrt(rss / 50), rel=1e-12)
    np.testing.assert_allclose(model.coef_, truth[1:], rtol=1e-12)


@pytest.mark.parametrize("small", [1e-8, 1e-4, 1.0])
@pytest.mark.parametrize("order", [[0, 1, 2, 3], [0, 2, 1, 3], [2, 0, 3, 1]])
def test_shortest_coefficients_of_columns_of_unlike_size(small, order):
    """Repeated columns share their coefficient equally, whatever their size."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 30))
    X = np.column_stack([a, a, small * b, small * b])[:, order]
    y = a + b + 0.1 * rng.standard_normal(30)
    slopes = exact.least_squares(np.column_stack([a, small * b]), y)[0][1:] / 2.0
    with pytest.warns(RankDeficiencyWarning, match="2 of 5"):
        model = GaussianMLRegressor().fit(X, y)
    np.testing.assert_allclose(model.coef_, np.repeat(slopes, 2)[order], rtol=1e-6)
