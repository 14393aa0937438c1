"""What the tests share: real images where they are at hand, and phantoms."""

import os

# Every core has a worker: more threads, which numpy starts where it is loaded, would
# wait for each other and double the time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings

from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume

# A site's file of whoever runs the tests is not theirs.
os.environ["SIRTDOSE_SITE"] = ""
os.environ["SIRTDOSE_SELF_TEST"] = ""
# Pages say the day that they were made: the same one in every test.
os.environ["SOURCE_DATE_EPOCH"] = "1796083200"

# Nothing of the machine's speed decides: no deadline, and no complaint of slow draws.
settings.register_profile(
    "sirtdose",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("sirtdose")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record-checks", type=Path, help="a folder: which test fires which check"
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: some tests wait for a listener or another process."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    folder = config.getoption("--record-checks")
    if folder is not None:
        from tests.recorded_checks import Recorder

        folder.mkdir(parents=True, exist_ok=True)
        worker = getattr(config, "workerinput", {"workerid": "alone"})["workerid"]
        config.pluginmanager.register(Recorder(folder / f"{worker}.json"))


@pytest.fixture(scope="session")
def real_images() -> Path:
    """The folder of real images, or a skip that says so."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("needs the real images in ../shared/data")
    return folder


@pytest.fixture(scope="session")
def physics_tables() -> Path:
    folder = SHARED / "physics"
    if not folder.is_dir():
        pytest.skip("needs the tables in ../shared/physics")
    return folder


@pytest.fixture(scope="session")
def run() -> Callable[..., Result]:
    """Run the program in this process: run("plan", "mird", ...).

    A test's own value of an option replaces that of the case which it begins with.
    """
    from sirtdose.cli.main import main

    def call(*arguments: object) -> Result:
        words = last_given([str(a) for a in arguments])
        result = CliRunner().invoke(main, words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        if result.exit_code == 0:
            for text in _documents(words, result):
                require_valid(text)
        return result

    return call


def last_given(words: list[str]) -> list[str]:
    """The words without a value of an option that a later one replaces."""
    from sirtdose.cli.main import main

    command: click.Command = main
    for word in words:
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), word) or command
    single = {
        name
        for one in command.params
        if isinstance(one, click.Option) and not (one.multiple or one.is_flag)
        for name in one.opts
    }
    dropped: set[int] = set()
    for i, word in enumerate(words):
        if word in single and word in words[i + 1 :]:
            dropped |= {i, i + 1}
    return [word for i, word in enumerate(words) if i not in dropped]


def _documents(words: list[str], result: Result) -> list[str]:
    """The result documents that a command printed or wrote."""
    texts = [result.stdout] if "--json" in words else []
    if "--out" in words:
        folder = Path(words[words.index("--out") + 1])
        texts += [
            (folder / f"{name}.json").read_text("utf-8")
            for name in SCHEMAS
            if (folder / f"{name}.json").is_file()
        ]
    return texts


def require_valid(text: str) -> None:
    """Every document that any test makes is as its schema says, where it has one."""
    from jsonschema import Draft202012Validator

    document = json.loads(text)
    known = document.get("schema", "") if isinstance(document, dict) else ""
    name = known.removeprefix("sirtdose.").removesuffix("/1")
    if name in SCHEMAS:
        validator = Draft202012Validator(_schema(name))
        wrong = [f"{e.json_path}: {e.message}" for e in validator.iter_errors(document)]
        assert wrong == []


_SCHEMA_FILES = Path(__file__).resolve().parents[1] / "sirtdose" / "data" / "schemas"
SCHEMAS = [one.name.removesuffix(".schema.json") for one in _SCHEMA_FILES.iterdir()]


@cache
def _schema(name: str) -> Any:
    return json.loads((_SCHEMA_FILES / f"{name}.schema.json").read_text("utf-8"))


# Unequal sides, unequal spacing, off-center: no flip or transpose can pass.
SHAPE = (5, 7, 9)
AFFINES = {
    "axial": [[0, 0, 1.5, -40], [0, 2.5, 0, 17], [4, 0, 0, 230], [0, 0, 0, 1]],
    "feet first": [[0, 0, 1.5, -40], [0, 2.5, 0, 17], [-4, 0, 0, 230], [0, 0, 0, 1]],
    "coronal": [[0, 0, 1.5, -40], [4, 0, 0, 17], [0, -2.5, 0, 230], [0, 0, 0, 1]],
    "sagittal": [[4, 0, 0, -40], [0, 0, 1.5, 17], [0, -2.5, 0, 230], [0, 0, 0, 1]],
    "oblique": [
        [0, -2.5 * 0.6, 1.5 * 0.8, -40],
        [4 * 0.28, 2.5 * 0.8 * 0.96, 1.5 * 0.6 * 0.96, 17],
        [4 * 0.96, -2.5 * 0.8 * 0.28, -1.5 * 0.6 * 0.28, 230],
        [0, 0, 0, 1],
    ],
}


@pytest.fixture(params=AFFINES)
def oriented(request: pytest.FixtureRequest) -> Volume:
    """A volume in each orientation, every voxel different."""
    grid = Grid(SHAPE, np.array(AFFINES[request.param], float))
    data = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    return Volume(data, grid, Quantity.COUNTS)


def assert_same_image(ours: Volume, other: Volume, within_mm: float = 1e-3) -> None:
    """The same values at the same places in the patient, whatever the axis order."""
    index = np.stack(np.indices(other.grid.shape), axis=-1).reshape(-1, 3)
    places = ours.grid.index(other.grid.world_mm(index))
    nearest = np.rint(places).astype(int)
    assert np.abs(ours.grid.world_mm(nearest) - other.grid.world_mm(index)).max() < (
        within_mm
    )
    assert (nearest >= 0).all()
    assert (nearest < ours.grid.shape).all()
    np.testing.assert_allclose(ours.data[tuple(nearest.T)], other.data[tuple(index.T)])


def _phantom(folder: Path, **request: Any) -> Path:
    from sirtdose.phantom.request import PhantomRequest
    from sirtdose.workflows.phantom import write_phantom

    folder.mkdir()
    write_phantom(PhantomRequest(**request), folder)
    return folder


@pytest.fixture(scope="session")
def exact_contours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Phantom without blur and noise, with an RTSTRUCT of the true shapes."""
    folder = tmp_path_factory.mktemp("phantoms") / "contours"
    return _phantom(folder, fwhm_mm=0.0, noise=False)


@pytest.fixture(scope="session")
def exact_voxels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Phantom without blur and noise whose structures are whole SPECT voxels."""
    folder = tmp_path_factory.mktemp("phantoms") / "voxels"
    return _phantom(folder, fwhm_mm=0.0, noise=False, follow_voxels=True)
