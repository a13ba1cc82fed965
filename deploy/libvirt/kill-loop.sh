#!/usr/bin/env bash
# Cuts the power of a libvirt domain over and over and waits for the verdict on each cut.
#
# The domain's agent starts by itself at power-on, first verifies what the last run left, publishes that verdict and begins the next
# run (deploy/systemd). So all that is done here: wait until the run is under way, cut, tell the collector how, switch on, read the
# verdict. Needs bash, virsh, curl and jq, and for sigkill and guest-reset the right to kill the domain's QEMU on this host.
set -uo pipefail
export LC_ALL=C

readonly HELD=0 VIOLATION=10 INCONCLUSIVE=11 USAGE=64 UNAVAILABLE=69 INTERRUPTED=130

help() {
  cat <<'HELP'
Usage: kill-loop.sh --domain NAME [options]

  --domain NAME         the libvirt domain whose power is cut
  --collector URL       the collector that its agent reports to (default: http://127.0.0.1:7117)
  --token-file FILE     file with a token of that collector, of role orchestrator
  --ca FILE             certificates (PEM) to trust that collector by, in place of the public ones
  --campaign NAME       campaign under which that agent, and no other, runs (default: the domain's name)
  --connect URI         libvirt on this host (default: virsh's own)
  --pid-file FILE       where libvirt keeps the process id of the domain's QEMU (default: by the URI, as in
                        /run/libvirt/qemu/NAME.pid)
  --cut KIND            sigkill (default): SIGKILL to the domain's QEMU
                        guest-reset: virsh reset, then SIGKILL at once
                        virsh-destroy: an orderly end for QEMU, so it proves nothing about qcow2
  --cycles N            cuts (default: 10)
  --cut-after SPAN      when, from the first flush on, at random: 3s or 500ms-10s (default: 500ms-5s)
  --boot-limit TIME     longest wait for a run to be under way, and for a verdict (default: 300s)
  --console-log FILE    the guest's console, quoted where a wait reaches its limit
  --keep-going          do not stop at the first violation
  --help

Example:
  kill-loop.sh --domain probe-1 --collector http://127.0.0.1:7117 --cycles 300 --cut-after 1s-20s

Exit status: 0 held, 10 a violation, 11 inconclusive, 64 usage, 69 libvirt or the collector cannot be used, 130 stopped.
HELP
}

say() { printf 'kill-loop: %s\n' "$*" >&2; }
die() {
  local status=$1
  shift
  say "$*"
  exit "$status"
}

# ---- options

domain='' collector=http://127.0.0.1:7117 token='' ca='' campaign='' connect='' pid_file='' cut=sigkill cycles=10
cut_after=500ms-5s boot_limit=300s console_log='' keep_going=''

# Milliseconds of 3, 3s, 500ms or 2m.
milliseconds() {
  [[ $1 =~ ^([0-9]{1,6})(ms|s|m)?$ ]] || return 1
  case ${BASH_REMATCH[2]} in
    ms) echo $((10#${BASH_REMATCH[1]})) ;;
    m) echo $((10#${BASH_REMATCH[1]} * 60000)) ;;
    *) echo $((10#${BASH_REMATCH[1]} * 1000)) ;;
  esac
}

while (($# > 0)); do
  case $1 in
    --help | -h)
      help
      exit 0
      ;;
    --keep-going)
      keep_going=yes
      shift
      continue
      ;;
    --domain | --collector | --token-file | --ca | --campaign | --connect | --pid-file | --cut | --cycles | --cut-after | --boot-limit | --console-log)
      { (($# > 1)) && [[ -n $2 ]]; } || die $USAGE "$1 takes a value; see --help"
      ;;
    *) die $USAGE "there is no option $1; see --help" ;;
  esac
  case $1 in
    --domain) domain=$2 ;;
    --collector) collector=${2%/} ;;
    --token-file)
      { token=$(cat -- "$2") && [[ -n $token ]]; } || die $USAGE "--token-file $2 cannot be read, or is empty"
      ;;
    --ca)
      [[ -r $2 ]] || die $USAGE "--ca $2 cannot be read"
      ca=$2
      ;;
    --campaign) campaign=$2 ;;
    --connect) connect=$2 ;;
    --pid-file) pid_file=$2 ;;
    --cut) cut=$2 ;;
    --cycles) cycles=$2 ;;
    --cut-after) cut_after=$2 ;;
    --boot-limit) boot_limit=$2 ;;
    --console-log) console_log=$2 ;;
  esac
  shift 2
