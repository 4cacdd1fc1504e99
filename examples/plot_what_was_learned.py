"""
==============================================
What was learned, and how surely: house prices
==============================================

A fitted line says what a second bathroom is worth. How surely? The likelihood that
gave the estimate also says how quickly other values become implausible, and that is
all a table of standard errors is made of. The data are 546 houses sold in Windsor,
Ontario, in 1987 (Anglin and Gencay 1996), prices in Canadian dollars and lot sizes in
square feet.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from sklearn_gml import (
    GaussianMLRegressor,
    likelihood_ratio_test,
    pipeline_summary,
    pipeline_wald_test,
)

BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "0.45"

houses = pd.read_csv(Path(__file__).parent / "data" / "house_prices.csv")
X, price = houses.drop(columns="price"), houses["price"] / 1e3
answers = X.columns[X.isin(["yes", "no"]).all()].tolist()

columns = ColumnTransformer(
    [
        # In doublings of the lot: the coefficient is the price of one.
        (
            "lot",
            FunctionTransformer(np.log2, feature_names_out=lambda _, names: names),
            ["lotsize"],
        ),
        ("answer", OneHotEncoder(drop="if_binary", sparse_output=False), answers),
    ],
    remainder="passthrough",
    verbose_feature_names_out=False,
)
columns.set_output(transform="pandas")
pipeline = Pipeline([("columns", columns), ("model", GaussianMLRegressor())])
pipeline.fit(X, price)

# %%
# The table
# ---------
# In thousands of dollars. Each number is rounded to what is known of it: two digits
# of the standard error. The names are those that the earlier steps of the pipeline
# give to their columns.

summary = pipeline_summary(pipeline)
print(summary)

# %%
# Standard errors of this kind believe in noise of one size. Prices of dear houses vary
# more, so it is worth asking for errors that do not believe it; they need the rows.

model, design = pipeline[-1], pipeline[:-1].transform(X)
robust = pipeline_summary(pipeline, kind="HC3", X=X, y=price).to_frame()
table = summary.to_frame()
ratio = robust["standard_error"] / table["standard_error"]
print(f"robust / classical standard errors: {ratio.min():.2f} to {ratio.max():.2f}")
equipment = ["gasheat_yes", "aircon_yes", "fullbase_yes", "recreation_yes"]
print("equipment, all together:", pipeline_wald_test(pipeline, equipment))

# %%
# The same as a picture
# ---------------------
# Intervals of 50, 80 and 95 %, without the intercept. What does not touch zero is
# known to matter; how long a line is says how surely.

order = table.drop("intercept")["estimate"].sort_values().index
figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
places = np.arange(len(order))
for level, width in ((0.95, 1.5), (0.8, 4.0), (0.5, 8.0)):
    limits = pipeline_summary(pipeline, level=level).to_frame().loc[order]
    axes.hlines(
        places,
        limits["low"],
        limits["high"],
        color=BLUE,
        linewidth=width,
        alpha=0.45 if level < 0.9 else 1.0,
        label=f"{level:.0%}",
    )
axes.plot(
    robust.loc[order, ["low", "high"]].T,
    [places, places],
    "|",
    color=VERMILION,
    markersize=9,
)
axes.plot([], [], "|", color=VERMILION, markersize=9, label="95%, robust (HC3)")
axes.plot(table.loc[order, "estimate"], places, "o", color="white", markersize=3.5)
axes.axvline(0.0, color=GREY, linewidth=0.8)
labels = {
    "lotsize": "twice the lot",
    "driveway_yes": "a driveway",
    "recreation_yes": "a recreation room",
    "fullbase_yes": "a full basement",
    "gasheat_yes": "gas hot water",
    "aircon_yes": "air conditioning",
    "prefer_yes": "a preferred area",
    "bedrooms": "a bedroom",
    "bathrooms": "a bathroom",
    "stories": "a storey",
    "garage": "a garage place",
}
axes.set_yticks(places, [labels[name] for name in order])
axes.set(
    xlabel="added to the price (thousand dollars)",
    title="What a house is paid for, and how surely that is known",
)
axes.legend(frameon=False, loc="lower right", title="interval")
axes.spines[["top", "right", "left"]].set_visible(False)
axes.tick_params(left=False)
plt.show()

# %%
# Wald beside profile
# -------------------
# A Wald interval puts the same standard error on both sides of an estimate. A profile
# walks down the likelihood itself, to 1.92 below its maximum. With 546 sales they
# agree; with fifteen they do not, because the likelihood of a standard deviation leans:
# there is much more room above than below. (The parabola is the likelihood that a
# symmetric interval believes in.) Wald intervals of the table are exact for the
# coefficients; for sigma, ``sigma_conf_int`` has the exact one of the chi-square
# distribution, and the profile comes close to it.

few = np.random.default_rng(3).choice(len(X), size=15, replace=False)
figure, panels = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained", sharey=True)
for axes, rows, title in (
    (panels[0], few, "15 sales"),
    (panels[1], slice(None), f"{len(X)} sales"),
):
    small = design[["lotsize", "bathrooms", "stories"]].iloc[rows]
    fit = GaussianMLRegressor(method="reml").fit(small, price.iloc[rows])
    freedom = fit.statistics_.sum_weights - fit.rank_
    error = fit.sigma_ / np.sqrt(2.0 * freedom)
    sigmas = np.linspace(fit.sigma_ - 3.2 * error, fit.sigma_ + 5.0 * error, 400)
    sigmas = sigmas[sigmas > 0.3 * fit.sigma_]
    share = (fit.sigma_ / sigmas) ** 2
    profile = -0.5 * freedom * (share - 1.0 - np.log(share))
    parabola = -0.5 * ((sigmas - fit.sigma_) / error) ** 2
    axes.plot(sigmas, profile, color=BLUE, label="log-likelihood of sigma")
    axes.plot(sigmas, parabola, ":", color=GREY, label="parabola")
    reach = stats.norm.isf(0.025) * error
    intervals = (
        ("profile", fit.sigma_conf_int(method="profile")),
        ("exact (chi-square)", fit.sigma_conf_int()),
        ("estimate ± 1.96 standard errors", (fit.sigma_ - reach, fit.sigma_ + reach)),
    )
    for place, ((name, limits), colour) in enumerate(
        zip(intervals, (VERMILION, "black", GREY), strict=True)
    ):
        height = -1.92 - 0.45 * place
        axes.hlines(height, *limits, color=colour, linewidth=3, label=name)
    axes.plot(fit.sigma_, 0.0, "o", color=BLUE)
    axes.set(title=title, xlabel="sigma (thousand dollars)", ylim=(-4.2, 0.3))
    axes.spines[["top", "right"]].set_visible(False)
    print(f"{title:>9}:", fit.conf_int(method="profile").round(1).tolist())
panels[0].set_ylabel("log-likelihood below its maximum")
figure.legend(
    *panels[0].get_legend_handles_labels(),
    loc="outside lower center",
    ncols=3,
    frameon=False,
)
plt.show()

# %%
# Two bands around one curve
# --------------------------
# A typical house on lots of all sizes. The inner band is where the mean price lies
# with 95 % confidence: it narrows with every sale that is added. The outer band is
# where 95 % of single prices lie, and no number of sales narrows it below the noise.
# With thirty sales both are wider, and the bands, unlike those of the plugged-in
# parameters (dashed), know it.

typical = X.mode().iloc[[0]]
sizes = np.linspace(1_650, 16_200, 200)
lots = pd.concat([typical] * len(sizes), ignore_index=True).assign(lotsize=sizes)
thirty = np.random.default_rng(8).choice(len(X), size=30, replace=False)
figure, panels = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained", sharey=True)
for axes, rows in ((panels[0], thirty), (panels[1], np.arange(len(X)))):
    fitted = Pipeline([("columns", columns), ("model", GaussianMLRegressor())]).fit(
        X.iloc[rows], price.iloc[rows]
    )
    at_lots = fitted[:-1].transform(lots)
    for kind, opacity, label in (
        ("predictive", 0.18, "95 % of prices"),
        ("mean", 0.4, "95 % confidence of the mean"),
    ):
        distribution = fitted[-1].predict_dist(at_lots, kind=kind)
        axes.fill_between(
            sizes,
            *distribution.interval(0.95),
            color=BLUE,
            alpha=opacity,
            linewidth=0,
            label=label,
        )
    plugin = fitted[-1].predict_dist(at_lots)
    for number, limit in enumerate(plugin.interval(0.95)):
        label = None if number else "95 % of prices, parameters as if known"
        axes.plot(sizes, limit, "--", color=GREY, linewidth=1, label=label)
    axes.plot(sizes, plugin.mean(), color=BLUE)
    own = pd.concat([typical] * len(rows), ignore_index=True)
    own["lotsize"] = X["lotsize"].to_numpy()[rows]
    residual = price.iloc[rows] - fitted.predict(X.iloc[rows])
    axes.plot(
        own["lotsize"],
        fitted.predict(own) + residual.to_numpy(),
        ".",
        color="0.25",
        markersize=3,
        label="sales, adjusted to a typical house",
    )
    axes.set(
        title=f"learned from {len(rows)} sales",
        xlabel="lot size (square feet)",
        xlim=(sizes[0], sizes[-1]),
        ylim=(-5, 165),
    )
    axes.spines[["top", "right"]].set_visible(False)
panels[0].set_ylabel("price (thousand dollars)")
panels[0].legend(frameon=False, fontsize=8, loc="upper left")
plt.show()

# %%
# Does the logarithm of the lot say all that its size has to say? And the size all that
# the logarithm has? Models of the same sales, one inside the other, are compared by
# their likelihoods.

both = GaussianMLRegressor().fit(design.assign(size=X["lotsize"]), price)
size = GaussianMLRegressor().fit(design.assign(lotsize=X["lotsize"]), price)
print("size, next to the logarithm:", likelihood_ratio_test(model, both))
print("logarithm, next to the size:", likelihood_ratio_test(size, both))
