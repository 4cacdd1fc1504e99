"""Cross-validation by brute force: a fit for every alpha and every split."""

import warnings

import numpy as np

from sklearn_gml import GaussianMLRegressor


def taken(values, rows):
    return None if values is None else values[rows]


def scores_by_refitting(
    X, y, alphas, splits, scoring, *, weight=None, noise_scale=None, **settings
):
    """Scores (m, k), each by a fit of its own."""
    scores = np.empty((len(alphas), len(splits)))
    for index, alpha in enumerate(alphas):
        for fold, (train, test) in enumerate(splits):
            model = GaussianMLRegressor(alpha=alpha, **settings)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(
                    X[train], y[train], taken(weight, train), taken(noise_scale, train)
                )
            scores[index, fold] = score_of(
                model, X[test], y[test], scoring, taken(weight, test),
                taken(noise_scale, test),
            )  # fmt: skip
    return scores


def score_of(model, X, y, scoring, weight=None, noise_scale=None):
    """Score of rows by a fitted model, from its predictions."""
    weight = np.ones(len(y)) if weight is None else weight
    noise_scale = np.ones(len(y)) if noise_scale is None else noise_scale
    if scoring == "neg_mean_squared_error":
        errors = (y - model.predict(X)).reshape(len(y), -1) ** 2
        precision = weight / noise_scale**2
        return -np.mean(precision @ errors / precision.sum())
    kind = "plugin" if scoring == "loglik" else "predictive"
    distribution = model.predict_dist(X, kind=kind, noise_scale=noise_scale)
    density = distribution.logpdf(y).reshape(len(y), -1).sum(axis=1)
    return weight @ density / weight.sum()


def copies_left_out(weight, n_samples):
    """Splits that leave out one copy of a row each, where weights are counts."""
    copies = np.arange(n_samples)
    if weight is not None:
        copies = np.repeat(copies, weight.astype(int))
    return [(np.delete(copies, at), copies[[at]]) for at in range(len(copies))]
