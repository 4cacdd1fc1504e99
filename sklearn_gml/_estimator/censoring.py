"""Fits to rows whose y is known in part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._data.limits import Limits, checked_pair, limits_of
from .._data.rows import WIDE, Rows
from .._data.statistics import GaussianStatistics, statistics_of_rows
from .._inference.censored import RowCounts
from .._inference.fit import Fit, FitSettings
from .._likelihood.censored import CensoredObjective
from .fitting import maximum
from .prior import given_prior


def limits_of_fit(
    settings: FitSettings,
    y: NDArray,
    y_lower: ArrayLike | None = None,
    y_upper: ArrayLike | None = None,
    sample_weight: NDArray | None = None,
) -> Limits | None:
    """What is known of y under the settings of a fit; None if all y are observed."""
    censoring = checked_pair("censoring", settings.censoring)
    truncation = checked_pair("truncation", settings.truncation)
    given = (y_lower, y_upper, settings.censoring, settings.truncation)
    if all(one is None for one in given):
        return None
    counted = None if sample_weight is None else sample_weight > 0
    return limits_of(y, y_lower, y_upper, censoring, truncation, counted)


def fit_known_in_part(
    rows: Rows,
    limits: Limits,
    settings: FitSettings,
    *,
    positions: NDArray[np.intp] | None = None,
    vector_target: bool = True,
    feature_names: Sequence[str] | None = None,
    after_step: Callable | None = None,
) -> Fit:
    """The fit of rows in memory, some of them known in part."""
    check_combinations(settings, rows)
    counts = row_counts(rows, limits)
    described = {"vector_target": vector_target, "feature_names": feature_names}
    rows = replace(rows, y=limits.typical(rows.y))
    statistics = counted = statistics_of_rows(rows, **described)
    if rows.noise_scale is not None:
        # Whatever is known of the noise, columns are centred by frequency.
        counted = statistics_of_rows(replace(rows, noise_scale=None))
    objectives = censored_objectives(
        rows, limits, counted, statistics, settings, positions
    )
    return maximum(
        objectives,
        settings,
        statistics=statistics,
        rows=rows,
        positions=positions,
        counts=counts,
        after_step=after_step,
        **described,
    )


def censored_objectives(
    rows: Any,
    limits: Any,
    counted: GaussianStatistics,
    statistics: GaussianStatistics,
    settings: FitSettings,
    positions: NDArray[np.intp] | None,
    kind: type[CensoredObjective] = CensoredObjective,
) -> list[CensoredObjective]:
    """An objective for each target.

    ``counted`` are the statistics of the rows without their noise scales.
    """
    prior = given_prior(settings, statistics.n_features)
    columns = np.empty(0, dtype=np.intp) if positions is None else positions
    return [
        kind(
            rows,
            limits,
            counted,
            statistics,
            target,
            columns,
            fit_intercept=settings.fit_intercept,
            alpha=prior,
            noise_alpha=settings.noise_alpha,
            noise_floor=settings.noise_floor,
        )
        for target in range(statistics.n_targets)
    ]


def row_counts(rows: Rows, limits: Limits) -> tuple[RowCounts, ...]:
    """:class:`RowCounts` of each target."""
    lower, upper = np.isfinite(limits.lower), np.isfinite(limits.upper)
    exact = limits.lower == limits.upper
    if limits.seen[0] > -np.inf:
        # The limit within which all rows are seen is not what is known of this one.
        lower &= exact | (limits.lower > limits.seen[0])
    if limits.seen[1] < np.inf:
        upper &= exact | (limits.upper < limits.seen[1])
    masks = (
        exact,
        ~exact & upper & ~lower,
        ~exact & lower & ~upper,
        ~exact & lower & upper,
        ~exact & ~lower & ~upper,
    )
    if rows.frequency is None:
        sums = [np.count_nonzero(mask, axis=0) for mask in masks]
    else:
        sums = [rows.frequency @ mask for mask in masks]
    by_target = zip(*sums, strict=True)
    return tuple(RowCounts(*(float(count) for count in one)) for one in by_target)


def check_combinations(settings: FitSettings, rows: Rows | None = None) -> None:
    """Raise for settings, or rows, for which y must be known."""
    reasons = {
        "method": (
            "ml",
            "the likelihood with the coefficients integrated out has no closed form",
        ),
        "covariance": (
            "diagonal",
            "the probabilities of intervals of several targets have no closed form",
        ),
        "positive": (False, "bounded coefficients are those of least squares"),
    }
    for name, (allowed, reason) in reasons.items():
        value = getattr(settings, name)
        if value != allowed:
            raise ValueError(
                f"{name}={value!r} is not supported where y is known in part "
                f"(censoring, truncation, y_lower and y_upper): {reason}. Use "
                f"{name}={allowed!r}."
            )
    if settings.by_evidence:
        raise ValueError(
            f"alpha={settings.alpha!r} is not supported where y is known in part "
            "(censoring, truncation, y_lower and y_upper), because the coefficients "
            "cannot be integrated out in closed form: use a number, chosen by "
            "cross-validation with loglik_scorer."
        )
    if rows is not None and rows.is_wide_and_sparse:
        raise ValueError(
            "Limits of y (censoring, truncation, y_lower and y_upper) are not "
            f"supported for sparse X with {rows.n_features} columns, more than {WIDE}, "
            "because no matrix of columns by columns is formed: use fewer columns or "
            "dense X."
        )


def check_no_limits(settings: Any, method: str) -> None:
    """Raise if a method, which keeps statistics of y, is asked to fit with limits."""
    for name in ("censoring", "truncation"):
        value = getattr(settings, name)
        if value is not None:
            raise ValueError(
                f"{method} needs {name}=None, got {name}={value!r}: no statistics of "
                "fixed size say all of rows whose y is known in part. Use fit."
            )
