"""Two worker processes of 1 GiB each fit rows that neither could hold.

python benchmarks/cluster.py
python benchmarks/cluster.py --rows 1000000 --chunk 50000

Prints rows per second with one and two workers beside what they should be on paper,
the largest message between any two processes, digits against ``partial_fit`` on the
same rows, what a killed worker changes, log-linear noise with rows that are held and
rows that are read for every pass, and dask-ml's LinearRegression on the same array
where it is installed. Needs sklearn-gml[dask].
"""

import argparse
import os
import signal
import threading
import time
import warnings
from unittest.mock import patch

import dask
import dask.array
import numpy as np
from distributed import Client, LocalCluster
from distributed.comm.tcp import TCP

from sklearn_gml import GaussianMLRegressor, GaussianStatistics
from sklearn_gml.dask import DaskGaussianMLRegressor

COEF = np.linspace(-2.0, 2.0, 20)
INTERCEPT, SIGMA = 3.0, 0.5
# How log sigma follows the first column where noise varies.
SPREAD = 0.5


def rows_of_chunk(number, chunk, spread=0.0):
    """``[X y]``, the same whenever and wherever it is made."""
    rng = np.random.default_rng(number)
    rows = rng.standard_normal((chunk, len(COEF) + 1))
    noise = SIGMA * np.exp(spread * rows[:, 0]) * rows[:, -1]
    rows[:, -1] = INTERCEPT + rows[:, :-1] @ COEF + noise
    return rows


def lazy_rows(n_chunks, chunk, spread=0.0):
    """X and y as Dask arrays that are generated chunk by chunk."""
    rows = dask.array.map_blocks(
        lambda block_id: rows_of_chunk(block_id[0], chunk, spread),
        chunks=((chunk,) * n_chunks, (len(COEF) + 1,)),
        dtype=float,
    )
    return rows[:, :-1], rows[:, -1]


def count_messages():
    """From now on this process notes what it sends; returns the notes."""
    notes = []
    write = TCP.write

    async def noted(self, message, *args, **kwargs):
        size = await write(self, message, *args, **kwargs)
        first = message[0] if isinstance(message, list | tuple) and message else message
        kind = first.get("op", "reply") if isinstance(first, dict) else "reply"
        notes.append((size, str(kind)))
        return size

    TCP.write = noted
    return notes


def count_on_worker(dask_worker):
    dask_worker.notes_of_messages = count_messages()


def sent_by_worker(dask_worker):
    """Largest message and sum of all; the notes begin anew."""
    notes = dask_worker.notes_of_messages
    largest, total = max(notes, default=(0, "")), sum(size for size, _ in notes)
    notes.clear()
    return largest[0], total


def start(n_workers):
    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        memory_limit="1GiB",
        host="127.0.0.1",
        dashboard_address=None,
    )


def timed_fit(X, y, **settings):
    begin = time.perf_counter()
    model = DaskGaussianMLRegressor(**settings).fit(X, y)
    return model, time.perf_counter() - begin


def measured_fit(name, client, notes, X, y, **settings):
    """Fit, and print time and messages."""
    client.run(count_on_worker)
    notes.clear()
    model, seconds = timed_fit(X, y, **settings)
    largest, sent = max(notes), sum(size for size, _ in notes)
    workers = client.run(sent_by_worker).values()
    print(
        f"{name}: {len(X):,} rows, {seconds:.1f} s, {len(X) / seconds:,.0f} rows/s; "
        f"largest message {largest[0]:,} bytes ({largest[1]}) from client and "
        f"scheduler, {max(largest for largest, _ in workers):,} bytes from workers; "
        f"all messages {sent:,} and {[total for _, total in workers]} bytes",
        flush=True,
    )
    return model, seconds


def kill_later(cluster, seconds):
    """Kill a worker process without a word, after so many seconds."""
    worker = next(iter(cluster.workers.values()))
    process = worker.process.pid
    threading.Timer(seconds, os.kill, (process, signal.SIGKILL)).start()


def digits(value, reference):
    error = np.max(np.abs(value - reference)) / np.max(np.abs(reference))
    return 16.0 if error == 0 else -np.log10(error)


def report(name, model, reference):
    print(
        f"{name}: {digits(model.coef_, reference.coef_):.1f} digits of the "
        f"coefficients, {digits(model.sigma_, reference.sigma_):.1f} of sigma, "
        f"{digits(model.loglik_, reference.loglik_):.1f} of the log-likelihood",
        flush=True,
    )


