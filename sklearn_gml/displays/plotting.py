"""Axes and colours of the displays. Only this file imports matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito's palette, told apart by colour-blind readers.
BLUE, VERMILION, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "0.25"
COLORS = (BLUE, VERMILION, GREEN, "#CC79A7", "#E69F00", "#56B4E9")  # of several models
CHANCE = 0.95  # what the bands of chance hold, at each place
LEGEND_WIDTH = 20  # characters of a line in the legend of half a picture


def import_pyplot() -> Any:
    """matplotlib.pyplot, or an error that says how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Displays are drawn with matplotlib, which is not installed: install the "
            "extra 'plot', pip install 'sklearn-gml[plot]'."
        ) from error
    return plt


@contextmanager
def one_axes(ax: Any) -> Iterator[Any]:
    """The given axes, or those of a new figure, which an error closes."""
    plt = import_pyplot()
    if ax is not None:
        yield ax
        return
    figure, ax = plt.subplots(layout="constrained")
    with _closed_on_error(plt, figure):
        yield ax


@contextmanager
def two_axes(ax: Any) -> Iterator[NDArray]:
    """The given pair of axes, or the halves of a new figure, which an error closes."""
    plt = import_pyplot()
    if ax is not None:
        axes = np.ravel(ax)
        if len(axes) != 2:
            raise ValueError(f"ax must be a pair of axes, got {len(axes)}.")
        yield axes
        return
    figure, axes = plt.subplots(1, 2, layout="constrained")
    with _closed_on_error(plt, figure):
        yield axes


@contextmanager
def _closed_on_error(plt: Any, figure: Any) -> Iterator[None]:
    done = False
    try:
        yield
        done = True
    finally:
        if not done:
            plt.close(figure)


def name_of(data: Any, default: str) -> str:
    """The name of a series, if it has one."""
    name = getattr(data, "name", None)
    return default if name is None else str(name)


def short_lines(label: str | None) -> str | None:
    """A label in lines that fit half a picture."""
    return None if label is None else fill(label, LEGEND_WIDTH)


def drawable(values: NDArray, what: str) -> NDArray[np.bool_]:
    """Which rows can be drawn, with a warning that counts the others."""
    finite = np.isfinite(values)
    if not np.any(finite):
        raise ValueError(f"There is nothing to draw: {what} is finite in no row.")
    if not np.all(finite):
        lost = np.flatnonzero(~finite)
        shown = ", ".join(f"{row} ({values[row]:g})" for row in lost[:5])
        warnings.warn(
            f"{what} is not finite in {len(lost)} of {len(values)} rows, which are not "
            f"drawn: {shown}{', ...' if len(lost) > 5 else ''}.",
            UserWarning,
            stacklevel=4,
        )
    return finite


def first_free_color(taken: list, drawn: int) -> str:
    """The first colour of the palette that is not taken; from the start if all are."""
    same_color = import_pyplot().matplotlib.colors.same_color
    free = [
        color for color in COLORS if not any(same_color(color, one) for one in taken)
    ]
    return free[0] if free else COLORS[drawn % len(COLORS)]