done

[[ -n $domain ]] || die $USAGE "--domain is missing; see --help"
[[ $cut =~ ^(sigkill|guest-reset|virsh-destroy)$ ]] || die $USAGE "--cut got '$cut'; it takes sigkill, guest-reset, virsh-destroy"
[[ $cycles =~ ^[1-9][0-9]{0,6}$ ]] || die $USAGE "--cycles got '$cycles'; it takes a whole number from 1 to 9999999"
{ limit_ms=$(milliseconds "$boot_limit") && ((limit_ms > 0)); } || die $USAGE "--boot-limit got '$boot_limit'; it takes a duration such as 300s"
{ least_ms=$(milliseconds "${cut_after%%-*}") && most_ms=$(milliseconds "${cut_after#*-}") && ((least_ms <= most_ms)); } ||
  die $USAGE "--cut-after got '$cut_after'; it takes a duration (3s) or a span (500ms-10s)"
: "${campaign:=$domain}"
for program in virsh curl jq timeout; do
  command -v "$program" >/dev/null || die $UNAVAILABLE "$program is not installed; on Debian: apt-get install -y libvirt-clients curl jq"
done

# ---- libvirt, the collector, time

stop=''
# A signal is looked at between two steps, so that no cut goes unrecorded.
trap 'stop=yes' INT TERM HUP

# virsh and curl run to their end whatever comes, each with a limit.
vsh() { (trap '' INT TERM HUP && exec timeout -k 5 60 virsh --quiet ${connect:+--connect "$connect"} "$@"); }

# api METHOD PATH [curl's arguments …]: the body; non-zero where there is no answer, or a refusal.
api() {
  local method=$1 path=$2
  shift 2
  (
    trap '' INT TERM HUP
    # The token must not be on a command line, where everybody could read it.
    if [[ -n $token ]]; then
      exec curl --silent --show-error --fail --max-time 20 ${ca:+--cacert "$ca"} --header @<(printf 'Authorization: Bearer %s\n' "$token") \
        --request "$method" "$@" "$collector$path"
    fi
    exec curl --silent --show-error --fail --max-time 20 ${ca:+--cacert "$ca"} --request "$method" "$@" "$collector$path"
  )
}

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# Sleeps so many milliseconds, or until a signal comes; false where one has come.
pause() {
  [[ -z $stop ]] || return 1
  sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))" &
  wait $!
  [[ -z $stop ]] || {
    kill $! 2>/dev/null
    return 1
  }
}

state_of() { vsh domstate --domain "$domain" 2>/dev/null; }

# Waits for libvirt to say so; it takes a moment to notice that a QEMU has died.
until_off() {
  local until=$(($(now_ms) + 30000))
  while [[ $(state_of) != 'shut off' ]]; do
    (($(now_ms) < until)) || return 1
    sleep 0.05
  done
}

switch_on() {
  local said
  [[ $(state_of) == running ]] && return 0
  said=$(vsh start --domain "$domain" 2>&1) || {
    problem="virsh start: ${said//$'\n'/ }"
    return 1
  }
}

# ---- the domain's QEMU

uri=$(vsh uri 2>&1) || die $UNAVAILABLE "libvirt cannot be used: ${uri//$'\n'/ }. Start it (systemctl start libvirtd), or name it with --connect"
uuid=$(vsh domuuid --domain "$domain" 2>/dev/null) ||
  die $USAGE "libvirt at $uri has no domain '$domain'; it has: $(vsh list --all --name | tr -s '\n' ' ')"
