"""alpha="evidence" and prior_groups, against reference fits, scipy and scikit-learn."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, sparse
from sklearn.base import clone
from sklearn.linear_model import BayesianRidge, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gml import (
    GaussianMLRegressor,
    GaussianStatistics,
    PriorBoundWarning,
    predict_dist,
)
from tests.support.reference_fits import columns, digits, load, names

RIDGE = names("ridge")


def ridge_case(name):
    case = load(name)
    X = columns(case, case["model"]["mean_terms"])
    return X, np.asarray(case["columns"][case["model"]["y"]]), case["truth"]


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("name", RIDGE)
def test_evidence_of_reference_fits(name, method):
    X, y, truth = ridge_case(name)
    truth = truth[f"evidence_{method}"]
    model = GaussianMLRegressor(alpha="evidence", method=method).fit(X, y)
    assert abs(np.log(model.alpha_) - truth["log_alpha"]) < 1e-10
    assert digits(model.sigma_, truth["sigma"]) > 12
    assert digits(model.edf_, truth["edf"]) > 12
    assert digits(model.log_evidence_, truth["loglik"]) > 12
    found = np.append(model.intercept_, model.coef_)
    assert digits(found, truth["coef"], scale=np.abs(truth["coef"]).max()) > 10
    if method == "reml":
        assert model.log_evidence_ == pytest.approx(model.restricted_loglik_)


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("name", RIDGE)
def test_evidence_and_degrees_of_given_alphas(name, method):
    X, y, truth = ridge_case(name)
    for fixed in truth["fixed_alpha"]:
        model = GaussianMLRegressor(alpha=fixed["alpha"], method=method).fit(X, y)
        assert digits(model.log_evidence_, fixed[f"marginal_loglik_{method}"]) > 12
        assert digits(model.edf_, fixed["edf"]) > 12
        assert digits(model.sigma_, fixed[f"sigma_{method}_given_alpha"]) > 12
        # Information criteria count effective degrees of freedom.
        k = fixed["edf"] + 1
        assert model.aic_ == pytest.approx(-2 * model.loglik_ + 2 * k)
        assert model.bic_ == pytest.approx(-2 * model.loglik_ + k * np.log(len(y)))


def test_information_criteria_of_ridge_do_not_always_choose_no_prior():
    """AIC and BIC count effective degrees of freedom."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 25))
    y = 0.3 * X[:, 0] + rng.standard_normal(40)
    alphas = [0.0, 1.0, 10.0, 100.0, 1000.0]
    for criterion in ("aic_", "bic_"):
        values = [
            getattr(GaussianMLRegressor(alpha=alpha).fit(X, y), criterion)
            for alpha in alphas
        ]
        assert np.argmin(values) > 0


@pytest.mark.parametrize("name", RIDGE)
def test_posterior_of_reference_fits(name):
    X, y, truth = ridge_case(name)
    for fixed in truth["fixed_alpha"]:
        model = GaussianMLRegressor(alpha=fixed["alpha"], method="reml").fit(X, y)
        sd = np.sqrt(np.diagonal(model.coef_covariance()))
        assert digits(sd, fixed["posterior_sd_given_alpha_sigma_reml"]) > 10


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("name", RIDGE)
def test_bayesian_ridge_without_hyperpriors(name, fit_intercept):
    X, y, _ = ridge_case(name)
    y = y - (0.0 if fit_intercept else y.mean())
    none = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0.0)
    theirs = BayesianRidge(
        tol=1e-12, max_iter=100_000, fit_intercept=fit_intercept, **none
    ).fit(X, y)
    ours = GaussianMLRegressor(alpha="evidence", fit_intercept=fit_intercept).fit(X, y)
    assert ours.alpha_ == pytest.approx(theirs.lambda_ / theirs.alpha_, rel=1e-6)
    assert ours.sigma_ == pytest.approx(theirs.alpha_**-0.5, rel=1e-6)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-5, atol=1e-6)


