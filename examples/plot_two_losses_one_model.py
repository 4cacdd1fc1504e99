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
centred = X - X.mean()


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
right.legend(frameon=False, loc="lower center")
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
# likelihood (``method="reml"``) divides by 30 - 11 instead of 30. The
# coefficients are the same, and so are all predictions.

X_pilot, X_later, y_pilot, y_later = train_test_split(
    X, y, train_size=30, random_state=0
)
models = {
    method: GaussianMLRegressor(method=method).fit(X_pilot, y_pilot)
    for method in ("ml", "reml")
}
error = y_later - models["ml"].predict(X_later)
rms_error = np.sqrt(np.mean(error**2))

print(f"{'':6} {'R^2':>7} {'sigma':>7} {'log-likelihood':>15} {'inside 95 %':>12}")
for method, fitted in models.items():
    low, high = fitted.predict_dist(X_later).interval(0.95)
    inside = np.mean((low <= y_later) & (y_later <= high))
    print(
        f"{method:6} {fitted.score(X_later, y_later):7.4f} {fitted.sigma_:7.2f} "
        f"{fitted.score_loglik(X_later, y_later, normalize=True):15.4f} {inside:12.1%}"
    )
print(f"root mean square error of the later patients: {rms_error:.2f}")

# %%
# The same R^2, to all digits. But the model with the smaller sigma is surprised
# too often: fewer of the later patients lie inside its intervals than it
# promised, whatever the level, and the log-likelihood charges it for that.

levels = np.linspace(0.02, 0.98, 49)
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.5), layout="constrained")
bins = np.linspace(-250.0, 250.0, 26)
left.hist(error, bins=bins, density=True, color="0.85", label="errors to come")
fine = np.linspace(-250.0, 250.0, 400)
right.plot([0, 1], [0, 1], color="0.4", linestyle=":", label="as promised")
for (method, fitted), colour, style in zip(
    models.items(), (ORANGE, BLUE), ("--", "-"), strict=True
):
    density = np.exp(-0.5 * (fine / fitted.sigma_) ** 2)
    density /= fitted.sigma_ * np.sqrt(2 * np.pi)
    label = rf'"{method}", $\sigma$ = {fitted.sigma_:.0f} points'
    left.plot(fine, density, color=colour, linestyle=style, label=label)
    distribution = fitted.predict_dist(X_later)
    share = []
    for level in levels:
        low, high = distribution.interval(level)
        share.append(np.mean((low <= y_later) & (y_later <= high)))
    right.plot(levels, share, color=colour, linestyle=style, label=f'"{method}"')
left.set(
    xlabel="error (points)",
    ylabel="density (per point)",
    title="Two claims about one error",
    ylim=(0, 0.0135),
)
right.set(
    xlabel="level of the interval",
    ylabel="share of later patients inside",
    title="Promised and kept",
)
left.legend(frameon=False, loc="upper left")
right.legend(frameon=False, loc="upper left")
plt.show()
