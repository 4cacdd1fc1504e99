"""Joint distributions: scipy's, conditioned by the textbook, drawn and transformed."""

import pickle

import numpy as np
import pytest
from scipy import stats
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PowerTransformer, StandardScaler

from sklearn_gml import (
    GaussianMLRegressor,
    MultivariateNormal,
    MultivariateT,
    predict_dist,
)


def example(seed, n=4, t=4):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(t, t + 2))
    return rng.normal(size=(n, t)), root @ root.T, rng


def joint(loc, cov, df=None):
    normal = MultivariateNormal.from_covariance(loc, cov)
    if df is None:
        return normal
    return MultivariateT(loc, normal.scale, normal.correlation_root, df)


def scipys(loc, cov, df=None):
    if df is None:
        return stats.multivariate_normal(loc, cov)
    return stats.multivariate_t(loc, cov, df)


@pytest.mark.parametrize("df", [None, 3.0, 40.0])
@pytest.mark.parametrize("seed", range(5))
def test_densities_moments_and_marginals_are_those_of_scipy(seed, df):
    loc, cov, rng = example(seed)
    ours, y = joint(loc, cov, df), rng.normal(size=loc.shape)
    expected = [
        scipys(row, cov, df).logpdf(one) for row, one in zip(loc, y, strict=True)
    ]
    np.testing.assert_allclose(ours.logpdf(y), expected, rtol=1e-11)
    np.testing.assert_allclose(ours.pdf(y), np.exp(expected), rtol=1e-11)
    np.testing.assert_allclose(ours.logpdf(np.stack([y, y]))[1], expected, rtol=1e-11)
    inflated = cov if df is None else cov * df / (df - 2)
    np.testing.assert_allclose(ours.cov()[2], inflated, rtol=1e-12)
    np.testing.assert_array_equal(ours.mean(), loc)
    part = ours.marginal([3, 1])
    expected = [
        scipys(row[[3, 1]], cov[np.ix_([3, 1], [3, 1])], df).logpdf(one[[3, 1]])
        for row, one in zip(loc, y, strict=True)
    ]
    np.testing.assert_allclose(part.logpdf(y[:, [3, 1]]), expected, rtol=1e-11)
    family = stats.norm() if df is None else stats.t(df)
    single = ours.marginal(2)
    expected = family.ppf(0.95) * np.sqrt(cov[2, 2]) + loc[:, 2]
    np.testing.assert_allclose(single.interval(0.9)[1], expected, rtol=1e-12)
    np.testing.assert_allclose(ours.interval(0.9)[1][:, 2], expected, rtol=1e-12)


@pytest.mark.parametrize("df", [None, 5.0])
@pytest.mark.parametrize("given", [[1], [0, 3], [2, 0, 1], [-1]])
def test_conditional_densities_are_ratios(given, df):
    """p(b | a) = p(a, b) / p(a), whatever the family."""
    loc, cov, rng = example(7)
    ours, y = joint(loc, cov, df), rng.normal(size=loc.shape)
    given = [target % 4 for target in given]
    rest = [target for target in range(4) if target not in given]
    conditional = ours.conditional({target: y[:, target] for target in given})
    expected = ours.logpdf(y) - ours.marginal(given).logpdf(y[:, given])
    np.testing.assert_allclose(conditional.logpdf(y[:, rest]), expected, rtol=1e-10)
    # A number stands for all rows.
    same = ours.conditional(dict.fromkeys(given, 0.5))
    rows = ours.conditional({target: np.full(4, 0.5) for target in given})
    np.testing.assert_array_equal(same.mean(), rows.mean())


def test_infinite_degrees_of_freedom_are_the_normal():
    loc, cov, rng = example(8)
    y, normal = rng.normal(size=loc.shape), joint(loc, cov)
    mixed = joint(loc, cov, [3.0, np.inf, 5.0, np.inf])
    np.testing.assert_allclose(mixed.logpdf(y)[1::2], normal.logpdf(y)[1::2])
    assert np.all(np.abs(mixed.logpdf(y)[::2] - normal.logpdf(y)[::2]) > 1e-3)
    given = {0: y[:, 0]}
    np.testing.assert_allclose(
        mixed.conditional(given).logpdf(y[:, 1:])[1::2],
        normal.conditional(given).logpdf(y[:, 1:])[1::2],
    )


@pytest.mark.parametrize("df", [None, 6.0])
def test_draws_have_the_distribution(df):
    loc, cov, _ = example(9, n=2, t=3)
    ours = joint(loc, cov, df)
    draws = ours.rvs(20_000, random_state=0)
    assert draws.shape == (20_000, 2, 3)
    assert ours.rvs(random_state=0).shape == (2, 3)
    for row in range(2):
        # Standardised along a direction, each draw is that of the family.
        direction = np.array([1.0, -2.0, 0.5])
        along = (draws[:, row] - loc[row]) @ direction
        along /= np.sqrt(direction @ cov @ direction)
        family = stats.norm() if df is None else stats.t(df)
        assert stats.kstest(along, family.cdf).pvalue > 1e-3
    np.testing.assert_array_equal(draws, ours.rvs(20_000, random_state=0))


