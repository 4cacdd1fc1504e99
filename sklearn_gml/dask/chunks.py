"""Dask collections in chunks of rows, and sums over the chunks.

Only this module depends on how Dask makes tasks: a function of a chunk goes in, a lazy
sum or a lazy array of its results comes out. What is summed is no matter to it. Rows
that are summed more than once are held in memory meanwhile, if they fit.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial, reduce
from typing import Any, TypeAlias
from uuid import uuid4

import dask
import dask.array
import dask.local
import dask.threaded
import numpy as np
import psutil
from dask.base import get_scheduler
from dask.delayed import Delayed
from dask.sizeof import sizeof
from distributed import Client
from distributed.system import MEMORY_LIMIT
from numpy.typing import NDArray

# A Dask array, series or data frame: what they have in common has no type of its own.
Collection: TypeAlias = Any

# A function of no more than what a task gives it, and what it is given.
Reader: TypeAlias = tuple[Callable[[Sequence[Any]], Any], list[Delayed]]

# Results that one task adds up, which it may fetch from one worker in one message. More
# would make a tree of fewer levels and longer messages. The largest, information of 20
# columns with noise that varies, has 14 kB, and six have less than 100 kB.
FAN_IN = 6

# Of the memory that is free, what rows may take. Workers begin to spill at 0.6 of their
# limit; chunks are not spread evenly, and each thread needs memory to read one more and
# to sum it.
HELD_SHARE = 1 / 3


@dataclass(frozen=True)
class ChunkedRows:
    """Dask collections of the same rows in the same chunks.

    Attributes
    ----------
    X : Dask array or data frame
    others : dict of str to Dask array, series or data frame
    """

    X: Collection
    others: dict[str, Collection]

    @classmethod
    def of(cls, X: Collection, **others: Collection | None) -> ChunkedRows:
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
    def columns(self) -> int | list[Any]:
        """Names of the columns that every chunk must have, or their number."""
        return self.X.shape[1] if _is_array(self.X) else list(self.X.columns)

    @property
    def no_rows(self) -> Any:
        """The first no rows of X, in memory."""
        if _is_array(self.X):
            return np.empty((0, self.X.shape[1]), dtype=self.X.dtype)
        return self.X._meta

    @property
    def nbytes(self) -> float:
        """Bytes of all rows; nan where Dask does not know how many there are."""
        if not _is_array(self.X):
            return np.nan
        return sum(part.nbytes for part in (self.X, *self.others.values()))

    def held(self, nbytes: float) -> AbstractContextManager[ChunkedRows]:
        """The same rows, until the context ends held where they are read, if they fit.

        They remain as they are if ``nbytes``, which may be nan, are too many, and if
        all that they are made of is held by a cluster already.
        """
        largest = HELD_SHARE * _free_memory(self.X)
        if not nbytes <= largest or _on_cluster(self._whole_chunks):
            return nullcontext(self)
        return self._persisted()

    @contextmanager
    def _persisted(self) -> Iterator[HeldRows]:
        name = f"hold-{uuid4().hex}"
        chunks = dask.persist(
            *(
                dask.delayed(partial(_hold, read))(given, dask_key_name=(name, number))
                for number, (read, given) in enumerate(self._readers)
            )
        )
        try:
            yield HeldRows(self.X, self.others, chunks)
        finally:
            # Whoever keeps an exception of the fit does not keep its rows.
            for chunk in chunks:
                chunk.dask.clear()

    def by_chunk(
        self, function: Callable[..., Any], meta: NDArray[Any], settings: dict[str, Any]
    ) -> Collection:
        """A Dask array whose chunks are the results of the function."""
        call = partial(_call, function, tuple(self.others), settings)
        others = list(self.others.values())
        if not _is_array(self.X):
            return self.X.map_partitions(
                call, *others, meta=meta, enforce_metadata=False
            )
        # One letter for the rows, and one for the columns of each array.
        pairs = [(self.X, "ij")]
        for other, letter in zip(others, "klmnop", strict=False):
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

    def map(
        self, function: Callable[..., Any], meta: NDArray[Any], /, **settings: Any
    ) -> Collection:
        """Results with an entry for each row, as one Dask array."""
        return self.by_chunk(partial(_unless_empty, function, meta), meta, settings)

    def sum(self, function: Callable[..., Any], /, **settings: Any) -> Delayed:
        """The sum of ``function(X, **others, **settings)`` over the chunks, delayed.

        The workers add up as well: a task takes the sums of so many chunks that
        a level of the tree has ``FAN_IN`` times fewer than the one before.
        """
        name = f"sum-{uuid4().hex}"
        call = partial(
            _call, partial(_or_error, function), tuple(self.others), settings
        )
        # As a task it goes to a worker once, and not with every chunk.
        parts = self._results(dask.delayed(call, name=(f"of-{name}",)), name)
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

    @cached_property
    def _whole_chunks(self) -> Sequence[Delayed]:
        chunks = self.by_chunk(_parts, np.empty(0, dtype=object), {})
        return chunks.to_delayed().ravel()

    @cached_property
    def _readers(self) -> list[Reader]:
        return _one_task_each(self._whole_chunks)

    def _results(self, call: Delayed, name: str) -> list[Delayed]:
        return [
            dask.delayed(partial(_read_and_call, read))(
                call, given, dask_key_name=(name, number)
            )
            for number, (read, given) in enumerate(self._readers)
        ]


@dataclass(frozen=True)
class HeldRows(ChunkedRows):
    """The same, in memory.

    Attributes
    ----------
    chunks : tuple of Delayed
        X and the others of each chunk.
    """

    chunks: tuple[Delayed, ...]

    def held(self, nbytes: float) -> AbstractContextManager[ChunkedRows]:
        """Themselves."""
        return nullcontext(self)

    def _results(self, call: Delayed, name: str) -> list[Delayed]:
        return [
            dask.delayed(_call_held)(call, chunk, dask_key_name=(name, number))
            for number, chunk in enumerate(self.chunks)
        ]


class _HeldChunk:
    """Rows of a chunk that stay where they are.

    Sent elsewhere, to an idle worker or to disk, it is the way to read them again.
    """

    def __init__(
        self, read: Callable[[Sequence[Any]], Any], parts: list[Any] | None = None
    ) -> None:
        self._read, self._parts = read, parts

    @property
    def parts(self) -> list[Any]:
        if self._parts is None:
            self._parts = _own(self._read([]))
        return self._parts

    def __reduce__(self) -> tuple[Any, ...]:
        return _HeldChunk, (self._read,)

    def __sizeof__(self) -> int:
        return sizeof(self._parts)


def _free_memory(collection: Collection) -> float:
    """Bytes that are free where Dask would hold the collection.

    None are known of other processes than workers, and of workers without a limit.
    """
    scheduler = get_scheduler(collections=[collection])
    client = getattr(scheduler, "__self__", None)
    if isinstance(client, Client):
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        return sum(
            max(worker["memory_limit"] - worker["metrics"]["memory"], 0)
            for worker in workers
        )
    if scheduler not in (dask.threaded.get, dask.local.get_sync):
        return 0
    # A container may have less than the machine.
    own = MEMORY_LIMIT - psutil.Process().memory_info().rss
    return min(own, psutil.virtual_memory().available)


def _on_cluster(results: Sequence[Delayed]) -> bool:
    """Whether all that the results are made of is held by a cluster."""
    graph = results[0].__dask_graph__()
    # What a cluster holds is not in the graph, and all else begins with nothing.
    return all(node.dependencies for node in graph.values())


def _one_task_each(results: Sequence[Delayed]) -> list[Reader]:
    """For every result a function, with all that Dask computes for this result alone.

    It is returned with the list of Delayed whose values it takes.

    Dask hands tasks to whichever worker is idle, and what they need with them. Chunks
    of X and y that are read by tasks of their own would travel; as parts of one task
    they are read where their sum is made. What several results need stays apart, and
    so do rows that a cluster holds in its memory.
    """
    graph = dict(results[0].__dask_graph__())
    needed_by: defaultdict[Any, set[Any]] = defaultdict(set)
    for key, node in graph.items():
        for need in node.dependencies:
            needed_by[need].add(key)
    readers: list[Reader] = []
    for result in results:
        own: dict[Any, Any] = {}
        needed: set[Any] = set()
        waiting = [result.key]
        while waiting:
            key = waiting.pop()
            # Rows that a cluster holds are not in the graph.
            if key in graph and needed_by[key] <= own.keys():
                own[key] = graph[key]
                waiting.extend(own[key].dependencies)
            else:
                needed.add(key)
        outer = list(needed - own.keys())
        given = [Delayed(key, graph) for key in outer]
        readers.append((partial(_run, own, result.key, outer), given))
    return readers


def _run(
    graph: dict[Any, Any], key: Any, outer: list[Any], given: Sequence[Any]
) -> Any:
    return dask.get({**graph, **dict(zip(outer, given, strict=True))}, key)


def _read_and_call(
    read: Callable[[Sequence[Any]], Any],
    call: Callable[..., Any],
    given: Sequence[Any],
) -> Any:
    return call(*read(given))


def _hold(
    read: Callable[[Sequence[Any]], Any], given: Sequence[Any]
) -> _HeldChunk | list[Any]:
    parts = _own(read(given))
    # What the user's collections share, Dask moves anyway.
    return parts if given else _HeldChunk(read, parts)


def _own(parts: Sequence[Any]) -> list[Any]:
    # Some columns of a data frame may be a view, which would keep all in memory. Of an
    # array, Dask takes no view of less than half.
    return [part if isinstance(part, np.ndarray) else part.copy() for part in parts]


def _call_held(call: Callable[..., Any], chunk: _HeldChunk | list[Any]) -> Any:
    return call(*(chunk.parts if isinstance(chunk, _HeldChunk) else chunk))


def _is_array(collection: Collection) -> bool:
    return isinstance(collection, dask.array.Array)


def _align_arrays(
    X: Collection, others: dict[str, Collection]
) -> tuple[Collection, dict[str, Collection]]:
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


def _check_partitions(
    X: Collection, others: dict[str, Collection]
) -> tuple[Collection, dict[str, Collection]]:
    for name, other in others.items():
        if X.npartitions != other.npartitions:
            raise ValueError(
                f"X has {X.npartitions} partitions, but {name} has "
                f"{other.npartitions}: take both from one data frame, or repartition."
            )
    return X, others


def _parts(X: Any, **others: Any) -> list[Any]:
    return [X, *others.values()]


def _call(
    function: Callable[..., Any],
    names: tuple[str, ...],
    settings: dict[str, Any],
    X: Any,
    *others: Any,
) -> Any:
    return function(X, **dict(zip(names, others, strict=True)), **settings)


def _unless_empty(
    function: Callable[..., Any], meta: NDArray[Any], X: Any, /, **others: Any
) -> Any:
    """scikit-learn refuses to predict no rows."""
    return function(X, **others) if X.shape[0] else meta


def nbytes_of_chunk(X: Any, **others: Any) -> int:
    """Bytes of a chunk."""
    return sum(sizeof(part) for part in (X, *others.values()))


def _or_error(function: Callable[..., Any], X: Any, /, **others: Any) -> Any:
    """An error is a result as well, until the number of the chunk is known."""
    try:
        return function(X, **others)
    except ValueError as error:
        return error


def _add_chunks(first: int, results: Sequence[Any]) -> Any:
    for number, result in enumerate(results, first):
        if isinstance(result, ValueError):
            raise ValueError(f"In chunk {number} of the rows: {result}") from result
    return _add(results)


def _add(parts: Sequence[Any]) -> Any:
    return reduce(operator.add, parts)
