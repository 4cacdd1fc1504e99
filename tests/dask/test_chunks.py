"""Rows that are summed again and again: held where they fit, read again where not."""

import gc
import os
import pickle
import signal
import time
import weakref
from collections import Counter

import numpy as np
import pytest

pytest.importorskip("dask.dataframe")
pytest.importorskip("distributed")

import cloudpickle
import dask
import dask.array as da
import dask.dataframe as dd
import pandas as pd
import psutil
from distributed import Client, LocalCluster, futures_of

from sklearn_gml import GaussianMLRegressor
from sklearn_gml.dask import DaskGaussianMLRegressor, chunks
from sklearn_gml.dask.regressor import _ChunkedRowSums

CHUNK, N_CHUNKS = 50, 8


def chunk_of_rows(number):
    """``[X y]``"""
    rng = np.random.default_rng(number)
    X = rng.standard_normal((CHUNK, 3))
    y = X @ [1.0, 2.0, -1.0] + np.exp(0.5 * X[:, 1]) * rng.standard_normal(CHUNK)
    return np.column_stack([X, y])


def lazy(read=chunk_of_rows):
    rows = da.map_blocks(
        lambda block_id: read(block_id[0]),
        chunks=((CHUNK,) * N_CHUNKS, (4,)),
        dtype=float,
    )
    return rows[:, :3], rows[:, 3]


def fit(X, y):
    return DaskGaussianMLRegressor(noise="log-linear").fit(X, y)


def assert_fit_of_all_rows(model):
    rows = np.concatenate([chunk_of_rows(number) for number in range(N_CHUNKS)])
    batch = GaussianMLRegressor(noise="log-linear").fit(rows[:, :3], rows[:, 3])
    # Both stop within 1e-8 standard errors of the maximum.
    for name in ("coef_", "intercept_", "noise_coef_", "noise_intercept_", "loglik_"):
        np.testing.assert_allclose(
            getattr(model, name), getattr(batch, name), rtol=1e-9, atol=1e-9
        )


@pytest.fixture
def reads():
    """How often each chunk was read in this process."""
    return Counter()


@pytest.fixture
def counted(reads):
    def read(number):
        reads[number] += 1
        return chunk_of_rows(number)

    return lazy(read)


@pytest.fixture
def free(monkeypatch):
    """Sets what memory is free."""

    def is_free(nbytes):
        monkeypatch.setattr(chunks, "_free_memory", lambda collection: nbytes)

    return is_free


def frames(X, y):
    X = dd.from_dask_array(X, columns=["a", "b", "c"])
    return X, dd.from_dask_array(y, columns="y")


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_rows_that_fit_are_read_once(counted, reads, scheduler):
    with dask.config.set(scheduler=scheduler):
        model = fit(*counted)
    assert reads == dict.fromkeys(range(N_CHUNKS), 1)
    assert_fit_of_all_rows(model)


@pytest.mark.parametrize(
    "unknown", [frames, lambda X, y: (X[y == y], y[y == y])], ids=["frame", "array"]
)
def test_rows_of_unknown_number_are_read_and_then_held(counted, reads, unknown):
    X, y = unknown(*counted)
    once = Counter(reads)
    dask.compute(X, y)
    each = reads - once  # X, y and the mask may be made of one chunk each
    reads.clear()
    model = fit(X, y)
    assert reads == Counter({number: 2 * n for number, n in each.items()})
    assert_fit_of_all_rows(model)


def test_rows_that_do_not_fit_are_read_for_every_sum(counted, reads, free):
    nbytes = N_CHUNKS * CHUNK * 4 * 8
    free(nbytes / chunks.HELD_SHARE - 100)
    model = fit(*counted)
    assert min(reads.values()) > 5
    assert_fit_of_all_rows(model)
    reads.clear()
    free(nbytes / chunks.HELD_SHARE + 100)
    fit(*counted)
    assert max(reads.values()) == 1


def test_noise_of_no_columns_needs_no_rows_a_second_time(counted, reads, monkeypatch):
    monkeypatch.setattr(chunks.ChunkedRows, "held", None)
    DaskGaussianMLRegressor(noise="log-linear", noise_columns=[]).fit(*counted)
    assert reads == dict.fromkeys(range(N_CHUNKS), 1)


@pytest.mark.parametrize("factor", [1.0, np.nan], ids=["fit", "error"])
def test_this_process_forgets(factor):
    read = []

    def noted(number):
        rows = chunk_of_rows(number)
        read.append(weakref.ref(rows))
        return rows

    X, y = lazy(noted)
    failure = None
    try:
        fit(X, factor * y)
    except ValueError as error:
        failure = error
    assert (failure is None) == (factor == 1.0)
    gc.collect()
    assert [rows() for rows in read] == [None] * N_CHUNKS


