"""
===========================================
Two losses, one line, and what sigma is for
===========================================

Mean squared error and mean log-likelihood agree on the coefficients of a linear
model, and on nothing else. The first part walks through the common optimum. The
second compares two models that make the same predictions, and have the same
R^2, of which one is overconfident: the squared error cannot tell, the
log-likelihood can.

The data are the 442 diabetes patients that scikit-learn comes with (Efron,
Hastie, Johnstone and Tibshirani 2004): ten measurements, and a score of the
progression of the disease one year later, between 25 and 346.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

from sklearn_gml import GaussianMLRegressor

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"

X, y = load_diabetes(return_X_y=True, as_frame=True)

# %%
# A walk through the optimum
# --------------------------
# Multiply the fitted coefficients by t. At t = 0 the model predicts the mean for
# every patient, at t = 1 it is the fitted one, and beyond it exaggerates. The
# statistics that the fit keeps give the log-likelihood along the way, without
# another pass over the rows.

model = GaussianMLRegressor().fit(X, y)
steps = np.linspace(-0.5, 2.5, 301)


def intercept_at(step):
    """The intercept that goes with the scaled coefficients."""
    return y.mean() - step * model.coef_ @ X.mean().to_numpy()


def mean_loglik(step, sigma):
    coef = step * model.coef_
    return model.statistics_.loglik(coef, intercept_at(step), sigma) / len(y)


squared_error = np.array(
    [
        mean_squared_error(y, intercept_at(step) + step * (X @ model.coef_))
        for step in steps
    ]
)
own_sigma = np.sqrt(squared_error)
envelope = np.array([mean_loglik(*pair) for pair in zip(steps, own_sigma, strict=True)])

print(f"least mean squared error at t = {steps[squared_error.argmin()]:.2f}")
fixed_sigmas = (
    (0.8 * model.sigma_, ORANGE, "--"),
    (model.sigma_, BLUE, "-"),
    (1.5 * model.sigma_, GREEN, "-."),
)
curves = []
for sigma, _, _ in fixed_sigmas:
    curves.append(np.array([mean_loglik(step, sigma) for step in steps]))
    best = steps[curves[-1].argmax()]
    print(f"largest log-likelihood with sigma = {sigma:4.1f} at t = {best:.2f}")
best = steps[envelope.argmax()]
print(f"largest log-likelihood with sigma refitted at t = {best:.2f}")

# %%
# With a fixed sigma the log-likelihood is the squared error turned over,
# stretched by :math:`1 / 2 \sigma^2`. A smaller sigma takes every error more
# seriously, and its curve is steeper. If sigma may follow (grey), the curve is
# the envelope of all of these, :math:`-\frac12 \log(2 \pi e \, \mathrm{MSE})`.
# All have their top in the same place. How high it is depends on sigma, and that
# is the part which the squared error does not know.

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.5), layout="constrained")
left.plot(steps, squared_error, color="0.15")
left.plot(1.0, squared_error.min(), "o", color=VERMILION, markersize=8, zorder=3)
left.set(ylabel="mean squared error (points squared)", title="Down is better")

right.plot(
    steps, envelope, color="0.75", linewidth=6, label=r"$\sigma$ refitted at every t"
)
for (sigma, colour, style), curve in zip(fixed_sigmas, curves, strict=True):
    label = rf"$\sigma$ = {sigma:.0f} points"
    right.plot(steps, curve, color=colour, linestyle=style, label=label)
    right.plot(1.0, curve.max(), "o", color=VERMILION, markersize=8, zorder=3)
right.set(ylabel="mean log-likelihood (nats per patient)", title="Up is better")
right.legend(loc="lower center", framealpha=1.0, edgecolor="white")
for axis in (left, right):
    axis.axvline(1.0, color=VERMILION, linestyle=":", linewidth=1)
    axis.set_xlabel("t, multiple of the fitted coefficients")
plt.show()

# %%
# The same predictions, two claims about their error
# --------------------------------------------------
# Suppose that only thirty patients had been followed. Eleven parameters fitted to
# thirty rows leave residuals that are smaller than the errors to come. Maximum
# likelihood takes the root mean square residual for sigma; restricted maximum
# likelihood (``method="reml"``) divides the sum of squares by 30 - 11 instead of
# 30. The coefficients are the same, and so are all predictions.

METHODS = {"ml": ("maximum likelihood", VERMILION), "reml": ("restricted", BLUE)}


def pilot_study(random_state):
    """Both models, fitted to thirty patients, and the patients to come."""
    X_pilot, X_later, y_pilot, y_later = train_test_split(
        X, y, train_size=30, random_state=random_state
    )
    models = {
        method: GaussianMLRegressor(method=method).fit(X_pilot, y_pilot)
        for method in METHODS
    }
    return models, X_later, y_later


models, X_later, y_later = pilot_study(random_state=0)
error = y_later - models["ml"].predict(X_later)
rms_error = np.sqrt(np.mean(error**2))

print(f"{'':5} {'R^2':>7} {'sigma':>6} {'mean log-likelihood':>20} {'inside 95 %':>12}")
for method, fitted in models.items():
    low, high = fitted.predict_dist(X_later).interval(0.95)
    print(
        f"{method:5} {fitted.score(X_later, y_later):7.4f} {fitted.sigma_:6.1f} "
        f"{fitted.score_loglik(X_later, y_later, normalize=True):20.3f} "
        f"{np.mean((low <= y_later) & (y_later <= high)):12.1%}"
    )
print(f"root mean square error of the later patients: {rms_error:.1f}")

# %%
# Left: the errors on the patients to come, and the two distributions that the
# models had announced. Right: the log-likelihood that these patients give to the
# same predictions with any sigma. Its top is the root mean square error that
# turned out. The curve is steep on the side of overconfidence and flat on the
# side of caution.

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.5), layout="constrained")

left.hist(error, bins=30, density=True, color="0.85", label="errors that turned out")
span = np.linspace(-220.0, 220.0, 300)
sigmas = np.linspace(35.0, 110.0, 200)
curve = [stats.norm.logpdf(error, scale=sigma).mean() for sigma in sigmas]
right.plot(sigmas, curve, color="0.15", zorder=1)
for (method, (name, colour)), style in zip(METHODS.items(), ("--", "-"), strict=True):
    sigma = models[method].sigma_
    label = rf"{name}, $\sigma$ = {sigma:.0f}"
    left.plot(
        span,
        stats.norm.pdf(span, scale=sigma),
        color=colour,
        linestyle=style,
        linewidth=2,
        label=label,
    )
    height = models[method].score_loglik(X_later, y_later, normalize=True)
    right.plot(sigma, height, "o", color=colour, markersize=9, label=label)
right.plot(
    rms_error,
    stats.norm.logpdf(error, scale=rms_error).mean(),
    "D",
    color="0.15",
    markersize=7,
    label=f"error that turned out: {rms_error:.0f}",
)
left.set(
    xlabel="score minus prediction (points)",
    ylabel="density (per point)",
    title="One set of predictions, two claims",
    ylim=(0, 0.0118),
)
left.legend(frameon=False, loc="upper center")
right.set(
    xlabel=r"$\sigma$ (points)",
    ylabel="mean log-likelihood (nats per patient)",
    title="What the later patients say",
)
right.legend(frameon=False, loc="lower right")
plt.show()

# %%
# Thirty other patients would have given other numbers, but seldom another order.
# Restricted maximum likelihood is less overconfident, but still is: its sigma is
# that of the noise alone, and the errors on new patients contain those of the
# coefficients as well. With many rows for every parameter the differences vanish.

gains, inside = [], {method: [] for method in METHODS}
for random_state in range(200):
    models, X_later, y_later = pilot_study(random_state)
    height = {}
    for method, fitted in models.items():
        low, high = fitted.predict_dist(X_later).interval(0.95)
        inside[method].append(np.mean((low <= y_later) & (y_later <= high)))
        height[method] = fitted.score_loglik(X_later, y_later, normalize=True)
    gains.append(height["reml"] - height["ml"])
print(f"restricted is better in {np.mean(np.array(gains) > 0):.1%} of 200 studies,")
print(f"by {np.median(gains):.2f} nats per patient (median)")
for method, shares in inside.items():
    print(f"{method}: {np.mean(shares):.0%} of patients inside the 95 % interval")

# %%
# A log-likelihood has units
# --------------------------
# A density is one per unit of y. With the score divided by 100, every
# log-likelihood rises by log(100) per row, while R^2 stays. Log-likelihoods
# compare models of the same target in the same units, and only those.

rescaled = GaussianMLRegressor().fit(X, y / 100)
print(f"R^2: {model.score(X, y):.4f} and {rescaled.score(X, y / 100):.4f}")
print(
    "gain per row from dividing the score by 100: "
    f"{(rescaled.loglik_ - model.loglik_) / len(y):.4f} = log(100)"
)
