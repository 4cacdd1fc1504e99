"""What the files beside the package say of it is true of it."""

import re
import tomllib
from pathlib import Path

import sklearn_gml

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
