"""
==================================
Neighbours: MAPIE's conformal sets
==================================

A conformal interval is as wide as errors on rows that were held back say. It needs no
model of the noise, and holds nine in ten whatever the truth is. A likelihood needs a
model, and gives a distribution in return. MAPIE takes any estimator of scikit-learn, so
the two can be had around the same regression, and be compared.

The page needs ``mapie`` (at least 1.0).
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from mapie.regression import SplitConformalRegressor

from sklearn_gml import GaussianMLRegressor, predict_dist

BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "0.55"
LEVEL = 0.9

households = pd.read_csv(Path(__file__).parent / "data" / "engel.csv")
households = households.sample(frac=1.0, random_state=0).reset_index(drop=True)
income, food = households[["income"]], households["food_expenditure"]

# %%
# Three intervals
# ---------------
# Split conformal prediction fits on one part of the rows and measures errors on
# another. Ours use both parts for the fit.

fitted, held = slice(0, 100), slice(100, 170)
both, later = slice(0, 170), slice(170, None)
conformal = SplitConformalRegressor(
    GaussianMLRegressor().fit(income[fitted].to_numpy(), food[fitted]),
    confidence_level=LEVEL,
    prefit=True,
).conformalize(income[held].to_numpy(), food[held])
models = {
    "constant noise": GaussianMLRegressor(),
    "log-linear noise": GaussianMLRegressor(noise="log-linear"),
}


def intervals(rows):
    """Lower and upper ends by model."""
    ends = {"conformal": conformal.predict_interval(rows.to_numpy())[1][:, :, 0].T}
    for name, model in models.items():
        model.fit(income[both], food[both])
        ends[name] = predict_dist(model, rows, kind="predictive").interval(LEVEL)
    return ends


# %%
# What they hold among later households
# -------------------------------------
# All three hold nine in ten of these 65 households, or more. Intervals of one width,
# the conformal ones among them, hold every household of the poorer half, where they are
# twice as wide as those of a model whose noise follows the income.

richer = (income[later] > income[both].median()).to_numpy().ravel()
table = {}
for name, (low, high) in intervals(income[later]).items():
    inside = (food[later] >= low) & (food[later] <= high)
    inside = inside.to_numpy()
    width = high - low
    table[name] = [
        inside.mean(),
        inside[~richer].mean(),
        inside[richer].mean(),
        width[~richer].mean(),
        width[richer].mean(),
    ]
columns = ["inside", "poorer half", "richer half", "width, poorer", "width, richer"]
coverage = pd.DataFrame(table, index=columns).T
print(coverage.round(2).to_string())

grid = pd.DataFrame({"income": np.linspace(400, 2_800, 200)})
figure, panels = plt.subplots(
    1, 3, figsize=(10, 3.6), layout="constrained", sharey=True
)
for axes, (name, (low, high)) in zip(panels, intervals(grid).items(), strict=True):
    colour = VERMILION if name == "conformal" else BLUE
    axes.fill_between(grid["income"], low, high, color=colour, alpha=0.25, linewidth=0)
    axes.plot(income[later], food[later], ".", color=GREY, markersize=4)
    axes.set(title=name, xlabel="income (francs a year)", xlim=(400, 2_800))
    axes.set_ylim(0, 2_200)
    axes.spines[["top", "right"]].set_visible(False)
panels[0].set_ylabel("food (francs a year)")
plt.show()
