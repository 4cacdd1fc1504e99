"""Sparse rows: time beside LinearRegression, and text of 100,000 columns.

python benchmarks/wide_sparse.py
"""

import resource
import time
import warnings

import numpy as np
from scipy import sparse
from sklearn.linear_model import LinearRegression, Ridge

from sklearn_gml import GaussianMLRegressor


def timed(run):
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start


def text(rng, n_samples=50_000, n_features=100_000, per_row=100):
    """Rows of words whose frequencies fall like those of a language."""
    words = (50 * rng.pareto(1.0, (n_samples, per_row))).astype(np.int64)
    words = np.minimum(words, n_features - 1)
    rows = np.repeat(np.arange(n_samples), per_row)
    entries = rng.random(n_samples * per_row) + 0.1
    shape = (n_samples, n_features)
    X = sparse.csr_array((entries, (rows, words.ravel())), shape=shape)
    return X, X @ rng.standard_normal(n_features) + rng.standard_normal(n_samples)


def counts(rng, n_samples=1_000_000, n_features=500, per_row=10):
    columns = rng.integers(0, n_features, (n_samples, per_row), dtype=np.int32)
    columns.sort(axis=1)
    starts = np.arange(0, n_samples * per_row + 1, per_row, dtype=np.int32)
    entries = rng.standard_normal(n_samples * per_row)
    X = sparse.csr_array((entries, columns.ravel(), starts))
    X.sum_duplicates()
    return X, X @ rng.standard_normal(n_features) + rng.standard_normal(n_samples)


def main():
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    X, y = text(rng)
    ours, seconds = timed(lambda: GaussianMLRegressor(alpha=1.0).fit(X, y))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    theirs, ridge = timed(lambda: Ridge(1.0, solver="sparse_cg", tol=1e-12).fit(X, y))
    difference = np.max(np.abs(ours.coef_ - theirs.coef_)) / np.max(np.abs(ours.coef_))
    print(f"{X.shape[0]:,} x {X.shape[1]:,}, {X.nnz:,} entries, alpha=1")
    print(f"  ours {seconds:.2f} s, Ridge(sparse_cg, tol=1e-12) {ridge:.2f} s")
    print(f"  peak of the whole process {peak:.0f} MiB; difference {difference:.1e}")

    X, y = counts(rng)
    ours, seconds = timed(lambda: GaussianMLRegressor().fit(X, y))
    theirs, linear = timed(lambda: LinearRegression().fit(X, y))
    dense = GaussianMLRegressor().fit(X.toarray(), y)
    print(f"{X.shape[0]:,} x {X.shape[1]:,}, {X.nnz:,} entries")
    print(f"  ours {seconds:.2f} s, LinearRegression (LSQR, tol=1e-6) {linear:.2f} s")
    for name, model in (("ours", ours), ("LinearRegression", theirs)):
        error = np.max(np.abs(model.coef_ - dense.coef_))
        print(f"  {name}: largest difference to the dense answer {error:.1e}")


if __name__ == "__main__":
    main()
