"""Rows known in part: derivatives, maxima of generated problems, no maximum."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, special

from sklearn_gml._data.limits import UNLIMITED, Limits, limits_of
from sklearn_gml._data.rows import Rows
from sklearn_gml._data.statistics import statistics_of_rows
from sklearn_gml._likelihood.censored import CensoredObjective
from sklearn_gml._likelihood.maximisers import maximise_lbfgs, maximise_newton

KINDS = ["left", "right", "both", "interval", "truncated", "truncated and censored"]


def objective_of(X, y, limits, positions=(), frequency=None, scale=None, **settings):
    rows = Rows.of(X, limits.typical(y.reshape(len(y), -1)), frequency, scale)
    return CensoredObjective(
        rows,
        limits,
        statistics_of_rows(replace(rows, noise_scale=None)),
        statistics_of_rows(rows),
        0,
        np.array(positions, dtype=int),
        **settings,
    )


def known_in_part(kind, X, y, rng, share=0.4):
    """Rows of a kind, about that share of them known in part: ``(X, y, limits)``."""
    low, high = np.quantile(y, [share / 2, 1 - share / 2])
    censoring, truncation = UNLIMITED, UNLIMITED
    y_lower = y_upper = None
    if kind == "left":
        censoring = (np.quantile(y, share), np.inf)
    elif kind == "right":
        censoring = (-np.inf, np.quantile(y, 1 - share))
    elif kind == "both":
        censoring = (low, high)
    elif kind == "interval":
        edges = np.r_[-np.inf, np.quantile(y, [0.1, 0.3, 0.5, 0.7, 0.9]), np.inf]
        cell, partly = np.searchsorted(edges, y) - 1, rng.random(len(y)) < share
        y_lower = np.where(partly, edges[cell], y)
        y_upper = np.where(partly, edges[cell + 1], y)
    else:
        truncation = (np.quantile(y, 0.2), np.inf)
        kept = y > truncation[0]
        X, y = X[kept], y[kept]
        if kind == "truncated and censored":
            censoring = (-np.inf, high)
    return X, y, limits_of(y, y_lower, y_upper, censoring, truncation)


def problem(seed, kind, n=120, p=3, varies=False, share=0.4):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.exp(rng.normal(size=p)) + 3 * rng.normal(size=p)
    log_sigma = 0.4 * (X[:, 0] - X[:, 0].mean()) / X[:, 0].std() * varies
    y = 3 + X @ (rng.normal(size=p) / X.std(axis=0))
    y += np.exp(log_sigma + rng.normal()) * rng.normal(size=n)
    return known_in_part(kind, X, y, rng, share)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("positions", [(), (0, 2)])
@pytest.mark.parametrize(
    "settings",
    [{}, {"fit_intercept": False}, {"alpha": 2.0, "noise_alpha": 3.0}],
    ids=str,
)
def test_derivatives_are_those_of_the_value(kind, positions, settings):
    X, y, limits = problem(1, kind, varies=True)
    rng = np.random.default_rng(2)
    frequency = rng.integers(1, 4, size=len(y)).astype(float)
    scale = rng.uniform(0.5, 2.0, size=len(y))
    objective = objective_of(
        X, y, limits, positions, frequency, scale, noise_floor=0.4, **settings
    )
    theta = objective.start.theta
    theta = theta + 0.1 * rng.normal(size=len(theta)) * np.abs(theta).max() ** 0.5
    theta[objective.inverse_sigma_index] = objective.start.inverse_sigma * 0.8
    point = objective.at(theta)

    def numerical(function, h=1e-5):
        rows = []
        for k in range(len(theta)):
            step = np.zeros(len(theta))
            step[k] = h * max(1.0, abs(theta[k]))
            rows.append(
                (function(theta + step) - function(theta - step)) / (2.0 * step[k])
            )
        return np.array(rows)

    gradient = numerical(lambda at: objective.at(at).value)
    size = np.abs(point.gradient).max()
    np.testing.assert_allclose(point.gradient, gradient, rtol=1e-6, atol=1e-6 * size)
    hessian = numerical(lambda at: objective.at(at).gradient)
    inverse = np.linalg.inv(point.frame)
    information = inverse.T @ point.information @ inverse
    size = np.abs(information).max()
    np.testing.assert_allclose(information, -hessian, rtol=1e-5, atol=1e-6 * size)


@pytest.mark.parametrize("seed", range(40))
def test_generated_problems_converge_in_few_steps(seed):
    varies, kind = bool(seed % 2), KINDS[seed // 2 % 4]
    rng = np.random.default_rng([7, seed])
    n, share = (
        int(np.exp(rng.uniform(np.log(60), np.log(3000)))),
        rng.uniform(0.05, 0.95),
    )
    p = int(rng.integers(1, 4))
    share = min(share, max(0.05, 1.0 - (10 * p + 10) / n))
    X, y, limits = problem(seed, kind, n, p, varies, share)
    objective = objective_of(X, y, limits, [0] if varies else [], noise_floor=0.01)
    solution = maximise_newton(objective, max_iter=30, tol=1e-8)
    assert solution.converged
    assert not solution.point.degenerate.any()
    assert solution.distance < 1e-8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("positions", [(), (0,)])
def test_both_solvers_find_the_same_maximum(kind, positions):
    X, y, limits = problem(3, kind, n=200, varies=bool(positions))
    objective = objective_of(X, y, limits, positions, alpha=0.5)
    newton = maximise_newton(objective, max_iter=30, tol=1e-8).point
    lbfgs = maximise_lbfgs(objective, max_iter=1000, tol=1e-8).point
    assert lbfgs.value == pytest.approx(newton.value, rel=1e-11)
    diagonal = np.sqrt(newton.information_diagonal)
    np.testing.assert_allclose(
        lbfgs.theta * diagonal, newton.theta * diagonal, atol=1e-3, rtol=1e-4
    )


@pytest.mark.parametrize("seed", range(50))
def test_truncated_fits_against_the_plain_formula(seed):
    """Truncated below, with constant and log-linear noise; L-BFGS of scipy."""
    rng = np.random.default_rng([11, seed])
    n, p, varies = int(rng.integers(100, 1500)), int(rng.integers(1, 4)), seed % 2
    X = rng.normal(size=(3 * n, p))
    y = 1.0 + X @ rng.normal(size=p)
    y += np.exp(0.3 * X[:, 0] * varies) * rng.normal(size=3 * n)
    low = np.quantile(y, rng.uniform(0.05, 0.5))
    X, y = X[y > low][:n], y[y > low][:n]
    limits = limits_of(y, None, None, UNLIMITED, (low, np.inf))
    objective = objective_of(X, y, limits, [0] if varies else [])
    solution = maximise_newton(objective, max_iter=30, tol=1e-8)
    estimate = objective.refined(solution.point, None)

    def loss(theta):
        mean = theta[0] + X @ theta[1 : 1 + p]
        log_sigma = theta[1 + p] + (theta[2 + p] * X[:, 0] if varies else 0.0)
        sigma = np.exp(log_sigma)
        density = -0.5 * ((y - mean) / sigma) ** 2 - log_sigma
        seen = special.log_ndtr((mean - low) / sigma)
        return -np.sum(density - 0.5 * np.log(2 * np.pi) - seen)

    best = np.concatenate(
        [
            estimate.intercept,
            estimate.coef[0],
            estimate.noise_intercept,
            estimate.noise_coef[0],
        ]
    )
    assert solution.converged
    assert estimate.loglik == pytest.approx(-loss(best), rel=1e-12)
    errors = np.sqrt(np.square(estimate.covariance_root).sum(axis=1))
    start = best + errors * rng.normal(size=len(best))
    found = optimize.minimize(loss, start, method="BFGS", options={"gtol": 1e-5})
    assert -found.fun <= estimate.loglik + 1e-8
    np.testing.assert_allclose((found.x - best) / errors, 0.0, atol=1e-3)


def test_small_noise_loses_no_digits():
    """sigma is 1e-9 of the spread of y; the rows are those of sigma one."""
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(300, 2)), rng.normal(size=300)
    censored = rng.random(300) < 0.4
    mean = X @ [1.0, 2.0]

    def fit(sigma):
        y = mean * (1.0 if sigma < 1.0 else 0.0) + sigma * noise
        lower = np.where(censored, y - sigma, y)
        limits = Limits(
            lower[:, None], np.where(censored, np.inf, y)[:, None], UNLIMITED
        )
        objective = objective_of(X, y, limits)
        solution = maximise_newton(objective, max_iter=30, tol=1e-8)
        assert solution.converged
        assert not solution.point.degenerate.any()
        return objective.refined(solution.point, None)

    small, one = fit(1e-9), fit(1.0)
    assert small.sigma[0] / 1e-9 == pytest.approx(one.sigma[0], rel=1e-6)
    np.testing.assert_allclose(
        small.covariance_root[:-1] / 1e-9, one.covariance_root[:-1], atol=1e-6
    )
