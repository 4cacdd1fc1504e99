"""Targets known in part: steps of generated problems, coverage of intervals, times.

Run from the top directory: ``python benchmarks/censored.py [problems|coverage|times]``.

- 200 problems of 50 to 100,000 rows, 5 to 95 % of them censored or in intervals, with
  constant and log-linear noise: do all converge, and in how many steps?
- 95 % Wald intervals of 4,000 data sets of 300 rows, half of them censored: how many
  hold the true coefficients, and log sigma?
- 100,000 x 5, half censored: times relative to ``LinearRegression`` and to the fit with
  log-linear noise and no limits, all in one run. ``lifelines`` beside it, if installed.
"""

import sys
import time

import numpy as np
from sklearn.linear_model import LinearRegression

from sklearn_gml import GaussianMLRegressor


def problem(seed):
    """``(X, y, parameters of the model, limits of rows)``."""
    rng = np.random.default_rng([2026, seed])
    varies, kind = seed % 2, seed // 2 % 4
    n = int(np.exp(rng.uniform(np.log(50), np.log(100_000))))
    p = int(rng.integers(1, 6 if n > 100 else 3))
    share = min(rng.uniform(0.05, 0.95), max(0.05, 1.0 - (10 * p + 10) / n))
    X = rng.normal(size=(n, p)) * np.exp(2 * rng.normal(size=p)) + 3 * rng.normal(
        size=p
    )
    log_sigma = 0.4 * (X[:, 0] - X[:, 0].mean()) / X[:, 0].std() * varies
    y = 3 + X @ (rng.normal(size=p) / X.std(axis=0))
    y += np.exp(log_sigma + rng.normal()) * rng.normal(size=n)
    model = {"noise": "log-linear", "noise_columns": [0]} if varies else {}
    if kind < 3:
        low, high = np.quantile(y, [share / 2, 1 - share / 2])
        limits = (
            (np.quantile(y, share), None),
            (None, np.quantile(y, 1 - share)),
            (low, high),
        )
        return X, y, {**model, "censoring": limits[kind]}, {}
    edges = np.r_[-np.inf, np.quantile(y, [0.1, 0.3, 0.5, 0.7, 0.9]), np.inf]
    cell, partly = np.searchsorted(edges, y) - 1, rng.random(n) < share
    lower, upper = (np.where(partly, edges[cell + i], y) for i in (0, 1))
    return X, y, model, {"y_lower": lower, "y_upper": upper}


def problems(count=200):
    """Steps; a warning of the fit, of convergence or otherwise, would be printed."""
    steps = []
    for seed in range(count):
        X, y, parameters, limits = problem(seed)
        steps.append(GaussianMLRegressor(**parameters).fit(X, y, **limits).n_iter_)
    print(
        f"{count} problems: median {np.median(steps):g} steps, at most {max(steps)}; "
        f"constant noise at most {max(steps[::2])}, log-linear {max(steps[1::2])}"
    )


def coverage(count=4000, n=300):
    """Shares of the intervals of intercept, two slopes and log sigma."""
    truth = np.array([1.0, 0.5, -1.0, 0.0])
    inside = np.zeros(4)
    for seed in range(count):
        rng = np.random.default_rng([7, seed])
        X = rng.normal(size=(n, 2))
        y = truth[0] + X @ truth[1:3] + rng.normal(size=n)
        # The limit is known before: the median of y.
        low, high = GaussianMLRegressor(censoring=(1.0, None)).fit(X, y).conf_int().T
        inside += (low < truth) & (truth < high)
    print(f"{count} data sets of {n} rows, half censored: {100 * inside / count} %")


def times(n=100_000, p=5):
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(n, p)), rng.normal(size=n)
    constant, varying = (
        X.sum(axis=1) + noise,
        X.sum(axis=1) + noise * np.exp(0.3 * X[:, 0]),
    )
    half = {"censoring": (0.0, None)}
    cases = {
        "LinearRegression": (LinearRegression(), constant),
        "constant noise, half censored": (GaussianMLRegressor(**half), constant),
        "log-linear noise": (GaussianMLRegressor(noise="log-linear"), varying),
        "log-linear noise, half censored": (
            GaussianMLRegressor(noise="log-linear", **half),
            varying,
        ),
    }
    best = dict.fromkeys(cases, np.inf)
    for _ in range(9):
        for name, (model, y) in cases.items():
            start = time.perf_counter()
            model.fit(X, y)
            best[name] = min(best[name], time.perf_counter() - start)
    for name, seconds in best.items():
        print(f"{1000 * seconds:8.1f} ms  {name}")
    first, second, third, fourth = best.values()
    print(f"constant: {second / first:.2f} times LinearRegression")
    print(f"log-linear: {fourth / third:.2f} times the fit without limits")
    _time_lifelines(X, constant)


def _time_lifelines(X, y):
    try:
        import lifelines
        import pandas as pd
    except ImportError:
        print("lifelines is not installed")
        return
    # exp(y) is log-normal; rows below the limit are left-censored there.
    frame = pd.DataFrame(X).add_prefix("x")
    frame["lower"], frame["upper"] = (
        np.exp(np.where(y > 0, y, -np.inf)),
        np.exp(np.maximum(y, 0.0)),
    )
    start = time.perf_counter()
    lifelines.LogNormalAFTFitter().fit_interval_censoring(frame, "lower", "upper")
    print(
        f"{1000 * (time.perf_counter() - start):8.1f} ms  lifelines.LogNormalAFTFitter"
    )


if __name__ == "__main__":
    for name in sys.argv[1:] or ["problems", "coverage", "times"]:
        globals()[name]()
