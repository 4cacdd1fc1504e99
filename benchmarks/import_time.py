"""Time of ``import sklearn_gml`` beyond that of scikit-learn.

Each fresh process imports ``LinearRegression`` first, then ``sklearn_gml``. The figures
are processor time, the least of several runs, since the first reads files from disk.

    python benchmarks/import_time.py
"""

import subprocess
import sys

RUNS = 15

CHILD = """
import time
start = time.process_time()
from sklearn.linear_model import LinearRegression
between = time.process_time()
import sklearn_gml
print(between - start, time.process_time() - between)
"""


def main():
    times = []
    for _ in range(RUNS):
        child = subprocess.run(
            [sys.executable, "-c", CHILD], capture_output=True, text=True, check=True
        )
        times.append([1e3 * float(time) for time in child.stdout.split()])
    theirs, ours = (min(column) for column in zip(*times, strict=True))
    print(f"scikit-learn's LinearRegression: {theirs:.0f} ms")
    print(f"import sklearn_gml after it:     {ours:.0f} ms")


if __name__ == "__main__":
    main()
