#!/bin/sh
# redis-server with power cuts: before it starts, cuts off what the last run had not synced. The gateway runs this as [redis] server.
#   POWERCUT_LIB      the shim (powercut.c)        POWERCUT_LEDGER  lengths at the last sync
#   POWERCUT_FSYNC    appendfsync of the mutant; empty: as configured
#   POWERCUT_LOST     a file that counts the bytes cut off
set -eu
if [ -s "$POWERCUT_LEDGER" ]; then
    # the last length of each file; a file that was never synced is empty
    awk '{ length_of[$2] = $1 } END { for (path in length_of) print length_of[path], path }' "$POWERCUT_LEDGER" |
        while read -r length path; do
            [ -f "$path" ] || continue
            size=$(stat -c %s "$path")
            if [ "$size" -gt "$length" ]; then
                echo $((size - length)) >>"$POWERCUT_LOST"
                truncate -s "$length" "$path"
            fi
        done
    : >"$POWERCUT_LEDGER"
fi
if [ -n "${POWERCUT_FSYNC:-}" ]; then
    LD_PRELOAD=$POWERCUT_LIB exec redis-server "$@" --appendfsync "$POWERCUT_FSYNC"
fi
LD_PRELOAD=$POWERCUT_LIB exec redis-server "$@"
