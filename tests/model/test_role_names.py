"""Names of structures as planning systems, TG-263 and six languages write them."""

import pytest

from sirtdose.model.role import (
    Declared,
    Role,
    role_and_doubt,
    role_from_name,
    told_by_name,
)

NAMES = {
    "tumor": (
        "GTVp|GTVp1|GTVp_1|GTVp2|GTV_p|gtvp|GTVliv|GTV_Liver|GTVLiver|GTV-PET|iGTV|"
        "GTV1|GTV 2a|CTVp|CTV_High|CTVp1|CTV|ITV|ITV_1|GTVpar|"
        "TumorLeft|TumorA|TumorB|tumor_a|tumora|TumorViable|Tumor_viable|LiverTumor|"
        "livertumor|LiverTumor2|LiverMet|LiverMets|livermet|Liver_Met_3|Met1|MET 2|"
        "MetSeg6|Metseg6|Hccseg4|HCCSeg4|HCC_1|HCC1|hcc|LesionA|LesionB|lesion2|"
        "Lesion_Seg8|Tumour_Left_Lobe|LeftTumor|tumorleft|RightLobeTumor|ICC|CRLM 1|"
        "ROI_Tumor_1|VOI_tumor|TumorVOI1|Tumor-ROI|Cholangioca|MTV|"
        "Metastasis_5|Tumor minus necrosis|Tumor segment 4|HCC seg VI|"
        "Liver tumor near lung|Colon_met|Lebermetastase|Leberherd 2|Levermetastase_1|"
        "Tumeur_gauche|Lésion_foie|Metástasis hepática|volume tumoral|"
        "Lesione_epatica|LaesieA|Läsion_li|Metastase 3|Carcinoma|Tumor1a|tumor 1 (PET)"
    ),
    "tumor_outside": (
        "GTVn|GTVn1|GTVn_Hilum|gtvn|GTVnd|"
        "CTVn|GTV_n|LN_tumor|LNTumor|Tumor LN|LN met 2|"
        "Lymph node metastasis|Nodal_GTV|Lung_met|LungMet1|lung tumor|Bone_Met|"
        "Extrahepatic tumor|Extrahepatic_lesion_1|Adrenal metastasis|Spleen lesion|"
        "Peritoneal mets|Lymphknotenmetastase_2 LK met lymphknoten|Lungenmetastase|"
        "Tumeur extra-hépatique|Adénopathie tumorale"
    ),
    "other": (
        "CTV1-GTV1|GTVp-CTV|PTV-GTV|LN_Portal|"
        "Tumor_bed|TumorBed|tumor bed|Tumor Bed Block|GTVsb|GTVv|GTVvas|Metal|"
        "Metal_artifact|Metformin|Hematoma|Haematoma_liver|PVTT|PVTT_1|"
        "Portal vein tumor thrombus|Peritumoral|peri-tumoral|Thrombus|"
        "Liver_Seg4|LiverSeg4|Liver Segment IV|Segment 4|Seg4|seg_4b|S4|S 8|"
        "Liver_PRV03|Liver_PRV05|Liver+margin|Right lobe|RightLobe|Liver_right_lobe|"
        "left_lobe_liver|Caudate lobe|Lebersegment 4|Leberlappen rechts|lobe droit|"
        "Left Liver|Liver_L|Liver_R|Liver segments|liver_segment_3|Segments|"
        "PTV|PTV1|PTVp|PTV_5000|PTV_Liver|PTV tumor|ptv|TV|TV1|TV_2|VOI|VOI1|voi 2|"
        "VOI_3|ROI|ROI-1|BODY|External|Couch|Skin|Marker|Liver cyst|Liver dome|"
        "Non-perfused|Unperfused_lobe|untreated|NonTarget|Lung nodule|Lungs-GTV|"
        "Lungs-CTV|Lung_L-GTV|Segment_1|label 3|Nodes|LN|Scar|Areola|Meta|Atom|"
        "liver_abscess|Resection cavity|TumorRing|GTV_margin"
    ),
    "perfused": (
        "PerfusedVolume|TreatedVolume|perfusedvolume|treatedvolume|Perfused_Lobe|"
        "Perf_vol|perf1|PerfusedSeg4|Treated_Seg_5|Perfused segment VIII|"
        "PTV_perfused|TargetVolume|Target|Perfused liver|Volume perfusé|"
        "Behandeld_volume|perfundiertes Volumen|Volumen perfundido|Volume trattato"
    ),
    "lungs": (
        "LeftLung|RightLung|LungL|LungR|Lung_L|Lung_R|Lungs|RLung|L_Lung|Lt Lung|"
        "leftlung|lungl|LungsTotal|Lung_LUL|NormalLung|Lunge_links|Poumon_G|long_li|"
        "LinkerLong|PolmoneDx polmone|Pulmon izquierdo"
    ),
    "normal_given": (
        "Liver_minus_tumor|Liver_without_GTV|Liver-GTV|Liver minus tumor|Liver-CTV|"
        "LiverMinusGTV|LiverWithoutTumors|Liver_-_GTV|Liver - tumor|Liver_ex_GTV|"
        "Liver_no_tumor|Liver_minus_all_tumors|Liver-PTV|NormalLiver|HealthyLiver|"
        "liver_normal|Uninvolved_liver|NL_perfused|Non_tumor_liver|NonTumor|perfused_minus_tumor|"
        "Leber_ohne_Tumor|Foie_sans_tumeur|Lever_zonder_tumor|Fegato_senza_lesione|"
        "Higado_sin_tumor|gesunde_Leber|FoieSain|Tumor-free liver"
    ),
    "liver": (
        "Liver|LIVER|ROI_liver|VOI_Liver|Liver_ROI|liver_CT|WholeLiver|Liver_whole|TotalLiver|liver1|Liver_final|"
        "LiverContour|liver_seg|LiverMR|Leber|GesamtLeber|Lever|Foie|foie_entier|"
        "Hígado|Fegato|Liver (auto)|Liver segmentation"
    ),
    "gallbladder": "Gallbladder|GallBladder|gall_bladder|Galblaas|Vésicule",
    "vessel": (
        "A_Hepatic|A_Aorta|V_Portal|PortalVein|IVC|V_VenaCava_I|vena_cava|Liver vessels"
    ),
    "organ": (
        "Spleen|Kidney_L|KidneyR|Stomach|Duodenum|SpinalCord|Bowel_Small|Heart|"
        "Esophagus|Milz|Rate|Niere_li|Pancreas|Colon_Sigmoid"
    ),
}
# Written as one word, as a difference or a sum, and what an organ's name decides.
MORE_NAMES = {
    "liver": (
        "wholeliver|livermask|Gesamtleber|Liver_with_tumor|Liver_incl_tumor|"
        "Liver+Tumor|Liver incl. GTV|liver and tumor|Leber mit Tumor|"
        "Foie avec tumeur|Lever met tumor|Tumor+Liver|liverfinal|Liver-mask|"
        "Whole-Liver|livervolume|Liver w/ tumor|Body and liver|Liver 1"
    ),
    "normal_given": (
        "normalliver|Liver_wo_GTV|Liver wo tumor|Liver_outside_GTV|"
        "Liver_except_tumor|Liver exc tumor|Liver_NOT_GTV|Liver_nonGTV|"
        "LiverNOTGTV|LiverXGTV|Liver_sub_GTV|LiverSubGTV|Liver_GTV_sub|"
        "Liver_m_GTV|Liver_x_GTV|Liver-(GTV)|Liver\u2013GTV|Liver\u2212GTV|"
        "Background_liver|liver_background|livernotgtv|PerfusedVolume_minus_GTV|"
        "Perfused volume without tumor|Liver right lobe minus GTV|LIVER-GTVS|"
        "Liver - (GTV1+GTV2)|Liver w/o tumor|LiverWOGTV|nontumor|nonGTV|"
        "livernotumor|liver_minus_tumors|Liver \u2013 tumor|Foie sauf tumeur|"
        "liverwithouttumor|perfused-GTV|Liver_GTV_removed"
    ),
    "tumor": (
        "tumormask|lesionmask|lesionvol|tumorvol|tumormask1|liver-tumor 1|"
        "Liver-Met3|TumourLeft|tumourmask|Tumours|LiverTumour|livertumour2|"
        "TUMOURVOL|Tumour_A|Breast met|Tumor lobe|Liver tumor minus necrosis|"
        "Liver S8 tumor|lesion_mask_2|hccmask|gtvmask|Tumor_liver|LiverPET tumor|"
        "Tumor no. 3|Tumor 15 mm|Lesion 12mm|HCC 3 cm|gtvvol|GTVmask|"
        "livermets|Liver PET-GTV"
    ),
    "tumor_outside": (
        "LNmet|lnmet|Stomach_tumor|Bladder_tumor|Kidney tumor|Pancreas tumor|"
        "kidneytumor|Tumor outside liver|lungmet|LNmet2"
    ),
    "perfused": (
        "perfusedvol|treatmentvolume|TreatmentVolume|Treatment_Zone|"
        "Perfused_Liver|perfusedlobe|Perfused minus gallbladder|"
        "Perfused right hepatic artery|Treatment area|treatedliver|targetvol|"
        "PerfusionTerritory"
    ),
    "other": (
        "Off-target|OffTarget|offtarget|nontarget|Lung_perfusion|PerfusedLung|"
        "off target lobe|Treatment couch|unperfusedliver|Liver_S8|LiverS8|"
        "R_Liver|fegato_destro|RLiver|rliver|L_Liver|Foie droit|higado izquierdo|"
        "FLR|liver remnant|Fegato dx|leftliver|liverleft|rightlobe|zGTVp|zGTV|"
        "z_GTV|z_Liver|zLiver|zPTV|Body-Liver|nonliver|outside liver|"
        "Lungs - tumor|Liver+5mm"
    ),
    "vessel": "artery_target|Target_vessel|target arteries",
    "organ": "Kidney_perfused|Stomach_perfusion",
}
CASES = [
    (name, role)
    for known in (NAMES, MORE_NAMES)
    for role, names in known.items()
    for name in names.split("|")
]


