"""Wald tests of linear hypotheses, with what each of them says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

from .constant import ConstantInference
from .estimates import HypothesisTest, ParameterEstimates
from .hypotheses import Hypotheses
from .log_linear import LogLinearInference
from .table import aligned, rounded, shown_pvalue, shown_statistic

# What elimination leaves of a hypothesis that follows from the others, relative to its
# largest coefficient, in units in which all columns are of one size.
DEPENDENT = 1e-12

# Estimates whose correlation matrix has a smaller eigenvalue are one estimate less.
SINGULAR = 1e-12


@dataclass(frozen=True, eq=False)
class WaldTest(HypothesisTest):
    """Result of a Wald test: of all hypotheses together, and each on its own.

    ``str`` has the test in its first line (one for each target), then a table.

    Attributes
    ----------
    labels : tuple of str
        The h hypotheses as equations, such as ``"a - 2 b = 1"``.
    estimate : ndarray of shape (h,) or (t, h)
        Of the left-hand sides.
    standard_error : ndarray of shape (h,) or (t, h)
        NaN where the data do not determine it.
    interval : ndarray of shape (h, 2) or (t, h, 2)
        Confidence limits of the left-hand sides.
    level : float
        Probability of the intervals.
    hypothesised : ndarray of shape (h,)
        The right-hand sides.
    target_names : tuple of str, or None
        Columns of the y of the fit, if it was a data frame.
    """

    labels: tuple[str, ...]
    estimate: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    interval: NDArray[np.float64]
    level: float
    hypothesised: NDArray[np.float64]
    target_names: tuple[str, ...] | None = None

    def __str__(self) -> str:
        lines = super().__str__().splitlines()
        h = len(self.labels)
        targets = zip(
            self.estimate.reshape(-1, h),
            self.standard_error.reshape(-1, h),
            self.interval.reshape(-1, h, 2),
            strict=True,
        )
        for number, target in enumerate(targets):
            lines.append("")
            if self.estimate.ndim > 1:
                label = self.target_names[number] if self.target_names else number
                lines.append(f"Target {label}")
            lines += self._table(*target)
        return "\n".join(lines)

    __repr__ = __str__

    def _table(
        self,
        estimates: NDArray[np.float64],
        errors: NDArray[np.float64],
        intervals: NDArray[np.float64],
    ) -> list[str]:
        letter = "t" if self.distribution == "F" else "z"
        header = ["", "estimate", "std. error", letter, "p-value"]
        header += [f"{100 * self.level:g} % interval", ""]
        distribution = stats.norm()
        if self.distribution == "F":
            distribution = stats.t(self.degrees_of_freedom[1])
        rows = []
        for label, estimate, error, limits, value in zip(
            self.labels, estimates, errors, intervals, self.hypothesised, strict=True
        ):
            shown, spread, *ends = rounded([estimate, error, *limits], error)
            distance = (estimate - value) / error
            pvalue = 2.0 * distribution.sf(np.abs(distance))
            test = [shown_statistic(distance), shown_pvalue(pvalue)]
            rows.append([label, shown, spread, *test, *ends])
        return aligned(header, rows)


def wald_test(
    known: ConstantInference | LogLinearInference,
    hypotheses: Hypotheses,
    kind: str,
    level: float,
    *,
    rows: Any = None,
    groups: Any = None,
    vector_target: bool = True,
    target_names: tuple[str, ...] | None = None,
) -> WaldTest:
    """The test of what is known of the parameters."""
    independent, values = _echelon(hypotheses.contrasts, hypotheses.values)
    both = np.vstack([hypotheses.contrasts, independent])
    count, freedom = len(independent), known.degrees_of_freedom(kind, groups)
    covariances = known.contrast_covariances(both, kind, rows, groups)
    estimates = known.values @ both.T
    single = [
        ParameterEstimates(
            hypotheses.labels, estimate[:count], covariance[:count, :count], freedom
        )
        for estimate, covariance in zip(estimates, covariances, strict=True)
    ]
    statistic = np.array(
        [
            _squared_distance(estimate[count:] - values, covariance[count:, count:])
            for estimate, covariance in zip(estimates, covariances, strict=True)
        ]
    )
    if np.isinf(freedom):
        pvalue = stats.chi2.sf(statistic, count)
    else:
        statistic = statistic / count
        pvalue = stats.f.sf(statistic, count, freedom)
    shape = 0 if vector_target else slice(None)
    return WaldTest(
        float(statistic[0]) if vector_target else statistic,
        float(pvalue[0]) if vector_target else pvalue,
        "chi2" if np.isinf(freedom) else "F",
        (count,) if np.isinf(freedom) else (count, freedom),
        hypotheses.labels,
        np.stack([one.values for one in single])[shape],
        np.stack([one.standard_errors for one in single])[shape],
        np.stack([one.interval(level) for one in single])[shape],
        level,
        hypotheses.values,
        target_names,
    )


def _squared_distance(
    distance: NDArray[np.float64], covariance: NDArray[np.float64]
) -> float:
    """``d' V^-1 d``, NaN where V is not known."""
    if not np.isfinite(covariance).all():
        return np.nan
    # In units of their standard errors, so that the condition does not depend on the
    # units of the parameters.
    errors = np.sqrt(np.diagonal(covariance))
    correlation = covariance / np.outer(errors, errors)
    if not np.linalg.eigvalsh(correlation)[0] >= SINGULAR * len(correlation):
        raise ValueError(
            f"The estimates of the {len(errors)} hypotheses have a singular covariance "
            "matrix: test fewer of them together. With kind='cluster' there are fewer "
            "than groups."
        )
    along = linalg.solve_triangular(
        np.linalg.cholesky(correlation), distance / errors, lower=True
    )
    return float(along @ along)


def _echelon(
    contrasts: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Equivalent hypotheses, each with a parameter that no other has.

    By Gauss and Jordan's elimination, with the largest coefficient as pivot when
    columns and rows are brought to one size: units of the parameters decide neither
    what is independent, nor how many digits the test has. The estimates of ``b + c``
    and ``b - c`` are the same to all digits when c is a million times as uncertain as
    b; those of b and c are not.
    """
    sizes = np.abs(contrasts).max(axis=0)
    columns = np.where(sizes > 0, sizes, 1.0)
    system = np.column_stack([contrasts, values])
    system = system / np.abs(contrasts / columns).max(axis=1)[:, None]
    open_rows = np.ones(len(system), dtype=bool)
    for _ in range(len(system)):
        scaled = np.abs(system[:, :-1] / columns) * open_rows[:, None]
        row, column = np.unravel_index(np.argmax(scaled), scaled.shape)
        if scaled[row, column] <= DEPENDENT:
            raise ValueError(
                f"The {len(system)} hypotheses are linearly dependent: remove those "
                "that follow from the others."
            )
        open_rows[row] = False
        system[row] /= system[row, column]
        for other in np.flatnonzero(system[:, column]):
            if other != row:
                system[other] -= system[other, column] * system[row]
                system[other, column] = 0.0
    return system[:, :-1], system[:, -1]
