"""
==========================================
House prices: the centre of a distribution
==========================================

What is a house worth? No model knows the answer to the dollar, and an honest one
does not pretend to: it predicts a distribution, of which the usual prediction is
the centre. The data are 546 houses sold in Windsor, Ontario, in 1987 (Anglin and
Gencay 1996), prices in Canadian dollars and lot sizes in square feet.

The model is a pipeline, and a grid search chooses its prior by the log-likelihood
of held-out sales.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from sklearn_gml import GaussianMLRegressor

BLUE, VERMILION = "#0072B2", "#D55E00"

houses = pd.read_csv(Path(__file__).parent / "data" / "house_prices.csv")
X, price = houses.drop(columns="price"), houses["price"]
answers = X.columns[X.isin(["yes", "no"]).all()].tolist()
X_train, X_test, price_train, price_test = train_test_split(
    X, price, test_size=0.25, random_state=0
)

# %%
# The pipeline, with and without a logarithm
# ------------------------------------------
# A second thousand square feet adds less to a price than the first: the logarithm
# of the lot size says so, the raw size does not. The yes/no columns become 0/1,
# the counts of rooms stay as they are.


def pipeline(lot_size):
    columns = ColumnTransformer(
        [
            ("lot", lot_size, ["lotsize"]),
            ("answer", OneHotEncoder(drop="if_binary", sparse_output=False), answers),
        ],
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    columns.set_output(transform="pandas")
    return Pipeline([("columns", columns), ("model", GaussianMLRegressor())])


def mean_loglik(fitted, X, y):
    """Mean log-density of the sales, the score of a distribution."""
    return fitted[-1].score_loglik(fitted[:-1].transform(X), y, normalize=True)


lot_sizes = {
    "log(lot size)": FunctionTransformer(np.log, feature_names_out="one-to-one"),
    "lot size": "passthrough",
}
searches = {
    name: GridSearchCV(
        pipeline(lot_size),
        {"model__alpha": np.geomspace(0.01, 100.0, 9)},
        scoring=mean_loglik,
    ).fit(X_train, price_train)
    for name, lot_size in lot_sizes.items()
}

print(f"{'':14} {'alpha':>6} {'sigma':>8} {'R^2':>6} {'held-out log-likelihood':>24}")
for name, search in searches.items():
    best = search.best_estimator_
    print(
        f"{name:14} {search.best_params_['model__alpha']:6.2f} "
        f"{best[-1].sigma_:8.0f} {best.score(X_test, price_test):6.3f} "
        f"{mean_loglik(best, X_test, price_test):18.4f} per sale"
    )

# %%
# The difference in log-likelihood looks small. It is one per sale: over the 137
# sales held out it adds up, and its exponential is how many times more probable
# these prices are under the one model than under the other.

total = {
    name: mean_loglik(search, X_test, price_test) * len(price_test)
    for name, search in (
        (name, search.best_estimator_) for name, search in searches.items()
    )
}
gain = total["log(lot size)"] - total["lot size"]
print(
    f"gain on {len(price_test)} sales: {gain:.2f} nats, a factor of {np.exp(gain):.0f}"
)

model = searches["log(lot size)"].best_estimator_
print("\ndollars for one more unit of")
for name, coef in zip(model[:-1].get_feature_names_out(), model[-1].coef_, strict=True):
    name = "log(lotsize)" if name == "lotsize" else name
    print(f"  {name:14} {coef:8.0f}")

# %%
# The distribution around the curve
# ---------------------------------
# A typical house (the most frequent counts and answers) on lots of all sizes. The
# bands hold half, four fifths and nineteen twentieths of the prices that the model
# expects. The dots are the sales, each moved to what a typical house would have
# fetched with the same luck: the curve at its lot size, plus its own residual.

typical = X.mode().iloc[[0]]
sizes = np.linspace(1_600, 16_500, 200)
lots = pd.concat([typical] * len(sizes), ignore_index=True).assign(lotsize=sizes)
distribution = model[-1].predict_dist(model[:-1].transform(lots))

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 4.5), width_ratios=(1.6, 1), layout="constrained"
)
for level, opacity in ((0.95, 0.18), (0.8, 0.22), (0.5, 0.3)):
    low, high = distribution.interval(level)
    left.fill_between(
        sizes,
        low / 1e3,
        high / 1e3,
        color=BLUE,
        alpha=opacity,
        linewidth=0,
        label=f"{level:.0%} of prices",
    )
left.plot(sizes, distribution.mean() / 1e3, color=BLUE, label="centre")
own_lots = pd.concat([typical] * len(X), ignore_index=True)
own_lots["lotsize"] = X["lotsize"].to_numpy()
adjusted = model.predict(own_lots) + price - model.predict(X)
left.plot(
    X["lotsize"],
    adjusted / 1e3,
    ".",
    color="0.25",
    markersize=3,
    label="sales, adjusted",
)
left.set(
    xlabel="lot size (square feet)",
    ylabel="price (thousand dollars)",
    title="A typical house, by lot size",
    ylim=(0, 165),
)
left.legend(frameon=False, loc="upper left", ncols=2)

chosen = X_test.iloc[[0]]
sold = price_test.iloc[0]
one = model[-1].predict_dist(model[:-1].transform(chosen))
grid = np.linspace(*one.interval(0.9995), 300).ravel()
right.fill_between(grid / 1e3, one.pdf(grid) * 1e3, color=BLUE, alpha=0.3, linewidth=0)
right.plot(grid / 1e3, one.pdf(grid) * 1e3, color=BLUE, label="predicted distribution")
for value, colour, style, label in (
    (one.mean()[0], BLUE, ":", "its centre"),
    (sold, VERMILION, "-", "the price it sold for"),
):
    height = one.pdf(value)[0] * 1e3
    right.vlines(value / 1e3, 0, height, color=colour, linestyle=style, label=label)
right.set(
    xlabel="price (thousand dollars)",
    ylabel="density (per thousand dollars)",
    title="One house that was held out",
)
right.set_ylim(0, 1.35 * one.pdf(grid).max() * 1e3)
right.legend(frameon=False, loc="upper left")
plt.show()

print(f"sold for {sold:,.0f}, predicted {one.mean()[0]:,.0f} +- {one.std()[0]:,.0f}")
print(f"probability of a lower price: {one.cdf(sold)[0]:.2f}")
