"""What choosing a prior costs, in units of the ways that there are.

The searches are the same: 25 alphas, log-likelihood of the rows held out. ``--large``
adds 1,000,000 x 20 and 20,000 x 200, where ``GridSearchCV`` takes most of a minute.
"""

import sys
import warnings
from time import perf_counter

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV

from sklearn_gml import GaussianMLRegressor, GaussianMLRegressorCV
from sklearn_gml.metrics import loglik_scorer

ALPHAS = np.geomspace(1e-2, 1e6, 25)


def rows(n_samples, n_features, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features))
    coef = rng.standard_normal(n_features) / np.sqrt(n_features)
    return X, X @ coef + rng.standard_normal(n_samples)


def seconds(function):
    start = perf_counter()
    function()
    return perf_counter() - start


def compared(title, ways, rounds):
    """Times in turns, so that a busy machine is busy for all of them."""
    for way in ways.values():
        if rounds > 1:
            way()
    times = np.array([[seconds(way) for way in ways.values()] for _ in range(rounds)])
    own = np.median(times, axis=0)
    print(f"\n{title}, median of {rounds}")
    for name, time, ratio in zip(
        ways, own, np.median(times / times[:, :1], axis=0), strict=True
    ):
        print(f"  {name:34} {time * 1e3:10.2f} ms {ratio:8.2f}")


def folds(n_samples, n_features, rounds):
    X, y = rows(n_samples, n_features)
    ours = GaussianMLRegressorCV(alphas=ALPHAS, cv=5)
    search = GridSearchCV(
        GaussianMLRegressor(predict_kind="plugin"),
        {"alpha": ALPHAS},
        scoring=loglik_scorer,
        cv=5,
    )
    chosen = ours.set_params(refine=False).fit(X, y)
    ways = {
        "GaussianMLRegressorCV": lambda: ours.set_params(refine=True).fit(X, y),
        "on the grid": lambda: ours.set_params(refine=False).fit(X, y),
        "one fit": lambda: GaussianMLRegressor(alpha=1.0).fit(X, y),
    }
    title = f"{n_samples:,} x {n_features}, 5 folds, {len(ALPHAS)} alphas"
    compared(title, ways, rounds)
    start = perf_counter()
    search.fit(X, y)
    grid = perf_counter() - start
    own = min(seconds(ways["GaussianMLRegressorCV"]) for _ in range(3))
    difference = np.abs(
        search.cv_results_["mean_test_score"] - chosen.cv_results_["mean_test_score"]
    ).max()
    print(
        f"  {'GridSearchCV':34} {grid * 1e3:10.2f} ms {grid / own:8.2f}\n"
        f"  largest difference of mean scores {difference:.1e}"
    )


def leave_one_out(n_samples, n_features, rounds):
    X, y = rows(n_samples, n_features)
    ours = GaussianMLRegressorCV(alphas=ALPHAS)
    squares = GaussianMLRegressorCV(alphas=ALPHAS, scoring="neg_mean_squared_error")
    ways = {
        "RidgeCV": lambda: RidgeCV(alphas=ALPHAS).fit(X, y),
        "loglik": lambda: ours.set_params(refine=True).fit(X, y),
        "loglik, on the grid": lambda: ours.set_params(refine=False).fit(X, y),
        "neg_mean_squared_error": lambda: squares.fit(X, y),
    }
    title = f"{n_samples:,} x {n_features}, leave-one-out, {len(ALPHAS)} alphas"
    compared(title, ways, rounds)


def main():
    warnings.simplefilter("ignore")
    folds(1_000, 10, 15)
    leave_one_out(1_000, 10, 15)
    leave_one_out(20_000, 100, 5)
    if "--large" in sys.argv:
        folds(1_000_000, 20, 5)
        folds(20_000, 200, 3)


if __name__ == "__main__":
    main()
