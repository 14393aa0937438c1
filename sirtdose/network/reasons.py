"""Why an object was not stored or committed, by DICOM's statuses, in plain words."""

_WARNING = 0xB000
# PS3.7, C: statuses of any service; PS3.3, C.14, and PS3.18, I.2: reasons of a failure.
_EXACT = {
    0x0110: "processing failure",
    0x0111: "it has another object of this UID",
    0x0112: "it does not have the object",
    0x0117: "invalid object instance",
    0x0118: "no such SOP class",
    0x0119: "it has the object under another SOP class",
    0x0122: "it does not take this SOP class",
    0x0123: "no such action",
    0x0124: "not authorized",
    0x0131: "the transaction UID is in use",
    0x0210: "duplicate invocation",
    0x0211: "unrecognized operation",
    0x0213: "out of resources",
    0xB000: "stored with a warning: values were changed",
    0xB006: "stored with a warning: elements were left out",
    0xB007: "stored with a warning: it does not match its SOP class",
    0xC122: "it does not take this encoding",
}
# PS3.4, B.2.3: by the leading digits of a status of C-STORE.
_KINDS = {
    0xA700: "out of resources",
    0xA900: "does not match its SOP class",
    _WARNING: "stored with a warning",
    0xC000: "cannot understand the object",
}


def reason(status: int) -> str:
    """What a status says.

    >>> reason(0xA701), reason(0xC122), reason(0x4711)
    ('out of resources', 'it does not take this encoding', 'it does not say why')
    """
    kind = _EXACT.get(status) or _KINDS.get(status & 0xFF00)
    return kind or _KINDS.get(status & 0xF000, "it does not say why")


def is_stored(status: int | None) -> bool:
    """Whether an object is there: a success, or a warning.

    >>> is_stored(0), is_stored(0xB007), is_stored(0xA700), is_stored(None)
    (True, True, False, False)
    """
    return status is not None and (status == 0 or status & 0xF000 == _WARNING)
