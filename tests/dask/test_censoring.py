"""Rows known in part, in chunks: the fit of all rows at once."""

import numpy as np
import pytest

dask_array = pytest.importorskip("dask.array")
dataframe = pytest.importorskip("dask.dataframe")
pandas = pytest.importorskip("pandas")

from sklearn_gml import GaussianMLRegressor  # noqa: E402
from sklearn_gml.dask import DaskGaussianMLRegressor  # noqa: E402


def problem(n=400):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2))
    y = 1.0 + X @ [1.0, -0.5] + np.exp(0.3 * X[:, 0]) * rng.normal(size=n)
    weight = rng.integers(0, 3, size=n).astype(float)
    scale = rng.uniform(0.5, 2.0, size=n)
    return X, y, weight, scale


def chunked(*arrays, size=90):
    return [dask_array.from_array(a, chunks=(size, *a.shape[1:])) for a in arrays]


SETTINGS = [
    {"censoring": (0.5, None)},
    {"censoring": (0.0, 2.0), "noise": "log-linear"},
    {"truncation": (0.0, None), "alpha": 1.0},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("extras", [False, True])
def test_chunks_give_the_fit_of_all_rows(settings, extras):
    X, y, weight, scale = problem()
    if "truncation" in settings:
        X, y, weight, scale = (a[y > 0] for a in (X, y, weight, scale))
    given = {"sample_weight": weight, "noise_scale": scale} if extras else {}
    plain = GaussianMLRegressor(**settings).fit(X, y, **given)
    DX, dy, *others = chunked(X, y, *given.values())
    lazy = dict(zip(given, others, strict=True))
    model = DaskGaussianMLRegressor(**settings).fit(DX, dy, **lazy)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-9)
    assert model.sigma_ == pytest.approx(plain.sigma_, rel=1e-9)
    assert model.loglik_ == pytest.approx(plain.loglik_, rel=1e-12)
    assert str(model.summary()) == str(plain.summary())
    assert float(model.score_loglik(DX, dy, **lazy)) == pytest.approx(plain.loglik_)
    recorded = model.predict_dist(DX, kind="recorded").mean().compute()
    expected = plain.predict_dist(X, kind="recorded").mean()
    np.testing.assert_allclose(recorded, expected, rtol=1e-9)


@pytest.mark.parametrize("noise", ["constant", "log-linear"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_limits_of_rows_and_several_targets(noise, n_targets):
    X, y, *_ = problem()
    if n_targets == 2:
        y = np.column_stack([y, y[::-1]])
    lower, upper = np.where(y < 0.5, -np.inf, y), np.where(y < 0.5, 0.5, y)
    plain = GaussianMLRegressor(noise=noise).fit(X, y, y_lower=lower, y_upper=upper)
    DX, dy, dlower, dupper = chunked(X, y, lower, upper)
    model = DaskGaussianMLRegressor(noise=noise)
    model.fit(DX, dy, y_lower=dlower, y_upper=dupper)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-9)
    assert model.loglik_ == pytest.approx(plain.loglik_, rel=1e-12)
    given = {"y_lower": dlower, "y_upper": dupper}
    assert float(model.score_loglik(DX, dy, **given)) == pytest.approx(plain.loglik_)
    in_memory = model.score_loglik(X, y, y_lower=lower, y_upper=upper)
    assert in_memory == pytest.approx(plain.loglik_)


@pytest.mark.parametrize("noise", ["constant", "log-linear"])
def test_limits_that_no_row_reaches(noise):
    X, y, *_ = problem()
    DX, dy = chunked(X, y)
    plain = DaskGaussianMLRegressor(noise=noise).fit(DX, dy)
    limited = DaskGaussianMLRegressor(noise=noise, censoring=(-99, 99)).fit(DX, dy)
    np.testing.assert_allclose(limited.coef_, plain.coef_, rtol=1e-12)
    assert limited.loglik_ == pytest.approx(plain.loglik_, rel=1e-13)


def test_data_frames():
    X, y, *_ = problem()
    frame = pandas.DataFrame(X, columns=["a", "b"]).assign(y=y)
    lazy = dataframe.from_pandas(frame, npartitions=4)
    settings = {"censoring": (0.5, None)}
    model = DaskGaussianMLRegressor(**settings).fit(lazy[["a", "b"]], lazy["y"])
    plain = GaussianMLRegressor(**settings).fit(frame[["a", "b"]], frame["y"])
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-9)
    assert list(model.feature_names_in_) == ["a", "b"]


def test_a_failed_fit_leaves_the_estimator_and_names_the_chunk():
    X, y, *_ = problem()
    DX, dy = chunked(X, y)
    model = DaskGaussianMLRegressor(truncation=(0, None))
    before = dict(vars(model))
    with pytest.raises(ValueError, match=r"In chunk 0 .*no row outside is seen"):
        model.fit(DX, dy)
    assert vars(model) == before
