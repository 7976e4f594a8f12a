#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Debian's unmodified CRIU, and a program whose threads compare all answers.
#
#	criu.sh PLACE STEP...
#
#	again		dump and restore it here, three times
#	dump FILE	dump it, and leave the images in FILE
#	restore FILE	restore the dump of another kernel, and check that it runs on
#
# Prints `end STEP STATUS` after each.
place=$1
shift
run=/tmp/frozen
progress=$run/progress
images=$run/images

pid() {
	pidof -s frozen
}

complain() {
	echo "$*"
	grep -h "Error" "$run"/*.log
	false
}

number() {
	echo "$1" | sed 's/^0*\(.\)/\1/'
}

# Rounds that every thread made, wrong answers, and the check that found the last one.
done_so_far() {
	read -r rounds wrong last <"$progress"
	rounds=$(number "$rounds") wrong=$(number "$wrong") last=$(number "$last")
}

# 500 more rounds of each thread, within 300 s: only a busy host needs over a minute.
runs_on() {
	done_so_far
	want=$((rounds + 500))
	for _ in $(seq 3000); do
		pid >/dev/null || complain "it died" || return
		done_so_far
		test "$rounds" -ge "$want" && break
		sleep 0.1
	done
	echo "rounds $rounds, wrong $wrong, found by check $last"
	test "$rounds" -ge "$want" && test "$wrong" -eq 0
}

start() {
	rm -rf "$run" && mkdir -p "$run" || return
	setsid "$place/frozen" "$progress" </dev/null >/dev/null 2>&1 &
	while ! test -s "$progress"; do sleep 0.1; done
	runs_on
}

# Wait until it is reaped, perhaps by PID 1: a restore needs the PID to be free.
is_gone() {
	for _ in $(seq 3000); do
		test -d "/proc/$1" || return 0
		sleep 0.1
	done
	false
}

dump() {
	it=$(pid)
	rm -rf "$images" && mkdir "$images" &&
	criu dump -v4 -t "$it" -D "$images" -o "$run/dump.log" ||
		complain "the dump failed" || return
	is_gone "$it" || complain "it still runs"
}

restore() {
	criu restore -v4 -d -D "$images" -o "$run/restore.log" ||
		complain "the restore failed" || return
	grep -h "untime vdso" "$run/restore.log"
}

finish() {
	kill -9 "$(pid)" 2>/dev/null
	while pid >/dev/null; do sleep 0.1; done
}

unpack() {
	rm -rf "$run" && mkdir -p "$run" && tar -C / -xf "$1"
}

step_again() {
	start || return
	for _ in 1 2 3; do
		dump && restore && runs_on || return
	done
	finish
}

step_dump() {
	start && dump && tar -C / -cf "$1" "${run#/}"
}

step_restore() {
	unpack "$1" && restore && runs_on && finish
}

ip link set lo up
while test $# -gt 0; do
	step=$1
	shift
	argument=
	case $step in
	again) ;;
	*) argument=$1 && shift ;;
	esac
	echo "begin $step"
	(step_"$step" $argument) 2>&1
	echo "end $step $?"
done
