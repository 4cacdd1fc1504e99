"""Folders import downward, files without circles, and the docstring shows the tree."""

import ast
import re
from pathlib import Path

import sklearn_gml

# That of an installed wheel, where the tests run outside of a checkout.
PACKAGE = Path(sklearn_gml.__file__).parent

# From the top down.
FOLDERS = (
    "dask",
    "displays",
    "_estimator",
    "_inference",
    "metrics",
    "_likelihood",
    "_data",
    "_distributions",
    "_linalg",
)
FILES = {
    path.relative_to(PACKAGE).with_suffix("")
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
}


def imported_files(file):
    """Files of the package that a file imports, at whatever place in it."""
    for node in ast.walk(ast.parse((PACKAGE / f"{file}.py").read_text("utf-8"))):
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("sklearn_gml") for alias in node.names)
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = file.parents[node.level - 1]
        target = base.joinpath(*(node.module or "").split("."))
        if target in FILES:
            yield target
        else:
            yield from (target / alias.name for alias in node.names)


def test_every_folder_has_its_place():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == set(FOLDERS)
    assert {file.name for file in FILES if len(file.parts) == 1} == {"exceptions"}


def test_imports_run_strictly_downward():
    upward = [
        f"{file} imports {imported}"
        for file in FILES
        for imported in imported_files(file)
        if len(imported.parts) > 1
        and imported.parts[0] != file.parts[0]
        and FOLDERS.index(imported.parts[0]) <= FOLDERS.index(file.parts[0])
    ]
    assert not upward


def test_imports_name_files():
    """Only the package itself and its users import from an ``__init__``."""
    unknown = [
        f"{file} imports {imported}"
        for file in FILES
        for imported in imported_files(file)
        if imported not in FILES
    ]
    assert not unknown


def test_files_import_each_other_without_circles():
    left = {file: set(imported_files(file)) for file in FILES}
    while left:
        free = {file for file, imports in left.items() if not imports & left.keys()}
        assert free, f"a circle among {sorted(map(str, left))}"
        left = {file: imports for file, imports in left.items() if file not in free}


def test_package_only_reexports():
    for path in PACKAGE.rglob("__init__.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            docstring = isinstance(node, ast.Expr) and isinstance(
                node.value, ast.Constant
            )
            guarded = isinstance(node, ast.Try)  # the import of an optional extra
            assert docstring or guarded or isinstance(node, ast.ImportFrom | ast.Assign)


def test_docstring_shows_the_tree():
    docstring = ast.get_docstring(ast.parse((PACKAGE / "__init__.py").read_text()))
    shown, folder = set(), None
    for line in docstring.partition("::")[2].partition("The way of")[0].splitlines():
        if match := re.match(r"    (\w+)/ ", line):
            folder = match[1]
        elif match := re.match(r"        (\w+) ", line):
            shown.add(Path(folder, match[1]))
        elif match := re.match(r"    (\w+) ", line):
            shown.add(Path(match[1]))
    assert shown == FILES


def test_no_file_is_long():
    lengths = {
        str(file): len((PACKAGE / f"{file}.py").read_text("utf-8").splitlines())
        for file in FILES
    }
    assert not {file: n for file, n in lengths.items() if n > 450}
