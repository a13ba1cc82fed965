#!/bin/sh
# Cuts the power of a libvirt domain and prints what was really done, as the collector records it: one line of JSON.
#
# A file of its own, and run in one go, because the moment between looking at a process and killing it must be short: the
# process id comes from libvirt's pid file, and is only used if that process is the QEMU of this domain.
#
# usage: cut.sh METHOD DOMAIN PID_FILE LIMIT_SECONDS     (virsh is told the connection by LIBVIRT_DEFAULT_URI)
set -eu
export LC_ALL=C

method=$1 domain=$2 pid_file=$3 limit_s=$4
# As libvirt writes it on QEMU's command line: a comma in the name is doubled.
guest="guest=$(printf '%s' "$domain" | sed 's/,/,,/g')"

fail() {
  echo "cut of $domain: $*" >&2
  exit 1
}

# Whether the process is the QEMU that runs this domain.
is_qemu_of_domain() {
  arguments=$( (tr '\0' '\n' <"/proc/$1/cmdline") 2>/dev/null) || return 1
  case ${arguments%%"
"*} in *qemu* | *kvm*) ;; *) return 1 ;; esac
  printf '%s\n' "$arguments" | while IFS= read -r argument; do
    case $argument in
      "$guest,,"*) ;;
      "$guest" | "$guest,"*) echo yes ;;
    esac
  done | grep -q yes
}

# A zombie holds no file and counts as gone; not so one whose first thread alone has ended: the others may still complete I/O.
is_gone() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # From the state on, which is field 3; num_threads is field 20.
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  case ${1:-X} in X) return 0 ;; Z) [ "${18}" -le 1 ] ;; *) return 1 ;; esac
}

# Whether it is gone before the limit.
wait_until_gone() {
  until_s=$(($(date +%s) + limit_s))
  until is_gone "$1"; do
    [ "$(date +%s)" -lt "$until_s" ] || return 1
    sleep 0.02
  done
}

pid=$(cat "$pid_file" 2>/dev/null) || fail "libvirt's pid file $pid_file cannot be read; is the domain running, and this user allowed to?"
case $pid in '' | *[!0-9]*) fail "libvirt's pid file $pid_file holds no process id" ;; esac
is_qemu_of_domain "$pid" || fail "process $pid of $pid_file is not the QEMU of this domain; nothing was killed"
# For the record, which is JSON.
what="QEMU of domain $(printf '%s' "$domain" | tr -d '"\\[:cntrl:]')"

at=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
case $method in
  sigkill | guest-reset)
    signal=SIGKILL note="QEMU's memory is lost, the host's page cache survives"
    if [ "$method" = guest-reset ]; then
      # Where the domain ends on a restart, libvirt would end it in good order: this asks it not to.
      timeout "$limit_s" virsh set-lifecycle-action "$domain" reboot restart --live >/dev/null 2>&1 || true
      timeout "$limit_s" virsh reset "$domain" >/dev/null || fail "virsh reset failed; nothing was killed"
      note="guest reset by libvirt, then SIGKILL at once: $note"
    fi
    kill -s KILL "$pid" 2>/dev/null || note="the process was gone before the signal; $note"
    ;;
  virsh-destroy)
    signal=SIGTERM note='virsh destroy is an orderly end: libvirt sends SIGTERM first and QEMU writes its metadata back'
    began_s=$(date +%s)
    timeout "$limit_s" virsh destroy "$domain" >/dev/null || note="$note; virsh destroy failed"
    # libvirt sends SIGKILL 10 s after SIGTERM.
    [ $(($(date +%s) - began_s)) -lt 9 ] || signal=SIGKILL note="$note; SIGTERM did not help, and SIGKILL followed"
    ;;
  *) fail "there is no method $method; there are sigkill, guest-reset and virsh-destroy" ;;
esac

died=true
wait_until_gone "$pid" || {
  died=false
  note="the process did not end within $limit_s s; $note"
}
printf '{"kind":"%s","at":"%s","signal":"%s","target":{"what":"%s","pid":%s},"died":%s,"note":"%s"}\n' \
  "$method" "$at" "$signal" "$what" "$pid" "$died" "$note"
