"""Log-linear noise: against R, its derivatives, its maxima, its laws."""

import numpy as np
import pytest
import reference_fits as reference
from generated import varying_problem
from scipy import optimize, stats

from sklearn_gml import GaussianMLRegressor, GaussianStatistics
from sklearn_gml._data.predictors import LINK_WIDTH
from sklearn_gml._data.row_sums import RowSums
from sklearn_gml._data.rows import Rows
from sklearn_gml._likelihood.log_linear import LogLinearObjective
from sklearn_gml._likelihood.log_linear_point import CHORD, DOUBTFUL
from sklearn_gml._likelihood.maximisers import maximise_lbfgs, maximise_newton
from sklearn_gml._linalg.triangular import solve_uphill

# Of the largest generated problem here, for the sake of seconds; those of benchmarks/
# go up to 100,000 x 200.
ENTRIES = 500_000

SETTINGS = [
    {},
    {"fit_intercept": False},
    {"alpha": 2.0, "noise_alpha": 3.0},
    {"restricted": True},
    {"restricted": True, "alpha": 0.5, "noise_alpha": 1.0, "fit_intercept": False},
]


def reference_case(name):
    case = reference.load(name)
    model = case["model"]
    X = reference.columns(case, model["mean_terms"])
    y = np.asarray(case["columns"][model["y"]], float)
    terms = [term for term in model["mean_terms"] if term != "(Intercept)"]
    drive = [terms.index(t) for t in model["logsd_terms"] if t != "(Intercept)"]
    return case["truth"], X, y, drive, case["columns"].get(model.get("freq"))


def parameters(model):
    return np.append(model.intercept_, model.coef_), np.append(
        model.noise_intercept_, model.noise_coef_
    )


@pytest.mark.parametrize("name", reference.names("hetero"))
@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_maximum_likelihood_agrees_with_r(name, scale):
    """From data in any units: the first column in thousandths or in millions."""
    truth, X, y, drive, weight = reference_case(name)
    X = X * np.append(scale, np.ones(X.shape[1] - 1))
    model = GaussianMLRegressor(noise="log-linear", noise_columns=drive)
    model.fit(X, y * scale, sample_weight=weight)
    truth = truth["ml"]
    back = np.ones(len(truth["vcov_observed"]))
    split = len(truth["coef_mean"])
    back[:split] /= scale
    back[1] *= scale
    if 0 in drive:
        back[split + 1 + drive.index(0)] *= scale
    estimate = np.concatenate(parameters(model)) * back
    estimate[split] -= np.log(scale)
    covariance = np.asarray(truth["vcov_observed"])
    error = np.sqrt(np.diagonal(covariance))
    exact = np.append(truth["coef_mean"], truth["coef_logsd"])
    assert np.max(np.abs(estimate - exact) / error) < 1e-9

    n = len(y) if weight is None else np.sum(weight)
    loglik = model.loglik_ + n * np.log(scale)
    assert reference.digits(loglik, truth["loglik"]) >= 12
    if scale == 1.0:
        assert reference.digits(model.aic_, truth["aic"]) >= 12
        assert reference.digits(model.bic_, truth["bic"]) >= 12
    found = model.coef_covariance() * np.multiply.outer(back, back)
    difference = (found - covariance) / np.multiply.outer(error, error)
    assert np.max(np.abs(difference)) < 1e-9


@pytest.mark.parametrize("name", reference.names("hetero"))
def test_restricted_likelihood_agrees_with_r(name):
    truth, X, y, drive, weight = reference_case(name)
    model = GaussianMLRegressor(
        noise="log-linear", noise_columns=drive, method="reml"
    ).fit(X, y, sample_weight=weight)
    truth = truth["reml"]
    mean, noise = parameters(model)
    error = np.append(truth["se_mean"], truth["se_logsd_observed"])
    exact = np.append(truth["coef_mean"], truth["coef_logsd"])
    assert np.max(np.abs(np.append(mean, noise) - exact) / error) < 1e-7
    assert reference.digits(model.restricted_loglik_, truth["loglik_reml"]) >= 12
    found = np.sqrt(np.diagonal(model.coef_covariance()))
    error[: len(mean)] = truth["se_mean_with_logsd_uncertainty"]
    assert reference.digits(found, error) >= 9


