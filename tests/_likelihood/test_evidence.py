"""The evidence and its maxima, against dense matrices of rows by rows and scipy."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import optimize

from sklearn_gml import GaussianStatistics
from sklearn_gml._likelihood.evidence import maximise_evidence
from sklearn_gml._likelihood.many_alphas import GroupedPoint, GroupedPrior
from sklearn_gml._likelihood.marginal import MarginalProblem
from sklearn_gml._likelihood.one_alpha import EvidenceCurve, stationary_maxima


def restricted_loglik(log_alpha, X0, parts, Y):
    """Restricted log-likelihood of ``Y ~ N(X0 b, sigma^2 (I + sum Z Z' / alpha))``.

    Summed over the targets, sigma at its maximum for each, R's convention. By dense
    matrices of rows by rows.
    """
    V = np.eye(len(Y))
    for one, Z in zip(log_alpha, parts, strict=True):
        V = V + Z @ Z.T * np.exp(-one)
    solved = np.linalg.solve(V, np.column_stack([X0, Y]))
    X1, Y1 = solved[:, : X0.shape[1]], solved[:, X0.shape[1] :]
    information = X0.T @ X1
    degrees = len(Y) - X0.shape[1]
    total = 0.0
    for y, y1 in zip(Y.T, Y1.T, strict=True):
        squares = y @ y1 - (X0.T @ y1) @ np.linalg.solve(information, X0.T @ y1)
        total += -0.5 * degrees * (np.log(2.0 * np.pi * squares / degrees) + 1.0)
        total -= 0.5 * np.linalg.slogdet(V)[1] + 0.5 * np.linalg.slogdet(information)[1]
    return total


def random_effects(seed, *, n=80, levels=(7, 5), n_targets=1):
    """Slopes of no prior, and the one-hot columns of crossed groups."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2))
    parts = [np.eye(k)[rng.integers(0, k, n)] for k in levels]
    Y = x @ rng.standard_normal((2, n_targets)) + rng.standard_normal((n, n_targets))
    for Z in parts:
        Y = Y + Z @ rng.standard_normal((Z.shape[1], n_targets)) * rng.uniform(0.3, 2.0)
    return x, parts, Y


@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize("levels", [(7,), (7, 5), (4, 6, 9)])
@pytest.mark.parametrize("seed", range(4))
def test_variance_components(seed, levels, n_targets):
    x, parts, Y = random_effects(seed, levels=levels, n_targets=n_targets)
    X0 = np.column_stack([np.ones(len(x)), x])
    X = np.column_stack([x, *parts])
    ends = np.cumsum([2, *levels])
    groups = [np.arange(a, b) for a, b in pairwise(ends)]
    found = maximise_evidence(
        GaussianStatistics.from_data(X, Y), groups, fit_intercept=True, restricted=True
    )
    assert found.converged
    rho = np.log(found.alpha)

    def negative(log_alpha):
        return -restricted_loglik(log_alpha, X0, parts, Y)

    finite = np.isfinite(rho)
    best = optimize.minimize(
        lambda free: negative(
            np.where(finite, rho, 40.0) * ~finite + _put(finite, free)
        ),
        np.zeros(finite.sum()),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000, "maxfev": 4000},
    )
    best = _polished(negative, finite, best.x)
    np.testing.assert_allclose(rho[finite], best, atol=1e-6)
    at_found = negative(np.where(finite, rho, 40.0))
    for one in np.flatnonzero(~finite):
        # Any finite alpha of a group that has dropped out is worse.
        for log_alpha in (0.0, 3.0, 6.0, 9.0):
            moved = np.where(finite, rho, 40.0)
            moved[one] = log_alpha
            assert negative(moved) > at_found


def _put(mask, values):
    placed = np.zeros(len(mask))
    placed[mask] = values
    return placed


def _polished(negative, finite, x, step=1e-3):
    """Newton steps with central differences: simplex steps end at sqrt(eps)."""
    base = np.where(finite, 0.0, 40.0)
    free = np.flatnonzero(finite)

    def value(x):
        return negative(base + _put(finite, x))

    for _ in range(4):
        eye = step * np.eye(len(free))
        gradient = np.array(
            [
                8 * (value(x + e) - value(x - e))
                - (value(x + 2 * e) - value(x - 2 * e))
                for e in eye
            ]
        ) / (12 * step)
        hessian = np.array(
            [
                [
                    value(x + e + f)
                    - value(x + e - f)
                    - value(x - e + f)
                    + value(x - e - f)
                    for f in eye
                ]
                for e in eye
            ]
        ) / (4 * step**2)
        x = x - np.linalg.solve(hessian, gradient)
    return x


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("shape", [(30, 4), (30, 12), (8, 14)])
@pytest.mark.parametrize("seed", range(4))
def test_the_curve_is_the_marginal_likelihood(seed, shape, restricted):
    """Differences of h along the curve, both ends included, and the best of a grid."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal(shape) * 10.0 ** rng.uniform(-1, 1, shape[1])
    Y = X[:, :2] @ rng.standard_normal((2, 1)) + rng.standard_normal((shape[0], 1))
    problem = MarginalProblem.of(
        GaussianStatistics.from_data(X, Y),
        np.arange(shape[1]),
        fit_intercept=True,
        restricted=restricted,
    )
    curve = EvidenceCurve(problem)
    centred, Yc = X - X.mean(axis=0), Y - Y.mean(axis=0)
    degrees = shape[0] - restricted

    def dense(x):
        V = np.eye(shape[0]) + centred @ centred.T * np.exp(-x)
        squares = Yc[:, 0] @ np.linalg.solve(V, Yc[:, 0])
        return -0.5 * degrees * np.log(squares) - 0.5 * np.linalg.slogdet(V)[1]

    points = np.linspace(-4.0, 6.0, 9)
    np.testing.assert_allclose(
        [curve.value(x) for x in points], [dense(x) for x in points], rtol=1e-9
    )
    np.testing.assert_allclose(curve.at_infinity(), dense(60.0), rtol=1e-9)
    first, second = curve.derivatives(points)
    step = 1e-4
    numerical = [
        (curve.value(x + step) - curve.value(x - step)) / step / 2 for x in points
    ]
    np.testing.assert_allclose(first, numerical, atol=1e-6)
    change = curve.derivatives(points + step)[0] - curve.derivatives(points - step)[0]
    np.testing.assert_allclose(second, change / step / 2, atol=1e-6)
    maxima = stationary_maxima(curve)
    np.testing.assert_allclose([curve.derivatives(x)[0] for x in maxima], 0, atol=1e-10)
    grid = curve.grid()
    ends = [curve.at_infinity(), max(curve.at_zero(), -np.inf)]
    best = max([curve.value(x) for x in maxima] + ends)
    assert best >= max(curve.value(x) for x in grid) - 1e-9


def test_two_maxima_and_the_higher_one_is_taken():
    """Singular values far apart, each with its own signal: the curve has two humps."""
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(200):
        values = 10.0 ** np.array([3.0, 3.0, 3.0, -3.0, -3.0, -3.0])
        along = 10.0 ** rng.uniform(-4, 4, 6) * np.repeat([1.0, 1e-6], 3)
        problem = MarginalProblem(
            np.diag(values),
            np.sqrt(along)[:, None],
            np.array([1e-9]),
            30.0,
            6,
            np.zeros(1),
        )
        curve = EvidenceCurve(problem)
        maxima = stationary_maxima(curve)
        found += len(maxima) > 1
        grid = np.linspace(-40, 40, 4001)
        slopes = curve.derivatives(grid)[0]
        assert len(maxima) == np.sum((slopes[:-1] > 0) & (slopes[1:] <= 0))
    assert found


def test_the_ends():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 3))
    noise = rng.standard_normal(50)
    design = np.column_stack([np.ones(50), X])
    noise -= design @ np.linalg.lstsq(design, noise, rcond=None)[0]
    settings = {"fit_intercept": True, "restricted": True}

    def alpha(X, y):
        statistics = GaussianStatistics.from_data(X, y)
        return maximise_evidence(statistics, [np.arange(X.shape[1])], **settings).alpha

    # y says nothing of X: no slope has any evidence.
    assert alpha(X, noise) == np.inf
    # No noise at all, of more rows than columns: no prior is needed.
    assert alpha(X, X @ [1.0, 2.0, 3.0]) == 0.0
    assert alpha(X, np.full(50, 3.0)) == np.inf
    assert alpha(np.full((50, 2), 3.0), noise) == np.inf


@pytest.mark.parametrize("seed", range(3))
def test_derivatives_of_groups(seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((40, 7)), rng.standard_normal((40, 2))
    Y += X[:, :2]
    problem = MarginalProblem.of(
        GaussianStatistics.from_data(X, Y),
        np.array([0, 2, 4, 1, 3]),
        fit_intercept=True,
        restricted=True,
    )
    prior = GroupedPrior(problem, np.array([0, 0, 1, 2, 2]))
    rho = rng.standard_normal(3)
    point, step = GroupedPoint(prior, rho), 1e-5

    def change(of):
        return np.array(
            [
                (of(GroupedPoint(prior, rho + e)) - of(GroupedPoint(prior, rho - e)))
                / (2 * step)
                for e in step * np.eye(3)
            ]
        )

    np.testing.assert_allclose(point.gradient, change(lambda p: p.value), rtol=1e-7)
    np.testing.assert_allclose(
        point.information, -change(lambda p: p.gradient), atol=1e-7
    )
    rho[1] = np.inf
    dropped = GroupedPoint(prior, rho)
    slope = dropped.slope_at_infinity(np.array([1]))
    rho = rho.copy()
    rho[1] = -np.log(1e-7)
    numerical = (GroupedPoint(prior, rho).value - dropped.value) / 1e-7
    np.testing.assert_allclose(slope, [0.0, numerical, 0.0], rtol=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_each_column_its_own_alpha_ends_at_a_maximum(seed):
    """No gradient, positive curvature, and no dropped column would come back."""
    rng = np.random.default_rng(seed)
    n, p = [(60, 12), (25, 20), (200, 8)][seed % 3]
    X = rng.standard_normal((n, p)) * 10.0 ** rng.uniform(-2, 2, p)
    y = (X / X.std(axis=0))[:, :3] @ [1.0, 0.5, 0.3] + rng.standard_normal(n)
    groups = [np.array([j]) for j in range(p)]
    statistics = GaussianStatistics.from_data(X, y)
    settings = {"fit_intercept": True, "restricted": True}
    found = maximise_evidence(statistics, groups, **settings)
    assert found.converged
    problem = MarginalProblem.of(statistics, np.arange(p), **settings)
    point = GroupedPoint(GroupedPrior(problem, np.arange(p)), np.log(found.alpha))
    finite = np.isfinite(found.alpha)
    np.testing.assert_allclose(point.gradient[finite], 0.0, atol=1e-8)
    assert np.linalg.eigvalsh(point.information[np.ix_(finite, finite)]).min() > 0
    assert np.all(point.slope_at_infinity(np.flatnonzero(~finite)) <= 0)


def test_groups_without_noise_have_no_prior():
    rng = np.random.default_rng(4)
    X = rng.standard_normal((15, 20))
    y = X[:, :3] @ [1.0, 0.5, 0.3]
    found = maximise_evidence(
        GaussianStatistics.from_data(X, y),
        [np.arange(10), np.arange(10, 20)],
        fit_intercept=True,
        restricted=True,
    )
    assert found.converged
    assert not found.alpha.any()


def test_units_of_columns_and_of_y_do_not_matter():
    x, parts, Y = random_effects(0)
    X, groups = np.column_stack([x, *parts]), [np.arange(2, 9), np.arange(9, 14)]
    scale = np.repeat([1.0, 1e5, 1e-4], [2, 7, 5])
    settings = {"fit_intercept": True, "restricted": True}
    plain, scaled = (
        maximise_evidence(GaussianStatistics.from_data(*data), groups, **settings).alpha
        for data in ((X, Y), (X * scale, 1e6 * Y))
    )
    np.testing.assert_allclose(scaled, plain * [1e10, 1e-8], rtol=1e-8)
