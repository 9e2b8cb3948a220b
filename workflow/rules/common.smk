"""The run: a checked config, its tissues and files, and where everything goes.

Needs: the config. Gives: RUN (tissues, files) and FLAGS of commands, both of fqtl/workflow/.
"""

import shlex
import sys
import time
import tomllib
from pathlib import Path

# these sources, whatever is installed beside this snakemake
sys.path.insert(0, str(Path(str(workflow.current_basedir)).parents[1]))

from fqtl.workflow.flags import Flags, flags
from fqtl.workflow.jobs import ending, failures, forget_outdated, planned
from fqtl.workflow.run import begin

STARTED = time.time()
IN_MODULE = (
    workflow.modifier.skip_configfile
)  # what the module says takes the place of files
GIVEN = workflow.config_settings

RUN = begin(
    config,
    given=config if IN_MODULE else GIVEN.overwrite_config,
    command_line=GIVEN.config,
    texts=[Path(CONFIG)] * exists(CONFIG) + list(GIVEN.configfiles),
    preset=lambda name: workflow.source_path(f"../../config/presets/{name}.yaml"),
    silent=not workflow.is_main_process,
    lint="--lint" in sys.argv,
)
# rules ask for flags with paths of genotypes in a function: {chrom} in them is no wildcard
FLAGS = Flags(RUN)

if workflow.is_main_process:
    forget_outdated(config["results"], dry=workflow.output_settings.dryrun)

# in params: results of another version are made anew
PROJECT = tomllib.loads(Path(workflow.source_path("../../pyproject.toml")).read_text())
VERSION = PROJECT["project"]["version"]


def asked_for_a_part():
    """Whether the command line names rules or files, not the whole."""
    asked = workflow.dag_settings
    return bool(asked.until or asked.omit_from or set(asked.targets) - {"all"})


pathvars:
    results=config["results"],
    logs=f"{config['results']}/logs",
    benchmarks=f"{config['results']}/benchmarks",


# The command `fqtl` beside this snakemake serves where no other is on the PATH
shell.prefix(f"export PATH=$PATH:{shlex.quote(str(Path(sys.executable).parent))}; ")


wildcard_constraints:
    tissue="[A-Za-z0-9][A-Za-z0-9_.+-]*",
    trait="[A-Za-z0-9][A-Za-z0-9_.+-]*",
    shard="[0-9]+",


localrules:
    all,
    tidy,
