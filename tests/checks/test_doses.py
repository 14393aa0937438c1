"""Doses against what is usual, the whole liver and limits: treatments made by hand."""

import pytest

from sirtdose.checks.doses import (
    limit_findings,
    organs_at_risk,
    usual_ceilings,
    whole_liver_dose,
)
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.limit import Limit
from sirtdose.model.treatment import Part, Treatment
from tests.treated import part, treated

ASKED = Limit("perfused", "perfused", "at_least", 400.0, None, "x", False, True)
WARN, ASK, NOTE = Severity.WARN, Severity.ASK, Severity.NOTE


def whole_liver(case: Treatment) -> Finding | None:
    found = whole_liver_dose(case)
    assert len(found) < 2
    assert all(one.code == "H43" for one in found)
    return found[0] if found else None


class TestKnownLiver:
    @pytest.mark.parametrize(
        ("device", "role", "gy", "severity", "bound_gy"),
        [
            ("resin", "liver", 50.0, None, 0),
            ("resin", "liver", 50.1, WARN, 50.0),
            ("resin", "liver", 74.7, WARN, 50.0),
            ("resin", "liver", 74.8, ASK, 74.7),
            ("glass", "normal_whole", 75.0, None, 0),
            ("glass", "normal_whole", 75.1, WARN, 75.0),
            ("glass", "normal_whole", 90.1, ASK, 90.0),
            ("ho166", "normal_whole", 60.0, None, 0),
            ("ho166", "normal_whole", 60.1, WARN, 60.0),
            ("ho166", "normal_whole", 200.0, WARN, 60.0),
        ],
    )
    def test_bounds(
        self,
        device: str,
        role: str,
        gy: float,
        severity: Severity | None,
        bound_gy: float,
    ) -> None:
        found = whole_liver(treated(part(role, 1600.0, gy), device=device))
        assert (found and found.severity) == severity
        if found:
            assert found.bound is not None
            assert (found.value, found.bound.value) == (gy, bound_gy)
            assert found.bound.source in found.message
            assert f"gets {gy:g} Gy, above {bound_gy:g} Gy" in found.message

    @pytest.mark.parametrize(
        ("bilirubin", "gy", "severity", "bound_gy"),
        [
            (None, 74.0, None, 0),
            (None, 76.0, WARN, 75.0),
            (None, 89.0, WARN, 75.0),
            (None, 91.0, ASK, 90.0),
            # The table has no limit for it.
            (1.1, 74.0, None, 0),
            (1.1, 91.0, ASK, 90.0),
            (0.9, 76.0, None, 0),
            (0.9, 89.0, None, 0),
            (0.9, 91.0, WARN, 90.0),
            (1.4, 49.0, None, 0),
            (1.4, 51.0, WARN, 50.0),
            (1.4, 74.0, WARN, 50.0),
            (1.4, 76.0, ASK, 75.0),
            (1.4, 91.0, ASK, 75.0),
        ],
    )
    def test_of_glass_the_bilirubin_decides(
        self,
        bilirubin: float | None,
        gy: float,
        severity: Severity | None,
        bound_gy: float,
    ) -> None:
        normal = part("normal_whole", 1600.0, gy)
        case = treated(normal, device="glass", bilirubin_mg_per_dl=bilirubin)
        found = whole_liver(case)
        assert (found and found.severity) == severity
        if found:
            assert found.bound is not None
            assert found.bound.value == bound_gy
            high = "bilirubin above 1.1 mg/dL" in found.message
            assert high is (bilirubin == 1.4)
            assert "EANM 2022, Table 2" in found.bound.source

    @pytest.mark.parametrize(("device", "gy"), [("resin", 50.1), ("ho166", 60.1)])
    @pytest.mark.parametrize("bilirubin", [0.5, 3.0])
    def test_of_others_it_does_not(
        self, device: str, gy: float, bilirubin: float
    ) -> None:
        liver = part("normal_whole", 1600.0, gy)
        case = treated(liver, device=device, bilirubin_mg_per_dl=bilirubin)
        assert whole_liver_dose(case) == whole_liver_dose(treated(liver, device=device))

    @pytest.mark.parametrize(
        ("device", "judged_gy"), [("resin", 80.0), ("glass", 95.0), ("ho166", 95.0)]
    )
    def test_resin_by_all_of_the_liver_others_by_what_is_normal(
        self, device: str, judged_gy: float
    ) -> None:
        both = (part("liver", 1600.0, 80.0), part("normal_whole", 1500.0, 95.0))
        found = whole_liver(treated(*both, device=device))
        assert found is not None
        assert found.value == judged_gy

    def test_the_other_reading_where_one_is_not_known(self) -> None:
        found = whole_liver(treated(part("liver", 1600.0, 95.0), device="glass"))
        assert found is not None
        assert (found.severity, found.value) == (ASK, 95.0)

    @pytest.mark.parametrize(
        ("perfused_ml", "prior_gy", "severity"),
        [(400.0, 0.0, WARN), (401.0, 0.0, ASK), (400.0, 1.0, ASK)],
    )
    def test_two_segments_treated_once_only_warn(
        self, perfused_ml: float, prior_gy: float, severity: Severity
    ) -> None:
        """A quarter of 1600 mL is two of eight segments."""
        both = (
            part("perfused", perfused_ml, 400.0),
            part("liver", 1600.0, 95.0, prior_gy=prior_gy),
        )
        found = whole_liver(treated(*both, device="glass"))
        assert found is not None
        assert found.severity == severity
        left_out = "which EANM 2022 does not apply to a segmentectomy"
        assert (left_out in found.message) is (severity is WARN)

    def test_earlier_treatments_count_and_leave_less_room(self) -> None:
        """74.7 - 40 = 34.7 Gy are left, and 2 GBq give 40: 1.735 GBq."""
        liver = part("liver", 1600.0, 40.0, prior_gy=40.0)
        found = whole_liver(treated(liver, device="resin"))
        assert found is not None
        assert (found.severity, found.value) == (ASK, 80.0)
        assert "gets 80 Gy in total (40 Gy given before)" in found.message
        assert found.remedy == "reduce the activity to at most 1.735 GBq (46.89 mCi)"
        assert found.message.endswith(found.remedy)

    def test_earlier_treatments_alone(self) -> None:
        liver = part("liver", 1600.0, 1.0, prior_gy=80.0)
        found = whole_liver(treated(liver, device="resin"))
        assert found is not None
        assert found.remedy == "earlier treatments alone already exceed it"

    def test_the_remedy_names_every_injection(self) -> None:
        """30 and 60 Gy by 1 and 2 GBq: 0.83 of each give 74.7 Gy."""
        liver = part("liver", 1600.0, 30.0, 60.0, of=())
        found = whole_liver(treated(liver, gbq=(1.0, 2.0), device="resin"))
        assert found is not None
        assert "at most 0.83 GBq (22.43 mCi) to 'one' and 1.66 GBq" in found.remedy
        assert found.remedy.endswith("to 'two'")

    def test_what_was_given_is_not_to_be_reduced(self) -> None:
        liver = part("liver", 1600.0, 80.0)
        found = whole_liver(treated(liver, device="resin", given=True))
        assert found is not None
        assert found.severity is ASK
        assert "got 80 Gy" in found.message
        assert "reduce" not in found.message


