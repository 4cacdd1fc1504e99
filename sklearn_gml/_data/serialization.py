"""Statistics as plain lists, numbers and strings, and back, to the last bit.

Whoever reads such a dictionary did not write it: everything that a fit relies on
is checked here, once, so that nothing else has to.
"""

import sys
from numbers import Integral, Real

import numpy as np

# A new version for every change of the fields or of their meaning.
FORMAT, VERSION = "GaussianStatistics", 1

ARRAYS = ("factor", "origin")

# Squares of larger entries overflow on the way to a likelihood.
LARGEST = 1e152


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
    version = plain.get("version")
    if not _is_number(version, Integral) or version != VERSION:
        raise ValueError(
            f"The statistics have version {version!r}, but this "
            f"sklearn_gml reads version {VERSION}: make them again, or install the "
            "sklearn_gml that wrote them."
        )
    fields = {name: plain[name] for name in plain.keys() - {"format", "version"}}
    if fields.keys() != names:
        raise ValueError(
            f"The entries of the statistics are {sorted(fields, key=str)}, "
            f"expected are {sorted(names)}."
        )
    for name in ARRAYS:
        fields[name] = _array(name, fields[name])
    if not fields["factor"].size:
        # A list of no rows does not say how long they are.
        fields["factor"] = np.empty((0, 1 + fields["origin"].size))
    names = fields["feature_names"]
    if names is not None:
        texts = isinstance(names, list | tuple)
        if not texts or not all(isinstance(name, str) for name in names):
            raise ValueError(f"feature_names must be a list of strings, got {names!r}.")
        fields["feature_names"] = tuple(names)
    for wrong in _contradictions(**fields):
        raise ValueError(f"These are no statistics of rows: {wrong}.")
    return fields


def _is_number(value, kind=Real):
    """Whether it is a number that a float can hold; booleans are none."""
    if isinstance(value, bool) or not isinstance(value, kind):
        return False
    return abs(value) <= sys.float_info.max


def _array(name, values):
    try:
        entries = np.asarray(values, dtype=object)
    except ValueError as error:
        raise ValueError(f"{name} must be a list of numbers: {error}") from error
    if not entries.ndim:
        raise ValueError(f"{name} must be a list of numbers, got {values!r}.")
    for entry in entries.flat:
        if not isinstance(entry, Real) or isinstance(entry, bool):
            raise ValueError(f"{name} must be a list of numbers, got {entry!r}.")
        if not _is_number(entry):
            raise ValueError(f"{name} has entries that are not finite.")
    return entries.astype(np.float64)


def _contradictions(
    factor,
    origin,
    sum_weights,
    log_scale,
    n_samples,
    n_features,
    feature_names,
    vector_target,
):
    """What cannot be true of statistics, in words."""
    width = 1 + origin.size
    if origin.ndim != 1 or factor.shape != (min(len(factor), width), width):
        yield f"factor has shape {factor.shape}, origin {origin.shape}"
    elif np.tril(factor, -1).any() or np.any(np.diagonal(factor) < 0):
        yield "factor is not upper triangular with a non-negative diagonal"
    elif len(factor) and not factor[0, 0] > 0:
        yield "the first entry of factor, the root of the sum of weights, is zero"
    elif len(factor) and np.abs(factor).max() / factor[0, 0] > LARGEST:
        yield f"factor has entries more than {LARGEST:g} times its first"
    for name, value, kind in (
        ("sum_weights", sum_weights, Real),
        ("n_samples", n_samples, Integral),
        ("n_features", n_features, Integral),
    ):
        if not _is_number(value, kind) or value < 0:
            yield f"{name} is {value!r}"
            return
    if not _is_number(log_scale):
        yield f"log_scale is {log_scale!r}"
    if not isinstance(vector_target, bool):
        yield f"vector_target is {vector_target!r}"
    n_targets = origin.size - n_features
    if n_targets < 1:
        yield f"origin has {origin.size} entries for {n_features} features and y"
    if vector_target and n_targets > 1:
        yield f"vector_target is True with {n_targets} targets"
    if feature_names is not None and len(feature_names) != n_features:
        yield f"there are {len(feature_names)} names for {n_features} features"
    if len({len(factor) > 0, n_samples > 0, sum_weights > 0}) > 1:
        yield (
            f"factor has {len(factor)} rows, n_samples is {n_samples} and sum_weights "
            f"{sum_weights}"
        )
