# The commands of the project; `make` alone lists them.
PY = $(shell scripts/python.sh)
BIN := .venv/bin
# Three workers: one has all browsers, one all telephones, which mostly wait; one computes.
WORKERS ?= 3
TESTS ?=
.DEFAULT_GOAL := help
.PHONY: help setup up test nightly check bench clean lock containers-test

help: ## 显示这份清单
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' Makefile

setup: ## 安装运行所需的一切到本目录（.venv、.tools），不启动任何程序
	@$(PY) -m scripts.setup

up: setup ## 安装（如需要）并启动整套热线，Ctrl-C 全部停止
	@exec $(BIN)/hotline up

test: ## 安装测试工具（如需要）并运行全部测试
	@$(PY) -m scripts.setup --development
	@$(PY) -m scripts.test_tools
	$(BIN)/pytest -n $(WORKERS) $(TESTS)

nightly: ## 随机操作的长测（2,000 个序列，约半小时）
	@$(PY) -m scripts.setup --development
	HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -n $(WORKERS) tests/dispatch/test_storms.py

check: ## 格式、写法、类型、模块边界
	@$(PY) -m scripts.setup --only python --development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m scripts.sizes
	$(BIN)/pytest -q tests/architecture

bench: setup ## 测量性能，每个指标一行 JSON，并附对照的限值
	@$(PY) -m scripts.setup --development
	@$(PY) -m scripts.test_tools
	@$(BIN)/python -m benchmarks

containers-test: ## 用容器真实构建并启动一遍（需要 root 与 podman，不属于日常检查）
	@scripts/containers_test.sh

lock: ## 把 .venv 里的版本写入 constraints.txt（升级依赖之后）
	@$(BIN)/python -m scripts.lock

clean: ## 删除安装与构建的产物；数据目录 var/ 保留
	rm -rf .venv .tools build dist portal/static/dist portal/frontend/node_modules test-results htmlcov
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage *.egg-info
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
