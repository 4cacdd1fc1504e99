"""Fits of Dask collections whose y is known in part."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._data.density_sums import SecondOrder, sums_of_rows, total_second_order
from .._data.limits import Limits, Pair
from .._data.rows import Rows
from .._data.validation import validate_training_data
from .._estimator.censoring import (
    censored_objectives,
    check_combinations,
    limits_of_fit,
    row_counts,
)
from .._estimator.fitting import maximum
from .._inference.censored import RowCounts
from .._inference.fit import Fit, FitSettings
from .._likelihood.censored import CensoredObjective
from .chunks import ChunkedRows, nbytes_of_chunk
from .statistics import statistics_of_chunk


def fit_chunks_known_in_part(
    rows: ChunkedRows, settings: FitSettings, positions: NDArray[np.intp] | None
) -> Fit | None:
    """The fit of all chunks; None if all y are known."""
    check_combinations(settings)
    with ExitStack() as held:
        rows = held.enter_context(rows.held(rows.nbytes))
        summary = rows.sum(_summary, columns=rows.columns, settings=settings).compute()
        statistics, counted, counts, limited, nbytes = summary
        if not statistics.n_samples:
            raise ValueError("The collections are those of no rows.")
        if settings.truncation is None and not counts[:, 1:].any():
            return None
        rows = held.enter_context(rows.held(nbytes))
        return maximum(
            censored_objectives(
                rows,
                _ChunkedLimits(settings, ~limited.all(axis=1)),
                counted,
                statistics,
                settings,
                positions,
                _ChunkedObjective,
            ),
            settings,
            statistics=statistics,
            rows=rows,
            positions=positions,
            counts=tuple(RowCounts(*one.tolist()) for one in counts),
            vector_target=statistics.vector_target,
            feature_names=statistics.feature_names,
        )


@dataclass(frozen=True)
class _ChunkedLimits:
    """What is known of y, for the objective alone: chunks find their own limits."""

    settings: FitSettings
    one_sided: NDArray[np.bool_]

    @property
    def seen(self) -> Pair:
        return self.settings.limits[1]

    def all_on_one_side(self, rows: Any, target: int) -> bool:
        return bool(self.one_sided[target])


@dataclass(frozen=True, eq=False)
class _ChunkedSums:
    """The sums over all chunks: one pass over the rows for each point."""

    rows: ChunkedRows
    options: dict

    def second_order(self, mean: NDArray, noise: NDArray) -> SecondOrder:
        total = self.rows.sum(
            _second_order, parameters=(mean, noise), **self.options
        ).compute()
        return SecondOrder(*total)


class _ChunkedObjective(CensoredObjective):
    """The same likelihood, its sums made where the chunks are."""

    @staticmethod
    def sums_of(rows, limits, target, origin, mean, noise, link):
        described = {"target": target, "origin": origin, "link": link}
        predictors = {"mean": mean, "noise": noise}
        options = {"settings": limits.settings, **described, **predictors}
        return [_ChunkedSums(rows, options)]


def _known_rows(
    X,
    y,
    sample_weight=None,
    noise_scale=None,
    y_lower=None,
    y_upper=None,
    *,
    settings,
) -> tuple[Rows, Limits, bool] | None:
    """Rows of a chunk, their limits and whether y is a vector; None: no row counts."""
    if not X.shape[0] or (sample_weight is not None and not np.any(sample_weight)):
        return None
    data = validate_training_data(X, y, sample_weight, noise_scale)
    given = (
        None if bound is None else np.asarray(bound) for bound in (y_lower, y_upper)
    )
    limits = limits_of_fit(settings, data.y, *given, data.sample_weight)
    rows = Rows.of(data.X, data.y, data.sample_weight, data.noise_scale)
    typical = limits.typical(rows.y)
    return replace(rows, y=typical), limits, data.y.ndim == 1


def _summary(
    X, y, sample_weight=None, noise_scale=None, *, columns, settings, **bounds
):
    """Statistics with and without noise scales, counts, limits, bytes of a chunk."""
    known = _known_rows(X, y, sample_weight, noise_scale, settings=settings, **bounds)
    n_targets = y.shape[1] if y.ndim == 2 else 1
    counts, limited = np.zeros((n_targets, 5)), np.zeros((n_targets, 2))
    if known is not None:
        rows, limits, is_vector = known
        y = rows.y[:, 0] if is_vector else rows.y
        counts = np.array(
            [list(vars(one).values()) for one in row_counts(rows, limits)]
        )
        for side, bound in enumerate((limits.lower, limits.upper)):
            counted = slice(None) if rows.frequency is None else rows.frequency > 0
            limited[:, side] = np.isfinite(bound[counted]).any(axis=0)
    scaled = statistics_of_chunk(X, y, sample_weight, noise_scale, columns=columns)
    counted = statistics_of_chunk(X, y, sample_weight, columns=columns)
    others = {"y": y, "sample_weight": sample_weight, "noise_scale": noise_scale}
    others = {k: v for k, v in {**others, **bounds}.items() if v is not None}
    # As objects, they add up one by one.
    parts = np.empty(5, dtype=object)
    parts[:] = [scaled, counted, counts, limited, nbytes_of_chunk(X, **others)]
    return parts


def _second_order(
    X, y, *, settings, target, origin, mean, noise, link, parameters, **others
):
    """What a chunk adds to value, gradient and information."""
    known = _known_rows(X, y, settings=settings, **others)
    if known is None:
        return 0
    rows, limits, _ = known
    sums = sums_of_rows(rows, limits, target, origin, mean, noise, link)
    if not sums:
        return 0
    total = total_second_order(sums, *parameters)
    parts = np.empty(5, dtype=object)
    parts[:] = [
        total.value,
        total.magnitude,
        total.gradient,
        total.information,
        total.n_at_floor,
    ]
    return parts