RAIL = np.array(
    [55, 53, 54, 26, 37, 32, 78, 91, 85, 92, 100, 96, 49, 51, 50, 80, 85, 83.0]
)


def one_hot(labels):
    levels, codes = np.unique(labels, return_inverse=True)
    return np.eye(len(levels))[codes]


def test_rails():
    """Pinheiro and Bates (2000), page 9: lme(travel ~ 1, random = ~ 1 | Rail)."""
    Z = one_hot(np.repeat(np.arange(6), 3))
    model = GaussianMLRegressor(alpha="evidence", method="reml").fit(Z, RAIL)
    assert model.intercept_ == pytest.approx(66.5, abs=1e-9)
    assert model.sigma_ == pytest.approx(4.020779, abs=5e-7)
    assert model.sigma_ / np.sqrt(model.alpha_) == pytest.approx(24.80547, abs=5e-6)
    assert model.log_evidence_ == pytest.approx(-61.0885, abs=5e-5)
    # The standard error of the mean that the book prints.
    se = np.sqrt(model.coef_covariance()[0, 0])
    assert se == pytest.approx(10.17104, abs=5e-6)
    # BLUPs: means of the rails, shrunk by n / (n + alpha).
    means = RAIL.reshape(6, 3).mean(axis=1) - 66.5
    np.testing.assert_allclose(model.coef_, means * 3 / (3 + model.alpha_), rtol=1e-10)


def test_orthodont():
    """Pinheiro and Bates (2000), page 149: random intercepts, REML.

    lme(distance ~ age, random = ~ 1 | Subject): standard deviations 2.114724 and
    1.431592, log-likelihood -223.5013, coefficients 16.761111 and 0.660185.
    """
    data = load("hetero_orthodont")["columns"]
    y, age = np.array(data["distance"]), np.array(data["age"])
    Z = one_hot(np.repeat(np.arange(27), 4))
    X = np.column_stack([age, Z])
    groups = [np.arange(1, 28)]
    model = GaussianMLRegressor(
        alpha="evidence", prior_groups=groups, method="reml"
    ).fit(X, y)
    assert model.sigma_ == pytest.approx(1.431592, abs=5e-7)
    assert model.sigma_ / np.sqrt(model.alpha_[0]) == pytest.approx(2.114724, abs=5e-7)
    assert model.restricted_loglik_ == pytest.approx(-223.5013, abs=5e-5)
    assert model.intercept_ == pytest.approx(16.761111, abs=5e-7)
    assert model.coef_[0] == pytest.approx(0.660185, abs=5e-7)
    errors = np.sqrt(np.diagonal(model.coef_covariance()))[:2]
    np.testing.assert_allclose(errors, [0.8023952, 0.0616059], atol=5e-7)


