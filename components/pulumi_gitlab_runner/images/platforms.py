"""Platforms of images, such as `linux/arm64/v8`."""

_SYSTEMS = ("linux", "windows", "darwin", "macos")
"""The runner uses `linux` for all but `windows`: `normalizeContainerOS`, in the file below."""
_NAMES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
    "i386": "386",
    "i486": "386",
    "i586": "386",
    "i686": "386",
}
_RUN_BY = {"amd64": ("amd64", "386"), "arm64": ("arm64", "arm")}
_KNOWN = ("amd64", "386", "arm64", "arm", "ppc64le", "s390x", "riscv64", "loong64", "mips64le")


def architecture_name(name: str) -> str:
    """The name of an architecture in platforms: `amd64` for `x86_64`, `arm64` for `aarch64`.

    Source: github.com/containerd/platforms, database.go, `normalizeArch`.
    """
    return _NAMES.get(name.lower(), name.lower())


def runs_on(platform: str, architecture: str) -> bool:
    """Whether Linux on a processor can run images of a platform, without emulation; true if that is unknown.

    The platform may have no operating system, as in `arm64/v8`: gitlab-runner 19.4,
    executors/docker/internal/pull/manager.go, with `Parse` of github.com/containerd/platforms.

    Args:
        platform: the platform, such as ``linux/arm64/v8``.
        architecture: the architecture of the processor, such as ``x86_64``.
    """
    parts = platform.lower().split("/")
    system = parts.pop(0) if parts[0] in _SYSTEMS else ""
    wanted = architecture_name(parts[0]) if parts else ""
    run = _RUN_BY.get(architecture_name(architecture))
    if run is None:
        return True
    return system != "windows" and (wanted not in _KNOWN or wanted in run)
