"""The same sums, made where the rows lie: Dask arrays and data frames.

A constant-noise fit needs one sum over all rows, their statistics, and statistics of
parts add up. Here every chunk of rows becomes statistics on the worker that has it,
and statistics travel and are added up as a tree. Log-linear noise needs sums of two
kinds in each iteration, for the gradient and for the information; each is a pass over
the chunks, added up in the same way. Rows that fit are held in memory meanwhile, others
are read again for every pass. Nothing is approximated, and nothing is computed that the
rest of the package does not compute already.

What to expect, on paper, for constant noise: with n rows of p columns in chunks of k,
on w workers that take c seconds to read a row and to add it to their statistics::

    seconds                      n c / w + 0.001 n / k        (scheduler: 1 ms a task)
    bytes over the network
      of a worker, at most       (n / k / w) (8 (p + 2)^2 + 1900)
      from client to scheduler   550 n / k                    (the task graph)

``benchmarks/cluster.py`` checks it with p = 20, n = 20 million, k = 250,000 and rows
made from random numbers, c = 0.39 to 0.45 microseconds, nearly all of it in making
them. One worker: 7.7 s on paper, 9.5 s measured; two workers: 4.3 s on paper, 5.6 s
measured, on two cores that client and scheduler use as well (4.4 to 12 s in nine runs,
most while others used them too). Two workers sent 142 and 147 kB, control messages
included, in the most uneven run 106 and 216 kB, where paper says 231 kB. The task graph
has 42 kB, 521 bytes a chunk. With c as measured, 100 workers take

    ====  =============  ======  =================  ==========
    rows  rows of chunk  time    sent by a worker   task graph
    ====  =============  ======  =================  ==========
    1e9   1e6            5 s     58 kB              0.6 MB
    1e12  1e7            73 min  5.8 MB             55 MB
    ====  =============  ======  =================  ==========

Such chunks have 170 MB and 1.7 GB of float64. A disk that gives 500 MB/s needs 0.34
microseconds for such a row, so that c is of that size for rows that are read, too.

Log-linear noise took eleven sums, of up to 8 (2 p + 2)^2 bytes a chunk. 2 million rows
fit into the two workers of 1 GiB: 3.4 s held, 7.3 s when they were made anew for every
sum. 20 million do not: 65 s (to 115 s, in six runs), where eleven times 4.3 s are 47 s.
The largest message of all fits had 45 kB with constant noise, 73 kB with log-linear
noise.
"""

try:
    import dask.array  # noqa: F401
except ImportError as error:
    raise ImportError(
        "sklearn_gml.dask needs Dask, which comes with sklearn-gml[dask]."
    ) from error

from .distribution import ChunkedDistribution
from .regressor import DaskGaussianMLRegressor
from .statistics import fold_statistics

__all__ = ["ChunkedDistribution", "DaskGaussianMLRegressor", "fold_statistics"]
