# Every task, one word each. `make` alone lists them. Needs Python 3.11, git and make; makes .venv by itself.

PYTHON ?= python3.11
BIN := .venv/bin
PLAIN = $(if $(HTTP),$(if $(filter plain,$(HTTP)),--plain,$(error HTTP: expected plain, or nothing for https)))
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help run test lint format board hub deploy keys bundle publish bench soak roots constraints clean

help: ## what there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: .venv/ready ## the demo: hub, virtual ESP32, telemetry, a new firmware; FOR=30 ends it, HTTP=plain is without TLS
	@$(BIN)/python -m tools.demo $(if $(FOR),--seconds $(FOR)) $(PLAIN)

test: .venv/ready ## every test
	$(BIN)/python -m pytest -n 6 --dist loadfile --no-loadscope-reorder  # most wait for something

lint: .venv/ready ## ruff, and mypy: what runs on the device with the ESP32's types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file tools/mypy.ini

format: .venv/ready ## lays the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

board: .venv/ready ## the virtual ESP32 alone; FLASH=file keeps its flash
	@$(BIN)/python -m tools.board $(if $(FLASH),--flash $(FLASH))

hub: .venv/ready ## the local hub alone; HOST=0.0.0.0 lets boards on the network reach it; HTTP=plain
	@$(BIN)/python -m tools.hub serve $(if $(HOST),--host $(HOST)) $(if $(HUB_PORT),--port $(HUB_PORT)) \
	  $(if $(DATABASE),--database $(DATABASE)) $(PLAIN)

deploy: .venv/ready ## puts the software on a board: PORT=/dev/ttyUSB0 [TOOL=ampy] [MPY=1] [FORCE=1]
	@$(BIN)/python -m tools.deploy $(if $(PORT),--port $(PORT)) $(if $(TOOL),--tool $(TOOL)) $(if $(filter-out 0,$(MPY)),--mpy) \
	  $(if $(filter-out 0,$(FORCE)),--force)

keys: .venv/ready ## the maker's key pair, which signs what boards install over the air: [KEY=maker.pem]
	@$(BIN)/python -m tools.bundle.keys $(if $(KEY),--key $(KEY))

# MICROPYTHON of the environment is an interpreter; only here, given to make, it is a version.
bundle: .venv/ready ## packs main.py and lib: VERSION=1.1.0 KEY=maker.pem [CHIP=ESP32] [FILES="a b"] [MICROPYTHON=1.24.0]
	@$(BIN)/python -m tools.bundle $(if $(VERSION),--version $(VERSION)) $(if $(KEY),--key $(KEY)) \
	  $(if $(filter-out 0,$(UNSIGNED)),--unsigned) $(if $(CHIP),--chip $(CHIP)) $(if $(MAIN),--main $(MAIN)) \
	  $(if $(filter command,$(origin MICROPYTHON)),--micropython $(MICROPYTHON)) $(if $(LIB),--lib $(LIB)) \
	  $(foreach file,$(FILES),--file $(file)) $(if $(filter 0,$(MPY)),--sources)

publish: .venv/ready ## publishes a firmware at the local hub: VERSION=1.1.0 [FILE=build/app-1.1.0.tar.gz] [KEY=maker.pem]
	@$(if $(VERSION),,$(error VERSION is missing; for example: make publish VERSION=1.1.0, after make bundle))
	@$(BIN)/python -m tools.hub publish $(VERSION) --file $(or $(FILE),build/app-$(VERSION).tar.gz) $(if $(KEY),--maker-key $(KEY))

bench: .venv/ready ## what a telemetry costs beside stock requests; QUICK=1 for fewer, DOCS=1 for the README's picture too
	@$(BIN)/python -m tools.bench $(if $(filter-out 0,$(QUICK)),--quick) $(if $(filter-out 0,$(DOCS)),--docs)

soak: .venv/ready ## power cuts, bad networks, years, bad input, in full: about an hour; ONLY=power for one, SEED=n
	@$(BIN)/python -m tools.soak $(ONLY) $(if $(SEED),--seed $(SEED))

roots: .venv/ready ## renews the public roots of the library from the pinned certifi, and says when they expire
	@$(BIN)/python -m tools.roots

constraints: .venv/ready ## pins anew what requirements.txt pulls in
	(head -1 constraints.txt; $(BIN)/pip freeze) > constraints.new && mv constraints.new constraints.txt

clean: ## removes what was made
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Made whole or not at all: an interrupted installation starts over.
.venv/ready: requirements.txt requirements-stubs.txt constraints.txt
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt --constraint constraints.txt
	$(BIN)/pip install --quiet --no-deps --target .venv/stubs --requirement requirements-stubs.txt
	touch $@
