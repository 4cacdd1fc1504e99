"""noise_floor: a sigma that does not fall below it, and a maximum that exists."""

import numpy as np
import pytest
from scipy import optimize, stats

from sklearn_gml import GaussianMLRegressor, predict_dist
from sklearn_gml._data.predictors import LINK_WIDTH, NoiseLink


def varying(**parameters):
    return GaussianMLRegressor(noise="log-linear", **parameters)


def rows(seed, n_samples=120):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, 3))
    noise = np.exp(0.5 * X[:, 0] - 0.3 * X[:, 1]) * rng.standard_normal(n_samples)
    return X, X.sum(axis=1) + 2.0 + noise


def isolating(seed, n_samples=60):
    """A column that is zero but for one row, which the mean therefore fits exactly."""
    X, y = rows(seed, n_samples)
    X[:, 2] = 0.0
    X[seed, 2] = 1.0
    return X, y


def far_row(seed, n_samples=60):
    """One row so far out that the mean may pass through it."""
    X, y = rows(seed, n_samples)
    X[0, 2] = 1000.0
    return X, y


def test_link_is_exp_above_and_constant_below_and_twice_differentiable():
    link = NoiseLink(np.log(0.01))
    predictor = link.log_floor + LINK_WIDTH * np.linspace(-3.0, 3.0, 6001)
    value, above = link.log_sigma(predictor), predictor >= link.threshold
    np.testing.assert_array_equal(value[above], predictor[above])
    below = predictor <= link.log_floor - LINK_WIDTH
    np.testing.assert_array_equal(value[below], link.log_floor)
    assert np.all(np.diff(value) >= 0)
    step = predictor[1] - predictor[0]
    slope = np.gradient(value, step)
    np.testing.assert_allclose(link.slope(predictor)[1:-1], slope[1:-1], atol=1e-5)
    curvature = np.gradient(link.slope(predictor), step)
    # At the two ends the third derivative jumps.
    np.testing.assert_allclose(
        link.curvature(predictor)[1:-1], curvature[1:-1], atol=2e-3
    )


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("seed", range(5))
def test_fits_above_the_floor_do_not_change_by_a_bit(seed, solver, method):
    X, y = rows(seed)
    weight = np.random.default_rng(seed).integers(0, 4, len(y))
    settings = {"solver": solver, "method": method, "max_iter": 500}
    plain = varying(noise_floor=0, **settings).fit(X, y, weight)
    lowest = np.log(plain.predict_dist(X, kind="plugin").std().min())
    highest_floor = np.exp(lowest - LINK_WIDTH) / y.std() / 1.01
    for floor in (0.01, highest_floor):
        model = varying(noise_floor=floor, **settings).fit(X, y, weight)
        for name in ("coef_", "noise_coef_", "noise_intercept_", "sigma_", "loglik_"):
            np.testing.assert_array_equal(getattr(model, name), getattr(plain, name))
        np.testing.assert_array_equal(model.coef_covariance(), plain.coef_covariance())
        assert model.n_iter_ == plain.n_iter_


def plain_loglik(packed, X, y, weight, scale, log_floor):
    """The likelihood with the link as it is documented."""
    q = 1 + X.shape[1]
    design = np.column_stack([np.ones(len(y)), X])
    eta = design @ packed[q:]
    s = np.clip((eta - log_floor) / np.log(2.0), -1.0, 1.0)
    bent = log_floor + np.log(2.0) / 16.0 * (1.0 + s) ** 3 * (3.0 - s)
    log_sigma = np.where(s < 1.0, bent, eta)
    sigma = scale * np.exp(log_sigma)
    return weight @ stats.norm(design @ packed[:q], sigma).logpdf(y)


@pytest.mark.parametrize("floor", [0.01, 0.2, 0.5])
@pytest.mark.parametrize("make", [isolating, far_row, rows])
@pytest.mark.parametrize("seed", range(4))
def test_an_independent_optimiser_finds_no_better(seed, make, floor):
    X, y = make(seed)
    rng = np.random.default_rng(seed)
    weight, scale = rng.integers(1, 4, len(y)) * 1.0, rng.uniform(0.5, 2.0, len(y))
    model = varying(noise_floor=floor).fit(X, y, weight, scale)
    constant = GaussianMLRegressor().fit(X, y, weight, scale)
    log_floor = np.log(floor * constant.sigma_)
    packed = np.concatenate(
        [[model.intercept_], model.coef_, [model.noise_intercept_], model.noise_coef_]
    )
    data = X, y, weight, scale, log_floor
    value = plain_loglik(packed, *data)
    assert model.loglik_ == pytest.approx(value, rel=1e-11)
    total = model.score_loglik(X, y, weight, noise_scale=scale)
    assert model.loglik_ == pytest.approx(total, rel=1e-11)
    assert model.predict_dist(X, kind="plugin").std().min() >= np.exp(log_floor) * (
        1 - 1e-12
    )
    log_sigma = np.log(model.predict_dist(X, kind="plugin").std())
    mean = np.exp(weight @ log_sigma / weight.sum())
    assert model.sigma_ == pytest.approx(mean, rel=1e-12)
    unit = np.sqrt(np.diagonal(model.coef_covariance()))
    unit = np.append(unit[: len(packed)], np.full(len(packed) - len(unit), 0.1))
    unit = np.where(np.isfinite(unit), unit, 0.1)
    result = optimize.minimize(
        lambda change: -plain_loglik(packed + unit * change, *data),
        np.zeros(len(packed)),
        method="BFGS",
        options={"gtol": 1e-7},
    )
    assert -result.fun <= value + 1e-7


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("make", [isolating, far_row])
@pytest.mark.parametrize("seed", range(8))
def test_rows_fitted_exactly_have_the_floor_and_no_warning(seed, make, solver):
    """The configuration turns a warning into an error."""
    X, y = make(seed)
    model = varying(solver=solver, max_iter=500).fit(X, y)
    constant = GaussianMLRegressor().fit(X, y)
    lowest = model.predict_dist(X, kind="plugin").std().min()
    assert lowest == pytest.approx(0.01 * constant.sigma_, rel=0.2)
    assert "rows at noise_floor 1" in str(model.summary())
    error = np.sqrt(np.diagonal(model.coef_covariance()))
    assert np.isfinite(error[: len(X.T) + 1]).all()
    if make is isolating:
        # Its slope moves the row at the floor and nothing else.
        np.testing.assert_array_equal(np.isnan(error), np.arange(8) == 7)


