"""
=============================================
Which model tells the truth about its errors?
=============================================

Five models predict the same house prices about equally well. Each also says how wrong
it expects to be, and these claims can be checked like any other: of the 90 % intervals
nine in ten should hold the price, and the predicted probabilities of a lower price
should be spread evenly between 0 and 1.

A model may be right on average and wrong about every single house. Sharpness and
calibration together are what a proper score measures. The data are 546 houses sold in
Windsor, Ontario, in 1987 (Anglin and Gencay 1996).
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import BayesianRidge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gml import GaussianMLRegressor, predict_dist
from sklearn_gml.displays import CalibrationDisplay, ResidualsDisplay
from sklearn_gml.metrics import (
    crps_loss,
    interval_coverage_score,
    interval_width,
    loglik_score,
    pit_values,
)

BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
ORANGE, PURPLE = "#E69F00", "#CC79A7"

houses = pd.read_csv(Path(__file__).parent / "data" / "house_prices.csv")
houses = houses.replace({"yes": 1.0, "no": 0.0}).infer_objects().astype(float)
X = houses.drop(columns="price").assign(lotsize=np.log(houses["lotsize"]))
price = houses["price"]

# %%
# Five models
# -----------
# Ours with one sigma for all houses; ours with a sigma that may follow the columns, on
# a logarithmic scale; ours for the logarithm of the price, whose sigma is a percentage;
# ``BayesianRidge``, which adds the uncertainty of its coefficients; and a random forest
# whose standard deviation is the spread of its trees, a popular recipe. Anything with
# ``predict(X, return_std=True)`` will do, a few lines included.


class SpreadOfTrees(RandomForestRegressor):
    """A forest that takes the disagreement of its trees for its uncertainty."""

    def predict(self, X, return_std=False):
        trees = [tree.predict(np.asarray(X)) for tree in self.estimators_]
        mean = np.mean(trees, axis=0)
        return (mean, np.std(trees, axis=0)) if return_std else mean


models = {
    "constant sigma": GaussianMLRegressor(),
    "log-linear sigma": make_pipeline(
        StandardScaler(), GaussianMLRegressor(noise="log-linear", noise_alpha=10.0)
    ),
    "sigma in per cent": TransformedTargetRegressor(
        GaussianMLRegressor(), func=np.log, inverse_func=np.exp
    ),
    "BayesianRidge": make_pipeline(StandardScaler(), BayesianRidge()),
    "spread of trees": SpreadOfTrees(200, min_samples_leaf=5, random_state=0),
}
styles = {
    "constant sigma": (BLUE, "-"),
    "log-linear sigma": (PURPLE, "-."),
    "sigma in per cent": (GREEN, "-"),
    "BayesianRidge": (ORANGE, ":"),
    "spread of trees": (VERMILION, "--"),
}

# %%
# Every house is predicted by a model that was fitted without it, in ten folds.

folds = list(KFold(10, shuffle=True, random_state=0).split(X))
pit, table = {}, {}
for name, model in models.items():
    pit[name], scores, errors = [], [], []
    for train, test in folds:
        fitted = model.fit(X.iloc[train], price.iloc[train])
        distribution = predict_dist(fitted, X.iloc[test])
        truth = price.iloc[test]
        pit[name].extend(pit_values(truth, distribution))
        errors.extend(truth - distribution.mean())
        scores.append(
            [
                loglik_score(truth, distribution),
                crps_loss(truth, distribution),
                interval_coverage_score(truth, distribution, 0.9),
                interval_width(truth, distribution, 0.9),
            ]
        )
    sizes = [len(test) for _, test in folds]
    table[name] = [np.std(errors), *np.average(scores, axis=0, weights=sizes)]

columns = ["rms error", "nats per sale", "CRPS", "inside 90 %", "width of 90 %"]
print(pd.DataFrame(table, index=columns).T.round(3).to_string())

# %%
# The errors of the means are much alike, from 15,100 to 16,600 dollars. The intervals
# of the forest hold far fewer prices than they claim, and its likelihood pays for every
# price that it had called impossible: trees that agree with each other are not
# therefore right. A sigma that follows the columns is worth a tenth of a nat a sale,
# and so is the logarithm of the price, in another way. Grey is what chance allows.

figure, axes = plt.subplots(1, 2, figsize=(9, 4.5), layout="constrained")
for name, (colour, style) in styles.items():
    display = CalibrationDisplay(np.array(pit[name]), name)
    display.plot(ax=axes, color=colour, linestyle=style)
axes[0].set_title("Flat if the probabilities are right")
axes[1].set_title("On the diagonal if the intervals are")
plt.show()

# %%
# House by house
# --------------
# On average the model with one sigma is right. The residuals, standardised by what it
# expected, show where it is not: it is too cautious about cheap houses and not cautious
# enough about dear ones, and its upper tail is too thin. The blue trend should be flat
# at the dashed line.

train, test = folds[0]
constant = models["constant sigma"].fit(X, price)
display = ResidualsDisplay.from_estimator(
    constant, X, price, target_name="price (dollars)"
)
display.figure_.set_size_inches(9, 4)
display.figure_.suptitle("One sigma for all houses")
plt.show()

# %%
# With sigma as a percentage of the price the trend is gone, and dear houses are no
# surprise any more. This is the model with the best log-likelihood, and the reason why.

percent = models["sigma in per cent"].fit(X, price)
display = ResidualsDisplay.from_estimator(
    percent, X, price, target_name="price (dollars)"
)
display.figure_.set_size_inches(9, 4)
display.figure_.suptitle("Sigma in per cent of the price")
plt.show()
