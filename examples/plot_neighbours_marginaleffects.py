"""
===========================
Neighbours: marginaleffects
===========================

A coefficient is what a column is worth where it enters once. In ``log(lotsize) *
aircon`` it enters twice, and the question is what a fitted model says of a change: how
much more does a house with air conditioning cost, on average over the houses?
marginaleffects answers for any regressor of scikit-learn, from its predictions.

The page needs ``marginaleffects`` with polars 1: its releases up to 0.6 raise on the
columns of polars 2, so that no extra of this project installs it. Where it is missing
the page ends here.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from sklearn_gml import GaussianMLRegressor

try:
    from marginaleffects import avg_comparisons, comparisons, fit_sklearn
except ImportError:
    print("marginaleffects is not installed: pip install marginaleffects 'polars<2'.")
    raise SystemExit(0) from None

houses = pl.read_csv(
    Path(__file__).parent / "data" / "house_prices.csv", infer_schema_length=None
)
houses = houses.select(
    pl.col("price").log().alias("log_price"),
    pl.col("lotsize").log().alias("log_lotsize"),
    (pl.col("aircon") == "yes").cast(pl.Float64).alias("aircon"),
)

# %%
# What air conditioning is worth
# ------------------------------
# The engine is our regressor; the formula has an intercept of its own.

engine = GaussianMLRegressor(fit_intercept=False)
model = fit_sklearn("log_price ~ log_lotsize * aircon", data=houses, engine=engine)
average = avg_comparisons(model, variables="aircon")
print(average)

# %%
# Its standard error
# ------------------
# It knows no covariance of coefficients of scikit-learn's estimators, so that it shows
# no standard errors. Ours has one: the average of the change of a linear mean is a
# contrast of the coefficients.

contrast = np.array([0.0, 0.0, 1.0, houses["log_lotsize"].mean()])
estimate = contrast @ engine.coef_
error = np.sqrt(contrast @ engine.coef_covariance() @ contrast)
print(f"{estimate:.4f}, standard error {error:.4f}")

by_house = comparisons(model, variables="aircon")
figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
axes.plot(houses["log_lotsize"], by_house["estimate"], ".", color="#0072B2")
axes.axhline(estimate, color="0.55", linewidth=0.8)
axes.set(xlabel="log of lot size", ylabel="worth of air conditioning (log price)")
axes.spines[["top", "right"]].set_visible(False)
plt.show()
