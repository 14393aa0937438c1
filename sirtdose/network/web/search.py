"""QIDO-RS (DICOM PS3.18, 10.6): what is asked for, page by page."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sirtdose.network.association import Rejected
from sirtdose.network.web.answers import NotThere, value_of
from sirtdose.network.web.service import Service

if TYPE_CHECKING:
    import requests

STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
_NAMES = {STUDY: "StudyInstanceUID", SERIES: "SeriesInstanceUID"}
_UID = re.compile(r"[0-9][0-9.]{0,63}")
_PAGE = 500
Item = Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """New answers, none on the last page.

    A service that does not page gives the same again: `is_cut` where it may have more.
    """

    items: Sequence[Item]
    is_cut: bool = False


class Searches:
    """The searches of a service, each page by page."""

    def __init__(self, service: Service, session: "requests.Session") -> None:
        from dicomweb_client.web import DICOMwebClient

        self._service = service
        self._client = DICOMwebClient(
            service.url, session=session, timeout=service.timeout_s
        )
        # The session does, and knows what to say in the end.
        self._client.set_http_retry_params(retry=False)

    def studies(
        self, filters: Mapping[str, str], fields: Sequence[str]
    ) -> Iterator[Page]:
        """Studies that match all filters."""
        ask = self._client.search_for_studies
        return self._pages(STUDY, ask, search_filters=filters, fields=fields)

    def series(self, study_uid: str, fields: Sequence[str]) -> Iterator[Page]:
        """The series of a study."""
        return self._pages(
            SERIES,
            self._client.search_for_series,
            study_instance_uid=require_uid(study_uid),
            fields=fields,
        )

    def instances(
        self, study_uid: str, series_uid: str | None, fields: Sequence[str]
    ) -> Iterator[Page]:
        """The objects of a series, or of a whole study."""
        return self._pages(
            INSTANCE,
            self._client.search_for_instances,
            study_instance_uid=require_uid(study_uid),
            series_instance_uid=series_uid and require_uid(series_uid),
            fields=fields,
        )

    def _pages(self, by: str, ask: Callable[..., Any], **asked: Any) -> Iterator[Page]:
        seen: set[str] = set()
        offset = 0
        while True:
            found = self._found(ask, offset, asked)
            uids = [self._uid(one, by) for one in found]
            new = dict(zip(uids, found, strict=True))
            items = [one for uid, one in new.items() if uid not in seen]
            # Whoever gives a full page, and then the same again, does not page.
            repeats = bool(found) and not items
            yield Page(items, is_cut=repeats and len(found) == _PAGE)
            if not items:
                return
            seen |= set(uids)
            offset += len(found)

    def _found(
        self, ask: Callable[..., Any], offset: int, asked: Mapping[str, Any]
    ) -> list[Any]:
        where = self._service.where
        try:
            found = ask(limit=_PAGE, offset=offset, **asked)
        except NotThere:
            # So do some answer that there is no more.
            if offset:
                return []
            raise
        except ValueError:
            raise Rejected(
                f"{where} answers a search with something that is not JSON: check web "
                "of the node: the base of its DICOMweb services"
            ) from None
        if not isinstance(found, list):
            raise Rejected(f"{where} answers a search with no list of results")
        return found

    def _uid(self, item: Any, by: str) -> str:
        uid = value_of(item, by)
        if not isinstance(uid, str) or not _UID.fullmatch(uid):
            raise Rejected(
                f"{self._service.where} answers a search without "
                f"{_NAMES.get(by, 'SOPInstanceUID')}: it does not conform to DICOMweb"
            )
        return uid


def require_uid(uid: str) -> str:
    """A UID, which can be a part of an address.

    Raises
    ------
    Rejected
        Something else.
    """
    if not _UID.fullmatch(uid):
        raise Rejected("a UID has characters other than digits and periods")
    return uid
