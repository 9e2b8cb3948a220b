#!/usr/bin/env bash
# Stop, by the pid files in its folder, what up.sh started.
set -u

folder=${1:?the folder that was given to up.sh}
link=/etc/slurm/slurm.conf

scancel --user "$(id -un)" 2>/dev/null

stop() {
    local pid
    pid=$(cat "$folder/run/$1.pid" 2>/dev/null) || return 0
    # an old file may name a process that is another's by now
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] || return 0
    kill "$pid"
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$pid"
}

sleep 1
stop slurmctld
stop slurmd
stop munged
[ "$(readlink "$link")" = "$folder/slurm.conf" ] && rm "$link"
