"""``partial_fit``: any sequence of batches is the fit of all rows."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from generated import problem
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone

from sklearn_gml import (
    DegenerateFitWarning,
    GaussianMLRegressor,
    GaussianStatistics,
    RankDeficiencyWarning,
)
from sklearn_gml._estimator.partial_fit import RunningTotal

seeds = st.integers(0, 10_000)
kinds = st.sampled_from(["long", "weighted", "several targets", "sparse"])
parameters = st.sampled_from(
    [{}, {"alpha": 0.7}, {"positive": True}, {"method": "reml"}]
)

ATTRIBUTES = ("coef_", "intercept_", "sigma_", "loglik_", "aic_", "bic_", "rank_")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    return X, X @ [1.0, 2.0, -1.0] + 4.0 + rng.standard_normal(60)


def in_batches(model, generated, edges):
    for start, stop in pairwise(edges):
        part = generated.take(slice(start, stop))
        model.partial_fit(part.X, part.y, part.weight)
    return model


def assert_same_attributes(one, other, rtol):
    for name in ATTRIBUTES:
        a, b = np.asarray(getattr(one, name)), np.asarray(getattr(other, name))
        atol = rtol * np.max(np.abs(b), initial=0.0)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=name)


@given(
    seed=seeds,
    kind=kinds,
    setting=parameters,
    cuts=st.lists(st.integers(1, 119), max_size=6),
)
@settings(deadline=None)
def test_any_batches_are_the_fit_of_all_rows(seed, kind, setting, cuts):
    generated = problem(seed, kind)
    n_samples = generated.X.shape[0]
    edges = sorted({0, n_samples, *(cut for cut in cuts if cut < n_samples)})
    model = GaussianMLRegressor(fit_intercept=generated.fit_intercept, **setting)
    batch = clone(model).fit(generated.X, generated.y, generated.weight)
    # Condition numbers stay below 1e3.
    assert_same_attributes(in_batches(model, generated, edges), batch, rtol=1e-11)


@given(seed=seeds, kind=kinds)
@settings(deadline=None, max_examples=8)
def test_one_row_at_a_time(seed, kind):
    generated = problem(seed, kind)
    edges = range(generated.X.shape[0] + 1)
    model = in_batches(GaussianMLRegressor(), generated, edges)
    batch = GaussianMLRegressor().fit(generated.X, generated.y, generated.weight)
    assert_same_attributes(model, batch, rtol=1e-11)
    np.testing.assert_allclose(
        model.coef_covariance(), batch.coef_covariance(), rtol=1e-9, atol=1e-12
    )
    assert set(vars(model)) == {*vars(batch), "_running"}


def test_collinear_columns_after_many_single_rows():
    """Rounding errors of ten thousands of sums, one after another, would hide them."""
    rng = np.random.default_rng(0)
    level = rng.choice(2, 40_000, p=[1 / 3, 2 / 3])
    rows = np.column_stack([np.eye(2)[level], rng.normal(size=(40_000, 3))])
    running = RunningTotal()
    for row in rows:
        running = running.plus(
            GaussianStatistics(
                np.append(1.0, row)[None], np.zeros(5), 1.0, 1, 4, vector_target=True
            )
        )
    with pytest.warns(RankDeficiencyWarning, match="1 of 5"):
        GaussianMLRegressor().fit_statistics(running.total)


def test_additions_per_batch_are_two_at_most(monkeypatch):
    added, add = [], GaussianStatistics.__add__
    monkeypatch.setattr(
        GaussianStatistics, "__add__", lambda a, b: added.append(1) or add(a, b)
    )
    running = RunningTotal()
    part = GaussianStatistics.from_data([[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0])
    for _ in range(300):
        running = running.plus(part)
    assert len(added) <= 2 * 300
    assert running.total.n_samples == 900
    assert len(running.sums) <= np.log2(300) + 1


def test_goes_on_from_any_fit(data):
    X, y = data
    expected = GaussianMLRegressor().fit(X, y)
    after_fit = GaussianMLRegressor().fit(X[:20], y[:20])
    after_sums = GaussianMLRegressor().fit_statistics(after_fit.statistics_)
    after_pickling = GaussianMLRegressor().partial_fit(X[:5], y[:5])
    after_pickling.partial_fit(X[5:20], y[5:20])
    for model in (
        after_fit,
        after_sums,
        pickle.loads(pickle.dumps(after_pickling)),
    ):
        model.partial_fit(X[20:], y[20:])
        assert_same_attributes(model, expected, rtol=1e-12)


def test_fit_begins_anew(data):
    X, y = data
    model = GaussianMLRegressor().partial_fit(X[:30], y[:30]).fit(X[30:], y[30:])
    assert model.statistics_.n_samples == 30
    assert model.partial_fit(X[:7], y[:7]).statistics_.n_samples == 37


def test_parameters_may_change_between_batches(data):
    X, y = data
    model = GaussianMLRegressor().partial_fit(X[:30], y[:30])
    model.set_params(alpha=2.0, method="reml").partial_fit(X[30:], y[30:])
    expected = GaussianMLRegressor(alpha=2.0, method="reml").fit(X, y)
    assert_same_attributes(model, expected, rtol=1e-12)
    assert model.restricted_loglik_ == pytest.approx(expected.restricted_loglik_)


def test_noise_of_known_scale(data):
    X, y = data
    weight, scale = np.random.default_rng(1).uniform(0.5, 2.0, (2, 60))
    model = GaussianMLRegressor()
    for rows in np.array_split(np.arange(60), 4):
        model.partial_fit(X[rows], y[rows], weight[rows], scale[rows])
    expected = GaussianMLRegressor().fit(X, y, weight, scale)
    assert_same_attributes(model, expected, rtol=1e-12)


def test_weight_zero_is_no_row(data):
    X, y = data
    model = GaussianMLRegressor().partial_fit(X, y)
    before = dict(vars(model))
    model.partial_fit(X[:2], y[:2], np.zeros(2))
    assert vars(model) == before
    # Whatever the rows hold.
    model.partial_fit(np.full((2, 3), np.nan), np.full(2, np.nan), np.zeros(2))
    assert vars(model) == before
    with pytest.raises(ValueError, match="zero for every row"):
        GaussianMLRegressor().partial_fit(X, y, np.zeros(60))


def test_warns_when_asked_rather_than_at_each_batch(data):
    X, y = data
    # The test configuration makes errors of both warnings.
    model = GaussianMLRegressor().partial_fit(X[:2], y[:2])
    assert np.isfinite(model.loglik_)
    with pytest.warns(DegenerateFitWarning, match="rank 2"):
        model.fit_statistics(model.statistics_)
    model = GaussianMLRegressor().partial_fit(X[:, [0, 0]], y)
    assert model.rank_ == 2
    with pytest.warns(RankDeficiencyWarning, match="1 of 3"):
        model.fit_statistics(model.statistics_)


def test_names_of_features(data):
    pandas = pytest.importorskip("pandas")
    X, y = data
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    model = GaussianMLRegressor().partial_fit(frame[:20], y[:20])
    with pytest.raises(ValueError, match="feature names should match"):
        model.partial_fit(frame[["a", "c", "b"]][20:], y[20:])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.partial_fit(X[20:40], y[20:40])
    model.partial_fit(frame[40:], y[40:])
    assert model.statistics_.feature_names == ("a", "b", "c")
    assert model.statistics_.n_samples == 60


BAD_BATCHES = {
    "missing value": (lambda X, y: (np.where(X > 2, np.nan, X), y), "NaN"),
    "missing target": (lambda X, y: (X, np.full(60, np.nan)), "NaN"),
    "features": (lambda X, y: (X[:, :2], y), "has 2 features, but .* expecting 3"),
    "targets": (lambda X, y: (X, np.column_stack([y, y])), "different targets"),
    "a column": (lambda X, y: (X, y[:, None]), "different dimensions of y"),
    "weights": (lambda X, y: (X, y, -np.ones(60)), "[Nn]egative"),
    "no rows": (lambda X, y: (X[:0], y[:0]), r"0 sample"),
}


@pytest.mark.parametrize("name", BAD_BATCHES)
@pytest.mark.parametrize("n_batches", [1, 2, 3])
def test_a_failed_batch_changes_nothing(data, name, n_batches):
    X, y = data
    bad, message = BAD_BATCHES[name]
    model = GaussianMLRegressor()
    for _ in range(n_batches):
        model.partial_fit(X, y)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.partial_fit(*bad(X, y))
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[key] is before[key] for key in before)


def test_a_failed_first_batch_leaves_nothing(data):
    X, y = data
    model = GaussianMLRegressor()
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(X * np.nan, y)
    assert not hasattr(model, "n_features_in_")


def test_wide_sparse_rows_are_refused():
    wide = sparse.csr_array((np.ones(3), ([0, 1, 2], [0, 1, 2])), shape=(3, 5000))
    with pytest.raises(ValueError, match="5000 columns, more than 4096: use fit"):
        GaussianMLRegressor().partial_fit(wide, np.arange(3.0))
    model = GaussianMLRegressor(alpha=1.0).fit(wide, np.arange(3.0))
    with pytest.raises(ValueError, match=r"without statistics_ .* clone it"):
        model.partial_fit(wide, np.arange(3.0))


def test_varying_noise_has_no_partial_fit():
    model = GaussianMLRegressor(noise="log-linear")
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="no attribute 'partial_fit'") as caught:
        model.partial_fit([[1.0]], [1.0])
    assert "Use fit, or sklearn_gml.dask" in str(caught.value.__cause__)


WRONG_BATCHES_OF_NOTHING = {
    "text": (lambda X, y: (X, y, ["none"] * len(y)), "could not convert"),
    "two columns": (lambda X, y: (X, y, np.zeros((len(y), 2))), "1D array or scalar"),
    "too few": (lambda X, y: (X, y, np.zeros(3)), r"sample_weight.shape == \(3,\)"),
    "two targets": (
        lambda X, y: (X, np.c_[y, y], np.zeros(len(y))),
        "different targets",
    ),
    "columns": (lambda X, y: (X[:, :2], y, np.zeros(len(y))), "expecting 3 features"),
    "lengths": (lambda X, y: (X, y[1:], np.zeros(len(y))), "inconsistent numbers"),
    "noise scale": (lambda X, y: (X, y, np.zeros(len(y)), [1.0]), "noise_scale has sh"),
}


@pytest.mark.parametrize("name", WRONG_BATCHES_OF_NOTHING)
def test_weights_of_zero_do_not_spare_the_checks(data, name):
    """M4: what is wrong with a batch is wrong whatever its weights."""
    X, y = data
    change, message = WRONG_BATCHES_OF_NOTHING[name]
    model = GaussianMLRegressor().partial_fit(X, y)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(*change(X, y))
