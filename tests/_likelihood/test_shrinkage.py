"""One decomposition: the ridge regressions of every alpha."""

import warnings

import numpy as np
import pytest
from exact import least_squares
from generated import KINDS, problem

from sklearn_gml import GaussianMLRegressor, GaussianStatistics
from sklearn_gml._likelihood.shrinkage import HARDLY_ANY, NEARLY_ALL, RidgePath

ALPHAS = np.array([1e-6, 0.03, 1.0, 1e4, 1e12])


def of(generated):
    return GaussianStatistics.from_data(generated.X, generated.y, generated.weight)


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("seed", range(2 * len(KINDS)))
def test_every_alpha_is_the_fit_of_that_alpha(seed, restricted):
    generated = problem(seed)
    statistics, intercept = of(generated), generated.fit_intercept
    path = RidgePath(statistics, fit_intercept=intercept, restricted=restricted)
    wide = generated.X.shape[1] >= generated.X.shape[0]
    # Of few rows and hardly any prior, sigma is rounding error.
    alphas = ALPHAS[1:] if wide else ALPHAS
    fits = path.at(alphas)
    for at, alpha in enumerate(alphas):
        model = GaussianMLRegressor(
            alpha=alpha,
            fit_intercept=intercept,
            method="reml" if restricted else "ml",
        ).fit_statistics(statistics)
        coef = np.atleast_2d(model.coef_).T
        size = np.abs(coef).max()
        np.testing.assert_allclose(fits.slopes[:, at], coef, rtol=0, atol=1e-9 * size)
        np.testing.assert_allclose(fits.sigma[at], np.atleast_1d(model.sigma_), 1e-9)


@pytest.mark.parametrize("kind", ["long", "wide", "rank-deficient", "weighted"])
def test_alpha_zero_is_least_squares(kind):
    generated = problem(3, kind)
    statistics = of(generated)
    settings = {"fit_intercept": generated.fit_intercept}
    fits = RidgePath(statistics, **settings).at(np.array([1.0, 0.0]))
    model = GaussianMLRegressor(**settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit_statistics(statistics)
    np.testing.assert_allclose(fits.slopes[:, 1, 0], model.coef_, rtol=1e-12)
    np.testing.assert_allclose(fits.sigma[1, 0], model.sigma_, rtol=1e-12)


@pytest.mark.parametrize("power", [-12, -8, 8, 12])
def test_columns_of_unlike_size_keep_their_digits(power):
    """A decomposition alone would know the small column to eps times the large one."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3)) * [1.0, 10.0**power, 3.0]
    y = X @ [1.0, 10.0**-power, 1.0] + rng.standard_normal(40)
    path = RidgePath(GaussianStatistics.from_data(X, y), fit_intercept=False)
    alphas = np.array([1.0, 10.0 ** (2 * power)])
    slopes = path.at(alphas).slopes[:, :, 0]
    for at, alpha in enumerate(alphas):
        # Rows of the prior make ridge regression least squares.
        rows = np.vstack([X, np.sqrt(alpha) * np.eye(3)])
        exact, _, _ = least_squares(
            rows, np.append(y, np.zeros(3)), fit_intercept=False
        )
        np.testing.assert_allclose(slopes[:, at], exact, rtol=1e-11)


def test_grid_reaches_from_hardly_any_shrinkage_to_nearly_all():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((50, 4)) * [1.0, 2.0, 5.0, 30.0]
    path = RidgePath(GaussianStatistics.from_data(X, rng.standard_normal(50)))
    alphas = path.grid(25)
    assert len(alphas) == 25
    ratios = alphas[1:] / alphas[:-1]
    np.testing.assert_allclose(ratios, ratios[0])
    singular = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(path.singular, singular)
    kept = singular[:, None] ** 2 / (singular[:, None] ** 2 + alphas)
    assert kept[-1, 0] == pytest.approx(1.0 / (1.0 + HARDLY_ANY / 50))
    assert kept[0, -1] == pytest.approx(NEARLY_ALL, rel=2e-3)


@pytest.mark.parametrize("X", [np.zeros((6, 2)), np.ones((6, 1))])
def test_columns_that_say_nothing_have_a_grid(X):
    path = RidgePath(GaussianStatistics.from_data(X, np.arange(6.0)))
    alphas = path.grid(5)
    assert np.all(alphas > 0)
    assert not path.at(alphas).slopes.any()


def test_squares_of_other_rows_are_those_of_their_predictions():
    rng = np.random.default_rng(2)
    X, Y = rng.standard_normal((30, 3)) + 100.0, rng.standard_normal((30, 2))
    train, test = slice(0, 20), slice(20, 30)
    path = RidgePath(GaussianStatistics.from_data(X[train], Y[train]))
    fits = path.at(ALPHAS)
    other = GaussianStatistics.from_data(X[test], Y[test])
    squares = path.heldout_squares(other, fits)
    for at, alpha in enumerate(ALPHAS):
        model = GaussianMLRegressor(alpha=alpha).fit(X[train], Y[train])
        expected = np.sum((Y[test] - model.predict(X[test])) ** 2, axis=0)
        np.testing.assert_allclose(squares[at], expected, rtol=1e-10)
