"""The table of what was learned: as text, as HTML, as a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .estimates import TINY, ParameterEstimates

if TYPE_CHECKING:
    from pandas import DataFrame

# Estimates are shown to two digits of their standard error: the third has no meaning.
ERROR_DIGITS = 2

# More places after the point (or zeros before it), or more digits before it, are
# shown with an exponent.
MAX_PLACES, MAX_DIGITS = 6, 10

# Statistics beyond this are shown to three digits, p-values below this with an
# exponent.
MAX_STATISTIC, SMALL_PVALUE = 1e5, 1e-4

# Characters of a line of notes.
LINE = 79


@dataclass(frozen=True, eq=False)
class TargetSummary:
    """What was learned about one target.

    Attributes
    ----------
    estimates : ParameterEstimates
    interval : ndarray of shape (k, 2)
        Limits of each parameter.
    figures : dict of str to str
        Figures of this target alone, ready to print.
    """

    estimates: ParameterEstimates
    interval: NDArray[np.float64]
    figures: dict[str, str]


@dataclass(frozen=True, eq=False)
class Summary:
    """The table of a fitted model: ``print`` it, or let a notebook show it.

    Estimates and their intervals are rounded to ``digits`` of the standard error,
    here and not in :meth:`to_frame`.

    Attributes
    ----------
    title : str
    figures : dict of str to str
        Figures of the whole fit, ready to print.
    targets : tuple of TargetSummary
    level : float
        Probability of the intervals.
    posterior : bool
        Whether the table describes a posterior, of which there are no tests.
    notes : tuple of str
    target_names : tuple of str, or None
        Columns of the y of the fit, if it was a data frame.
    digits : int
        Digits of the standard errors that are shown.
    """

    title: str
    figures: dict[str, str]
    targets: tuple[TargetSummary, ...]
    level: float
    posterior: bool
    notes: tuple[str, ...]
    target_names: tuple[str, ...] | None = None
    digits: int = ERROR_DIGITS

    @property
    def target_labels(self) -> tuple[str | int, ...]:
        """Names of the targets, or their numbers."""
        return self.target_names or tuple(range(len(self.targets)))

    def to_frame(self) -> DataFrame:
        """The table as numbers, with all their digits.

        Returns
        -------
        pandas.DataFrame
            A row for each parameter, indexed by its name (with several targets by
            target and name). Columns ``estimate``, ``standard_error``, ``statistic``,
            ``pvalue``, ``low``, ``high``; without the two of the test for a posterior.

        Raises
        ------
        ImportError
            Without pandas.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "to_frame needs pandas, which the extra 'examples' installs: "
                "pip install 'sklearn-gml[examples]'."
            ) from error
        frames = [
            pd.DataFrame(self._columns(target), index=list(target.estimates.names))
            for target in self.targets
        ]
        if len(frames) == 1:
            return frames[0]
        return pd.concat(frames, keys=self.target_labels, names=["target", "parameter"])

    def _columns(self, target: TargetSummary) -> dict[str, NDArray[np.float64]]:
        estimates = target.estimates
        columns = {
            "estimate": estimates.values,
            "standard_error": estimates.standard_errors,
        }
        if not self.posterior:
            columns["statistic"] = estimates.statistics
            columns["pvalue"] = estimates.pvalues
        columns["low"], columns["high"] = target.interval.T
        return columns

    def _header(self, target: TargetSummary) -> list[str]:
        header = (
            ["", "mean", "sd"] if self.posterior else ["", "estimate", "std. error"]
        )
        if not self.posterior:
            letter = "z" if np.isinf(target.estimates.degrees_of_freedom) else "t"
            header += [letter, "p-value"]
        return [*header, f"{100 * self.level:g} % interval", ""]

    def _rows(self, target: TargetSummary) -> Iterator[list[str]]:
        """Cells of the table as text, a list for each row."""
        columns = self._columns(target)
        rows = zip(*columns.values(), strict=True)
        for name, values in zip(target.estimates.names, rows, strict=True):
            row = dict(zip(columns, values, strict=True))
            shown = [row[key] for key in ("estimate", "standard_error", "low", "high")]
            estimate, error, *limits = rounded(
                shown, row["standard_error"], self.digits
            )
            cells = [name, estimate, error]
            if not self.posterior:
                cells += [
                    shown_statistic(row["statistic"]),
                    shown_pvalue(row["pvalue"]),
                ]
            yield [*cells, *limits]

    def __str__(self) -> str:
        lines = [self.title, _line(self.figures)]
        for label, target in zip(self.target_labels, self.targets, strict=True):
            lines.append("")
            if len(self.targets) > 1:
                lines.append(f"Target {label}")
            lines += [_line(target.figures), ""]
            lines += aligned(self._header(target), list(self._rows(target)))
        lines.append("")
        for note in self.notes:
            lines += wrap(note, LINE)
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [f"<p><b>{escape(self.title)}</b><br>{escape(_line(self.figures))}</p>"]
        for label, target in zip(self.target_labels, self.targets, strict=True):
            caption = escape(_line(target.figures))
            if len(self.targets) > 1:
                caption = f"Target {escape(str(label))}: {caption}"
            *header, interval, _ = self._header(target)
            head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
            head += f'<th colspan="2">{escape(interval)}</th>'
            body = "".join(
                f"<tr><th>{escape(name)}</th>"
                + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
                + "</tr>"
                for name, *cells in self._rows(target)
            )
            parts.append(
                f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
                f"<tbody>{body}</tbody></table>"
            )
        parts += [f"<p>{escape(note)}</p>" for note in self.notes]
        return "\n".join(parts)


