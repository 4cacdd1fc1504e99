"""Dask collections: the fit of all rows, whatever the chunks and whoever fails."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from generated import problem
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("dask.dataframe")
pytest.importorskip("distributed")

import dask
import dask.array as da
import dask.dataframe as dd
import pandas as pd
from distributed import Client, LocalCluster

from sklearn_gml import DegenerateFitWarning, GaussianMLRegressor
from sklearn_gml.dask import DaskGaussianMLRegressor

ATTRIBUTES = ("coef_", "intercept_", "sigma_", "loglik_", "aic_", "bic_", "rank_")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    y = X @ [1.0, 2.0, -1.0] + 4.0 + rng.standard_normal(200)
    return X, y, rng.integers(0, 3, 200).astype(float)


@pytest.fixture
def frame(data):
    X, y, weight = data
    return pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": y, "w": weight})


def chunked(array, rows, columns=-1):
    return da.from_array(array, chunks=(rows, columns)[: array.ndim])


def assert_same_fit(one, other, rtol=1e-11):
    for name in ATTRIBUTES:
        a, b = np.asarray(getattr(one, name)), np.asarray(getattr(other, name))
        atol = rtol * np.max(np.abs(b), initial=0.0)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=name)


@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(["long", "weighted", "several targets"]),
    setting=st.sampled_from([{}, {"alpha": 0.7}, {"positive": True}]),
    sizes=st.tuples(*[st.integers(1, 60)] * 3),
    columns=st.integers(1, 9),
)
@settings(deadline=None, max_examples=30)
def test_any_chunks_are_the_fit_of_all_rows(seed, kind, setting, sizes, columns):
    generated = problem(seed, kind)
    model = DaskGaussianMLRegressor(**setting)
    weight = generated.weight
    model.fit(
        chunked(generated.X, sizes[0], columns),
        chunked(generated.y, sizes[1], 1),
        None if weight is None else chunked(weight, sizes[2]),
    )
    batch = GaussianMLRegressor(**setting).fit(generated.X, generated.y, weight)
    assert_same_fit(model, batch)


def test_many_chunks_are_added_up_as_a_tree(data):
    X, y, weight = data
    model = DaskGaussianMLRegressor().fit(*(chunked(part, 1) for part in data))
    assert_same_fit(model, GaussianMLRegressor().fit(X, y, weight))
    assert model.statistics_.n_samples == np.count_nonzero(weight)


def test_chunks_of_unknown_size_and_without_rows(data):
    X, y, weight = (chunked(part, 50) for part in data)
    kept = chunked(data[0][:, 0] > 0, 50) & (da.arange(200, chunks=50) >= 50)
    model = DaskGaussianMLRegressor().fit(X[kept], y[kept], weight[kept])
    rows = (data[0][:, 0] > 0) & (np.arange(200) >= 50)
    assert_same_fit(model, GaussianMLRegressor().fit(*(part[rows] for part in data)))
    prediction = model.predict(X[kept]).compute()
    np.testing.assert_array_equal(prediction, model.predict(data[0][rows]))
    score = model.score_loglik(X[kept], y[kept], weight[kept])
    expected = model.score_loglik(*(part[rows] for part in data))
    assert float(score) == pytest.approx(expected, rel=1e-12)


def test_data_frames(frame):
    features = ["a", "b", "c"]
    batch = GaussianMLRegressor().fit(frame[features], frame.y, frame.w)
    rows = dd.from_pandas(frame, npartitions=7)
    model = DaskGaussianMLRegressor().fit(rows[features], rows.y, rows.w)
    assert_same_fit(model, batch)
    assert list(model.feature_names_in_) == features
    assert model.statistics_.feature_names == batch.statistics_.feature_names
    np.testing.assert_array_equal(
        model.predict(rows[features]).compute(), model.predict(frame[features])
    )
    few = rows[rows.a > frame.a.quantile(0.95)]
    positive = frame[frame.a > frame.a.quantile(0.95)]
    assert_same_fit(
        DaskGaussianMLRegressor().fit(few[features], few.y),
        GaussianMLRegressor().fit(positive[features], positive.y),
    )
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(rows[["b", "a", "c"]]).compute()


def test_predictions_are_lazy_and_those_of_the_plain_model(data):
    X, y, weight = data
    lazy = [chunked(part, 60, 2) for part in data]
    model = DaskGaussianMLRegressor().fit(*lazy)
    plain = model.to_plain()
    mean, std = model.predict(lazy[0], return_std=True)
    assert dask.is_dask_collection(mean)
    np.testing.assert_array_equal(mean.compute(), plain.predict(X))
    np.testing.assert_array_equal(std.compute(), plain.predict(X, return_std=True)[1])
    lazily, at_once = model.predict_dist(lazy[0]), plain.predict_dist(X)
    for name in ("mean", "std", "var", "median"):
        np.testing.assert_array_equal(
            getattr(lazily, name)().compute(), getattr(at_once, name)()
        )
    for name in ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf"):
        np.testing.assert_array_equal(
            getattr(lazily, name)(lazy[1]).compute(), getattr(at_once, name)(y)
        )
    for name in ("ppf", "isf"):
        np.testing.assert_array_equal(
            getattr(lazily, name)(0.3).compute(), getattr(at_once, name)(0.3)
        )
    for end, expected in zip(lazily.interval(0.9), at_once.interval(0.9), strict=True):
        np.testing.assert_array_equal(end.compute(), expected)
    np.testing.assert_array_equal(
        model.loglik_samples(*lazy[:2]).compute(), plain.loglik_samples(X, y)
    )
    for normalize in (False, True):
        score = model.score_loglik(*lazy, normalize=normalize)
        assert dask.is_dask_collection(score)
        expected = plain.score_loglik(X, y, weight, normalize=normalize)
        assert float(score) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))
    assert model.score_loglik(X, y) == plain.score_loglik(X, y)


def test_noise_of_known_scale(data):
    X, y, weight = data
    scale = np.random.default_rng(1).uniform(0.5, 2.0, 200)
    lazy = {"X": chunked(X, 60), "y": chunked(y, 60), "scale": chunked(scale, 60)}
    model = DaskGaussianMLRegressor()
    model.fit(lazy["X"], lazy["y"], chunked(weight, 60), lazy["scale"])
    plain = GaussianMLRegressor().fit(X, y, weight, scale)
    assert_same_fit(model, plain)
    known = {"noise_scale": lazy["scale"]}
    score = model.score_loglik(lazy["X"], lazy["y"], chunked(weight, 60), **known)
    assert float(score) == pytest.approx(model.loglik_, rel=1e-12)
    for lazily, expected in (
        (
            model.loglik_samples(lazy["X"], lazy["y"], **known),
            model.loglik_samples(X, y, noise_scale=scale),
        ),
        (
            model.predict_dist(lazy["X"], **known).cdf(lazy["y"]),
            model.predict_dist(X, noise_scale=scale).cdf(y),
        ),
    ):
        np.testing.assert_array_equal(lazily.compute(), expected)


def test_several_targets_are_predicted_by_chunks(data):
    X, y, _ = data
    Y = np.column_stack([y, -2.0 * y])
    model = DaskGaussianMLRegressor().fit(chunked(X, 30), chunked(Y, 30))
    prediction = model.predict(chunked(X, 30))
    assert prediction.shape == (200, 2)
    np.testing.assert_array_equal(prediction.compute(), model.predict(X))
    density = model.predict_dist(chunked(X, 30)).logpdf(chunked(Y, 30)).compute()
    np.testing.assert_array_equal(density, model.predict_dist(X).logpdf(Y))


WITHOUT_DASK = """
import pickle, sys
sys.modules["dask"] = None
model = pickle.loads(sys.stdin.buffer.read())
print(type(model).__name__, model.coef_.tolist(), model.get_params()["alpha"])
"""


def test_fitted_it_pickles_without_dask(data):
    model = DaskGaussianMLRegressor(alpha=2.0)
    assert type(pickle.loads(pickle.dumps(model))) is DaskGaussianMLRegressor
    model.fit(*(chunked(part, 60) for part in data))
    elsewhere = subprocess.run(
        [sys.executable, "-c", WITHOUT_DASK],
        input=pickle.dumps(model),
        capture_output=True,
        check=True,
    )
    expected = f"GaussianMLRegressor {model.coef_.tolist()} 2.0\n"
    assert elsewhere.stdout.decode() == expected
    assert type(model.to_plain()) is GaussianMLRegressor


def test_parameters_are_checked_before_rows_are_read(data):
    X, y, _ = (chunked(part, 60) for part in data)
    with pytest.raises(ValueError, match=r"'alpha' parameter .* must be a float"):
        DaskGaussianMLRegressor(alpha=-1.0).fit(X * np.nan, y)
    with pytest.raises(ValueError, match="method='reml' is not defined with positive"):
        DaskGaussianMLRegressor(method="reml", positive=True).fit(X * np.nan, y)


def varying_rows():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((400, 3))
    sigma = np.exp(0.3 + 0.5 * X[:, 1])
    y = X @ [1.0, 2.0, -1.0] + 4.0 + sigma * rng.standard_normal(400)
    return X, y, rng.integers(0, 3, 400).astype(float), rng.uniform(0.5, 2.0, 400)


NOISE = ("noise_coef_", "noise_intercept_")


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"method": "reml"},
        {"alpha": 2.0, "noise_alpha": 1.0},
        {"noise_columns": [1]},
        {"noise_floor": 0.7},
        {"noise_floor": 0.7, "method": "reml"},
    ],
    ids=str,
)
def test_log_linear_noise(setting):
    rows = varying_rows()
    model = DaskGaussianMLRegressor(noise="log-linear", **setting)
    model.fit(*(chunked(part, 37, 2) for part in rows))
    batch = GaussianMLRegressor(noise="log-linear", **setting).fit(*rows)
    # Both stop within 1e-8 standard errors of the maximum.
    for name in (*ATTRIBUTES, *NOISE):
        np.testing.assert_allclose(
            getattr(model, name), getattr(batch, name), rtol=1e-9, atol=1e-9
        )
    np.testing.assert_array_equal(model.noise_features_in_, batch.noise_features_in_)
    assert model.statistics_.sum_weights == batch.statistics_.sum_weights
    plain = pickle.loads(pickle.dumps(model))
    mean, std = model.predict(chunked(rows[0], 50), return_std=True)
    expected = plain.predict(rows[0], return_std=True)
    # BLAS adds products of few rows up in another order.
    np.testing.assert_allclose(mean.compute(), expected[0], rtol=1e-13)
    np.testing.assert_allclose(std.compute(), expected[1], rtol=1e-13)


def test_log_linear_noise_of_frames_with_names_and_empty_partitions():
    X, y, _, scale = varying_rows()
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=y, s=scale)
    frame["row"] = np.arange(400)
    rows = dd.from_pandas(frame, npartitions=6)
    kept, features = rows[rows["row"] > 150], ["a", "b", "c"]
    model = DaskGaussianMLRegressor(noise="log-linear", noise_columns=["b"])
    model.fit(kept[features], kept.y, noise_scale=kept.s)
    late = frame[151:]
    batch = GaussianMLRegressor(noise="log-linear", noise_columns=["b"])
    batch.fit(late[features], late.y, noise_scale=late.s)
    for name in (*ATTRIBUTES, *NOISE):
        np.testing.assert_allclose(
            getattr(model, name), getattr(batch, name), rtol=1e-9, atol=1e-9
        )
    assert list(model.feature_names_in_) == features


def test_log_linear_noise_on_a_cluster(cluster):
    rows = varying_rows()
    with Client(cluster):
        lazy = [chunked(part, 100).persist() for part in rows]
        model = DaskGaussianMLRegressor(noise="log-linear", method="reml").fit(*lazy)
    batch = GaussianMLRegressor(noise="log-linear", method="reml").fit(*rows)
    np.testing.assert_allclose(model.coef_, batch.coef_, rtol=1e-9)
    assert model.loglik_ == pytest.approx(batch.loglik_, rel=1e-12)


def test_warnings_are_those_of_fit(data):
    X, y, _ = data
    with pytest.warns(DegenerateFitWarning, match="rank 4"):
        DaskGaussianMLRegressor().fit(chunked(X[:4], 2), chunked(y[:4], 2))


FAILURES = {
    "missing value": (
        lambda X, y, w, f: (da.where(da.arange(200) == 130, np.nan, X.T).T, y),
        ValueError,
        "In chunk 2 of the rows: .*X contains NaN",
    ),
    "missing target": (
        lambda X, y, w, f: (X, da.where(da.arange(200, chunks=50) < 7, np.inf, y)),
        ValueError,
        "In chunk 0 of the rows: .*y contains infinity",
    ),
    "negative weight": (
        lambda X, y, w, f: (X, y, w - 1.0),
        ValueError,
        "In chunk 0 of the rows: [Nn]egative values",
    ),
    "missing value without weight": (
        lambda X, y, w, f: (X * np.nan, y, w * 0),
        ValueError,
        "In chunk 0 of the rows: .*X contains NaN",
    ),
    "no weight": (lambda X, y, w, f: (X, y, w * 0), ValueError, "of no rows"),
    "no rows": (
        lambda X, y, w, f: (X[y > 1e9], y[y > 1e9]),
        ValueError,
        "of no rows",
    ),
    "lengths": (
        lambda X, y, w, f: (X, y[:-1]),
        ValueError,
        "200 rows, but y has 199",
    ),
    "unknown chunks": (
        lambda X, y, w, f: (X, y.rechunk(70)[y.rechunk(70) > 0]),
        ValueError,
        "4 chunks of rows and y has 3, of unknown size",
    ),
    "one dimension": (lambda X, y, w, f: (y, y), ValueError, "X must have two dim"),
    "y in memory": (
        lambda X, y, w, f: (X, y.compute()),
        TypeError,
        "y must be a Dask array .* got ndarray",
    ),
    "X in memory": (
        lambda X, y, w, f: (X.compute(), y),
        TypeError,
        r"X must be a Dask array .* got ndarray\. .*GaussianMLRegressor",
    ),
    "array and frame": (
        lambda X, y, w, f: (dd.from_pandas(f, npartitions=4)[["a"]], y),
        TypeError,
        "X is a DataFrame and y a Array",
    ),
    "partitions": (
        lambda X, y, w, f: (
            dd.from_pandas(f, npartitions=4)[["a"]],
            dd.from_pandas(f, npartitions=3).y,
        ),
        ValueError,
        "X has 4 partitions, but y has 3",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_fit_changes_nothing(data, frame, name):
    lazy = [chunked(part, 50) for part in data]
    model = DaskGaussianMLRegressor().fit(*lazy)
    before = dict(vars(model))
    arguments, kind, message = FAILURES[name]
    with pytest.raises(kind, match=message):
        model.fit(*arguments(*lazy, frame))
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[key] is before[key] for key in before)


def test_a_chunk_of_other_columns_is_named(frame):
    """A partition that does not keep what the data frame promises."""
    rows = dd.from_pandas(frame, npartitions=4)
    shuffled = rows[["a", "b", "c"]].map_partitions(
        lambda part: part[["b", "a", "c"]] if part.index[0] else part,
        meta=frame[["a", "b", "c"]][:0],
        enforce_metadata=False,
    )
    with pytest.raises(
        ValueError, match=r"In chunk 1 .* \['b', 'a', 'c'\], expected are \['a', 'b'"
    ):
        DaskGaussianMLRegressor().fit(shuffled, rows.y)


def test_without_dask_the_extra_is_named():
    code = "import sys; sys.modules['dask'] = None; import sklearn_gml.dask"
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert b"ImportError: sklearn_gml.dask needs Dask" in failed.stderr
    assert b"sklearn-gml[dask]" in failed.stderr


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster


def dies_once(mark):
    """A function of a chunk that kills its worker the first time."""

    def function(block, block_id):
        if block_id[0] == 3:
            try:
                os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return block
            os.kill(os.getpid(), signal.SIGKILL)
        return block

    return function


def test_a_worker_that_dies(data, cluster, tmp_path):
    X, y, weight = (chunked(part, 25) for part in data)
    mark = str(tmp_path / "died")
    X = X.map_blocks(dies_once(mark), dtype=float, meta=np.empty((0, 0)))
    with Client(cluster):
        model = DaskGaussianMLRegressor().fit(X, y, weight)
    assert os.path.exists(mark)
    assert_same_fit(model, GaussianMLRegressor().fit(*data))


def test_rows_held_by_the_cluster(data, cluster):
    with Client(cluster):
        rows = [chunked(part, 25).persist() for part in data]
        model = DaskGaussianMLRegressor().fit(*rows)
        np.testing.assert_array_equal(
            model.predict(rows[0]).compute(), model.predict(data[0])
        )
    assert_same_fit(model, GaussianMLRegressor().fit(*data))


def test_nothing_but_statistics_travels(cluster):
    """Not even where y is made of X, and idle workers take over the work of others."""
    X = da.random.default_rng(0).standard_normal((100_000, 10), chunks=(2500, 10))
    noise = da.random.default_rng(1).standard_normal(100_000, chunks=2500)
    with Client(cluster) as client:
        DaskGaussianMLRegressor().fit(X, X @ np.ones(10) + noise, abs(noise))
        sent = client.run(
            lambda dask_worker: [
                message["total"] for message in dask_worker.transfer_outgoing_log
            ]
        )
    # A chunk of X has 200 kB, one of y 20 kB, statistics 2 kB and 6 of them 12 kB.
    assert max(size for sizes in sent.values() for size in sizes) < 15_000


def test_an_error_on_a_worker_names_the_chunk(data, cluster):
    X, y, _ = (chunked(part, 25) for part in data)
    with Client(cluster), pytest.raises(ValueError, match=r"In chunk \d .*NaN"):
        DaskGaussianMLRegressor().fit(X * np.nan, y)


def test_a_client_that_disconnects_leaves_nothing(data, cluster):
    client = Client(cluster)

    def waits(block):
        time.sleep(30)
        return block

    X, y, _ = (chunked(part, 25) for part in data)
    X = X.map_blocks(waits, dtype=float, meta=np.empty((0, 0)))
    model = DaskGaussianMLRegressor()
    threading.Timer(0.5, client.close).start()
    with pytest.raises(Exception, match=r"[Cc]lose|[Cc]ancel"):
        model.fit(X, y)
    assert not [name for name in vars(model) if name.endswith("_")]