def objective_of(problem, **settings):
    rows = Rows.of(problem.X, problem.y, problem.weight, problem.noise_scale)
    statistics = GaussianStatistics.from_data(problem.X, problem.y, problem.weight)
    scaled = GaussianStatistics.from_data(
        problem.X, problem.y, problem.weight, problem.noise_scale
    )
    return LogLinearObjective(rows, statistics, scaled, 0, problem.drive, **settings)


def somewhere(objective, seed):
    """A point about a standard error or two from the start."""
    start = objective.start
    unit = 1.0 / np.sqrt(start.information_diagonal)
    return start.theta + unit * np.random.default_rng(seed).standard_normal(len(unit))


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_gradient_and_informations_are_derivatives(settings, seed):
    objective = objective_of(varying_problem(seed), **settings)
    theta = somewhere(objective, seed)
    point = objective.at(theta)
    unit = 1.0 / np.sqrt(point.information_diagonal)
    size = len(theta)
    gradient, hessian = np.empty(size), np.empty((size, size))
    # A central difference of 1e-4 standard errors keeps seven digits.
    for row, step in enumerate(np.diag(1e-4 * unit)):
        ahead, behind = objective.at(theta + step), objective.at(theta - step)
        gradient[row] = (ahead.value - behind.value) / (2e-4 * unit[row])
        hessian[row] = (behind.gradient - ahead.gradient) / (2e-4 * unit[row])
    np.testing.assert_allclose(unit * point.gradient, unit * gradient, atol=1e-5)
    scale = np.multiply.outer(unit, unit)
    np.testing.assert_allclose(scale * point.information, scale * hessian, atol=1e-5)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("shift", [-0.5, 0.0, 0.9])
@pytest.mark.parametrize("seed", range(3))
def test_derivatives_where_the_floor_holds_rows(shift, settings, seed):
    """Of rows on the floor, near it and above; of gamma as of the other parameters."""
    objective = objective_of(varying_problem(seed), noise_floor=0.9, **settings)
    theta = somewhere(objective, seed)
    index = objective.log_sigma_index
    theta[index] = objective.link.log_floor + shift * LINK_WIDTH
    theta[index + 1 :] *= 3.0
    point = objective.at(theta)
    assert 0 < point.sums.held < objective.sum_weights
    unit = 1.0 / np.sqrt(point.information_diagonal)
    size = len(theta)
    gradient, hessian = np.empty(size), np.empty((size, size))
    for row, step in enumerate(np.diag(1e-4 * unit)):
        ahead, behind = objective.at(theta + step), objective.at(theta - step)
        gradient[row] = (ahead.value - behind.value) / (2e-4 * unit[row])
        hessian[row] = (behind.gradient - ahead.gradient) / (2e-4 * unit[row])
    scale = np.multiply.outer(unit, unit)
    # Third derivatives are larger than those without a floor, and jump at its ends.
    atol = 1e-4 * np.abs(scale * point.information).max()
    np.testing.assert_allclose(unit * point.gradient, unit * gradient, atol=atol)
    np.testing.assert_allclose(scale * point.information, scale * hessian, atol=atol)


