r"""
=====================================
Least squares is a maximum likelihood
=====================================

A line fitted by least squares and a line fitted by maximum likelihood under
Gaussian noise of constant size are the same line. With

.. math::  y_i = \theta_0 + \theta_1 x_i + \varepsilon_i, \qquad
           \varepsilon_i \sim N(0, \sigma^2),

the log-likelihood of n rows is

.. math::  \log L(\theta, \sigma) = -\frac{n}{2} \log 2 \pi \sigma^2
           - \frac{1}{2 \sigma^2} \sum_i (y_i - \theta_0 - \theta_1 x_i)^2 .

The sum of squares enters once, with a minus sign and a positive factor.
Whatever sigma is, the line at the bottom of one surface is at the top of the
other.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression

from sklearn_gml import GaussianMLRegressor, GaussianStatistics

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"

# %%
# Three hundred rows of ``y = 100 + 5 x + noise``
# -----------------------------------------------
# The noise has a standard deviation of 8.

rng = np.random.default_rng(0)
n_rows = 300
x = rng.uniform(-3.0, 7.0, size=n_rows)
y = 100.0 + 5.0 * x + rng.normal(scale=8.0, size=n_rows)
X = x[:, np.newaxis]

least_squares = LinearRegression().fit(X, y)
likelihood = GaussianMLRegressor().fit(X, y)

print(f"{'':20} {'theta0':>16} {'theta1':>16}")
for model in (least_squares, likelihood):
    name = type(model).__name__
    print(f"{name:20} {model.intercept_:16.12f} {model.coef_[0]:16.12f}")
print(f"Newton steps: {likelihood.n_iter_}")
print(f"sigma: {likelihood.sigma_:.3f}, log-likelihood: {likelihood.loglik_:.3f}")

# %%
# One step is enough because the log-likelihood is a quadratic in theta, and a
# Newton step goes to the top of the quadratic that it sees.
#
# The two surfaces
# ----------------
# The sum of squares is added up over the rows, for every point of the grid. The
# log-likelihood never sees them: the statistics of the data, a triangular
# factor of three columns, give it for any line and any sigma.

theta0 = likelihood.intercept_ + np.linspace(-5.0, 5.0, 61)
theta1 = likelihood.coef_[0] + np.linspace(-1.5, 1.5, 61)
grid0, grid1 = np.meshgrid(theta0, theta1)

residual = y - grid0[..., np.newaxis] - grid1[..., np.newaxis] * x
sum_of_squares = (residual**2).sum(axis=-1)

statistics = GaussianStatistics.from_data(X, y)
sigma = likelihood.sigma_
loglik = np.vectorize(lambda b0, b1: statistics.loglik([b1], b0, sigma))(grid0, grid1)

from_squares = -n_rows / 2 * np.log(2 * np.pi * sigma**2) - sum_of_squares / (
    2 * sigma**2
)
print(f"largest difference: {np.abs(loglik - from_squares).max():.1e}")
top = np.unravel_index(loglik.argmax(), loglik.shape)
bottom = np.unravel_index(sum_of_squares.argmin(), loglik.shape)
print(f"same grid point: {top == bottom}")

# %%
# On the floor of each panel lie the contours of its surface. They are the same
# ellipses, since each surface is the other one turned over and rescaled.

figure, axes = plt.subplots(
    1, 2, figsize=(8, 4.5), subplot_kw={"projection": "3d"}, layout="constrained"
)
panels = (
    (loglik, "Log-likelihood (nats)", "top", loglik.max()),
    (
        sum_of_squares / 1000,
        "Sum of squares (thousands)",
        "bottom",
        sum_of_squares.min() / 1000,
    ),
)
for axis, (surface, title, place, extreme) in zip(axes, panels, strict=True):
    floor = surface.min() - 0.5 * np.ptp(surface)
    axis.plot_surface(
        grid0, grid1, surface, cmap="cividis", rstride=2, cstride=2, alpha=0.75
    )
    axis.contour(
        grid0,
        grid1,
        surface,
        levels=11,
        colors="0.45",
        linestyles="solid",
        linewidths=0.9,
        offset=floor,
    )
    best = likelihood.intercept_, likelihood.coef_[0]
    axis.plot(
        *([value, value] for value in best),
        [floor, extreme],
        color=VERMILION,
        linestyle=":",
        zorder=10,
    )
    axis.plot(
        *([value] for value in best),
        [extreme],
        marker="o",
        markersize=8,
        color=VERMILION,
        markeredgecolor="white",
        linestyle="none",
        zorder=11,
        label=f"{place}: ({best[0]:.2f}, {best[1]:.2f})",
    )
    axis.set(xlabel=r"$\theta_0$", ylabel=r"$\theta_1$", title=title)
    axis.set_zlim(floor, surface.max())
    axis.tick_params(labelsize=8, pad=0)
    axis.tick_params(axis="z", pad=4)
    axis.tick_params(axis="z", pad=5)
    axis.set_box_aspect((1, 1, 0.95), zoom=0.95)
    axis.view_init(elev=20, azim=-55)
    axis.legend(loc="upper center", frameon=False)
plt.show()

# %%
# Sigma, and why logarithms
# -------------------------
# Along sigma the log-likelihood has its top where sigma is the root mean square
# residual. A worse line has a lower curve, with a top further to the right: what
# the line leaves unexplained is noise to it. The curves never cross, so the best
# line does not depend on sigma, and least squares can ignore it.
#
# The likelihood itself is a product of densities. Each is about 0.03 here, and
# after some two hundred rows the product is smaller than any number that a
# computer holds in double precision. It turns to zero, for the best line as for
# all others. The sum of the logarithms says the same thing and stays an ordinary
# number.

density = likelihood.predict_dist(X).pdf(y)
product = np.cumprod(density)
log_sum = np.cumsum(likelihood.loglik_samples(X, y))
rows = np.arange(1, n_rows + 1)
survives = np.count_nonzero(product)

print(f"product of the {n_rows} densities: {product[-1]}")
print(f"sum of their logarithms: {log_sum[-1]:.3f}")
print(f"the product is 0 from row {survives + 1} on")

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.5), layout="constrained")

sigmas = np.linspace(5.5, 16.0, 200)
centre = x.mean()
for tilt, colour, style in ((0.0, BLUE, "-"), (1.5, ORANGE, "--"), (2.5, GREEN, "-.")):
    slope = likelihood.coef_[0] + tilt
    # Turned about the centre of the data, so that only the slope is wrong.
    intercept = likelihood.intercept_ - tilt * centre
    curve = [statistics.loglik([slope], intercept, value) for value in sigmas]
    label = "fitted line" if tilt == 0 else f"slope too large by {tilt}"
    left.plot(sigmas, curve, color=colour, linestyle=style, label=label)
    peak = np.sqrt(np.mean((y - intercept - slope * x) ** 2))
    left.plot(peak, statistics.loglik([slope], intercept, peak), "o", color=colour)
left.set(
    xlabel=r"$\sigma$ (units of y)",
    ylabel="log-likelihood (nats)",
    title="Tops at the root mean square residual",
    ylim=(-1400, -1020),
)
left.legend(frameon=False, loc="lower right")

to_decimal = np.log10(np.e)
right.plot(rows, log_sum * to_decimal, color=BLUE, label="sum of logarithms")
right.plot(
    rows[:survives],
    np.log10(product[:survives]),
    color=ORANGE,
    linewidth=5,
    alpha=0.6,
    zorder=1,
    label="product of densities",
)
right.plot(
    rows[survives - 1],
    np.log10(product[survives - 1]),
    "X",
    color=VERMILION,
    markersize=10,
    label="the product becomes 0",
)
smallest = np.log10(np.nextafter(0.0, 1.0))
right.axhline(smallest, color="0.4", linestyle=":", label="smallest positive number")
right.set(
    xlabel="number of rows",
    ylabel="logarithm of the likelihood, base 10",
    title="A product that underflows",
)
right.legend(frameon=False, loc="lower left")
plt.show()
