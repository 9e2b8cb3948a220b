"""Tell whether config files are in order, without starting a run.

Each file by itself, on top of the defaults: keys given twice, keys there are not, values out of
range, keys that cannot go together. The files that a config names are looked at by the dry run and
by `fqtl check`.
"""

import logging
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from fqtl.config.layers import defaults, merged, typed
from fqtl.config.model import Config
from fqtl.config.renamed import RENAMED, by_new_names, notice
from fqtl.config.schema import refuse_faults
from fqtl.config.together import refuse_unlike_scale, refuse_unlike_summary
from fqtl.config.yaml_text import read_yaml

log = logging.getLogger(__name__)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="as for --configfile")


def run(given: Namespace) -> None:
    for path in given.files:
        check_file(path)
        log.info("%s: in order", path)


def check_file(path: Path) -> None:
    """Refuse a config file by its first fault."""
    found, old = by_new_names(read_yaml(path))
    for name in old:
        print(notice(name, RENAMED[name]), file=sys.stderr)
    whole = merged([defaults(), found])
    refuse_faults(whole, str(path))
    refuse_unlike_scale(whole["model"]["family"], whole["prepare"]["scale"])
    refuse_unlike_summary(typed(whole, Config))