class TestUnknownLiver:
    """Nothing but perfused volumes is known: a liver of 1800 mL is taken."""

    @pytest.mark.parametrize(
        ("device", "gy", "in_all_gy"),
        [
            # Half of 1800 mL.
            ("resin", 99.0, None),
            ("resin", 120.0, 60.0),
            ("resin", 400.0, 200.0),
            ("glass", 149.0, None),
            ("glass", 300.0, 150.0),
            ("ho166", 130.0, 65.0),
        ],
    )
    def test_it_warns_and_never_asks(
        self, device: str, gy: float, in_all_gy: float | None
    ) -> None:
        found = whole_liver(treated(part("perfused", 900.0, gy), device=device))
        assert (found and found.value) == (in_all_gy and pytest.approx(in_all_gy))
        if found:
            assert found.severity is WARN
            assert "the usual 1800 mL" in found.message
            assert found.remedy.startswith("give --liver-volume, or ")

    def test_more_is_perfused_than_a_usual_liver_has(self) -> None:
        """2.2 L at 60 Gy are at least all of this liver."""
        found = whole_liver(treated(part("perfused", 2200.0, 60.0), device="resin"))
        assert found is not None
        assert (found.severity, found.value) == (WARN, pytest.approx(60.0))
        assert "2200 mL" in found.message
        assert "the perfused volumes together" in found.message

    def test_two_perfused_volumes(self) -> None:
        """600 mL at 120 Gy and 600 mL at 60 Gy are 60 Gy in 1800 mL."""
        case = treated(
            part("perfused", 600.0, 120.0, 0.0, name="right"),
            part("perfused", 600.0, 0.0, 60.0, name="left", of=("two",)),
            gbq=(1.5, 0.75),
            device="resin",
        )
        found = whole_liver(case)
        assert found is not None
        assert found.value == pytest.approx(60.0)
        # 50 / 60 of each.
        assert "1.25 GBq" in found.remedy
        assert "0.625 GBq" in found.remedy

    def test_what_all_of_the_liver_had_counts_in_full(self) -> None:
        """900 mL at 80 Gy are 40 Gy in 1800 mL, and 20 Gy were everywhere."""
        lobe = part("perfused", 900.0, 80.0, prior_gy=20.0)
        found = whole_liver(treated(lobe, device="resin"))
        assert found is not None
        assert found.value == pytest.approx(60.0)

    @pytest.mark.parametrize(
        ("parts", "device", "needs"),
        [
            ([part("perfused", 900.0, 500.0)], None, "--device"),
            ([part("tumor", 90.0, 500.0)], "resin", "a structure of role liver"),
        ],
    )
    def test_what_it_needs(
        self, parts: list[Part], device: str | None, needs: str
    ) -> None:
        found = whole_liver(treated(*parts, device=device))
        assert found is not None
        assert found.severity is NOTE
        assert found.message.startswith("dose to the whole liver not checked: needs ")
        assert needs in found.message