@pytest.mark.parametrize("seed", range(3))
def test_expected_information_is_the_mean_of_the_observed(seed):
    """Observed information is quadratic in the residuals: two points average it."""
    problem = varying_problem(seed)
    theta = objective_of(problem).start.theta
    halves = []
    for sign in (-1.0, 1.0):
        objective = objective_of(problem)
        mean, noise = np.split(theta, [objective.log_sigma_index])
        level, slopes = objective.mean.of_rows(mean)
        log_level, log_slopes = objective.noise.of_rows(noise)
        origin = objective.sums.origin
        X = problem.X - origin[: problem.X.shape[1]]
        scale = 1.0 if problem.noise_scale is None else problem.noise_scale
        sigma = scale * np.exp(X @ log_slopes + log_level)
        y = X @ slopes + level + origin[-1] + sign * sigma
        # The same rows and coordinates, other values of y.
        objective.sums.rows.y[:, 0] = y
        halves.append(objective.at(theta).information)
        expected = objective.at(theta).expected_information
    unit = 1.0 / np.sqrt(np.diagonal(expected))
    scale = np.multiply.outer(unit, unit)
    np.testing.assert_allclose(
        scale * (halves[0] + halves[1]) / 2.0, scale * expected, atol=1e-10
    )


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_independent_optimiser_finds_no_better(settings):
    """The plain formula of the design, in raw units, climbed by BFGS."""
    problem = varying_problem(4)
    objective = objective_of(problem, **settings)
    solution = maximise_newton(objective, max_iter=100, tol=1e-8)
    assert solution.converged
    found = objective.estimate(solution.point)
    value = plain_objective(problem, found, settings)
    assert value == pytest.approx(solution.point.value, rel=1e-11)
    rng = np.random.default_rng(1)
    packed = np.concatenate(
        [found.intercept, found.coef[0], found.noise_intercept, found.noise_coef[0]]
    )
    free = np.ones(len(packed), dtype=bool)
    free[0] = settings.get("fit_intercept", True)

    error = np.sqrt(np.diagonal(found.covariance_root @ found.covariance_root.T))

    def negative(change):
        moved = packed.copy()
        moved[free] += error * change
        return -plain_value(problem, moved, settings)

    start = rng.standard_normal(free.sum())
    result = optimize.minimize(negative, start, method="BFGS", options={"gtol": 1e-6})
    assert -result.fun == pytest.approx(value, abs=1e-7)
    assert -result.fun <= value + 1e-9


def plain_objective(problem, estimate, settings):
    packed = np.concatenate(
        [
            estimate.intercept,
            estimate.coef[0],
            estimate.noise_intercept,
            estimate.noise_coef[0],
        ]
    )
    return plain_value(problem, packed, settings)


def plain_value(problem, packed, settings):
    X, y = problem.X, problem.y
    weight = np.ones(len(y)) if problem.weight is None else problem.weight
    scale = np.ones(len(y)) if problem.noise_scale is None else problem.noise_scale
    intercept, coef = packed[0], packed[1 : 1 + X.shape[1]]
    noise_intercept, noise_coef = packed[1 + X.shape[1]], packed[2 + X.shape[1] :]
    log_sigma = noise_intercept + X[:, problem.drive] @ noise_coef
    sigma = scale * np.exp(log_sigma)
    value = weight @ stats.norm(X @ coef + intercept, sigma).logpdf(y)
    alpha, centre = settings.get("alpha", 0.0), np.exp(weight @ log_sigma / sum(weight))
    value -= 0.5 * alpha * coef @ coef / centre**2
    value -= 0.5 * settings.get("noise_alpha", 0.0) * noise_coef @ noise_coef
    if settings.get("restricted"):
        design = X
        if settings.get("fit_intercept", True):
            design = np.column_stack([np.ones(len(y)), X])
        prior = np.full(design.shape[1], alpha / centre**2)
        prior[: design.shape[1] - X.shape[1]] = 0.0
        information = (design * (weight / sigma**2)[:, None]).T @ design
        _, determinant = np.linalg.slogdet(information + np.diag(prior))
        value -= 0.5 * determinant
        flat = design.shape[1] - (X.shape[1] if alpha else 0)
        value += 0.5 * flat * np.log(2.0 * np.pi)
        if alpha:
            value += 0.5 * X.shape[1] * np.log(alpha / centre**2)
    return value


class StartedElsewhere:
    """The same objective with a start of one's own."""

    def __init__(self, objective, theta):
        self.objective, self.theta = objective, theta

    @property
    def start(self):
        return self.objective.settled(self.theta)

    def __getattr__(self, name):
        return getattr(self.objective, name)


