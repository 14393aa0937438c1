# make demo   set up, then a digital patient from plan to report
# make studies   two published studies as worked examples, on simulated patients
# make test-browser   the pages in a real browser (Chromium is needed)
# make test   set up, then lint, types, layers and tests
# make test-slow   the tests of many simulated patients, which `make test` leaves out
# make test-archive   against Orthanc, a real archive (Debian: orthanc, orthanc-dicomweb)
# make test-engine   the tests of the second engine with ompMC (GPL-3) itself
# make test-lowest   the tests with the lowest versions that pyproject.toml allows
# make release   archive and wheel, the wheel tried in clean environments: PYTHONS="python3.11 python3.13"
# make docs   the documentation as a site in site/
# make reference   docs/commands.md, api.md, hazards.md, validation.md, data/checksums.json
# make fired     docs/fired_checks.json: which test fires which check, from a whole run
# make pictures   docs/pictures anew, from the demo (Chromium is needed)
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow test-archive test-engine test-lowest test-browser check clean benchmark docs reference pictures fired
.DELETE_ON_ERROR:

demo: .venv/ready
	$(BIN)/sirtdose demo --out demo --force

.PHONY: studies
studies: .venv/ready
	rm -rf studies/study_a studies/study_b
	$(BIN)/python -m examples.study_a --out studies/study_a
	$(BIN)/python -m examples.study_b --out studies/study_b

test: .venv/ready check

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

test-lowest: .venv-lowest/ready
	PYTHONPATH=. .venv-lowest/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -p no:cacheprovider

test-slow: .venv/ready
	$(BIN)/pytest -n auto -m slow

test-archive: .venv/ready
	$(BIN)/pytest -n auto --dist loadfile -m archive

test-engine: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --no-build-isolation --editable ".[ompmc]"
	$(BIN)/pytest -m engine

test-browser: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --no-build-isolation --editable ".[browser]"
	$(BIN)/pytest -m browser

PYTHONS ?= $(PYTHON)
.PHONY: release
release: .venv/ready
	$(BIN)/python .ci/release.py $(addprefix --python ,$(PYTHONS))

docs: .venv/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean

reference: .venv/ready
	$(BIN)/python docs/generate_commands.py
	$(BIN)/python docs/generate_api.py
	$(BIN)/python docs/generate_checksums.py
	$(BIN)/python docs/generate_hazards.py
	$(BIN)/python docs/generate_validation.py

fired: .venv/ready
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder tests sirtdose --record-checks=.fired
	$(BIN)/python docs/generate_hazards.py .fired

pictures: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --no-build-isolation --editable ".[browser]"
	$(BIN)/python docs/pictures.py

benchmark: .venv/ready
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/read_ct.py
	$(BIN)/python benchmarks/inspect_folder.py
	$(BIN)/python benchmarks/dose_engine.py
	$(BIN)/python benchmarks/post_case.py
	$(BIN)/python benchmarks/report_pdf.py
	$(BIN)/python benchmarks/batch.py

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt hatchling editables setuptools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --no-build-isolation --editable ".[compressed,dev]"
	@touch $@

# The lowest versions that pyproject.toml allows; the program itself from this folder.
.venv-lowest/ready: pyproject.toml .ci/lowest.py
	$(PYTHON) -m venv --clear .venv-lowest
	$(PYTHON) .ci/lowest.py > .venv-lowest/constraints.txt
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint .venv-lowest/constraints.txt ".[test]"
	.venv-lowest/bin/python -m pip uninstall --quiet --yes sirtdose
	@touch $@

clean:
	rm -rf .venv .venv-lowest demo site build dist studies/study_a studies/study_b .mypy_cache .ruff_cache .pytest_cache .hypothesis
