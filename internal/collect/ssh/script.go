package ssh

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// The scripts are constants; what varies is appended as calls of their functions with quoted
// arguments, and the random word N, which separates answers: no file can hold it beforehand.
//
// Answers are tokens that end in NUL. Shell builtins do what they can, because on a small host a
// started program costs more than all that it then does: paths are tested, resolved and printed by
// the shell, and one stat and one cat serve hundreds of files.

// prelude holds for every script: a known language and search path, and no foreign settings.
const prelude = `LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset CDPATH ENV BASH_ENV GREP_OPTIONS QUOTING_STYLE POSIXLY_CORRECT
set +f
cd / || exit 1
`

const probeScript = prelude + `id -u
if [ "$(id -u)" != 0 ] && command -v sudo >/dev/null 2>&1; then
  sudo -n -l </dev/null 2>/dev/null && echo sudo-ok
fi
`

// lookScript names what matches. Of each match it prints the folder with links resolved (r, when it
// changes) and the path: p, of a link l, of one that leads nowhere x. w says why a path is not seen:
// n it is not there, d denied, o a loop of links. k names those of the folders on the way that may not
// be listed or entered. It starts no program but for links in a path that is not there.
const lookScript = prelude + `D=// R=
w() {
  q=$1
  while :; do
    if [ -L "$q" ]; then
      case $(stat -L -- "$q" 2>&1) in
        *ermission\ denied*) printf '!d\0'; return;;
        *oo\ many*) printf '!o\0'; return;;
      esac
    fi
    q=${q%/*}
    [ -n "$q" ] || q=/
    if [ -d "$q" ]; then
      if [ -x "$q" ]; then printf '!n\0'; else printf '!d\0'; fi
      return
    fi
    if [ -e "$q" ] || [ "$q" = / ]; then printf '!n\0'; return; fi
  done
}
g() {
  printf 'g%s\0' "$1"
  shift
  if [ $# -eq 1 ] && [ ! -e "$1" ] && [ ! -L "$1" ]; then w "$1"; return; fi
  if [ $# -gt 20000 ]; then printf 't\0'; return; fi
  for p; do
    d=${p%/*}
    if [ "$d" != "$D" ]; then
      D=$d
      cd -P -- "$d/" 2>/dev/null && R=$PWD || R=
      printf 'r%s\0' "$R"
    fi
    if [ ! -L "$p" ]; then printf 'p%s\0' "$p"
    elif [ -e "$p" ]; then printf 'l%s\0' "$p"
    else printf 'x%s\0' "$p"
    fi
  done
}
k() {
  printf 'g%s\0' "$1"
  m=$2
  shift 2
  for p; do
    if [ -d "$p" ]; then
      if [ ! -x "$p" ] || { [ $m = r ] && [ ! -r "$p" ]; }; then printf 'd%s\0' "$p"; fi
    elif [ $# -eq 1 ] && [ ! -e "$p" ]; then
      printf 'w%s\0' "$p"; w "$p"
    fi
  done
}
`

// statScript prints one line of stat for each path: s of itself, S of what it leads to, - for one
// that is gone. L gives targets and ends of links.
const statScript = prelude + `F='%f %u %g %s %i %d'
z() {
  if o=$(stat $l -c "$F" -- "$@" 2>/dev/null); then printf '%s\0' "$o"; return; fi
  for p; do stat $l -c "$F" -- "$p" 2>/dev/null || echo -; done
  printf '\0'
}
s() { printf s; l= z "$@"; }
S() { printf S; l=-L z "$@"; }
` + linkScript
const linkScript = `Z=
L() {
  if [ -z "$Z" ]; then
    Z=n
    readlink -z -- /proc/self/exe /proc/self/exe >/dev/null 2>&1 && Z=y
  fi
  printf k
  for p; do if [ -e "$p" ]; then printf y; else printf n; fi; done
  printf '\0'
  if [ $Z = y ]; then readlink -z -- "$@" 2>/dev/null
  else for p; do o=$(readlink "$p"; echo .); printf '%s\0' "${o%??}"; done
  fi
  printf '%s\0' "$N"
  for p; do shift; if [ -e "$p" ]; then set -- "$@" "$p"; fi; done
  if [ $# -gt 0 ]; then
    if [ $Z = y ]; then readlink -z -e -- "$@" 2>/dev/null
    else for p; do o=$(readlink -f "$p"; echo .); printf '%s\0' "${o%??}"; done
    fi
  fi
  printf '%s\0' "$N"
}
`

