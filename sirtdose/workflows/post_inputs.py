"""Every file that an assessment rests on, besides image, CT and structures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.model.printable import printable
from sirtdose.workflows.post_request import PostRequest
from sirtdose.workflows.scene import inputs_of, require_one_patient

if TYPE_CHECKING:
    from sirtdose.io.choose import Choice
    from sirtdose.model.finding import Finding


def all_inputs(choice: "Choice", request: PostRequest) -> tuple[dict[str, Any], ...]:
    """What was used: name only, hash, series; in the order of its use."""
    from sirtdose.io.hashing import sha256_of

    named = (
        ("earlier dose", request.prior_dose),
        ("transform of the earlier dose", request.prior_transform),
        ("registration", request.registration),
        ("recovery coefficients", request.pvc),
        ("radiobiology", request.radiobiology),
        ("plan", request.plan),
    )
    return (
        *inputs_of(choice, request),
        *(
            {
                "file": printable(path.name),
                "files": len(paths),
                "kind": kind,
                "sha256": sha256_of(paths),
                "series_instance_uid": None,
            }
            for kind, path in named
            if isinstance(path, Path)
            for paths in [_files(path)]
        ),
    )


def _files(path: Path) -> tuple[Path, ...]:
    """A file, or every file of what a folder holds."""
    if path.is_file():
        return (path,)
    from sirtdose.io.discover import discover

    return tuple(one for item in discover(path) for one in item.paths)


def require_same_patients_prior(
    choice: "Choice", request: PostRequest, findings: "list[Finding]"
) -> None:
    """Refuse an earlier dose of somebody else (H01)."""
    if request.prior_dose is None or not request.prior_dose.exists():
        return
    from sirtdose.io.discover import discover

    require_one_patient([choice.image, *discover(request.prior_dose)], findings)
