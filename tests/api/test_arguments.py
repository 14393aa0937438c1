"""Errors from Python speak of arguments that exist, and stay what they are."""

import inspect
import pickle
import re
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sirtdose
from sirtdose.arguments import ARGUMENTS, in_arguments
from sirtdose.planning import bsa_plan

Y90 = sirtdose.Nuclide.named("Y-90")
PLACE = sirtdose.Grid.regular((8, 8, 8), spacing_mm=(5, 5, 5))
MASK = np.ones(PLACE.shape, bool)


def _mird(**settings: Any) -> Any:
    request = sirtdose.PlanRequest(**settings)
    return sirtdose.plan_mird(request, dose_gy=120, perfused_volume_ml=900)


def _image(**settings: Any) -> Any:
    image = sirtdose.Volume(MASK * 1.0, PLACE, sirtdose.Quantity.COUNTS)
    given = sirtdose.Given(Y90, **settings)
    return sirtdose.assess_arrays(image, {"Liver": MASK, "Perfused": MASK}, given)


def _foie() -> Any:
    image = sirtdose.Volume(MASK * 1.0, PLACE, sirtdose.Quantity.COUNTS)
    given = sirtdose.Given(Y90, administered_gbq=1.0, lung_shunt_fraction=0.05)
    masks = {"Foie": MASK, "Perfused": MASK}
    return sirtdose.assess_arrays(image, masks, given, languages=("nl", "en"))


def _cohort() -> Any:
    request = sirtdose.CohortRequest((Path("a.csv"),), (Path("b.csv"),))
    return sirtdose.analyze_cohort(request)


SAID = [
    (_mird, "lung_shunt_fraction", sirtdose.SafetyStop),
    (
        _mird,
        r"acceptances=\[Acceptance\('H22', '...'\)\]",
        sirtdose.SafetyStop,
    ),
    (_image, "administered_gbq", sirtdose.InputError),
    (
        lambda: _image(assay_gbq=2.0, assay_at=datetime(2026, 3, 1, 8, tzinfo=UTC)),
        "administered_at",
        sirtdose.InputError,
    ),
    (
        _foie,
        "its name is French, .*give roles 'Foie=liver', .* or languages en,nl,fr",
        sirtdose.SafetyStop,
    ),
    (_cohort, "response, toxicity, or time", sirtdose.InputError),
]


@pytest.mark.parametrize(("call", "said", "kind"), SAID)
def test_errors_speak_of_arguments(call: Any, said: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=said) as caught:
        call()
    assert type(caught.value) is kind
    assert not re.search(r"(?<!\w)--\w", str(caught.value))


def test_several_subjects_and_other_dashes() -> None:
    said = in_arguments("""go on: --accept "H27:Tumor 2" --reason '...'; a -- b""")
    assert said == "go on: acceptances=[Acceptance('H27', '...', 'Tumor 2')]; a -- b"


def test_a_command_stays_a_command() -> None:
    said = "choose one with --image (`sirtdose inspect FOLDER --paths` lists them)"
    assert in_arguments(said) == said.replace("--image", "image")


def test_every_argument_said_exists() -> None:
    public = [getattr(sirtdose, name) for name in sirtdose.__all__[:-1]]
    known = set(inspect.signature(bsa_plan.plan).parameters)
    for one in public:
        if is_dataclass(one):
            known |= {part.name for part in fields(one)}
        elif inspect.isfunction(one):
            known |= set(inspect.signature(one).parameters)
    assert set(ARGUMENTS.values()) <= known


def test_public_functions_go_to_other_processes() -> None:
    for name in ("assess_dose", "plan_mird", "read_image"):
        function = getattr(sirtdose, name)
        assert pickle.loads(pickle.dumps(function)) is function
        assert function.__doc__
