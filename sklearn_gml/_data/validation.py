"""Input checks that several public functions share; messages are scikit-learn's."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import _safe_indexing, check_array
from sklearn.utils.validation import _num_samples, validate_data

SPARSE_FORMATS = ("csr", "csc")

# Scales whose squares neither overflow nor hide the digits of others.
NOISE_SCALES = (1e-30, 1e30)


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Arrays of consistent length; X is not yet known to be finite.

    The sums over the rows show a missing value at no cost, so that X is not
    read once more just to look for one.
    """

    X: object
    y: np.ndarray
    sample_weight: np.ndarray | None
    noise_scale: np.ndarray | None
    feature_names: tuple | None
    target_names: tuple | None


class _AnyRegressor(RegressorMixin, BaseEstimator):
    """Stands in where no estimator is there to learn the features."""


def validate_training_data(
    X, y, sample_weight=None, noise_scale=None, *, estimator=None, reset=True
):
    """Check training input; an estimator learns its features from it, or with
    ``reset=False`` compares them with those that it knows.

    Rows of weight zero take no part: whatever they hold is not looked at.

    Raises
    ------
    ValueError
        In scikit-learn's words for wrong shapes, lengths, types and missing
        targets; for negative weights; for weights that are all zero; for noise
        scales that are not positive.
    """
    data = validate_batch(
        X, y, sample_weight, noise_scale, estimator=estimator, reset=reset
    )
    _check_some_weight(data.sample_weight)
    return data


def validate_batch(
    X, y, sample_weight=None, noise_scale=None, *, estimator=None, reset=True
):
    """The same for rows that may all have weight zero."""
    if estimator is None:
        estimator = _AnyRegressor()
    if sparse.issparse(y):
        raise ValueError("Sparse y is not supported: pass y.toarray().")
    columns = tuple(getattr(y, "columns", ()))
    target_names = columns if all(isinstance(name, str) for name in columns) else ()
    X, y = validate_data(
        estimator,
        X,
        _without_fill_values(y, sample_weight, 0.0),
        accept_sparse=SPARSE_FORMATS,
        dtype=[np.float64, np.float32],
        ensure_all_finite=False,
        multi_output=True,
        y_numeric=True,
        reset=reset,
    )
    names = getattr(estimator, "feature_names_in_", None)
    return TrainingData(
        X,
        y,
        _frequencies(sample_weight, X),
        validate_noise_scale(_without_fill_values(noise_scale, sample_weight, 1.0), X),
        None if names is None else tuple(names),
        target_names or None,
    )


def _without_fill_values(values, sample_weight, fill):
    """The values, ``fill`` where the weight is zero; as they are if unlike weights."""
    if values is None or not _some_are_zero(sample_weight, values):
        return values
    array = np.array(values)
    if array.dtype.kind != "f":
        return values
    array[np.asarray(sample_weight) == 0] = fill
    return array


def without_uncounted(sample_weight, *arrays):
    """``(sample_weight, *arrays)`` without the rows of weight zero; None stays None."""
    if not _some_are_zero(sample_weight, arrays[0]):
        return sample_weight, *arrays
    weight = np.asarray(sample_weight)
    counted = np.flatnonzero(weight)
    if not len(counted):
        return sample_weight, *arrays
    return tuple(
        None if array is None else _safe_indexing(array, counted)
        for array in (weight, *arrays)
    )


def _some_are_zero(sample_weight, values):
    """Whether these are weights of these rows, some of them zero."""
    if sample_weight is None:
        return False
    weight = np.asarray(sample_weight)
    if weight.ndim != 1 or weight.dtype.kind not in "fiu":
        return False
    return len(weight) == _num_samples(values) and not weight.all()


def validate_sample_weight(sample_weight, X):
    """Frequencies as float64, or None; not negative and not all zero."""
    weight = _frequencies(sample_weight, X)
    _check_some_weight(weight)
    return weight


def _check_some_weight(weight):
    if weight is not None and not weight.any():
        raise ValueError(
            "sample_weight is zero for every row: no rows are left to fit."
        )


def _frequencies(sample_weight, X):
    """Weights as scikit-learn checks them, but that all of them may be zero."""
    if sample_weight is None:
        return None
    n_samples = _num_samples(X)
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_samples, sample_weight)
    weight = check_array(
        sample_weight,
        ensure_2d=False,
        dtype=np.float64,
        order="C",
        input_name="sample_weight",
    )
    if weight.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array."
        )
    if weight.shape != (n_samples,):
        raise ValueError(
            f"sample_weight.shape == {weight.shape}, expected {(n_samples,)}!"
        )
    if weight.min(initial=0.0) < 0:
        raise ValueError("Negative values in data passed to `sample_weight`.")
    with np.errstate(over="ignore"):
        total = weight.sum()
    if not np.isfinite(total):
        raise ValueError(
            f"The sum of sample_weight overflows (the largest is {weight.max():.3g}): "
            "divide the weights by it."
        )
    return weight


def validate_noise_scale(noise_scale, X):
    """Relative standard deviations of the rows as float64, or None; positive."""
    if noise_scale is None:
        return None
    scale = check_array(
        np.atleast_1d(noise_scale),
        ensure_2d=False,
        dtype=np.float64,
        input_name="noise_scale",
    )
    if scale.shape != (X.shape[0],):
        raise ValueError(
            f"noise_scale has shape {scale.shape}, expected one number for each of "
            f"the {X.shape[0]} rows, {(X.shape[0],)}."
        )
    if scale.min() <= 0:
        raise ValueError(
            "noise_scale must be positive, got a smallest value of "
            f"{scale.min():g}. To leave rows out, use sample_weight=0."
        )
    low, high = NOISE_SCALES
    if scale.min() < low or scale.max() > high:
        raise ValueError(
            f"noise_scale must lie between {low:g} and {high:g}, got {scale.min():g} "
            f"to {scale.max():g}: it is relative, so divide it by its mean."
        )
    return scale


def as_shape(
    name: str, values: ArrayLike, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Values of this size in this shape."""
    array = np.asarray(values, dtype=np.float64)
    if array.size != np.prod(shape):
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}.")
    return array.reshape(shape)


def selected_positions(columns, n_features, feature_names=None):
    """Positions of the columns that ``columns`` selects, as an array of int."""
    listed = [columns] if isinstance(columns, str | Integral) else columns
    try:
        if isinstance(columns, bool):
            raise TypeError("names, positions, a mask or a slice are expected.")
        if not isinstance(listed, slice):
            listed = np.asarray(listed)
            if listed.ndim != 1:
                raise ValueError(f"it has {listed.ndim} dimensions.")
            if listed.dtype.kind in "OUS" or not listed.size:
                known = {name: at for at, name in enumerate(feature_names or ())}
                listed = np.array([known[name] for name in listed], dtype=np.intp)
        positions = np.arange(n_features)[listed]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        known = f"{n_features} columns"
        if feature_names is not None:
            known += f", {', '.join(feature_names)}"
        raise ValueError(
            f"columns={columns!r} does not select from {known}: {error}"
        ) from error
    if len(np.unique(positions)) < len(positions):
        raise ValueError(f"columns={columns!r} selects a column twice.")
    return positions
