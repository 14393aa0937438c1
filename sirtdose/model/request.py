"""What is asked of an assessment or of a plan by an image: nouns, in groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from sirtdose.errors import InputError
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.ledger import Ledger
from sirtdose.model.metric import Metric
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role
from sirtdose.model.segmentation import Segmentation
from sirtdose.model.self_test import SelfTest
from sirtdose.model.site import Camera, SiteUsed
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML

Over = Literal["fov", "liver", "perfused"]

_RESIDUAL_MAX_H = 200.0
# Injections further apart have no one moment that an image's own unit decays to.
_ONE_MOMENT_H = 0.25


@dataclass(frozen=True)
class InjectionGiven:
    """What was injected into which structure, and what stayed behind of it.

    `at` is of the injection; a residual needs it and its own time, and one that is
    None was not given and is taken as none.
    """

    name: str
    administered_gbq: float
    perfused: str
    at: datetime | None = None
    residual_gbq: float | None = None
    residual_at: datetime | None = None
    lung_shunt_fraction: float | None = None

    def ledger(self, nuclide: Nuclide, lung_shunt_fraction: float | None) -> Ledger:
        """Its own ledger, at its own time; the shunt given holds where it has none.

        Raises
        ------
        InputError
            A residual without the times between which it decayed.
        RangeError
            A residual that is not less than what was administered.
        """
        residual = self.residual_gbq or 0.0
        if residual > 0:
            if self.at is None or self.residual_at is None:
                raise InputError(
                    f"the residual of '{self.name}' is decay-corrected to its "
                    "injection: give both times, "
                    "activity:1.2GBq@TIME,residual:20MBq@TIME"
                )
            elapsed_h = (self.residual_at - self.at).total_seconds() / 3600
            if not 0 <= elapsed_h <= _RESIDUAL_MAX_H:
                raise InputError(
                    f"the residual of '{self.name}' was measured {elapsed_h:.1f} h "
                    f"after its injection, outside 0 to {_RESIDUAL_MAX_H:g} h: check "
                    "dates and offsets"
                )
            residual /= nuclide.decay_factor(elapsed_h)
        own = self.lung_shunt_fraction
        return Ledger(
            self.administered_gbq,
            residual_gbq=residual,
            lung_shunt_fraction=(lung_shunt_fraction if own is None else own) or 0.0,
        )


@dataclass(frozen=True)
class Given:
    """What was given when, by the notes of the treatment.

    Exactly one of `administered_gbq`, `assay_gbq` with `assay_at`, and `injections` is
    needed; several injections share the image out by their own perfused volumes.
    A residual that is None is taken as none, and said to be so. `residual_method`, of
    all injections, is ``"calibrator"``, ``"survey-meter"`` or ``"pet"``.
    Where no nuclide was typed (`nuclide_given`), the header's outranks the one assumed.
    True activities are `calibrator_factor` times those given, as a dose calibrator
    read them. A lung mass that is None is measured on the CT, else the plan's, else
    1 kg. Times know their offset from UTC; `scan_at` is the image's, and
    `timezone` places its own clock.
    """

    nuclide: Nuclide
    nuclide_given: bool = True
    administered_gbq: float | None = None
    assay_gbq: float | None = None
    assay_at: datetime | None = None
    administered_at: datetime | None = None
    residual_gbq: float | None = None
    residual_at: datetime | None = None
    residual_method: str | None = None
    injections: tuple[InjectionGiven, ...] = ()
    calibrator_factor: float = 1.0
    lung_shunt_fraction: float | None = None
    lung_shunt_source: str = "unknown"
    lung_mass_kg: float | None = None
    scan_at: datetime | None = None
    timezone: str | None = None

    @property
    def at_one_moment(self) -> bool:
        """Whether all injections have times, within 15 min of each other."""
        times = [one.at for one in self.injections if one.at is not None]
        apart = (max(times) - min(times)).total_seconds() / 3600 if times else 0.0
        return len(times) == len(self.injections) and apart <= _ONE_MOMENT_H

    @property
    def shunts_given(self) -> bool:
        """Whether the injections' own lung shunts are known, none of them 0 for lack.

        >>> right = InjectionGiven("right", 1.2, "Right lobe", lung_shunt_fraction=0.05)
        >>> Given(Nuclide.named("Y-90"), injections=(right,)).shunts_given
        True
        """
        return bool(self.injections) and all(
            one.lung_shunt_fraction is not None or self.lung_shunt_fraction is not None
            for one in self.injections
        )


@dataclass(frozen=True)
class ImageRequest:
    """What is to be read, and where its structures and voxels lie.

    `gates` are images of one respiratory gate each, which are the image together.
    `structures` are everybody's, `readers` each one's own by the reader's name.
    `registration` is ``"rigid"``, ``"affine"``, ``"bspline"``, ``"liver"``, or the path
    of a transform, by which structures come from the image they were `drawn_on`;
    ``"liver"`` needs no CT of the scan.
    `segment_perfused` and `segment_tumors` find what is not drawn, above a part of the
    image's or the liver's maximum, or adaptively. Names of structures are read in
    some `languages`, such as ``("en", "nl")``, or in all. `dose_grid` is the image's
    own voxels, the CT's, or cubes of a side in mm. `image_shift_mm`, along the
    patient's x, y and z, moves the image before anything else. `header_nuclide_was` and
    `positron_fraction_was` are what a PET scanner was told by mistake. `camera` is a
    camera's own file, `cameras` those that one is chosen from by the image's header.
    """

    source: Path
    image: Path | None = None
    gates: tuple[Path, ...] = ()
    ct: Path | None = None
    structures: tuple[Path, ...] = ()
    readers: Mapping[str, Path] = field(default_factory=dict)
    probability_threshold: float | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    header_nuclide_was: str | None = None
    positron_fraction_was: float | None = None
    registration: str | Path | None = None
    drawn_on: Path | None = None
    image_shift_mm: tuple[float, float, float] | None = None
    segment_perfused: float | None = None
    segment_tumors: float | Literal["adaptive"] | None = None
    dose_grid: float | Literal["image", "ct"] = "image"
    camera: Path | None = None
    cameras: tuple[Camera, ...] = ()

    @property
    def segmentations(self) -> tuple[Segmentation, ...]:
        """What is to be found on the image, and how: the perfused volume first.

        >>> request = ImageRequest(Path("patient"), segment_tumors="adaptive")
        >>> [(one.find, one.method) for one in request.segmentations]
        [('tumors', 'adaptive')]
        """
        found = []
        if self.segment_perfused is not None:
            found.append(Segmentation(find="perfused", fraction=self.segment_perfused))
        if isinstance(self.segment_tumors, str):
            found.append(Segmentation("adaptive"))
        elif self.segment_tumors is not None:
            found.append(Segmentation(fraction=self.segment_tumors))
        return tuple(found)

    @property
    def grid_in_words(self) -> str:
        """The voxels that doses are computed on."""
        side = self.dose_grid
        return f"cubes of {side:g} mm" if isinstance(side, float) else f"{side} voxels"


@dataclass(frozen=True)
class DoseRequest:
    """How an image becomes doses, and how sure they are to be.

    `density` is in g/mL, ``"ct"``, or the path of an image in g/mL; `density_in` that
    of ``liver``, ``tumors``, ``lungs`` or structures by name, in g/mL.
    Up to `camera_limit_gbq` in view the gamma camera counts in proportion. `pvc` is
    ``"iterative-yang"``, ``"gtm"``, the path of recovery coefficients, or
    ``"recovery"`` for those of the camera's file; `psf_mm` the widths (FWHM) of the
    blur along the patient's x, y and z, ``"fit"`` for those that the image shows
    itself, or ``"camera"`` for those of the camera's file;
    `psf_tail` the part of the counts in a wide tail (0 to 0.5) and its FWHM in mm,
    `psf_edges` how edges overshoot (:class:`sirtdose.dosimetry.image.blur.Blur`). By a
    ``"camera"`` `calibration`, `cps_per_mbq` is its factor where `live_fraction` of the
    counts is kept, and `shown_over_true` that of an image in Bq/mL; without either they
    are those of the camera's file. A `dead_time` of ``"camera"`` corrects the counts of
    a factor that was measured at negligible dead time by the camera's file. With
    `uncertainty` every
    dose has its interval, of so many realizations drawn with `seed`, by the package's
    budget or the TOML file `budget`.
    """

    methods: tuple[str, ...] = ()
    medium: str = "soft-tissue"
    density: float | Path | Literal["ct"] = LIVER_DENSITY_G_PER_ML
    density_curve: str = "Schneider"
    density_in: Mapping[str, float] = field(default_factory=dict)
    calibration: str = "administered"
    cps_per_mbq: float | None = None
    live_fraction: float | None = None
    shown_over_true: float | None = None
    dead_time: Literal["none", "camera"] = "none"
    calibrate_over: Over | None = None
    scan_duration_h: float | None = None
    camera_limit_gbq: float | None = None
    psf_mm: tuple[float, float, float] | Literal["fit", "camera"] | None = None
    psf_tail: tuple[float, float] | None = None
    psf_edges: tuple[float, int] | None = None
    pvc: str | Path | None = None
    uncertainty: int | None = None
    budget: Path | None = None
    seed: int | None = None

    @property
    def density_by_voxel(self) -> bool:
        """Whether densities come from an image rather than as one value."""
        return isinstance(self.density, (str, Path))

    @property
    def used_methods(self) -> tuple[str, ...]:
        """The methods asked for, else those that suit the density.

        >>> DoseRequest().used_methods, DoseRequest(density="ct").used_methods
        (('local',), ('local', 'collapsed-cone'))
        """
        usual = ("local", "collapsed-cone") if self.density_by_voxel else ("local",)
        return self.methods or usual

    def for_nuclide(self, nuclide: Nuclide) -> "DoseRequest":
        """The same; by local deposition where no method is asked for and no kernel is.

        >>> own = Nuclide("P-32", 342.8, 198.4, "own", "a", half_life_source="b")
        >>> DoseRequest(density="ct").for_nuclide(own).used_methods
        ('local',)
        """
        usable = self.methods or nuclide.kernels
        return self if usable else replace(self, methods=("local",))


@dataclass(frozen=True)
class JudgeRequest:
    """What doses are held against, and which findings a person accepted.

    `device` and `disease` say which outcome studies apply, `radiobiology` is a TOML
    file of a department's own parameters and models. `plan_dose` is the plan's dose
    map where it is not beside it, `plan_transform` from this image to the map's scan.
    The `metrics` of each structure are given beside the usual ones. `self_test` is what
    the program's own comparisons said, `site` the site's file that defaults were taken
    from. `matches` are names of the plan's lesions with those of the same lesions here.
    """

    device: str | None = None
    disease: str | None = None
    plan: Path | None = None
    plan_dose: Path | None = None
    plan_transform: Path | None = None
    matches: Mapping[str, str] = field(default_factory=dict)
    prior_dose: Path | None = None
    prior_transform: Path | None = None
    prior_lung_dose_gy: float = 0.0
    radiobiology: Path | None = None
    metrics: tuple[Metric, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    self_test: SelfTest | None = None
    site: SiteUsed | None = None


@dataclass(frozen=True)
class Privacy:
    """Whom results may name.

    With a `site_key` they name nobody, and carry a pseudonym made with it;
    `patient_key` is compared with the plan's.
    """

    site_key: bytes | None = None
    patient_key: str | None = None

    @property
    def nameless(self) -> bool:
        """Whether results are to name nobody."""
        return self.site_key is not None


@dataclass(frozen=True)
class PostRequest:
    """What is to be assessed after treatment.

    Examples
    --------
    >>> request = PostRequest(
    ...     ImageRequest(Path("patient")),
    ...     Given(Nuclide.named("Y-90"), administered_gbq=2.2),
    ...     DoseRequest(methods=("kernel",)),
    ... )
    >>> request.given.administered_gbq, request.dose.used_methods
    (2.2, ('kernel',))
    """

    image: ImageRequest
    given: Given
    dose: DoseRequest = DoseRequest()
    judge: JudgeRequest = JudgeRequest()
    privacy: Privacy = Privacy()