def test_free_memory_of_this_process():
    X = lazy()[0]
    with dask.config.set(scheduler="threads"):
        assert 0 < chunks._free_memory(X) < psutil.virtual_memory().total
    with dask.config.set(scheduler="processes"):
        assert chunks._free_memory(X) == 0


def test_a_held_chunk_is_sent_as_the_way_to_read_it():
    rows = chunks.ChunkedRows.of(*lazy()[:1], y=lazy()[1])
    read, given = rows._readers[0]
    assert given == []
    chunk = chunks._hold(read, given)
    assert chunk.__sizeof__() > CHUNK * 4 * 8
    sent = cloudpickle.dumps(chunk)
    assert chunk.parts[0].tobytes() not in sent
    again = pickle.loads(sent)
    for part, other in zip(chunk.parts, again.parts, strict=True):
        np.testing.assert_array_equal(part, other)


def test_held_columns_do_not_keep_their_frame():
    frame = pd.DataFrame(chunk_of_rows(0), columns=["a", "b", "c", "y"])
    for part in chunks._own([frame[["a", "b"]], frame["y"]]):
        assert not np.shares_memory(part.to_numpy(), frame.to_numpy())


def test_held_columns_do_not_keep_their_array():
    """Dask copies what a view would be the smaller part of."""
    wide = da.map_blocks(
        lambda block_id: np.zeros((CHUNK, 100)),
        chunks=((CHUNK,) * N_CHUNKS, (100,)),
        dtype=float,
    )
    rows = chunks.ChunkedRows.of(wide[:, :3], y=wide[:, 3])
    with dask.config.set(scheduler="threads"), rows.held(0) as held:
        (chunk,) = dask.compute(held.chunks[0])
    for part in chunk.parts:
        assert part.base is None or part.base.nbytes <= 2 * part.nbytes


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with Client(cluster) as client:
        yield client


def tasks_left(client):
    """What the scheduler still knows, when it had time to forget."""
    for _ in range(50):
        left = client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
        if not left:
            break
        time.sleep(0.1)
    return left


def test_a_cluster_holds_and_forgets(client):
    assert_fit_of_all_rows(fit(*lazy()))
    assert tasks_left(client) == 0


def test_a_cluster_forgets_after_an_error(client):
    X, y = lazy()
    with pytest.raises(ValueError, match=r"In chunk \d .*NaN") as error:
        fit(X * np.nan, y)
    assert tasks_left(client) == 0
    assert error.value.__traceback__ is not None


def test_free_memory_of_a_cluster(client):
    limits = [
        worker["memory_limit"]
        for worker in client.scheduler_info(n_workers=-1)["workers"].values()
    ]
    assert 0 < chunks._free_memory(lazy()[0]) < sum(limits)


def test_workers_without_a_limit_hold_nothing():
    options = {"processes": False, "memory_limit": 0, "dashboard_address": ":0"}
    with LocalCluster(n_workers=1, **options) as cluster, Client(cluster):
        assert chunks._free_memory(lazy()[0]) == 0
        assert_fit_of_all_rows(fit(*lazy()))


def test_a_worker_that_dies_with_the_rows_it_holds(client, monkeypatch):
    processes = client.run(os.getpid)
    held = []
    total = _ChunkedRowSums._total

    def kill_once(self, function):
        if not held:
            held.append(type(self.rows))
            os.kill(next(iter(processes.values())), signal.SIGKILL)
        return total(self, function)

    monkeypatch.setattr(_ChunkedRowSums, "_total", kill_once)
    model = fit(*lazy())
    assert held == [chunks.HeldRows]
    assert_fit_of_all_rows(model)


def test_chunks_that_dask_moves_are_summed_alike(client):
    X, y = lazy()
    rows = chunks.ChunkedRows.of(X, y=y)
    with rows.held(0) as held:
        client.replicate(futures_of(held.chunks))
        total = held.sum(lambda X, y: X.sum() + y.sum()).compute()
    assert total == pytest.approx(rows.sum(lambda X, y: X.sum() + y.sum()).compute())


@pytest.mark.parametrize("as_frames", [False, True])
def test_what_a_cluster_holds_already_is_not_held_twice(client, as_frames):
    X, y = lazy()
    if as_frames:
        frame = dd.concat([*frames(X, y)], axis=1).persist()
        rows = chunks.ChunkedRows.of(frame[["a", "b", "c"]], y=frame["y"])
    else:
        X = X.persist()
        rows = chunks.ChunkedRows.of(X, y=X.sum(axis=1))
    with rows.held(0) as held:
        assert held is rows
