"""Dask collections in chunks of rows, and sums over the chunks.

The one room that knows how Dask makes tasks: a function of a chunk goes in, a lazy
sum or a lazy array of its results comes out. What is summed is no matter to it.
"""

import operator
from collections import defaultdict
from dataclasses import dataclass
from functools import partial, reduce

import dask
import dask.array
import numpy as np
from dask.delayed import Delayed

# Results that one task adds up, which it may fetch from one worker in one message. More
# would make a tree of fewer levels and longer messages.
FAN_IN = 8


@dataclass(frozen=True)
class ChunkedRows:
    """Dask collections of the same rows in the same chunks.

    Attributes
    ----------
    X : Dask array or data frame
    others : dict of str to Dask array, series or data frame
    """

    X: object
    others: dict

    @classmethod
    def of(cls, X, **others):
        """Rows of collections, rechunked where need be; None is left out."""
        others = {name: other for name, other in others.items() if other is not None}
        for name, collection in {"X": X, **others}.items():
            if not dask.is_dask_collection(collection):
                raise TypeError(
                    f"{name} must be a Dask array or data frame like X, got "
                    f"{type(collection).__name__}. For rows in memory, use "
                    "sklearn_gml.GaussianMLRegressor."
                )
            if _is_array(collection) != _is_array(X):
                raise TypeError(
                    f"X is a {type(X).__name__} and {name} a "
                    f"{type(collection).__name__}: pass arrays only or data frames "
                    "and series only (to_dask_array() makes arrays)."
                )
        align = _align_arrays if _is_array(X) else _check_partitions
        return cls(*align(X, others))

    @property
    def columns(self):
        """Names of the columns that every chunk must have, or their number."""
        return self.X.shape[1] if _is_array(self.X) else list(self.X.columns)

    @property
    def no_rows(self):
        """The first no rows of X, in memory."""
        if _is_array(self.X):
            return np.empty((0, self.X.shape[1]), dtype=self.X.dtype)
        return self.X._meta

    def by_chunk(self, function, meta, settings):
        """A Dask array whose chunks are the results of the function."""
        call = partial(_call, function, tuple(self.others), settings)
        others = list(self.others.values())
        if not _is_array(self.X):
            return self.X.map_partitions(
                call, *others, meta=meta, enforce_metadata=False
            )
        # One letter for the rows, and one for the columns of each array.
        pairs = [(self.X, "ij")]
        for other, letter in zip(others, "klmn", strict=False):
            pairs.append((other, f"i{letter}"[: other.ndim]))
        return dask.array.blockwise(
            call,
            "iz"[: meta.ndim],
            *(item for pair in pairs for item in pair),
            new_axes=dict(zip("z", meta.shape[1:], strict=False)),
            concatenate=True,
            align_arrays=False,
            dtype=meta.dtype,
            meta=meta,
        )

    def map(self, function, meta, /, **settings):
        """Results with an entry for each row, as one Dask array."""
        return self.by_chunk(partial(_unless_empty, function, meta), meta, settings)

    def sum(self, function, /, **settings):
        """The sum of ``function(X, **others, **settings)`` over the chunks, delayed.

        The workers add up as well: a task takes the sums of so many chunks that
        a level of the tree has ``FAN_IN`` times fewer than the one before.
        """
        chunks = self.by_chunk(
            partial(_or_error, function), np.empty(0, dtype=object), settings
        )
        parts = _one_task_each(chunks.to_delayed().ravel())
        groups = [
            dask.delayed(_add_chunks)(first, parts[first : first + FAN_IN])
            for first in range(0, len(parts), FAN_IN)
        ]
        while len(groups) > 1:
            groups = [
                dask.delayed(_add)(groups[first : first + FAN_IN])
                for first in range(0, len(groups), FAN_IN)
            ]
        return groups[0]


def _one_task_each(results):
    """Every result as one task, with all that Dask would compute for it alone.

    Dask hands tasks to whichever worker is idle, and what they need with them. Chunks
    of X and y that are read by tasks of their own would travel; as parts of one task
    they are read where their sum is made. What several results need stays apart, and
    so do rows that a cluster holds in its memory.
    """
    graph = dict(results[0].__dask_graph__())
    needed_by = defaultdict(set)
    for key, node in graph.items():
        for need in node.dependencies:
            needed_by[need].add(key)
    tasks = []
    for result in results:
        own, outer, waiting = {}, set(), [result.key]
        while waiting:
            key = waiting.pop()
            # Rows that a cluster holds are not in the graph.
            if key in graph and needed_by[key] <= own.keys():
                own[key] = graph[key]
                waiting.extend(own[key].dependencies)
            else:
                outer.add(key)
        outer = list(outer - own.keys())
        given = [Delayed(key, graph) for key in outer]
        run = dask.delayed(partial(_run, own, result.key, outer))
        tasks.append(run(given, dask_key_name=("rows", result.key)))
    return tasks


def _run(graph, key, outer, given):
    return dask.get({**graph, **dict(zip(outer, given, strict=True))}, key)


def _is_array(collection):
    return isinstance(collection, dask.array.Array)


def _align_arrays(X, others):
    """Columns in one chunk, rows in the chunks of X."""
    if X.ndim != 2:
        raise ValueError(f"X must have two dimensions, got {X.ndim}.")
    X, aligned = X.rechunk({1: -1}), {}
    for name, other in others.items():
        sizes = (X.shape[0], other.shape[0])
        if sizes[0] != sizes[1] and not np.isnan(sizes).any():
            raise ValueError(f"X has {sizes[0]} rows, but {name} has {sizes[1]}.")
        if np.isnan(sizes).any() and X.numblocks[0] != other.numblocks[0]:
            raise ValueError(
                f"X has {X.numblocks[0]} chunks of rows and {name} has "
                f"{other.numblocks[0]}, of unknown size: chunk them alike, or call "
                "compute_chunk_sizes()."
            )
        rows = {} if np.isnan(sizes).any() else {0: X.chunks[0]}
        columns = {1: -1} if other.ndim == 2 else {}
        aligned[name] = other.rechunk({**rows, **columns})
    return X, aligned


def _check_partitions(X, others):
    for name, other in others.items():
        if X.npartitions != other.npartitions:
            raise ValueError(
                f"X has {X.npartitions} partitions, but {name} has "
                f"{other.npartitions}: take both from one data frame, or repartition."
            )
    return X, others


def _call(function, names, settings, X, *others):
    return function(X, **dict(zip(names, others, strict=True)), **settings)


def _unless_empty(function, meta, X, /, **others):
    """scikit-learn refuses to predict no rows."""
    return function(X, **others) if X.shape[0] else meta


def _or_error(function, X, /, **others):
    """An error is a result as well, until the number of the chunk is known."""
    try:
        return function(X, **others)
    except ValueError as error:
        return error


def _add_chunks(first, results):
    for number, result in enumerate(results, first):
        if isinstance(result, ValueError):
            raise ValueError(f"In chunk {number} of the rows: {result}") from result
    return _add(results)


def _add(parts):
    return reduce(operator.add, parts)
