"""What scoring a million rows costs, in units of scipy's own log-density."""

from time import perf_counter

import numpy as np
from scipy import stats

from sklearn_gml.metrics import (
    crps_loss,
    d2_loglik_score,
    interval_coverage_score,
    loglik_score,
    pit_values,
)

N_ROWS = 1_000_000
ROUNDS = 15


def seconds(function):
    start = perf_counter()
    function()
    return perf_counter() - start


def main():
    rng = np.random.default_rng(0)
    loc, y = rng.standard_normal((2, N_ROWS))
    scale = rng.uniform(0.5, 2.0, N_ROWS)
    weight = rng.uniform(0.5, 2.0, N_ROWS)
    distribution = stats.norm(loc, scale)
    ways = {
        "scipy.stats.norm.logpdf": lambda: stats.norm.logpdf(y, loc, scale),
        "loglik_score": lambda: loglik_score(y, distribution),
        "loglik_score, weighted": lambda: loglik_score(
            y, distribution, sample_weight=weight
        ),
        "crps_loss": lambda: crps_loss(y, distribution),
        "d2_loglik_score": lambda: d2_loglik_score(y, distribution),
        "pit_values": lambda: pit_values(y, distribution),
        "interval_coverage_score": lambda: interval_coverage_score(y, distribution),
    }
    # In turns, so that a busy machine is busy for all of them.
    times = np.array([[seconds(way) for way in ways.values()] for _ in range(ROUNDS)])
    ratios = np.median(times / times[:, :1], axis=0)
    print(f"{N_ROWS:,} rows, median of {ROUNDS} rounds")
    for name, own, ratio in zip(ways, np.median(times, axis=0), ratios, strict=True):
        print(f"{name:26} {own * 1e3:8.1f} ms {ratio:6.2f}")


if __name__ == "__main__":
    main()
