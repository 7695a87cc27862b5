# Every target makes what it needs; a machine with Python 3.11+, pip and make is enough.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := -m pip install --quiet
INSTALLED := .venv/bin/python .venv/shipped pyproject.toml pins/tested.txt
SHIPPED := *.py $(foreach room,apps core evaluation graphs nodes prompts,$(room)/*.py $(wildcard $(room)/*/*.py)) core/models/*.toml docs/*.md docs/*.json evaluation/panel/*.html graphs/*.html prompts/*.md
PEERS := $(patsubst benchmarks/peers/%.txt,%,$(wildcard benchmarks/peers/*.txt))
PIN := UV_CUSTOM_COMPILE_COMMAND="make pins" $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev \
	--no-annotate pyproject.toml

.PHONY: help demo test soak newest oldest pins real interchange raylets lint types advisories bench bench-peers endpoint serving faults chaos agreement ladder liars evidence quality cluster profiles provider-batch schema screenshots studio docs notebooks wheel clean

help:  ## Show the targets.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: .venv/user  ## Run a real mixture on the offline models.
	$(BIN)/langgraph-moa ask "How are costs bounded, proposals cached, and killed runs resumed?"

studio: .venv/studio  ## Open the mixtures in LangGraph Studio, from a server on this machine: no key, no account.
	umask 077; LANGGRAPH_CLI_NO_ANALYTICS=1 $(BIN)/langgraph dev

test soak: export PYTHONDONTWRITEBYTECODE :=  # each worker, and each process of a test, would compile all modules again

test: .venv/dev  ## Run the tests, on all cores.
	$(BIN)/pytest -q -n auto

soak: .venv/dev  ## Run the tests that take long: kills, memory, coverage, all recorded answers, many examples, both transports.
	$(BIN)/pytest -q -n auto -m soak
	$(BIN)/pytest -q -n auto -m 'hypothesis and not soak' --hypothesis-profile many
	MOA_TEST_TRANSPORT=openai $(BIN)/pytest -q -n auto tests/nodes

newest: .venv/newest/installed  ## Run the tests with the newest versions that the ranges allow.
	.venv/newest/bin/pytest -q -n auto

oldest: .venv/oldest/installed  ## Run the tests of graphs, nodes and core with the oldest.
	.venv/oldest/bin/pytest -q -n auto tests/graphs tests/nodes tests/core

pins: .venv/dev  ## Write pins/tested.txt and pins/oldest.txt anew, and look that each Python can install them; run the tests afterwards.
	$(PIN) --upgrade -o pins/tested.txt
	$(PIN) --upgrade --resolution lowest-direct -o pins/oldest.txt
	for python in 3.11 3.12 3.13 3.14; do for set in tested oldest; do \
	    $(BIN)/uv pip install --quiet --dry-run --target .venv/none --python-version $$python --no-deps \
	    --only-binary :all: --no-binary forbiddenfruit -r pins/$$set.txt || exit 1; done; done

real: .venv/dev  ## Run the tests against a real model: SmolLM2-135M, fetched once (93 MB).
	$(BIN)/python benchmarks/weights.py smollm2
	MOA_TEST_REAL=1 $(BIN)/pytest -q tests/real

interchange: .venv/interchange/installed .venv/litellm/installed  ## Have inspect_ai and Hugging Face's datasets read what is written here, and the other way.
	.venv/interchange/bin/pytest -q -W ignore::ResourceWarning -W ignore::DeprecationWarning -W ignore::pytest.PytestUnraisableExceptionWarning tests/others

raylets: .venv/raylets/installed  ## Run batches on a real Ray cluster of this machine, and kill its raylets and its driver.
	.venv/raylets/bin/pytest -q -W ignore::ResourceWarning -W ignore::DeprecationWarning -W ignore::pytest.PytestUnraisableExceptionWarning tests/raylets

lint: .venv/dev  ## Check style and that imports only go down.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: .venv/dev .types/langgraph_moa  ## Check types.
	$(BIN)/mypy

advisories: .venv/advisories/installed  ## Ask for known advisories on the pinned packages; NOT CHECKED where no service is reachable.
	.venv/advisories/bin/python .ci/advisories.py .venv/advisories/bin/pip-audit $(ADVISORIES)

bench: .venv/dev  ## Measure against plain asyncio and floors, as ratios, and write docs/measured.md.
	$(BIN)/python benchmarks/bench.py

bench-peers: .venv/dev $(PEERS:%=.venv/peers/%/installed)  ## Measure against mixture-llm and distilabel, each in an environment of its own.
	$(BIN)/python benchmarks/peers.py

serving: .venv/dev  ## Put streams on one and on two of LangGraph's servers, and write that part of docs/measured.md.
	$(BIN)/python benchmarks/serving.py

agreement: .venv/dev  ## Play recorded answers through the rules, and write docs/agreement.md.
	$(BIN)/python benchmarks/agreement.py

ladder: .venv/dev  ## Play recorded answers through ladders and debates, and print the tables of docs/early-stop.md.
	$(BIN)/python benchmarks/ladder.py

endpoint: .venv/dev  ## Let many ask `langgraph-moa serve` at once, and write that part of docs/serve.md.
	$(BIN)/python benchmarks/endpoint.py

liars: .venv/dev  ## Plant liars among recorded answers, with a screen and without, and write docs/liars.md.
	$(BIN)/python benchmarks/liars.py

evidence: .venv/dev  ## Ask this project's documents, and write docs/evidence-measured.md.
	$(BIN)/python benchmarks/rag.py

quality: .venv/dev  ## Ask real models, alone and in mixtures, and write docs/quality.md; QUALITY="--model NAME=URL ..." names others.
	$(BIN)/python benchmarks/quality.py $(QUALITY)

cluster: .venv/raylets/installed  ## Run 5,000 questions on a Ray cluster, killed and not, and print the figures of docs/ray.md.
	.venv/raylets/bin/python benchmarks/cluster.py

faults: .venv/dev  ## Break everything on a real server, and write that part of docs/faults.md.
	$(BIN)/python benchmarks/faults.py

chaos: .venv/dev  ## Break HTTP, kill, fill the disk, set the clock, and write that part of docs/faults.md.
	$(BIN)/python benchmarks/chaos.py

provider-batch: .venv/dev  ## Ask 10,000 questions in a provider's batches on this machine, killed five times, and live: what was billed, and what it cost.
	$(BIN)/python benchmarks/provider_batch.py --live 1000

screenshots: .venv/dev  ## Take the pictures of docs/report.md, with Debian's chromium.
	$(BIN)/python docs/images/shoot.py

docs: .venv/site  ## Build the pages of docs/ to site/.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "The site is in $(CURDIR)/site; it opens from the disk: site/index.html"

profiles: .venv/dev  ## Write core/models/profiles.json: what models can read and write, as langchain-openai has it.
	$(BIN)/python benchmarks/profiles.py

schema: .venv/dev  ## Write docs/settings.schema.json.
	$(BIN)/python -m langgraph_moa.apps.settings.schema > docs/settings.schema.json

notebooks: .venv/dev  ## Write the notebooks of examples/, and what their cells print, anew.
	$(BIN)/python examples/notebooks/make.py

wheel: .venv/dev  ## Build what an index would get, check it, and run it in an empty environment of each Python here.
	.ci/wheel $(PYTHONS)

clean:  ## Remove everything that was made; .weights/ stays, for it is long to fetch.
	rm -rf .venv .types build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "langgraph-moa needs Python 3.11 or newer, found " + sys.version)'
	$(PYTHON) -m venv .venv

# An install is a folder of links in build/, one for each file: a file that came or went needs another.
.venv/shipped: .venv/bin/python FORCE
	@ls -d build/__editable__* >/dev/null 2>&1 && ls $(SHIPPED) | cmp -s - $@ || ls $(SHIPPED) > $@

.venv/user: $(INSTALLED)
	$(BIN)/python $(INSTALL) -c pins/tested.txt -e .
	touch $@

.venv/studio .venv/site: .venv/%: $(INSTALLED)
	$(BIN)/python $(INSTALL) -c pins/tested.txt -e '.[$*]'
	touch $@ .venv/user

.venv/dev: $(INSTALLED)
	$(BIN)/python $(INSTALL) -c pins/tested.txt -e '.[dev]'
	touch $@ .venv/user .venv/studio .venv/site

.venv/newest/installed: .venv/bin/python FORCE
	test -d $(@D) || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) --upgrade --upgrade-strategy eager -e '.[dev]'
	touch $@

.venv/advisories/installed: .venv/bin/python
	test -d $(@D) || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) 'pip-audit>=2.10,<3'
	touch $@

.venv/oldest/installed: .venv/bin/python .venv/shipped pyproject.toml pins/oldest.txt
	test -d $(@D) || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) -c pins/oldest.txt -e '.[dev]'
	touch $@

.venv/interchange/installed: tests/others/requirements.txt .venv/bin/python .venv/shipped pyproject.toml
	test -d $(@D) || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) -r $< -e .
	touch $@

.venv/litellm/installed: tests/others/litellm.txt .venv/bin/python
	test -d $(@D) || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) -r $<
	touch $@

.venv/raylets/installed: tests/raylets/requirements.txt .venv/bin/python .venv/shipped pyproject.toml
	test -d $(@D) || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) -r $< -e .
	touch $@

.venv/peers/%/installed: benchmarks/peers/%.txt pins/tested.txt .venv/bin/python
	test -d $(@D) || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(INSTALL) -c pins/tested.txt -r $<
	touch $@

.types/langgraph_moa:
	mkdir -p .types
	ln -sfn .. $@

FORCE:
