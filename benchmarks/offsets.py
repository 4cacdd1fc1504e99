"""Residuals of columns that repeat others but for a large constant.

Prints, over generated problems in which a column lies beside its copy at a distance of
1 to 1e15: the largest ratio of the residual squares at the returned coefficients to
the least of the columns without the copy (in rational arithmetic, or that of all
columns where their rank is full), the same for ``partial_fit``, and by how much
``loglik_`` and ``score_loglik`` differ, with and without a warning.

    python benchmarks/offsets.py            # 2,000 problems, a minute
    python benchmarks/offsets.py --problems 100
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

from sklearn_gml import GaussianMLRegressor, PrecisionWarning

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))


def problem(seed):
    """Columns, their copy at a distance, and y; as in H1 and H2 for even seeds."""
    rng = np.random.default_rng(seed)
    n_samples = int(rng.integers(8, 40))
    n_features = 1 if seed % 2 == 0 else int(rng.integers(1, 5))
    base = rng.random((n_samples, n_features))
    if seed % 3 == 1:
        base = rng.standard_normal((n_samples, n_features))
    offset = 10.0 ** rng.uniform(0, 15) * rng.choice([-1.0, 1.0])
    X = np.hstack([base, base[:, :1] + offset])
    return base, X, rng.random(n_samples)


def fitted(way, X, y):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = GaussianMLRegressor()
        for rows in np.array_split(np.arange(len(y)), 3 if way == "partial_fit" else 1):
            getattr(model, way)(X[rows], y[rows])
    return model, {warning.category for warning in caught}


def main():
    import exact

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=2000)
    arguments = parser.parse_args()
    print("| way | worst RSS / least | RSS above 1.01 | worst contradiction,")
    print("no warning | no PrecisionWarning | PrecisionWarnings |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for way in ("fit", "partial_fit"):
        ratios, silent, said, warned = [], 0.0, 0.0, 0
        unwarned_ratio = 0.0
        for seed in range(arguments.problems):
            base, X, y = problem(seed)
            model, categories = fitted(way, X, y)
            full = model.rank_ == 1 + X.shape[1]
            _, _, least = exact.least_squares(X if full else base, y)
            rss = np.sum((y - model.predict(X)) ** 2)
            ratios.append(rss / least)
            score = model.score_loglik(X, y)
            contradiction = abs(score - model.loglik_) / abs(model.loglik_)
            warned += PrecisionWarning in categories
            if PrecisionWarning not in categories:
                said = max(said, contradiction)
                unwarned_ratio = max(unwarned_ratio, rss / least)
            if not categories:
                silent = max(silent, contradiction)
        ratios = np.array(ratios)
        print(
            f"| {way} | {ratios.max():.6g} | {np.sum(ratios > 1.01)} | {silent:.2g} "
            f"| {said:.2g} (RSS {unwarned_ratio:.6g}) | {warned} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