// fetchScript reads. f tells of each file whether it is a readable regular file (y), denied (n), not
// regular (s) or gone (x), then prints the contents of the first kind. Between them cat reads its own
// environment, which holds the random word alone: contents need no length, so that files of /proc
// and files that grow need no care, and one cat does for all.
const fetchScript = prelude + `E=/proc/self/environ
f() {
  printf f
  for p; do
    shift
    if [ -f "$p" ]; then
      if [ -r "$p" ]; then printf y; set -- "$@" "$p" "$E"; else printf n; fi
    elif [ -e "$p" ]; then printf s
    else printf x
    fi
  done
  printf '\0'
  [ $# -gt 0 ] || { printf 'q0\0'; return; }
  env -i "N=$N" cat -- "$@" </dev/null 2>/dev/null
  printf 'q%s\0' $?
}
e() {
  printf 'e%s\0' "$(cat -- "$1" 2>&1 >/dev/null </dev/null | head -c 300)"
}
`

// digestScript prints the digest of each file as b2sum does, which takes a third of the time of
// sha256sum; nothing where that is missing.
const digestScript = prelude + `d() { printf 'd%s\0' "$(b2sum -- "$1" 2>/dev/null </dev/null)"; }
`

// timeoutScript sets T to what bounds a command, where the host has timeout(1) of the common form.
const timeoutScript = `T=
timeout 5 true >/dev/null 2>&1 </dev/null && T='timeout 15'
`

// sudoScript reads single files as root: u LIMIT FILE. The exit code goes to standard error, because
// that of a pipe's first part is lost.
const sudoScript = prelude + timeoutScript + `u() {
  { $T sudo -n -- cat "$2" </dev/null; printf '\n%s %s\n' "$N" $? >&2; } | head -c "$1"
  printf '%s\0' "$N"
}
`

// commandScript runs the needs' commands: c INDEX PREFIX NAME ARGUMENTS.
const commandScript = prelude + timeoutScript + `c() {
  i=$1 s=$2 n=$3 b=
  shift 3
  for d in /usr/sbin /usr/bin /sbin /bin; do
    if [ -f "$d/$n" ] && { [ -x "$d/$n" ] || [ -n "$s" ]; }; then b=$d/$n; break; fi
  done
  if [ -z "$b" ]; then
    printf '\n%s %s -\n' "$N" "$i"; printf '\n%s\n' "$N" >&2
    return
  fi
  env -i LC_ALL=C PATH=$PATH SYSTEMD_PAGER= HOME=/nonexistent $T $s "$b" "$@" </dev/null
  r=$?
  printf '\n%s %s %s\n' "$N" "$i" $r; printf '\n%s\n' "$N" >&2
}
`

// processScript prints status, cmdline, cgroup and environ of every process, its links, and the files that it maps for
// execution.
const processScript = prelude + `E=/proc/self/environ
G=
find / -maxdepth 0 -printf '' >/dev/null 2>&1 && G=y
printf 'i%s\0' $$
b() {
  [ -n "$a" ] || return
  printf 'b%s\0' "$a"
  env -i "N=$N" cat $c </dev/null
  printf 'q\0'
  if [ -n "$G" ]; then
    find $e -maxdepth 1 -type l '(' ! -path '*/fd/*' -o -lname 'socket:*' ')' -printf '%p\0%l\0'
  else
    for p in $a; do
      for x in exe ns/pid ns/net; do
        o=$(readlink /proc/$p/$x 2>/dev/null; echo .)
        printf '%s\0%s\0' /proc/$p/$x "${o%??}"
      done
      for x in $(ls -ln /proc/$p/fd | sed -n 's/.* \([0-9]*\) -> \(socket:\[[0-9]*\]\)$/\1=\2/p'); do
        printf '%s\0%s\0' /proc/$p/fd/${x%%=*} "${x#*=}"
      done
    done
  fi
  printf '%s\0m' "$N"
  grep -H '^[^ ]* ..x. .*/' $m | awk '{
    f = $0; sub(/:.*/, "", f); p = f " " substr($0, index($0, " /") + 1)
    if (!(p in s)) { s[p] = 1; print p }
  }'
  printf '\0'
  a= c= e= m= n=0
}
a= c= e= m= n=0
for p in /proc/[0-9]*; do
  p=${p#/proc/}
  case $p in *[!0-9]*) continue;; esac
  a="$a $p"
  c="$c /proc/$p/status $E /proc/$p/cmdline $E /proc/$p/cgroup $E /proc/$p/environ $E"
  m="$m /proc/$p/maps"
  e="$e /proc/$p/exe /proc/$p/ns/pid /proc/$p/ns/net /proc/$p/fd"
  n=$((n+1))
  if [ $n -ge 150 ]; then b; fi
done
b
`

// mountScript prints the mount table, for the walk.
const mountScript = prelude + `cat /proc/self/mountinfo
`

// start gives a script with its random word set.
func start(script string) (text *strings.Builder, word string) {
	word = randomWord()
	text = &strings.Builder{}
	text.WriteString("N=" + word + "\n")
	text.WriteString(script)
	return text, word
}

func randomWord() string {
	var b [16]byte
	// crypto/rand.Read never fails since Go 1.24.
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
