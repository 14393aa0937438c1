"""Options that a result takes from the site file (H44)."""

from sirtdose.model.finding import Finding
from sirtdose.model.site import SiteUsed

_SHOWN = 12


def site_findings(site: SiteUsed | None) -> list[Finding]:
    """Options read from the site file, and its checksum (H44)."""
    if site is None:
        return []
    names = ", ".join(one.replace("_", " ") for one in site.options) or "nothing"
    said = f"{names} read from the site file, SHA-256 {site.sha256[:_SHOWN]}"
    return [Finding.of("H44", said, subject=site.sha256)]
