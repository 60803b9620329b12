# Shared by the sandbox's own tests (smoke, refusals); sourced, not run: starts the program given as $1 on a free port and
# asks it. A failed expectation ends the test.
# shellcheck shell=sh disable=SC2034
program=$1
here=$(mktemp -d)
pid=
trap 'test -n "$pid" && kill $pid 2>/dev/null; wait 2>/dev/null; rm -rf "$here"' EXIT
trap 'exit 1' INT TERM

fail() {
    echo "${0##*/}: $*" >&2
    test -f "$here/err" && tail -n 20 "$here/err" >&2
    exit 1
}

start() {
    : >"$here/out"
    "$program" --port 0 --seed 7 --data "$here/data" --record "$here/record" "$@" >"$here/out" 2>"$here/err" &
    pid=$!
    for _ in $(seq 100); do
        base=$(sed -n 's/.* listens on //p' "$here/out")
        test -n "$base" && break
        sleep 0.05
    done
    test -n "$base" || fail "does not start"
    bot=$base/bot100500:sandbox-token
    shop=$base/yookassa/v3
}

stop() {
    kill $pid && wait $pid || fail "did not end well: $?"
    pid=
}

# ask NAME CURL-ARGUMENTS…: the body goes to $here/NAME, the status to $status (000 = no answer).
ask() {
    name=$1
    shift
    status=$(curl -s -m 20 -o "$here/$name" -w '%{http_code}' "$@") || status="$status!"
}
# is NAME FILTER WANT: what jq makes of the body
is() {
    got=$(jq -rc "$2" "$here/$1") || fail "$1 is no JSON: $(head -c 300 "$here/$1")"
    test "$got" = "$3" || fail "$1: $2 is «$got», want «$3»: $(head -c 600 "$here/$1")"
}
status_is() {
    test "$status" = "$1" || fail "the status is $status, want $1: $(head -c 300 "$here/${name:-x}" 2>/dev/null)"
}
call() { # call METHOD CURL-ARGUMENTS…: a Bot API call, the answer in $here/a
    method=$1
    shift
    ask a "$bot/$method" "$@"
}
says() { # the call was refused with this description
    is a .description "$1"
}
json() { # json METHOD BODY
    call "$1" -H 'Content-Type: application/json' -d "$2"
}
deed() { # deed NAME BODY: the user does something
    ask d "$base/api/chats/$user/$1" -d "$2"
    status_is 200
}
fault() {
    ask f "$base/api/faults" -d "$1"
    status_is 200
}
pay_header='Content-Type: application/json'
create() { # create KEY BODY
    ask p -u 100500:test_secret -H "$pay_header" -H "Idempotence-Key: $1" "$shop/payments" -d "$2"
}

