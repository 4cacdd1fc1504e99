"""How often intervals cover what they should, by simulation.

Data sets of a linear model with constant noise are drawn again and again, fitted, and
their intervals compared with the truth: the last coefficient, sigma, the mean at a new
row and y at that row. Classical intervals and predictions are exact, so that they have
to agree with the nominal level to the error of the simulation; profile-likelihood
intervals agree better the more rows there are.

Data sets with the same X are the targets of one fit: 500 of them at a time, with a new
X for each fit.

Where log sigma is linear in the columns, the Wald intervals of all parameters of mean
and log sigma are compared with the truth, by ``ml`` and by ``reml``.

    python benchmarks/interval_coverage.py                     # 20,000 of each size
    python benchmarks/interval_coverage.py --small             # 2,000
    python benchmarks/interval_coverage.py --noise log-linear  # of 300 rows, minutes
"""

import argparse

import numpy as np

from sklearn_gml import GaussianMLRegressor

SIZES = (12, 30, 300)
LEVELS = (0.5, 0.9, 0.95, 0.99)
TARGETS = 500
COEF, INTERCEPT, SIGMA = np.array([1.0, 0.0, -2.0]), 5.0, 3.0
NOISE_COEF, VARYING_SIZE = np.array([0.5, 0.0, -0.3]), 300

EXACT = ("coefficient", "sigma", "mean", "predictive")
PROFILE = ("profile coefficient, ml", "profile coefficient, reml", "profile sigma")


def covered(rng, n_samples):
    """Mask (len(LEVELS), TARGETS) for each kind of interval, of one X."""
    X = rng.standard_normal((n_samples, len(COEF)))
    x = rng.standard_normal((1, len(COEF)))
    noise = SIGMA * rng.standard_normal((n_samples + 1, TARGETS))
    Y = INTERCEPT + (X @ COEF)[:, None] + noise[:-1]
    mean = INTERCEPT + x @ COEF
    y = mean + noise[-1:]
    model = GaussianMLRegressor().fit(X, Y)
    restricted = GaussianMLRegressor(method="reml").fit(X, Y)
    masks = {name: [] for name in (*EXACT, *PROFILE)}

    def note(name, truth, limits):
        low, high = np.moveaxis(np.asarray(limits), -1, 0)
        masks[name].append((low <= truth) & (truth <= high))

    for level in LEVELS:
        limits = model.conf_int(level)
        note("coefficient", COEF[-1], limits[:, -1])
        note("sigma", SIGMA, model.sigma_conf_int(level))
        for kind, truth in (("mean", mean[0]), ("predictive", y[0])):
            low, high = model.predict_dist(x, kind=kind).interval(level)
            note(kind, truth, np.column_stack([low[0], high[0]]))
        for fit in (model, restricted):
            limits = fit.conf_int(level, method="profile")
            note(f"profile coefficient, {fit.method}", COEF[-1], limits[:, -1])
        # The same for both fits.
        note("profile sigma", SIGMA, model.sigma_conf_int(level, "profile"))
    return {name: np.array(mask) for name, mask in masks.items()}


def covered_varying(rng, n_samples):
    """The same for each parameter of mean and log sigma."""
    X = rng.standard_normal((n_samples, len(COEF)))
    sigma = SIGMA * np.exp(X @ NOISE_COEF)
    noise = sigma[:, None] * rng.standard_normal((n_samples, TARGETS))
    Y = INTERCEPT + (X @ COEF)[:, None] + noise
    truth = np.concatenate([[INTERCEPT], COEF, [np.log(SIGMA)], NOISE_COEF])
    masks = {}
    for method in ("ml", "reml"):
        model = GaussianMLRegressor(noise="log-linear", method=method).fit(X, Y)
        limits = np.array([model.conf_int(level) for level in LEVELS])
        inside = (limits[..., 0] <= truth) & (truth <= limits[..., 1])
        for position, name in enumerate(model.parameter_names()):
            masks[f"{name}, {method}"] = inside[..., position]
    return masks


