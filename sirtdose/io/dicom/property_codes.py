"""What DICOM attributes beside a region's name declare it to be."""

from sirtdose.io.dicom.bare import Dataset
from sirtdose.model.role import Declared, Role, role_from_name

# SNOMED CT codes of PS3.16, CID 7150 to 7165; SRT ones are translated to these.
_ROLES = {
    "10200004": Role.LIVER,
    "39607008": Role.LUNGS,
    "28231008": Role.GALLBLADDER,
    "108369006": Role.TUMOR,
    "86049000": Role.TUMOR,
    "14799000": Role.TUMOR,
    "52988006": Role.TUMOR,
    "78961009": Role.ORGAN,
    "69695003": Role.ORGAN,
    "64033007": Role.ORGAN,
    "15776009": Role.ORGAN,
    "38848004": Role.ORGAN,
    "80891009": Role.ORGAN,
    "32849002": Role.ORGAN,
    "71854001": Role.ORGAN,
    "15825003": Role.VESSEL,
    "32764006": Role.VESSEL,
    "8993003": Role.VESSEL,
    "64131007": Role.VESSEL,
}
# Targets of external beams are no volumes of this treatment: a PTV may be what is
# perfused, or a tumor. ORGAN, AVOIDANCE and the rest say nothing of which.
_INTERPRETED = {
    "GTV": Role.TUMOR,
    "CTV": Role.TUMOR,
    "TREATED_VOLUME": Role.PERFUSED,
    "PTV": None,
}


def declared_by_type(observation: Dataset | None) -> Declared | None:
    """By an RTSTRUCT's RTROIInterpretedType, or the code beside it."""
    if observation is None:
        return None
    kind = str(observation.get("RTROIInterpretedType", "") or "").strip().upper()
    if kind in _INTERPRETED:
        return Declared(_INTERPRETED[kind], f"RTROIInterpretedType (3006,00A4) {kind}")
    return declared_by_code(
        observation,
        "RTROIIdentificationCodeSequence",
        "RTROIIdentificationCodeSequence (3006,0086)",
    )


def declared_by_property(segment: Dataset) -> Declared | None:
    """By a SEG segment's property type."""
    return declared_by_code(
        segment,
        "SegmentedPropertyTypeCodeSequence",
        "SegmentedPropertyTypeCodeSequence (0062,000F)",
    )


def declared_by_code(item: Dataset, keyword: str, where: str) -> Declared | None:
    """By a coded concept: by its code, else by the words of its meaning."""
    codes = list(item.get(keyword) or ())
    if not codes:
        return None
    meaning = str(codes[0].get("CodeMeaning", "") or "").strip()
    role = _ROLES.get(_snomed(codes[0])) or role_from_name(meaning)
    return None if role is Role.OTHER else Declared(role, f"{where} {meaning}".strip())


def _snomed(code: Dataset) -> str:
    from pydicom.sr.coding import Code

    value = str(code.get("CodeValue", "") or "").strip()
    scheme = str(code.get("CodingSchemeDesignator", "") or "").strip().upper()
    if scheme not in ("SCT", "SRT"):
        return ""
    given = Code(value, scheme, "")
    return next((known for known in _ROLES if given == Code(known, "SCT", "")), "")