def rounded(
    values: Sequence[float], error: float, digits: int = ERROR_DIGITS
) -> list[str]:
    """``values`` as text, to digits of ``error``; "-" for what is not known.

    All with an exponent, if one of them would have too many digits without.
    """
    if not np.isfinite(error) or error == 0.0:
        return [f"{value:.4g}" if np.isfinite(value) else "-" for value in values]
    exponent = int(f"{error:.{digits - 1}e}".partition("e")[2])
    places = digits - 1 - exponent
    largest = max(map(abs, values))
    more = max(0, digits - ERROR_DIGITS)
    if abs(places) > MAX_PLACES + more or largest >= 10.0**MAX_DIGITS:
        return [_with_exponent(value, places) for value in values]
    # Adding zero turns a rounded -0.0 into 0.0.
    return [f"{round(value, places) + 0.0:.{max(places, 0)}f}" for value in values]


def _with_exponent(value: float, places: int) -> str:
    if abs(value) < 0.5 * 10.0**-places:
        return "0"
    leading = int(f"{value:e}".partition("e")[2])
    return f"{value:.{max(leading + places, 0)}e}"


def shown_statistic(value: float) -> str:
    if not np.isfinite(value):
        return "-"
    return f"{value:.2f}" if abs(value) < MAX_STATISTIC else f"{value:.3g}"


def shown_pvalue(value: float) -> str:
    if not np.isfinite(value):
        return "-"
    if value < TINY:
        return f"< {TINY:g}"
    return f"{value:.2g}" if value >= SMALL_PVALUE else f"{value:.1e}"


def _line(figures: dict[str, str]) -> str:
    return "   ".join(f"{name} {value}" for name, value in figures.items())


def aligned(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table whose numbers stand with their decimal points in a column."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    for head, column in zip(header[1:], columns[1:], strict=True):
        if head == "p-value":
            continue
        after = [len(cell.partition(".")[2]) + ("." in cell) for cell in column]
        column[:] = [
            cell + " " * (max(after) - own)
            for cell, own in zip(column, after, strict=True)
        ]
    # The name of the interval stands over both of its columns.
    widths = [max(map(len, column)) for column in columns]
    for place in range(len(header) - 2):
        widths[place] = max(widths[place], len(header[place]))
    widths[-2] = max(widths[-2], len(header[-2]) - widths[-1] - 2)
    lines = [
        [f"{name:{widths[0]}}"]
        + [f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True)]
        for name, *cells in zip(*columns, strict=True)
    ]
    heads = [
        f"{head:>{width}}" for head, width in zip(header, widths[:-2], strict=False)
    ]
    heads.append(f"{header[-2]:>{widths[-2] + widths[-1] + 2}}")
    return ["  ".join(line).rstrip() for line in [heads, *lines]]