@pytest.mark.parametrize(("name", "role"), CASES)
def test_role_of_a_name(name: str, role: str) -> None:
    assert str(role_from_name(name)) == role


def test_there_are_hundreds_of_them() -> None:
    assert len({name for name, _ in CASES}) == len(CASES) > 250


@pytest.mark.parametrize(
    ("names", "role", "choices"),
    [
        (
            "Liver-Tumor|Liver-Tumors|Liver-lesions|Liver-HCC|Perfused-Tumor|"
            "Leber-Tumor|Liver\u2013Tumor|Liver\u2212mets|lobe-HCC",
            "tumor",
            "tumor normal_given",
        ),
        ("LiverSeg|liver_seg|liverseg", "liver", "liver other"),
        ("Liver 5mm|Liver_3mm", "other", "liver other"),
        ("HCC_ablated|Tumor_ablated|ablated lesion", "other", "tumor other"),
        (
            "GTV_5mm|GTV+5mm|GTV+5|GTV-5mm|Tumor+5mm|GTV_margin|CTV1-GTV1",
            "other",
            "perfused tumor other",
        ),
    ],
)
def test_a_name_that_may_mean_either_asks(names: str, role: str, choices: str) -> None:
    for name in names.split("|"):
        found, doubt = role_and_doubt(name)
        assert doubt is not None, name
        assert (str(found), " ".join(doubt.choices)) == (role, choices), name


