"""What `sam build` puts into the layers: all that is needed, and no more than Lambda takes."""

import json
import subprocess
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.e2e import sam
from tests.e2e.deployment import Deployment
from tests.e2e.local_aws import ROOT
from tests.e2e.receiver import Receiver

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

MOST_MEGABYTES = {"CoreLayer": 60, "TasksLayer": 10}
"""Unzipped; Lambda takes 250 MB of function and layers together."""


def folder_of(built: Path, layer: str) -> Path:
    return built / sam.LAYER.replace("CoreLayer", layer)


@pytest.mark.parametrize("layer", MOST_MEGABYTES)
def test_a_layer_is_as_small_as_it_should_be(built: Path, layer: str) -> None:
    files = [path for path in folder_of(built, layer).rglob("*") if path.is_file()]
    assert len(files) > 1
    assert sum(path.stat().st_size for path in files) < MOST_MEGABYTES[layer] * 1024 * 1024


def test_the_worker_finds_in_its_layers_what_reads_pages(built: Path) -> None:
    """On the template's Python, with nothing but what the function gets."""
    path = ":".join(str(folder_of(built, layer) / "python") for layer in MOST_MEGABYTES)
    program = (
        "import json, protego, selectolax.lexbor as lexbor\n"
        "page = lexbor.LexborHTMLParser('<title>Here</title>')\n"
        "robots = protego.Protego.parse('User-agent: *\\nDisallow: /no')\n"
        "print(json.dumps([page.css_first('title').text(), robots.can_fetch('/no', 'tickwell')]))\n"
    )
    done = subprocess.run(
        [ROOT / ".venv-ministack" / "bin" / "python", "-S", "-c", program],
        env={"PYTHONPATH": path},
        text=True,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == ["Here", False]


def test_a_deployed_worker_reads_a_page(deployments: Mapping[str, Future[Deployment]], receiver: Receiver) -> None:
    stack = deployments["plain"].result()
    reader = Deployment(aws=stack.aws, outputs=stack.outputs)
    reader.register("reader@example.com")
    payload = {"url": f"{receiver.url}/page", "selectors": {"title": "title", "prices": {"css": ".price", "all": True}}}
    job = reader.create_job({"name": "Read a page", "task": "scrape_website", "payload": payload})

    [execution] = reader.finished(job, timeout_seconds=60)
    detail = reader.data("GET", f"/api/v1/executions/{execution['id']}")
    assert detail["status"] == "success", detail
    assert detail["output"]["data"] == {"title": "Grüße", "prices": ["1 €", "2 €"]}
