"""Camera, collimator and station as an image header names them."""

from sirtdose.io.dicom.header import Dataset
from sirtdose.model.bounds import printable

_WORDS = {
    "manufacturer": "Manufacturer",
    "model": "ManufacturerModelName",
    "protocol": "ProtocolName",
    "station": "StationName",
    "serial": "DeviceSerialNumber",
}


def camera_words(dataset: Dataset) -> dict[str, str]:
    """A camera in its header's words, by :data:`sirtdose.model.site.CAMERA_KEYS`.

    The collimator is its own name, such as MELP, else its type. What is empty is left
    out.
    """
    found = {key: dataset.get(tag) for key, tag in _WORDS.items()}
    detectors = dataset.get("DetectorInformationSequence") or ()
    names = (
        one.get(tag)
        for tag in ("CollimatorGridName", "CollimatorType")
        for one in detectors
    )
    found["collimator"] = next(filter(None, names), None)
    return {
        key: text
        for key, value in found.items()
        if value and (text := printable(" ".join(str(value).split())))
    }
