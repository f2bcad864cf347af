# The commands of the project. Their code is in plugins/cchc/local.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python on this machine that fits; PYTHON=… overrides it.
FITS := import ensurepip, sys, venv; (3, 11) <= sys.version_info[:2] <= (3, 14) and print(sys.executable)
PYTHON ?= $(or $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python3.14,\
	$(shell $(p) -I -c '$(FITS)' 2>/dev/null))),$(error cchc needs Python 3.11 to 3.14 with venv: make PYTHON=/path/to/python3))

# A file named by the locks: another lock is another file, so its name alone shows whether .venv is up to date.
INSTALLED := .venv/installed-$(shell cat requirements.txt requirements-dev.txt | sha256sum | cut -c 1-16)
CCHC := PYTHONUTF8=1 PYTHONPATH=plugins:. .venv/bin/python -m cchc.local
# The caller's variables for Python (PYTHONHOME, PYTHONWARNINGS …) are meant for other programs.
unexport $(filter-out PYTHON,$(filter PYTHON%,$(.VARIABLES)))

# The tests of a file stay in one worker and share its server and its runs. Four workers keep two cores busy: some of
# them wait for a server or a command.
PYTEST := .venv/bin/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# A user's text may have quotes, $ and line ends: it reaches the shell unchanged, by environment.
unexport Q WHY WHO
sql: export QUERY = $(value Q)
ack snooze: export REASON = $(value WHY)
ack snooze: export PERSON = $(value WHO)

.PHONY: help run test test-fast test-nightly test-stack nightly check ack snooze alerts-dry-run retry withdraw templates validate docs up down psql sql checksum bench lint

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

run: $(INSTALLED) ## installs, runs the simulated province's last three data dates, prints its attainment
	@$(CCHC) run

test: $(INSTALLED) ## all tests but those of test-nightly and test-stack
	@$(PYTEST) -m 'not nightly' --ignore=tests/stack

test-fast: $(INSTALLED) ## tests that take less than a minute together: no whole runs, no commands, no years
	@$(PYTEST) -m 'not nightly and not slow' --ignore=tests/stack

test-nightly: $(INSTALLED) ## the longest tests, and those of PostgreSQL 16, docker-compose.yaml and the simulator
	@$(PYTEST) -m nightly --ignore=tests/stack

test-stack: $(INSTALLED) ## runs of docker-compose.yaml's services as plain processes; skipped without a redis-server
	@.venv/bin/python -m pytest tests/stack

nightly: $(INSTALLED) ## the nightly DAGs for one data date, with all configured sources or some: make nightly DATE=2024-06-30 SOURCES=eoffice
	@$(CCHC) nightly -- "$$DATE" "$$SOURCES"

check: $(INSTALLED) ## one polite request to a configured source: make check SOURCE=national_portal
	@$(CCHC) check -- "$$SOURCE"

ack: $(INSTALLED) ## acknowledges an alert, so that it isn't escalated: make ack ALERT=3f2a9c1e WHY="đang rà soát" UNTIL=2024-07-15
	@$(CCHC) ack -- "$$ALERT" "$$REASON" "$$UNTIL" "$$PERSON"

snooze: $(INSTALLED) ## suppresses notifications of an alert up to a day: make snooze ALERT=3f2a9c1e UNTIL=2024-07-15 WHY="bảo trì"
	@$(CCHC) snooze -- "$$ALERT" "$$REASON" "$$UNTIL" "$$PERSON"

alerts-dry-run: $(INSTALLED) ## notifications of a day, their recipients, and suppressed ones with the reason: make alerts-dry-run DATE=2024-06-30
	@$(CCHC) alerts-dry-run -- "$$DATE"

retry: $(INSTALLED) ## prepares the stopped loads of a day: the next run audits the same bytes again: make retry SOURCE=eoffice DATE=2024-06-30
	@$(CCHC) retry -- "$$SOURCE" "$$DATE"

withdraw: $(INSTALLED) ## removes a day that was computed by mistake, with its effects: make withdraw DATE=2042-12-31
	@$(CCHC) withdraw -- "$$DATE"

templates: $(INSTALLED) ## workbooks for the agencies' returns, with the known values filled in: make templates YEAR=2024
	@$(CCHC) templates -- "$${YEAR:-2024}"

validate: $(INSTALLED) ## finds mistakes in plans, agencies, tasks, recipients, profiles, settings; needs no database
	@$(CCHC) validate

docs: $(INSTALLED) ## writes the generated pages: docs/indicators.md, docs/sources.md, docs/data-dictionary.md
	@$(CCHC) docs

up: $(INSTALLED) ## the whole Airflow with the DAGs on, on this machine only; prints address and password
	@$(CCHC) up

down: $(INSTALLED) ## stops it
	@$(CCHC) down

psql: $(INSTALLED) ## a shell on the warehouse as the read-only analyst
	@$(CCHC) psql

sql: $(INSTALLED) ## one query as the analyst, as CSV: make sql Q="select …"
	@$(CCHC) sql -- "$$QUERY"

checksum: $(INSTALLED) ## a checksum of core and mart, without run ids and clock times
	@$(CCHC) checksum

bench: $(INSTALLED) ## time and memory of a run and its alerts by part, against a floor: make bench ROWS=100000
	@PYTHONPATH=plugins:. .venv/bin/python -m benchmarks.ingest "$${ROWS:-100000}"
	@PYTHONPATH=plugins:. .venv/bin/python -m benchmarks.alerts

lint: $(INSTALLED) ## formatting, linters, types and words
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/sqlfluff lint include/sql tests
	@.venv/bin/python .ci/check_words.py

$(INSTALLED):
	@$(PYTHON) plugins/cchc/local/install.py $@