@pytest.mark.parametrize("seed", range(100))
def test_generated_problems_converge(seed):
    """5 to 200 columns, 200 rows and more, sds that span up to four decades."""
    objective = objective_of(varying_problem(seed, entries=ENTRIES))
    solution = maximise_newton(objective, max_iter=30, tol=1e-8)
    assert solution.converged, solution.message


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("maximize", [maximise_newton, maximise_lbfgs])
@pytest.mark.parametrize("seed", range(10))
def test_a_maximum_is_not_called_degenerate(seed, maximize, restricted):
    objective = objective_of(varying_problem(seed), restricted=restricted)
    solution = maximize(objective, max_iter=1000, tol=1e-8)
    assert not solution.point.degenerate.any()
    # Far from the bound below which rows are looked at again.
    assert solution.point.flattest[0] > 4.0 * DOUBTFUL


@pytest.mark.parametrize("seed", range(0, 100, 5))
def test_a_bad_start_leads_to_the_same_maximum(seed):
    problem = varying_problem(seed, entries=ENTRIES)
    objective = objective_of(problem)
    solution = maximise_newton(objective, max_iter=30, tol=1e-8)
    elsewhere, rng = objective.start.theta.copy(), np.random.default_rng(seed)
    elsewhere[: objective.log_sigma_index] = 0.0
    slopes = rng.standard_normal(len(problem.drive)) / np.sqrt(len(problem.drive))
    elsewhere[objective.log_sigma_index + 1 :] = slopes / problem.X[
        :, problem.drive
    ].std(axis=0)
    other = maximise_newton(
        StartedElsewhere(objective, elsewhere), max_iter=30, tol=1e-8
    )
    assert other.converged, other.message
    assert other.point.value == pytest.approx(solution.point.value, rel=1e-12)
    unit = 1.0 / np.sqrt(solution.point.information_diagonal)
    distance = np.abs(other.point.theta - solution.point.theta) / unit
    assert np.max(distance) < 1e-7


@pytest.mark.parametrize("seed", range(5))
def test_steps_by_an_earlier_information_save_passes_and_no_digits(seed, monkeypatch):
    problem, passes = varying_problem(seed, entries=ENTRIES), []
    information = RowSums.information

    def counted(self, mean, noise):
        passes.append(None)
        return information(self, mean, noise)

    monkeypatch.setattr(RowSums, "information", counted)
    found, used = [], []
    for chord in (CHORD, 0.0):
        monkeypatch.setattr("sklearn_gml._likelihood.log_linear_point.CHORD", chord)
        objective = objective_of(problem)
        solution = maximise_newton(objective, max_iter=30, tol=1e-8)
        found.append(solution.point)
        used.append(len(passes))
        passes.clear()
    assert used[0] < used[1]
    unit = 1.0 / np.sqrt(found[1].information_diagonal)
    # tol is the distance that either may have from the maximum.
    assert np.max(np.abs(found[0].theta - found[1].theta) / unit) < 2e-8


@pytest.mark.parametrize("seed", range(5))
def test_a_second_solver_confirms_the_maximum(seed):
    objective = objective_of(varying_problem(seed))
    newton = maximise_newton(objective, max_iter=30, tol=1e-8)
    lbfgs = maximise_lbfgs(
        StartedElsewhere(objective, somewhere(objective, seed)), max_iter=2000, tol=1e-8
    )
    assert lbfgs.point.value == pytest.approx(newton.point.value, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_step_from_a_saddle_is_uphill_and_the_same_in_all_coordinates(seed):
    rng = np.random.default_rng(seed)
    matrix, metric, change = rng.standard_normal((3, 6, 6))
    matrix, metric = matrix + matrix.T, metric @ metric.T
    gradient = rng.standard_normal(6)
    step = solve_uphill(matrix, gradient, metric)
    assert gradient @ step > 0
    moved = solve_uphill(
        change.T @ matrix @ change, change.T @ gradient, change.T @ metric @ change
    )
    # Of random matrices of this size conditions are 1e4 and less, and three meet.
    np.testing.assert_allclose(change @ moved, step, rtol=1e-6)
