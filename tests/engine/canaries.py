"""Secrets that are easy to find again, wherever they were written."""

import base64

PASSWORD = "canary-password-7f3a91c2"
TOKEN = "glrt-canary-token-5e0b8d46"


def written_forms(secret: str) -> list[str]:
    """A secret itself, and what of it is always there when it stands somewhere in text that is base64."""
    forms = [secret]
    for offset in range(3):
        # Three bytes become four characters; the first and last group may mix with what stands beside.
        encoded = base64.b64encode(b"\0" * offset + secret.encode()).decode().rstrip("=")
        forms.append(encoded[4 if offset else 0 : len(encoded) // 4 * 4 - 4])
    return forms
