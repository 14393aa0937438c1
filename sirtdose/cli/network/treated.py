"""The studies of treated patients that an archive has, for `sirtdose worklist`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sirtdose.cli.network.node import node_named
from sirtdose.cli.words.show import say
from sirtdose.errors import require_extra
from sirtdose.io.studies import listed_study
from sirtdose.model.imaging_study import ImagingStudy, Studies
from sirtdose.model.treatment_record import TreatmentLog
from sirtdose.network.archive.query import Answers, FoundStudy, Query
from sirtdose.workflows.worklist.join import window_d

_MODALITIES = ("NM", "PT")
_MOST, _TIMEOUT_S = 10_000, 60.0


@dataclass(frozen=True)
class Archived:
    """What an archive answered, by the name of its node."""

    node: str
    answers: Answers

    def studies(self) -> Studies:
        """As a worklist joins them: without their files."""
        remarks = [f"{self.node}: {one}" for one in self.answers.notes]
        if self.answers.is_cut:
            remarks.append(
                f"{self.node} has more than {_MOST} studies: not all are here"
            )
        return Studies([_listed(one) for one in self.answers.studies], remarks)

    def to_fetch(self, keys: Collection[str]) -> str:
        """The table of some of them that `sirtdose fetch` reads; empty for none."""
        from sirtdose.network.archive.documents import find_document, studies_csv

        wanted = tuple(one for one in self.answers.studies if one.key in keys)
        if not wanted:
            return ""
        answers = replace(self.answers, studies=wanted)
        return studies_csv(find_document(answers, self.node, show_patients=False))


def archived(name: str, logs: Sequence[TreatmentLog]) -> Archived:
    """Ask an archive for the scans of all that are in the logs.

    Raises
    ------
    click.UsageError
        The site's file has no node of that name.
    OutputError
        The archive does not answer, or refuses.
    """
    require_extra("network", "sirtdose worklist --from NODE")
    from sirtdose.network.archive.choose import opened

    node = node_named(name, "--from")
    records = [one for log in logs for one in log.records]
    if not records:
        return Archived(name, Answers(()))
    days = [one.day for one in records]
    query = Query(
        patient_ids=tuple(dict.fromkeys(one.shown for one in records)),
        dates=(min(days), max(days) + timedelta(days=window_d(""))),
        modalities=_MODALITIES,
    )
    with opened(node, timeout_s=_TIMEOUT_S, say=say) as archive:
        return Archived(name, archive.find(query, _MOST))


def _listed(one: FoundStudy) -> ImagingStudy:
    born = one.patient.birth_date
    return listed_study(
        one.uid,
        one.patient.patient_id,
        one.day,
        modalities=one.modalities,
        name=one.patient.name,
        birth="" if born is None else born.strftime("%Y%m%d"),
    )