def mixed(seed, *, n=90, slopes=False):
    """Two crossed factors, and one of them with a slope of its own if asked."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    parts = [
        one_hot(np.append(np.arange(k), rng.integers(0, k, n - k))) for k in (8, 6)
    ]
    if slopes:
        parts[1] = parts[0] * x[:, None]
    y = 2.0 + x + rng.standard_normal(n)
    for Z, sd in zip(parts, (1.5, 0.7), strict=True):
        y = y + sd * Z @ rng.standard_normal(Z.shape[1])
    return x, parts, y


def dense_negative(log_alpha, x, parts, y):
    """Minus the restricted log-likelihood, by matrices of rows by rows."""
    X0 = np.column_stack([np.ones(len(y)), x])
    V = np.eye(len(y)) + sum(
        Z @ Z.T * np.exp(-one) for Z, one in zip(parts, log_alpha, strict=True)
    )
    solved = np.linalg.solve(V, np.column_stack([X0, y]))
    information = X0.T @ solved[:, :2]
    squares = y @ solved[:, 2] - (X0.T @ solved[:, 2]) @ np.linalg.solve(
        information, X0.T @ solved[:, 2]
    )
    degrees = len(y) - 2
    return 0.5 * (
        degrees * (np.log(2 * np.pi * squares / degrees) + 1)
        + np.linalg.slogdet(V)[1]
        + np.linalg.slogdet(information)[1]
    )


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("slopes", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_crossed_intercepts_and_random_slopes(seed, slopes, container):
    x, parts, y = mixed(seed, slopes=slopes)
    ends = 1 + np.cumsum([0, *(Z.shape[1] for Z in parts)])
    groups = [slice(ends[0], ends[1]), slice(ends[1], ends[2])]
    X = container(np.column_stack([x, *parts]))
    model = GaussianMLRegressor(
        alpha="evidence", prior_groups=groups, method="reml"
    ).fit(X, y)
    best = optimize.minimize(
        dense_negative,
        np.zeros(2),
        (x, parts, y),
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-13, "maxiter": 2000},
    )
    np.testing.assert_allclose(np.log(model.alpha_), best.x, atol=1e-6)
    assert model.log_evidence_ == pytest.approx(-best.fun, rel=1e-10)
    # BLUPs and their prediction: Henderson's equations with these variances.
    V = np.eye(len(y)) + sum(
        Z @ Z.T / one for Z, one in zip(parts, model.alpha_, strict=True)
    )
    X0 = np.column_stack([np.ones(len(y)), x])
    solved = np.linalg.solve(V, np.column_stack([X0, y]))
    fixed = np.linalg.solve(X0.T @ solved[:, :2], X0.T @ solved[:, 2])
    np.testing.assert_allclose([model.intercept_, model.coef_[0]], fixed, rtol=1e-8)
    rest = np.linalg.solve(V, y - X0 @ fixed)
    blups = np.concatenate(
        [Z.T @ rest / one for Z, one in zip(parts, model.alpha_, strict=True)]
    )
    np.testing.assert_allclose(model.coef_[1:], blups, atol=1e-8)
    covariance = model.sigma_**2 * np.linalg.inv(X0.T @ solved[:, :2])
    np.testing.assert_allclose(
        model.coef_covariance()[:2, :2], covariance, rtol=1e-8, atol=1e-12
    )


@pytest.mark.parametrize("kind", ["long", "wide"])
def test_given_alphas_of_groups_are_ridge_on_scaled_columns(kind):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 6) if kind == "long" else (8, 20))
    y = X[:, 0] + rng.standard_normal(len(X))
    half = X.shape[1] // 2
    groups = [slice(0, half), slice(half, None)]
    model = GaussianMLRegressor(alpha=[0.5, 20.0], prior_groups=groups).fit(X, y)
    scale = np.repeat([0.5, 20.0], half) ** -0.5
    theirs = Ridge(alpha=1.0).fit(X * scale, y)
    np.testing.assert_allclose(model.coef_, theirs.coef_ * scale, rtol=1e-9)
    np.testing.assert_array_equal(model.alpha_, [0.5, 20.0])
    both = GaussianMLRegressor(alpha=3.0, prior_groups=groups).fit(X, y)
    one = GaussianMLRegressor(alpha=3.0).fit(X, y)
    np.testing.assert_allclose(both.coef_, one.coef_, rtol=1e-11)
    each = GaussianMLRegressor(alpha=3.0, prior_groups="columns").fit(X, y)
    np.testing.assert_allclose(each.coef_, one.coef_, rtol=1e-11)
    assert each.log_evidence_ == pytest.approx(one.log_evidence_)


SETTINGS = {
    "evidence": {"alpha": "evidence"},
    "columns": {"alpha": "evidence", "prior_groups": "columns"},
    "groups": {"alpha": "evidence", "prior_groups": [[1, 2], [3]]},
    "given": {"alpha": [2.0, 0.0], "prior_groups": [[1, 2], [3]]},
}


@pytest.mark.filterwarnings("ignore::sklearn_gml.PriorBoundWarning")
@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("name", SETTINGS)
def test_every_way_to_the_same_fit(name, method):
    """Rows at once, in batches, as statistics, repeated, sparse, scaled."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((60, 4)) + 10.0
    Y = X[:, :2] @ [[1.0, 0.0], [0.5, 2.0]] + rng.standard_normal((60, 2))
    weight = rng.integers(0, 3, 60)
    settings = SETTINGS[name] | {"method": method}
    model = GaussianMLRegressor(**settings).fit(X, Y, weight)

    def same(other):
        np.testing.assert_allclose(other.alpha_, model.alpha_, rtol=1e-6)
        np.testing.assert_allclose(other.coef_, model.coef_, atol=1e-7)
        np.testing.assert_allclose(other.sigma_, model.sigma_, rtol=1e-7)
        assert other.log_evidence_ == pytest.approx(model.log_evidence_, rel=1e-9)
        assert other.edf_ == pytest.approx(model.edf_, rel=1e-7)

    fresh = clone(model)
    same(fresh.fit(np.repeat(X, weight, axis=0), np.repeat(Y, weight, axis=0)))
    same(clone(model).fit(sparse.csr_array(X), Y, weight))
    same(clone(model).fit_statistics(GaussianStatistics.from_data(X, Y, weight)))
    batches = clone(model)
    for part in np.array_split(np.arange(60), 4):
        batches.partial_fit(X[part], Y[part], weight[part])
    same(batches)
    assert clone(model).get_params() == model.get_params()
    assert model.loglik_ == pytest.approx(model.score_loglik(X, Y, weight))
    # Leverages of the rows, times their frequencies, add up to the degrees of freedom.
    assert weight @ model.leverage(X) == pytest.approx(model.edf_)
    scaled = clone(model).fit(X, 1e3 * Y, weight)
    np.testing.assert_allclose(scaled.alpha_, model.alpha_, rtol=1e-6)


