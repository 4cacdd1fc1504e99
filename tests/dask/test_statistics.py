"""Statistics of the folds of Dask collections: those of arrays, in one pass."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import PredefinedSplit

from sklearn_gml import GaussianMLRegressorCV

da = pytest.importorskip("dask.array", reason="dask is an extra")
dd = pytest.importorskip("dask.dataframe", reason="dask is an extra")

from sklearn_gml.dask import fold_statistics  # noqa: E402


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 4)) + 3.0
    y = X @ [1.0, 0.5, 0.0, -0.2] + 2.0 * rng.standard_normal(300)
    return X, y, rng.integers(0, 3, 300) * 1.0, rng.uniform(0.5, 2.0, 300)


def same(model, expected):
    assert model.alpha_ == pytest.approx(expected.alpha_, rel=1e-7)
    for fold in range(model.n_splits_):
        name = f"split{fold}_test_score"
        np.testing.assert_allclose(
            model.cv_results_[name], expected.cv_results_[name], rtol=1e-11
        )
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-8)


def test_every_chunk_is_cut_into_folds(data):
    X, y, weight, scale = data
    sizes = (100, 150, 50)
    folds = np.concatenate([np.arange(size) * 5 // size for size in sizes])
    arrays = [da.from_array(values, chunks=(sizes, *values.shape[1:]))
              for values in (X, y, weight, scale)]  # fmt: skip
    parts = fold_statistics(
        *arrays[:2], 5, sample_weight=arrays[2], noise_scale=arrays[3]
    )
    expected = GaussianMLRegressorCV(cv=PredefinedSplit(folds)).fit(X, y, weight, scale)
    same(GaussianMLRegressorCV().fit_statistics(parts), expected)


def test_folds_of_rows_and_data_frames(data):
    X, y, *_ = data
    folds = np.random.default_rng(1).integers(0, 3, 300)
    frame = pd.DataFrame(X, columns=list("abcd")).assign(y=y, fold=folds)
    chunked = dd.from_pandas(frame, npartitions=4)
    parts = fold_statistics(
        chunked[list("abcd")], chunked["y"], 3, folds=chunked["fold"]
    )
    expected = GaussianMLRegressorCV(cv=PredefinedSplit(folds)).fit(X, y)
    model = GaussianMLRegressorCV().fit_statistics(parts)
    same(model, expected)
    assert model.feature_names_in_.tolist() == list("abcd")


def test_rows_are_read_once(data):
    X, y, *_ = data
    read = []

    def seen(block):
        if block.size:
            read.append(len(block))
        return block

    lazy = da.from_array(X, chunks=(60, 4)).map_blocks(seen, meta=np.empty((0, 4)))
    fold_statistics(lazy, da.from_array(y, chunks=60), 4)
    assert sum(read) == 300


def test_small_chunks_leave_folds_empty_and_that_is_said(data):
    X, y = da.from_array(data[0][:4], chunks=(1, 4)), da.from_array(data[1][:4], 1)
    parts = fold_statistics(X, y, 2)
    assert sorted(part.n_samples for part in parts) == [0, 4]
    with pytest.raises(ValueError, match="has no rows"):
        GaussianMLRegressorCV().fit_statistics(parts)


def test_bad_folds(data):
    X, y = da.from_array(data[0], chunks=(60, 4)), da.from_array(data[1], chunks=60)
    with pytest.raises(ValueError, match="n_folds=1 must be two"):
        fold_statistics(X, y, 1)
    folds = da.from_array(np.arange(300) % 4, chunks=60)
    with pytest.raises(ValueError, match="In chunk 0 of the rows: folds has numbers"):
        fold_statistics(X, y, 3, folds=folds)
