"""Structured reports, PDF and secondary captures are received as images are."""

from pathlib import Path

import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE

from tests.network_peers import (
    LOOPBACK,
    data_set,
    encoded,
    kept,
    listening,
    make_object,
    with_meta,
)

STORAGE = "1.2.840.10008.5.1.4.1.1"
DOCUMENTS = {
    f"{STORAGE}.88.34": "SR",
    f"{STORAGE}.88.22": "SR",
    f"{STORAGE}.88.68": "SR",
    f"{STORAGE}.104.1": "DOC",
    f"{STORAGE}.7": "OT",
}


@pytest.mark.parametrize("sop_class", DOCUMENTS)
def test_a_document_is_kept_as_it_came(tmp_path: Path, sop_class: str) -> None:
    found = make_object()
    found.SOPClassUID, found.Modality = sop_class, DOCUMENTS[sop_class]
    if not sop_class.endswith(".7"):
        for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated"):
            del found[keyword]
    ae = AE(ae_title="PEER")
    ae.add_requested_context(sop_class, ExplicitVRLittleEndian)
    with listening(tmp_path) as listener:
        association = ae.associate(LOOPBACK, listener.port, ae_title="SIRTDOSE")
        assert association.is_established
        answer = association.send_c_store(with_meta(found, ExplicitVRLittleEndian))
        association.release()
        assert answer.Status == 0
        [path] = kept(tmp_path)
        assert data_set(path) == encoded(found)
        assert pydicom.dcmread(path).SOPClassUID == sop_class
