"""A certificate authority of one test's own: it signs with openssl, and nobody else in the world trusts it.

authority = Authority(folder)                      folder/ca.pem is what a client is to trust
authority.issue("broker", hosts=["localhost"])     Identity(certificate, key): PEM files below the folder
"""
import dataclasses
import pathlib
import subprocess

from . import place

DAYS = 2


@dataclasses.dataclass(frozen=True)
class Identity:
    certificate: pathlib.Path
    key: pathlib.Path


class Authority:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        openssl("req", "-x509", *self._new_key(self._key), "-subj", "/CN=Authority of a test", "-days", DAYS,
                "-out", self.certificate)

    def issue(self, name, hosts=(), password=None):
        """A key, encrypted when there is a password, and a certificate for the host names."""
        made = Identity(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.ext"
        names = ",".join(f"DNS:{host}" for host in hosts)
        extensions.write_text(f"subjectAltName={names}\n" if names else "")
        openssl("req", *self._new_key(made.key, password), "-subj", f"/CN={name}", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                "-days", DAYS, "-extfile", extensions, "-out", made.certificate)
        return made

    @staticmethod
    def _new_key(path, password=None):
        protection = ["-nodes"] if password is None else ["-passout", f"pass:{password}"]
        return ["-newkey", "rsa:2048", "-keyout", path, *protection]


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise place.RigError(f"openssl {words[0]} failed:\n{done.stderr}")