@pytest.mark.parametrize("name", ["liver-tumor 1", "Liver-Met3", "Liver_HCC", "HCC"])
def test_a_tumor_of_the_liver_does_not(name: str) -> None:
    assert role_and_doubt(name) == (Role.TUMOR, None)


@pytest.mark.parametrize("name", ["PTV", "PTV_Liver", "TV", "TV1", "VOI1", "voi 2"])
def test_a_name_that_says_too_little_asks(name: str) -> None:
    role, doubt = role_and_doubt(name)
    assert role is Role.OTHER
    assert doubt is not None
    assert doubt.asks(name) == (
        f"its name is not specific enough: give --role '{name}=perfused', --role "
        f"'{name}=tumor' or --role '{name}=other'"
    )


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *((name, True) for name in ("Liver_Seg4", "Right lobe", "S4", "Segment IV")),
        *((name, True) for name in ("Liver_S8", "LiverS8", "R_Liver", "fegato_destro")),
        *((name, True) for name in ("leftliver", "FLR", "Foie droit", "rightlobe")),
        *((name, False) for name in ("Segment_1", "PVTT", "Liver_PRV03", "ROI_7")),
    ],
)
def test_segments_and_lobes_are_parts_of_the_liver(name: str, part: bool) -> None:
    assert told_by_name(name).part_of_liver is part


