# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the scripts share: where things are, packages by one list, steps with their time. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs
export cache=${XDG_CACHE_HOME:-$HOME/.cache}/offstage-test    # of tests and lint: virtual environments that are dear to fetch
mkdir -p "$logs"
cd "$root" || exit

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

say() { printf '%s\n' "$*"; }
headline() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  (($# == 0)) || printf '  %s\n' "$@" >&2
  exit 1
}

now() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }  # microseconds
since() {
  local tenths=$((($(now) - $1) / 100000))
  printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# step TITLE COMMAND…: one line with its time; the output goes to a log that is shown only if the command fails.
step() {
  local title=$1 began log status=0
  log=$logs/${title//[^A-Za-z0-9.]/-}.log
  began=$(now)
  shift
  printf '  %-46s' "$title"
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status == 0)); then
    printf '%s%s%s\n' "$dim" "$(since "$began")" "$plain"
    return
  fi
  printf 'failed after %s\n' "$(since "$began")"
  tail -n 40 "$log" >&2
  fail "$title: exit code $status" "all of it: $log"
}

# packages SET…: the names of these sets, alternatives as they stand in the list.
packages() {
  local set
  for set in "$@"; do awk -v set="$set" '$1 == set { print $2 }' scripts/packages.txt; done | sort -u
}

installed() { [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]; }

# missing SET…: what apt has to install; of alternatives none of which is there, all.
missing() {
  local entry name found
  for entry in $(packages "$@"); do
    found=''
    for name in ${entry//|/ }; do if installed "$name"; then found=yes; fi; done
    [[ -n $found ]] || echo "$entry"
  done
}

# Of a|b the first that apt can install.
choose() {
  local entry name
  for entry in "$@"; do
    for name in ${entry//|/ }; do
      if [[ $entry != *'|'* || -n $(apt-cache policy "$name" 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" { print $2 }') ]]; then
        echo "$name"
        break
      fi
    done
  done
}

# first_command NAME…: the first that is here.
first_command() {
  local name
  for name in "$@"; do
    if command -v "$name" >/dev/null; then
      echo "$name"
      return
    fi
  done
  fail "none of these is here: $*"
}

# have_packages SET…: installs what is missing, as root or with sudo; without either says what an administrator has to do.
have_packages() {
  local lacking sudo=()
  command -v dpkg-query >/dev/null || fail "this script installs packages by apt, and this system has none" \
    "install what $root/scripts/packages.txt lists for: $*" "then: cmake --preset release && cmake --build --preset release"
  mapfile -t lacking < <(missing "$@")
  if ((${#lacking[@]} == 0)); then
    say "  packages                                      all there"
    return
  fi
  if ((EUID != 0)); then
    if command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
      sudo=(sudo)
    else
      fail "${#lacking[@]} packages are missing, and this user may not install them" \
        "ask an administrator for" "" "apt-get install --no-install-recommends $(choose "${lacking[@]}" | paste -sd ' ')" "" "then start this script again"
    fi
  fi
  ((${#sudo[@]} == 0)) || sudo true
  step "package lists" "${sudo[@]}" apt-get update
  mapfile -t lacking < <(choose "${lacking[@]}")
  step "installing ${#lacking[@]} packages" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${lacking[@]}"
}

# built PRESET [CMAKE ARGUMENT…]: configures and builds it.
built() {
  local preset=$1
  shift
  step "configuring $preset" cmake --preset "$preset" "$@"
  step "building $preset" cmake --build --preset "$preset"
}