@pytest.mark.parametrize("container", [list, np.asarray, pd.DataFrame])
def test_selections(container):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3))
    y = X @ [1.0, 2.0, 0.0] + rng.standard_normal(30)
    if container is list:
        frame, selections = X.tolist(), [[0, 2], [1]]
    elif container is np.asarray:
        frame, selections = X, [[True, False, True], slice(1, 2)]
    else:
        frame = pd.DataFrame(X, columns=["a", "b", "c"])
        selections = [["a", "c"], lambda frame: ["b"]]
    alpha = [3.0, 5.0]
    model = GaussianMLRegressor(alpha=alpha, prior_groups=selections).fit(frame, y)
    expected = GaussianMLRegressor(alpha=[3.0, 5.0, 3.0], prior_groups="columns").fit(
        X, y
    )
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-10)


def test_names_select_from_statistics():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((30, 3)), columns=["a", "b", "c"])
    y = frame["a"] + rng.standard_normal(30)
    model = GaussianMLRegressor(alpha=[2.0], prior_groups=[["b", "c"]])
    expected = clone(model).fit(frame, y).coef_
    statistics = GaussianStatistics.from_data(frame, y)
    np.testing.assert_allclose(
        model.fit_statistics(statistics).coef_, expected, rtol=1e-10
    )
    with pytest.raises(ValueError, match=r"function of X, which statistics"):
        model.set_params(prior_groups=[lambda X: [0]]).fit_statistics(statistics)


