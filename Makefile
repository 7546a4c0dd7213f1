# Everything that a target needs is installed into folders of the clone; Python 3.13, make and git are assumed.

PYTHON ?= python3.13
TEMPLATE ?=
POOL ?=
PREFIX ?=
CLIENT_TYPE ?=
FROM_NATIVE ?=
FROM ?=
BEFORE ?=
LEAVE_OUT ?=
STACK ?=
REGIONS ?=
JSON ?=
SEED ?=
LIVES ?=
LIFE ?=
UPGRADE ?=
ADVISORIES ?=

export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

CODE := src tests tools benchmarks schema

# The CDK runs on Node. Where there is none, the tests of its examples say so and are skipped, and so is its benchmark.
NPM := $(shell command -v npm)
CDK := $(if $(NPM),.venv-cdk/.installed examples/cdk-typescript/node_modules/.installed)
CDK_BENCHMARK := $(if $(NPM),benchmarks/cdk/node_modules/.installed)

# Wheels alone, each with the hash that requirements/*.txt has: nothing is built, so nothing else is fetched to build it.
AS_LOCKED := --require-hashes --only-binary :all:

# $(call quietly,command): show what it prints only if it fails.
quietly = output=$$($(1) 2>&1) || { echo "$$output" >&2; exit 1; }

.NOTPARALLEL:
.PHONY: help demo rehearse test coverage chaos newest check lint audit docs reference schema lint-template import-template drift plan orphans bench build release lock clean

help: ## Show this text
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "make %-16s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv-sam/.installed .venv-local-aws/.installed ## Deploy the provider to a local AWS and show it at work; TEMPLATE=path runs a stack of yours
	@.venv-local-aws/bin/python -m tools.local_aws.demo $(if $(TEMPLATE),"$(TEMPLATE)")

# PARAMETERS and FROM_PARAMETERS reach this command and `plan` in the environment: arguments stand in the process list.
rehearse: .venv/.installed .venv-sam/.installed .venv-local-aws/.installed ## Deploy TEMPLATE=path to a local AWS; FROM=path shows first what changes (PARAMETERS="Name=value" before make)
	@PYTHONPATH=src .venv/bin/python -m tools.rehearsal "$(TEMPLATE)" $(if $(FROM),--from "$(FROM)") \
		$(if $(BEFORE),--before "$(BEFORE)") $(if $(filter-out no,$(LEAVE_OUT)),--leave-out)

test: .venv/.installed .venv-sam/.installed .venv-local-aws/.installed $(CDK) ## Run all tests
	@.venv/bin/python -m pytest --numprocesses auto

coverage: .venv/.installed .venv-sam/.installed .venv-local-aws/.installed $(CDK) ## Run all tests and show what they do not cover
	@.venv/bin/python -m pytest --cov --numprocesses auto

chaos: .venv/.installed ## Live through some hundred stacks' lives with all that can go wrong; SEED=n LIFE=n repeats one
	@PYTHONPATH=src .venv/bin/python -m tests.chaos $(if $(SEED),--seed "$(SEED)") $(if $(LIVES),--lives "$(LIVES)") $(if $(LIFE),--life "$(LIFE)")

newest: ## Say what the newest boto3 knows of app clients that our tables do not
	@echo "Installing the newest boto3 into .venv-newest ..." >&2
	@$(PYTHON) -m venv --clear .venv-newest
	@.venv-newest/bin/python -m pip install -qq $(AS_LOCKED) --requirement requirements/dev.txt
	@.venv-newest/bin/python -m pip install -qq --upgrade boto3 botocore
	@PYTHONPATH=src .venv-newest/bin/python -m tools.newest

check: lint docs test ## Run all static checks, build the documentation, then run all tests: what CI runs

