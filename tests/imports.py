"""The import graph of the package, read from its sources; those inside functions count, too.

`python -m tests.imports [FOLDER]` prints rooms, arrows, circles and floors of a checkout.
"""

import ast
import sys
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
Graph = Mapping[str, set[str]]  # of each name, the names that it imports


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Path of each module by its dotted name; a folder goes by its `__init__`."""
    found = {}
    for path in sorted((root / "fqtl").rglob("*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def module_graph(root: Path = ROOT) -> dict[str, set[str]]:
    known = modules(root)
    return {name: _imported(path, known) - {name} for name, path in known.items()}


def room_graph(graph: Graph, rooms: Mapping[str, str]) -> dict[str, set[str]]:
    """Arrows between rooms; rooms : that of each module."""
    found: dict[str, set[str]] = {room: set() for room in rooms.values()}
    for name, imported in graph.items():
        found[rooms[name]] |= {rooms[other] for other in imported} - {rooms[name]}
    return found


def rooms_of(root: Path = ROOT) -> dict[str, str]:
    """The folder of each module, as a dotted name; a module of the root is a room by itself."""
    found = {}
    for name, path in modules(root).items():
        folder = ".".join(path.parent.relative_to(root).parts)
        found[name] = name if folder == "fqtl" else folder
    return found


def floors(graph: Graph) -> int:
    """Modules on the longest way through the imports; CycleError names those of a circle."""
    height: dict[str, int] = {}
    for name in TopologicalSorter(graph).static_order():
        height[name] = 1 + max((height[other] for other in graph.get(name, ())), default=0)
    return max(height.values())


def circle(graph: Graph) -> list[str]:
    """Names of one circle, the first again at the end; none if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as fault:
        return list(fault.args[1])
    return []


def _imported(path: Path, known: Mapping[str, Path]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            for each in node.names:
                inside = f"{node.module}.{each.name}"
                found.add(inside if inside in known else node.module)
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found & known.keys()


def _print(root: Path) -> None:
    graph, rooms = module_graph(root), rooms_of(root)
    between = room_graph(graph, rooms)
    arrows = sum(map(len, between.values()))
    print(f"{len(graph)} modules, {len(between)} rooms, {arrows} arrows between rooms")
    print("circle of modules:", *(circle(graph) or ["none"]))
    print("circle of rooms:", *(circle(between) or ["none"]))
    for kind, names in (("modules", graph), ("rooms", between)):
        model = {name: others for name, others in names.items() if name.startswith("fqtl.model")}
        inside = {name: others & model.keys() for name, others in model.items()}
        if not circle(inside):
            print(f"floors of {kind} in the model: {floors(inside)}")
        if not circle(names):
            print(f"floors of {kind}: {floors(names)}")
    for room, others in sorted(between.items()):
        print(f"{room} -> {', '.join(sorted(others))}")


if __name__ == "__main__":
    _print(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
