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


@dataclass(frozen=True)
class VaryingProblem:
    """Rows whose log sigma is linear in the columns ``drive``."""

    X: np.ndarray
    y: np.ndarray
    drive: np.ndarray
    weight: np.ndarray | None = None
    noise_scale: np.ndarray | None = None


def varying_problem(seed, *, entries=None):
    """Columns normal, log-normal or uniform, in units of 1e-3 to 1e3.

    Three of them and 150 rows, or 5 to 200 and up to 100,000 within so many entries.
    """
    rng, large = np.random.default_rng(seed), entries is not None
    n_features = int(np.exp(rng.uniform(*np.log([5, 200])))) if large else 3
    n_samples = 150
    if large:
        least = max(200, 8 * n_features)
        n_samples = int(np.exp(rng.uniform(*np.log([least, 1e5]))))
        n_samples = min(n_samples, entries // n_features)
    X = rng.standard_normal((n_samples, n_features))
    if seed % 3 == 1:
        X = np.exp(0.7 * X)
    if seed % 3 == 2:
        X = rng.uniform(-1.0, 1.0, X.shape)
    X *= 10.0 ** rng.integers(-3, 4, n_features)
    drive = rng.permutation(n_features)[: int(rng.integers(1, n_features + 1))]
    log_sigma = X[:, drive] @ (
        rng.standard_normal(len(drive)) / X[:, drive].std(axis=0)
    )
    decades = rng.uniform(0, 4) if large else 1.0
    log_sigma *= decades * np.log(10.0) / np.ptp(log_sigma)
    noise_scale = None if large else rng.uniform(0.5, 2.0, n_samples)
    noise = np.exp(log_sigma) * rng.standard_normal(n_samples)
    if noise_scale is not None:
        noise *= noise_scale
    y = X @ (rng.standard_normal(n_features) / X.std(axis=0)) + 5.0 + noise
    weight = None if large else rng.integers(0, 4, n_samples).astype(float)
    return VaryingProblem(X, y, drive, weight, noise_scale)
