"""The scripts and units that land on a runner host, as they are."""

from importlib.resources import files


def script(name: str) -> str:
    """The text of a script or unit, such as `gitlab-runner-apply.sh`."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