WRONG = [
    ({"alpha": [1.0, 2.0]}, "alpha has shape"),
    ({"alpha": [1.0], "prior_groups": "columns"}, "alpha has shape"),
    ({"alpha": [-1.0], "prior_groups": [[0]]}, "zero or positive"),
    ({"alpha": [np.nan], "prior_groups": [[0]]}, "zero or positive"),
    (
        {"alpha": [np.inf], "prior_groups": [[0]], "noise": "log-linear"},
        "and finite unless",
    ),
    ({"alpha": ["a"], "prior_groups": [[0]]}, "has to be numbers"),
    ({"alpha": "more"}, "alpha"),
    ({"alpha": 1.0, "prior_groups": "rows"}, "prior_groups"),
    ({"alpha": 1.0, "prior_groups": [[0], [0, 1]]}, "two groups"),
    ({"alpha": 1.0, "prior_groups": [[7]]}, r"prior_groups\[0\]"),
    ({"alpha": 1.0, "prior_groups": [["a"]]}, r"prior_groups\[0\]"),
    ({"alpha": 1.0, "prior_groups": [[0], []]}, r"prior_groups\[1\].*no column"),
    ({"alpha": 1.0, "prior_groups": []}, "no group"),
    ({"alpha": "evidence", "positive": True}, "positive=True"),
    ({"alpha": "evidence", "covariance": "full"}, "covariance='full'"),
    ({"alpha": "evidence", "noise": "log-linear"}, "noise='log-linear'"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG, ids=str)
def test_errors(settings, message):
    X = np.random.default_rng(0).standard_normal((20, 3))
    model = GaussianMLRegressor(**settings)
    with pytest.raises(ValueError, match=message):
        model.fit(X, X[:, 0])
    assert not hasattr(model, "coef_")


def test_wide_sparse_rows():
    rng = np.random.default_rng(0)
    X = sparse.random_array((60, 5000), density=0.01, format="csr", random_state=0)
    y = X[:, :20].sum(axis=1) + 0.1 * rng.standard_normal(60)
    groups = [slice(0, 20), slice(20, None)]
    model = GaussianMLRegressor(alpha=[0.1, 2.0], prior_groups=groups).fit(X, y)
    scale = np.repeat([0.1, 2.0], [20, 4980]) ** -0.5
    theirs = Ridge(alpha=1.0).fit(X.toarray() * scale, y)
    np.testing.assert_allclose(model.coef_, theirs.coef_ * scale, atol=1e-8)
    assert model.edf_ <= model.rank_
    with pytest.raises(ValueError, match="sparse X of so many columns"):
        model.set_params(alpha="evidence").fit(X, y)


def test_what_has_no_evidence_drops_out_and_says_so():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 4))
    design = np.column_stack([np.ones(50), X])
    y = rng.standard_normal(50)
    y -= design @ np.linalg.lstsq(design, y, rcond=None)[0]
    model = GaussianMLRegressor(alpha="evidence", method="reml")
    with pytest.warns(PriorBoundWarning, match=r"alpha_ = inf"):
        model.fit(X, y)
    assert model.alpha_ == np.inf
    assert model.edf_ == 1
    np.testing.assert_array_equal(model.coef_, 0.0)
    assert model.sigma_ == pytest.approx(y.std(ddof=1))
    assert model.log_evidence_ == pytest.approx(
        -49 / 2 * (np.log(2 * np.pi * y.var(ddof=1)) + 1) - 0.5 * np.log(50)
    )
    # What is known of a coefficient that is zero: it is.
    np.testing.assert_array_equal(model.coef_covariance()[1:], 0.0)
    assert np.isfinite(model.predict_dist(X, kind="predictive").std()).all()
    y = y + 3.0 * X[:, 0]
    model.set_params(prior_groups="columns")
    with pytest.warns(PriorBoundWarning, match=r"3 of 4 groups.*group 1, 2, 3"):
        model.fit(X, y)
    assert np.isfinite(model.alpha_[0])
    np.testing.assert_array_equal(model.coef_[1:], 0.0)
    assert "alpha" in str(model.summary())


