"""Time of ``fit`` against other linear models and against one matrix product.

All contestants take turns on the same data in one process, and each is reported as
the ratio of its median to ours, so that a machine whose speed drifts hurts all of
them alike. The limit is one ``dsyrk``, the symmetric product ``X'X``, over the same
array: no method that looks at all pairs of columns can be faster.

    python benchmarks/fit_time.py            # all sizes, minutes
    python benchmarks/fit_time.py --small    # up to 100,000 rows, seconds
"""

import argparse
import time
import warnings

import numpy as np
from scipy.linalg.blas import dsyrk
from sklearn.linear_model import BayesianRidge, LinearRegression, Ridge

from sklearn_gml import GaussianMLRegressor

SIZES = [
    (1_000, 10),
    (100_000, 10),
    (1_000_000, 10),
    (1_000_000, 50),
    (200_000, 200),
    (20_000, 1_000),
    (400, 2_000),
]


def contestants(X, y, weight):
    """What is timed, by name; optional packages only where they are installed."""
    timed = {
        "ours": lambda: GaussianMLRegressor().fit(X, y),
        "weighted": lambda: GaussianMLRegressor().fit(X, y, weight),
        "dsyrk": lambda: dsyrk(1.0, X.T),
        "LinearRegression": lambda: LinearRegression().fit(X, y),
        "Ridge cholesky": lambda: Ridge(solver="cholesky").fit(X, y),
    }
    if X.shape[1] <= 200:
        timed["BayesianRidge"] = lambda: BayesianRidge().fit(X, y)
    in_seconds = X.size <= 10_000_000 and len(X) > X.shape[1]
    try:
        import statsmodels.api as statsmodels
    except ImportError:
        pass
    else:
        if in_seconds:
            timed["statsmodels OLS"] = lambda: (
                statsmodels.OLS(y, statsmodels.add_constant(X)).fit().bse
            )
    try:
        from glum import GeneralizedLinearRegressor
    except ImportError:
        pass
    else:
        if in_seconds:
            timed["glum"] = lambda: GeneralizedLinearRegressor(alpha=0).fit(X, y)
    return timed


def medians(timed, seconds):
    """Median seconds of each, taking turns until ``seconds`` are over."""
    spent = {name: [] for name in timed}
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(spent["ours"]) < 4:
        for name, run in timed.items():
            # Without this, small fits would pay for the threads that the one
            # before them has left spinning.
            run()
            start = time.perf_counter()
            run()
            spent[name].append(time.perf_counter() - start)
    # The first turn warms up.
    return {name: float(np.median(values[1:])) for name, values in spent.items()}


def predict_ratio(X, y, repeats=25):
    """Median time of our ``predict`` over that of LinearRegression, in turns."""
    models = GaussianMLRegressor().fit(X, y), LinearRegression().fit(X, y)
    spent = [[], []]
    for _ in range(repeats):
        for model, times in zip(models, spent, strict=True):
            start = time.perf_counter()
            model.predict(X)
            times.append(time.perf_counter() - start)
    return np.median(spent[0]) / np.median(spent[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="only the small sizes")
    parser.add_argument("--seconds", type=float, default=10.0, help="per size")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")

    rng = np.random.default_rng(0)
    others = None
    for n_samples, n_features in SIZES[: 2 if arguments.small else None]:
        X = rng.standard_normal((n_samples, n_features))
        y = X @ rng.standard_normal(n_features) + rng.standard_normal(n_samples)
        weight = rng.uniform(0.5, 2.0, n_samples)
        spent = medians(contestants(X, y, weight), arguments.seconds)
        if others is None:
            others = [
                name for name in spent if name not in ("ours", "dsyrk", "weighted")
            ]
            print("How many times longer than our fit the others take; ours in ms;")
            print("ours / dsyrk, the limit; ours with / without sample_weight;")
            print("our predict / that of LinearRegression.\n")
            header = ["rows x columns", "ours", "/ dsyrk", "weighted", "predict"]
            header += others
            print("| " + " | ".join(header) + " |")
            print("| --- " + "| ---: " * (len(header) - 1) + "|")
        ours = spent["ours"]
        cells = [
            f"{n_samples:,} x {n_features:,}",
            f"{1e3 * ours:.2f} ms",
            f"{ours / spent['dsyrk']:.2f}",
            f"{spent['weighted'] / ours:.2f}",
            f"{predict_ratio(X, y):.2f}",
        ]
        cells += [
            f"{spent[name] / ours:.2f}" if name in spent else "" for name in others
        ]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
