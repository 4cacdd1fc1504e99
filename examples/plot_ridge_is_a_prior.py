"""
Ridge is a prior
================

*Least squares is maximum likelihood.* The next lesson: the penalty of ridge regression
is the logarithm of a prior, ``b ~ N(0, sigma^2 / alpha)``, and its solution is the
middle of a posterior. Then the size of the penalty is no longer a matter of taste: it
can be read from the data, in two ways.
"""

# %%
# Prior, likelihood, posterior
# ----------------------------
# Two columns that are nearly the same, and 20 rows. The likelihood knows the sum of
# their coefficients and hardly anything of the difference: its contours form a long
# ridge. The prior says that neither is large. Their product is the posterior, whose
# middle is the solution of ``Ridge(alpha)``.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from sklearn_gml import GaussianMLRegressor, GaussianMLRegressorCV, PriorBoundWarning

INK, GREY, BLUE, RED, GREEN = "#222222", "#9a9a9a", "#2b6cb0", "#c2453c", "#3a7d44"
plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})

rng = np.random.default_rng(4)
common = rng.standard_normal(20)
X = np.column_stack([common, common + 0.3 * rng.standard_normal(20)])
y = X @ [1.0, 0.5] + rng.standard_normal(20)
X, y = X - X.mean(axis=0), y - y.mean()
ALPHA = 4.0

plain = GaussianMLRegressor(fit_intercept=False).fit(X, y)
ridge = GaussianMLRegressor(fit_intercept=False, alpha=ALPHA, method="reml").fit(X, y)
np.testing.assert_allclose(
    ridge.coef_, Ridge(alpha=ALPHA, fit_intercept=False).fit(X, y).coef_
)

axis = np.linspace(-3.5, 3.5, 201)
grid = np.stack(np.meshgrid(axis, axis), axis=-1)
residuals = y - grid @ X.T
log_likelihood = -0.5 * np.sum(residuals**2, axis=-1) / ridge.sigma_**2
log_prior = -0.5 * ALPHA * np.sum(grid**2, axis=-1) / ridge.sigma_**2
# Regions that hold 50, 90 and 99 % of two normal variables.
levels = np.sort(np.log([0.5, 0.1, 0.01]))

figure, axes = plt.subplots(1, 3, figsize=(10, 3.7), sharex=True, sharey=True)
for picture, log_density, colour, title, middle in (
    (axes[0], log_prior, GREEN, "prior", [0.0, 0.0]),
    (axes[1], log_likelihood, BLUE, "likelihood", plain.coef_),
    (axes[2], log_prior + log_likelihood, RED, "posterior", ridge.coef_),
):
    density = log_density - log_density.max()
    picture.contour(axis, axis, density, levels, colors=colour)
    picture.plot(*middle, "o", color=colour)
    picture.axhline(0, color=GREY, lw=0.5)
    picture.axvline(0, color=GREY, lw=0.5)
    picture.set(title=title, xlabel="first coefficient", aspect="equal")
draws = ridge.sample_parameters(150, random_state=0)
axes[2].plot(*draws.T, ".", color=GREY, ms=3, zorder=0)
axes[0].set_ylabel("second coefficient")
figure.tight_layout()

# %%
# The grey points are draws from the posterior (``sample_parameters``). Its contours are
# those of ``coef_covariance()``, and intervals and predictive distributions are made of
# the same numbers:

print(ridge.summary())

# %%
# Three choices of alpha
# ----------------------
# Diabetes data, 60 of the patients, ten columns that have been scaled. Each alpha gives
# one set of coefficients. Which one to take, the data say:
#
# - **cross-validation** takes the alpha under which rows held out are most probable;
# - **one standard error** takes the largest alpha that is no worse than that by more
#   than the standard error of its score;
# - **evidence** takes the alpha under which the data themselves are most probable, the
#   coefficients integrated out. No row is held out.

X, y = load_diabetes(return_X_y=True)
few = np.random.default_rng(0).permutation(len(y))[:60]
X, y = StandardScaler().fit_transform(X[few]), y[few]