def test_flat_columns_that_are_collinear_have_no_standard_error():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 4))
    X[:, 1] = X[:, 0]
    y = X @ [1.0, 1.0, 2.0, 0.0] + rng.standard_normal(40)
    model = GaussianMLRegressor(alpha=[2.0], prior_groups=[[2, 3]])
    with pytest.warns(UserWarning, match="1 of 3 directions"):
        model.fit(X, y)
    se = np.sqrt(np.diagonal(model.coef_covariance()))
    np.testing.assert_array_equal(np.isnan(se), [False, True, True, False, False])
    merged = GaussianMLRegressor(alpha=[2.0], prior_groups=[[1, 2]]).fit(X[:, 1:], y)
    expected = np.sqrt(np.diagonal(merged.coef_covariance()))
    np.testing.assert_allclose(se[[0, 3, 4]], expected[[0, 2, 3]], rtol=1e-9)
    rows = rng.standard_normal((5, 4))
    assert np.isnan(model.leverage(rows)).all()
    rows[:, 1] = rows[:, 0]
    np.testing.assert_allclose(
        model.leverage(rows), merged.leverage(rows[:, 1:]), rtol=1e-9
    )


@pytest.mark.parametrize("flat", [0, 2])
def test_posterior_of_more_columns_than_rows(flat):
    """Directions without data have the variance of their priors."""
    rng = np.random.default_rng(0)
    n, p = 8, 14
    X, precision = rng.standard_normal((n, p)), 10.0 ** rng.uniform(-1, 1, p)
    y = X[:, 3] + rng.standard_normal(n)
    groups = [[j] for j in range(flat, p)]
    model = GaussianMLRegressor(alpha=precision[flat:], prior_groups=groups)
    model.set_params(method="reml").fit(X, y)
    precision[:flat] = 0.0
    design = np.column_stack([np.ones(n), X])
    information = design.T @ design + np.diag(np.append(0.0, precision))
    expected = model.sigma_**2 * np.linalg.inv(information)
    np.testing.assert_allclose(model.coef_covariance(), expected, rtol=1e-7, atol=1e-9)
    new = rng.standard_normal((3, p))
    rows = np.column_stack([np.ones(3), new])
    variance = np.einsum("ij,jk,ik->i", rows, expected, rows)
    mean = model.predict_dist(new, kind="mean")
    np.testing.assert_allclose(mean.kwds["scale"] ** 2, variance, rtol=1e-7)
    assert mean.args[0] == n - 1 - flat


@pytest.mark.parametrize("shape", [(60, 4), (12, 20)])
def test_log_linear_noise_with_groups(shape):
    """Posterior of the mean given sigma, and the hat matrix, by dense formulas."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal(shape)
    y = X[:, 0] + np.exp(0.3 * X[:, 1]) * rng.standard_normal(shape[0])
    p = shape[1]
    precision = np.append([0.0, 0.0], 10.0 ** rng.uniform(0, 1, p - 2))
    model = GaussianMLRegressor(
        noise="log-linear",
        noise_columns=[1],
        noise_alpha=5.0,
        alpha=precision[2:],
        prior_groups=[[j] for j in range(2, p)],
    ).fit(X, y)
    sigma = model.predict_dist(X, kind="plugin").std()
    design = np.column_stack([np.ones(len(X)), X]) / sigma[:, None]
    prior = np.diag(np.append(0.0, precision)) / model.sigma_**2
    mean = np.linalg.solve(design.T @ design + prior, design.T @ (y / sigma))
    np.testing.assert_allclose(
        np.append(model.intercept_, model.coef_), mean, rtol=1e-6, atol=1e-8
    )
    hat = np.linalg.solve(design.T @ design + prior, design.T @ design)
    assert model.edf_ == pytest.approx(np.trace(hat), rel=1e-5)
    assert model.leverage(X).sum() == pytest.approx(model.edf_, rel=1e-5)
    assert np.isfinite(model.coef_covariance()).all()


def test_in_a_pipeline():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3)) * [1.0, 100.0, 0.01]
    y = X @ [1.0, 0.01, 100.0] + rng.standard_normal(40)
    inner = GaussianMLRegressor(alpha="evidence", method="reml")
    pipe = make_pipeline(StandardScaler(), inner).fit(X, y)
    direct = clone(inner).fit(StandardScaler().fit_transform(X), y)
    assert pipe[-1].alpha_ == direct.alpha_
    np.testing.assert_array_equal(
        predict_dist(pipe, X).mean(),
        direct.predict(StandardScaler().fit_transform(X)),
    )


@pytest.mark.parametrize("settings", [{}, *SETTINGS.values()], ids=str)
def test_leave_one_out_with_the_alpha_found(settings):
    """Refitted without each row, alpha as it was found with all of them."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((14, 4))
    y = X[:, :3] @ [1.0, 2.0, 1.0] + rng.standard_normal(14)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PriorBoundWarning)
        model = GaussianMLRegressor(**settings).fit(X, y)
    again = clone(model).set_params(alpha=model.alpha_)
    expected = [
        again.fit(np.delete(X, i, 0), np.delete(y, i)).loglik_samples(X[[i]], y[[i]])[0]
        for i in range(14)
    ]
    np.testing.assert_allclose(model.loo_loglik_samples(X, y), expected, rtol=1e-8)


