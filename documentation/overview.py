"""The diagram of what `pulumi up` creates, in a light and a dark version.

`python -m documentation.overview` writes both files.
"""

from dataclasses import dataclass

from sandbox.paths import CHECKOUT

ASSETS = CHECKOUT / "docs" / "assets"
FONT = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class Colours:
    """The colours of a diagram."""

    text: str
    quiet: str
    line: str
    box: str
    frame: str
    accent: str


COLOURS = {
    "light": Colours("#1f2328", "#59636e", "#8c959f", "#ffffff", "#f6f8fa", "#5a46c8"),
    "dark": Colours("#e6edf3", "#9198a1", "#6e7681", "#161b22", "#0d1117", "#a99bff"),
}


def picture(colours: Colours) -> str:
    """The diagram as SVG, with a description for screen readers."""

    def frame(x: int, y: int, width: int, height: int, title: str) -> str:
        return (
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="10" fill="{colours.frame}" '
            f'stroke="{colours.line}" stroke-dasharray="5 4"/>'
            f'<text x="{x + 14}" y="{y + 24}" font-weight="600" fill="{colours.text}">{title}</text>'
        )

    def box(x: int, y: int, width: int, height: int, title: str, *lines: str, created: bool = True) -> str:
        stroke = colours.accent if created else colours.line
        text = "".join(
            f'<text x="{x + 12}" y="{y + 42 + 17 * row}" font-size="12" fill="{colours.quiet}">{line}</text>'
            for row, line in enumerate(lines)
        )
        return (
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="7" fill="{colours.box}" '
            f'stroke="{stroke}" stroke-width="1.5"/>'
            f'<text x="{x + 12}" y="{y + 23}" font-weight="600" fill="{colours.text}">{title}</text>{text}'
        )

    def arrow(path: str, label: str, x: int, y: int) -> str:
        return (
            f'<path d="{path}" fill="none" stroke="{colours.line}" stroke-width="1.5" '
            f'marker-end="url(#head)"/>'
            f'<text x="{x}" y="{y}" font-size="12" fill="{colours.quiet}">{label}</text>'
        )

    parts = (
        frame(10, 40, 190, 330, "GitLab"),
        box(24, 80, 162, 64, "Runner build", "group 42, tag docker"),
        box(24, 166, 162, 64, "CI variables", "masked, protected"),
        box(24, 290, 162, 64, "Jobs", "image: …/ci/base", created=False),
        frame(290, 40, 410, 330, "AWS account"),
        box(304, 80, 382, 176, "Runner host", "one EC2 instance in an Auto Scaling group"),
        box(318, 138, 170, 104, "gitlab-runner", "config.toml, typed",
            "credentials in memory,", "fetched ahead of jobs"),
        box(502, 138, 170, 104, "Job network", "one for each job:",
            "job, postgres, redis;", "no access to IAM role"),
        box(304, 276, 184, 78, "IAM role", "pulls from exactly the", "declared repositories"),
        box(502, 276, 184, 78, "ECR repositories", "team/ci/base", "team/private/image"),
        frame(790, 40, 180, 330, "Elsewhere"),
        box(804, 80, 152, 78, "ECR, another", "account or region:", "policy for its owner", created=False),
        box(804, 178, 152, 78, "Any registry", "fixed user and", "password", created=False),
        box(804, 276, 152, 78, "Docker Hub …", "public, or cached", "by your ECR", created=False),
        arrow("M 318 190 L 190 128", "requests jobs", 206, 128),
        arrow("M 700 180 L 786 180", "pulls", 722, 172),
        arrow("M 594 256 L 594 272", "", 0, 0),
        arrow("M 396 272 L 396 260", "", 0, 0),
    )  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 30 980 380" role="img" font-family="{FONT}" '
        'font-size="14">'
        "<title>What pulumi up creates</title>"
        "<desc>In GitLab a runner and CI variables; in AWS a runner host with its role, credentials and a "
        "network for each job, and ECR repositories. The host also pulls from other registries.</desc>"
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'orient="auto"><path d="M 0 0 L 8 4 L 0 8 z" fill="{colours.line}"/></marker></defs>'
        f"{''.join(parts)}"
        f'<rect x="10" y="386" width="14" height="14" rx="3" fill="{colours.box}" '
        f'stroke="{colours.accent}" stroke-width="1.5"/>'
        f'<text x="32" y="398" font-size="12" fill="{colours.quiet}">created by pulumi up from one '
        "declaration</text></svg>\n"
    )


def main() -> None:
    """Write the diagrams."""
    ASSETS.mkdir(exist_ok=True)
    for name, colours in COLOURS.items():
        (ASSETS / f"overview-{name}.svg").write_text(picture(colours), encoding="utf-8")


if __name__ == "__main__":
    main()