def test_wrong_targets_are_named():
    ours = joint(*example(0)[:2])
    for wrong in (4, [0, 0], [1.5], [], "a"):
        with pytest.raises(ValueError, match="targets"):
            ours.marginal(wrong)
    with pytest.raises(ValueError, match="nothing is left"):
        ours.conditional(dict.fromkeys(range(4), 0.0))
    with pytest.raises(ValueError, match="loc must have shape"):
        MultivariateNormal([0.0], [1.0], [[1.0]])
    with pytest.raises(ValueError, match="correlation_root must have shape"):
        MultivariateNormal([[0.0]], [1.0], np.eye(2))


# Transformed targets


def positive_targets(seed=0, n=120):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    noise = rng.multivariate_normal(
        [0, 0, 0], [[1, 0.8, 0], [0.8, 1, 0.3], [0, 0.3, 1]], n
    )
    return X, np.exp(X @ [[0.4, -0.3, 0.2], [0.1, 0.2, 0.3]] + 0.3 * noise)


def model(transformer, kind="full"):
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), GaussianMLRegressor(covariance=kind)),
        transformer=transformer,
    )


@pytest.mark.parametrize("kind", ["plugin", "predictive"])
def test_a_scaled_target_has_the_scaled_distribution(kind):
    X, Y = positive_targets()
    turned = make_pipeline(
        StandardScaler(), FunctionTransformer(np.negative, np.negative)
    )
    plain = GaussianMLRegressor(covariance="full").fit(X, Y)
    expected = predict_dist(plain, X, kind=kind)
    for transformer in (StandardScaler(), turned):
        found = predict_dist(model(transformer).fit(X, Y), X, kind=kind)
        assert type(found) is type(expected)
        np.testing.assert_allclose(found.logpdf(Y), expected.logpdf(Y), rtol=1e-9)
        np.testing.assert_allclose(found.cov()[:3], expected.cov()[:3], rtol=1e-9)


def test_the_jacobian_of_each_target():
    X, Y = positive_targets()
    log = FunctionTransformer(np.log, np.exp)
    found = predict_dist(model(log).fit(X, Y), X, kind="plugin")
    plain = GaussianMLRegressor(covariance="full").fit(X, np.log(Y))
    expected = plain.loglik_samples(X, np.log(Y)) - np.log(Y).sum(axis=1)
    np.testing.assert_allclose(found.logpdf(Y), expected, rtol=1e-10)
    # Where no logarithm is, there is no density.
    beyond = Y.copy()
    beyond[3, 1] = -1.0
    densities = found.logpdf(beyond)
    assert densities[3] == -np.inf
    np.testing.assert_allclose(np.delete(densities, 3), np.delete(expected, 3))
    # Log-normal targets, with the mean and the draws that they have.
    mean, std = plain.predict(X), plain.predict_dist(X, kind="plugin").std()
    np.testing.assert_allclose(found.mean(), np.exp(mean + std**2 / 2), rtol=1e-10)
    draws = found.rvs(4_000, random_state=0)
    correlation = np.corrcoef(np.log(draws[:, 0]).T)
    np.testing.assert_allclose(
        correlation, predict_dist(plain, X).correlation(), atol=0.06
    )
    low, high = found.interval(0.9)
    assert np.all((low > 0) & (low < found.median()) & (found.median() < high))
    assert np.all(found.std() > 0)
    np.testing.assert_allclose(found.pdf(Y), np.exp(expected), rtol=1e-9)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(found)).logpdf(Y), found.logpdf(Y)
    )
    for method, argument in ((found.conditional, {0: 1.0}), (found.marginal, 0)):
        with pytest.raises(NotImplementedError, match="transformer has no part"):
            method(argument)


def test_independent_targets_are_the_sum_of_their_densities():
    """Box-Cox and Yeo-Johnson; a joint model of no correlation is the diagonal one."""
    X, Y = positive_targets()
    for method in ("box-cox", "yeo-johnson"):
        power = PowerTransformer(method)
        diagonal = model(power, "diagonal").fit(X, Y)
        diagonal = predict_dist(diagonal, X, kind="plugin")
        full = predict_dist(model(power).fit(X, Y), X, kind="plugin")
        full.base.correlation_root = np.eye(3)
        found, expected = full.logpdf(Y), diagonal.logpdf(Y).sum(axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
