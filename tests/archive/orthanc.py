"""Orthanc, a real archive, on free ports of this machine alone."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.network_peers import LOOPBACK, free_port

_PROGRAM = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_READY_S = 60.0
OURS, AET = "SIRTDOSE", "ORTHANC"


@dataclass(frozen=True)
class Orthanc:
    """One that runs.

    `receive_port` is where it sends what C-MOVE asks for, to `SIRTDOSE`; it answers to
    `SIRTDOSE` alone.
    """

    folder: Path
    dicom_port: int
    http_port: int
    receive_port: int
    process: "subprocess.Popen[bytes]"
    scheme: str

    @property
    def web(self) -> str:
        """The base of its DICOMweb services."""
        return f"{self.scheme}://{LOOPBACK}:{self.http_port}/dicom-web"

    def rest(self, path: str, data: bytes | None = None) -> Any:
        """Ask its own interface, which needs no DICOM."""
        address = f"http://{LOOPBACK}:{self.http_port}{path}"
        with urllib.request.urlopen(address, data, timeout=30) as answer:
            return json.load(answer)

    def node(self, more: str = "") -> str:
        """The node `pacs` of a site's file."""
        return (
            f'[node.pacs]\nhost = "{LOOPBACK}"\nport = {self.dicom_port}\n'
            f'aet = "{AET}"\n{more}'
        )


def require_orthanc() -> None:
    """Skip where it is not installed."""
    if _PROGRAM is None or not _PLUGIN.exists():
        pytest.skip("needs Orthanc with DICOMweb: apt install orthanc orthanc-dicomweb")


@contextmanager
def running(folder: Path, **more: Any) -> Iterator[Orthanc]:
    """Orthanc with DICOMweb and storage commitment, until the end.

    `more` are keys of its configuration; ``SslEnabled`` makes its DICOMweb https.
    """
    require_orthanc()
    folder.mkdir(parents=True, exist_ok=True)
    dicom, http, receive = free_port(), free_port(), free_port()
    ours: Mapping[str, Any] = {
        "AET": OURS,
        "Host": LOOPBACK,
        "Port": receive,
        "AllowEcho": True,
        "AllowFind": True,
        "AllowGet": True,
        "AllowMove": True,
        "AllowStore": True,
        "AllowStorageCommitment": True,
        "UseDicomTls": bool(more.get("DicomTlsEnabled")),
    }
    configuration = {
        "Name": "tests",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "Plugins": [str(_PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "HttpPort": http,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": AET,
        "DicomPort": dicom,
        "DicomCheckCalledAet": True,
        "DicomCheckModalityHost": True,
        "DicomAlwaysAllowEcho": False,
        "DicomAlwaysAllowFind": False,
        "DicomAlwaysAllowGet": False,
        "DicomAlwaysAllowMove": False,
        "DicomAlwaysAllowStore": False,
        "DicomModalities": {"ours": dict(ours)},
        "SynchronousCMove": True,
        **more,
    }
    path = folder / "orthanc.json"
    path.write_text(json.dumps(configuration), "utf-8")
    assert _PROGRAM is not None
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([_PROGRAM, path], stdout=log, stderr=log)
        scheme = "https" if more.get("SslEnabled") else "http"
        one = Orthanc(folder, dicom, http, receive, process, scheme)
        try:
            _wait_until_ready(one)
            yield one
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(one: Orthanc) -> None:
    import socket

    end = time.monotonic() + _READY_S
    while time.monotonic() < end:
        if one.process.poll() is not None:
            break
        try:
            for port in (one.dicom_port, one.http_port):
                socket.create_connection((LOOPBACK, port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError((one.folder / "log").read_text("utf-8", "replace")[-3000:])
