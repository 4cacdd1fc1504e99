"""
Targets that are known only in part
===================================

A measurement below the detection limit, a sale above the cap, an answer of "never":
of such a y only a limit is known. Least squares has no answer to it. The likelihood
has: a row adds the logarithm of what is known of it, a density or a probability.
"""

# %%
# Three of four rows at the limit
# -------------------------------
#
# 601 readers of a magazine said how often they had had an affair in the last year
# (Fair 1978); 451 said never. The data are public teaching data, shipped with R's
# package AER as ``Affairs``; ``AER::tobit`` gives the coefficients 8.174, -0.179,
# 0.554, -1.686, 0.326, -2.285.

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression

from sklearn_gml import GaussianMLRegressor, likelihood_ratio_test
from sklearn_gml.metrics import loglik_score

here = Path(globals().get("__file__", "plot_censored.py")).resolve().parent
path = here / "data" / "affairs.csv"
names = path.read_text().splitlines()[0].split(",")[1:]
y, *columns = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
X = np.column_stack(columns)

tobit = GaussianMLRegressor(censoring=(0, None)).fit(X, y)
print(tobit.summary(feature_names=names))

# %%
# Least squares on all rows takes "never" for a number; on the observed rows alone it
# takes those who answered for everybody. Both flatten the slopes.

everybody = LinearRegression().fit(X, y)
observed = LinearRegression().fit(X[y > 0], y[y > 0])
print(f"{'':>14}  all rows  observed  censored")
for row in zip(names, everybody.coef_, observed.coef_, tobit.coef_, strict=True):
    print("{:>14}  {:8.2f}  {:8.2f}  {:8.2f}".format(*row))

# %%
# The latent and the recorded distribution
# ----------------------------------------
#
# ``predict`` is the mean of the latent y, which may be negative. What is recorded has a
# probability at zero and a mean that is positive.

order = np.linspace(X[:, 1].min(), X[:, 1].max(), 60)
along = np.tile(X.mean(axis=0), (60, 1))
along[:, 1] = order
latent = tobit.predict_dist(along, kind="plugin")
recorded = tobit.predict_dist(along, kind="recorded")

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
for axis, distribution, title in zip(
    axes, (latent, recorded), ("latent y", "recorded y"), strict=True
):
    for level in (0.5, 0.8, 0.95):
        axis.fill_between(order, *distribution.interval(level), color="C0", alpha=0.2)
    axis.plot(order, distribution.mean(), color="C0")
    axis.plot(X[:, 1], y, ".", color="0.5", markersize=3)
    axis.set(title=title, xlabel="years married")
axes[0].set_ylabel("affairs")

print("probability of never, years 0.1 and 15:", recorded.cdf(0.0)[[0, -1]].round(2))
print("mean of the recorded y:", recorded.mean()[[0, -1]].round(2))
print(
    "log score of a row: "
    f"{loglik_score(y, tobit.predict_dist(X, kind='recorded')):.3f} nats"
)

# %%
# Does the noise vary?
# --------------------
#
# The same likelihood with log-linear noise answers: hardly.

varying = GaussianMLRegressor(
    censoring=(0, None), noise="log-linear", noise_columns=[1, 4]
).fit(X, y)
print(likelihood_ratio_test(tobit, varying))

# %%
# Below the detection limit
# -------------------------
#
# It is customary to replace what was not detected by half the limit. Five hundred
# studies of 100 rows, the logarithm of a concentration, about half of them below a
# limit of 1, true slope 1:

true_slope, limit, studies = 1.0, 1.0, 500
slopes, inside = np.zeros((2, studies)), np.zeros(2)
for study in range(studies):
    rng = np.random.default_rng(study)
    x = rng.normal(size=(100, 1))
    content = 1.0 + true_slope * x[:, 0] + 0.5 * rng.normal(size=100)
    replaced = np.where(content < limit, limit - np.log(2.0), content)
    models = (
        GaussianMLRegressor().fit(x, replaced),
        GaussianMLRegressor(censoring=(limit, None)).fit(x, np.maximum(content, limit)),
    )
    for method, model in enumerate(models):
        low, high = model.conf_int()[1]
        slopes[method, study] = model.coef_[0]
        inside[method] += low < true_slope < high

for name, slope, share in zip(
    ("half the limit", "likelihood"), slopes, inside / studies, strict=True
):
    print(
        f"{name:>14}: mean slope {slope.mean():.2f}, 95 % intervals hold it in "
        f"{100 * share:.1f} %"
    )

figure, axis = plt.subplots(figsize=(5, 3), layout="constrained")
axis.hist(
    slopes.T, bins=40, label=("half the limit", "likelihood"), histtype="stepfilled"
)
axis.axvline(true_slope, color="0.2", linestyle=":")
axis.set(xlabel="estimated slope", ylabel="studies")
axis.legend(frameon=False)
plt.show()
