"""Statistics as plain lists, numbers and strings, and back, to the last bit.

Whoever reads such a dictionary did not write it: everything that a fit relies on
is checked here, once, so that nothing else has to.
"""

from numbers import Integral, Real

import numpy as np

# A new version for every change of the fields or of their meaning.
FORMAT, VERSION = "GaussianStatistics", 1

ARRAYS = ("factor", "origin")


def to_plain(fields):
    """The fields of statistics as a dictionary for ``json.dumps``."""
    plain = {
        name: value.tolist() if name in ARRAYS else value
        for name, value in fields.items()
    }
    if plain["feature_names"] is not None:
        plain["feature_names"] = [str(name) for name in plain["feature_names"]]
    return {"format": FORMAT, "version": VERSION, **plain}


def from_plain(plain, names):
    """The fields of these names that :func:`to_plain` wrote.

    Raises
    ------
    ValueError
        That says what is wrong with the dictionary.
    """
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise ValueError(
            "This is not the dictionary of a GaussianStatistics: to_dict() makes one "
            f"with 'format': {FORMAT!r}."
        )
    if plain.get("version") != VERSION:
        raise ValueError(
            f"The statistics have version {plain.get('version')!r}, but this "
            f"sklearn_gml reads version {VERSION}: make them again, or install the "
            "sklearn_gml that wrote them."
        )
    fields = {name: plain[name] for name in plain.keys() - {"format", "version"}}
    if fields.keys() != names:
        raise ValueError(
            f"The entries of the statistics are {sorted(fields)}, expected are "
            f"{sorted(names)}."
        )
    for name in ARRAYS:
        fields[name] = _array(name, fields[name])
    if not fields["factor"].size:
        # A list of no rows does not say how long they are.
        fields["factor"] = np.empty((0, 1 + fields["origin"].size))
    if fields["feature_names"] is not None:
        fields["feature_names"] = tuple(fields["feature_names"])
    for wrong in _contradictions(**fields):
        raise ValueError(f"These are no statistics of rows: {wrong}.")
    return fields


def _array(name, values):
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a list of numbers: {error}") from error
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has entries that are not finite.")
    return array


def _contradictions(
    factor, origin, sum_weights, log_scale, n_samples, n_features, feature_names, **_
):
    """What cannot be true of statistics, in words."""
    width = 1 + origin.size
    if origin.ndim != 1 or factor.shape != (min(len(factor), width), width):
        yield f"factor has shape {factor.shape}, origin {origin.shape}"
    elif np.tril(factor, -1).any() or np.any(np.diagonal(factor) < 0):
        yield "factor is not upper triangular with a non-negative diagonal"
    for name, value, kind in (
        ("sum_weights", sum_weights, Real),
        ("n_samples", n_samples, Integral),
        ("n_features", n_features, Integral),
    ):
        if not isinstance(value, kind) or not 0 <= value < np.inf:
            yield f"{name} is {value!r}"
    if not isinstance(log_scale, Real) or not np.isfinite(log_scale):
        yield f"log_scale is {log_scale!r}"
    if not n_features < origin.size:
        yield f"origin has {origin.size} entries for {n_features} features and y"
    if feature_names is not None and len(feature_names) != n_features:
        yield f"there are {len(feature_names)} names for {n_features} features"
    if len({len(factor) > 0, n_samples > 0, sum_weights > 0}) > 1:
        yield (
            f"factor has {len(factor)} rows, n_samples is {n_samples} and sum_weights "
            f"{sum_weights}"
        )
