"""The command `fqtl`: words for humans.

Each subcommand is a module with `add_arguments` and `run`; it reads and writes the files that its
flags name. Only the one that is asked for is imported, so that `fqtl --help` answers at once.
"""

import argparse
import logging
import re
import resource
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import fqtl
from fqtl.cli.flags import Help
from fqtl.cli.tasks import EXAMPLES, contents
from fqtl.errors import FqtlError
from fqtl.model.arrays.threads import one_thread

SUBCOMMANDS = {
    "doctor": "tell what is wrong with an installation, a config or results",
    "check": "look at all input before any of it is computed on",
    "check weights": "tell whether weight files are sound, ours and those of others",
    "check config": "tell whether config files are in order",
    "check formats": "tell whether weights can be written in the formats that a run asks for",
    "check traits": "tell whether the GWAS of all traits can be read",
    "check summary": "tell whether the summary statistics of all tissues can be used",
    "check slurm": "say what profiles/slurm needs on this cluster",
    "split": "split the counts of a whole release by tissue",
    "rsids": "keep a lookup table of rs numbers, for regions of it to be found at once",
    "prepare": "make the expression of one tissue ready for the model",
    "prepare summary": "put the summary statistics of one tissue in the order of the genes",
    "shard": "list the genes of all tissues and split them into shards",
    "shard summary": "list the genes that have summary statistics and split them into shards",
    "noise-correlation": "estimate what z-scores of tissues share where nothing acts",
    "learn-priors": "learn from a sample of genes what all fits know beforehand",
    "learn-priors summary": "learn the same from summary statistics",
    "fit": "fit every gene of one shard",
    "fit-summary": "fit genes from summary statistics and a panel",
    "aggregate": "put the fits of all shards together, and make tables of them",
    "export": "write single effects for coloc and its kin, as the eQTL Catalogue does",
    "weights": "write the weights of tissues for TWAS programs",
    "joint": "write what TWAS programs need of all tissues together",
    "import-effects": "make weights of the effects released for GTEx v6p and v8",
    "convert": "convert weight files from one format to another",
    "phi": "compute what a polygenic trait adds to the z² of each model",
    "twas": "test whether a trait is associated with predicted expression",
    "tidy": "remove what runs of another config left among the results",
    "plot gene": "make a page for a gene, or a gallery of the strongest",
    "plot locus": "draw associated blocks of a trait, their models and their fine-mapping",
    "report": "write the page that says what a run found",
    "simulate": "make a GTEx-like panel with known effects on real genotypes",
    "simulate trait": "make the GWAS of a trait that follows some of these effects",
    "evaluate": "compare results with the effects that were simulated",
    "evaluate trait": "compare the association of a trait with what it was made to follow",
    "completion": "print what lets a shell complete commands, flags and files",
}
FAILURE = 2
WHO = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)  # of this job
log = logging.getLogger(__name__)


def module_of(name: str) -> str:
    """Module of a subcommand."""
    return f"fqtl.cli.{re.sub('[- ]', '_', name)}"


class Parser(argparse.ArgumentParser):
    """Parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        print(f"error: {message} (see {self.prog} --help)", file=sys.stderr)
        sys.exit(FAILURE)


def parser(asked_for: str | None) -> Parser:
    """Parser of all subcommands, with the flags of the one asked for."""
    top = Parser(
        prog="fqtl",
        description=f"Multi-tissue QTL models and TWAS weights.\n\n{contents(SUBCOMMANDS)}",
        formatter_class=Help,
    )
    top.add_argument("--version", action="version", version=f"fqtl {fqtl.__version__}")
    commands = top.add_subparsers(
        metavar="COMMAND", required=True, title="subcommands", help="one of those above"
    )
    for name in SUBCOMMANDS:
        command = commands.add_parser(
            name, formatter_class=Help, epilog=f"example:\n  {EXAMPLES[name]}"
        )
        add_verbose(command)
        if name == asked_for:
            module = import_module(module_of(name))
            command.description = module.__doc__
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return top


def add_verbose(command: argparse.ArgumentParser) -> None:
    """The flag that all subcommands have."""
    command.add_argument(
        "-v", "--verbose", action="count", default=0, help="say more; twice: with tracebacks"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; 0, or 2 after one `error:` line."""
    arguments = _with_two_words(sys.argv[1:] if arguments is None else arguments)
    given = parser(next(iter(arguments), None)).parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if given.verbose else logging.INFO,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        force=True,
    )
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    try:
        with one_thread():
            given.run(given)
    except FqtlError as fault:
        return _complain(str(fault), given.verbose)
    except OSError as fault:
        reported = f"{fault.strerror}: {fault.filename}" if fault.filename else str(fault)
        return _complain(reported, given.verbose)
    except MemoryError:
        return _complain(
            f"out of memory: the job held {_peak_mb():.0f} MB. Give it more; in the workflow by "
            f"`--set-resources {arguments[0]}:mem_mb=…`, then start the same command again.",
            given.verbose,
        )
    except KeyboardInterrupt:
        return _complain(
            "stopped from outside (Ctrl-C, a cancelled job, its time limit); nothing half-written "
            "is left. Start the same command again to go on.",
            given.verbose,
        )
    except Exception as fault:
        hint = f"unexpected {type(fault).__name__}: {fault} (run again with -vv for the traceback)"
        return _complain(hint, given.verbose)
    return 0


def entry() -> NoReturn:
    """What the console script runs; a job that is cancelled tidies up as after Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = main()
    if not code:
        # a log without this line is of a job that was killed: the workflow looks for it
        log.info("done: %.1f s of CPU, %.0f MB at most", _cpu_seconds(), _peak_mb())
    sys.exit(code)


def _with_two_words(arguments: list[str]) -> list[str]:
    """The arguments with a subcommand of two words as one."""
    name = " ".join(arguments[:2])
    return [name, *arguments[2:]] if name in SUBCOMMANDS else arguments


def _cpu_seconds() -> float:
    """Of this process and those that it had work done by."""
    used = [resource.getrusage(who) for who in WHO]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _peak_mb() -> float:
    """Most memory that one of these processes held; Linux counts it in kB, macOS in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    mine, children = (resource.getrusage(who).ru_maxrss for who in WHO)
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage counts what the process held that started this one, too
        told = re.search(r"VmHWM:\s*(\d+)", status.read_text())
        mine = int(told[1]) if told else mine
    return max(mine, children) * unit / 1e6


def _complain(message: str, verbose: int) -> int:
    if verbose > 1:
        logging.exception("traceback:")
    print("error: " + " ".join(message.split()), file=sys.stderr)
    return FAILURE