class TestUsualCeilings:
    def test_each_volume_above_it_has_its_own_question(self) -> None:
        """160 and 200 Gy of glass by 1 and 2 GBq: 150 of each."""
        case = treated(
            part("perfused", 700.0, 160.0, 0.0, name="right"),
            part("perfused", 700.0, 0.0, 200.0, name="left", of=("two",)),
            part("liver", 1600.0, 70.0, 87.5, of=()),
            gbq=(1.0, 2.0),
            device="glass",
        )
        found = usual_ceilings(case)
        assert [(one.subject, one.severity) for one in found] == [
            ("right", ASK),
            ("left", ASK),
        ]
        right, left = (one.remedy for one in found)
        assert "at most 0.9375 GBq (25.33 mCi) to 'right'" not in right
        assert "at most 0.9375 GBq (25.33 mCi) to 'one'" in right
        assert "at most 1.5 GBq (40.54 mCi) to 'two'" in left

    def test_resin_has_one_for_normal_liver_only(self) -> None:
        segment = part("perfused", 700.0, 900.0)
        found = usual_ceilings(treated(segment, device="resin"))
        assert [one.severity for one in found] == [NOTE]
        normal = part("normal_perfused", 700.0, 81.0)
        [asks] = usual_ceilings(treated(segment, normal, device="resin"))
        assert (asks.severity, asks.value) == (ASK, 81.0)
        assert "not verified" in asks.message

    def test_one_or_two_segments_warn(self) -> None:
        """A quarter of the liver is what two of eight segments are."""
        liver = part("liver", 1600.0, 60.0)
        for ml, severity in ((400.0, WARN), (410.0, ASK)):
            segment = part("perfused", ml, 400.0)
            [found] = usual_ceilings(treated(segment, liver, device="glass"))
            assert found.severity is severity

    @pytest.mark.parametrize(
        ("perfused_ml", "liver_gy", "prior_gy", "disease", "severity"),
        [
            # 1600 - 1100 mL are 31 % of the liver, 1600 - 1140 mL 29 %.
            (1100.0, 149.0, 0.0, "hcc", WARN),
            (1140.0, 149.0, 0.0, "hcc", ASK),
            (1100.0, 150.0, 0.0, "hcc", ASK),
            # Table 2 has 140 to 150 Gy and no more for other diseases.
            (1100.0, 149.0, 0.0, "icc", ASK),
            (1100.0, 149.0, 0.0, "", ASK),
            (1100.0, 149.0, 5.0, "hcc", ASK),
        ],
    )
    def test_more_of_glass_is_for_hcc_with_a_spared_liver(
        self,
        perfused_ml: float,
        liver_gy: float,
        prior_gy: float,
        disease: str,
        severity: Severity,
    ) -> None:
        """EANM 2022, Table 2: ">150 if whole liver <150" is a cell of HCC alone.

        By its footnote it is for a reserve of at least 30 %, Child-Pugh A and a large
        lesion. So it no longer asks there, and says what it could not check.
        """
        lobe = part("perfused", perfused_ml, 210.0, prior_gy=prior_gy)
        case = treated(lobe, part("liver", 1600.0, liver_gy), device="glass")
        [found] = usual_ceilings(case, disease=disease)
        assert found.severity is severity
        assert ("the guideline allows more in HCC" in found.message) == (
            severity is WARN
        )
        if severity is WARN:
            assert "Child-Pugh A and a large lesion, which are not" in found.message

    def test_a_liver_that_is_not_known_is_not_under_150_gy(self) -> None:
        lobe = treated(part("perfused", 700.0, 210.0), device="glass")
        [found] = usual_ceilings(lobe, disease="hcc")
        assert found.severity is ASK

    def test_what_limits_ask_for_is_not_unusual(self) -> None:
        """2.5 times the 400 Gy that were chosen."""
        for gy, said in ((999.0, 0), (1001.0, 1)):
            segment = part("perfused", 700.0, gy)
            found = usual_ceilings(treated(segment, device="glass"), [ASKED])
            assert len(found) == said
        assert "1001 Gy, above 1000 Gy (2.5 times the 400 Gy" in found[0].message

    def test_only_scenarios_of_the_own_disease_are_proposed(self) -> None:
        """A lobectomy of 70 Gy with resin is for icc and mcrc, a segment for all."""
        normal = treated(part("normal_perfused", 1200.0, 87.0), device="resin")
        perfused = treated(part("perfused", 1200.0, 160.0), device="glass")
        for case, disease, advice in (
            (normal, "hcc", None),
            (normal, "mcrc", "a lobectomy, plan with --limits eanm2022:resin:mcrc:"),
            (normal, "", "a lobectomy of icc or mcrc, plan with --limits eanm2022:"),
            (perfused, "hcc", "segmentectomy, plan with --limits eanm2022:glass:hcc:"),
            (perfused, "", "plan with --limits eanm2022:glass:<disease>:segment"),
        ):
            [found] = usual_ceilings(case, disease=disease)
            assert (advice or "") in found.remedy
            assert ("--limits" in found.remedy) == (advice is not None)


