"""The main job: real sales, all rows, all predictors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sklearn_gml import GaussianMLRegressor

DATA = Path(__file__).parents[2] / "examples" / "data" / "house_prices.csv"


@pytest.fixture(scope="module")
def houses():
    frame = pd.read_csv(DATA)
    answers = frame.select_dtypes(exclude="number").columns
    frame[answers] = (frame[answers] == "yes").astype(float)
    return frame.drop(columns="price"), frame["price"]


def test_loglik_of_raw_and_logarithmic_lot_size(houses):
    X, price = houses
    assert X.shape == (546, 11)
    raw = GaussianMLRegressor().fit(X, price)
    logarithmic = GaussianMLRegressor().fit(
        X.assign(lotsize=np.log(X["lotsize"])), price
    )
    # Computed independently, to the digits known.
    assert raw.loglik_ == pytest.approx(-6034.0940, abs=5e-5)
    assert logarithmic.loglik_ == pytest.approx(-6031.2336, abs=5e-5)
    assert list(raw.feature_names_in_) == list(X.columns)
