"""What the lungs get of an injection."""

from sirtdose.model.bounds import (
    require_fraction,
    require_not_negative,
    require_positive,
)
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.lungs import NOT_GIVEN, Lungs

# clinical reference, section 4: guard-rails seen in practice.
_WARN_ABOVE, _HIGH_ABOVE, _DOUBT_FROM = 0.10, 0.20, 0.50


def lung_dose_gy(
    *,
    activity_gbq: float,
    lung_shunt_fraction: float,
    lung_mass_kg: float,
    dose_constant_gy_kg_per_gbq: float,
) -> float:
    r"""Mean dose that shunted microspheres give the lungs.

    .. math:: D_L = \frac{K\,A\,L}{m_L}

    Parameters
    ----------
    activity_gbq : float, >= 0
        Injected: what the residual keeps back never reaches the lungs.
    lung_shunt_fraction : float, 0 to below 1
    lung_mass_kg : float, > 0
        1 kg by default everywhere in this program.
    dose_constant_gy_kg_per_gbq : float, > 0

    Returns
    -------
    float
        Gy.

    Raises
    ------
    RangeError
        A value is outside its range.

    Notes
    -----
    All shunted activity stays, evenly spread, in one lung mass.

    References
    ----------
    The glass label's limit of 0.61 GBq to the lungs and its 30 Gy are this
    formula: 49.67 * 0.61 / 1.0 = 30.3.

    Examples
    --------
    >>> round(lung_dose_gy(activity_gbq=6.1, lung_shunt_fraction=0.1,
    ...                    lung_mass_kg=1.0, dose_constant_gy_kg_per_gbq=49.67), 1)
    30.3
    """
    require_not_negative(activity_gbq=activity_gbq)
    require_fraction(lung_shunt_fraction=lung_shunt_fraction)
    require_positive(
        lung_mass_kg=lung_mass_kg,
        dose_constant_gy_kg_per_gbq=dose_constant_gy_kg_per_gbq,
    )
    lung_gbq = activity_gbq * lung_shunt_fraction
    return dose_constant_gy_kg_per_gbq * lung_gbq / lung_mass_kg


def lungs(
    *,
    activity_gbq: float,
    lung_shunt_fraction: float | None,
    lung_mass_kg: float,
    lung_mass_source: str,
    lung_shunt_source: str,
    prior_lung_dose_gy: float,
    dose_constant_gy_kg_per_gbq: float,
) -> Lungs:
    """The lungs of a plan or of a treatment, with earlier sessions' dose added.

    A shunt that is not given (None) is taken as none, and said to be so.
    """
    require_not_negative(prior_lung_dose_gy=prior_lung_dose_gy)
    if lung_shunt_fraction is None:
        lung_shunt_fraction, lung_shunt_source = 0.0, NOT_GIVEN
    dose = lung_dose_gy(
        activity_gbq=activity_gbq,
        lung_shunt_fraction=lung_shunt_fraction,
        lung_mass_kg=lung_mass_kg,
        dose_constant_gy_kg_per_gbq=dose_constant_gy_kg_per_gbq,
    )
    return Lungs(
        shunt_fraction=lung_shunt_fraction,
        shunt_source=lung_shunt_source,
        mass_kg=lung_mass_kg,
        mass_source=lung_mass_source,
        activity_gbq=activity_gbq * lung_shunt_fraction,
        dose_gy=dose,
        cumulative_dose_gy=dose + prior_lung_dose_gy,
    )


def lung_shunt_findings(result: Lungs) -> list[Finding]:
    """What a person must know of shunt and lung mass (H22, H23)."""
    fraction = result.shunt_fraction
    if not result.known:
        return [
            Finding.of(
                "H22",
                "not checked: needs --lung-shunt; no shunt is assumed",
                severity=Severity.NOTE,
            )
        ]
    findings = []
    if fraction >= _DOUBT_FROM:
        findings.append(
            Finding.of(
                "H22",
                f"lung shunt is {fraction:.1%}: was {fraction:g} % meant, which is "
                f"written {fraction:g}%?",
                severity=Severity.ASK,
            )
        )
    elif fraction > _WARN_ABOVE:
        high = " (high: above 20 %)" if fraction > _HIGH_ABOVE else ""
        findings.append(
            Finding.of("H22", f"lung shunt is {fraction:.1%}, above 10 %{high}")
        )
    if result.shunt_source == "planar":
        findings.append(
            Finding.of(
                "H22",
                "the lung shunt is from planar images, which overestimate it, more "
                "so for left or dome tumors and a high shunt",
            )
        )
    elif result.shunt_source == "unknown":
        findings.append(
            Finding.of(
                "H22",
                "not checked: needs --lung-shunt-source planar or spect",
                severity=Severity.NOTE,
            )
        )
    findings.append(
        Finding.of("H23", f"lung mass {result.mass_kg:g} kg ({result.mass_source})")
    )
    return findings