def streamed(n_chunks, chunk):
    model = GaussianMLRegressor()
    for number in range(n_chunks):
        rows = rows_of_chunk(number, chunk)
        model.partial_fit(rows[:, :-1], rows[:, -1])
    return model


def seconds_of_chunk(make, chunk):
    """What one worker takes to make the rows of a chunk and their statistics."""
    spent = []
    for _ in range(5):
        begin = time.perf_counter()
        rows = make(0, chunk)
        GaussianStatistics.from_data(rows[:, :-1], rows[:, -1])
        spent.append(time.perf_counter() - begin)
    return min(spent)


def compare_with_paper(n_workers, X, y, notes):
    with start(n_workers) as cluster, Client(cluster) as client:
        # What libraries do at their first call is not the fit's.
        chunk = X.chunks[0][0]
        few = chunk * n_workers
        DaskGaussianMLRegressor().fit(X[:few], y[:few])
        one = client.submit(seconds_of_chunk, rows_of_chunk, chunk).result()
        print(f"{n_workers} workers on paper: {len(X) / chunk * one / n_workers:.1f} s")
        return measured_fit(f"{n_workers} workers", client, notes, X, y)


def compare_dask_ml(X, y, reference):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from dask_ml.linear_model import LinearRegression
    except ImportError as error:
        print(f"dask-ml cannot be imported: {error}")
        return
    begin = time.perf_counter()
    theirs = LinearRegression().fit(X, y)
    seconds = time.perf_counter() - begin
    agreeing = digits(theirs.coef_, reference.coef_)
    print(f"dask-ml: {seconds:.1f} s, {agreeing:.1f} digits of the coefficients")


def compare_log_linear(n_chunks, chunk, few, notes):
    """Rows that the cluster can hold, held and read again, and more than that."""
    name, settings = "log-linear noise", {"noise": "log-linear"}
    rows = np.concatenate([rows_of_chunk(k, chunk, SPREAD) for k in range(few)])
    reference = GaussianMLRegressor(**settings).fit(rows[:, :-1], rows[:, -1])
    with start(2) as cluster, Client(cluster) as client:
        X, y = lazy_rows(few, chunk, SPREAD)
        timed_fit(X[: 2 * chunk], y[: 2 * chunk], **settings)
        model, _ = measured_fit(f"{name}, held", client, notes, X, y, **settings)
        report(f"{name} against fit", model, reference)
        with patch("sklearn_gml.dask.chunks.HELD_SHARE", 0.0):
            measured_fit(f"{name}, read again", client, notes, X, y, **settings)
        X, y = lazy_rows(n_chunks, chunk, SPREAD)
        measured_fit(f"{name}, too many", client, notes, X, y, **settings)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--chunk", type=int, default=250_000)
    parser.add_argument("--held-rows", type=int, default=2_000_000)
    parser.add_argument("--dask-ml-rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    chunk, n_chunks = arguments.chunk, arguments.rows // arguments.chunk
    X, y = lazy_rows(n_chunks, chunk)
    notes = count_messages()
    print(f"{len(X):,} x {X.shape[1]}, {X.nbytes / 1e9:.1f} GB, {n_chunks} chunks")

    reference = streamed(n_chunks, chunk)
    for n_workers in (1, 2):
        model, seconds = compare_with_paper(n_workers, X, y, notes)
        report(f"{n_workers} workers against partial_fit", model, reference)
    with start(2) as cluster, Client(cluster):
        kill_later(cluster, seconds / 2)
        model, seconds = timed_fit(X, y)
        print(f"a worker killed half-way: {seconds:.1f} s")
        report("with a worker killed", model, reference)
    compare_log_linear(n_chunks, chunk, max(1, arguments.held_rows // chunk), notes)
    with start(2) as cluster, Client(cluster):
        few = max(1, arguments.dask_ml_rows // chunk) * chunk
        X, y = X[:few], y[:few]
        timed_fit(X[: 2 * chunk], y[: 2 * chunk])
        model, seconds = timed_fit(X, y)
        print(f"{len(X):,} rows: ours {seconds:.1f} s")
        compare_dask_ml(X, y, model)


if __name__ == "__main__":
    main()
