"""Volume, Structure, Role, Nuclide, Ledger, Finding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.cli.words.quantities import DEVICES, DOSE_CONSTANTS
from sirtdose.data.load import table
from sirtdose.errors import (
    GeometryError,
    InputError,
    QuantityError,
    RangeError,
    SafetyStop,
    StructureError,
)
from sirtdose.model.acceptance import Acceptance, require_accepted
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.grid import Grid
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role, role_from_name
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

GRID = Grid.regular((3, 4, 5), spacing_mm=(10.0, 10.0, 10.0))


def box(name: str, *part: slice) -> Structure:
    mask = np.zeros(GRID.shape, bool)
    mask[part] = True
    return Structure.named(name, mask, GRID).cropped()


class TestVolume:
    def test_never_changes(self) -> None:
        volume = Volume(np.zeros(GRID.shape), GRID, Quantity.COUNTS)
        with pytest.raises(ValueError, match="read-only"):
            volume.data[0, 0, 0] = 1

    def test_refuses_another_quantity(self) -> None:
        volume = Volume(np.zeros(GRID.shape), GRID, Quantity.CT_NUMBER)
        with pytest.raises(
            QuantityError, match=r"DOSE \[Gy\], but got CT_NUMBER \[HU\]"
        ):
            volume.require(Quantity.DOSE)

    def test_refuses_another_shape(self) -> None:
        with pytest.raises(GeometryError, match="shape"):
            Volume(np.zeros((5, 4, 3)), GRID, Quantity.COUNTS)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_refuses_what_is_not_finite(self, bad: float) -> None:
        data = np.zeros(GRID.shape)
        data[1, 2, 3] = bad
        with pytest.raises(QuantityError, match="1 of 60 voxels are not finite"):
            Volume(data, GRID, Quantity.DOSE)

    def test_total_of_small_integers_does_not_wrap(self) -> None:
        data = np.full(GRID.shape, 30000, np.int16)
        assert Volume(data, GRID, Quantity.COUNTS).total() == 60 * 30000


class TestStructure:
    def test_set_arithmetic_on_crops_of_one_lattice(self) -> None:
        a = box("a", slice(0, 2), slice(0, 2), slice(0, 3))
        b = box("b", slice(1, 3), slice(1, 4), slice(2, 5))
        assert a.volume_ml == pytest.approx(12)
        assert b.volume_ml == pytest.approx(18)
        assert (a & b).volume_ml == pytest.approx(1)
        assert (a | b).volume_ml == pytest.approx(29)
        assert (a - b).volume_ml == pytest.approx(11)
        assert (b - a).volume_ml == pytest.approx(17)

    def test_a_partial_voxel_counts_by_its_part(self) -> None:
        part = np.full((1, 1, 2), 0.25, np.float32)
        grid = Grid.regular((1, 1, 2), spacing_mm=(10.0, 10.0, 10.0))
        structure = Structure.named("T", part, grid)
        assert structure.volume_ml == pytest.approx(0.5)
        assert structure.mass_kg(1.05) == pytest.approx(0.525e-3)

    @pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan])
    def test_occupancy_is_a_fraction(self, bad: float) -> None:
        with pytest.raises(StructureError, match="outside the range 0 to 1"):
            Structure.named("T", np.full(GRID.shape, bad), GRID)

    def test_other_lattices_do_not_mix(self) -> None:
        moved = Grid.regular(
            (3, 4, 5), spacing_mm=(10.0, 10.0, 10.0), origin_mm=(3.0, 0.0, 0.0)
        )
        other = Structure.named("b", np.ones(GRID.shape, bool), moved)
        with pytest.raises(GeometryError, match="different lattices"):
            box("a", slice(0, 1)) & other

    def test_values_need_the_same_grid(self) -> None:
        volume = Volume(np.arange(60.0).reshape(3, 4, 5), GRID, Quantity.COUNTS)
        values, part = box("a", slice(1, 2), slice(2, 3), slice(3, 5)).values_in(volume)
        assert values.tolist() == [33, 34]
        assert part.tolist() == [1, 1]
        outside = GRID.crop((slice(-1, 2), slice(0, 4), slice(0, 5)))
        with pytest.raises(GeometryError, match="not on the image's grid"):
            Structure.named("b", np.ones((3, 4, 5), bool), outside).values_in(volume)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Liver", Role.LIVER),
        ("whole_liver", Role.LIVER),
        ("Tumor 1", Role.TUMOR),
        ("tumour2", Role.TUMOR),
        ("GTV_1", Role.TUMOR),
        ("HCC seg 6", Role.TUMOR),
        ("liver lesion", Role.TUMOR),
        ("perfused volume", Role.PERFUSED),
        ("Perfused lobe", Role.PERFUSED),
        ("treated liver", Role.PERFUSED),
        ("perfused normal", Role.NORMAL_GIVEN),
        ("whole liver normal", Role.NORMAL_GIVEN),
        ("Normal Tissue", Role.NORMAL_GIVEN),
        ("NTL", Role.NORMAL_GIVEN),
        ("Lt Lung", Role.LUNGS),
        ("lungs", Role.LUNGS),
        ("gallbladder", Role.GALLBLADDER),
        ("Liver-GTV", Role.NORMAL_GIVEN),
        ("Liver minus tumor", Role.NORMAL_GIVEN),
        ("Lungs-GTV", Role.OTHER),
        ("normal lung", Role.LUNGS),
        ("Non-perfused liver", Role.OTHER),
        ("non target lobe", Role.OTHER),
        ("untreated lobe", Role.OTHER),
        ("portal vein", Role.VESSEL),
        ("Spleen", Role.ORGAN),
        ("BODY", Role.OTHER),
        ("Scar", Role.OTHER),
        ("deliverance", Role.OTHER),
    ],
)
def test_role_from_name(name: str, role: Role) -> None:
    assert role_from_name(name) is role


class TestNuclide:
    # clinical reference, section 5, at 64.1 h; physics page at 64.05 h.
    @pytest.mark.parametrize(
        ("half_life_h", "elapsed_h", "factor"),
        [
            (64.1, -24, 1.29630),
            (64.1, 1, 0.98925),
            (64.1, 4, 0.95767),
            (64.1, 24, 0.77142),
            (64.1, 48, 0.59509),
            (64.1, 72, 0.45906),
            (64.1, 168, 0.16257),
            (64.1, 264, 0.0576),
            (64.05, 4, 0.95764),
            (64.05, 24, 0.77126),
            (64.05, 168, 0.16234),
            (64.2, 168, 0.16303),
            (64.8, 168, 0.16579),
        ],
    )
    def test_decay_factors_for_hand_checks(
        self, half_life_h: float, elapsed_h: float, factor: float
    ) -> None:
        nuclide = Nuclide.named("Y-90").with_half_life(half_life_h)
        assert nuclide.decay_factor(elapsed_h) == pytest.approx(factor, abs=6e-5)

    @given(st.floats(0, 300), st.floats(0, 300))
    def test_decay_adds_up(self, a: float, b: float) -> None:
        f = Nuclide.named("Ho-166").decay_factor
        assert f(a) * f(b) == pytest.approx(f(a + b), rel=1e-9)

    @given(st.floats(0.01, 50))
    def test_mean_activity_is_the_average_over_many_short_times(self, h: float) -> None:
        nuclide = Nuclide.named("Y-90")
        times = (np.arange(2000) + 0.5) / 2000 * h
        average = np.mean([nuclide.decay_factor(t) for t in times])
        assert nuclide.mean_activity_factor(h) == pytest.approx(average, rel=1e-6)

    def test_a_time_nothing_survives_is_refused(self) -> None:
        with pytest.raises(RangeError, match="half-lives of Y-90: check the times"):
            Nuclide.named("Y-90").decay_factor(-1e5)

    def test_mean_life_is_not_the_half_life(self) -> None:
        # clinical reference: a mixed-up unit is common; 64.1 / ln 2 = 92.5 h.
        nuclide = Nuclide.named("Y-90").with_half_life(64.1)
        assert nuclide.mean_life_h == pytest.approx(92.5, abs=0.05)

    def test_what_is_not_known_is_refused(self) -> None:
        with pytest.raises(InputError, match="use Y-90, Ho-166"):
            Nuclide.named("Lu-177")
        with pytest.raises(InputError, match="known dose constant for Ho-166"):
            Nuclide.named("Ho-166", dose_constant="ddep")
        with pytest.raises(RangeError, match="half life h is 0"):
            Nuclide.named("Y-90").with_half_life(0)

    def test_the_terminal_offers_what_the_tables_hold(self) -> None:
        presets = {
            preset
            for one in table("nuclides").values()
            for preset in one["dose_constants_gy_kg_per_gbq"]
        }
        assert set(DOSE_CONSTANTS) == presets
        assert set(DEVICES) == set(table("devices"))
        assert Device.named("ho166").nuclide_name == "Ho-166"
        with pytest.raises(InputError, match="use resin, glass, ho166"):
            Device.named("plastic")


class TestLedger:
    @given(st.floats(0.01, 20), st.floats(0, 0.9), st.floats(0, 0.99))
    def test_every_becquerel_is_somewhere(
        self, administered: float, residual: float, shunt: float
    ) -> None:
        ledger = Ledger(
            administered,
            residual_gbq=residual * administered,
            lung_shunt_fraction=shunt,
        )
        total = ledger.residual_gbq + ledger.lung_gbq + ledger.treated_gbq
        assert total == pytest.approx(administered)

    def test_refuses_what_cannot_be(self) -> None:
        with pytest.raises(RangeError, match="residual activity is 2 GBq, but only"):
            Ledger(1.0, residual_gbq=2.0)
        with pytest.raises(RangeError, match=r"4.2 % is 0.042"):
            Ledger(1.0, lung_shunt_fraction=4.2)
        with pytest.raises(RangeError, match="administered activity is 0 GBq"):
            Ledger(0.0)

    def test_ratio_needs_an_image(self) -> None:
        assert Ledger(1.0).image_to_treated_ratio is None
        assert Ledger(2.0, in_image_gbq=1.0).image_to_treated_ratio == 0.5


class TestFinding:
    ASK = Finding.of("H13", "they differ")

    def test_ask_stops_until_accepted(self) -> None:
        with pytest.raises(SafetyStop, match="--accept H13 --reason"):
            require_accepted([self.ASK], [])
        with pytest.raises(SafetyStop, match="H13"):
            require_accepted([self.ASK], [Acceptance("H09", "other")])
        require_accepted([self.ASK], [Acceptance("H13", "known")])

    def test_stop_cannot_be_accepted(self) -> None:
        stop = Finding.of("H13", "no", severity=Severity.STOP)
        with pytest.raises(SafetyStop) as refused:
            require_accepted([stop], [Acceptance("H13", "please")])
        assert "--accept" not in str(refused.value)

    @pytest.mark.parametrize(
        ("finding", "line"),
        [
            (
                Finding.of("H13", "they differ"),
                "they differ; to go on: --accept H13 --reason '...'",
            ),
            (
                Finding.of("H13", "which is right?"),
                "which is right? To go on: --accept H13 --reason '...'",
            ),
            (
                Finding.of("H13", "which is right?", accepted="the first is used"),
                "which is right? If accepted, the first is used; to go on: "
                "--accept H13 --reason '...'",
            ),
            (
                Finding.of("H13", "they differ", accepted="the first is used"),
                "they differ. If accepted, the first is used; to go on: "
                "--accept H13 --reason '...'",
            ),
        ],
    )
    def test_a_question_is_followed_by_a_sentence(
        self, finding: Finding, line: str
    ) -> None:
        with pytest.raises(SafetyStop) as refused:
            require_accepted([finding], [])
        title = "The two calibrations of the image disagree"
        assert str(refused.value) == f"H13 {title}: {line}"

    @pytest.mark.parametrize("severity", [Severity.NOTE, Severity.WARN, Severity.STOP])
    def test_only_what_asks_says_what_acceptance_uses(self, severity: Severity) -> None:
        finding = Finding.of("H13", "why?", severity=severity, accepted="one is used")
        assert finding.message == "why?"

    def test_acceptance_needs_a_code_and_a_reason(self) -> None:
        with pytest.raises(InputError, match="not the code"):
            Acceptance("H99", "why")
        with pytest.raises(InputError, match="needs a --reason"):
            Acceptance("H13", "  ")


@pytest.mark.parametrize(
    ("names", "role"),
    [
        ("Lever lever foie Foie Leber Hígado fegato Liver_whole", "liver"),
        (
            "Tumeur_1 Läsion2 lesione Metastase metástasis tumores GTV liver_tumor",
            "tumor",
        ),
        ("longen Poumons Lunge pulmones polmoni lung_upper_lobe_left", "lungs"),
        ("galblaas Vésicule_biliaire Gallenblase vesícula cistifellea", "gallbladder"),
        ("milt rate Milz bazo milza Magen estómago riñones nieren", "organ"),
        ("perfusé behandelt tratado trattato geperfundeerd", "perfused"),
        (
            "normaal foie_sain gesunde_Leber higado_sano Leber-ohne-Tumor",
            "normal_given",
        ),
        ("inferior_vena_cava portal_vein_and_splenic_vein", "vessel"),
        ("vertebrae_L1 hip_left label_3 harness latent", "other"),
    ],
)
def test_roles_in_six_languages(names: str, role: str) -> None:
    found = {name: str(role_from_name(name)) for name in names.split()}
    assert found == dict.fromkeys(found, role)


@pytest.mark.parametrize(
    ("names", "role"),
    [
        (
            "foie non traité|foie non perfusé|Leber nicht behandelt|"
            "niet behandelde lever|nicht perfundierte Leber|niet-geperfundeerd|"
            "no tratado|fegato non perfuso|"
            "hígado no perfundido|non trattato|Liver minus perfused|Dose rate|"
            "Whole Liver - Perfused|Foie - perfusé|untreated lobe|onbehandelde lever",
            "other",
        ),
        (
            "Tumor free liver|Nicht-Tumor|Niet tumor|Liver NOT tumor|Liver excl. GTV|"
            "Leber (ohne Tumor)|Liver (minus tumor)|Foie hors tumeur|Foie moins tumeur|"
            "Fegato meno tumore|higado menos tumor|Lever min tumor|tumorfreie Leber|"
            "tumorvrije lever|fegato non tumorale|Liver-GTV|liver - tumor",
            "normal_given",
        ),
        ("Lebertumor|Levertumor|Lebermetastase 2|Leber-Tumor|liver-tumor 1", "tumor"),
        ("linker long|rechterlong", "lungs"),
        ("cœur|rate", "organ"),
        ("vena porta", "vessel"),
    ],
)
def test_names_that_say_what_they_are_not(names: str, role: str) -> None:
    found = {name: str(role_from_name(name)) for name in names.split("|")}
    assert found == dict.fromkeys(found, role)