[[ $(vsh dominfo --domain "$domain") =~ Persistent:[[:space:]]+yes ]] ||
  die $USAGE "domain $domain is transient: once it has lost its power it cannot be started again; virsh define it"
case $uri in
  qemu:///session*) : "${pid_file:=${XDG_RUNTIME_DIR:-/run/user/$UID}/libvirt/qemu/run/$domain.pid}" ;;
  qemu:///* | qemu+unix:///*) : "${pid_file:=/run/libvirt/qemu/$domain.pid}" ;;
  *)
    [[ $cut == virsh-destroy ]] ||
      die $USAGE "--cut $cut: the QEMU of $domain runs on another host ($uri); run this there, or use the kill-loop playbook of deploy/ansible"
    ;;
esac
api GET /health >/dev/null || die $UNAVAILABLE "the collector at $collector does not answer; start it, or name it with --collector"
[[ $cut != virsh-destroy ]] ||
  say 'warning: virsh destroy is an orderly end: libvirt sends SIGTERM first and QEMU writes its metadata back, so this proves nothing about qcow2; use --cut sigkill'

# Whether process $1 is the QEMU of this domain, by name and UUID; a comma in a name is doubled by libvirt.
is_its_qemu() {
  local -a line=()
  local at named='' identified=''
  mapfile -d '' -t line 2>/dev/null <"/proc/$1/cmdline" || return 1
  for ((at = 1; at < ${#line[@]}; at++)); do
    [[ ${line[at - 1]} == -name && ${line[at]} == "guest=${domain//,/,,}"?(,debug-threads=*) ]] && named=yes
    [[ ${line[at - 1]} == -uuid && ${line[at]} == "$uuid" ]] && identified=yes
  done
  [[ -n $named && -n $identified ]]
}

# A zombie holds no file and counts as gone; not so one whose first thread alone has ended: the others may still complete I/O.
is_gone() {
  local stat
  local -a fields=()
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # From the state on, which is field 3; num_threads is field 20.
  read -ra fields <<<"${stat##*) }"
  [[ ${fields[0]-X} == X || (${fields[0]} == Z && ${fields[17]} -le 1) ]]
}

# The process id of the domain's QEMU in $pid; false, with $problem, where there is none or it is somebody else's.
find_qemu() {
  pid=$(cat -- "$pid_file" 2>/dev/null)
  [[ $pid =~ ^[0-9]+$ ]] || {
    hopeless=yes
    problem="libvirt's pid file $pid_file cannot be read: is the domain on, and may this user read it? --pid-file names another"
    return 1
  }
  is_its_qemu "$pid" || {
    hopeless=yes
    problem="process $pid of $pid_file is not the QEMU of domain $domain; nothing was killed"
    return 1
  }
}

# ---- the cut

# Cuts the power; the record of it in $record. False, with $problem, where nothing was cut or not everything died.
cut_power() {
  local at signal=SIGKILL note="QEMU's memory is lost, the host's page cache survives" died=true pid='' said since until
  if [[ -n $pid_file ]]; then find_qemu || return 1; fi
  if [[ $cut == guest-reset ]]; then
    # Where the domain ends on a restart, libvirt would end it in good order: this asks it not to.
    vsh set-lifecycle-action "$domain" reboot restart --live >/dev/null 2>&1
    said=$(vsh reset --domain "$domain" 2>&1) || {
      problem="virsh reset: ${said//$'\n'/ }; nothing was killed"
      return 1
    }
    note="guest reset by libvirt, then SIGKILL at once: $note"
  fi
  at=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
  since=$(now_ms)
  if [[ $cut == virsh-destroy ]]; then
    said=$(vsh destroy --domain "$domain" 2>&1)
    # libvirt sends SIGKILL only 10 s after SIGTERM.
    (($(now_ms) - since >= 9000)) || signal=SIGTERM
    note="virsh destroy, an orderly end: SIGTERM first, QEMU writes its metadata back; over after $(($(now_ms) - since)) ms, so $signal ended it"
  else
    kill -s KILL "$pid" || {
      hopeless=yes
      problem="process $pid could not be killed: run this as root, or as the user that QEMU runs as"
      return 1
    }
  fi
  until=$(($(now_ms) + 10000))
  while [[ -n $pid ]] && ! is_gone "$pid" && (($(now_ms) < until)); do sleep 0.02; done
  if ! { [[ -z $pid ]] || is_gone "$pid"; } || ! until_off; then
    died=false
    note="domain $domain was not off at the limit${said:+ (${said//$'\n'/ })}; $note"
  fi
  record=$(jq -nc --arg kind "$cut" --arg at "$at" --arg signal "$signal" --arg what "QEMU of domain $domain" --arg pid "$pid" \
    --argjson died "$died" --arg note "$note" \
    '{$kind, $at, $signal} + (if $pid == "" then {} else {target: {$what, pid: ($pid | tonumber)}} end) + {alsoDied: [], $died, $note}')
  [[ $died == true ]] || {
    problem=$note
    return 1
  }
}

# Tells the collector; tried again, since without it nobody knows how the run ended. A run that had ended before is not told of:
# an agent that is started again judges it and begins another, and neither that verdict nor that end is the cut's.
record_cut() {
  local until=$(($(now_ms) + 30000)) said id state rest
  until said=$(newest_run 2>&1); do
    (($(now_ms) < until)) || {
      problem="the cut could not be recorded: ${said//$'\n'/ }"
      return 1
    }
    sleep 0.5
  done
  read -r id state rest <<<"$said"
  [[ $id == "$run" ]] || {
    problem="run $run was over before the cut, which is not recorded: the agent was started again meanwhile$(last_words)"
    return 1
  }
  until said=$(api POST "/v1/runs/$run/cut" --header 'content-type: application/json' --data-binary "$record" 2>&1); do
    (($(now_ms) < until)) || {
      problem="the cut could not be recorded: ${said//$'\n'/ }"
      return 1
    }
    sleep 0.5
  done
}

# ---- waiting for the agent

last_words() {
  [[ -n $console_log && -r $console_log ]] || return 0
  local words
  words=$(tail -c 2000 -- "$console_log" | tr -d '\r' | grep -a . | tail -n 8 | tr '\n' '|')
  [[ -z $words ]] || words="said last: $words"
  printf '; its console %s' "${words:-said nothing}"
}

# The newest run of the campaign, as a line of words; nothing where it is cut or judged.
newest_run() {
  api GET /v1/runs --get --data-urlencode "campaign=$campaign" --data limit=1 |
    jq -r '.runs[0] // empty | select((has("cut") or has("verdict")) | not)
      | [.run, .progress.state // "silent", .progress.flushes // 0, .bytes, (.progress.issued // 0)] | @tsv'
}

# The newest run of the campaign in $run once it writes, has flushed, and is seen to get on; one that stands still may be yesterday's.
until_under_way() {
  local until=$(($(now_ms) + limit_ms)) seen='' newest id state flushes rest
  while :; do
    newest=$(newest_run 2>/dev/null)
    read -r id state flushes rest <<<"$newest"
    if [[ $state == holding || ($state == writing && $flushes -gt 0) ]]; then
      [[ $state == holding || (-n $seen && $seen != "$newest" && $seen == "$id"*) ]] && {
        run=$id
        return 0
      }
      seen=$newest
    fi
    (($(now_ms) < until)) || {
      hung=yes
      problem="no run of campaign $campaign was under way within $boot_limit (newest that is neither cut nor judged: ${id:-none}${state:+, $state})$(last_words)"
      return 1
    }
    pause 500 || return 1
  done
}

# Waits until a run, $run, has been under way for $1 ms and still is: the agent may be started again within that time, and the cut
# would then not be that run's.
until_due() {
  local tries id state rest
  for ((tries = 0; tries < 3; tries++)); do
    until_under_way && pause "$1" || return 1
    read -r id state rest <<<"$(newest_run 2>/dev/null)"
    [[ $id == "$run" && $state =~ ^(writing|holding)$ ]] && return 0
  done
  hung=yes
  problem="no run of campaign $campaign stayed under way for $1 ms, in $tries tries: does its agent start again and again?$(last_words)"
  return 1
}

# The verdict on $run, as a line of words in $verdict.
until_verdict() {
  local until=$(($(now_ms) + limit_ms))
  while :; do
    verdict=$(api GET "/v1/runs/$run" 2>/dev/null |
      jq -r '.verdict // empty | [.verdict, ([.violations[]] | add), .hazards.lost, .hazards.torn, .hazards.reordered, .checked.stableSectors] | @tsv')
    [[ -z $verdict ]] || return 0
    (($(now_ms) < until)) || {
      hung=yes
      problem="no verdict on run $run came within $boot_limit of switching on again$(last_words)"
      return 1
    }
    pause 500 || return 1
  done
}

# ---- the loop

# What no further cycle could change ends the loop.
hopeless=''
held=0 violations=0 inconclusive=0 lost=0 torn=0 reordered=0

# Whatever goes wrong makes the cycle inconclusive, with $problem; false where it did, or where a signal came.
cycle() {
  local after_ms word stable bad hazard_lost hazard_torn hazard_reordered
  run='' verdict='' record='' problem='' hung=''
  after_ms=$((least_ms + (RANDOM * 32768 + RANDOM) % (most_ms - least_ms + 1)))
  switch_on && until_due "$after_ms" || return 1
  cut_power || {
    # A run that has survived its cut would go on, and no other begin.
    [[ -z $record ]] || {
      hung=yes
      record_cut
    }
    return 1
  }
  record_cut && switch_on && until_verdict || return 1
  read -r word bad hazard_lost hazard_torn hazard_reordered stable <<<"$verdict"
  case $word in
    held) held=$((held + 1)) ;;
    violation) violations=$((violations + 1)) ;;
    *) inconclusive=$((inconclusive + 1)) ;;
  esac
  lost=$((lost + hazard_lost)) torn=$((torn + hazard_torn)) reordered=$((reordered + hazard_reordered))
  printf '%d/%d %s run %s, cut %s after %d ms: %d violations in %d stable sectors; hazards: %d lost, %d torn, %d reordered\n' \
    "$number" "$cycles" "$word" "$run" "$cut" "$after_ms" "$bad" "$stable" "$hazard_lost" "$hazard_torn" "$hazard_reordered"
}

for ((number = 1; number <= cycles; number++)); do
  cycle || {
    [[ -z $stop ]] || break
    inconclusive=$((inconclusive + 1))
    printf '%d/%d inconclusive%s: %s\n' "$number" "$cycles" "${run:+ run $run}" "$problem"
    [[ -z $hopeless ]] || break
    # What hangs gets another chance, in good order: this is not a cut.
    [[ -z $hung ]] || { vsh destroy --domain "$domain" >/dev/null 2>&1 && until_off; }
  }
  ((violations == 0)) || [[ -n $keep_going ]] || break
  [[ -z $stop ]] || break
done

# The domain is left on, as it was found or has to be for the next time.
switch_on || say "$problem"
printf '%d cycles of %s: %d held, %d violation, %d inconclusive; hazards: %d lost, %d torn, %d reordered\n' \
  $((held + violations + inconclusive)) "$domain" "$held" "$violations" "$inconclusive" "$lost" "$torn" "$reordered"
((violations == 0)) || exit $VIOLATION
[[ -z $stop ]] || exit $INTERRUPTED
[[ -z $hopeless ]] || exit $UNAVAILABLE
((inconclusive == 0)) || exit $INCONCLUSIVE
exit $HELD
