"""Priors of a precision for each coefficient, against dense linear algebra."""

import numpy as np
import pytest
from scipy import linalg, optimize, sparse

from sklearn_gml import GaussianStatistics
from sklearn_gml._data.rows import Rows
from sklearn_gml._likelihood.constant import ConstantObjective
from sklearn_gml._likelihood.log_linear import LogLinearObjective
from sklearn_gml._likelihood.matrix_free import MatrixFreeObjective
from sklearn_gml._likelihood.maximisers import maximise_lbfgs, maximise_newton
from sklearn_gml._likelihood.nonnegative import NonNegativeObjective

PRIORS = ("all", "some flat", "some dropped", "flat and dropped")
SHAPES = {"long": (40, 5), "wide": (8, 14), "collinear": (30, 6)}


def problem(shape, prior, seed=0):
    """``(X, y, weights, precision)``; flat columns are never collinear."""
    rng = np.random.default_rng(seed)
    n, p = SHAPES[shape]
    X = rng.standard_normal((n, p)) + 3.0
    if shape == "collinear":
        X[:, 5] = X[:, 3] - 2.0 * X[:, 4]
    precision = 10.0 ** rng.uniform(-2, 2, p)
    if "flat" in prior:
        precision[:2] = 0.0
    if "dropped" in prior:
        precision[[2, 4]] = np.inf
    y = X @ rng.standard_normal(p) + 2.0 + rng.standard_normal(n)
    return X, y, rng.uniform(0.5, 3.0, n), precision


def dense(X, y, weight, precision, fit_intercept=True):
    """``(parameters, squares, hat trace, restricted log-likelihood of sigma)``."""
    ones = np.ones((len(X), int(fit_intercept)))
    kept = np.isfinite(precision)
    design = np.hstack([ones, X[:, kept]])
    penalty = np.append(np.zeros(int(fit_intercept)), precision[kept])
    gram = design.T @ (weight[:, None] * design)
    mean = np.linalg.solve(gram + np.diag(penalty), design.T @ (weight * y))
    squares = weight @ (y - design @ mean) ** 2 + penalty @ mean**2
    trace = np.trace(np.linalg.solve(gram + np.diag(penalty), gram))
    flat, pulled = design[:, penalty == 0], design[:, penalty > 0]
    root = np.sqrt(weight)[:, None]
    marginal = (
        np.eye(len(X)) + root * (pulled / penalty[penalty > 0] @ pulled.T) * root.T
    )
    information = (root * flat).T @ np.linalg.solve(marginal, root * flat)
    degrees = weight.sum() - flat.shape[1]

    def restricted(sigma):
        return (
            -degrees * (0.5 * np.log(2 * np.pi) + np.log(sigma))
            - 0.5 * squares / sigma**2
            - 0.5 * np.linalg.slogdet(marginal)[1]
            - 0.5 * np.linalg.slogdet(information)[1]
        )

    full = np.zeros(X.shape[1])
    full[kept] = mean[int(fit_intercept) :]
    return np.append(mean[: int(fit_intercept)], full), squares, trace, restricted


@pytest.mark.parametrize("maximise", [maximise_newton, maximise_lbfgs])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("prior", PRIORS)
def test_coefficients_sigma_and_restricted_likelihood(
    prior, shape, fit_intercept, maximise
):
    X, y, weight, precision = problem(shape, prior)
    statistics = GaussianStatistics.from_data(X, y, weight)
    objective = ConstantObjective(
        statistics, fit_intercept=fit_intercept, alpha=precision, restricted=True
    )
    point = maximise(objective, max_iter=500, tol=1e-10).point
    estimate = objective.estimate(point)
    mean, squares, trace, restricted = dense(X, y, weight, precision, fit_intercept)
    found = np.append(estimate.intercept[: int(fit_intercept)], estimate.coef[0])
    exact = maximise is maximise_newton
    np.testing.assert_allclose(found, mean, rtol=1e-9 if exact else 1e-4, atol=1e-9)
    np.testing.assert_allclose(estimate.squares, squares, rtol=1e-10)
    n_flat = np.sum(precision == 0) + fit_intercept
    sigma = np.sqrt(squares / (weight.sum() - n_flat))
    np.testing.assert_allclose(estimate.sigma, sigma, rtol=1e-10)
    np.testing.assert_allclose(
        estimate.restricted_loglik, restricted(sigma), rtol=1e-10
    )
    np.testing.assert_allclose(objective.effective_degrees(point), trace, rtol=1e-10)
    np.testing.assert_allclose(
        objective.loglik(estimate),
        statistics.loglik(estimate.coef, estimate.intercept, estimate.sigma),
        rtol=1e-10,
    )


@pytest.mark.parametrize("shape", ["long", "wide"])
def test_flat_columns_that_are_collinear_get_the_shortest_coefficients(shape):
    rng = np.random.default_rng(3)
    n, p = SHAPES[shape]
    X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
    X[:, 1] = 2.0 * X[:, 0]
    precision = np.full(p, 3.0)
    precision[:2] = 0.0
    objective = ConstantObjective(GaussianStatistics.from_data(X, y), alpha=precision)
    estimate = objective.estimate(maximise_newton(objective, max_iter=3, tol=0).point)
    # In place of the two, the one column that their shortest coefficients amount to.
    merged = np.column_stack([np.sqrt(5.0) * X[:, 0], X[:, 2:]])
    expected, *_ = dense(merged, y, np.ones(n), precision[1:])
    share = expected[1] * np.array([1.0, 2.0]) / np.sqrt(5.0)
    np.testing.assert_allclose(estimate.coef[0, :2], share, rtol=1e-9)
    np.testing.assert_allclose(estimate.coef[0, 2:], expected[2:], atol=1e-10)
    assert objective.flat == 2


