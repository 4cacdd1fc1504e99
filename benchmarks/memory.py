"""Peak memory of ``fit`` above the data, each fit in a fresh process.

python benchmarks/memory.py
python benchmarks/memory.py --rows 100000 --columns 50
"""

import argparse
import resource
import subprocess
import sys

import numpy as np

CASES = [
    ("float64", "C"),
    ("float64", "F"),
    ("float32", "C"),
    ("float32", "F"),
]


def peak_of_one_fit(model, dtype, order, n_samples, n_features):
    """Print by how many MiB the peak of this process rises during ``fit``."""
    from sklearn.linear_model import LinearRegression

    from sklearn_gml import GaussianMLRegressor

    estimator = {
        "ours": GaussianMLRegressor(),
        "log-linear": GaussianMLRegressor(noise="log-linear"),
        "scikit-learn": LinearRegression(),
    }[model]
    rng = np.random.default_rng(0)
    X = np.empty((n_samples, n_features), dtype=dtype, order=order)
    for start in range(0, n_samples, 10_000):
        rows = X[start : start + 10_000]
        rows[...] = rng.standard_normal(rows.shape)
    y = rng.standard_normal(n_samples)
    # What libraries allocate once, at their first call, is not the fit's.
    estimator.fit(X[:1000], y[:1000])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    estimator.fit(X, y)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print((after - before) / 1024)


def peak_mib(model, dtype, order, n_samples, n_features):
    """What :func:`peak_of_one_fit` prints in a fresh process."""
    size = [f"--rows={n_samples}", f"--columns={n_features}"]
    command = [sys.executable, __file__, *size, "--one", model, dtype, order]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(run.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--one", nargs=3, metavar=("MODEL", "DTYPE", "ORDER"))
    arguments = parser.parse_args()
    if arguments.one:
        peak_of_one_fit(*arguments.one, arguments.rows, arguments.columns)
        return
    print(f"MiB above the data, {arguments.rows:,} x {arguments.columns}\n")
    print("| data | GaussianMLRegressor | LinearRegression |")
    print("| --- | ---: | ---: |")
    for dtype, order in CASES:
        size = arguments.rows, arguments.columns
        peaks = [
            f"{peak_mib(model, dtype, order, *size):.0f}"
            for model in ("ours", "scikit-learn")
        ]
        print(f"| {dtype}, {order} order | " + " | ".join(peaks) + " |", flush=True)


if __name__ == "__main__":
    main()
