"""Two worker processes of 1 GiB each fit rows that neither could hold.

python benchmarks/cluster.py
python benchmarks/cluster.py --rows 1000000 --chunk 50000

Prints rows per second with one and two workers beside what they should be on paper,
the largest message between any two processes, digits against ``partial_fit`` on the
same rows, what a killed worker changes, and dask-ml's LinearRegression on the same
array where it is installed. Needs sklearn-gml[dask].
"""

import argparse
import os
import signal
import threading
import time
import warnings

import dask
import dask.array
import numpy as np
from distributed import Client, LocalCluster
from distributed.comm.tcp import TCP

from sklearn_gml import GaussianMLRegressor, GaussianStatistics
from sklearn_gml.dask import DaskGaussianMLRegressor

COEF = np.linspace(-2.0, 2.0, 20)
INTERCEPT, SIGMA = 3.0, 0.5


def rows_of_chunk(number, chunk):
    """``[X y]``, the same whenever and wherever it is made."""
    rng = np.random.default_rng(number)
    rows = rng.standard_normal((chunk, len(COEF) + 1))
    rows[:, -1] = INTERCEPT + rows[:, :-1] @ COEF + SIGMA * rows[:, -1]
    return rows


def lazy_rows(n_chunks, chunk):
    """X and y as Dask arrays that are generated chunk by chunk."""
    rows = dask.array.map_blocks(
        lambda block_id: rows_of_chunk(block_id[0], chunk),
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


def largest_on_worker(dask_worker):
    notes = dask_worker.notes_of_messages
    return max(notes, default=(0, "")), sum(size for size, _ in notes)


def start(n_workers):
    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        memory_limit="1GiB",
        host="127.0.0.1",
        dashboard_address=None,
    )


def timed_fit(X, y):
    begin = time.perf_counter()
    model = DaskGaussianMLRegressor().fit(X, y)
    return model, time.perf_counter() - begin


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


def measure(n_workers, X, y, notes):
    with start(n_workers) as cluster, Client(cluster) as client:
        # What libraries do at their first call is not the fit's.
        few = X.chunks[0][0] * n_workers
        DaskGaussianMLRegressor().fit(X[:few], y[:few])
        chunk = X.chunks[0][0]
        one = client.submit(seconds_of_chunk, rows_of_chunk, chunk).result()
        client.run(count_on_worker)
        notes.clear()
        model, seconds = timed_fit(X, y)
        largest, sent = max(notes), sum(size for size, _ in notes)
        workers = client.run(largest_on_worker).values()
        print(
            f"{n_workers} workers: {seconds:.1f} s, {len(X) / seconds:,.0f} rows/s, on "
            f"paper {len(X) / chunk * one / n_workers:.1f} s; "
            f"largest message {largest[0]:,} bytes ({largest[1]}) from client and "
            f"scheduler, {max(w[0][0] for w in workers):,} bytes from workers; "
            f"all messages {sent:,} and {[w[1] for w in workers]} bytes",
            flush=True,
        )
    return model, seconds


def compare_dask_ml(X, y, reference):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from dask_ml.linear_model import LinearRegression
    except ImportError as error:
        print(f"dask-ml cannot be imported: {error}")
        return
    begin = time.perf_counter()
    try:
        theirs = LinearRegression().fit(X, y)
    except Exception as error:
        print(f"dask-ml fails after {time.perf_counter() - begin:.0f} s: {error!r}")
        return
    seconds = time.perf_counter() - begin
    agreeing = digits(theirs.coef_, reference.coef_)
    print(f"dask-ml: {seconds:.1f} s, {agreeing:.1f} digits of the coefficients")


def compare_log_linear(X, y, few):
    """All rows, pass after pass, and a part of them against ``fit`` in memory."""
    for rows in (few, len(X)):
        begin = time.perf_counter()
        model = DaskGaussianMLRegressor(noise="log-linear").fit(X[:rows], y[:rows])
        seconds = time.perf_counter() - begin
        print(f"log-linear noise, {rows:,} rows: {seconds:.1f} s", flush=True)
        if rows == few:
            part = dask.compute(X[:rows], y[:rows])
            reference = GaussianMLRegressor(noise="log-linear").fit(*part)
            report("log-linear noise against fit", model, reference)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--chunk", type=int, default=250_000)
    parser.add_argument("--dask-ml-rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    chunk, n_chunks = arguments.chunk, arguments.rows // arguments.chunk
    X, y = lazy_rows(n_chunks, chunk)
    notes = count_messages()
    print(f"{len(X):,} x {X.shape[1]}, {X.nbytes / 1e9:.1f} GB, {n_chunks} chunks")

    reference = streamed(n_chunks, chunk)
    for n_workers in (1, 2):
        model, seconds = measure(n_workers, X, y, notes)
        report(f"{n_workers} workers against partial_fit", model, reference)
    with start(2) as cluster, Client(cluster):
        kill_later(cluster, seconds / 2)
        model, seconds = timed_fit(X, y)
        print(f"a worker killed half-way: {seconds:.1f} s")
        report("with a worker killed", model, reference)
    with start(2) as cluster, Client(cluster):
        few = max(1, arguments.dask_ml_rows // chunk) * chunk
        compare_log_linear(X, y, few)
        X, y = X[:few], y[:few]
        model, seconds = timed_fit(X, y)
        print(f"{len(X):,} rows: ours {seconds:.1f} s")
        compare_dask_ml(X, y, model)


if __name__ == "__main__":
    main()
