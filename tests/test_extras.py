"""Without the optional libraries: said, with the line that installs them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from sirtdose import errors
from sirtdose.dosimetry.compare.gamma import Criterion, gamma_index
from sirtdose.dosimetry.compiled import compiled
from sirtdose.dosimetry.engine.collapsed_cone import superpose
from sirtdose.dosimetry.engine.media import Media
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.dosimetry.engine.rays import fans
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume

Run = Callable[..., Result]


@pytest.fixture
def base_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `pip install sirtdose`."""
    optional = {module for modules in errors.EXTRAS.values() for module in modules}
    known = errors.find_spec
    monkeypatch.setattr(
        errors, "find_spec", lambda name: None if name in optional else known(name)
    )


@pytest.mark.usefixtures("base_alone")
@pytest.mark.parametrize(
    ("words", "needs", "extra"),
    [
        (("cohort", "doses.csv", "--time", "days", "--event", "dead"),
         "an analysis of a cohort needs lifelines and pandas and statsmodels",
         "cohort"),
        (("listen", "--out", "received"),
         "sirtdose listen needs pynetdicom", "network"),
        (("--site", "site.toml", "find", "--from", "pacs", "--date", "2026-03-02"),
         "sirtdose find needs pynetdicom", "network"),
        (("--site", "site.toml", "fetch", "1.2.840.1", "--from", "web", "--out",
          "received"),
         "sirtdose fetch needs dicomweb_client and requests", "web"),
        (("send", "doses", "--to", "localhost:104", "--aet", "PACS"),
         "sirtdose send needs pynetdicom", "network"),
        (("send", "doses", "--to", "https://localhost/dicom-web"),
         "sirtdose send needs dicomweb_client and requests", "web"),
        (("post", "doses", "--administered", "2GBq", "--lung-shunt", "5%", "--pdf",
          "--out", "out"),
         "--pdf needs weasyprint", "pdf"),
        (("batch", "doses.csv", "--parquet", "--out", "out"),
         "--parquet needs pyarrow", "parquet"),
        (("check", "doses", "--engine", "ompmc", "--out", "out"),
         "--engine ompmc needs ompmc", "ompmc"),
        (("report", "doses/post.json", "--pdf", "--out", "out"),
         "--pdf needs weasyprint", "pdf"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    needs: str,
    extra: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("doses").mkdir()
    Path("site.toml").write_text(
        '[node.pacs]\nhost = "localhost"\nport = 104\naet = "PACS"\n'
        '[node.web]\nweb = "https://localhost/dicom-web"\n',
        "utf-8",
    )
    Path("doses.csv").write_text("case_id,mean_gy,days,dead\na,1,2,yes\n", "utf-8")
    if words[0] == "cohort":
        words += ("--outcomes", "doses.csv", "--out", "out")
    result = run(*words)
    assert result.exit_code == 2, result.output
    assert needs in result.stderr
    assert f'pip install "sirtdose[{extra}]"' in result.stderr
    assert not Path("out").exists()
    assert not Path("received").exists()


@pytest.mark.usefixtures("base_alone")
def test_the_base_validates_what_it_can() -> None:
    from sirtdose.validation.run import all_checks, left_out

    assert left_out() == {"cohort": 6}
    assert not [one for one in all_checks() if one.figure == "survival"]


def test_loops_give_the_same_numbers_without_numba(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bit by bit: an uneven source in lung, soft tissue and air."""
    rng = np.random.default_rng(5)
    shape, side = (9, 11, 13), (4.0, 3.0, 3.5)
    decays = np.where(rng.random(shape) < 0.3, rng.gamma(2, 1, shape), 0)
    density = rng.choice([0.0, 0.3, 1.05, 1.8], shape)
    radial = RadialKernel.named("Y-90")
    grid = Grid.regular(shape, spacing_mm=side)
    dose = Volume(decays, grid, Quantity.DOSE)
    other = Volume(np.roll(decays, 1, axis=2) * 1.02, grid, Quantity.DOSE)
    found = {}
    for fast in (True, False):
        compiled.cache_clear()
        monkeypatch.setattr(
            "sirtdose.dosimetry.compiled.has_extra", lambda _, fast=fast: fast
        )
        energy = superpose(
            decays, density, radial, fans(radial, side, 64), media=Media.of("Y-90")
        ).energy
        gamma = gamma_index(dose, other, Criterion(0.03, 3.0)).values
        found[fast] = (energy, gamma)
    compiled.cache_clear()
    for one, twin in zip(found[True], found[False], strict=True):
        np.testing.assert_array_equal(one, twin)


@pytest.mark.usefixtures("base_alone")
def test_that_it_is_slower_is_said(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    compiled.cache_clear()
    words = ("post", exact_voxels, "--administered", "2GBq", "--lung-shunt", "5%")
    words += ("--calibrate-over", "fov", "--no-report", "--no-dicom", "--json")
    result = run(
        *words,
        *("--density", "ct", "--method", "collapsed-cone", "--dose-grid", "9mm"),
        *("--out", tmp_path / "out"),
    )
    compiled.cache_clear()
    assert result.exit_code == 0, result.stderr
    assert 'without numba, for the same numbers: pip install "sirtdose[fast]"' in (
        result.stderr
    )
    assert "collapsed_cone" in json.loads(result.stdout)["doses"]
