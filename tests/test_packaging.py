"""What the files beside the package say of it is true of it."""

import re
import tomllib
from pathlib import Path

import pytest

import sklearn_gml
from sklearn_gml import GaussianMLRegressor
from sklearn_gml._estimator import documentation

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_versions_agree():
    cited = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.M)
    changed = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert cited[1] == changed[1] == sklearn_gml.__version__


def test_types_are_shipped():
    assert Path(sklearn_gml.__file__).with_name("py.typed").exists()


def test_oldest_versions_are_the_lower_bounds():
    lines = (ROOT / ".ci" / "oldest.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    for dependency in PROJECT["dependencies"]:
        name, bound = dependency.split(">=")
        assert pinned[name].removesuffix(".0") == bound


def test_documentation_has_one_address():
    urls = PROJECT.get("urls", {})
    assert urls.get("Documentation", "") == documentation.DOCUMENTATION


def test_estimators_link_to_their_pages(monkeypatch):
    dask = pytest.importorskip("sklearn_gml.dask")
    monkeypatch.setattr(documentation, "DOCUMENTATION", "https://docs.example/stable/")
    model = GaussianMLRegressor()
    link = "https://docs.example/stable/api/sklearn_gml.GaussianMLRegressor.html"
    assert model._get_doc_link() == link
    assert f'href="{link}"' in model._repr_html_()
    assert dask.DaskGaussianMLRegressor()._get_doc_link() == (
        "https://docs.example/stable/api/sklearn_gml.dask.DaskGaussianMLRegressor.html"
    )


def test_without_an_address_there_is_no_link(monkeypatch):
    monkeypatch.setattr(documentation, "DOCUMENTATION", "")
    assert GaussianMLRegressor()._get_doc_link() == ""
    assert 'href="https://scikit-learn.org' not in GaussianMLRegressor()._repr_html_()
