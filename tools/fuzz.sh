#!/bin/sh
# Runs every fuzz target for a time each: tools/fuzz.sh 10s
set -eu
for file in $(git ls-files '*_test.go'); do
	for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		echo "$file $name"
		go test -run '^$' -fuzz "^$name\$" -fuzztime "$1" "./$(dirname "$file")"
	done
done
