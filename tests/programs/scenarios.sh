#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unmodified programs on the patched kernel, with the preload object.
#
#	scenarios.sh PLACE ARCH slots|register NAME...
#
# runs each function scenario_NAME in a subshell and prints `end NAME STATUS` after it.
# PLACE has the files that the project built, see test_programs.py. The third argument is
# what leads a thread to its record.
place=$1
arch=$2
lead=$3
shift 3
export PYTHONPATH="$place" PYTHONDONTWRITEBYTECODE=1

preloaded() {
	env LD_PRELOAD="$place/libvdsox-preload.so" "$@"
}

# Run the command on one CPU only, in a subshell.
pinned() {
	self=$(exec sh -c 'echo $PPID')
	first=$(taskset -pc "$self" | sed 's/.*: *//; s/[-,].*//')
	taskset -pc "$first" "$self" >/dev/null && "$@"
}

# The command prints the increase of the kernel's fallback_* counters and of its own
# context switches. Of the counters only fallback_direct may increase, and only where
# slots lead to the records: there a read falls back if a switch interrupts it. Where a
# register does, only a migration has that effect, and the command is pinned.
answered() {
	if test "$lead" = slots; then
		"$@"
	else
		(pinned "$@")
	fi >/tmp/counted || return
	cat /tmp/counted
	perl -ne 'BEGIN { $slots = shift eq "slots" }
		while (/\b(switches|fallback_(\w+))[= ](\d+)/g) {
			if (!$2) { $lines++; $lost += $3 * $slots }
			elsif ($2 eq "direct") { $direct += $3 }
			else { $kinds++; $others += $3 } }
		END { exit(!$lines || !$kinds || $others || $direct > $lost) }' \
		"$lead" </tmp/counted
}

# How many system calls $1 strace counts in the command that follows.
traced() {
	call=$1
	shift
	strace -f -c -U name,calls -e trace="$call" -o /tmp/traced \
		-E LD_PRELOAD="$place/libvdsox-preload.so" "$@" || return
	number=$(sed -n "s/^ *$call  *//p" /tmp/traced)
	echo "${number:-0}"
}

# strace sees each of 1000 more calls: $1 CALL, then a command that takes their number.
every_call_is_traced() {
	call=$1
	shift
	none=$(traced "$call" "$@" 0)
	many=$(traced "$call" "$@" 1000)
	echo "$call: $many of them traced, $none without the thousand"
	test $((many - none)) -eq 1000
}

# --- interpreters: no fallback once they have records, each call under strace ---

scenario_python() {
	answered preloaded python3 "$place/stats.py" 1000000
}

scenario_python_strace() {
	for call in getpid getppid getuid geteuid getgid getegid; do
		every_call_is_traced $call python3 -c "if 1:
			import os, sys
			for _ in range(int(sys.argv[1])): os.$call()" || return
	done
}

scenario_perl() {
	answered preloaded perl -e '
		sub counters { my %n; my $switches = 0; open F, "/proc/self/status" or die;
			/^\w+_ctxt_switches:\s+(\d+)/ and $switches += $1 while <F>;
			open F, "/sys/kernel/debug/vdso_task/stats" or die;
			/^(fallback_\w+) (\d+)/ and $n{$1} = $2 while <F>;
			(%n, switches => $switches) }
		sub calls { for (1..$_[0]) { getppid; $$; $<; $>; } }
		calls(10000); my %before = counters; calls(250000); my %after = counters;
		print "$_ ", $after{$_} - $before{$_}, "\n" for sort keys %after'
}

scenario_perl_strace() {
	every_call_is_traced getppid perl -e 'getppid for 1..shift'
}

# Node has more threads, whose switches count as well; they make no such calls.
scenario_node() {
	answered preloaded node -e '
		const fs = require("fs");
		const counters = () => {
			const used = process.resourceUsage();
			const found = { switches: used.voluntaryContextSwitches +
				used.involuntaryContextSwitches };
			for (const line of fs.readFileSync("/sys/kernel/debug/vdso_task/stats",
					"utf8").split("\n"))
				if (line.startsWith("fallback_"))
					found[line.split(" ")[0]] = Number(line.split(" ")[1]);
			return found; };
		const calls = n => { for (let i = 0; i < n; i++) {
			process.getuid(); process.geteuid(); process.getgid(); process.ppid; } };
		calls(20000); const before = counters(); calls(250000); const after = counters();
		for (const key in after) console.log(key, after[key] - before[key]);'
}

# Many Go programs are static and make their system calls without a libc.
scenario_go() {
	test "$(printf 'one\ntwo\n' | preloaded fzf --filter tw)" = two
}

scenario_thousand_forks() {
	preloaded perl -e '
		my $parent = $$; my $wrong = 0;
		for (1..1000) {
			my $child = fork // die; exit(getppid != $parent || $$ == $parent) if !$child;
			waitpid $child, 0; $wrong++ if $? }
		print "wrong in $wrong of 1000 children\n"; exit($wrong > 0)'
}

# --- the library, and a libc that calls the entries itself ---

