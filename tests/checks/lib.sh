# Shared by the checks; sourced, not run. A check is called as  tests/checks/NAME [PROJECT [BUILD]],  prints one line
# "file:line: what" for each violation, and exits 1 if there was one, 77 if it can't be done here.
# shellcheck shell=sh disable=SC2034
here=$(cd "$(dirname "$0")" && pwd)
project=${1:-$here/../..}
build=${2:-$project/build}
cd "$project" || exit 2

# Our C files. Generated ones live in the build directory.
sources() {
    for room in core db config bot tests; do
        [ ! -d $room ] || find $room -name node_modules -prune -o -name '*.[ch]' -print
    done | LC_ALL=C sort
}

# Runs an awk program over the files of sources(); in it, `code` is the line without comments and without what stands
# in strings and character constants, and hit("what") reports a violation.
scan() { # AWK-PROGRAM [FILE…]
    scan_program=$1
    shift
    # shellcheck disable=SC2046 # no name of ours holds a space
    [ $# -gt 0 ] || set -- $(sources)
    [ $# -gt 0 ] || return 0
    LC_ALL=C awk "$(cat "$here/strip.awk")
$scan_program
END { exit hits > 0 }" "$@"
}
