"""Held-out scores and times of pairs of regressors, and of what else predicts a sigma.

The table is diamonds (53,940 rows), which plotting packages ship: the logarithm of the
price given weight, measures and grades. Needs one of plotnine, seaborn's copy or a CSV
with its columns, and compares NGBoost, LightGBM, XGBoost and CatBoost where they are
installed::

    python benchmarks/mean_variance.py [path of diamonds.csv] [--seeds 3]
"""

import argparse
import importlib
import time

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split

from sklearn_gml import MeanVarianceRegressor
from sklearn_gml.metrics import crps_loss, interval_coverage_score, loglik_score

GRADES = {
    "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
    "color": list("JIHGFED"),
    "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
}


def diamonds(path):
    if path is None:
        frame = importlib.import_module("plotnine.data").diamonds
    else:
        frame = pd.read_csv(path)
    X = frame[["carat", "depth", "table", "x", "y", "z"]].copy()
    for name, grades in GRADES.items():
        X[name] = [grades.index(grade) for grade in frame[name].astype(str)]
    return X.to_numpy(float), np.log(frame["price"].to_numpy(float))


class MeanAndStd:
    """Predictions of libraries that have their own way to say mean and std."""

    def __init__(self, model, read):
        self.model, self.read = model, read

    def fit(self, X, y):
        self.model.fit(X, y)
        return self

    def predict_dist(self, X):
        return self.read(self.model, X)


def models():
    """Name to a function that makes the model; those that do not install are left."""
    from scipy import stats

    def boosted(**parameters):
        return HistGradientBoostingRegressor(random_state=0, **parameters)

    def pair():
        variance = boosted(loss="gamma", max_iter=100)
        return MeanVarianceRegressor(boosted(max_iter=200), variance)

    yield "boosted, one sigma", lambda: MeanVarianceRegressor(boosted(max_iter=200))
    yield "boosted, boosted", pair
    yield "boosted, boosted, 2 rounds", lambda: pair().set_params(n_rounds=2)
    if lightgbm := installed("lightgbm"):
        yield (
            "LightGBM, LightGBM",
            lambda: MeanVarianceRegressor(
                lightgbm.LGBMRegressor(n_estimators=200, verbose=-1),
                lightgbm.LGBMRegressor(objective="gamma", verbose=-1),
            ),
        )
    if xgboost := installed("xgboost"):
        yield (
            "XGBoost, XGBoost",
            lambda: MeanVarianceRegressor(
                xgboost.XGBRegressor(n_estimators=200, learning_rate=0.1),
                xgboost.XGBRegressor(objective="reg:gamma", learning_rate=0.1),
            ),
        )
    if catboost := installed("catboost"):
        yield (
            "CatBoost, with uncertainty",
            lambda: MeanAndStd(
                catboost.CatBoostRegressor(
                    loss_function="RMSEWithUncertainty",
                    iterations=500,
                    verbose=False,
                    allow_writing_files=False,
                ),
                lambda model, X: stats.norm(
                    model.predict(X)[:, 0], np.sqrt(model.predict(X)[:, 1])
                ),
            ),
        )
    if ngboost := installed("ngboost"):

        def read(model, X):
            parameters = model.pred_dist(X).params
            return stats.norm(parameters["loc"], parameters["scale"])

        yield (
            "NGBoost, 500 trees",
            lambda: MeanAndStd(
                ngboost.NGBRegressor(n_estimators=500, verbose=False, random_state=0),
                read,
            ),
        )


def installed(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed")
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    X, y = diamonds(options.path)
    rows = []
    for seed in range(options.seeds):
        train_X, test_X, train_y, test_y = train_test_split(X, y, random_state=seed)
        for name, make in models():
            start = time.perf_counter()
            model = make().fit(train_X, train_y)
            seconds = time.perf_counter() - start
            held_out = model.predict_dist(test_X)
            scores = [
                loglik_score(test_y, held_out),
                crps_loss(test_y, held_out),
                interval_coverage_score(test_y, held_out, 0.9),
            ]
            rows.append([name, seed, *scores, seconds])
            print(
                f"{name:27} seed {seed}  nats {scores[0]:7.4f}  CRPS {scores[1]:.5f}  "
                f"inside 90 % {scores[2]:.3f}  {seconds:6.1f} s",
                flush=True,
            )
    columns = ["model", "seed", "nats", "CRPS", "inside 90 %", "seconds"]
    table = pd.DataFrame(rows, columns=columns).drop(columns="seed")
    print(table.groupby("model", sort=False).mean().round(4).to_string())


if __name__ == "__main__":
    main()
