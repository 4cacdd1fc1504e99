"""Cost of ``fit`` as rows and columns grow: linear in n, quadratic in p.

python benchmarks/scaling.py
"""

import time

import numpy as np

from sklearn_gml import GaussianMLRegressor


def seconds(n_samples, n_features, repeats=5):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, n_features))
    y = X @ rng.standard_normal(n_features) + rng.standard_normal(n_samples)
    spent = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        GaussianMLRegressor().fit(X, y)
        spent.append(time.perf_counter() - start)
    return float(np.median(spent[1:]))


def main():
    print("| rows (20 columns) | ms | ns per row |")
    print("| ---: | ---: | ---: |")
    for n_samples in (10_000, 100_000, 1_000_000, 10_000_000):
        spent = seconds(n_samples, 20)
        print(f"| {n_samples:,} | {1e3 * spent:.1f} | {1e9 * spent / n_samples:.0f} |")
    print("\n| columns (100,000 rows) | ms | ns per row and pair of columns |")
    print("| ---: | ---: | ---: |")
    for n_features in (10, 20, 50, 100, 200, 500, 1_000):
        spent = seconds(100_000, n_features)
        pairs = n_features * (n_features + 1) / 2
        per_pair = 1e9 * spent / 100_000 / pairs
        print(f"| {n_features:,} | {1e3 * spent:.1f} | {per_pair:.2f} |")


if __name__ == "__main__":
    main()
