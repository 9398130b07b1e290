"""Certificate authorities of tests."""

from functools import cache

import trustme


@cache
def _authority(name: str) -> trustme.CA:
    return trustme.CA(organization_name=name)


def authority(name: str = "corporate") -> trustme.CA:
    """An authority; the same for the same name."""
    return _authority(name)


def pem(name: str = "corporate") -> str:
    """The certificate of an authority."""
    return authority(name).cert_pem.bytes().decode()


def key(name: str = "corporate") -> str:
    """Its private key."""
    return authority(name).private_key_pem.bytes().decode()


EXPIRED = """\
-----BEGIN CERTIFICATE-----
MIIBJTCBzKADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB2V4cGlyZWQw
HhcNMjAwMTAxMDAwMDAwWhcNMjEwMTAyMDAwMDAwWjASMRAwDgYDVQQDDAdleHBp
cmVkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXrlaKgjYPkZ98Hjm52RgEdXA
mb3BzyRAHjiQzT+jvBnpr62e52GKYcA8BlFBXtScCfPKnguMfAoLwsdBNRyMTaMT
MBEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA2IAQ1QaD79oa
yK/4VMSkCveks7K6Riylx96Zz8ty4XoCIC+qYw5IDeE3Nyos1UXuGXvAMFIUfM67
vQ43UsjmRM1X
-----END CERTIFICATE-----
"""
"""The certificate of an authority that expired on 2021-01-02."""
