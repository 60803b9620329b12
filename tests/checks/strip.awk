# For scan() in lib.sh: sets `code` from each line of C. Enough of the language for our own style (no trigraphs, no
# line splices inside comments or strings).
function hit(what) {
    print FILENAME ":" FNR ": " what
    hits++
}
function strip(line,    out, i, n, c, two) {
    out = ""
    n = length(line)
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; i++ }
        } else if (quote != "") {
            if (c == "\\") i++
            else if (c == quote) { out = out c; quote = "" }
        } else if (two == "/*") {
            in_comment = 1
            i++
        } else if (two == "//") {
            break
        } else {
            if (c == "\"" || c == "'") quote = c
            out = out c
        }
    }
    quote = ""
    return out
}
FNR == 1 { in_comment = 0; quote = "" }
{ code = strip($0) }