GTV = Declared(Role.TUMOR, "RTROIInterpretedType (3006,00A4) GTV")
TREATED = Declared(Role.PERFUSED, "RTROIInterpretedType (3006,00A4) TREATED_VOLUME")
PTV = Declared(None, "RTROIInterpretedType (3006,00A4) PTV")
LIVER = Declared(Role.LIVER, "SegmentedPropertyTypeCodeSequence (0062,000F) Liver")


@pytest.mark.parametrize(
    ("name", "declared", "role", "asks"),
    [
        ("A7", GTV, "tumor", False),
        # A target is no tumor because its type says so.
        ("VOI1", GTV, "other", True),
        ("PTV", GTV, "other", True),
        ("TV", GTV, "other", True),
        ("PTV", LIVER, "other", True),
        ("GTV_5mm", GTV, "other", True),
        ("PTV", TREATED, "perfused", False),
        # A type tells which of two a name means.
        ("Liver-Tumor", GTV, "tumor", False),
        ("Liver-Tumor", LIVER, "tumor", True),
        ("liver_seg", LIVER, "liver", False),
        ("Right Lobe", TREATED, "perfused", False),
        ("Segment 5", TREATED, "perfused", False),
        ("Segment 5", GTV, "other", True),
        ("Right Lobe", PTV, "other", True),
        ("Right Lobe", LIVER, "other", False),
        ("A7", LIVER, "liver", False),
        ("A7", PTV, "other", True),
        ("A7", None, "other", False),
        # Only these two contradict: a tumor's type on an organ, and the reverse.
        ("Liver", GTV, "liver", True),
        ("Lung_L", GTV, "lungs", True),
        ("Spleen", GTV, "organ", True),
        ("Normal liver", GTV, "normal_given", True),
        ("Tumor 1", LIVER, "tumor", True),
        ("GTVn", LIVER, "tumor_outside", True),
        ("Liver tumor", LIVER, "tumor", False),
        ("GTV_liver", LIVER, "tumor", False),
        ("Liver", LIVER, "liver", False),
        ("Tumor 1", GTV, "tumor", False),
        ("GTVn", GTV, "tumor_outside", False),
        ("Perfused lobe", GTV, "perfused", False),
        ("Perfused lobe", LIVER, "perfused", False),
        ("Tumor_bed", GTV, "other", False),
        ("Liver", PTV, "liver", False),
    ],
)
def test_what_a_file_declares(
    name: str, declared: Declared | None, role: str, asks: bool
) -> None:
    found, doubt = role_and_doubt(name, declared)
    assert (str(found), doubt is not None) == (role, asks)
    if doubt is not None:
        assert f"--role '{name}=" in doubt.asks(name)


@pytest.mark.parametrize(
    ("names", "role"),
    [
        (
            "Liver_minus_vessels|Liver without gallbladder|Liver - vessels|"
            "Liver incl vessels|Liver minus cysts",
            "liver",
        ),
        ("Liver minus vessels and tumor|Liver_wo_vessels_GTV", "normal_given"),
        ("Perfused minus vessels|Perfused_without_gallbladder", "perfused"),
        ("Lungs minus liver", "lungs"),
        ("Liver outside perfused|Liver minus perfused|Body-Liver", "other"),
        ("untreated tumor|Tumor untreated|non-target lesion|Nontarget_lesion", "tumor"),
        ("HCC 3 cm|Tumor_3.5cm|alltumors|GTV1+GTV2|Tumor w necrosis", "tumor"),
        ("Liver-vessels|Liver vessels", "vessel"),
    ],
)
def test_what_is_left_when_a_part_is_taken_out(names: str, role: str) -> None:
    found = {name: str(role_from_name(name)) for name in names.split("|")}
    assert found == dict.fromkeys(found, role)


def test_a_target_and_its_type_are_both_named() -> None:
    _, doubt = role_and_doubt("PTV", GTV)
    assert doubt is not None
    assert doubt.asks("PTV") == (
        "its name says only 'PTV', but its RTROIInterpretedType (3006,00A4) GTV: give "
        "--role 'PTV=perfused', --role 'PTV=tumor' or --role 'PTV=other'"
    )
