#!/usr/bin/env bash
# A real SLURM of one node on this machine, for the tests: munged, slurmctld and slurmd on loopback.
#
#   tests/slurm/up.sh FOLDER     start, in at most a few seconds
#   tests/slurm/down.sh FOLDER   stop what was started
#
# All they write is in FOLDER, an absolute path, but for a link at /etc/slurm/slurm.conf (SLURM_CONF
# would not do: snakemake's plugin clears SLURM_* inside a job), and so they need root. There is no
# accounting database (as in many a small cluster), so that the state of jobs is asked of squeue.
# Debian has the programs: apt-get install slurmctld slurmd slurm-client munge
set -euo pipefail
PATH=$PATH:/usr/sbin

folder=${1:?a folder for configuration, logs and state}
link=/etc/slurm/slurm.conf
if [ -e "$link" ]; then
    echo "error: $link is there already: this machine has a SLURM of its own, or one that up.sh" \
        "started is still up ($(readlink -f "$link"))." >&2
    exit 2
fi
host=$(hostname -s)
# the daemons look their own machine up by name
getent ahostsv4 "$host" >/dev/null || echo "127.0.0.1 $host" >>/etc/hosts
memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
mkdir -p "$folder"/{log,run,state,spool}
chmod 755 "$folder" "$folder"/*

# the key, the socket and the daemon that says who sends a message
[ -s "$folder/munge.key" ] || head -c 128 /dev/urandom >"$folder/munge.key"
chmod 400 "$folder/munge.key"
munged --force --key-file="$folder/munge.key" --socket="$folder/run/munge.socket" \
    --pid-file="$folder/run/munged.pid" --log-file="$folder/log/munged.log" \
    --seed-file="$folder/run/munged.seed"

# More processors than there are, so that no job waits for another; jobs over their memory are
# killed; finished jobs stay visible to squeue for long enough to be seen (MinJobAge).
cat >"$folder/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort=16817
SlurmdPort=16818
SrunPortRange=60001-60100
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=2,defer_batch
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/log/jobs.txt
MinJobAge=600
KillWait=2
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=1-00:00:00 DefMemPerCPU=500 State=UP
CONF
touch "$folder/log/jobs.txt"
ln -sfn "$folder/slurm.conf" "$link"
slurmctld -i
slurmd

for _ in $(seq 150); do
    [ "$(sinfo -h -N -o %t 2>/dev/null)" = idle ] && exit 0
    sleep 0.2
done
echo "error: the node is not idle after 30 s: $(sinfo -h -N -o '%t %E')" >&2
tail -n 20 "$folder"/log/slurm*.log >&2
exit 1