def coverage(covered, n_samples, n_sets, seed=0):
    """Share (len(LEVELS),) of data sets covered, for each kind of interval.

    ``covered`` is the function that draws, fits and compares.
    """
    rng = np.random.default_rng([seed, n_samples])
    rounds = [covered(rng, n_samples) for _ in range(n_sets // TARGETS)]
    return {
        name: np.mean([one[name].mean(axis=1) for one in rounds], axis=0)
        for name in rounds[0]
    }


def print_predictive_table(n_sets, seed):
    """Coverage of 90 % intervals of a new y under log-linear noise.

    One more row is drawn and predicted, by the fitted parameters alone (plugin) and by
    Student's t of uncertain parameters.
    """
    print(f"Coverage in % of 90 % predictive intervals, {n_sets:,} data sets:\n")
    print("| rows | columns | ml plugin | ml | reml plugin | reml |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for n_samples, n_features in ((30, 2), (50, 3), (100, 5), (300, 5)):
        rng = np.random.default_rng([seed, n_samples])
        n_rounds = -(-n_sets // TARGETS)
        inside = {}
        for _ in range(n_rounds):
            X = rng.standard_normal((n_samples, n_features))
            new = rng.standard_normal((1, n_features))
            slopes = np.full(n_features, 0.3)
            Y, y = (
                (rows @ slopes)[:, None]
                + np.exp(rows @ slopes)[:, None]
                * rng.standard_normal((len(rows), TARGETS))
                for rows in (X, new)
            )
            for method in ("ml", "reml"):
                model = GaussianMLRegressor(noise="log-linear", method=method)
                model.fit(X, Y)
                for kind in ("plugin", "predictive"):
                    low, high = model.predict_dist(new, kind=kind).interval(0.9)
                    inside.setdefault((method, kind), []).append((low < y) & (y < high))
        cells = [f"{100 * np.mean(masks):.1f}" for masks in inside.values()]
        print(f"| {n_samples} | {n_features} | " + " | ".join(cells) + " |", flush=True)


def print_table(covered, sizes, n_sets, seed):
    levels = np.array(LEVELS)
    error = np.sqrt(levels * (1.0 - levels) / n_sets)
    errors = (
        f"{100 * one:.2f} at {level:.0%}"
        for one, level in zip(error, LEVELS, strict=True)
    )
    print(f"Coverage in % of {n_sets:,} data sets; Monte-Carlo standard errors:")
    print(", ".join(errors) + ".")
    print("In brackets, for exact intervals: distance in those standard errors.\n")
    print("| n | interval | " + " | ".join(f"{level:.0%}" for level in LEVELS) + " |")
    print("| ---: | --- |" + " ---: |" * len(LEVELS))
    worst = 0.0
    for n_samples in sizes:
        shares = coverage(covered, n_samples, n_sets, seed)
        for name, share in shares.items():
            cells = [f"{100 * value:.2f}" for value in share]
            if name in EXACT:
                distance = (share - levels) / error
                worst = max(worst, np.abs(distance).max())
                cells = [
                    f"{cell} ({d:+.1f})"
                    for cell, d in zip(cells, distance, strict=True)
                ]
            print(f"| {n_samples} | {name} | " + " | ".join(cells) + " |", flush=True)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="2,000 data sets")
    parser.add_argument(
        "--noise", choices=["constant", "log-linear"], default="constant"
    )
    parser.add_argument("--predictive", action="store_true", help="of a new y")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.predictive:
        print_predictive_table(4_000, arguments.seed)
        return
    n_sets = 2_000 if arguments.small else 20_000
    if arguments.noise == "log-linear":
        print_table(covered_varying, [VARYING_SIZE], n_sets, arguments.seed)
        return
    worst = print_table(covered, SIZES, n_sets, arguments.seed)
    print(f"\nLargest distance of an exact interval: {worst:.1f} standard errors.")


if __name__ == "__main__":
    main()
