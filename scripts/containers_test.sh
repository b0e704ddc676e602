#!/usr/bin/env bash
# `make containers-test`: build the three images, start them, check health, place one real call.
# Needs root, podman, runc and mmdebstrap; leaves nothing running. KEEP=1 keeps the images' build cache.
set -euo pipefail
cd "$(dirname "$0")/.."

work=.tools/containers
mkdir -p "$work"
compose=$work/venv/bin/podman-compose
export CONTAINERS_CONF=$PWD/$work/containers.conf
export HOTLINE_DB_PASSWORD=${HOTLINE_DB_PASSWORD:-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')}
# The machine's own certificates, for a registry behind a site's proxy; not kept in the image.
export CA_BUNDLE=${CA_BUNDLE:-/etc/ssl/certs/ca-certificates.crt}

say() { printf '▶ %s\n' "$*" >&2; }
fail() { printf '✗ 原因：%s\n  办法：%s\n' "$1" "$2" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "容器测试需要 root" "sudo make containers-test"
missing=
for program in podman runc mmdebstrap; do
    command -v "$program" > /dev/null || missing="$missing $program"
done
if [ -n "$missing" ]; then
    say "安装$missing"
    apt-get -o DPkg::Lock::Timeout=600 update -qq
    apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends \
        podman runc netavark aardvark-dns iptables catatonit conmon mmdebstrap > "$work/apt.log" 2>&1 \
        || fail "安装失败，见 $work/apt.log" "请检查 apt 源后重试"
fi
if [ ! -x "$compose" ]; then
    say "安装 podman-compose"
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install -q --disable-pip-version-check 'podman-compose==1.6.0' 2> "$work/pip.log" \
        || fail "podman-compose 装不上，见 $work/pip.log" "请检查 pip 软件源后重试"
fi

# Modest limits and runc: both also work inside a virtual machine or a container.
cat > "$CONTAINERS_CONF" <<'CONF'
[containers]
default_ulimits = ["nofile=8192:8192", "nproc=8192:8192"]
[engine]
runtime = "runc"
[network]
network_backend = "netavark"
CONF

# The base images come from the machine's own package mirror when no image registry is at hand.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)
for suite in trixie forky; do
    image=docker.io/library/debian:$suite-slim
    if ! podman image exists "$image"; then
        say "制作基础镜像 debian:$suite-slim"
        mmdebstrap -q --variant=minbase --include=ca-certificates \
            --aptopt='Acquire::Check-Valid-Until "false"' "$suite" - "$mirror" \
            | podman import -q - "$image" > /dev/null
    fi
done

project=hotline-test
run() { "$compose" -f docker/compose.yaml -p $project --podman-build-args="--format docker" "$@"; }
logs() { for part in db app asterisk; do echo "--- $part"; podman logs --tail 25 "${project}_${part}_1" || true; done >&2 2>&1; }
finish() {
    status=$?
    [ $status = 0 ] || logs
    run down -v > "$work/down.log" 2>&1 || true
    podman network rm -f ${project}_default > /dev/null 2>&1 || true
    exit $status
}
wait_for() { # wait_for SECONDS COMMAND...: until it succeeds
    local end=$((SECONDS + $1)); shift
    until "$@" > /dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 0.5; done
}
container() { podman inspect -f "$1" ${project}_app_1; }

say "构建镜像（首次约三分钟，日志 $work/build.log）"
run build > "$work/build.log" 2>&1 || { tail -25 "$work/build.log" >&2; fail "构建失败" "见 $work/build.log"; }

trap finish EXIT
podman network exists ${project}_default || podman network create ${project}_default > /dev/null
gateway=$(podman network inspect ${project}_default | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["subnets"][0]["gateway"])')
# A loopback address of its own, so that a hotline running on this machine is not in the way;
# the call comes from the bridge, which plays the carrier.
export HOTLINE_LISTEN=127.0.0.3 HOTLINE_TRUNK_PEERS=127.0.0.2,$gateway
say "启动三个容器"
run up -d > "$work/up.log" 2>&1 || { tail -25 "$work/up.log" >&2; fail "启动失败" "见 $work/up.log"; }

say "健康检查"
wait_for 90 curl -fsS http://127.0.0.3:8345/healthz || fail "90 秒内没有健康响应" "见上面的容器日志"
wait_for 60 podman healthcheck run ${project}_app_1 || fail "容器自带的健康检查不通过" "见上面的容器日志"
wait_for 30 podman healthcheck run ${project}_db_1 || fail "数据库的健康检查不通过" "见上面的容器日志"
wait_for 60 curl -fsS http://127.0.0.3:8345/readyz || fail "数据库或 Asterisk 未就绪：$(curl -sS http://127.0.0.3:8345/readyz 2>&1)" "见上面的容器日志"

say "拨打一个真实电话"
python3 -m scripts.setup --only python > /dev/null
.venv/bin/python -m telephony.asterisk.install sipp > "$work/sipp.log" 2>&1 || fail "SIPp 未就绪，见 $work/sipp.log" "make test 会安装它"
address=$(container '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}')
.venv/bin/python -m scripts.container_call "$address" --from-address "$gateway" || fail "电话没有接通，或没有听到问候语" "见上面的容器日志"
printf "✓ 容器测试通过\n" >&2
