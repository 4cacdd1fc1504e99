"""Shapes of arguments, as scipy has them, and rows that go wrong by themselves."""

import numpy as np
import pytest
from scipy import stats
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)

from sklearn_gml import GaussianMLRegressor, predict_dist
from sklearn_gml._distributions.transformed import inverse_transformed
from sklearn_gml.metrics import crps_loss, loglik_score

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 2))
Z = X @ RNG.normal(size=(2, 3)) + RNG.normal(size=(60, 3))
Y = np.exp(0.3 * Z)
TRANSFORMERS = {
    "quantiles": QuantileTransformer(n_quantiles=20, output_distribution="normal"),
    "uniform quantiles": QuantileTransformer(n_quantiles=20),
    "numerical": FunctionTransformer(lambda y: np.log(y), lambda z: np.exp(z)),
    "numerical, decreasing": FunctionTransformer(
        lambda y: -np.log(y), lambda z: np.exp(-z)
    ),
    "Yeo-Johnson": PowerTransformer(),
    "scaled quantiles": make_pipeline(
        StandardScaler(), QuantileTransformer(n_quantiles=10)
    ),
}
METHODS = ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf")


@pytest.fixture(params=TRANSFORMERS)
def distribution(request):
    transformer = TRANSFORMERS[request.param].fit(Y)
    z = transformer.transform(Y)
    scale = 0.1 * np.std(z, axis=0)
    return inverse_transformed(stats.norm(z[:4], scale), transformer)


@pytest.mark.parametrize(
    "shape", [(), (1,), (3,), (4, 1), (4, 3), (6, 1, 1), (6, 1, 3), (6, 4, 1)]
)
def test_arguments_of_several_targets_are_broadcast(distribution, shape):
    full = np.broadcast_shapes(shape, (4, 3))
    y = RNG.uniform(0.6, 1.9, shape)
    for method in METHODS:
        values = getattr(distribution, method)(y)
        assert values.shape == full
        expected = getattr(distribution, method)(np.broadcast_to(y, full).copy())
        np.testing.assert_array_equal(values, expected)
    q = RNG.uniform(0.1, 0.9, shape)
    for method in ("ppf", "isf"):
        values = getattr(distribution, method)(q)
        expected = getattr(distribution, method)(np.broadcast_to(q, full).copy())
        np.testing.assert_allclose(values, expected, rtol=1e-14)
    low, high = distribution.interval(q)
    np.testing.assert_array_equal(low, distribution.ppf((1.0 - q) / 2.0))
    assert high.shape == full


def test_every_target_is_that_of_its_column(distribution):
    """Element by element, the values of one target alone."""
    y = RNG.uniform(0.6, 1.9, (6, 1, 1))
    table = distribution.cdf(y)
    for i in range(6):
        np.testing.assert_allclose(
            table[i], distribution.cdf(np.full((4, 3), y[i, 0, 0])), rtol=1e-13
        )


def test_shapes_that_do_not_fit(distribution):
    for shape in ((2,), (3, 1), (4,)):
        with pytest.raises(ValueError, match="broadcast"):
            distribution.cdf(np.ones(shape))
    for size in (5, (3, 3), (4, 1)):
        with pytest.raises(ValueError, match=r"does not fit .* of shape \(4, 3\)"):
            distribution.rvs(size)
    assert distribution.rvs((5, 4, 3), random_state=0).shape == (5, 4, 3)
    assert distribution.rvs(random_state=0).shape == (4, 3)


def test_probabilities_that_are_none(distribution):
    for q in (-0.1, 1.1, np.nan):
        assert np.isnan(distribution.ppf(q)).all()
        assert np.isnan(distribution.isf(q)).all()
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
        distribution.interval(95)


def test_moments_have_the_shape_of_the_distributions(distribution):
    for method in ("mean", "var", "std", "median"):
        assert getattr(distribution, method)().shape == (4, 3)


# The quantiles of a transformer ------------------------------------------------------


def quantile_model(y, **options):
    transformer = QuantileTransformer(**options)
    return TransformedTargetRegressor(
        GaussianMLRegressor(), transformer=transformer
    ).fit(X, y)


@pytest.mark.parametrize("output", ["normal", "uniform"])
@pytest.mark.parametrize("n_quantiles", [5, 20, 60])
def test_quantile_transformed_targets_have_scores(output, n_quantiles):
    y = Y[:, 0]
    model = quantile_model(y, n_quantiles=n_quantiles, output_distribution=output)
    ours = predict_dist(model, X)
    draws = ours.rvs((5000, 60), random_state=0)
    std = draws.std(axis=0)
    # Within five standard errors of the draws.
    assert np.all(np.abs(ours.mean() - draws.mean(axis=0)) < 5 * std / np.sqrt(5000))
    np.testing.assert_allclose(ours.std(), std, rtol=0.2)
    # The definition of the score, by sorted draws.
    by_draws = np.abs(draws - y).mean() - 0.5 * np.abs(draws - draws[::-1]).mean()
    assert crps_loss(y, ours) == pytest.approx(by_draws, rel=0.03)
    inner = y[(y > y.min()) & (y < y.max())]
    rows = (y > y.min()) & (y < y.max())
    assert np.isfinite(loglik_score(inner, predict_dist(model, X[rows])))


