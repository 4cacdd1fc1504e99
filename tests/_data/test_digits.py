"""Correct digits on ill-conditioned rows, against exact arithmetic."""

import exact
import nist
import numpy as np
import pytest
import reference_fits as reference

from sklearn_gml import DegenerateFitWarning, GaussianMLRegressor, GaussianStatistics


def fit_all(X, y, fit_intercept=True, **parameters):
    model = GaussianMLRegressor(
        method="reml", fit_intercept=fit_intercept, **parameters
    )
    return model.fit(X, y)


def test_exact_arithmetic_agrees_with_the_certified_values():
    for name, case in nist.MORE.items():
        X, y, fit_intercept = nist.problem(name)
        truth, _, rss = exact.least_squares(X, y, fit_intercept=fit_intercept)
        certified = case["certified"]
        # What rounding x and y to float64 leaves of the decimal answer.
        worst = 7 if name == "filip" else 11
        residual_sd = np.sqrt(rss / (len(y) - len(truth)))
        assert nist.digits(residual_sd, certified["residual_sd"]) >= worst
        if fit_intercept:
            assert nist.digits(truth[0], certified["intercept"]) >= worst


@pytest.mark.parametrize("name", nist.SETS)
@pytest.mark.filterwarnings("ignore::sklearn_gml.DegenerateFitWarning")
def test_nist(name):
    X, y, fit_intercept = nist.problem(name)
    truth, errors, rss = exact.least_squares(X, y, fit_intercept=fit_intercept)
    model = fit_all(X, y, fit_intercept)
    assert nist.digits(nist.parameters(model), truth) >= 14
    if rss:
        sigma = np.sqrt(rss / (len(y) - len(truth)))
        assert nist.digits(model.sigma_, sigma) >= 13
        assert nist.digits(nist.standard_errors(model), sigma * errors) >= 13


@pytest.mark.parametrize("name", ["norris", "noint1", "longley", "wampler2"])
@pytest.mark.filterwarnings("ignore::sklearn_gml.DegenerateFitWarning")
def test_nist_against_the_reference(name):
    """The same against numbers computed elsewhere, the likelihood included."""
    case = reference.load(f"nist_{name}")
    truth = case["truth_float64_design"] or case["truth_float64_data"]
    X, y, fit_intercept = nist.problem(name)
    model = fit_all(X, y, fit_intercept)
    assert nist.digits(nist.parameters(model), truth["coef"]) >= 14
    assert nist.digits(model.sigma_, truth["residual_sd"]) >= 13
    assert nist.digits(model.restricted_loglik_, truth["loglik_reml"]) >= 12
    model = GaussianMLRegressor(fit_intercept=fit_intercept).fit(X, y)
    assert nist.digits(model.loglik_, truth["loglik_ml"]) >= 12


def test_exact_fit_still_warns():
    for name in ("wampler1", "wampler2"):
        X, y, _ = nist.problem(name)
        with pytest.warns(DegenerateFitWarning):
            GaussianMLRegressor().fit(X, y)


def designs():
    rng = np.random.default_rng(0)
    for degree in range(3, 13):
        for low, high in ((0, 1), (-1, 1), (1, 3), (0, 20)):
            x = np.linspace(low, high, 40)
            yield f"degree {degree} on {low}..{high}", nist.powers(x, degree)
    for exponent in range(2, 12):
        X = rng.standard_normal((40, 5))
        X[:, 4] = X[:, 0] + X[:, 1] + 10.0**-exponent * X[:, 4]
        yield f"collinear to 1e-{exponent}", X
    for exponent in (2, 4, 8):
        scales = 10.0 ** rng.integers(-exponent, exponent + 1, 6)
        yield f"scales 1e{exponent} apart", rng.standard_normal((40, 6)) * scales
    for exponent in (2, 4, 6, 8):
        means = 10.0**exponent * np.array([1.0, 0.0, -1.0, 0.5])
        yield (
            f"means 1e{exponent} times the spread",
            rng.standard_normal((40, 4)) + means,
        )


DESIGNS = dict(designs())


