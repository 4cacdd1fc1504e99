"""Imports run strictly downward, and the front door only re-exports."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "sklearn_gml"

FLOORS = {
    "dask": 6,
    "_regressor": 5,
    "displays": 5,
    "_predictive_display": 4,
    "_calibration_displays": 4,
    "_matrix_free": 4,
    "metrics": 4,
    "_nonnegative": 4,
    "_varying": 4,
    "_diagnosis": 4,
    "_prediction": 4,
    "_inference_methods": 4,
    "_summary_methods": 4,
    "_influence_methods": 4,
    "_comparison": 4,
    "_streaming": 4,
    "_likelihood": 3,
    "_varying_point": 3,
    "_maximize": 3,
    "_constant_noise": 3,
    "_varying_noise": 3,
    "_compose": 3,
    "_statistics": 2,
    "_row_sums": 2,
    "_coordinates": 2,
    "_inference": 2,
    "_influence": 2,
    "_summary": 2,
    "_likelihood_display": 2,
    "_scores": 2,
    "_chunked_distribution": 1,
    "_distributions": 1,
    "_reduction": 1,
    "_noise": 1,
    "_refinement": 1,
    "_numerical_transformation": 0,
    "_transformations": 0,
    "_plotting": 0,
    "_quadrature": 0,
    "_truncation": 0,
    "_linalg": 0,
    "_doubled": 0,
    "_blocks": 0,
    "_validation": 0,
    "_serialization": 0,
    "_chunks": 0,
    "_callbacks": 0,
    "exceptions": 0,
}


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            if node.module:
                yield node.module
            else:
                yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            modules = (
                [node.module]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
            )
            yield from (
                m.split(".")[1] for m in modules if m.startswith("sklearn_gml.")
            )


def test_every_room_has_a_floor():
    rooms = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert rooms == set(FLOORS)


def test_imports_run_strictly_downward():
    upward = [
        f"{path.stem} imports {room}"
        for path in PACKAGE.glob("*.py")
        if path.stem != "__init__"
        for room in imported_rooms(path)
        if FLOORS[room] >= FLOORS[path.stem]
    ]
    assert not upward


def test_front_door_only_reexports():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert docstring or isinstance(node, ast.ImportFrom | ast.Assign)


def test_picture_in_the_docstring_is_complete():
    docstring = ast.get_docstring(ast.parse((PACKAGE / "__init__.py").read_text()))
    for room in FLOORS:
        assert f" {room} " in docstring
