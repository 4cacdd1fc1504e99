"""
======================================
Neighbours: an R formula in a pipeline
======================================

R says a model in a line: ``price ~ log(lotsize) * bedrooms + C(stories)``. formulaic
reads such lines. A transformer of a dozen lines puts it in front of a regressor, so
that cross-validation, searches and tables of coefficients know the terms by name.

The page needs ``formulaic``.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from formulaic import model_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_gml import GaussianMLRegressor, likelihood_ratio_test, pipeline_summary
from sklearn_gml.metrics import loglik_scorer

# %%
# The transformer
# ---------------
# The intercept is the regressor's. Levels of factors and knots of splines are learned
# in ``fit`` and kept, so that new rows get the same columns.


class Formula(TransformerMixin, BaseEstimator):
    """The right-hand side of an R formula."""

    def __init__(self, formula):
        self.formula = formula

    def fit(self, X, y=None):
        self.spec_ = model_matrix(self.formula, X).model_spec
        return self

    def transform(self, X):
        return self.spec_.get_model_matrix(X).drop(columns="Intercept")

    def get_feature_names_out(self, input_features=None):
        names = [name for name in self.spec_.column_names if name != "Intercept"]
        return np.array(names, dtype=object)


# %%
# Terms by their names
# --------------------

houses = pd.read_csv(Path(__file__).parent / "data" / "house_prices.csv")
price = np.log(houses["price"])
small = make_pipeline(
    Formula("log(lotsize) + C(stories) + aircon"), GaussianMLRegressor()
).fit(houses, price)
print(pipeline_summary(small))

# %%
# Nested formulas are nested models
# ---------------------------------
# Is the worth of air conditioning another in larger houses? The likelihoods say.

large = make_pipeline(
    Formula("log(lotsize) * aircon + C(stories)"), GaussianMLRegressor()
).fit(houses, price)
test = likelihood_ratio_test(small, large)
print(test)

# %%
# A search over formulas
# ----------------------
# The formula is a parameter like any other.

size = "log(lotsize)"
spline = "bs(log(lotsize), df=5, extrapolation='extend')"
some, rest = "C(stories) + aircon", "bedrooms + bathrooms + garage"
formulas = [
    size,
    f"{size} + {some}",
    f"{size} + {some} + {rest}",
    f"{spline} + {some} + {rest}",
]
search = GridSearchCV(
    small, {"formula__formula": formulas}, scoring=loglik_scorer, cv=5
).fit(houses, price)
scores = search.cv_results_["mean_test_score"]
for formula, score in zip(formulas, scores, strict=True):
    print(f"{score:7.4f}  {formula}")

labels = ["size", "and stories, air", "and rooms, garage", "and a spline of size"]
figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
axes.barh(labels[::-1], scores[::-1] - scores[0], color="#0072B2")
axes.set_xlabel("held-out log-likelihood a house above the first formula (nats)")
axes.spines[["top", "right"]].set_visible(False)
plt.show()