evidence = GaussianMLRegressor(alpha="evidence", method="reml").fit(X, y)
held_out = GaussianMLRegressorCV(cv=5, method="reml").fit(X, y)
cautious = GaussianMLRegressorCV(
    cv=5, method="reml", selection="one-standard-error"
).fit(X, y)
CHOICES = {
    "evidence": (evidence, RED),
    "cross-validation": (held_out, BLUE),
    "one standard error": (cautious, GREEN),
}
for name, (model, _) in CHOICES.items():
    fitted = GaussianMLRegressor(alpha=model.alpha_, method="reml").fit(X, y)
    print(
        f"{name:20s} alpha {model.alpha_:8.2f}   effective degrees of freedom "
        f"{fitted.edf_:5.2f}   log evidence {fitted.log_evidence_:8.2f}"
    )

alphas = np.geomspace(0.01, 10_000, 121)
path = [GaussianMLRegressor(alpha=a, method="reml").fit(X, y) for a in alphas]
figure, (upper, lower) = plt.subplots(
    2, 1, figsize=(8, 6.5), sharex=True, height_ratios=[2, 1]
)
upper.plot(alphas, [model.coef_ for model in path], color=INK, lw=1)
upper.set(xscale="log", ylabel="coefficients")
lower.plot(alphas, [model.log_evidence_ for model in path], color=RED)
lower.set(ylabel="log evidence", xlabel="alpha")
lower.set_ylim(evidence.log_evidence_ - 12, evidence.log_evidence_ + 2)
for name, (model, colour) in CHOICES.items():
    for picture in (upper, lower):
        picture.axvline(model.alpha_, color=colour, ls="--")
    upper.plot([], [], "--", color=colour, label=name)
upper.legend(frameon=False, loc="upper right")
figure.tight_layout()

# %%
# Does it help?
# -------------
# 200 data sets of 30 rows and 25 columns, the coefficients normal and the noise as
# large as the signal. Each choice predicts 500 new rows; higher is better. Least
# squares has four degrees of freedom left, and says of new rows that they are far more
# certain than they are. Predictive distributions (Student's t) are fairer to it than
# the normal one with sigma as fitted, and it is they that are compared.

names = ["alpha = 0", *CHOICES]
scores = {name: [] for name in names}
for seed in range(200):
    rng = np.random.default_rng(seed)
    coef = rng.standard_normal(25) / 5.0
    X, new = rng.standard_normal((30, 25)), rng.standard_normal((500, 25))
    y = X @ coef + rng.standard_normal(30)
    y_new = new @ coef + rng.standard_normal(500)
    with warnings.catch_warnings():
        # In some data sets the columns say nothing, and alpha is infinite.
        warnings.simplefilter("ignore", PriorBoundWarning)
        models = (
            GaussianMLRegressor(method="reml"),
            GaussianMLRegressor(alpha="evidence", method="reml"),
            GaussianMLRegressorCV(cv=5, method="reml"),
            GaussianMLRegressorCV(cv=5, method="reml", selection="one-standard-error"),
        )
        for name, model in zip(names, models, strict=True):
            known = model.fit(X, y).predict_dist(new, kind="predictive")
            scores[name].append(known.logpdf(y_new).mean())

figure, picture = plt.subplots(figsize=(8, 3.6))
boxes = picture.boxplot(
    list(scores.values()),
    orientation="horizontal",
    tick_labels=names,
    whis=(5, 95),
    showfliers=False,
    medianprops={"color": INK},
    patch_artist=True,
)
for box, colour in zip(boxes["boxes"], [GREY, RED, BLUE, GREEN], strict=True):
    box.set(facecolor=colour, alpha=0.5)
picture.invert_yaxis()
picture.set_xlabel("held-out log-likelihood of a row, nats")
figure.tight_layout()

# %%
for name, values in scores.items():
    best = np.mean(np.argmax(list(scores.values()), axis=0) == names.index(name))
    print(f"{name:20s} mean {np.mean(values):6.3f}   best in {best:4.0%} of data sets")

plt.show()
