"""Results in other libraries, in a line, and in a notebook."""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import SimpleITK

import sirtdose
from sirtdose import Grid, Quantity, Role, Structure, Volume
from sirtdose.report.post.document import post_document
from sirtdose.report.tables import structures_csv

PLACE = Grid.regular((12, 14, 16), spacing_mm=(5, 5, 5), origin_mm=(1, 2, 3))
LIVER = np.zeros(PLACE.shape, bool)
LIVER[2:10, 2:12, 2:14] = True
TUMOR = np.zeros(PLACE.shape, bool)
TUMOR[4:8, 4:8, 4:8] = True
NAME = "=Tumor <1> & 2"


@pytest.fixture(scope="module")
def assessment() -> sirtdose.Assessment:
    return sirtdose.assess_arrays(
        LIVER + 2.0 * TUMOR,
        {"Liver": LIVER, "Perfused": LIVER, NAME: TUMOR},
        sirtdose.Given(
            sirtdose.Nuclide.named("Y-90"),
            administered_gbq=0.5,
            lung_shunt_fraction=0.02,
        ),
        grid=PLACE,
        roles={NAME: Role.TUMOR},
    )


@pytest.fixture(scope="module")
def plan() -> sirtdose.Plan:
    request = sirtdose.PlanRequest(lung_shunt_fraction=0.05)
    return sirtdose.plan_mird(request, dose_gy=120, perfused_volume_ml=900)


def test_a_table_has_the_columns_and_numbers_of_structures_csv(
    assessment: sirtdose.Assessment,
) -> None:
    frame = assessment.to_dataframe()
    text = structures_csv(post_document(assessment))
    rows = list(csv.DictReader(text.splitlines()))
    assert list(frame.columns) == list(rows[0])
    assert frame["mean_gy"].tolist() == [float(row["mean_gy"]) for row in rows]
    assert NAME in frame["name"].tolist()
    numbers = frame.drop(columns=["method", "name", "role"])
    assert all(pandas.api.types.is_numeric_dtype(kind) for kind in numbers.dtypes)


def test_a_plan_has_its_compartments(plan: sirtdose.Plan) -> None:
    frame = plan.to_dataframe()
    assert frame["name"].tolist() == [one.name for one in plan.compartments]
    assert frame["dose_gy"].tolist() == pytest.approx([120.0])


def test_histograms_have_a_table(
    assessment: sirtdose.Assessment, tmp_path: Path
) -> None:
    import nibabel

    dose = assessment.dosed.doses["local_deposition"]
    nibabel.save(dose.to_nifti(), tmp_path / "dose.nii")
    liver = Structure("Liver", Role.LIVER, LIVER, PLACE)
    nibabel.save(liver.to_nifti(), tmp_path / "Liver.nii")
    found = sirtdose.dose_histograms(
        tmp_path / "dose.nii", [tmp_path / "Liver.nii"], interpolated=False
    )
    frame = found.to_dataframe([sirtdose.Metric.parse("D2cc")])
    mean = dose.volume.data[LIVER].mean(dtype=float)
    assert frame.loc[0, "mean_gy"] == pytest.approx(mean, rel=1e-5)
    hottest = np.sort(dose.volume.data[LIVER])[-16:].min()
    assert frame.loc[0, "d2cc_gy"] == pytest.approx(hottest, rel=1e-5)
    assert repr(found) == "DoseHistograms(structures=1, left_out=0)"
    assert "<td>1</td>" in found._repr_html_()
    assert "Liver" in found._repr_html_()


def test_without_pandas_it_says_what_is_missing(
    plan: sirtdose.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(sirtdose.MissingExtra, match=r"sirtdose\[cohort\]"):
        plan.to_dataframe()


def test_images_lie_where_the_dose_lies(assessment: sirtdose.Assessment) -> None:
    dose = assessment.dosed.doses["local_deposition"]
    image = dose.to_sitk()
    at = image.TransformIndexToPhysicalPoint((5, 4, 6))
    assert at == pytest.approx(PLACE.world_mm((6, 4, 5)))
    values = SimpleITK.GetArrayFromImage(image)
    assert np.array_equal(values, dose.volume.data)
    nifti = dose.to_nifti()
    assert nifti.affine @ [5, 4, 6, 1] == pytest.approx([-at[0], -at[1], at[2], 1])
    assert np.asarray(nifti.dataobj)[5, 4, 6] == np.float32(dose.volume.data[6, 4, 5])


def _shown(assessment: sirtdose.Assessment, plan: sirtdose.Plan) -> list[Any]:
    dose = assessment.dosed.doses["local_deposition"]
    structure = Structure(NAME, Role.TUMOR, TUMOR, PLACE)
    return [assessment, plan, dose, dose.volume, structure, PLACE]


def test_each_says_in_a_line_what_it_is(
    assessment: sirtdose.Assessment, plan: sirtdose.Plan
) -> None:
    for one in _shown(assessment, plan):
        said = repr(one)
        assert said.startswith(f"{type(one).__name__}(")
        assert len(said) < 200
        assert "\n" not in said
        assert "array" not in said
    tumor = Structure("T1", Role.TUMOR, TUMOR, PLACE)
    assert repr(tumor) == "Structure(name=T1, role=tumor, volume_ml=8)"
    volume = Volume(LIVER * 2.0, PLACE, Quantity.DOSE)
    assert "quantity=DOSE [Gy], shape=(12, 14, 16)" in repr(volume)


def test_notebooks_show_a_small_escaped_table(
    assessment: sirtdose.Assessment, plan: sirtdose.Plan
) -> None:
    for one in _shown(assessment, plan):
        page = one._repr_html_()
        assert page.startswith("<table>")
        assert len(page) < 2000
        assert "<1>" not in page
    assert "Tumor &lt;1&gt; &amp; 2" in assessment._repr_html_()