def test_standard_errors_beside_a_row_at_the_floor():
    """They are those of the fit without the row and its column, which it alone has."""
    X, y = isolating(3)
    model = varying().fit(X, y)
    kept = np.arange(len(y)) != 3
    other = varying().fit(X[kept, :2], y[kept])
    np.testing.assert_allclose(model.coef_[:2], other.coef_, rtol=1e-9)
    np.testing.assert_allclose(model.noise_coef_[:2], other.noise_coef_, rtol=1e-8)
    error = np.sqrt(np.diagonal(model.coef_covariance()))
    expected = np.sqrt(np.diagonal(other.coef_covariance()))
    np.testing.assert_allclose(error[[0, 1, 2, 4, 5, 6]], expected, rtol=1e-8)


def test_rows_at_the_floor_are_not_known_exactly():
    """With the variance of the predictor, for what no other row says the expected."""
    X, y = isolating(3)
    model = varying().fit(X, y)
    (freedom,) = model.predict_dist(X).args
    design = np.column_stack([np.ones(len(y)), X])
    # The row is alone in its column: the inverse of 2 Z'Z is known by the others.
    others = np.delete(design, 3, axis=0)[:, :3]
    alone = 0.5 * (
        1.0 + design[3, :3] @ np.linalg.inv(others.T @ others) @ design[3, :3]
    )
    observed = model.coef_covariance()[4:7, 4:7]
    variance = np.einsum("ij,jk,ik->i", design[:, :3], observed, design[:, :3])
    rest = np.arange(len(y)) != 3
    np.testing.assert_allclose(freedom[rest], 0.5 / variance[rest], rtol=1e-6)
    assert 0.5 / alone / 2.0 < freedom[3] < 0.5 / alone * 2.0


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_rows_far_outside_have_a_finite_density(sign):
    """Sigma overflows on one side and has the floor on the other."""
    X, y = rows(0)
    model = varying().fit(X, y)
    far = sign * np.array([[1e3, 0.0, 0.0], [1e5, 0.0, 0.0], [1e9, 0.0, 0.0]])
    (freedom,) = model.predict_dist(far).args
    assert np.all(freedom < 0.1)
    density = model.predict_dist(far).logpdf(far.sum(axis=1) + 2.0)
    assert np.isfinite(density).all()
    plugin = model.predict_dist(far, kind="plugin").logpdf(far.sum(axis=1) + 2.0)
    assert np.isfinite(plugin).all()


def test_a_row_of_few_degrees_of_freedom_leaves_the_others_alone():
    """The function gives what the method gives; it made all rows normal."""
    X, y = rows(0)
    model = varying().fit(X, y)
    X = np.vstack([X, [1e3, 0.0, 0.0]])
    (freedom,) = model.predict_dist(X).args
    assert freedom[-1] < 1.0 < freedom[:-1].min()
    np.testing.assert_array_equal(predict_dist(model, X).args[0], freedom)


def test_each_target_has_its_own_floor():
    X, y = isolating(0)
    Y = np.column_stack([y, 1000.0 * rows(1, 60)[1]])
    together = varying().fit(X, Y)
    parts = [varying().fit(X, part) for part in Y.T]
    std = together.predict_dist(X, kind="plugin").std()
    for target, part in enumerate(parts):
        np.testing.assert_allclose(
            std[:, target], part.predict_dist(X, kind="plugin").std()
        )
        np.testing.assert_allclose(
            together.coef_covariance()[target], part.coef_covariance()
        )


@pytest.mark.parametrize("method", ["ml", "reml"])
def test_restricted_likelihood_with_rows_at_the_floor(method):
    X, y = far_row(2)
    newton = varying(method=method, noise_floor=0.3).fit(X, y)
    lbfgs = varying(method=method, noise_floor=0.3, solver="lbfgs").fit(X, y)
    assert newton._fit.n_at_floor[0] > 0
    assert newton.loglik_ == pytest.approx(lbfgs.loglik_, rel=1e-8)
    np.testing.assert_allclose(newton.coef_, lbfgs.coef_, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("floor", [-0.1, 1.0, "small", None])
def test_the_parameter_is_checked(floor):
    with pytest.raises(ValueError, match="'noise_floor'"):
        varying(noise_floor=floor).fit(*rows(0))