def test_dose_from_two_injections_is_reduced_in_both() -> None:
    """100 Gy by each of two volumes that overlap: three quarters of both."""
    case = treated(
        part("perfused", 900.0, 100.0, 100.0, name="right"),
        gbq=(1.0, 2.0),
        device="glass",
    )
    [found] = usual_ceilings(case)
    assert "at most 0.75 GBq (20.27 mCi) to 'one' and 1.5 GBq" in found.remedy


@pytest.mark.parametrize(
    ("role", "gy", "said"),
    [
        ("organ", 19.9, 0),
        ("organ", 20.0, 1),
        ("gallbladder", 30.0, 1),
        ("tumor", 90.0, 0),
    ],
)
def test_organs_at_risk(role: str, gy: float, said: int) -> None:
    found = organs_at_risk(treated(part(role, 100.0, gy)))
    assert len(found) == said


def limit(value_gy: float | None, **change: object) -> Limit:
    values: dict[str, object] = {
        "name": "tumor",
        "volume": "tumor",
        "sense": "at_least",
        "limit_gy": 200.0,
        "value_gy": value_gy,
        "source": "a table",
        "binding": False,
        "verified": True,
        "given_by_user": True,
    }
    return Limit(**(values | change))  # type: ignore[arg-type]


class TestLimits:
    def test_all_that_are_not_met_are_listed_with_their_own_activity(self) -> None:
        rows = [
            limit(150.0, value_of="T1", activity_needed_gbq=2.0, activity_of="right"),
            limit(250.0, value_of="T2"),
            limit(100.0, value_of="T3", activity_needed_gbq=1.5, activity_of="left"),
        ]
        one, other = limit_findings(rows, injections=2)
        assert (one.subject, other.subject) == ("T1", "T3")
        assert "'T1' gets 150 Gy, less than 200 Gy (a table)" in one.message
        assert one.remedy == "that needs 2 GBq (54.06 mCi) to 'right'"
        assert other.remedy == "that needs 1.5 GBq (40.55 mCi) to 'left'"
        [alone] = limit_findings(rows[:1], injections=1)
        assert alone.remedy == "that needs 2 GBq (54.06 mCi)"

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("lungs", "lungs get 31 Gy, above 30 Gy (this session)"),
            ("lungs_cumulative", "lungs get 31 Gy, above 30 Gy (all sessions)"),
        ],
    )
    def test_lungs(self, name: str, says: str) -> None:
        row = limit(
            31.0,
            name=name,
            volume="lungs",
            sense="at_most",
            limit_gy=30.0,
            given_by_user=False,
        )
        [found] = limit_findings([row])
        assert (found.code, found.severity, found.message) == ("H22", WARN, says)
        assert found.subject == name

    def test_what_cannot_be_held_against_anything(self) -> None:
        [found] = limit_findings([limit(None, sense="at_most")])
        assert (found.code, found.severity) == ("H25", WARN)
        assert "not checked" in found.message
        assert limit_findings([limit(None, given_by_user=False)]) == []
