"""
======================================
Any model of the mean, any of variance
======================================

Least squares maximises a Gaussian likelihood, and nothing in that sentence asks the
mean to be linear: boosted trees that minimise squared error maximise it too, over all
functions that trees can be. There is a second half that is hardly ever used. For a
given mean, the same likelihood is maximised over the variance by minimising the gamma
deviance of the squared residuals. Regressors of both kinds exist, and
``MeanVarianceRegressor`` lets any two of them take turns.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import GammaRegressor, LinearRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gml import GaussianMLRegressor, MeanVarianceRegressor
from sklearn_gml.displays import CalibrationDisplay, PredictiveDisplay
from sklearn_gml.metrics import (
    crps_loss,
    interval_coverage_score,
    interval_width,
    loglik_score,
    pit_values,
)

BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
DATA = Path(__file__).parent / "data"

# %%
# Why it is the same likelihood
# -----------------------------
# A row contributes :math:`-\log\sigma_i - r_i^2 / (2 \sigma_i^2)`. With sigma held,
# that is squared error with weights :math:`1 / \sigma_i^2`. With the residuals held,
# write :math:`v_i = \sigma_i^2`: it is :math:`-\tfrac12 (\log v_i + r_i^2 / v_i)`, and
# :math:`\log v + u / v` is what the gamma deviance of u leaves of v. So two ordinary
# regressors in turns raise one likelihood, each maximising it over its own half.
#
# ``GaussianMLRegressor(noise="log-linear")`` maximises it over both halves together, by
# Newton's method. On Engel's household budgets the two arrive at the same place.

households = pd.read_csv(DATA / "engel.csv")
income, food = households[["income"]], households["food_expenditure"]

jointly = GaussianMLRegressor(noise="log-linear", noise_floor=0.0).fit(income, food)
log_linear = make_pipeline(
    StandardScaler(),
    GammaRegressor(alpha=0.0, solver="newton-cholesky", tol=1e-12, max_iter=200),
)
in_turns = MeanVarianceRegressor(
    LinearRegression(), log_linear, cv="in-sample", n_rounds=12
).fit(income, food)

for rounds, loglik in enumerate(in_turns.loglik_path_, start=1):
    print(f"round {rounds:2}: {jointly.loglik_ - loglik:9.2e} nats below the maximum")

# %%
# Each round gains, and the gap shrinks by a constant factor: what alternation costs is
# rounds, what Newton's method costs is a model for which somebody has worked out the
# derivatives. Residuals are those of the fit itself here, ``cv="in-sample"``. A line
# through 235 households can afford that. A flexible mean cannot: it has learned part of
# the noise, and its residuals are too small.

# %%
# Four pairs on house prices
# --------------------------
# 546 houses sold in Windsor, Ontario, in 1987 (Anglin and Gencay 1996). Each pair is
# fitted in ten folds and judged by the houses it has not seen; inside each fit the
# residuals come out of five folds again.

houses = pd.read_csv(DATA / "house_prices.csv").replace({"yes": 1.0, "no": 0.0})
houses = houses.infer_objects().astype(float)
X = houses.drop(columns="price").assign(lotsize=np.log(houses["lotsize"]))
price = houses["price"] / 1_000.0


def boosted(**parameters):
    return HistGradientBoostingRegressor(
        learning_rate=0.05, max_leaf_nodes=4, random_state=0, **parameters
    )


linear = LinearRegression()
gamma = make_pipeline(StandardScaler(), GammaRegressor(alpha=0.1))
trees, gamma_trees = boosted(max_iter=150), boosted(loss="gamma", max_iter=40)
pairs = {
    "linear, one sigma": MeanVarianceRegressor(linear),
    "linear, log-linear": MeanVarianceRegressor(linear, gamma, n_rounds=3),
    "boosted, one sigma": MeanVarianceRegressor(trees),
    "boosted, boosted": MeanVarianceRegressor(trees, gamma_trees),
}
styles = {
    "linear, one sigma": (BLUE, "-"),
    "linear, log-linear": (GREEN, "-."),
    "boosted, one sigma": (ORANGE, ":"),
    "boosted, boosted": (VERMILION, "--"),
}

folds = list(KFold(10, shuffle=True, random_state=0).split(X))
pit, table = {}, {}
for name, model in pairs.items():
    pit[name], scores = [], []
    for train, test in folds:
        fitted = clone(model).fit(X.iloc[train], price.iloc[train])
        held_out = fitted.predict_dist(X.iloc[test])
        truth = price.iloc[test]
        pit[name].extend(pit_values(truth, held_out))
        scores.append(
            [
                np.mean((truth - held_out.mean()) ** 2),
                loglik_score(truth, held_out),
                crps_loss(truth, held_out),
                interval_coverage_score(truth, held_out, 0.9),
                interval_width(truth, held_out, 0.9),
            ]
        )
    means = np.average(scores, axis=0, weights=[len(test) for _, test in folds])
    table[name] = [np.sqrt(means[0]), *means[1:]]

columns = ["rms error", "nats per sale", "CRPS", "inside 90 %", "width of 90 %"]
print(pd.DataFrame(table, index=columns).T.round(3).to_string())

# %%
# Prices are in thousands of dollars. On so few houses trees are no better at the mean
# than a line. The variance is where the likelihood is to be had: with either mean, a
# sigma that follows the columns gains more than the exchange of the mean does, and the
# point forecasts are hardly touched. The intervals become narrower, and what they hold
# comes nearer to nine in ten.

# %%
# Their fans
# ----------
# Along the size of the lot, the other columns at their medians. Trees draw steps.

figure, panels = plt.subplots(
    2, 2, figsize=(9, 7.5), layout="constrained", sharex=True, sharey=True
)
for axes, (name, model) in zip(panels.flat, pairs.items(), strict=True):
    PredictiveDisplay.from_estimator(
        clone(model).fit(X, price),
        X,
        price,
        feature="lotsize",
        feature_name="log of lot size (square feet)",
        target_name="price (1,000 dollars)",
        ax=axes,
    )
    axes.get_legend().remove()
    axes.set_title(name)
    axes.label_outer()
    axes.spines[["top", "right"]].set_visible(False)
figure.legend(
    *panels[0, 0].get_legend_handles_labels(),
    loc="outside lower center",
    ncols=5,
    frameon=False,
)
plt.show()

# %%
# Their calibration
# -----------------
# All four claim about the right thing on average, because residuals out of fold tell
# how far off the predictions are, and not how well the training rows were remembered.

figure, axes = plt.subplots(1, 2, figsize=(9, 4.5), layout="constrained")
for name, (colour, style) in styles.items():
    display = CalibrationDisplay(np.array(pit[name]), name)
    display.plot(ax=axes, color=colour, linestyle=style)
axes[0].set_title("Flat if the probabilities are right")
axes[1].set_title("On the diagonal if the intervals are")
plt.show()

# %%
# What in-sample residuals would have claimed
# -------------------------------------------
# The same trees with the residuals of their own training rows promise nine in ten, too.

inside = {"cv=5": [], 'cv="in-sample"': []}
for train, test in folds:
    for kept, cv in zip(inside.values(), (5, "in-sample"), strict=True):
        model = MeanVarianceRegressor(trees, gamma_trees, cv=cv)
        held_out = model.fit(X.iloc[train], price.iloc[train]).predict_dist(
            X.iloc[test]
        )
        low, high = held_out.interval(0.9)
        kept.extend((price.iloc[test] >= low) & (price.iloc[test] <= high))
for name, kept in inside.items():
    print(f"{name:15} {np.mean(kept):.3f} of the 90 % intervals hold the price")
