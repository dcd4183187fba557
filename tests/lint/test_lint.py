# SPDX-License-Identifier: Apache-2.0
"""The rules of the source tree, and proof that each of them can be broken."""

from pathlib import Path

import pytest

from . import layers, links, machine_paths, sizes, spdx


@pytest.mark.parametrize("rule", [layers, links, machine_paths, sizes, spdx], ids=lambda rule: rule.__name__.rpartition(".")[2])
def test_the_tree_keeps(rule) -> None:
    assert "\n".join(rule.violations()) == ""


@pytest.mark.parametrize(
    ("folder", "layer", "include"),
    [
        ("daemon", "core", "store/store.h"),
        ("daemon", "store", "google/protobuf/message.h"),
        ("daemon", "app", "offstage/client.h"),
        ("client", "src", "core/model.h"),
        ("client", "cli", "src/grpc_connection.h"),
        ("client", "cli", "grpcpp/grpcpp.h"),
        ("client", "include", "nlohmann/json.hpp"),
    ],
)
def test_an_include_across_the_layers_is_seen(folder: str, layer: str, include: str) -> None:
    assert layers.wrong(folder, layer, include)


@pytest.mark.parametrize(
    ("folder", "layer", "include"),
    [
        ("daemon", "api", "pool/pool.h"),
        ("daemon", "api", "offstage/v1/job.pb.h"),
        ("client", "cli", "offstage/client.h"),
        ("client", "src", "grpcpp/grpcpp.h"),
        ("client", "include", "string"),
    ],
)
def test_an_include_to_the_left_is_fine(folder: str, layer: str, include: str) -> None:
    assert not layers.wrong(folder, layer, include)


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One heading\n")
    assert links.dead(page, "other.md") and links.dead(page, "#two") and not links.dead(page, "#one-heading") and not links.dead(page, "page.md")


def test_a_machine_path_is_seen() -> None:
    assert machine_paths.PATHS.search("see /ho" + "me/jane/offstage") and not machine_paths.PATHS.search("/home/me/shot.blend")
