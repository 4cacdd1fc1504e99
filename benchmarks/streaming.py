"""Time and memory of ``partial_fit`` against rows that never lie in memory together.

python benchmarks/streaming.py
python benchmarks/streaming.py --rows 1000000

Blocks are generated one after another; the seconds are those of ``partial_fit``
alone. The last line compares its rate with that of ``fit`` on a million rows in
memory, in turns.
"""

import argparse
import resource
import time

import numpy as np

from sklearn_gml import GaussianMLRegressor

# Shorter blocks take less memory, but more of the time goes into starting threads.
BLOCK, IN_MEMORY, TURNS = 400_000, 1_000_000, 9


def blocks(n_samples, coef):
    """``(X, y)`` block by block."""
    rng = np.random.default_rng(0)
    for start in range(0, n_samples, BLOCK):
        X = rng.standard_normal((min(BLOCK, n_samples - start), len(coef)))
        yield X, 3.0 + X @ coef + 0.5 * rng.standard_normal(len(X))


def stream(batches):
    """``(model, seconds in partial_fit)``."""
    model, spent = GaussianMLRegressor(), 0.0
    for X, y in batches:
        begin = time.perf_counter()
        model.partial_fit(X, y)
        spent += time.perf_counter() - begin
    return model, spent


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare(coef):
    """Rows per second of ``partial_fit`` and ``fit``, the best of several turns."""
    batches = list(blocks(IN_MEMORY, coef))
    X, y = (np.concatenate(part) for part in zip(*batches, strict=True))
    spent = {"partial_fit": [], "fit": []}
    for _ in range(TURNS):
        spent["partial_fit"].append(stream(batches)[1])
        begin = time.perf_counter()
        GaussianMLRegressor().fit(X, y)
        spent["fit"].append(time.perf_counter() - begin)
    return {name: IN_MEMORY / min(seconds) for name, seconds in spent.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--columns", type=int, default=20)
    arguments = parser.parse_args()
    coef = np.linspace(-2.0, 2.0, arguments.columns)
    # What libraries do at their first call is not the fit's.
    stream(blocks(BLOCK, coef))

    print(f"| rows x {arguments.columns} | s | rows/s | largest error | peak MiB |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    sizes = {100_000, 1_000_000, 10_000_000, arguments.rows}
    for n_samples in sorted(size for size in sizes if size <= arguments.rows):
        model, seconds = stream(blocks(n_samples, coef))
        error = np.max(np.abs(model.coef_ - coef))
        print(
            f"| {n_samples:,} | {seconds:.3f} | {n_samples / seconds:,.0f} | "
            f"{error:.1e} | {peak_mib():.0f} |",
            flush=True,
        )
    rates = compare(coef)
    print(
        f"\npartial_fit {rates['partial_fit']:,.0f} rows/s, fit on {IN_MEMORY:,} rows "
        f"{rates['fit']:,.0f} rows/s: {rates['partial_fit'] / rates['fit']:.2f}"
    )


if __name__ == "__main__":
    main()