# A million calls of each entry.
million() {
	answered "$@" count 1000000
}

scenario_library() {
	"$place/verify" && million "$place/verify"
}

scenario_library_static() {
	"$place/verify-static" && million "$place/verify-static"
}

# Through the loader: its path may be below /tmp, which the guest replaces.
scenario_musl() {
	"$place/musl-loader" "$place/musl" && million "$place/musl-loader" "$place/musl"
}

scenario_musl_static() {
	"$place/musl-static" && million "$place/musl-static"
}

scenario_lookup() {
	"$place/lookup" | grep '^vDSO: '
}

# A 32-bit program reads its clock by its unchanged vDSO, its ids by system calls.
scenario_aarch32() {
	"$place/clock-arm" && "$place/musl-arm" -c
}

# --- debuggers and other observers of a program ---

# The tool lists every entry with a record, and each of those lines ends in $1.
answered_by() {
	"$place/vdsox" entries >/tmp/entries || return
	cat /tmp/entries
	of=$(wc -w <"$place/records")
	test "$(grep -c " record .*$1" /tmp/entries)" -eq "$of"
}

scenario_browser() {
	answered_by 'vdso$' || return
	echo 0 >/proc/sys/kernel/vdso_task
	answered_by 'system call: ' && answered_by 'kernel.vdso_task'
	status=$?
	echo 1 >/proc/sys/kernel/vdso_task
	test $status -eq 0 || return
	mkfifo /tmp/up || return
	sh -c 'echo >/tmp/up; sleep 600; :' &
	read -r _ </tmp/up || return
	"$place/vdsox" entries $! | grep -q "process $!:" &&
	"$place/vdsox" dump $! /tmp/image || return
	kill $!
	"$place/vdsogen" check "$place/vdso.tbl" "$arch" /tmp/image \
		--base "$place/base.tbl" --page-size 4096 &&
	getpid=$(grep getpid "$place/records") &&
	objdump -d /tmp/image | grep -q "<$getpid.*>:" &&
	gdb -batch -nx -ex "disassemble $getpid" /tmp/image | grep -q '<+0>'
}

# $1: the exit status of `vdsox status`, $2: that of the check, $3: its word.
status_is() {
	"$place/vdsox" status
	test $? -eq "$1" || return
	"$place/vdsox" status --nagios >/tmp/check
	test $? -eq "$2" && cat /tmp/check && grep -q "^VDSOX $3: " /tmp/check
}

scenario_status() {
	status_is 0 0 OK || return
	"$place/vdsox" status --prometheus | grep -qx 'vdsox_answered{call="getpid"} 1' || return
	setpriv --reuid 1000 --clear-groups "$place/vdsox" status >/tmp/unprivileged
	test $? -eq 3 && grep -q 'root and debugfs' /tmp/unprivileged || return
	echo 0 >/proc/sys/kernel/vdso_task
	status_is 1 2 CRITICAL
	status=$?
	echo 1 >/proc/sys/kernel/vdso_task
	return $status
}

scenario_gdb() {
	gdb -batch -nx -ex "set pagination off" -x "$place/step.py" "$place/verify"
}

scenario_valgrind() {
	valgrind -q --error-exitcode=9 "$place/verify"
}

scenario_qemu_user() {
	"qemu-$(uname -m)" "$place/verify-static"
}

# --- sandboxes ---

scenario_bubblewrap() {
	bwrap --ro-bind / / --proc /proc --dev /dev --unshare-user --unshare-pid \
		--unshare-ipc --unshare-uts --uid 1234 --gid 2345 "$place/verify" &&
	test "$(preloaded bwrap --ro-bind / / --unshare-user --uid 1234 id -u)" = 1234
}

scenario_allow_list() {
	python3 "$place/allow.py" "$place/verify"
}

scenario_deny_list() {
	python3 "$place/allow.py" --deny-getppid \
		env LD_PRELOAD="$place/libvdsox-preload.so" perl -e 'exit(getppid != -1)'
}

scenario_proot() {
	test "$(setpriv --reuid 1000 --regid 1000 --clear-groups \
		proot -0 env LD_PRELOAD="$place/libvdsox-preload.so" id -u)" = 0
}

# --- existing tests of the vDSO ---

scenario_stress_ng() {
	stress-ng --vdso 2 --vdso-ops 20000 --timeout 100 --metrics-brief
}

# vDSO reads bracketed by system calls, while other programs load the CPUs.
scenario_bracketing() {
	stress-ng --quiet --switch 1 --fork 1 --timer 1 --pthread 1 --clock 1 --timeout 0 &
	VT_TIMEOUT_SCALE=4 /kselftest/vdso_task/cputime -t 2 moving wakeups classes exit exec \
		process-answered threads-come-and-go foreign-reader own-timer foreign-timers
	status=$?
	kill $! || return
	wait
	return $status
}

scenario_cyclictest() {
	cyclictest -q -t 2 -p 50 -i 2000 -l 500
}

for name; do
	echo "begin $name"
	(scenario_"$name") 2>&1
	echo "end $name $?"
done