def noisy(X, seed=0):
    """Targets all of whose parameters are of the size of what they explain."""
    rng = np.random.default_rng(seed)
    norms = np.linalg.norm(X, axis=0) / np.sqrt(len(X))
    coef = rng.uniform(0.5, 2.0, X.shape[1]) * rng.choice([-1.0, 1.0], X.shape[1])
    signal = 1.0 + X @ (coef / norms)
    return signal + 0.1 * np.std(signal) * rng.standard_normal(len(X))


@pytest.mark.parametrize("name", DESIGNS)
def test_generated_designs(name):
    X = DESIGNS[name]
    y = noisy(X)
    truth, errors, rss = exact.least_squares(X, y)
    model = fit_all(X, y)
    sigma = np.sqrt(rss / (len(y) - len(truth)))
    # Within a standard error of zero a coefficient has lost its digits to
    # cancellation between the data, whatever the arithmetic.
    scale = np.maximum(np.abs(truth), sigma * errors)
    assert reference.digits(nist.parameters(model), truth, scale=scale) >= 13
    assert nist.digits(model.sigma_, sigma) >= 13
    assert nist.digits(nist.standard_errors(model), sigma * errors) >= 13


@pytest.mark.parametrize("name", list(DESIGNS)[::4])
def test_float32_rows_are_not_float32_arithmetic(name):
    """Rows rounded to float32 are other rows, and are fitted to all digits."""
    X = DESIGNS[name].astype(np.float32)
    y = noisy(DESIGNS[name])
    try:
        truth, errors, rss = exact.least_squares(X, y)
    except ValueError:
        pytest.skip("collinear when rounded to float32")
    if np.linalg.cond(np.column_stack([np.ones(len(y)), X / np.abs(X).max(0)])) > 1e12:
        pytest.skip("no unique solution left in float32")
    model = fit_all(X, y)
    sigma = np.sqrt(rss / (len(y) - len(truth)))
    scale = np.maximum(np.abs(truth), sigma * errors)
    assert reference.digits(nist.parameters(model), truth, scale=scale) >= 13


@pytest.mark.parametrize("name", DESIGNS)
def test_merged_statistics_keep_the_digits_of_a_factor(name):
    """Ten statistics of shuffled rows: sixteen digits less those of the condition.

    A triangle of float64 cannot hold more: rounding it alone changes its solution
    by eps times the condition number.
    """
    X = DESIGNS[name]
    y = noisy(X)
    rows = np.random.default_rng(1).permutation(len(y))
    parts = [
        GaussianStatistics.from_data(X[part], y[part])
        for part in np.array_split(rows, 10)
    ]
    model = GaussianMLRegressor(method="reml").fit_statistics(sum(parts))
    truth, errors, rss = exact.least_squares(X, y)
    design = np.column_stack([np.ones(len(y)), X])
    condition = np.linalg.cond(design / np.linalg.norm(design, axis=0))
    sigma = np.sqrt(rss / (len(y) - len(truth)))
    scale = np.maximum(np.abs(truth), sigma * errors)
    expected = 14.5 - np.log10(condition)
    assert reference.digits(nist.parameters(model), truth, scale=scale) >= expected


@pytest.mark.parametrize("name", nist.SETS)
@pytest.mark.filterwarnings("ignore::sklearn_gml.DegenerateFitWarning")
def test_nist_in_three_parts(name):
    """The same for the sets of NIST: the parts carry nothing but their triangles."""
    X, y, fit_intercept = nist.problem(name)
    parts = [
        GaussianStatistics.from_data(X[part], y[part])
        for part in np.array_split(np.arange(len(y)), 3)
    ]
    model = GaussianMLRegressor(method="reml", fit_intercept=fit_intercept)
    model.fit_statistics(sum(parts))
    truth, errors, rss = exact.least_squares(X, y, fit_intercept=fit_intercept)
    design = np.column_stack([np.ones(len(y)), X]) if fit_intercept else X
    norms = np.linalg.norm(design, axis=0)
    condition = np.linalg.cond(design / norms)
    sigma = np.sqrt(rss / (len(y) - len(truth)))
    # Rounding a triangle moves a parameter in proportion to all terms of the mean,
    # not to itself: an intercept of 0.3 beside terms of 900 has three digits less.
    terms = np.linalg.norm(truth * norms)
    scale = np.maximum(terms / norms, sigma * errors)
    expected = 14.5 - np.log10(condition)
    assert reference.digits(nist.parameters(model), truth, scale=scale) >= expected
