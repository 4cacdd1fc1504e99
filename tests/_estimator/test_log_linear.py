"""The estimator with log-linear noise, as a scikit-learn user meets it."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.compose import make_column_selector
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sklearn_gml import (
    DegenerateFitWarning,
    GaussianMLRegressor,
    GaussianStatistics,
    RankDeficiencyWarning,
)

# Newton ends at the rounding level of well-conditioned designs.
RTOL = 1e-9

seeds = st.integers(0, 10_000)


def rows(seed, n_samples=120, n_features=3):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features))
    noise = np.exp(0.5 * X[:, 0] - 0.3 * X[:, 1]) * rng.standard_normal(n_samples)
    return X, X.sum(axis=1) + 2.0 + noise


def varying(**parameters):
    return GaussianMLRegressor(noise="log-linear", **parameters)


def close(a, b, rtol=RTOL):
    b = np.asarray(b)
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.max(np.abs(b)))


def assert_same_fit(one, other):
    names = ("coef_", "intercept_", "sigma_", "noise_coef_", "noise_intercept_")
    for name in (*names, "loglik_", "aic_", "bic_"):
        close(getattr(one, name), getattr(other, name))


SETTINGS = [
    {},
    {"alpha": 2.0, "noise_alpha": 1.0},
    {"fit_intercept": False},
    {"method": "reml"},
    {"noise_columns": [1]},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@given(seed=seeds)
def test_likelihood_of_the_training_data(settings, seed):
    X, y = rows(seed)
    rng = np.random.default_rng(seed)
    weight, scale = rng.integers(1, 4, len(y)) * 1.0, rng.uniform(0.5, 2.0, len(y))
    model = varying(**settings).fit(X, y, weight, scale)
    total = model.score_loglik(X, y, weight, noise_scale=scale)
    assert model.loglik_ == pytest.approx(total, rel=1e-11)
    distribution = model.predict_dist(X, kind="plugin", noise_scale=scale)
    samples = model.loglik_samples(X, y, noise_scale=scale)
    close(samples, distribution.logpdf(y), 1e-12)
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_array_equal(std, model.predict_dist(X).std())
    std = model.predict_dist(X, kind="plugin").std()
    close(std * scale, distribution.std(), 1e-12)
    np.testing.assert_array_equal(mean, model.predict(X))
    log_sigma = X[:, model.noise_features_in_] @ model.noise_coef_
    log_sigma += model.noise_intercept_
    close(np.log(std), log_sigma, 1e-12)
    assert model.sigma_ == pytest.approx(np.exp(weight @ log_sigma / weight.sum()))
    # Effective degrees of freedom: the rank without a prior.
    k = model.edf_ + 1 + len(model.noise_coef_)
    assert model.edf_ == model.rank_ if not model.alpha else model.edf_ < model.rank_
    assert model.aic_ == pytest.approx(-2.0 * total + 2.0 * k, rel=1e-11)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@given(seed=seeds)
def test_weight_is_repetition(settings, seed):
    X, y = rows(seed)
    times = np.random.default_rng(seed).integers(0, 4, len(y))
    repeated = np.repeat(np.arange(len(y)), times)
    weighted = varying(**settings).fit(X, y, sample_weight=times)
    copies = varying(**settings).fit(X[repeated], y[repeated])
    assert_same_fit(weighted, copies)
    close(weighted.coef_covariance(), copies.coef_covariance())


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@given(seed=seeds, power=st.integers(-6, 6))
def test_rescaling_y(settings, seed, power):
    X, y = rows(seed)
    one, factor = varying(**settings).fit(X, y), 10.0**power
    other = varying(**settings).fit(X, y * factor)
    close(other.coef_, one.coef_ * factor)
    close(other.sigma_, one.sigma_ * factor)
    close(other.noise_coef_, one.noise_coef_)
    assert other.noise_intercept_ == pytest.approx(
        one.noise_intercept_ + np.log(factor), rel=RTOL, abs=RTOL
    )
    expected = one.loglik_ - len(y) * np.log(factor)
    assert other.loglik_ == pytest.approx(expected, rel=RTOL)


@given(seed=seeds, power=st.integers(-6, 6), method=st.sampled_from(["ml", "reml"]))
def test_rescaling_and_moving_a_column(seed, power, method):
    X, y = rows(seed)
    one, factor = varying(method=method).fit(X, y), 10.0**power
    moved = X.copy()
    moved[:, 0] = (moved[:, 0] + 7.0) * factor
    other = varying(method=method).fit(moved, y)
    back = np.append(factor, np.ones(X.shape[1] - 1))
    close(other.coef_ * back, one.coef_)
    close(other.noise_coef_ * back, one.noise_coef_)
    assert other.loglik_ == pytest.approx(one.loglik_, rel=RTOL)


@given(seed=seeds)
def test_order_of_rows_and_of_columns_changes_nothing(seed):
    X, y = rows(seed)
    rng = np.random.default_rng(seed)
    model = varying(noise_columns=[2, 0]).fit(X, y)
    order, columns = rng.permutation(len(y)), rng.permutation(X.shape[1])
    assert_same_fit(varying(noise_columns=[2, 0]).fit(X[order], y[order]), model)
    drive = [int(np.flatnonzero(columns == column)[0]) for column in (2, 0)]
    reordered = varying(noise_columns=drive).fit(X[:, columns], y)
    close(reordered.coef_, model.coef_[columns])
    close(reordered.noise_coef_, model.noise_coef_)


@pytest.mark.parametrize("seed", range(4))
def test_rounding_does_not_choose_among_maxima(seed):
    """With more columns than rows J has several, and saddles on the way to them."""
    rng = np.random.default_rng(seed)
    X, y = rng.uniform(size=(15, 30)), rng.integers(0, 3, 15).astype(float)
    weight = rng.integers(0, 5, 15)
    again = np.repeat(np.arange(15), weight)
    one = varying(alpha=1.0, noise_alpha=1.0).fit(X, y, sample_weight=weight)
    for order in (again, again[::-1], rng.permutation(again)):
        for rows in (X[order], sparse.csr_array(X[order])):
            same = varying(alpha=1.0, noise_alpha=1.0).fit(rows, y[order])
            assert_same_fit(same, one)


def test_targets_are_fitted_apart():
    X, first = rows(0)
    _, second = rows(1)
    Y = np.column_stack([first, X[:, 0] + second])
    together = varying().fit(X, Y)
    parts = [varying().fit(X, y) for y in Y.T]
    for name in ("coef_", "intercept_", "sigma_", "noise_coef_", "noise_intercept_"):
        close(getattr(together, name), [getattr(part, name) for part in parts])
    assert together.loglik_ == pytest.approx(sum(part.loglik_ for part in parts))
    assert together.aic_ == pytest.approx(sum(part.aic_ for part in parts))
    mean, std = together.predict(X, return_std=True)
    close(std, np.column_stack([part.predict_dist(X).std() for part in parts]))
    assert together.predict_dist(X).logpdf(Y).shape == mean.shape == Y.shape
    close(together.coef_covariance(), [part.coef_covariance() for part in parts])


@pytest.mark.parametrize("density", [0.02, 0.5])
def test_sparse_and_single_precision_rows(density):
    rng = np.random.default_rng(0)
    X = sparse.random_array((400, 4), density=density, rng=rng, format="csr")
    y = X.sum(axis=1) + np.exp(X.toarray()[:, 0]) * rng.standard_normal(400)
    dense = varying(noise_columns=[0]).fit(X.toarray(), y)
    for convert in (sparse.csr_array, sparse.csc_array):
        model = varying(noise_columns=[0]).fit(convert(X), y)
        assert_same_fit(model, dense)
        close(
            model.predict_dist(convert(X)).interval(0.9),
            dense.predict_dist(X.toarray()).interval(0.9),
        )
    single = X.toarray().astype(np.float32)
    assert_same_fit(
        varying(noise_columns=[0]).fit(single, y),
        varying(noise_columns=[0]).fit(single.astype(float), y),
    )


@pytest.mark.parametrize(
    ("choice", "positions"),
    [
        (None, [0, 1, 2]),
        ("b", [1]),
        (["c", "a"], [2, 0]),
        (slice("a", "b"), [0, 1]),
        ([True, False, True], [0, 2]),
        (np.array([2, 1]), [2, 1]),
        (-1, [2]),
        (slice(1, None), [1, 2]),
        (slice(None, None, 2), [0, 2]),
        (make_column_selector(pattern="a|c"), [0, 2]),
        (lambda X: [0], [0]),
    ],
)
def test_noise_columns_as_in_a_column_transformer(choice, positions):
    pandas = pytest.importorskip("pandas")
    X, y = rows(3)
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    model = varying(noise_columns=choice).fit(frame, y)
    np.testing.assert_array_equal(model.noise_features_in_, positions)
    by_hand = varying(noise_columns=positions).fit(X, y)
    np.testing.assert_allclose(model.noise_coef_, by_hand.noise_coef_, rtol=1e-12)
    assert model.predict_dist(frame).std() == pytest.approx(
        by_hand.predict_dist(X).std(), rel=1e-12
    )


def test_no_noise_columns_is_constant_noise():
    X, y = rows(3)
    empty, constant = varying(noise_columns=[]).fit(X, y), GaussianMLRegressor()
    constant.fit(X, y)
    assert empty.noise_coef_.shape == (0,)
    assert np.exp(empty.noise_intercept_) == pytest.approx(constant.sigma_)
    np.testing.assert_array_equal(empty.coef_, constant.coef_)
    assert empty.loglik_ == constant.loglik_
    np.testing.assert_allclose(
        empty.predict_dist(X).std(), constant.predict_dist(X).std(), rtol=1e-14
    )
    constant.set_params(noise="log-linear").fit(X, y)
    constant.set_params(noise="constant").fit(X, y)
    assert not hasattr(constant, "noise_coef_")


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_solvers_agree(solver):
    X, y = rows(5)
    model = varying(solver=solver, max_iter=500).fit(X, y)
    exact = varying().fit(X, y)
    # A maximum climbed by comparing values is flat to half of their digits.
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=1e-6)
    np.testing.assert_allclose(model.noise_coef_, exact.noise_coef_, rtol=1e-6)
    assert model.loglik_ == pytest.approx(exact.loglik_, rel=1e-12)


def test_grid_search_finds_noise_that_varies():
    X, y = rows(7, 600)
    search = GridSearchCV(
        GaussianMLRegressor(),
        {"noise": ["constant", "log-linear"], "noise_columns": [None, [2]]},
        scoring=lambda model, X, y: model.score_loglik(X, y, normalize=True),
    ).fit(X, y)
    assert search.best_params_ == {"noise": "log-linear", "noise_columns": None}


def isolating(n_samples=60):
    X, y = rows(9, n_samples)
    X[:, 2] = 0.0
    X[4, 2] = 1.0
    return X, y


@pytest.mark.parametrize("drive", [None, [2]])
def test_a_column_that_isolates_a_row_is_named(drive):
    X, y = isolating()
    model = varying(noise_columns=drive, noise_floor=0)
    with pytest.warns(DegenerateFitWarning, match=r"column 2 .*noise_alpha > 0"):
        model.fit(X, y)
    for name in ("coef_", "sigma_", "noise_coef_", "loglik_"):
        assert np.isfinite(getattr(model, name)).all()
    pandas = pytest.importorskip("pandas")
    with pytest.warns(DegenerateFitWarning, match="slope of 'c'"):
        model.fit(pandas.DataFrame(X, columns=["a", "b", "c"]), y)
    # With a prior there is a maximum: no warning, which the configuration would raise.
    bounded = varying(noise_columns=drive, noise_alpha=1.0, noise_floor=0).fit(X, y)
    sigma = bounded.predict_dist(X, kind="plugin").std()
    u = ((y - bounded.predict(X)) / sigma) ** 2
    centred = X - X.mean(axis=0)
    score = centred[:, bounded.noise_features_in_].T @ (u - 1.0)
    np.testing.assert_allclose(score, bounded.noise_coef_, atol=1e-8)


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("seed", range(8))
def test_an_isolated_row_is_told_of_whatever_the_solver(seed, solver, method):
    """A column zero but for one row: sigma of that row goes to zero, or anywhere."""
    X, y = rows(seed, 60)
    X[:, 2] = 0.0
    X[seed, 2] = 1.0
    model = varying(solver=solver, method=method, max_iter=500, noise_floor=0)
    with pytest.warns(DegenerateFitWarning, match=r"column 2.*noise_alpha > 0"):
        model.fit(X, y)
    assert np.isnan(model.coef_covariance()).any()
    # The configuration would raise a warning.
    model.set_params(noise_alpha=1.0).fit(X, y)
    assert np.isfinite(model.coef_covariance()).all()


def far_row(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((60, 3))
    X[0, 2] = rng.uniform(20.0, 1000.0)
    y = X @ rng.standard_normal(3) + 3.0
    return X, y + np.exp(0.4 * X[:, 0]) * rng.standard_normal(60)


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("seed", [1, 7, 13, 15])
def test_a_row_far_off_is_told_of_whatever_the_solver(seed, solver):
    """The climb of the second solver ends of rounding, many digits before sigma."""
    X, y = far_row(seed)
    with pytest.warns(DegenerateFitWarning, match=r"column \d"):
        varying(solver=solver, max_iter=1000, noise_floor=0).fit(X, y)


def test_a_climb_cut_short_is_not_called_degenerate():
    with pytest.warns(ConvergenceWarning):
        varying(max_iter=1, method="reml").fit(*rows(1))


@pytest.mark.filterwarnings("ignore::sklearn_gml.RankDeficiencyWarning")
def test_collinear_columns_share_the_slope():
    X, y = rows(2)
    model = varying().fit(X, y)
    double = varying().fit(np.column_stack([X, X[:, 0]]), y)
    close(double.coef_, model.coef_[[0, 1, 2, 0]] * [0.5, 1.0, 1.0, 0.5])
    close(double.noise_coef_[[0, 3]], model.noise_coef_[[0, 0]] / 2.0)
    assert double.loglik_ == pytest.approx(model.loglik_, rel=1e-11)
    assert double.aic_ == pytest.approx(model.aic_, rel=1e-11)
    with pytest.warns(RankDeficiencyWarning):
        varying().fit(np.column_stack([X, X[:, 0]]), y)


def test_ill_conditioned_columns_lose_no_maximum():
    """Powers up to the fifth of years: condition number above 1e6 after scaling."""
    rng = np.random.default_rng(0)
    years = np.linspace(0.0, 1.0, 200)
    X = (2000.0 + years)[:, None] ** np.arange(1, 4)
    y = years + np.exp(2.0 * years) * rng.standard_normal(200)
    powers = years[:, None] ** np.arange(1, 4)
    plain = varying(noise_columns=[0]).fit(powers, y)
    model = varying(noise_columns=[0]).fit(X, y)
    assert model.loglik_ == pytest.approx(plain.loglik_, abs=1e-4)
    assert model.noise_coef_ == pytest.approx(plain.noise_coef_, rel=1e-3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"noise_columns": ["b"]}, "noise_columns=.*does not select.*strings"),
        ({"noise_columns": [5]}, r"noise_columns=\[5\] does not select"),
        ({"noise_columns": slice(5, 9)}, r"slice\(5, 9, None\) .* none .*3.* use \[\]"),
        ({"noise_columns": [1, 1]}, "names a column twice"),
        ({"noise_columns": [[0, 1]]}, "does not select columns of X"),
        ({"positive": True}, "positive=True is not supported with noise='log-linear'"),
        ({"noise_alpha": -1.0}, "'noise_alpha'.*-1.0"),
    ],
)
def test_errors(parameters, message):
    model = varying(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(*rows(0))
    assert not hasattr(model, "n_features_in_")


def test_a_slice_of_names_takes_no_steps():
    pandas = pytest.importorskip("pandas")
    X, y = rows(0)
    model = varying(noise_columns=slice("a", None, 2))
    with pytest.raises(ValueError, match=r"noise_columns=slice\('a', .* no step"):
        model.fit(pandas.DataFrame(X, columns=["a", "b", "c"]), y)


def test_statistics_have_not_kept_the_rows():
    statistics = GaussianStatistics.from_data(*rows(0))
    with pytest.raises(ValueError, match=r"needs the rows.*use fit\(X, y\)"):
        varying().fit_statistics(statistics)


def test_wide_sparse_rows_are_refused():
    X = sparse.random_array((20, 5000), density=0.01, rng=np.random.default_rng(0))
    y = np.arange(20.0)
    with pytest.raises(ValueError, match=r"noise='log-linear' is not supported"):
        varying().fit(X.tocsr(), y)


def test_no_convergence():
    with pytest.warns(ConvergenceWarning, match="standard errors away; raise max_iter"):
        model = varying(max_iter=1).fit(*rows(1))
    assert model.n_iter_ == 1
    assert re.search("log-linear", repr(model))


@pytest.mark.parametrize("alpha", [0.19, 0.195, 0.2, 0.205, 0.21])
def test_no_crawl_along_a_direction_that_is_nearly_flat(alpha):
    """Scales so uneven leave the observed information a hundredth of the expected."""
    X = [-8.188, -0.09042, -1.007, 0.4615, -0.8101]
    X += [-0.7093, -11.32, -2.641, 0.3288, 1.828]
    scale = [266.0, 0.104, 205.0, 1700.0, 958.0, 406.0, 3.5, 41.9, 0.000332, 446.0]
    y = [17.62e3, 347.3e3, 804.3e3, -1367e3, -1583e3]
    y += [-1718e3, 7.057e3, 623.7e3, -1139e3, -3747e3]
    model = varying(alpha=alpha).fit(np.c_[X], y, noise_scale=scale)
    assert model.n_iter_ < 30
