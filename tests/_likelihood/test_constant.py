"""The objective: its derivatives, and that one Newton step is least squares."""

import numpy as np
import pytest
from generated import problem
from scipy import stats
from scipy.optimize import approx_fprime

from sklearn_gml import GaussianStatistics
from sklearn_gml._likelihood.constant import ConstantObjective
from sklearn_gml._likelihood.maximisers import maximise_lbfgs, maximise_newton
from sklearn_gml._likelihood.nonnegative import NonNegativeObjective

SETTINGS = [
    {},
    {"fit_intercept": False},
    {"alpha": 2.5},
    {"restricted": True},
    {"alpha": 0.3, "restricted": True},
]


def make(seed, kind="weighted", **settings):
    generated = problem(seed, kind)
    statistics = GaussianStatistics.from_data(
        generated.X, generated.y, generated.weight
    )
    return ConstantObjective(statistics, **settings), generated


def anywhere(objective, seed=0):
    rng = np.random.default_rng(seed)
    theta = rng.standard_normal(objective.shape)
    theta[-1] = rng.uniform(0.5, 1.5, objective.shape[1])
    return theta


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", ["weighted", "several targets"])
def test_gradient_and_information_are_derivatives(settings, kind):
    objective, _ = make(5, kind, **settings)
    theta = anywhere(objective)
    numerical = approx_fprime(
        theta.ravel(), lambda t: objective.at(t.reshape(theta.shape)).value, 1e-6
    )
    # A forward difference of 1e-6 keeps six digits of the largest entry.
    gradient = objective.at(theta).gradient
    np.testing.assert_allclose(
        gradient.ravel(), numerical, rtol=1e-4, atol=1e-5 * np.max(np.abs(gradient))
    )

    # The information of the mean is minus the second derivative everywhere; that of
    # log sigma is its expectation, which it equals where sigma is settled.
    settled = objective.settled(theta).theta
    step = 1e-5
    for target in range(theta.shape[1]):
        hessian = np.empty((len(theta), len(theta)))
        for row in range(len(theta)):
            ahead, behind = settled.copy(), settled.copy()
            ahead[row, target] += step
            behind[row, target] -= step
            difference = objective.at(ahead).gradient - objective.at(behind).gradient
            hessian[row] = -difference[:, target] / (2.0 * step)
        information = objective.at(settled).information[target]
        scale = np.max(np.abs(information))
        mean, noise = slice(0, -1), (-1, -1)
        np.testing.assert_allclose(
            information[mean, mean], hessian[mean, mean], rtol=1e-6, atol=1e-8 * scale
        )
        assert information[noise] == pytest.approx(hessian[noise], rel=1e-6)
        assert np.all(information[-1, :-1] == 0)
        diagonal = objective.at(settled).information_diagonal[:, target]
        np.testing.assert_allclose(diagonal, np.diagonal(information), rtol=1e-12)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("start", range(3))
def test_one_newton_step_from_anywhere_is_the_maximum(settings, start):
    """For any sigma the objective is quadratic in b, so the second step is nothing."""
    objective, _ = make(11, **settings)
    theta = anywhere(objective, start)
    first = theta + objective.at(theta).step
    second = objective.at(first).step
    unit = 1.0 / np.sqrt(np.diagonal(objective.at(first).information[0]))[:, None]
    # In standard errors; the first step was thousands long.
    assert np.max(np.abs(second[:-1] / unit[:-1])) < 1e-10
    settled = objective.settled(first)
    assert np.max(np.abs(settled.gradient * unit)) < 1e-9


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("maximise", [maximise_newton, maximise_lbfgs])
def test_no_nearby_point_is_higher(settings, maximise):
    objective, _ = make(3, **settings)
    solution = maximise(objective, max_iter=100, tol=1e-8)
    assert solution.converged
    if maximise is maximise_newton:
        assert solution.n_iter == 1
        assert solution.distance < 1e-8
    rng = np.random.default_rng(0)
    unit = 1.0 / np.sqrt(np.diagonal(solution.point.information[0]))
    for radius in (1.0, 1e-1, 1e-2, 1e-3):
        for _ in range(20):
            direction = rng.standard_normal(objective.shape)
            direction *= radius / np.linalg.norm(direction)
            nearby = solution.point.theta + direction * unit[:, None]
            assert objective.at(nearby).value < solution.point.value


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_solvers_reach_the_same_maximum(settings):
    for seed in range(8):
        objective, _ = make(seed, "several targets", **settings)
        newton = maximise_newton(objective, max_iter=100, tol=1e-8)
        lbfgs = maximise_lbfgs(objective, max_iter=500, tol=1e-8)
        assert lbfgs.point.value == pytest.approx(newton.point.value, rel=1e-12)
        unit = 1.0 / np.sqrt(np.diagonal(newton.point.information[0]))
        assert (
            np.max(np.abs(lbfgs.point.theta - newton.point.theta) / unit[:, None])
            < 1e-6
        )


def test_value_is_the_sum_of_log_densities():
    objective, generated = make(7)
    theta = anywhere(objective)
    estimate = objective.estimate(objective.at(theta))
    coef, intercept, sigma = estimate.coef, estimate.intercept, estimate.sigma
    mean = generated.X @ coef[0] + intercept[0]
    density = stats.norm(mean, sigma[0]).logpdf(generated.y)
    expected = generated.weight @ density
    assert objective.at(theta).value == pytest.approx(expected, rel=1e-12)
    assert objective.loglik(estimate) == pytest.approx(expected, rel=1e-12)

    penalised, _ = make(7, alpha=3.0)
    prior = stats.norm(0, sigma[0] / np.sqrt(3.0)).logpdf(coef[0])
    at_zero = stats.norm(0, sigma[0] / np.sqrt(3.0)).logpdf(0.0)
    assert penalised.at(theta).value == pytest.approx(
        expected + np.sum(prior - at_zero), rel=1e-12
    )


def test_nonnegative_maximum_satisfies_its_optimality_conditions():
    generated = problem(4, "weighted")
    statistics = GaussianStatistics.from_data(
        generated.X, generated.y, generated.weight
    )
    objective = NonNegativeObjective(statistics)
    solution = maximise_newton(objective, max_iter=100, tol=1e-8)
    coef = solution.point.theta[objective.slopes]
    gradient = solution.point.gradient[objective.slopes]
    unit = np.sqrt(np.diagonal(solution.point.information[0]))[1:-1, None]
    assert np.all(coef >= 0)
    assert np.any(coef == 0), "a design on which the bound matters"
    assert np.all(gradient[coef == 0] <= 0)
    assert np.all(np.abs(gradient / unit)[coef > 0] < 1e-9)
