"""Coverage of 90 % intervals on the diabetes data: the README's table.

python benchmarks/predictive_coverage.py
"""

import numpy as np
from sklearn.datasets import load_diabetes

from sklearn_gml import GaussianMLRegressor

SPLITS = 300


def main():
    X, y = load_diabetes(return_X_y=True)
    print("| training rows | fitted parameters as known | default |")
    print("| ---: | ---: | ---: |")
    for n_train in (30, 60, 331):
        shares = {"plugin": [], "auto": []}
        for seed in range(SPLITS):
            order = np.random.default_rng(seed).permutation(len(y))
            train, test = order[:n_train], order[n_train:]
            model = GaussianMLRegressor().fit(X[train], y[train])
            for kind, found in shares.items():
                low, high = model.predict_dist(X[test], kind=kind).interval(0.9)
                found.append(np.mean((low < y[test]) & (y[test] < high)))
        cells = [f"{100 * np.mean(found):.1f} %" for found in shares.values()]
        print(f"| {n_train} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
