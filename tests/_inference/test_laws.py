"""Laws of inference, over generated data."""

import exact
import nist
import numpy as np
import pytest
from generated import problem
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from sklearn_gml import GaussianMLRegressor, RankDeficiencyWarning

seeds = st.integers(0, 10_000)
kinds = st.sampled_from(["long", "weighted", "several targets", "sparse"])
robust = ["HC0", "HC1", "HC2", "HC3", "cluster"]
covariances = st.sampled_from(["classical", "information", *robust])

# Condition numbers of the generated designs stay below 1e3, and covariances have
# their square.
RTOL = 1e-9


def close(a, b, rtol=RTOL):
    b = np.asarray(b)
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.nanmax(np.abs(b)))


def fitted(generated, *, y=None, **parameters):
    model = GaussianMLRegressor(fit_intercept=generated.fit_intercept, **parameters)
    y = generated.y if y is None else y
    return model.fit(generated.X, y, generated.weight)


def rows_of(generated, kind, **changes):
    """The rows a robust kind wants; groups of about five."""
    if kind not in robust:
        return {}
    rows = {"X": generated.X, "y": generated.y, "sample_weight": generated.weight}
    if kind == "cluster":
        n_samples = generated.X.shape[0]
        rows["groups"] = np.arange(n_samples) % max(n_samples // 5, 2)
    return rows | changes


@given(seed=seeds, kind=covariances, method=st.sampled_from(["ml", "reml"]))
def test_weight_is_repetition(seed, kind, method):
    generated = problem(seed, "long")
    n_samples = len(generated.y)
    rng = np.random.default_rng(seed)
    times = rng.integers(0, 4, n_samples)
    times[: n_samples - n_samples // 4] += 1
    repeated = np.repeat(np.arange(n_samples), times)
    X, y = generated.X[repeated], generated.y[repeated]
    setting = {"method": method, "fit_intercept": generated.fit_intercept}
    weighted = GaussianMLRegressor(**setting).fit(generated.X, generated.y, times)
    copies = GaussianMLRegressor(**setting).fit(X, y)
    mine = rows_of(generated, kind, sample_weight=times)
    theirs = {name: mine[name][repeated] for name in mine if name != "sample_weight"}
    close(
        weighted.coef_covariance(kind=kind, **mine),
        copies.coef_covariance(kind=kind, **theirs),
    )
    close(
        weighted.conf_int(0.9, kind=kind, **mine),
        copies.conf_int(0.9, kind=kind, **theirs),
    )
    close(weighted.conf_int(method="profile"), copies.conf_int(method="profile"))
    for method in ("wald", "profile"):
        close(weighted.sigma_conf_int(0.9, method), copies.sigma_conf_int(0.9, method))
    one = weighted.influence(generated.X, generated.y)
    other = copies.influence(X, y)
    for name, values in vars(one).items():
        close(values[repeated], getattr(other, name))
    for kind in ("predictive", "mean"):
        one = weighted.predict_dist(X, kind=kind)
        other = copies.predict_dist(X, kind=kind)
        close(one.interval(0.8), other.interval(0.8))


@given(seed=seeds, kind=kinds)
def test_leverages_add_up_to_the_rank(seed, kind):
    generated = problem(seed, kind)
    n_samples = generated.X.shape[0]
    scale = np.random.default_rng(seed).uniform(0.3, 3.0, n_samples)
    model = GaussianMLRegressor(fit_intercept=generated.fit_intercept)
    weight = np.ones(n_samples) if generated.weight is None else generated.weight
    for noise_scale in (None, scale):
        model.fit(generated.X, generated.y, generated.weight, noise_scale)
        leverage = model.leverage(generated.X, noise_scale=noise_scale)
        assert weight @ leverage == pytest.approx(model.rank_, rel=RTOL)


@given(seed=seeds, kind=covariances)
def test_targets_are_known_apart(seed, kind):
    generated = problem(seed, "several targets")
    together = fitted(generated)
    rows = rows_of(generated, kind)
    parts = [fitted(generated, y=column) for column in generated.y.T]
    each = [rows | {"y": column} if rows else {} for column in generated.y.T]
    close(
        together.conf_int(kind=kind, **rows),
        [
            part.conf_int(kind=kind, **own)
            for part, own in zip(parts, each, strict=True)
        ],
    )
    contrasts = np.eye(len(together.parameter_names()))[-1]
    close(
        together.wald_test(contrasts, kind=kind, **rows).pvalue,
        [
            part.wald_test(contrasts, kind=kind, **own).pvalue
            for part, own in zip(parts, each, strict=True)
        ],
    )
    X = generated.X
    close(
        together.predict_dist(X, kind="predictive").kwds["scale"],
        np.column_stack(
            [part.predict_dist(X, kind="predictive").kwds["scale"] for part in parts]
        ),
    )


@given(seed=seeds, kind=covariances, power=st.integers(-6, 6))
def test_units(seed, kind, power):
    """y in other units, and a column in other units."""
    generated = problem(seed, "long")
    factor, column = 10.0**power, int(generated.fit_intercept)
    one = fitted(generated)
    other = fitted(generated, y=factor * generated.y)
    rows = rows_of(generated, kind)
    scaled = rows_of(generated, kind, y=factor * generated.y)
    close(other.conf_int(kind=kind, **scaled), factor * one.conf_int(kind=kind, **rows))
    X = generated.X.copy()
    X[:, 0] *= factor
    model = GaussianMLRegressor(fit_intercept=generated.fit_intercept)
    scaled = rows_of(generated, kind, X=X)
    back = model.fit(X, generated.y).conf_int(kind=kind, **scaled)
    back[column] *= factor
    close(back, one.conf_int(kind=kind, **rows))
    close(
        model.wald_test("x0", kind=kind, **scaled).pvalue,
        one.wald_test("x0", kind=kind, **rows).pvalue,
    )


@given(seed=seeds)
def test_clusters_of_one_row_are_hc1(seed):
    generated = problem(seed, "long")
    model = fitted(generated)
    rows = (generated.X, generated.y)
    groups = [f"row {row}" for row in range(len(generated.y))]
    close(
        model.coef_covariance("cluster", *rows, groups=groups),
        model.coef_covariance("HC1", *rows),
    )


@given(seed=seeds, method=st.sampled_from(["ml", "reml"]), level=st.floats(0.3, 0.999))
def test_ends_of_a_profile(seed, method, level):
    """There the likelihood, the rest at its best, has fallen by half a quantile."""
    generated = problem(seed, "weighted")
    model = fitted(generated, method=method)
    fall = 0.5 * stats.chi2.ppf(level, 1)
    limits = model.conf_int(level, method="profile")
    name = "restricted_loglik_" if method == "reml" else "loglik_"

    def at(value):
        """The likelihood with the last coefficient held."""
        X, y = generated.X[:, :-1], generated.y - value * generated.X[:, -1]
        rest = GaussianMLRegressor(
            method=method, fit_intercept=generated.fit_intercept
        ).fit(X, y, generated.weight)
        return getattr(rest, name)

    if generated.X.shape[1] > 1:
        best = at(model.coef_[-1])
        for limit in limits[-1]:
            assert best - at(limit) == pytest.approx(fall, rel=1e-7)

    # The restricted likelihood of sigma is that of its chi-square squares.
    best = fitted(generated, method="reml").sigma_
    freedom = generated.weight.sum() - model.rank_
    scaled = (
        freedom
        * (best / np.array([best, *model.sigma_conf_int(level, method="profile")])) ** 2
    )
    density = stats.chi2.logpdf(scaled, freedom) + np.log(scaled)
    np.testing.assert_allclose(density[0] - density[1:], fall, rtol=1e-7)


@given(seed=seeds)
def test_interval_of_sigma_has_chi_square_ends(seed):
    generated = problem(seed, "weighted")
    model = fitted(generated)
    n = generated.weight.sum()
    low, high = model.sigma_conf_int(0.8)
    ends = n * model.sigma_**2 / np.array([high, low]) ** 2
    probabilities = stats.chi2.cdf(ends, n - model.rank_)
    np.testing.assert_allclose(probabilities, [0.1, 0.9], rtol=1e-9)


@given(seed=seeds)
def test_influence_is_that_of_leaving_out(seed):
    generated = problem(seed, "long")
    model = fitted(generated)
    measures = model.influence(generated.X, generated.y)
    freedom = len(generated.y) - model.rank_
    s2 = len(generated.y) * model.sigma_**2 / freedom
    row = seed % len(generated.y)
    kept = np.arange(len(generated.y)) != row
    others = fitted(generated.take(kept), method="reml")
    gap = generated.y[row] - others.predict(generated.X[[row]])[0]
    spread = np.sqrt(1.0 + others.leverage(generated.X[[row]])[0])
    studentized = measures.studentized_residuals[row]
    assert studentized == pytest.approx(gap / (others.sigma_ * spread), rel=1e-7)
    moved = model.predict(generated.X) - others.predict(generated.X)
    cooks = moved @ moved / (model.rank_ * s2)
    assert measures.cooks_distance[row] == pytest.approx(cooks, rel=1e-7)


def log_evidence(model):
    """Of the data, with flat priors of the intercept and of log sigma."""
    lost = model.fit_intercept if model.alpha else model.rank_
    freedom = model.statistics_.sum_weights - lost
    squares = freedom * model.sigma_**2
    peak = 0.5 * freedom * (np.log(model.sigma_**2) + 1.0)
    integral = special.gammaln(0.5 * freedom) - 0.5 * freedom * np.log(0.5 * squares)
    return model.restricted_loglik_ + peak + integral


@given(seed=seeds, alpha=st.sampled_from([0.0, 0.01, 1.0, 30.0]), y=st.floats(-9, 9))
def test_predictive_density_is_a_ratio_of_evidences(seed, alpha, y):
    """Bayes' rule for one more row; with alpha = 0 the classical t is the same."""
    generated = problem(seed, "wide" if alpha and seed % 2 else "long")
    x = np.random.default_rng(seed).standard_normal((1, generated.X.shape[1]))
    before = fitted(generated, method="reml", alpha=alpha)
    after = GaussianMLRegressor(
        method="reml", alpha=alpha, fit_intercept=generated.fit_intercept
    ).fit(np.vstack([generated.X, x]), np.append(generated.y, y))
    expected = log_evidence(after) - log_evidence(before)
    density = before.predict_dist(x, kind="predictive").logpdf(y)[0]
    assert density == pytest.approx(expected, rel=1e-7, abs=1e-7)


@given(seed=seeds, alpha=st.sampled_from([0.01, 1.0, 30.0]))
def test_posterior_of_the_mean(seed, alpha):
    generated = problem(seed, "weighted")
    model = fitted(generated, alpha=alpha)
    covariance, X = model.coef_covariance(), generated.X
    if generated.fit_intercept:
        X = np.column_stack([np.ones(len(X)), X])
    variance = np.einsum("ij,jk,ik->i", X, covariance, X)
    mean = model.predict_dist(generated.X, kind="mean")
    close(mean.kwds["scale"] ** 2, variance)
    later = model.predict_dist(generated.X, kind="predictive")
    close(later.kwds["scale"] ** 2, variance + model.sigma_**2)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_posterior_of_more_columns_than_rows(fit_intercept):
    """Where no row speaks, the prior does."""
    generated, alpha = problem(0, "wide"), 0.5
    X = generated.X + 3.0
    model = GaussianMLRegressor(alpha=alpha, fit_intercept=fit_intercept)
    model.fit(X, generated.y)
    if fit_intercept:
        X = np.column_stack([np.ones(len(X)), X])
    penalty = alpha * np.eye(X.shape[1])
    penalty[: int(fit_intercept)] = 0.0
    truth = model.sigma_**2 * np.linalg.inv(X.T @ X + penalty)
    close(model.coef_covariance(), truth, 1e-8)


def test_nothing_is_said_of_rows_outside_the_data():
    rng = np.random.default_rng(0)
    X = rng.normal(loc=[0.0, 1e3], size=(40, 2)) * [1.0, 1e-3]
    X = np.column_stack([X, X @ [1.0, 2.0]])
    y = rng.standard_normal(40)
    with pytest.warns(RankDeficiencyWarning):
        model = GaussianMLRegressor().fit(X, y)
    full = GaussianMLRegressor().fit(X[:, :2], y)
    close(model.leverage(X), full.leverage(X[:, :2]), 1e-7)
    beside = X + np.array([0.0, 0.0, 1e-3])
    assert np.isnan(model.leverage(beside)).all()
    assert np.isnan(model.predict_dist(beside, kind="mean").std()).all()
    assert np.isfinite(model.predict_dist(X, kind="predictive").std()).all()


# The root that a fit keeps is rounded to float64: of its products with rows nine of
# Filip's digits cancel.
@pytest.mark.parametrize(
    "name, rtol", [("norris", 1e-12), ("longley", 1e-12), ("filip", 1e-6)]
)
def test_leverage_of_ill_conditioned_rows(name, rtol):
    """Against rational arithmetic, where double precision has lost its digits."""
    X, y, fit_intercept = nist.problem(name)
    rows = np.arange(0, len(y), 7)
    # A variable that is 1 in one row leaves 1 - h of its squares.
    left = [
        exact.least_squares(X, np.eye(len(y))[row], fit_intercept=fit_intercept)[2]
        for row in rows
    ]
    ours = GaussianMLRegressor().fit(X, y).leverage(X[rows])
    np.testing.assert_allclose(ours, 1.0 - np.array(left), rtol=rtol)
