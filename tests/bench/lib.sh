# A small world for measuring: a Postgres that syncs, the sandbox and a Release daemon, both without sending limits, each in
# its own process, all in one temporary directory. Sourced by run and idle; ends what it started, nothing else.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${FOTOSET_BENCH_BUILD:-$root/build-bench}
dir='' daemon='' sandbox='' postgres='' base='' conninfo=''

fail() {
    echo "${0##*/}: $*" >&2
    [ -z "$dir" ] || tail -n 5 "$dir"/*.log >&2 || true
    exit 1
}

bench_build() {
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release >"$dir/cmake.log" 2>&1 || fail "cmake failed"
    ninja -C "$build" -j"${FOTOSET_BENCH_JOBS:-2}" fotosetd fotoset-darkroom fotoset-sandbox >"$dir/ninja.log" 2>&1 || fail "the build failed"
}

bench_stop() {
    [ -z "$daemon" ] || { kill -TERM "$daemon" 2>/dev/null || true; wait "$daemon" || true; }
    [ -z "$sandbox" ] || { kill -TERM "$sandbox" 2>/dev/null || true; wait "$sandbox" || true; }
    [ -z "$postgres" ] || "$root/tests/postgres" stop "$dir/pg" || true
    [ -z "$dir" ] || rm -rf "$dir"
}

bench_dir() {
    dir=$(mktemp -d /tmp/fotoset-bench.XXXXXX)
    chmod 755 "$dir"
    trap bench_stop EXIT
    trap 'exit 1' INT TERM
}

write_config() {
    install -m 600 /dev/null "$dir/token"
    install -m 600 /dev/null "$dir/secret"
    echo 100500:sandbox-token >"$dir/token"
    echo test_secret >"$dir/secret"
    mkdir -m 700 -p "$dir/store"
    cat >"$dir/fotoset.conf" <<END
telegram: {
    token_file = "$dir/token"; api_url = "$base"; global_per_s = 0; per_chat_per_s = 0;
    send_connections = ${connections:-4};
};
yookassa: { shop_id = "100500"; secret_file = "$dir/secret"; api_url = "$base/yookassa/v3"; test_shop = true; };
database: { conninfo = "$conninfo"; };
store: { path = "$dir/store"; };
darkroom: { program = "$build/fotoset-darkroom"; };
shop: { offer_url = "https://example.org/offer"; privacy_url = "https://example.org/privacy"; };
texts_dir = "$root/config/texts";
styles_dir = "$root/config/styles";
END
}

# Starts the three. They may take what the machine has: nothing is pinned.
bench_start() {
    conninfo=$("$root/tests/postgres" start "$dir/pg")
    postgres=$(head -n 1 "$dir/pg/data/postmaster.pid")
    : >"$dir/sandbox.log" >"$dir/daemon.log" # there before anybody looks
    "$build/tests/sandbox/fotoset-sandbox" --port 0 --seed 1 --flood-chat 0 --flood-global 0 >"$dir/sandbox.log" 2>&1 &
    sandbox=$!
    for _ in $(seq 200); do
        base=$(sed -n 's/.* listens on //p' "$dir/sandbox.log")
        [ -z "$base" ] || break
        sleep 0.02
    done
    [ -n "$base" ] || fail "the sandbox does not start"
    write_config
    "$build/fotosetd" run -c "$dir/fotoset.conf" >"$dir/daemon.log" 2>&1 &
    daemon=$!
    for _ in $(seq 500); do
        ! grep -q 'is open' "$dir/daemon.log" || break
        kill -0 "$daemon" 2>/dev/null || fail "the daemon ended"
        sleep 0.02
    done
    grep -q 'is open' "$dir/daemon.log" || fail "the daemon does not open"
    bench_load 1 0 1 # the greeting's pictures are rendered, once, and become known to Telegram
}

# bench_load USERS RATE SECONDS: waits until all walkers stand still; the figures are in $dir/figures then.
bench_load() {
    curl -fsS "$base/api/load" -d "{\"users\":$1,\"rate_per_s\":$2,\"seconds\":$3,\"script\":\"menu\"}" >"$dir/answer" ||
        fail "the load does not start"
    sleep "$3"
    for _ in $(seq 600); do
        curl -fsS "$base/api/load" >"$dir/figures"
        [ "$(jq '.running or .under_way > 0' "$dir/figures")" = true ] || return 0
        sleep 0.1
    done
    fail "the walkers do not come to rest: $(cat "$dir/figures")"
}

sql() {
    psql --no-psqlrc --quiet --tuples-only --no-align "$conninfo" -c "$1"
}

# Clock ticks that a process has used, its ended children's included.
ticks_of() {
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '{ print $12 + $13 + $14 + $15 }'
}

# Only its own: the darkroom, which ends in an idle minute, is then counted as a child of the daemon.
own_ticks_of() {
    sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

# The same for Postgres: the postmaster and its children of now (those that ended are counted by it).
ticks_of_postgres() {
    local total pid
    total=$(ticks_of "$postgres")
    for pid in $(cat "/proc/$postgres/task/$postgres/children"); do
        total=$((total + $(ticks_of "$pid" || echo 0)))
    done
    echo "$total"
}

kib_of() { # kib_of PID VmHWM|VmRSS
    awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"
}