@pytest.mark.parametrize("seed", range(5))
def test_scaled_columns_are_a_prior_in_another_unit(seed):
    X, y, weight, precision = problem("long", "all", seed)
    one = ConstantObjective(
        GaussianStatistics.from_data(X / np.sqrt(precision), y, weight), alpha=1.0
    )
    each = ConstantObjective(
        GaussianStatistics.from_data(X, y, weight), alpha=precision
    )
    first, second = (
        objective.estimate(maximise_newton(objective, max_iter=3, tol=0).point)
        for objective in (one, each)
    )
    np.testing.assert_allclose(second.coef * np.sqrt(precision), first.coef, rtol=1e-11)
    np.testing.assert_allclose(second.sigma, first.sigma, rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_non_negative(shape):
    X, y, weight, precision = problem(shape, "some flat")
    objective = NonNegativeObjective(
        GaussianStatistics.from_data(X, y, weight), alpha=precision
    )
    estimate = objective.estimate(maximise_newton(objective, max_iter=3, tol=0).point)
    centred = X - np.average(X, axis=0, weights=weight)
    root = np.sqrt(weight)
    stacked = np.vstack([root[:, None] * centred, np.diag(np.sqrt(precision))])
    target = np.append(root * (y - np.average(y, weights=weight)), 0.0 * precision)
    expected, _ = optimize.nnls(stacked, target)
    fit = stacked @ expected
    np.testing.assert_allclose(stacked @ estimate.coef[0], fit, atol=1e-9)


@pytest.mark.parametrize("prior", ["all", "some flat"])
def test_matrix_free(prior):
    X, y, weight, precision = problem("long", prior)
    rows = Rows.of(sparse.csr_array(X), y, weight)
    objective = MatrixFreeObjective(rows, alpha=precision)
    point = maximise_newton(objective, max_iter=20, tol=1e-12).point
    estimate = objective.estimate(point)
    mean, squares, trace, _ = dense(X, y, weight, precision)
    np.testing.assert_allclose(estimate.coef[0], mean[1:], rtol=1e-8)
    np.testing.assert_allclose(estimate.squares, squares, rtol=1e-10)
    assert trace <= objective.effective_degrees(point) <= objective.rank


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("prior", ["all", "some flat"])
@pytest.mark.parametrize("shape", SHAPES)
def test_log_linear_noise_of_constant_sigma_is_constant_noise(shape, prior, restricted):
    """Value, likelihood and effective degrees, where the noise does not vary."""
    X, y, weight, precision = problem(shape, prior)
    statistics = GaussianStatistics.from_data(X, y, weight)
    settings = {"alpha": precision, "restricted": restricted}
    constant = ConstantObjective(statistics, **settings)
    expected = maximise_newton(constant, max_iter=3, tol=0).point
    varies = LogLinearObjective(
        Rows.of(X, y, weight), statistics, statistics, 0, np.array([0]), **settings
    )
    theta = np.zeros(varies.size)
    coef, intercept, sigma = constant.in_units_of_data(expected)
    theta[: varies.log_sigma_index] = varies._mean_parameters(coef[0], intercept[0])
    theta[varies.log_sigma_index] = np.log(sigma[0])
    point = varies.at(theta)
    np.testing.assert_allclose(point.value, expected.value, rtol=1e-9)
    np.testing.assert_allclose(
        varies.effective_degrees(point), constant.effective_degrees(expected), rtol=1e-9
    )
    assert varies.flat == constant.flat


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_log_linear_derivatives(shape, restricted):
    X, y, weight, precision = problem(shape, "some flat")
    statistics = GaussianStatistics.from_data(X, y, weight)
    objective = LogLinearObjective(
        Rows.of(X, y, weight),
        statistics,
        statistics,
        0,
        np.array([0, 1]),
        alpha=precision,
        restricted=restricted,
    )
    theta = objective.start.theta
    theta = theta + 0.1 * np.random.default_rng(1).standard_normal(len(theta))
    step = 1e-5
    numerical = [
        (objective.at(theta + e).value - objective.at(theta - e).value) / (2 * step)
        for e in step * np.eye(len(theta))
    ]
    gradient = objective.at(theta).gradient
    # With coefficients integrated out the others feel their leverages, not they.
    part = slice(objective.log_sigma_index + 1 if restricted else 0, None)
    size = np.abs(gradient).max()
    np.testing.assert_allclose(gradient[part], numerical[part], atol=1e-6 * size)


def test_the_bound_of_wide_sparse_rows_is_that_of_peierls():
    """The sum over the diagonal is no smaller than the trace, for any information."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        root = rng.standard_normal((4, 6))
        gram = root.T @ root
        trace = np.trace(linalg.solve(gram + np.eye(6), gram))
        diagonal = np.diagonal(gram)
        assert trace <= np.sum(diagonal / (diagonal + 1.0))
