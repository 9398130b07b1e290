"""A snapshot of the resources in the GitLab double that a stack can create, for comparison."""

from typing import Any

import httpx

PAGE_SIZE = 100
STATE_OF_CONTACT = ("contacted_at", "online", "status", "job_execution_status")


def snapshot(base_url: str, token: str) -> dict[str, Any]:
    """All groups, projects, runners and CI variables.

    Args:
        base_url: the API's URL, such as `http://127.0.0.1:8929/api/v4/`.
        token: an administrator's access token with the scope `api` or `read_api`.

    Returns:
        `groups` and `projects` by their full path, `runners` by id and `variables` by place (`instance`,
        `group 42`, `project 7`). The contact status of runners is left out: a runner manager changes it.

    Raises:
        httpx.HTTPError: the API is not reachable or refuses.
    """
    with httpx.Client(base_url=base_url, headers={"Private-Token": token}) as client:
        groups, projects = _all_pages(client, "groups"), _all_pages(client, "projects")
        places = {"instance": "admin/ci/variables"}
        for kind, found in (("group", groups), ("project", projects)):
            places |= {f"{kind} {place['id']}": f"{kind}s/{place['id']}/variables" for place in found}
        return {
            "groups": {group["full_path"]: group for group in groups},
            "projects": {project["path_with_namespace"]: project for project in projects},
            "runners": {
                runner["id"]: _without_contact(_get(client, f"runners/{runner['id']}"))
                for runner in _all_pages(client, "runners/all")
            },
            "variables": {place: _all_pages(client, address) for place, address in places.items()},
        }


def _without_contact(runner: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in runner.items() if name not in STATE_OF_CONTACT}


def _all_pages(client: httpx.Client, address: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    page = "1"
    while page:
        response = client.get(address, params={"page": page, "per_page": PAGE_SIZE})
        items += response.raise_for_status().json()
        page = response.headers["x-next-page"]
    return items


def _get(client: httpx.Client, address: str) -> dict[str, Any]:
    details: dict[str, Any] = client.get(address).raise_for_status().json()
    return details
