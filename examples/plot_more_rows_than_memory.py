"""
======================
More rows than memory
======================

A Gaussian linear model needs to know very little of its rows: one triangle of
numbers, however many rows there are. ``partial_fit`` adds batch after batch to that
triangle. After every batch the model is the one that ``fit`` would have given for all
rows so far, with its standard errors and its likelihood, and the memory that it takes
stays what it was after the first.

The file here is small, so that the page takes seconds. Nothing in it depends on that.
"""

import tempfile
import tracemalloc
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from tqdm import tqdm

from sklearn_gml import GaussianMLRegressor

BLUE, ORANGE, VERMILION = "#0072B2", "#E69F00", "#D55E00"

# %%
# A file
# ------
# The heating of a building, simulated: its power in kW every two minutes of a year,
# with the weather outside. Each degree saves 4 kW, wind costs 1.5 kW per m/s, and the
# sun heats as well. It is written one day at a time.

PER_DAY, DAYS = 720, 365
TRUTH = {"temperature": -4.0, "wind": 1.5, "sun": -0.03}
SIGMA = 12.0


def one_day(day, rng):
    """A day of rows, that of the first of January being ``day`` 0."""
    hour = np.arange(PER_DAY) * 24.0 / PER_DAY
    season = -np.cos(2.0 * np.pi * (day - 20) / 365)
    height = np.maximum(0.0, np.sin(np.pi * (hour - 6.0) / 12.0) * (1.2 + season))
    frame = pd.DataFrame(
        {
            "temperature": 10.0
            + 9.0 * season
            + 4.0 * np.sin(np.pi * (hour - 9.0) / 12.0)
            + 3.0 * rng.standard_normal(),
            "wind": rng.gamma(2.0, 2.0, PER_DAY),
            "sun": 350.0 * height * rng.beta(2.0, 2.0),
        }
    )
    mean = 120.0 + frame @ pd.Series(TRUTH)
    return frame.assign(power=mean + SIGMA * rng.standard_normal(PER_DAY))


folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "heating.csv"
rng = np.random.default_rng(0)
for day in range(DAYS):
    first = day == 0
    one_day(day, rng).to_csv(
        path, mode="w" if first else "a", header=first, index=False, float_format="%.3f"
    )
print(f"{path.stat().st_size / 2**20:.0f} MiB on disk")

# %%
# Once through it
# ---------------
# pandas reads a day at a time, the model takes it, and it is forgotten. The bar shows
# how far the file has been read. After each day we note the coefficients with their
# standard errors, and the most memory that reading and fitting have had in use. The
# first day ends before memory is noted: libraries load parts of themselves when they
# are first called.

features = list(TRUTH)
model = GaussianMLRegressor()
rows, coefs, errors, memory = [], [], [], []
tracemalloc.start()
with (
    path.open("rb") as file,
    tqdm(total=path.stat().st_size, unit="B", unit_scale=True, mininterval=1.0) as bar,
):
    for batch in pd.read_csv(file, chunksize=PER_DAY):
        tracemalloc.reset_peak()
        model.partial_fit(batch[features], batch["power"])
        rows.append(model.statistics_.n_samples)
        coefs.append(model.coef_)
        errors.append(np.sqrt(np.diagonal(model.coef_covariance()))[1:])
        memory.append(tracemalloc.get_traced_memory()[1])
        bar.update(file.tell() - bar.n)
tracemalloc.stop()
rows, coefs, errors = np.array(rows), np.array(coefs), np.array(errors)

print(f"{'':12} {'truth':>7} {'estimate':>9} {'standard error':>15}")
for name, truth, coef, error in zip(
    features, TRUTH.values(), coefs[-1], errors[-1], strict=True
):
    print(f"{name:12} {truth:7.3f} {coef:9.4f} {error:15.4f}")
print(f"{'sigma':12} {SIGMA:7.3f} {model.sigma_:9.4f}")

# %%
# Left: what the model knew of a degree outside, as the year went by. One winter day
# says little about it. Every band is that of the exact fit of all rows so far, and
# the last one that of the year. Right: the rows that had gone by, as float64, and the
# memory in use, which hardly knows of them: it is a batch, the triangles, and the
# numbers that we note ourselves.

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4.2), layout="constrained")
half = 1.96 * errors[:, 0]
left.fill_between(
    rows,
    coefs[:, 0] - half,
    coefs[:, 0] + half,
    color=BLUE,
    alpha=0.25,
    linewidth=0,
    label="95 % interval",
)
left.plot(rows, coefs[:, 0], color=BLUE, label="estimate")
left.axhline(TRUTH["temperature"], color=VERMILION, linestyle=":", label="truth")
left.set(
    xscale="log",
    xlabel="rows seen",
    ylabel="heating per degree outside (kW / °C)",
    title="What the rows so far say",
)
left.legend(frameon=False)

size = rows * 8 * (len(features) + 1) / 2**20
right.plot(rows, size, color=ORANGE, linestyle="--", label="rows seen so far")
right.plot(
    rows[1:], np.array(memory[1:]) / 2**20, color=BLUE, label="in use, at the most"
)
right.set(
    xlabel="rows seen", ylabel="MiB", title="What it takes to say it", ylim=(0, None)
)
right.ticklabel_format(axis="x", style="plain")
right.set_xticks([0, 100_000, 200_000], ["0", "100,000", "200,000"])
right.legend(frameon=False)
plt.show()

# %%
# The same as all at once
# -----------------------
# This file does fit in memory. ``fit`` on all of it gives the same numbers.

everything = pd.read_csv(path)
batch = GaussianMLRegressor().fit(everything[features], everything["power"])
print(
    f"largest difference of a coefficient: {abs(batch.coef_ - model.coef_).max():.0e}"
)
print(f"log-likelihood: {model.loglik_:.6f} and {batch.loglik_:.6f}")
folder.cleanup()

# %%
# Rows that lie on several machines, or that are more than one can read in a day, are
# the same sum: :class:`sklearn_gml.dask.DaskGaussianMLRegressor` makes it where the
# rows are, and statistics made by anybody else can be added with ``+``.