SAMPLED = [
    {},
    {"method": "reml"},
    {"alpha": 3.0},
    {"alpha": [2.0], "prior_groups": [[0, 1]], "method": "reml"},
    {"alpha": "evidence"},
    {"noise": "log-linear", "noise_columns": [0]},
    {"noise": "log-linear", "noise_columns": [0], "alpha": 2.0, "noise_alpha": 1.0},
]


@pytest.mark.parametrize("settings", SAMPLED, ids=str)
def test_samples_have_the_distribution_of_the_intervals(settings):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((15, 3))
    y = X @ [1.0, 2.0, 1.0] + rng.standard_normal(15)
    model = GaussianMLRegressor(**settings).fit(X, y)
    draws = model.sample_parameters(40_000, random_state=0)
    names = model.parameter_names()
    assert draws.shape == (40_000, len(names))
    np.testing.assert_array_equal(draws, model.sample_parameters(40_000, 0))
    for level in (0.5, 0.95):
        low, high = model.conf_int(level).T
        inside = np.mean((draws > low) & (draws < high), axis=0)
        # Four standard errors of a share of 40,000.
        np.testing.assert_allclose(inside, level, atol=0.01)
        low, high = model.predict_dist(X, kind="mean").interval(level)
        q = 1 + X.shape[1]
        means = draws[:, :q] @ np.column_stack([np.ones(15), X]).T
        inside = np.mean((means > low) & (means < high), axis=0)
        np.testing.assert_allclose(inside, level, atol=0.01)


def test_samples_of_targets_and_of_what_is_not_known():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((15, 3))
    Y = X[:, :2] + rng.standard_normal((15, 2))
    model = GaussianMLRegressor().fit(X, Y)
    draws = model.sample_parameters(40_000, random_state=1)
    assert draws.shape == (40_000, 2, 4)
    across = np.corrcoef(draws[:, 0, 1], draws[:, 1, 1])[0, 1]
    assert abs(across) < 0.03
    X[:, 1] = X[:, 0]
    with pytest.warns(UserWarning, match="collinear"):
        model.fit(X, Y[:, 0])
    unknown = np.isnan(model.sample_parameters(3, 0))
    np.testing.assert_array_equal(unknown, [[False, True, True, False]] * 3)
    for size in (0, 1.5, True, None):
        with pytest.raises(ValueError, match="positive number of draws"):
            model.sample_parameters(size)
    joint = GaussianMLRegressor(covariance="full").fit(X[:, 1:], Y)
    with pytest.raises(ValueError, match="covariance='full'"):
        joint.sample_parameters()