lint: .venv/.installed .venv-sam/.installed ## Check style, types, layers and templates
	@echo "Checking style, types, layers and templates ..."
	@$(call quietly,.venv/bin/ruff check $(CODE) examples docs)
	@$(call quietly,.venv/bin/ruff format --check $(CODE) examples docs)
	@$(call quietly,.venv/bin/mypy $(CODE))
	@$(call quietly,PYTHONPATH=src .venv/bin/lint-imports)
	@$(call quietly,.venv/bin/cfn-lint --append-rules schema -- template.yaml examples/*.yaml)
	@$(call quietly,.venv-sam/bin/sam validate --lint)
	@$(call quietly,.venv-sam/bin/sam validate --lint --template-file examples/sam/template.yaml)

audit: .venv-audit/.installed ## Run the security scanners, and ask for advisories, which needs the internet (ADVISORIES=required: or fail)
	@.venv-audit/bin/python -m tools.audit $(if $(ADVISORIES),--advisories "$(ADVISORIES)")

docs: .venv-docs/.installed ## Build the documentation into build/docs; a link that leads nowhere is an error
	@echo "Building the documentation ..."
	@$(call quietly,.venv-docs/bin/sphinx-build --fresh-env --fail-on-warning --quiet --conf-dir docs \
		--doctree-dir build/doctrees . build/docs)

reference: .venv/.installed ## Write the tables, sections and diagrams of the documentation
	@PYTHONPATH=src .venv/bin/python -m tools.generate.reference

schema: .venv/.installed ## Write the JSON Schema of each resource type into schema/
	@PYTHONPATH=src .venv/bin/python -m tools.generate.registry_schema

lint-template: .venv/.installed ## Check TEMPLATE=path as cfn-lint does, with the properties of our resources
	@test -n "$(TEMPLATE)" || { echo "Say which template: make lint-template TEMPLATE=path" >&2; exit 2; }
	@.venv/bin/cfn-lint --append-rules schema -- "$(TEMPLATE)" && echo "$(TEMPLATE): nothing is wrong."

import-template: .venv/.installed ## Write a template that takes over the clients of POOL=id (PREFIX=names), or of the stack FROM_NATIVE=name
	@PYTHONPATH=src .venv/bin/python -m tools.importing $(if $(FROM_NATIVE),--from-native "$(FROM_NATIVE)",--pool "$(POOL)" $(if $(PREFIX),--prefix "$(PREFIX)") $(if $(CLIENT_TYPE),--client-type "$(CLIENT_TYPE)"))

drift: .venv/.installed ## Show which app clients differ from what their stacks applied last; STACK=name for one stack
	@PYTHONPATH=src .venv/bin/python -m tools.deployed.drift $(if $(STACK),--stack "$(STACK)") $(if $(JSON),--json)

plan: .venv/.installed ## Show what a deployment of TEMPLATE=path will do to each app client of the deployed STACK=name (PARAMETERS="Name=value" before make)
	@PYTHONPATH=src .venv/bin/python -m tools.deployed.plan --stack "$(STACK)" --template "$(TEMPLATE)" $(if $(JSON),--json)

orphans: .venv/.installed ## Show the app clients of POOL=id that no stack has in REGIONS="names" (the pool's)
	@PYTHONPATH=src .venv/bin/python -m tools.deployed.orphans --pool "$(POOL)" --regions "$(REGIONS)" $(if $(JSON),--json)

bench: build .venv/.installed $(CDK_BENCHMARK) ## Measure the built function: cold starts, warm calls, hundreds at once (six minutes)
	@.venv/bin/python -m benchmarks

build: .venv/.installed .venv-sam/.installed ## Build the function into .aws-sam/build, and say in .aws-sam/sbom.cdx.json what is packed
	@echo "Building the function ..."
	@$(call quietly,PATH="$(CURDIR)/.venv-sam/bin:$$PATH" sam build)
	@.venv/bin/python -m tools.release.sbom .aws-sam/build/UserPoolClientFunction .aws-sam/sbom.cdx.json

release: build ## Lay out a release in build/release: zip, template, SBOM, checksums; the same commit gives the same bytes
	@.venv/bin/python -m tools.release .aws-sam/build/UserPoolClientFunction build/release

lock: .venv-lock/.installed ## Pin, with hashes, what the *.in files ask for; UPGRADE=yes takes the newest versions
	@for file in src/requirements.in requirements/*.in; do \
		.venv-lock/bin/uv pip compile --quiet --generate-hashes --custom-compile-command "make lock" \
			--python-version 3.13 --python-platform x86_64-unknown-linux-gnu $(if $(UPGRADE),--upgrade) \
			--output-file "$${file%.in}.txt" "$${file%.in}.in" || exit 1; \
	done

clean: ## Remove what was installed, built and cached
	@rm -rf .venv .venv-newest .venv-sam .venv-local-aws .venv-docs .venv-cdk .venv-lock .venv-audit examples/cdk-typescript/node_modules benchmarks/cdk/node_modules .aws-sam build .coverage .*_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.installed: requirements/dev.txt
.venv-sam/.installed: requirements/sam.txt
.venv-local-aws/.installed: requirements/local-aws.txt
.venv-docs/.installed: requirements/docs.txt
.venv-cdk/.installed: requirements/cdk.txt
.venv-lock/.installed: requirements/lock.txt
.venv-audit/.installed: requirements/audit.txt
.venv-docs/.installed .venv-cdk/.installed .venv-audit/.installed: PIP_OPTIONS := --no-compile # most of it is imported by nobody

.venv/.installed .venv-sam/.installed .venv-local-aws/.installed .venv-docs/.installed .venv-cdk/.installed .venv-lock/.installed .venv-audit/.installed:
	@echo "Installing $< into $(@D) ..." >&2
	@$(PYTHON) -m venv --clear $(@D) || \
		{ echo "Python 3.13 is needed, and $(PYTHON) is not that; make PYTHON=path names another." >&2; exit 1; }
	@$(@D)/bin/python -m pip install -qq $(PIP_OPTIONS) $(AS_LOCKED) --requirement $<
	@touch $@

examples/cdk-typescript/node_modules/.installed benchmarks/cdk/node_modules/.installed: %/node_modules/.installed: %/package-lock.json
	@echo "Installing $< into $(@D) ..." >&2
	@$(call quietly,cd $(<D) && npm ci --ignore-scripts --no-audit --no-fund)
	@touch $@
