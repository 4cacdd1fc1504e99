"""Designs of many kinds, made from a seed."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

KINDS = (
    "long",
    "wide",
    "weighted",
    "several targets",
    "sparse",
    "rank-deficient",
    "far from zero",
    "badly scaled",
)


@dataclass(frozen=True)
class Problem:
    X: object
    y: np.ndarray
    weight: np.ndarray | None = None
    fit_intercept: bool = True

    @property
    def dense(self):
        return self.X.toarray() if sparse.issparse(self.X) else self.X

    def take(self, rows):
        weight = None if self.weight is None else self.weight[rows]
        return replace(self, X=self.X[rows], y=self.y[rows], weight=weight)


def problem(seed, kind=None):
    """The problem of this seed; the kinds take turns."""
    rng = np.random.default_rng(seed)
    kind = kind or KINDS[seed % len(KINDS)]
    n_features = int(rng.integers(1, 9))
    n_samples = int(rng.integers(n_features + 5, 120))
    if kind == "wide":
        n_samples, n_features = int(rng.integers(3, 15)), int(rng.integers(20, 40))
    n_targets = int(rng.integers(2, 5)) if kind == "several targets" else 1

    X = rng.standard_normal((n_samples, n_features))
    if kind == "far from zero":
        X += rng.choice([0.0, 30.0, 1e4], size=n_features)
    if kind == "badly scaled":
        X *= 10.0 ** rng.integers(-4, 5, size=n_features)
    if kind == "sparse":
        X *= rng.random(X.shape) < 0.4
        # A column without entries is a question of rank, asked elsewhere.
        X[0] = rng.standard_normal(n_features)
    coef = rng.standard_normal((n_features, n_targets)) / np.std(X, axis=0)[:, None]
    Y = X @ coef + rng.standard_normal((n_samples, n_targets)) + 5.0 * rng.normal()
    if kind == "rank-deficient":
        mixing = rng.standard_normal((n_features, int(rng.integers(1, 4))))
        X = np.column_stack([X, X @ mixing, np.full(n_samples, 3.0)])

    weight = rng.uniform(0.1, 4.0, n_samples) if kind == "weighted" else None
    return Problem(
        sparse.csr_array(X) if kind == "sparse" else X,
        Y[:, 0] if n_targets == 1 else Y,
        weight,
        fit_intercept=bool(rng.random() < 0.75),
    )
