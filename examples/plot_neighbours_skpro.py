"""
===========================
Neighbours: skpro's adapter
===========================

skpro has an interface of its own for distributions of predictions, with metrics and
composites around it. Its adapter takes every regressor that has ``predict(X,
return_std=True)``, ours included, and the numbers agree.

The page needs ``skpro`` (at least 2.9).
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from skpro.metrics import CRPS, LogLoss
from skpro.regression.adapters.sklearn import SklearnProbaReg

from sklearn_gml import GaussianMLRegressor
from sklearn_gml.metrics import crps_loss, loglik_score

X, y = load_diabetes(return_X_y=True, as_frame=True)
train_X, test_X, train_y, test_y = train_test_split(X, y, random_state=0)

# %%
# One regression, two interfaces
# ------------------------------
# skpro wants y as a frame and gives a distribution of the rows of a frame.

regressor = GaussianMLRegressor(
    noise="log-linear", noise_alpha=1.0, predict_kind="plugin"
)
adapted = SklearnProbaReg(regressor).fit(train_X, train_y.to_frame())
theirs = adapted.predict_proba(test_X)

model = regressor.fit(train_X, train_y)
mean, std = model.predict(test_X, return_std=True)
gaps = {
    "mean": abs(theirs.mean().to_numpy().ravel() - mean).max(),
    "std": abs(theirs.var().to_numpy().ravel() ** 0.5 - std).max(),
}
print({name: f"{gap:.1e}" for name, gap in gaps.items()})

# %%
# Their scores and ours
# ---------------------
# skpro's log loss is the negative of our log-likelihood a row. It reads the standard
# deviation as that of a normal distribution; ``predict_kind="plugin"`` makes it so. By
# default ours is Student's t, which knows that the parameters are estimates.

ours = model.predict_dist(test_X)
truth = test_y.to_frame()
scores = pd.DataFrame(
    {
        "skpro": [LogLoss()(truth, theirs), CRPS()(truth, theirs)],
        "sklearn_gml": [-loglik_score(test_y, ours), crps_loss(test_y, ours)],
    },
    index=["log loss", "CRPS"],
)
print(scores.round(6).to_string())

figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
low, high = ours.interval(0.9)
intervals = adapted.predict_interval(test_X, coverage=0.9)
axes.plot(low, intervals.iloc[:, 0], ".", color="#0072B2", label="lower ends")
axes.plot(high, intervals.iloc[:, 1], ".", color="#D55E00", label="upper ends")
axes.axline((0, 0), slope=1, color="0.55", linewidth=0.8)
axes.set(xlabel="sklearn_gml", ylabel="skpro", title="Ends of the 90 % intervals")
axes.legend(frameon=False)
plt.show()
