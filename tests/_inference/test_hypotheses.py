"""Linear hypotheses as users write them, against contrasts written by hand."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_gml._inference.hypotheses import Hypotheses

NAMES = (
    "intercept",
    "bmi",
    "bp",
    "s5",
    "x0^2",
    "x0 x1",
    "C(a)[T.b]",
    "a-b",
    "2",
    "bmi2",
)


def row(**coefficients):
    contrast = np.zeros(len(NAMES))
    for position, value in coefficients.items():
        contrast[int(position[1:])] = value
    return contrast


@pytest.mark.parametrize(
    "given, rows, values",
    [
        ("bmi", [row(p1=1)], [0]),
        ("bmi = s5", [row(p1=1, p3=-1)], [0]),
        ("bmi == s5", [row(p1=1, p3=-1)], [0]),
        ("bmi - 2 bp = 1", [row(p1=1, p2=-2)], [1]),
        ("bmi - 2*bp - 1", [row(p1=1, p2=-2)], [1]),
        ("3 = bmi", [row(p1=-1)], [-3]),
        ("bmi = bp = 0", [row(p1=1, p2=-1), row(p2=1)], [0, 0]),
        ("bmi, bp = 2", [row(p1=1), row(p2=1)], [0, 2]),
        ("(bmi + bp) / 2 = -(s5 - 1)", [row(p1=0.5, p2=0.5, p3=1)], [1]),
        ("2(bmi - 1.5e1) = .5 bp", [row(p1=2, p2=-0.5)], [30]),
        ("2bmi=bmi2", [row(p1=2, p9=-1)], [0]),
        ("x0^2 = x0 x1", [row(p4=1, p5=-1)], [0]),
        ("3 C(a)[T.b] = `a-b`", [row(p6=3, p7=-1)], [0]),
        ("`2` - 2 = 0", [row(p8=1)], [2]),
        ("a-b", [row(p7=1)], [0]),
        (["bmi", "a-b", "2"], [row(p1=1), row(p7=1), row(p8=1)], [0, 0, 0]),
        (["bmi = 1", {"bp": 2}], [row(p1=1), row(p2=2)], [1, 0]),
        (np.array(["bmi", "bp"]), [row(p1=1), row(p2=1)], [0, 0]),
        (pd.Index(["bmi", "bp"]), [row(p1=1), row(p2=1)], [0, 0]),
        ({"bmi": 1, "bp": -1}, [row(p1=1, p2=-1)], [0]),
        ({"a-b": 1, "x0 x1": np.float32(-2)}, [row(p7=1, p5=-2)], [0]),
        (pd.Series({"bmi": 1, "a-b": 3}), [row(p1=1, p7=3)], [0]),
        (pd.DataFrame({"bp": [1, 0], "bmi": [0, 2]}), [row(p2=1), row(p1=2)], [0, 0]),
        (pl.DataFrame({"bp": [1, 0], "bmi": [0, 2]}), [row(p2=1), row(p1=2)], [0, 0]),
        (pd.DataFrame([row(p2=1), row(p3=1)]), [row(p2=1), row(p3=1)], [0, 0]),
        (row(p1=1), [row(p1=1)], [0]),
        ([list(row(p1=1)), list(row(p2=1))], [row(p1=1), row(p2=1)], [0, 0]),
    ],
)
def test_forms(given, rows, values):
    hypotheses = Hypotheses.of(given, NAMES)
    np.testing.assert_array_equal(hypotheses.contrasts, rows)
    np.testing.assert_array_equal(hypotheses.values, values)


@pytest.mark.parametrize(
    "given, message",
    [
        (3, "must not be 3. What would do"),
        (None, "must not be None. What would do"),
        (True, "must not be True"),
        (np.nan, "must not be nan"),
        (object(), "could not be read as numbers"),
        ({"bmi", "bp"}, "could not be read as numbers"),
        ([["bmi"]], "could not be read as numbers"),
        ([], "is empty"),
        ("", "a name or a number is missing"),
        ({}, "a row of zeros"),
        (np.zeros((1, 10)), "a row of zeros"),
        ("1 = 2", "a row of zeros"),
        ("bmi = bmi", "a row of zeros"),
        ({"bmi": np.nan}, "not finite"),
        (row(p1=np.inf), "not finite"),
        ({"bmi": "much"}, "no numbers"),
        ({"bmi": [1, 2]}, "where one coefficient is wanted"),
        ({"tea": 1}, r"do not exist: \['tea'\]"),
        ("bmi = tea", r"do not exist: \['tea'\] in"),
        ("bm = 0", r"do not exist: \['bm'\]"),
        ("bmi < 3", r"do not exist: \['<'\]"),
        (pd.DataFrame({"tea": [1]}), r"do not exist: \['tea'\]"),
        ([1.0, 0.0], "2 columns, but there are 10"),
        ([1, "bmi"], "mixes names or dicts"),
        ("bmi * bp = 0", "products of parameters are not linear"),
        ("bmi bp", "products of parameters"),
        ("bmi / 0", "only numbers other than zero divide"),
        ("1 / bmi", "only numbers other than zero divide"),
        ("(bmi", "a bracket is not closed"),
        ("bmi)", "'\\)' is not expected"),
        ("bmi =", "a name or a number is missing"),
        ("a-b = bmi", "write `a-b` in backticks"),
        (pd.DataFrame([[1, 2]], columns=["bmi", "bmi"]), "'bmi' twice"),
    ],
)
def test_whatever_else_is_an_error(given, message):
    with pytest.raises(ValueError, match=message):
        Hypotheses.of(given, NAMES)


@pytest.mark.parametrize(
    "given, values, message",
    [
        ("bmi = 1", 2.0, "in one place"),
        ("bmi", np.nan, "values must be finite"),
        ("bmi", "much", "values must be a number"),
        (["bmi", "bp"], [1.0, 2.0, 3.0], "each of the 2 hypotheses"),
    ],
)
def test_values_that_do_not_fit(given, values, message):
    with pytest.raises(ValueError, match=message):
        Hypotheses.of(given, NAMES, values)


def test_values_are_those_of_contrasts():
    hypotheses = Hypotheses.of(["bmi", {"bp": 2, "s5": -1}], NAMES, [1.5, -2.0])
    np.testing.assert_array_equal(hypotheses.values, [1.5, -2.0])
    assert hypotheses.labels == ("bmi = 1.5", "2 bp - s5 = -2")


def test_a_name_of_two_parameters_is_refused():
    names = ("intercept", "intercept", "x1")
    for given in ("intercept", "intercept = x1", {"intercept": 1}):
        with pytest.raises(ValueError, match=r"2 parameters are called.*\[0, 1\]"):
            Hypotheses.of(given, names)
    np.testing.assert_array_equal(
        Hypotheses.of([0, 1, 0], names).contrasts, [[0, 1, 0]]
    )
