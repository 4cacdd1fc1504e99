"""Axes and colours of the displays; the one place that imports matplotlib."""

import numpy as np

# Okabe and Ito's palette, told apart by colour-blind readers.
BLUE, VERMILION, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "0.25"
CHANCE = 0.95  # what the bands of chance hold, at each place


def import_pyplot():
    """matplotlib.pyplot, or an error that says how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Displays are drawn with matplotlib, which is not installed: install the "
            "extra 'plot', pip install 'sklearn-gml[plot]'."
        ) from error
    return plt


def one_axes(ax):
    """The given axes, or those of a new figure."""
    plt = import_pyplot()
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def two_axes(ax):
    """The given pair of axes, or the halves of a new figure."""
    plt = import_pyplot()
    if ax is None:
        _, ax = plt.subplots(1, 2, layout="constrained")
    axes = np.ravel(ax)
    if len(axes) != 2:
        raise ValueError(f"ax must be a pair of axes, got {len(axes)}.")
    return axes


def name_of(data, default):
    """The name of a series, if it has one."""
    name = getattr(data, "name", None)
    return default if name is None else str(name)
