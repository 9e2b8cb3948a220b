# make first-look   builds an environment of its own and runs a part of the demo: a report in five minutes
# make demo   the same with all of the demo
# make test   builds what the tests need and passes them
# make help   lists the rest

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml setup.py $(wildcard fqtl/model/*/*.pyx fqtl/model/*/*.h)
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help first-look demo demo-lymphoblastoid test fast fuzz floor cluster lint docs format bench speed counts accuracy accuracy-real reference scale chr22 clean

help:
	@echo "make first-look           a part of the demo: a report in five minutes, to results/first-look/"
	@echo "make demo                 a simulated panel of 44 tissues on real genotypes, to results/demo/"
	@echo "make demo-lymphoblastoid  real expression of one tissue, to results/lymphoblastoid/"
	@echo "make test                 all tests"
	@echo "make fast                 those tests that take little: a minute on two cores"
	@echo "make fuzz                 10,000 files damaged at random: no traceback, nothing lost in silence"
	@echo "make floor                the tests with the oldest versions of what fqtl depends on"
	@echo "make cluster              a run on a real SLURM, and one on a full disk (Debian, root)"
	@echo "make lint                 formatters and linters, without changing anything"
	@echo "make docs                 the pages of docs/ as a site with search, to build/docs/; links are checked"
	@echo "make format               let the formatters change what they want"
	@echo "make bench                what one gene of GTEx size costs, and what every family does"
	@echo "make speed                fits by this tree and by commit 62de0c3, in turn"
	@echo "make counts               families of counts against logarithms, to docs/images/counts.svg"
	@echo "make reference            the R package's fixtures under both engines"
	@echo "make accuracy             how accurate models are on simulated genes, to docs/accuracy.md"
	@echo "make accuracy-real        and on real ones, to docs/accuracy-real.md (Debian: downloads 14 MB; hours)"
	@echo "make scale                what a release of 20,000 genes takes, measured on a part of one"
	@echo "make chr22                real expression of all of chromosome 22 (Debian: downloads 14 MB)"
	@echo "make clean                remove the environment, builds and results of the demos"

# A killed run leaves a lock behind; whoever runs the demo again has just seen that it is dead.
UNLOCK = if [ -n "$$(ls -A .snakemake/locks 2>/dev/null)" ]; then snakemake --configfile $(1) --unlock; fi

first-look: $(VENV)/workflow,plink.stamp
	@$(call UNLOCK,config/first-look.yaml)
	snakemake --configfile config/first-look.yaml

demo: $(VENV)/workflow,plink.stamp
	@$(call UNLOCK,config/demo.yaml)
	snakemake --configfile config/demo.yaml

demo-lymphoblastoid: $(VENV)/workflow,plink.stamp
	@$(call UNLOCK,config/lymphoblastoid.yaml)
	snakemake --configfile config/lymphoblastoid.yaml

# a file of tests runs in one process, since its tests may share what they were set up with
test: $(VENV)/test.stamp
	pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

fast: $(VENV)/test.stamp
	pytest -m fast --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

fuzz: $(VENV)/test.stamp
	python -m tests.fuzz

# Needs Debian's slurmctld, slurmd, slurm-client and munge, and root
cluster: $(VENV)/test.stamp $(VENV)/slurm.stamp
	pytest tests/slurm/check_slurm.py tests/workflow/check_full_disk.py

lint: $(VENV)/lint.stamp
	ruff format --check .
	ruff check .
	mypy
	cython-lint fqtl
	snakefmt --check Snakefile workflow
	snakemake --lint --configfile config/demo.yaml

# a link that leads nowhere, to a page or to a heading in it, is an error
docs: $(VENV)/docs.stamp
	python -m sphinx --quiet --fail-on-warning --keep-going -E -b html -c docs . build/docs
	@echo "build/docs/index.html"

format: $(VENV)/lint.stamp
	ruff format .
	ruff check --fix .
	snakefmt Snakefile workflow

bench: $(VENV)/test.stamp
	python -m tests.benchmarks.speed
	python -m tests.benchmarks.sgvb
	python -m tests.benchmarks.families

speed: $(VENV)/test.stamp
	python -m tests.benchmarks.against

counts: $(VENV)/test.stamp
	python -m tests.benchmarks.counts docs/images/counts.svg

reference: $(VENV)/test.stamp
	python -m tests.benchmarks.r_package

accuracy: $(VENV)/bench.stamp
	python -m tests.benchmarks.accuracy

# blocks of 100 genes; 10 are as long as chromosome 11
BLOCKS ?= 10
scale: $(VENV)/bench.stamp
	python -m tests.benchmarks.scale plan results/scale/plan
	python -m tests.benchmarks.scale run results/scale --blocks $(BLOCKS)
	python -m tests.benchmarks.scale large results/scale
	python -m tests.benchmarks.scale memory results/scale

# Data of the Debian package qtltools-example, downloaded but not installed
CHR22 := results/chr22
# genes that an elastic net is fitted to, too, in 10 s each
ELASTIC_NET ?= 0
chr22: $(VENV)/test.stamp $(CHR22)/source/examples.stamp
	python -m tests.benchmarks.chr22 $(CHR22)/source $(CHR22) --elastic-net $(ELASTIC_NET)

$(CHR22)/source/examples.stamp:
	mkdir -p $(@D)
	cd $(@D) && { test -e examples.tar.xz || { apt-get download qtltools-example && \
		dpkg --fsys-tarfile qtltools-example_*.deb | tar -xO --wildcards '*/examples.tar.xz' > examples.tar.xz; }; }
	cd $(@D) && tar -xf examples.tar.xz
	@touch $@

# goes on where it was stopped; the mouse is left out where there is no file of it
GENES ?= 100
MOUSE ?=
PROCESSES ?= $(shell nproc)
accuracy-real: $(VENV)/test.stamp $(CHR22)/source/examples.stamp
	python -m tests.benchmarks.accuracy.real --chr22 $(CHR22)/source $(if $(MOUSE),--mouse $(MOUSE)) \
		--genes $(GENES) --processes $(PROCESSES)

# Every extra gets a stamp, so that a second `make` installs nothing; a changed kernel is rebuilt.
$(VENV)/%.stamp: $(SOURCES) | $(VENV)/pip.stamp
	pip install --quiet --editable '.[$*]'
	@touch $@

$(VENV)/pip.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: fqtl needs Python 3.11 or later, $(PYTHON) is $$($(PYTHON) --version); try make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --upgrade pip
	@touch $@

floor:
	PIP_CONSTRAINT=$(CURDIR)/tests/floor.txt $(MAKE) VENV=.venv-floor test

clean:
	rm -rf .venv .venv-floor build dist *.egg-info fqtl/model/*/*.so fqtl/model/*/*.c
	rm -rf results/first-look results/demo results/lymphoblastoid
