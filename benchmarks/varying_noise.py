"""Noise that varies: time, memory and number of steps of ``noise="log-linear"``.

All columns drive the mean and the noise. Fits take turns on the same data in one
process, and their medians are compared. ondil and NGBoost (which takes minutes) are
timed once, where they are installed. The memory is measured in a fresh process, and the
steps are counted on the generated problems of the tests: 5 to 200 columns, 200 to
100,000 rows, sigma within one data set up to four decades apart.

    python benchmarks/varying_noise.py                       # all three, a minute
    python benchmarks/varying_noise.py --parts memory time   # some
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from fit_time import medians
from memory import peak_mib
from sklearn.linear_model import LinearRegression

from sklearn_gml import GaussianMLRegressor

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from generated import varying_problem

PARTS = ["memory", "time", "steps"]
ROWS, ROWS_OF_MEMORY, PROBLEMS = 100_000, 1_000_000, 100
ENTRIES = 20_000_000
# Standard deviation of log sigma over the rows.
SPREAD = 0.5


def rows_with_varying_noise(n_features):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, n_features))
    coef, direction = rng.standard_normal((2, n_features))
    log_sigma = X @ (SPREAD * direction / np.linalg.norm(direction))
    return X, X @ coef + np.exp(log_sigma) * rng.standard_normal(ROWS)


def compare_time(n_features, name, other, limit, seconds):
    X, y = rows_with_varying_noise(n_features)
    ours = GaussianMLRegressor(noise="log-linear")
    timed = {"ours": lambda: ours.fit(X, y), name: lambda: other.fit(X, y)}
    spent = medians(timed, seconds)
    print(
        f"{ROWS:,} x {n_features}: {1e3 * spent['ours']:.1f} ms in {ours.n_iter_} "
        f"steps, {name} {1e3 * spent[name]:.1f} ms: ratio "
        f"{spent['ours'] / spent[name]:.2f} (at most {limit})",
        flush=True,
    )
    return X, y, spent["ours"]


def compare_packages(X, y, ours):
    """One fit each: they take long enough."""
    for name, fit in (("ondil", fit_ondil), ("NGBoost", fit_ngboost)):
        try:
            # What compiles at its first call has done so before the clock starts.
            fit(X[:1000], y[:1000])
        except ImportError:
            print(f"  {name} is not installed")
            continue
        start = time.perf_counter()
        fit(X, y)
        spent = time.perf_counter() - start
        print(f"  {name} {spent:.1f} s: {spent / ours:.0f} times ours", flush=True)


def fit_ondil(X, y):
    from ondil.distributions import Normal
    from ondil.estimators import OnlineDistributionalRegression

    return OnlineDistributionalRegression(
        distribution=Normal(), method="ols", equation={0: "all", 1: "all"}
    ).fit(X, y)


def fit_ngboost(X, y):
    from ngboost import NGBRegressor

    return NGBRegressor(verbose=False).fit(X, y)


def measure_memory():
    peak = peak_mib("log-linear", "float64", "C", ROWS_OF_MEMORY, 20)
    print(f"{ROWS_OF_MEMORY:,} x 20: {peak:.0f} MiB above the data (at most 60)")


def count_steps():
    steps, failed, shapes = [], [], []
    for seed in range(PROBLEMS):
        problem = varying_problem(seed, entries=ENTRIES)
        model = GaussianMLRegressor(noise="log-linear", noise_columns=problem.drive)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(problem.X, problem.y)
        failed += [(seed, str(one.message)) for one in caught]
        steps.append(model.n_iter_)
        shapes.append(problem.X.shape)
    least, most = np.min(shapes, axis=0), np.max(shapes, axis=0)
    print(
        f"{PROBLEMS} problems of {least[0]:,} to {most[0]:,} rows and {least[1]} to "
        f"{most[1]} columns: median {np.median(steps):.0f}, at most {max(steps)} "
        f"steps, {len(failed)} warnings"
    )
    for seed, message in failed:
        print(f"  problem {seed}: {message}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seconds", type=float, default=10.0, help="per comparison")
    arguments = parser.parse_args()
    # A process starts with the peak of its parent, which has to be small.
    if "memory" in arguments.parts:
        measure_memory()
    if "time" in arguments.parts:
        seconds = arguments.seconds
        few = compare_time(5, "LinearRegression", LinearRegression(), 4, seconds)
        compare_packages(*few)
        compare_time(50, "constant noise", GaussianMLRegressor(), 12, seconds)
    if "steps" in arguments.parts:
        count_steps()


if __name__ == "__main__":
    main()
