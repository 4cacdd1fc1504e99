"""Gallery pages of other libraries run, and show what they say."""

import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def page():
    """What a page leaves behind, by the name of its library."""
    matplotlib = pytest.importorskip("matplotlib")
    before = matplotlib.get_backend()
    matplotlib.use("Agg")

    def run(name):
        pytest.importorskip(name)
        with warnings.catch_warnings():
            # What other libraries warn of is theirs.
            warnings.simplefilter("ignore")
            return runpy.run_path(str(EXAMPLES / f"plot_neighbours_{name}.py"))

    yield run
    matplotlib.pyplot.close("all")
    matplotlib.use(before)


def test_conformal_intervals_have_one_width(page):
    coverage = page("mapie")["coverage"]
    assert np.all(coverage["inside"] > 0.85)
    conformal = coverage.loc["conformal"]
    assert conformal["width, poorer"] == pytest.approx(conformal["width, richer"])
    varying = coverage.loc["log-linear noise"]
    assert varying["width, poorer"] < 0.6 * varying["width, richer"]


def test_scores_of_skpro_are_ours(page):
    shown = page("skpro")
    np.testing.assert_allclose(
        shown["scores"]["skpro"], shown["scores"]["sklearn_gml"], rtol=1e-9
    )
    assert max(shown["gaps"].values()) < 1e-9


def test_formulas_are_models(page):
    shown = page("formulaic")
    names = shown["small"][:-1].get_feature_names_out()
    assert "log(lotsize)" in names and "aircon[T.yes]" in names
    assert shown["test"].degrees_of_freedom == (1,)
    assert np.argmax(shown["scores"]) == 2


def test_the_average_of_a_change_is_a_contrast(page):
    shown = page("marginaleffects")
    average = shown["average"]["estimate"].item()
    assert average == pytest.approx(shown["estimate"], rel=1e-6)
    assert shown["error"] == pytest.approx(0.0276, abs=5e-5)
