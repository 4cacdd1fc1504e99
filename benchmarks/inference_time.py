"""Time of standard errors: fit and summary against fit alone, and statsmodels.

The factor that a fit keeps has all that a table needs, so that the table costs the
same whatever the number of rows. Contestants take turns in one process.

    python benchmarks/inference_time.py            # 1,000,000 x 50, a minute
    python benchmarks/inference_time.py --small    # 100,000 x 50
"""

import argparse
import time

import numpy as np

from sklearn_gml import GaussianMLRegressor


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="100,000 rows")
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    shape = (100_000 if arguments.small else 1_000_000, 50)
    rng = np.random.default_rng(0)
    X = rng.standard_normal(shape)
    y = X @ rng.standard_normal(shape[1]) + rng.standard_normal(shape[0])
    timed = {
        "fit": lambda: GaussianMLRegressor().fit(X, y),
        "fit + summary": lambda: GaussianMLRegressor().fit(X, y).summary(),
        "fit + printed summary": lambda: str(GaussianMLRegressor().fit(X, y).summary()),
    }
    spent = {name: [] for name in timed}
    for turn in range(arguments.repeats + 1):
        for name, run in timed.items():
            value = seconds(run)
            # The first turn warms up.
            if turn:
                spent[name].append(value)
    try:
        import statsmodels.api as statsmodels
    except ImportError:
        print("statsmodels is not installed")
    else:
        # The column of ones is not counted; the table is made, not printed.
        design = statsmodels.add_constant(X)
        name = "statsmodels OLS.fit().summary()"
        spent[name] = [
            seconds(lambda: statsmodels.OLS(y, design).fit().summary())
            for _ in range(3)
        ]
    ours, table = np.median(spent["fit"]), np.median(spent["fit + summary"])
    print(f"{shape[0]:,} x {shape[1]}\n")
    print("| | median, ms | / fit | / fit + summary |")
    print("| --- | ---: | ---: | ---: |")
    for name, values in spent.items():
        median = np.median(values)
        print(
            f"| {name} | {1e3 * median:.1f} | {median / ours:.3f} | "
            f"{median / table:.2f} |"
        )


if __name__ == "__main__":
    main()
