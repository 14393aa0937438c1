"""The house keeps its walls."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import sirtdose
from sirtdose import errors

PACKAGE = Path(sirtdose.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


@cache
def _nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text("utf-8"))))


@pytest.fixture(scope="module", autouse=True)
def parsed_once() -> Iterator[None]:
    """What is parsed is given back to the tests of other files."""
    yield
    _nodes.cache_clear()


def _loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"numpy", "scipy", "pydicom", "SimpleITK", "nibabel", "highdicom", "jinja2"}


@pytest.mark.parametrize(
    "code",
    [
        "import sirtdose",
        "import sirtdose.planning.mird, sirtdose.model.ledger, sirtdose.model.nuclide",
        "from click.testing import CliRunner\n"
        "from sirtdose.cli.main import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0",
        "from click.testing import CliRunner\n"
        "from sirtdose.cli.main import main\n"
        "assert CliRunner().invoke(main, 'plan mird --dose 9Gy --perfused-volume 1L'"
        "' --lung-shunt 5%'.split()).exit_code == 0",
    ],
    ids=["package", "planners", "help", "plan mird"],
)
def test_what_needs_no_array_loads_none(code: str) -> None:
    assert not HEAVY & _loaded_by(code)


def test_every_public_name_exists() -> None:
    for name in sirtdose.__all__:
        assert getattr(sirtdose, name) is not None
        assert name in dir(sirtdose)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'dose'"):
        _ = sirtdose.dose


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("SirtdoseError", 1),
        ("InputError", 3),
        ("FileFormatError", 3),
        ("MissingTagError", 3),
        ("GeometryError", 3),
        ("QuantityError", 3),
        ("StructureError", 3),
        ("RangeError", 3),
        ("SafetyStop", 3),
        ("PlanningError", 4),
        ("OutputError", 5),
    ],
)
def test_every_error_has_its_exit_code(error: str, code: int) -> None:
    assert getattr(errors, error).exit_code == code


def test_no_error_is_missing_from_the_tree_in_the_docstring() -> None:
    ours = (one for one in vars(errors).values() if isinstance(one, type))
    names = {one.__name__ for one in ours if issubclass(one, Exception)}
    assert len(names) > 10
    assert all(name in (errors.__doc__ or "") for name in names)


def _imports() -> dict[str, set[str]]:
    """The modules that each module names in an import, wherever it stands."""
    names = {}
    for path in MODULES:
        parts = ("sirtdose", *path.relative_to(PACKAGE).with_suffix("").parts)
        names[".".join(parts).removesuffix(".__init__")] = path
    found: dict[str, set[str]] = {}
    for name, path in names.items():
        nodes = _nodes(path)
        taken = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node.module:
                each = {f"{node.module}.{alias.name}" for alias in node.names}
                taken |= {one if one in names else node.module for one in each}
        found[name] = taken & names.keys() - {name}
    return found


def test_no_module_imports_in_a_circle() -> None:
    """Those that import none of the rest are left out, again and again: none stay."""
    left = _imports()
    while free := {name for name, taken in left.items() if not taken & left.keys()}:
        left = {name: taken for name, taken in left.items() if name not in free}
    assert not left


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_is_short_and_does_not_print(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= 400
    calls = [n.func for n in _nodes(path) if isinstance(n, ast.Call)]
    assert "print" not in {c.id for c in calls if isinstance(c, ast.Name)}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_question_ends_with_its_mark_alone(path: Path) -> None:
    """No "?." or "?;" in a message; what acceptance uses is joined in one place."""
    said = [
        node.value
        for node in _nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert not [one for one in said if "?." in one or "?;" in one]
    if path != PACKAGE / "model" / "finding.py":
        assert not [one for one in said if "If accepted, " in one]


def _functions() -> list[ast.FunctionDef]:
    return [
        node
        for path in MODULES
        for node in _nodes(path)
        if isinstance(node, ast.FunctionDef)
    ]


def test_functions_are_short() -> None:
    """No body over 60 lines, docstrings left out, and 95 % at most 50."""
    lengths = []
    for node in _functions():
        body = node.body[1:] if ast.get_docstring(node) else node.body
        lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
        lengths.append((lines, node.name))
    assert max(lengths)[0] <= 60, max(lengths)
    assert sorted(lengths)[int(0.95 * len(lengths))][0] <= 50


def test_functions_take_few_arguments_by_their_place() -> None:
    """At most four, self and cls left out, and 95 % at most three."""
    counts = []
    for node in _functions():
        names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
        counts.append((len(set(names) - {"self", "cls"}), node.name))
    assert max(counts)[0] <= 4, max(counts)
    assert sorted(counts)[int(0.95 * len(counts))][0] <= 3


def test_every_source_of_a_number_is_written_down() -> None:
    from sirtdose.data.load import table

    for nuclide in table("nuclides").values():
        assert nuclide["half_life_source"]
        for constant in nuclide["dose_constants_gy_kg_per_gbq"].values():
            assert constant["source"]
    assert all(limit["source"] for limit in table("limits").values())
    for product in table("catalogue")["products"].values():
        rows = (*product["sizes"], *product["calibrations"])
        for row in (*rows, product["shelf_life"], product["spheres"]):
            assert row["source"]
            assert row["verified"] in (True, False)
            # What was recalled is not called verified.
            assert not (row["verified"] and "recalled" in row["source"])


def test_findings_are_made_in_checks_alone() -> None:
    """So that one case cannot be judged in two ways by two commands."""
    made = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in MODULES
        if "checks" not in path.parts
        and path.name not in ("finding.py", "acceptance.py")
        for node in _nodes(path)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).partition(".")[0] == "Finding"
    ]
    assert made == []