def test_density_at_a_kink_is_the_mean_of_both_sides():
    y = Y[:, [0]]
    transformer = QuantileTransformer(n_quantiles=9, output_distribution="normal")
    ours = inverse_transformed(stats.norm([0.2], 0.8), transformer.fit(y))
    for knot in transformer.quantiles_[1:-1, 0]:
        left, right = ours.pdf(knot * (1 - 1e-12)), ours.pdf(knot * (1 + 1e-12))
        np.testing.assert_allclose(ours.pdf(knot), (left + right) / 2, rtol=1e-8)


def test_values_that_several_quantiles_share():
    """They have probabilities: the distribution jumps there, and has no density."""
    whole_numbers = load_diabetes().target
    X10 = load_diabetes().data
    model = TransformedTargetRegressor(
        GaussianMLRegressor(),
        transformer=QuantileTransformer(n_quantiles=442, output_distribution="normal"),
    ).fit(X10, whole_numbers)
    ours = predict_dist(model, X10)
    np.testing.assert_allclose(ours.median(), model.predict(X10), atol=0.01)
    draws = ours.rvs((4000, 442), random_state=0)
    error = np.abs(ours.mean() - draws.mean(axis=0)) / draws.std(axis=0)
    assert error.max() < 5 / np.sqrt(4000)
    below = (draws <= 200.0).mean(axis=0)
    np.testing.assert_allclose(ours.cdf(200.0), below, atol=0.04)
    with pytest.warns(UserWarning, match="shared by several quantiles"):
        assert np.isnan(ours.pdf(200.0)).all()


def test_targets_too_small_for_scikit_learns_map():
    y = 1e-7 * Y[:, 0]
    with pytest.raises(ValueError, match=r"Scale the target first"):
        normal = {"output_distribution": "normal"}
        predict_dist(quantile_model(y, n_quantiles=20, **normal), X)
    scaled = make_pipeline(StandardScaler(), QuantileTransformer(n_quantiles=20))
    model = TransformedTargetRegressor(GaussianMLRegressor(), transformer=scaled)
    unscaled = quantile_model(Y[:, 0], n_quantiles=20)
    found, expected = (predict_dist(m, X).mean() for m in (model.fit(X, y), unscaled))
    np.testing.assert_allclose(found, 1e-7 * expected, rtol=1e-6)


# Rows that go wrong by themselves ----------------------------------------------------


def test_a_row_without_mass_in_the_range():
    square_root = FunctionTransformer(np.sqrt, np.square)
    with pytest.warns(UserWarning, match="1 of 3 distributions have no mass"):
        ours = inverse_transformed(stats.norm([2.0, -1e200, 3.0], 0.1), square_root)
    alone = inverse_transformed(stats.norm([2.0, 3.0], 0.1), square_root)
    for method in ("mean", "std", "median"):
        values = getattr(ours, method)()
        np.testing.assert_allclose(values[[0, 2]], getattr(alone, method)(), rtol=1e-12)
        assert np.isnan(values[1])
    with pytest.raises(ValueError, match="no mass"):
        inverse_transformed(stats.norm([-1e200], 0.1), square_root)


def test_a_value_where_the_derivative_is_not_found():
    rough = FunctionTransformer(
        lambda y: y, lambda z: np.where(z > 0, z + 1e-7 * abs(np.sin(1e9 * z)), z)
    )
    ours = inverse_transformed(stats.norm(np.zeros(3), 1.0), rough)
    y = np.array([-1.0, 0.5, -0.7])
    with pytest.warns(UserWarning, match=r"cannot be found.*in 1 of 3 values"):
        density = ours.pdf(y)
    expected = [stats.norm.pdf(-1.0), np.nan, stats.norm.pdf(-0.7)]
    np.testing.assert_allclose(density, expected, rtol=1e-7)


def test_transformations_with_gaps_are_refused():
    """Not the longest part alone: its distribution would be another, in silence."""
    steps = FunctionTransformer(
        lambda y: np.where(np.abs(y) < 0.2, 0.0, y), lambda z: z + 0.0
    )
    gap = FunctionTransformer(lambda y: y, lambda z: np.where(abs(z) < 0.2, 0.2, z))
    for transformer in (steps, gap):
        with pytest.raises(ValueError, match=r"does not undo it|not monotone"):
            inverse_transformed(stats.norm(np.zeros(3), 1.0), transformer)


def test_moments_that_do_not_exist_are_said():
    ours = inverse_transformed(
        stats.t(5, [0.0, 1.0], 0.1), FunctionTransformer(np.log, np.exp)
    )
    for method in ("mean", "var", "std"):
        with pytest.warns(UserWarning, match="infinite or not defined in 2 of 2 rows"):
            assert np.isinf(getattr(ours, method)()).all()
