# make book        execute every chapter and build the HTML        make notebooks   regenerate book/notebooks and derived blocks
# make test        lint, types, unit tests, doctests, notebooks    make audit       check the built pages, also in headless Chromium
# make bench       time the flow against its named baselines       make picture     the README's picture, from the built pages
SHELL := /bin/bash
VENV  := .venv
RUN   := $(VENV)/bin/python
# small tensors gain nothing from a second thread, and wait for it when the cores are busy
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: book test notebooks audit bench picture clean
.DEFAULT_GOAL := book

$(VENV)/.stamp: constraints.txt pyproject.toml
	@set -e; python=$$(bash tools/find_python.sh); \
	if [ ! -x $(RUN) ]; then echo "Creating $(VENV) with $$python"; "$$python" -m venv $(VENV); fi
	$(RUN) -m pip install -q -c constraints.txt -e ".[book,test]" </dev/null
	@touch $@

book: $(VENV)/.stamp
	$(RUN) tools/build_book.py

test: $(VENV)/.stamp
	$(RUN) tools/check.py

notebooks: $(VENV)/.stamp
	$(RUN) tools/make_notebooks.py
	$(RUN) tools/derive.py

audit: $(VENV)/.stamp
	$(RUN) tools/audit_html.py _build/html
	$(RUN) tools/audit_browser.py _build/html

bench: $(VENV)/.stamp
	OMP_NUM_THREADS=2 $(RUN) -m pytest benchmarks -q -p no:cacheprovider -o addopts=

picture: $(VENV)/.stamp
	$(RUN) tools/readme_picture.py _build/html

clean:
	rm -rf _build
