"""
===================================
Choosing columns without their rows
===================================

Which columns belong in the model? Forward selection begins with none and adds, again
and again, the one that makes rows which were not fitted most likely. That is a fit for
every candidate, every fold and every round, some thousand of them, and a reason to go
for coffee.

Not here. The statistics of a fold are one triangle of numbers, and leaving columns out
of a triangle leaves the triangle of the other columns: no row has to be read again. The
data are the 442 patients of scikit-learn's ``load_diabetes``, with ten columns and the
54 of their squares and products that say something new.
"""

from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_gml import GaussianMLRegressor, GaussianMLRegressorCV, GaussianStatistics
from sklearn_gml.metrics import loglik_scorer

BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"

X, y = load_diabetes(return_X_y=True, as_frame=True)
scale = StandardScaler().set_output(transform="pandas")
expand = PolynomialFeatures(2, include_bias=False).set_output(transform="pandas")
X = expand.fit_transform(scale.fit_transform(X))
# The square of a column of two values is the column again.
X = X.drop(columns="sex^2")
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
cv = KFold(5, shuffle=True, random_state=0)

# %%
# The rows are read once
# ----------------------
# ``from_data`` makes the statistics of a fold, and from here on the rows are not
# needed. ``select`` takes names or positions.

folds = [
    GaussianStatistics.from_data(X_train.iloc[rows], y_train.iloc[rows])
    for _, rows in cv.split(X_train)
]
print(folds[0].factor.shape, folds[0].select(["bmi", "s5"]).factor.shape)

# %%
# Forward selection
# -----------------
# ``GaussianMLRegressorCV`` fits the folds but one and scores that one, for each in
# turn. The single alpha 0 makes it least squares.


def score_of(columns):
    """Mean held-out log-likelihood of a patient."""
    model = GaussianMLRegressorCV(alphas=[0.0], refine=False)
    return model.fit_statistics([fold.select(columns) for fold in folds]).best_score_


def forward(candidates, n_columns):
    """Columns in the order in which they are added, and the scores on the way."""
    chosen, scores = [], [score_of([])]
    while len(chosen) < n_columns:
        left = [name for name in candidates if name not in chosen]
        values = [score_of([*chosen, name]) for name in left]
        best = int(np.argmax(values))
        chosen.append(left[best])
        scores.append(values[best])
    return chosen, scores


start = perf_counter()
chosen, scores = forward(list(X), 16)
ours = perf_counter() - start
print(f"{len(X.columns)} columns, 16 rounds: {ours:.1f} s")
print(chosen[:8])

# %%
# scikit-learn's ``SequentialFeatureSelector`` does the same by fitting. On the ten
# columns of the data alone, and for five of them, it comes to the same five.

ten = list(X)[:10]
start = perf_counter()
own, _ = forward(ten, 5)
ours = perf_counter() - start
selector = SequentialFeatureSelector(
    GaussianMLRegressor(predict_kind="plugin"),
    n_features_to_select=5,
    scoring=loglik_scorer,
    cv=cv,
)
start = perf_counter()
selector.fit(X_train[ten], y_train)
theirs = perf_counter() - start
assert set(own) == set(selector.get_feature_names_out())
print(sorted(own), f"{ours:.2f} s, SequentialFeatureSelector {theirs:.2f} s")

# %%
# When to stop
# ------------
# The score rises, flattens and falls: that is where another column says more of these
# patients than of others. But the best of many scores is best by luck as well. The
# patients who took no part in the choice see less of a gain.

test_scores = [
    GaussianMLRegressor()
    .fit(X_train[chosen[:count]], y_train)
    .score_loglik(X_test[chosen[:count]], y_test, normalize=True)
    for count in range(1, len(chosen) + 1)
]
fig, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
counts = np.arange(len(scores))
ax.plot(counts, scores, "o-", color=BLUE, label="folds, which chose")
ax.plot(counts[1:], test_scores, "s--", color=VERMILION, label="patients kept apart")
best = int(np.argmax(scores))
ax.axvline(best, color="0.7", lw=1, zorder=0)
ax.set(
    xlabel="number of columns",
    ylabel="log-likelihood of a patient",
    title=f"The folds would stop at {best} columns",
)
ax.legend(frameon=False)

# %%
# Or keep them all, and shrink
# ----------------------------
# A prior is the other answer to too many columns. Its alpha is chosen from the same
# statistics, all 64 columns at once, on the curve that the blue points belong to. The
# dashed line is the best of the forward selection.

ridge = GaussianMLRegressorCV().fit_statistics(folds)
fig, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
ax.semilogx(ridge.alphas_, ridge.cv_results_["mean_test_score"], "o-", color=BLUE)
ax.plot(ridge.alpha_, ridge.best_score_, "D", color=GREEN, label="chosen")
ax.axhline(scores[best], color=VERMILION, ls="--", label="forward selection")
ax.set(xlabel="alpha", ylabel="log-likelihood of a patient", ylim=(-5.75, -5.38))
ax.legend(frameon=False)
held_out = {
    "forward selection": test_scores[best - 1],
    "all columns with a prior": ridge.score_loglik(X_test, y_test, normalize=True),
    "all columns": GaussianMLRegressor()
    .fit(X_train, y_train)
    .score_loglik(X_test, y_test, normalize=True),
}
for name, value in held_out.items():
    print(f"{name:26} {value:.3f}")

plt.show()
